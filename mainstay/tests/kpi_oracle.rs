//! The KPIs of many generated histories, compared with a second computation in another language.

#![cfg(test)]
#![expect(
    clippy::disallowed_methods,
    reason = "the tests hand histories to another program through a file, and make ledgers in folders"
)]

#[path = "kpi/generator.rs"]
mod generator;
mod kpi;
#[path = "kpi/remembered.rs"]
mod remembered;

use generator::Case;
use mainstay_kit::{KpiValue, Query};
use mainstay_model::{Fact, Recorded, Span};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

/// Histories that are generated and compared.
const CASES: u64 = 1_500;

#[test]
fn an_independent_computation_agrees_on_every_generated_history() {
    let Some(answers) = oracle() else {
        eprintln!("SKIPPED: python3 is missing, so the KPIs were not compared with the second computation");
        return;
    };
    assert_eq!(answers.len() as u64, CASES);
    let mut with_data: BTreeMap<&str, u64> = BTreeMap::new();
    for (number, answer) in (0..CASES).zip(&answers) {
        let case = Case::generate(number);
        for (id, value) in kpi::values(&known(&case), &query(&case)) {
            let Some(expected) = answer.get(id) else { continue };
            let ours = as_json(&value);
            assert!(agree(expected, &ours), "history {number}, {id}: expected {expected}, computed {ours}");
            *with_data.entry(id).or_default() += u64::from(value.numerator > 0.0);
        }
    }
    assert_eq!(with_data.len(), 8, "{with_data:?}");
    assert!(with_data.values().all(|count| *count > CASES / 8), "too few histories say anything: {with_data:?}");
}

#[test]
fn entities_from_a_table_that_loads_only_what_touches_the_window_give_the_same_values() {
    for number in 0..CASES {
        let case = Case::generate(number);
        let (facts, query) = (known(&case), query(&case));
        let all = kpi::values(&facts, &query);
        assert_eq!(kpi::values_of(&facts, &query, true), all, "history {number}");
    }
}

/// The answers of the other program, one a history; `None` where it cannot run.
fn oracle() -> Option<Vec<Value>> {
    let path = format!("{}/kpi-histories.jsonl", env!("CARGO_TARGET_TMPDIR"));
    let mut file = std::io::BufWriter::new(File::create(&path).unwrap());
    for number in 0..CASES {
        writeln!(file, "{}", Case::generate(number).to_json()).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/oracle/kpis.py");
    let mut command = Command::new("python3");
    command.args([script, "--batch"]).stdin(Stdio::from(File::open(&path).unwrap()));
    let output = match command.output() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return None,
        output => output.unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// What the ledger knew when the question was asked, in the order in which it arrived.
fn known(case: &Case) -> Vec<Recorded> {
    let mut out = Vec::new();
    for event in &case.events {
        let recorded = event["recorded"].as_str().unwrap().parse().unwrap();
        let fact = Fact::from_json(event.clone(), recorded).unwrap();
        fact.check(fact.time).unwrap();
        if recorded <= case.as_of {
            out.push(Recorded { seq: out.len() as u64, recorded, fact });
        }
    }
    out
}

fn query(case: &Case) -> Query {
    let window = Span { from: case.from, to: case.to };
    Query { window, as_of: case.as_of, zone: jiff::tz::TimeZone::UTC }
}

fn as_json(value: &KpiValue) -> Value {
    serde_json::json!({
        "numerator": value.numerator, "denominator": value.denominator,
        "excluded": value.excluded, "unknown": value.unknown,
    })
}

fn agree(expected: &Value, ours: &Value) -> bool {
    let near = |name: &str| (expected[name].as_f64().unwrap() - ours[name].as_f64().unwrap()).abs() < 1e-6;
    near("numerator")
        && near("denominator")
        && expected["excluded"] == ours["excluded"]
        && expected["unknown"] == ours["unknown"]
}
