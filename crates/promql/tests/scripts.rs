//! Prometheus' own test scripts (`../shared/data/promql`), all that is not left out by a feature that this evaluator refuses.
//!
//! `scripts/outside.txt` states for each script which features it uses that are outside of the subset, and how often; everything
//! else must pass. The list is checked both ways, so that a feature that comes to work leaves it.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops where its inputs are not as they should be, reads them itself and says what it skips"
)]

mod scripts {
    pub mod expect;
    pub mod read;
    pub mod run;
}

use scripts::run::Outcome;
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn scripts_of_prometheus_pass_in_the_subset() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/promql");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: {} is not there", folder.display());
        return;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let listed: Vec<&str> =
        include_str!("scripts/outside.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    // `file:line reason` is a case that is refused as it should be, in other words.
    let is_difference = |line: &&str| line.split_once(' ').is_some_and(|(place, _)| !place.ends_with(':'));
    let differences: Vec<&str> =
        listed.iter().copied().filter(is_difference).filter_map(|line| Some(line.split_once(' ')?.0)).collect();
    let (mut passed, mut different, mut failures) = (0, 0, Vec::new());
    let mut outside: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for (line, outcome) in scripts::run::run(&text) {
            match outcome {
                Outcome::Passed => passed += 1,
                Outcome::Outside(feature) => *outside.entry(format!("{name}: {feature}")).or_default() += 1,
                Outcome::Failed(_) if differences.contains(&format!("{name}:{line}").as_str()) => different += 1,
                Outcome::Failed(why) => failures.push(format!("{name}:{line}: {why}")),
            }
        }
    }
    let left_out: usize = outside.values().sum();
    eprintln!("{passed} cases pass, {left_out} are outside of the subset, {} fail", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let found: Vec<String> = outside.iter().map(|(what, count)| format!("{what}: {count}")).collect();
    let listed: Vec<&str> = listed.into_iter().filter(|line| !is_difference(line)).collect();
    assert_eq!(different, differences.len(), "cases listed as different that are not");
    assert_eq!(found, listed, "what is outside of the subset (left) and tests/scripts/outside.txt (right)");
}
