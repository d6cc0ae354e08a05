//! What a KPI truly was, and the periods that are asked for.

use super::super::sorted;
use super::time::{END, START, at, stamp};
use crate::shell::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A half-open window and what was known when it was asked.
pub struct Period {
    /// First instant.
    pub from: i64,
    /// First instant behind.
    pub to: i64,
    /// What happened later is not known yet.
    pub as_of: i64,
}

impl Period {
    /// Whether the instant lies inside.
    pub fn contains(&self, at: i64) -> bool {
        self.from <= at && at < self.to
    }
}

/// Two calendar months in UTC, the whole history at its end, and the same asked when every observation window is over.
pub fn periods() -> Vec<Period> {
    let later = at("2026-12-01T00:00:00Z");
    vec![
        Period { from: at("2026-09-01T00:00:00Z"), to: at("2026-10-01T00:00:00Z"), as_of: END },
        Period { from: at("2026-10-01T00:00:00Z"), to: at("2026-11-01T00:00:00Z"), as_of: END },
        Period { from: START, to: END, as_of: END },
        Period { from: START, to: END, as_of: later },
    ]
}

/// One true figure.
pub struct Truth {
    /// Number of the KPI.
    pub kpi: u8,
    id: &'static str,
    from: i64,
    to: i64,
    as_of: i64,
    numerator: i64,
    denominator: i64,
    excluded: BTreeMap<&'static str, u64>,
    unknown: BTreeMap<&'static str, u64>,
}

impl Truth {
    /// An empty figure.
    pub fn new(kpi: u8, id: &'static str, period: &Period) -> Self {
        let Period { from, to, as_of } = *period;
        let (excluded, unknown) = (BTreeMap::new(), BTreeMap::new());
        Self { kpi, id, from, to, as_of, numerator: 0, denominator: 0, excluded, unknown }
    }

    /// Counts one, with what it adds to the numerator.
    pub fn count(&mut self, numerator: i64) {
        self.numerator += numerator;
        self.denominator += 1;
    }

    /// Notes one that was left out.
    pub fn exclude(&mut self, why: &'static str) {
        *self.excluded.entry(why).or_insert(0) += 1;
    }

    /// Notes one that cannot be told.
    pub fn unknown(&mut self, why: &'static str) {
        *self.unknown.entry(why).or_insert(0) += 1;
    }

    #[expect(clippy::cast_precision_loss, reason = "counts and seconds of ninety days are far below 2^52")]
    fn json(&self) -> Value {
        let value = (self.denominator > 0).then(|| self.numerator as f64 / self.denominator as f64);
        sorted(json!({
            "kpi": self.kpi, "id": self.id,
            "from": stamp(self.from).to_string(), "to": stamp(self.to).to_string(),
            "as_of": stamp(self.as_of).to_string(),
            "numerator": self.numerator, "denominator": self.denominator, "value": value,
            "excluded": self.excluded, "unknown": self.unknown,
        }))
    }
}

/// The file: a list with one figure a line.
pub fn text(truths: &[Truth]) -> Outcome<String> {
    let lines: Vec<String> = truths.iter().map(|truth| format!("  {}", truth.json())).collect();
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}
