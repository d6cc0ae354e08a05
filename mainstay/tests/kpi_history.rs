//! What Mainstay folds out of the example's history is what its generator knows to be true: numerators, denominators,
//! what is left out and what is unknown, for two months and the whole, in any order of the facts and with repeats.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the test reads the example's files")]

mod kpi;

use mainstay_kit::Query;
use mainstay_model::{Fact, Recorded, Span, Timestamp};
use serde_json::Value;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/estate/history")
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The facts of all files, each once, in the order in which steps of this size come by them.
fn facts(step: usize) -> Vec<Recorded> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ext| ext == "jsonl"));
    files.sort();
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let lines: Vec<&str> = texts.iter().flat_map(|text| text.lines()).collect();
    assert!(lines.len() > 4_000, "there are {} facts only", lines.len());
    let now = at("2026-11-15T00:00:00Z");
    let read = |(seq, index): (u64, usize)| {
        // A prime that is larger than the list comes by every line once.
        let line = lines[index * step % lines.len()];
        let fact = Fact::from_json(serde_json::from_str(line).unwrap(), now).unwrap();
        fact.check(now).unwrap();
        Recorded { seq, recorded: now, fact }
    };
    (0..).zip(0..lines.len()).map(read).collect()
}

/// Compares every figure of the truth.
fn compare(facts: &[Recorded]) {
    let truth: Value = serde_json::from_str(&std::fs::read_to_string(folder().join("truth.json")).unwrap()).unwrap();
    let rows = truth.as_array().unwrap();
    assert_eq!(rows.len(), 32, "eight KPIs in four periods");
    let mut periods: Vec<[&str; 3]> =
        rows.iter().map(|row| ["from", "to", "as_of"].map(|key| row[key].as_str().unwrap())).collect();
    periods.sort_unstable();
    periods.dedup();
    for period in periods {
        let [from, to, as_of] = period.map(at);
        let query = Query { window: Span { from, to }, as_of, zone: jiff::tz::TimeZone::UTC };
        let values = kpi::values(facts, &query);
        let asked = |row: &&Value| ["from", "to", "as_of"].map(|key| row[key].as_str().unwrap()) == period;
        for row in rows.iter().filter(asked) {
            let value = serde_json::to_value(&values[row["id"].as_str().unwrap()]).unwrap();
            for key in ["excluded", "unknown"] {
                assert_eq!(value[key], row[key], "{key} of {row}");
            }
            for key in ["numerator", "denominator", "value"] {
                let (ours, known) = (value[key].as_f64().unwrap(), row[key].as_f64().unwrap());
                assert!((ours - known).abs() < 1e-9 * known.max(1.0), "{key} is {ours}, and {row}");
            }
        }
    }
}

#[test]
fn the_kpis_of_the_history_are_what_its_generator_knows() {
    compare(&facts(1));
}

#[test]
fn the_order_in_which_facts_arrive_changes_no_kpi() {
    compare(&facts(7_919));
}
