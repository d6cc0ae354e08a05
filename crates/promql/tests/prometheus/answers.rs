//! Answers in one form, and how two of them differ.

use crate::Asked;
use mainstay_promql::Output;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a number may differ by, relative to itself: sums are taken in another order.
const TOLERANCE: f64 = 1e-9;

type Series = BTreeMap<BTreeMap<String, String>, Vec<(i64, f64)>>;

/// An answer; a scalar is a series without labels.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// The query has no answer.
    Refused,
    /// Samples by labels, with times in milliseconds.
    Series(Series),
    /// Two series of one name, which no answer may hold.
    Twice,
}

pub fn ours(output: Output, asked: &Asked) -> Answer {
    let at = if let Asked::Instant(at) = asked { *at * 1_000 } else { 0 };
    let named = |labels: &mainstay_promql::Labels| {
        labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>()
    };
    match output {
        Output::Scalar(value) => Answer::Series([(BTreeMap::new(), vec![(at, value)])].into()),
        Output::Text(_) => Answer::Refused,
        Output::Vector(rows) => unique(rows.into_iter().map(|(labels, value)| (named(&labels), vec![(at, value)]))),
        Output::Matrix(rows) => unique(rows.into_iter().map(|points| {
            (named(&points.labels), points.samples.iter().map(|sample| (sample.time, sample.value)).collect())
        })),
    }
}

pub fn theirs(answer: &Value) -> Answer {
    if answer["status"] != "success" {
        return Answer::Refused;
    }
    let sample = |pair: &Value| {
        #[expect(clippy::cast_possible_truncation, reason = "times of the test have milliseconds")]
        let time = (pair[0].as_f64().unwrap() * 1_000.0).round() as i64;
        let value = pair[1].as_str().unwrap();
        (time, value.parse().unwrap())
    };
    let result = &answer["data"]["result"];
    if answer["data"]["resultType"] == "scalar" {
        return Answer::Series([(BTreeMap::new(), vec![sample(result)])].into());
    }
    unique(result.as_array().unwrap().iter().map(|one| {
        let labels = one["metric"].as_object().unwrap().iter();
        let labels = labels.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        let samples = match one["values"].as_array() {
            Some(values) => values.iter().map(sample).collect(),
            None => vec![sample(&one["value"])],
        };
        (labels, samples)
    }))
}

fn unique(rows: impl Iterator<Item = (BTreeMap<String, String>, Vec<(i64, f64)>)>) -> Answer {
    let mut series = Series::new();
    for (labels, samples) in rows {
        if series.insert(labels, samples).is_some() {
            return Answer::Twice;
        }
    }
    Answer::Series(series)
}

/// Where two answers differ first.
pub fn difference(ours: &Answer, theirs: &Answer) -> Option<String> {
    let (ours, theirs) = match (ours, theirs) {
        (Answer::Series(ours), Answer::Series(theirs)) => (ours, theirs),
        (ours, theirs) if ours == theirs => return None,
        (ours, theirs) => return Some(format!("{} here, {} there", kind(ours), kind(theirs))),
    };
    for (labels, samples) in ours {
        let Some(others) = theirs.get(labels) else {
            return Some(format!("only here: {labels:?} {:?}", samples.first()));
        };
        if samples.len() != others.len() {
            return Some(format!("{labels:?}: {} samples here, {} there", samples.len(), others.len()));
        }
        for (sample, other) in samples.iter().zip(others) {
            if sample.0 != other.0 || !same(sample.1, other.1) {
                return Some(format!("{labels:?}: {sample:?} here, {other:?} there"));
            }
        }
    }
    let missing = theirs.iter().find(|(labels, _)| !ours.contains_key(*labels));
    missing.map(|(labels, samples)| format!("only there: {labels:?} {:?}", samples.first()))
}

fn kind(answer: &Answer) -> String {
    match answer {
        Answer::Refused => "refused".to_owned(),
        Answer::Twice => "one series twice".to_owned(),
        Answer::Series(series) => format!("{} series", series.len()),
    }
}

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()) || (a - b).abs() < 1e-12
}
