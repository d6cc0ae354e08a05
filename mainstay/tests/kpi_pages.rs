//! The catalog's pages of the KPIs: each reads as a definition, and each worked example holds.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the test reads the catalog from its folder")]

mod kpi;

use mainstay_iac::{Origin, yaml};
use mainstay_kit::{KpiSpec, Query, history};
use mainstay_model::{Span, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// KPIs that are computed, and so must show at least two worked examples.
const COMPUTED: [&str; 9] = [
    "change-failure-rate",
    "mttd",
    "mttr",
    "incident-recurrence",
    "actionable-alerts",
    "iac-adoption",
    "policy-compliance",
    "vulnerability-sla",
    "backup-success",
];

/// Every page: its folder's duty, its file's name, and its text.
fn pages() -> Vec<(String, String, String)> {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalog");
    let mut out = Vec::new();
    for duty in std::fs::read_dir(catalog).unwrap() {
        let duty = duty.unwrap();
        let Ok(files) = std::fs::read_dir(duty.path().join("kpis")) else { continue };
        for file in files {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            out.push((duty.file_name().into_string().unwrap(), name, std::fs::read_to_string(path).unwrap()));
        }
    }
    out.sort();
    out
}

fn spec(text: &str) -> KpiSpec {
    let (front, _) = text.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap();
    let parsed = yaml::parse(front, Origin::of("page"), yaml::Schema::Core);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    serde_json::from_value(parsed.documents[0].to_json()).unwrap()
}

/// The fenced blocks of a language, in order.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    text.split(begin.as_str()).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

#[test]
fn the_nineteen_kpis_have_a_page_each_that_stands_where_it_says() {
    let mut numbers = BTreeSet::new();
    for (duty, name, text) in pages() {
        let spec = spec(&text);
        assert_eq!((&spec.id, &spec.duty), (&name, &duty));
        assert!(!spec.needs.is_empty() && spec.version > 0, "{name}");
        for heading in ["## Definition", "## Left out", "## Traps", "## Worked example"] {
            assert!(text.contains(heading), "{name} has no {heading}");
        }
        numbers.insert(spec.number);
    }
    assert!(numbers.is_superset(&(1..=19).collect()), "{numbers:?}");
}

#[test]
fn every_worked_example_gives_what_its_page_says() {
    let mut examples: BTreeMap<String, usize> = BTreeMap::new();
    for (_, name, text) in pages() {
        let (facts, expected) = (blocks(&text, "facts"), blocks(&text, "expect"));
        assert_eq!(facts.len(), expected.len(), "{name}");
        for (number, (facts, expected)) in facts.iter().zip(expected).enumerate() {
            let expected: Value = serde_json::from_str(expected).unwrap();
            holds(&format!("{name}, example {}", number + 1), &name, facts, &expected);
        }
        examples.insert(name, facts.len());
    }
    for id in COMPUTED {
        assert!(examples[id] >= 2, "{id} has fewer than two worked examples");
    }
}

fn holds(what: &str, id: &str, facts: &str, expected: &Value) {
    let at = |field: &str| expected[field].as_str().unwrap().parse::<Timestamp>().unwrap();
    let window = Span { from: at("from"), to: at("to") };
    let query = Query { window, as_of: at("as_of"), zone: jiff::tz::TimeZone::UTC };
    let facts = history(facts).unwrap_or_else(|e| panic!("{what}: {e}"));
    let value = kpi::values(&facts, &query).remove(id).unwrap();
    let near = |a: f64, b: &Value| (a - b.as_f64().unwrap()).abs() < 1e-9;
    assert!(near(value.numerator, &expected["numerator"]), "{what}: {value:?}");
    assert!(near(value.denominator, &expected["denominator"]), "{what}: {value:?}");
    assert!(near(value.value.unwrap(), &expected["value"]), "{what}: {value:?}");
    let counts = |field: &str| expected.get(field).cloned().unwrap_or_else(|| serde_json::json!({}));
    assert_eq!(serde_json::json!(value.excluded), counts("excluded"), "{what}");
    assert_eq!(serde_json::json!(value.unknown), counts("unknown"), "{what}");
}
