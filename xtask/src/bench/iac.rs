//! The scan of code beside another scanner (Checkov) on the same trees, in processor seconds of one run each; how near the
//! scan is to nothing but parsing; how long a scan takes again after an edit; and its growth by itself.

use super::trees;
use crate::shell::{Outcome, Scratch, capture, cargo, command, execute, files, read, target, write};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

/// The peer, pinned so that figures can be compared.
const PEER: &str = "checkov==3.3.30";

/// Seconds after which the peer is given up; the ratio is then at least what is printed.
const PEER_SECONDS_MAX: u64 = 900;

/// How often ours is run; the median counts, because one run takes hundredths of a second.
const RUNS: usize = 5;

/// What a scan after an edit may take, in milliseconds.
const RESCAN_MS: u32 = 100;

struct Tree {
    name: &'static str,
    write: fn(&Path) -> Outcome<()>,
    /// How many times less processor time ours is meant to take.
    goal: Option<f64>,
}

const TREES: [Tree; 4] = [
    Tree { name: "small repository, 50 files", write: trees::small, goal: Some(50.0) },
    Tree { name: "4,000 flat resources", write: |folder| trees::flat(folder, 4_000), goal: Some(100.0) },
    Tree { name: "nested modules, a registry", write: trees::registry, goal: Some(500.0) },
    Tree { name: "nested modules, a plain chain", write: trees::chain, goal: None },
];

/// What one run took.
#[derive(Clone, Copy)]
struct Cost {
    processor_s: f64,
    memory_mb: f64,
}

/// The programs that are measured.
struct Programs {
    ours: String,
    /// Reads and parses the same files, and does nothing with them.
    parser: String,
    peer: Option<String>,
}

/// Runs all; `Err` where ours fails, never because a goal is missed: those are printed.
pub fn run() -> Outcome<()> {
    execute(cargo().args(["build", "--quiet", "--release", "-p", "mainstay"]))?;
    execute(cargo().args(["build", "--quiet", "--release", "-p", "mainstay-iac", "--example", "parse"]))?;
    let built = |name: &str| target().join("release").join(name).display().to_string();
    let peer =
        peer().map_err(|why| println!("the peer cannot be installed here, so that only ours is measured: {why}"));
    let programs = Programs { ours: built("mainstay"), parser: built("examples/parse"), peer: peer.ok() };
    println!(
        "{:30} {:>9} {:>8} {:>5} {:>9} {:>10} {:>8} {:>6} {:>7} {:>10}",
        "tree", "resources", "ours, s", "MB", "peer, s", "peer's MB", "ratio", "goal", "parsing", "rescan, ms"
    );
    TREES.iter().try_for_each(|tree| beside(tree, &programs))?;
    growth(&programs)
}

/// One tree by all programs.
fn beside(tree: &Tree, programs: &Programs) -> Outcome<()> {
    let scratch = Scratch::new("bench-iac")?;
    (tree.write)(scratch.path())?;
    let ours = median(&scan(&programs.ours), scratch.path())?;
    let parsing = median(&[&programs.parser], scratch.path())?;
    let peer = programs.peer.as_ref();
    let theirs = peer.and_then(|peer| cost(&[peer, "--quiet", "--compact", "-o", "json", "-d"], scratch.path()).ok());
    let ratio = theirs.map(|theirs| theirs.processor_s / ours.processor_s.max(0.001));
    let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    println!(
        "{:30} {:>9} {:>8.3} {:>5.0} {:>9} {:>10} {:>8} {:>6} {:>6.1}x {:>10}",
        tree.name,
        managed(&programs.ours, scratch.path())?,
        ours.processor_s,
        ours.memory_mb,
        text(theirs.map(|cost| format!("{:.1}", cost.processor_s))),
        text(theirs.map(|cost| format!("{:.0}", cost.memory_mb))),
        text(ratio.map(|ratio| format!("{ratio:.0}x"))),
        text(tree.goal.map(|goal| format!("{goal:.0}x"))),
        ours.processor_s / parsing.processor_s.max(0.0001),
        rescan(&programs.ours, scratch.path())?,
    );
    Ok(())
}

fn growth(programs: &Programs) -> Outcome<()> {
    println!("\n{:>10} {:>12} {:>9} {:>8} {:>9}", "resources", "processor s", "MB", "growth", "parsing");
    let mut before: Option<f64> = None;
    for count in [1_000, 10_000, 100_000] {
        let scratch = Scratch::new("bench-iac")?;
        trees::flat(scratch.path(), count)?;
        let ours = median(&scan(&programs.ours), scratch.path())?;
        let parsing = median(&[&programs.parser], scratch.path())?;
        let growth = before.map_or_else(String::new, |before| format!("{:.1}x", ours.processor_s / before));
        let near = ours.processor_s / parsing.processor_s.max(0.0001);
        println!("{count:>10} {:>12.3} {:>9.0} {growth:>8} {near:>8.1}x", ours.processor_s, ours.memory_mb);
        before = Some(ours.processor_s);
    }
    println!("parsing: how many times the processor time that reading and parsing the same files takes alone");
    Ok(())
}

fn scan(ours: &str) -> [&str; 5] {
    [ours, "scan", "--quiet", "--format", "json"]
}

/// How many resources there are to be judged, as the scan counts them.
fn managed(ours: &str, folder: &Path) -> Outcome<u64> {
    let script = "import json,subprocess,sys\n\
        print(json.loads(subprocess.run(sys.argv[1:],capture_output=True).stdout)['summary']['resources'])";
    let mut run = command("python3");
    let text = capture(run.args(["-c", script]).args(scan(ours)).arg(folder))?;
    text.trim().parse().map_err(|e| format!("read how many resources there are: {e}: {text}"))
}

/// Milliseconds that a watching scan takes after one file got one more resource, as it says itself.
fn rescan(ours: &str, folder: &Path) -> Outcome<u32> {
    let mut watch = command(ours);
    watch.args(["scan", "--watch", "--format", "json"]).arg(folder);
    let watch = watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = watch.spawn().map_err(|e| format!("start {ours}: {e}"))?;
    let took = edited(&mut child, folder);
    let _ = child.kill();
    let _ = child.wait();
    let took = took?;
    if took > RESCAN_MS {
        println!("the next line's scan after an edit took more than the {RESCAN_MS} ms that it may take");
    }
    Ok(took)
}

fn edited(child: &mut Child, folder: &Path) -> Outcome<u32> {
    let Some(said) = child.stderr.take() else { return Err("hear what the scan says".to_owned()) };
    let took = |line: &str| line.strip_prefix("scanned in ")?.split_once(" ms")?.0.parse::<u32>().ok();
    let mut times = BufReader::new(said).lines().map_while(Result::ok).filter_map(|line| took(&line));
    let mut next = || times.next().ok_or_else(|| "hear how long the scan took".to_owned());
    next()?;
    let Some(file) = files(folder).into_iter().find(|path| path.ends_with("main.tf") || path.ends_with("part0.tf"))
    else {
        return Err(format!("find a file to edit below {}", folder.display()));
    };
    write(&file, &format!("{}\nresource \"aws_s3_bucket\" \"added\" {{}}\n", read(&file)?))?;
    next()
}

/// The peer's program, installed into a folder of its own.
fn peer() -> Outcome<String> {
    let folder = target().join("tools/checkov");
    let program = folder.join("bin/checkov");
    if !program.is_file() {
        let begun = Instant::now();
        execute(command("python3").args(["-m", "venv"]).arg(&folder))?;
        execute(command(folder.join("bin/pip")).args(["install", "--quiet", PEER]))?;
        println!("installed {PEER} in {:.0} s", begun.elapsed().as_secs_f64());
    }
    Ok(program.display().to_string())
}

/// The run in the middle of several.
fn median(words: &[&str], folder: &Path) -> Outcome<Cost> {
    let mut costs = (0..RUNS).map(|_| cost(words, folder)).collect::<Outcome<Vec<Cost>>>()?;
    costs.sort_by(|a, b| a.processor_s.total_cmp(&b.processor_s));
    Ok(costs[RUNS / 2])
}

/// Processor seconds (user) and the largest resident memory of a command on a folder. A scan that finds something ends with
/// another status than 0, which is no failure here.
fn cost(words: &[&str], folder: &Path) -> Outcome<Cost> {
    // A version manager that stands before python has children too, which the process inherits and which are not to count.
    let script = "import resource,subprocess,sys\n\
        b=resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime\n\
        try: subprocess.run(sys.argv[2:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL,timeout=float(sys.argv[1]))\n\
        except subprocess.TimeoutExpired: pass\n\
        u=resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(u.ru_utime-b,u.ru_maxrss/1024)";
    let mut run = command("python3");
    run.args(["-c", script, &PEER_SECONDS_MAX.to_string()]).args(words).arg(folder);
    let text = capture(&mut run)?;
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(processor_s), Some(memory_mb)) => Ok(Cost { processor_s, memory_mb }),
        _ => Err(format!("measure {}: {text}", words[0])),
    }
}
