//! `cargo xtask fuzz`: feeds the front ends with inputs that grow out of those that reached new code before.
//!
//! The fuzzer (`fuzz/`) is built apart from the workspace. What it finds on the way is kept below `fuzz/target/corpus`, so
//! that the next run goes on from there; `--keep` picks from it the few inputs that together reach the most code, and puts
//! them into `fuzz/corpus`, which the tests read again in every run.

mod feed;

use crate::shell::{Outcome, capture, cargo, command, execute, files, root};
use crate::tools;
use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How long a front end is fuzzed where the caller does not say, in time of the processor.
const MINUTES: u64 = 10;
/// How many inputs of one front end are kept in the repository, and how large one of them may be.
const KEPT_MAX: usize = 24;
const KEPT_BYTES_MAX: u64 = 8 << 10;

/// What to do.
struct Wanted<'w> {
    fronts: Vec<String>,
    minutes: u64,
    /// A folder with further inputs in folders of the front ends' names.
    seeds: Option<&'w str>,
    keep: bool,
    /// Whether the fuzzer is taken as it is.
    built: bool,
}

/// Runs the fuzzers one after the other; `false` where one found something.
pub fn run(words: &[&str]) -> Outcome<bool> {
    let wanted = wanted(words)?;
    install()?;
    if !wanted.built {
        execute(&mut fuzz("build", &[]))?;
    }
    let mut clean = true;
    for front in &wanted.fronts {
        println!("\n== {front}");
        if wanted.keep {
            keep(front)?;
        } else {
            clean &= feed::feed(front, &wanted)?;
        }
    }
    Ok(clean)
}

fn wanted<'w>(words: &[&'w str]) -> Outcome<Wanted<'w>> {
    let known = known();
    let mut wanted = Wanted { fronts: Vec::new(), minutes: MINUTES, seeds: None, keep: false, built: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--keep" => wanted.keep = true,
            "--built" => wanted.built = true,
            "--minutes" => {
                let minutes = words.next().and_then(|minutes| minutes.parse().ok());
                wanted.minutes = minutes.ok_or("read the number behind --minutes")?;
            }
            "--seeds" => wanted.seeds = Some(words.next().ok_or("find the folder behind --seeds")?),
            name if known.iter().any(|front| front == name) => wanted.fronts.push(name.to_owned()),
            name => return Err(format!("find front end {name:?}; there are {}", known.join(", "))),
        }
    }
    if wanted.fronts.is_empty() {
        wanted.fronts = known;
    }
    Ok(wanted)
}

/// The front ends, by the folders of their inputs; a test demands one for each.
fn known() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("fuzz/corpus")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

fn install() -> Outcome<()> {
    let wanted = format!("cargo-fuzz {}", tools::CARGO_FUZZ);
    if capture(cargo().args(["fuzz", "--version"])).is_ok_and(|version| version.trim() == wanted) {
        return Ok(());
    }
    println!("fuzz: building {wanted}");
    execute(cargo().args(["install", "cargo-fuzz", "--locked", "--version", tools::CARGO_FUZZ]))
}

/// `cargo fuzz`. Without a sanitizer, which the stable compiler has none of: our code has no unsafe part to be watched.
fn fuzz(verb: &str, words: &[&str]) -> Command {
    let mut fuzz = command("nice");
    fuzz.args(["-n", "15"]).arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    fuzz.args(["fuzz", verb, "--sanitizer", "none", "fronts"]).args(words);
    fuzz
}

/// Where the fuzzer works on the inputs of a front end.
fn working(front: &str) -> Outcome<PathBuf> {
    folder(root().join("fuzz/target/corpus").join(front))
}

fn folder(path: PathBuf) -> Outcome<PathBuf> {
    std::fs::create_dir_all(&path).map_err(|error| format!("create {}: {error}", path.display()))?;
    Ok(path)
}

/// The fuzzer as it was built; the folder is named by the machine.
fn program() -> Outcome<PathBuf> {
    let machines = std::fs::read_dir(root().join("fuzz/target")).into_iter().flatten().flatten();
    let found = machines.map(|machine| machine.path().join("release/fronts")).find(|path| path.is_file());
    found.ok_or_else(|| "find the fuzzer below fuzz/target".to_owned())
}

/// The words of the language that a front end reads.
fn dictionary(front: &str) -> &str {
    match front {
        "checkov" | "gatekeeper" => "policies",
        "ansible" | "workflows" => "pipelines",
        "plan" | "state" | "texts" | "encrypted" => "json",
        "terraform_json" | "suppressions" | "editor" => "terraform",
        "openapi" => "kubernetes",
        "series" => "promql",
        other => other,
    }
}

/// Picks the inputs that together reach the most code.
fn keep(front: &str) -> Outcome<()> {
    let scratch = crate::shell::Scratch::new("fuzz")?;
    let (covered, small) = (scratch.path().join("covered"), folder(scratch.path().join("small"))?);
    let kept = folder(root().join("fuzz/corpus").join(front))?;
    for path in files(&working(front)?).into_iter().chain(files(&kept)) {
        if path.metadata().is_ok_and(|data| data.len() <= KEPT_BYTES_MAX) {
            copy(&path, &small)?;
        }
    }
    let ignored = folder(scratch.path().join("ignored"))?;
    let mut merge = fuzz("run", &[]);
    merge.env("MAINSTAY_FRONT", front).args([&ignored, &small]).args(["--", "-set_cover_merge=1", "-use_counters=0"]);
    merge.arg(format!("-merge_control_file={}", covered.display()));
    execute(&mut merge)?;
    let picked = pick(&covered)?;
    let from: Vec<PathBuf> = files(&kept);
    let into = folder(scratch.path().join("picked"))?;
    for path in &picked {
        copy(path, &into)?;
    }
    for path in from {
        std::fs::remove_file(&path).map_err(|error| format!("remove {}: {error}", path.display()))?;
    }
    for path in files(&into) {
        copy(&path, &kept)?;
    }
    println!("{} inputs are kept", picked.len());
    Ok(())
}

fn copy(path: &Path, into: &Path) -> Outcome<()> {
    let name = path.file_name().unwrap_or_default();
    std::fs::copy(path, into.join(name)).map_err(|error| format!("copy {}: {error}", path.display()))?;
    Ok(())
}

/// Greedily, from what the fuzzer wrote about each input: the paths, then for each its number and the numbers of the
/// places in the code that it reaches (`COV 3 17 18 20`).
fn pick(covered: &Path) -> Outcome<Vec<PathBuf>> {
    let file = std::fs::File::open(covered).map_err(|error| format!("read {}: {error}", covered.display()))?;
    let mut lines = BufReader::new(file).lines().map_while(Result::ok);
    let count: usize =
        lines.next().and_then(|line| line.trim().parse().ok()).ok_or("read how many inputs there are")?;
    let paths: Vec<String> = lines.by_ref().skip(1).take(count).collect();
    let mut reached: Vec<(PathBuf, HashSet<u32>)> = Vec::new();
    for line in lines {
        let mut words = line.split_ascii_whitespace();
        if words.next() != Some("COV") {
            continue;
        }
        let path = words.next().and_then(|nth| nth.parse::<usize>().ok()).and_then(|nth| paths.get(nth));
        if let Some(path) = path {
            // Newer fuzzers write a digest behind the path.
            let path = path.split(' ').next().unwrap_or(path);
            reached.push((PathBuf::from(path), words.filter_map(|word| word.parse().ok()).collect()));
        }
    }
    Ok(greedily(reached))
}

fn greedily(mut reached: Vec<(PathBuf, HashSet<u32>)>) -> Vec<PathBuf> {
    let mut picked = Vec::new();
    while picked.len() < KEPT_MAX {
        let best = (0..reached.len()).max_by_key(|at| (reached[*at].1.len(), std::cmp::Reverse(*at)));
        let Some(best) = best.filter(|at| !reached[*at].1.is_empty()) else { break };
        let (path, places) = reached.swap_remove(best);
        for (_, others) in &mut reached {
            others.retain(|place| !places.contains(place));
        }
        picked.push(path);
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::{greedily, known};
    use crate::shell::{files, root};

    #[test]
    fn inputs_that_reach_nothing_more_are_left_out() {
        let of = |name: &str, places: &[u32]| (name.into(), places.iter().copied().collect());
        let picked = greedily(vec![of("a", &[1]), of("b", &[1, 2, 3]), of("c", &[3, 4]), of("d", &[2])]);
        assert_eq!(picked, [std::path::PathBuf::from("b"), "c".into()]);
    }

    #[test]
    fn every_dictionary_is_used() {
        for path in files(&root().join("fuzz/dictionaries")) {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap();
            assert!(known().iter().any(|front| super::dictionary(front) == name), "{name} is used by none");
        }
    }
}
