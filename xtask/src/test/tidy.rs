//! What no tool checks by itself: that pages written by hand list exactly what they say they list.

use crate::shell::{read, root};
use std::collections::BTreeSet;
use std::path::PathBuf;

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

/// The workspace's own crates that a manifest depends on, tests apart.
fn own_dependencies(manifest: &str) -> Vec<String> {
    let text = read(&root().join(manifest)).unwrap();
    let section = text.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.strip_prefix("mainstay-")?.split(['.', ' ', '=']).next());
    names.map(str::to_owned).collect()
}

/// The folders of a house: `model`, `ledger` ... of `crates`.
fn members(house: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(house)).unwrap().map(|entry| entry.unwrap());
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[test]
fn duties_know_the_foundation_and_never_each_other() {
    let duties = members("duties");
    assert!(duties.len() >= 9, "{duties:?}");
    for (house, name) in duties.iter().map(|d| ("duties", d)).chain(members("crates").iter().map(|c| ("crates", c))) {
        let known = own_dependencies(&format!("{house}/{name}/Cargo.toml"));
        let wrong: Vec<_> = known.iter().filter(|other| duties.contains(other)).collect();
        assert!(wrong.is_empty(), "{house}/{name} depends on {wrong:?}");
    }
}

#[test]
fn what_is_pure_depends_on_nothing_that_is_not() {
    for (name, may) in [
        ("model", &[][..]),
        ("anomaly", &[]),
        ("logs", &[]),
        ("probe", &["iac", "model"]),
        ("slo", &["iac", "model", "promql"]),
        ("outside", &[]),
        ("iac", &["model"]),
        ("promql", &["iac", "model"]),
        ("alerts", &["iac", "model", "promql"]),
        ("rego", &["iac"]),
        ("policy", &["iac", "model", "rego"]),
        ("connectors", &["iac", "model", "oncall", "outside", "probe", "slo"]),
    ] {
        let known = own_dependencies(&format!("crates/{name}/Cargo.toml"));
        let wrong: Vec<_> = known.iter().filter(|other| !may.contains(&other.as_str())).collect();
        assert!(wrong.is_empty(), "crates/{name} depends on {wrong:?}");
    }
}

#[test]
fn judgement_touches_no_clock_disk_network_or_random_source() {
    const OUTSIDE: &[&str] = &[
        "mainstay_outside",
        "mainstay_ledger",
        "std::fs",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "std::process",
        "std::env",
        "getrandom",
        "::now()",
    ];
    let mut files: Vec<PathBuf> = [
        "crates/model",
        "crates/alerts",
        "crates/anomaly",
        "crates/iac",
        "crates/logs",
        "crates/cause",
        "crates/oncall",
        "crates/slo",
        "crates/policy",
        "crates/promql",
    ]
    .iter()
    .flat_map(|name| crate::shell::files(&root().join(name).join("src")))
    .collect();
    for duty in members("duties") {
        let pure = ["tables", "judge", "kpi"];
        let is_pure = |file: &PathBuf| {
            let inside = file.strip_prefix(root().join("duties").join(&duty).join("src")).unwrap();
            let first = inside.iter().next().and_then(|part| part.to_str()).unwrap_or_default();
            pure.contains(&first.trim_end_matches(".rs"))
        };
        files.extend(crate::shell::files(&root().join("duties").join(&duty).join("src")).into_iter().filter(is_pure));
    }
    // Tests of pure code read real files; include_str! and include_dir! are read by the compiler.
    files.retain(|file| file.extension().is_some_and(|ext| ext == "rs") && !file.ends_with("tests.rs"));
    assert!(files.len() > 30, "there are {} files only", files.len());
    for file in files {
        let text = read(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in lines {
            assert!(OUTSIDE.iter().all(|word| !line.contains(word)), "{}: {line}", file.display());
        }
    }
}
