//! `cargo xtask bench`: runs every crate's bench and prints what it prints. A bench is `examples/bench.rs` of a crate: it
//! measures in one run what we do and the raw limit beside it, prints the ratio, and fails where it misses its own bound.

mod busy;
mod iac;
mod intake;
mod pages;
mod server;
mod trees;

use crate::shell::{Outcome, cargo, execute, read, root};

/// The name of the bench of the scan beside another scanner.
const IAC: &str = "iac";

/// The name of the bench of the program as a whole.
const PAGES: &str = "pages";

/// The name of the bench of what posts alerts, beside an Alertmanager.
const INTAKE: &str = "intake";

/// Facts in the ledger while the pages are measured.
const PAGES_FACTS: u64 = 1_000_000;

/// A bench of the program as a whole, by name.
type Whole = (&'static str, fn() -> Outcome<()>);

/// Runs the named benches (a package, `iac`, `intake` or `pages`), or all; `false` where one failed.
pub fn run(wanted: &[&str]) -> Outcome<bool> {
    let mut names = benched()?;
    let known = |name: &&str| [IAC, INTAKE, PAGES].contains(name) || names.iter().any(|package| package == name);
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        return Err(format!("find bench {unknown:?}; there are {}, {IAC}, {INTAKE}, {PAGES}", names.join(", ")));
    }
    names.retain(|name| wanted.is_empty() || wanted.contains(&name.as_str()));
    let mut kept = true;
    for name in names {
        println!("\n== {name}");
        let mut bench = cargo();
        bench.args(["run", "--quiet", "--release", "-p", &name, "--example", "bench"]);
        if let Err(error) = execute(&mut bench) {
            println!("failed: {error}");
            kept = false;
        }
    }
    let whole: [Whole; 3] = [(IAC, iac::run), (INTAKE, intake::run), (PAGES, || pages::run(PAGES_FACTS))];
    for (name, run) in whole.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name)) {
        println!("\n== {name}");
        if let Err(error) = run() {
            println!("failed: {error}");
            kept = false;
        }
    }
    Ok(kept)
}

/// The packages that have a bench.
fn benched() -> Outcome<Vec<String>> {
    let mut out = Vec::new();
    for manifest in manifests() {
        let Some(folder) = manifest.parent() else { continue };
        if !folder.join("examples/bench.rs").is_file() {
            continue;
        }
        let text = read(&manifest)?;
        let name = text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        out.push(name.ok_or_else(|| format!("find the package's name in {}", manifest.display()))?.to_owned());
    }
    Ok(out)
}

/// The manifests of the workspace's members, sorted.
pub fn manifests() -> Vec<std::path::PathBuf> {
    let mut out = vec![root().join("mainstay/Cargo.toml")];
    for house in ["crates", "duties"] {
        let entries = std::fs::read_dir(root().join(house)).into_iter().flatten().flatten();
        out.extend(entries.map(|entry| entry.path().join("Cargo.toml")).filter(|path| path.is_file()));
    }
    out.sort();
    out
}
