//! `cargo xtask test`: every check there is, in one run. A step that fails does not hide the later ones.

mod oracle;
mod postgres;
mod sarif;
mod server;
#[cfg(test)]
mod tidy;
mod transcript;

use crate::bench::manifests;
use crate::shell::{Outcome, capture, cargo, command, execute, files, found, mainstay, read};
use crate::{generate, peers, setup, tools};
use std::time::{Duration, Instant};

/// One check.
struct Step {
    name: &'static str,
    what: &'static str,
    /// Runs it; the text says what a reader should know of a success.
    run: fn() -> Outcome<String>,
}

const fn step(name: &'static str, what: &'static str, run: fn() -> Outcome<String>) -> Step {
    Step { name, what, run }
}

/// All steps, in order: what is quick or makes later failures plain comes first.
const STEPS: &[Step] = &[
    step("setup", "tools are there", || setup::run_quietly().map(|()| String::new())),
    step("fmt", "the code is formatted", fmt),
    step("deny", "licences, bans, sources and advisories of dependencies", deny),
    step("clippy", "lints, as errors", clippy),
    step("build", "the program and the tests' helpers", build),
    step("tests", "unit and integration tests, on SQLite and PostgreSQL", tests),
    step("doctests", "examples in documentation comments", doctests),
    step("generated", "generated files are up to date", generated),
    step("catalog", "the examples of every control", catalog),
    step("peers", "verdicts agree with another scanner's expectations as far as they did", || {
        peers::iac(&["--summary"])
    }),
    step("transcripts", "transcripts of README and docs say what the program says", transcript::run),
    step("oracle", "the example's true KPIs, computed a second time", oracle::run),
    step("sarif", "the SARIF report keeps its standard's schema", sarif::run),
    step("browser", "every page in a browser, at two sizes", server::browser),
    step("api", "the API keeps its own description", server::api),
];

/// Steps whose subject may not be there, with what shows that it is.
fn present(name: &str) -> bool {
    match name {
        "doctests" => !documented_packages().is_empty(),
        "transcripts" => transcript::any(),
        _ => true,
    }
}

/// Runs the named steps, or all; `false` where one failed.
pub fn run(names: &[&str]) -> Outcome<bool> {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("find step {unknown:?}; there are {}", known.join(", ")));
    }
    let wanted = |step: &&Step| if names.is_empty() { present(step.name) } else { names.contains(&step.name) };
    let steps: Vec<&Step> = STEPS.iter().filter(wanted).collect();
    println!("{} steps: {}", steps.len(), steps.iter().map(|step| step.name).collect::<Vec<_>>().join(", "));
    let start = Instant::now();
    let mut done = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        println!("\n== {}/{} {}: {}", at + 1, steps.len(), step.name, step.what);
        let begun = Instant::now();
        let result = (step.run)();
        if let Err(error) = &result {
            println!("failed to {error}");
        }
        done.push((step.name, begun.elapsed(), result));
    }
    println!("\n== summary");
    for (name, time, result) in &done {
        let (word, note) = match result {
            Ok(note) => ("ok", note.as_str()),
            Err(error) => ("FAILED", error.lines().next().unwrap_or_default()),
        };
        println!("{name:<12} {:>8}  {word:<7} {note}", seconds(*time));
    }
    let failed = done.iter().filter(|(_, _, result)| result.is_err()).count();
    let verdict = if failed == 0 { "all passed".to_owned() } else { format!("{failed} failed") };
    println!("{} of {} steps ran in {}: {verdict}", done.len(), steps.len(), seconds(start.elapsed()));
    Ok(failed == 0)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn plain(mut command: std::process::Command) -> Outcome<String> {
    execute(&mut command).map(|()| String::new())
}

fn fmt() -> Outcome<String> {
    let mut fmt = cargo();
    fmt.args(["fmt", "--all", "--check"]);
    plain(fmt)
}

fn clippy() -> Outcome<String> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    plain(clippy)
}

fn build() -> Outcome<String> {
    let mut build = cargo();
    build.args(["build", "--workspace", "--bins"]);
    plain(build)
}

/// Advisories come from a repository of their own, which a machine without that way out cannot fetch; the other checks
/// need nothing but the lock file.
fn deny() -> Outcome<String> {
    let mut offline = cargo();
    offline.args(["deny", "--log-level", "error", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"]);
    execute(&mut offline)?;
    let database = "https://github.com/rustsec/advisory-db";
    let mut probe = command("timeout");
    probe.args(["20", "git", "ls-remote", "--quiet", "--heads", database]).env("GIT_TERMINAL_PROMPT", "0");
    if capture(&mut probe).is_err() {
        return Ok("advisories NOT checked: their database cannot be reached from here".to_owned());
    }
    let mut advisories = cargo();
    advisories.args(["deny", "--log-level", "error", "check", "--hide-inclusion-graph", "advisories"]);
    plain(advisories)
}

fn tests() -> Outcome<String> {
    let postgres = postgres::Server::start()?;
    let mut tests = cargo();
    let note = if found("cargo-nextest") {
        tests.args(["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "slow"]);
        tests.args(["--final-status-level", "fail", "--show-progress", "none", "--no-tests", "pass"]);
        String::new()
    } else {
        tests.args(["test", "--quiet", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
        "with cargo test, as there is no cargo-nextest".to_owned()
    };
    tests.env("MAINSTAY_TEST_POSTGRES", postgres.url()).env("MAINSTAY_TEST_NODE_MODULES", tools::node_modules());
    tests.env("MAINSTAY_TEST_HELM", tools::helm());
    execute(&mut tests).map(|()| note)
}

/// Packages with an example in a documentation comment; only those are worth linking a test program for.
fn documented_packages() -> Vec<String> {
    let has_example = |path: &std::path::PathBuf| {
        let text = if path.extension().is_some_and(|ext| ext == "rs") {
            read(path).unwrap_or_default()
        } else {
            String::new()
        };
        let mut fences = text.lines().map(str::trim).filter(|line| line.starts_with("///") || line.starts_with("//!"));
        fences.any(|line| {
            matches!(line.trim_start_matches(['/', '!', ' ']), "```" | "```rust" | "```no_run" | "```should_panic")
        })
    };
    let folders = manifests().into_iter().filter_map(|manifest| Some(manifest.parent()?.to_owned()));
    let documented = folders
        .filter(|folder| folder.join("src/lib.rs").is_file() && files(&folder.join("src")).iter().any(has_example));
    documented.filter_map(|folder| Some(format!("mainstay-{}", folder.file_name()?.to_str()?))).collect()
}

fn doctests() -> Outcome<String> {
    let mut doctests = cargo();
    doctests.args(["test", "--quiet", "--doc"]);
    for package in documented_packages() {
        doctests.args(["-p", &package]);
    }
    plain(doctests)
}

fn generated() -> Outcome<String> {
    if generate::run(true)? {
        Ok(String::new())
    } else {
        Err("find the generated files up to date; run cargo xtask generate".to_owned())
    }
}

fn catalog() -> Outcome<String> {
    let mut catalog = command(mainstay());
    catalog.args(["control", "test"]);
    plain(catalog)
}
