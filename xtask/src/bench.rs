//! `cargo xtask bench`: runs every crate's bench and prints what it prints. A bench is `examples/bench.rs` of a crate: it
//! measures in one run what we do and the raw limit beside it, prints the ratio, and fails where it misses its own bound.

use crate::shell::{Outcome, cargo, execute, read, root};

/// Runs all benches; `false` where one failed.
pub fn run() -> Outcome<bool> {
    let names = benched()?;
    if names.is_empty() {
        return Err("find a bench: no crate has an examples/bench.rs".to_owned());
    }
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
