//! One fuzzer on one front end, for a time of the processor and not of the clock: beside other work a run by the clock would
//! have seen less, and figures of two machines could not be compared.

use super::{Wanted, dictionary, folder, program, working};
use crate::shell::{Outcome, command, files, read, root, target};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Bounds within which every input must be read: seconds of the processor, megabytes of memory, and bytes of the input
/// itself.
const TIME_MAX_S: u64 = 10;
const MEMORY_MAX_MB: u32 = 2048;
const INPUT_BYTES_MAX: u32 = 16 << 10;
/// The fuzzer knows time by the clock alone. Beside other work an input waits for a processor, so the fuzzer is given much
/// longer, and what it blames even then is measured by itself.
const CLOCK_MAX_S: u64 = 60;
/// How the fuzzer begins the names of inputs that took long by the clock.
const SLOW: [&str; 2] = ["timeout-", "slow-unit-"];
/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// A fuzzer ends with what it finds, and begins again until the time is up or so much was found.
const FOUND_MAX: usize = 8;
/// How Linux counts the time of a process, whatever the kernel's own clock is.
const TICKS_PER_SECOND: u64 = 100;
/// What the fuzzer ends with when it is asked to end.
const INTERRUPTED: i32 = 72;

/// What a run came to.
#[derive(Default)]
struct Run {
    ticks: u64,
    found: usize,
    log: PathBuf,
}

/// Fuzzes one front end; `false` where it broke.
pub fn feed(front: &str, wanted: &Wanted<'_>) -> Outcome<bool> {
    let found = folder(target().join("fuzz").join(front))?;
    let before = broken(&found).len();
    let mut run = Run { log: found.join("log"), ..Run::default() };
    let most = wanted.minutes * 60 * TICKS_PER_SECOND;
    while run.ticks < most && run.found < FOUND_MAX {
        let known = broken(&found);
        let ended_well = turn(front, wanted, &found, &mut run, most)?;
        let new: Vec<PathBuf> = broken(&found).into_iter().filter(|path| !known.contains(path)).collect();
        let cleared = cleared(new.iter().filter(|path| is_slow(path)), || fuzzer(front))?;
        // What was cleared is what the fuzzer ended with, if there is nothing else.
        run.found += (new.len() - cleared).max(usize::from(!ended_well && cleared == 0));
    }
    println!("{front}: {}", figures(&run)?);
    let after = broken(&found);
    for path in &after {
        println!("  mend what {} breaks", path.display());
    }
    Ok(run.found == 0 && after.len() == before)
}

/// Inputs that broke something: everything that the fuzzer leaves but its log.
fn broken(found: &Path) -> Vec<PathBuf> {
    files(found).into_iter().filter(|path| !path.ends_with("log")).collect()
}

/// Whether the fuzzer left an input for the time that it took.
fn is_slow(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    SLOW.iter().any(|start| name.starts_with(start))
}

/// Runs a reader again on inputs that took long by the clock, one by one, and removes those that take no longer of the
/// processor than they may; how many those are.
fn cleared<'p>(paths: impl Iterator<Item = &'p PathBuf>, reader: impl Fn() -> Outcome<Command>) -> Outcome<usize> {
    let mut count = 0;
    for path in paths {
        if is_read_within(reader()?.arg(path), TIME_MAX_S * TICKS_PER_SECOND)? {
            std::fs::remove_file(path).map_err(|error| format!("remove {}: {error}", path.display()))?;
            count += 1;
        }
    }
    Ok(count)
}

/// Whether a command ends well before it took so many ticks of the processor; it is ended once it did.
fn is_read_within(command: &mut Command, most: u64) -> Outcome<bool> {
    let shown = format!("{command:?}");
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = started.map_err(|error| format!("start {shown}: {error}"))?;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| format!("wait for {shown}: {error}"))? {
            return Ok(status.success());
        }
        if ticks_of(&child).is_some_and(|ticks| ticks > most) {
            let ended = child.kill().and_then(|()| child.wait());
            return ended.map(|_| false).map_err(|error| format!("end {shown}: {error}"));
        }
        sleep(LOOK);
    }
}

/// Runs the fuzzer until it finds something (`false`) or the time is up.
fn turn(front: &str, wanted: &Wanted<'_>, found: &Path, run: &mut Run, most: u64) -> Outcome<bool> {
    let log = OpenOptions::new().create(true).append(true).open(&run.log);
    let log = log.map_err(|error| format!("write {}: {error}", run.log.display()))?;
    let mut fuzzer = fed(front, wanted, found)?;
    let mut child = fuzzer
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| format!("start the fuzzer of {front}: {error}"))?;
    let mut ticks = 0;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| format!("wait for the fuzzer of {front}: {error}"))? {
            break status;
        }
        ticks = ticks_of(&child).unwrap_or(ticks);
        if run.ticks + ticks >= most {
            let _ = command("kill").args(["-INT", &child.id().to_string()]).status();
        }
        sleep(Duration::from_secs(1));
    };
    // A start that dies at once must not go on for ever.
    run.ticks += ticks.max(TICKS_PER_SECOND);
    Ok(status.success() || status.code() == Some(INTERRUPTED))
}

/// The fuzzer of a front end; with the path of an input behind it, it reads that one alone.
fn fuzzer(front: &str) -> Outcome<Command> {
    let mut fuzzer = command("nice");
    fuzzer.args(["-n", "19"]).arg(program()?).env("MAINSTAY_FRONT", front);
    // Whoever runs it on one input ends it by the time of the processor.
    fuzzer.arg(format!("-rss_limit_mb={MEMORY_MAX_MB}")).args(["-timeout=0", "-detect_leaks=0"]);
    Ok(fuzzer)
}

/// The fuzzer with what it begins with and where it leaves what it finds.
fn fed(front: &str, wanted: &Wanted<'_>, found: &Path) -> Outcome<Command> {
    let mut fuzzer = fuzzer(front)?;
    fuzzer.arg(working(front)?).arg(root().join("fuzz/corpus").join(front));
    let regressions = root().join("fuzz/regressions").join(front);
    let seeds = wanted.seeds.map(|seeds| Path::new(seeds).join(front));
    fuzzer.args([Some(regressions), seeds].into_iter().flatten().filter(|folder| folder.is_dir()));
    fuzzer.arg(format!("-artifact_prefix={}/", found.display()));
    // The last of two settings counts.
    fuzzer.arg(format!("-timeout={CLOCK_MAX_S}")).arg(format!("-report_slow_units={CLOCK_MAX_S}"));
    fuzzer.arg(format!("-max_len={INPUT_BYTES_MAX}")).args(["-print_final_stats=1", "-reload=0"]);
    let words = root().join("fuzz/dictionaries").join(dictionary(front)).with_extension("dict");
    if words.is_file() {
        fuzzer.arg(format!("-dict={}", words.display()));
    }
    Ok(fuzzer)
}

/// The time of the processor that a process took, as `/proc` tells it: the 14th and 15th word, of which the name, in
/// brackets, is the second.
fn ticks_of(child: &Child) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    let words: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(words.get(11)?.parse::<u64>().ok()? + words.get(12)?.parse::<u64>().ok()?)
}

/// `10 min of processor time, 48,000 inputs, 6,379 places in the code reached, nothing found`.
fn figures(run: &Run) -> Outcome<String> {
    let log = read(&run.log)?;
    let number = |line: &str, key: &str| -> Option<u64> {
        line.split_once(key)?.1.split_ascii_whitespace().next()?.parse().ok()
    };
    let inputs: u64 = log.lines().filter_map(|line| number(line, "stat::number_of_executed_units:")).sum();
    let reached = log.lines().filter_map(|line| number(line, " cov: ")).max().unwrap_or(0);
    let found = if run.found == 0 { "nothing".to_owned() } else { format!("{} times something", run.found) };
    let seconds = run.ticks / TICKS_PER_SECOND;
    Ok(format!("{seconds} s of processor time, {inputs} inputs in all runs, {reached} places reached, {found} found"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Scratch;

    fn shell(script: &str) -> Command {
        let mut shell = command("sh");
        shell.args(["-c", script]);
        shell
    }

    #[test]
    fn an_input_that_only_waited_is_cleared_and_one_that_works_on_is_kept() {
        let scratch = Scratch::new("feed").unwrap();
        let input = |name: &str| {
            let path = scratch.path().join(name);
            std::fs::write(&path, "").unwrap();
            path
        };
        let slow = [input("timeout-1"), input("slow-unit-2")];
        assert!(slow.iter().all(|path| is_slow(path)) && !is_slow(&input("crash-3")));
        assert_eq!(cleared(slow[..1].iter(), || Ok(shell("sleep 0.3"))), Ok(1));
        assert!(!slow[0].exists());
        // What fails by itself is no matter of time, and stays.
        assert_eq!(cleared(slow[1..].iter(), || Ok(shell("exit 77"))), Ok(0));
        assert!(slow[1].exists());
    }

    #[test]
    fn the_time_of_the_processor_decides_and_not_that_of_the_clock() {
        assert_eq!(is_read_within(&mut shell("sleep 1"), 20), Ok(true));
        assert_eq!(is_read_within(&mut shell("while :; do :; done"), 20), Ok(false));
    }
}
