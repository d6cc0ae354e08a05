//! What no tool checks by itself: that pages written by hand list exactly what they say they list.

use crate::shell::{read, root};
use std::collections::BTreeSet;

/// Names of the crates of others that the workspace depends on.
fn declared() -> BTreeSet<String> {
    let manifest = read(&root().join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[workspace.dependencies]\n").nth(1).unwrap();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()));
    names.filter(|name| !name.starts_with("mainstay-") && !name.starts_with('#')).collect()
}

#[test]
fn every_dependency_has_a_line_that_says_why() {
    let page = read(&root().join("docs/dependencies.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: BTreeSet<String> = rows.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(listed, declared(), "docs/dependencies.md (left) and Cargo.toml (right)");
}
