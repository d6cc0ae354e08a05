//! Suites of rule tests of the kubernetes-mixin (`../shared/data/rules-tests`), against the rules that its sources render to.
//!
//! The suites name `../prometheus_alerts.yaml` and `../prometheus_rules.yaml`, which are no part of them. They are looked for
//! where the suites say, then in `target/tools/kubernetes-mixin`; docs/rules.md says how they are made.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test stops where its inputs are not as they should be, reads them itself and says what it skips"
)]

use mainstay_promql::Options;
use mainstay_promql::rules::{self, unit};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rules_file(suite: &Path, name: &str) -> Option<(PathBuf, String)> {
    let beside = suite.parent()?.join(name);
    let rendered = root().join("target/tools/kubernetes-mixin").join(Path::new(name).file_name()?);
    [beside, rendered].into_iter().find_map(|path| Some((path.clone(), std::fs::read_to_string(&path).ok()?)))
}

/// The suites that are there with all of their rules.
fn suites() -> Vec<(PathBuf, unit::File, Vec<rules::Group>)> {
    let folder = root().join("../shared/data/rules-tests");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: {} is not there", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut suites = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let (file, wrong) = unit::read(&text, path.to_str().unwrap());
        assert_eq!(wrong, [], "{}", path.display());
        let mut groups = Vec::new();
        for (name, _) in &file.rule_files {
            let Some((rules_path, text)) = rules_file(&path, name) else {
                eprintln!("SKIPPED: {name} of {} is not there; docs/rules.md says how it is made", path.display());
                return Vec::new();
            };
            let read = rules::read(&text, rules_path.to_str().unwrap());
            assert_eq!(read.diagnostics, []);
            groups.extend(read.groups);
        }
        suites.push((path, file, groups));
    }
    suites
}

#[test]
fn suites_of_the_kubernetes_mixin_pass() {
    let mut checks = 0;
    for (path, file, groups) in suites() {
        for outcome in unit::run(&file, &groups, &Options::default()) {
            let messages: Vec<&str> = outcome.failures.iter().map(|failure| failure.message.as_str()).collect();
            assert!(messages.is_empty(), "{}: {}\n{}", path.display(), outcome.name, messages.join("\n"));
            checks += outcome.checks;
        }
    }
    eprintln!("{checks} checks pass");
}

/// Every expectation matters: with each of them changed its suite fails.
#[test]
fn suites_with_wrong_expectations_fail() {
    for (path, mut file, groups) in suites() {
        for test in &mut file.tests {
            for case in &mut test.alerts {
                if case.expected.pop().is_none() {
                    case.expected.push(Default::default());
                }
            }
            for case in &mut test.queries {
                if case.expected.pop().is_none() {
                    case.expected.push(Default::default());
                }
            }
        }
        for outcome in unit::run(&file, &groups, &Options::default()) {
            assert_eq!(outcome.failures.len(), outcome.checks, "{}: {}", path.display(), outcome.name);
        }
    }
}
