//! Whether what happened is what was expected, and how it differs.

use super::{AlertCase, Failure, QueryCase};
use crate::error::Cause;
use crate::eval::{Options, Output};
use crate::labels::Labels;
use crate::rules::engine::{Engine, State};
use crate::store::Store;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

type Said = (Labels, BTreeMap<String, String>);

pub(super) fn alert(case: &AlertCase, engine: &Engine<'_>) -> Option<Failure> {
    let firing = engine.active(&case.name).filter(|alert| alert.state == State::Firing);
    let mut found: Vec<Said> = firing.map(|alert| (alert.labels.clone(), alert.annotations.clone())).collect();
    let mut expected = case.expected.clone();
    found.sort();
    expected.sort();
    if found == expected {
        return None;
    }
    let time = crate::duration::format(case.time);
    let mut message = format!("alertname: {}, time: {time}", case.name);
    alerts("exp", &expected, &mut message);
    alerts("got", &found, &mut message);
    if let ([one], [other]) = (expected.as_slice(), found.as_slice()) {
        differences(one, other, &mut message);
    }
    Some(Failure { place: case.place.clone(), message, is_unknown: false })
}

fn alerts(title: &str, said: &[Said], out: &mut String) {
    let _ = write!(out, "\n  {title}:{}", if said.is_empty() { " []" } else { "" });
    for (labels, annotations) in said {
        let _ = write!(out, "\n    labels: {}\n    annotations: {annotations:?}", labels.in_braces());
    }
}

/// Where one alert stands against one, only what differs is to be read.
fn differences((labels, annotations): &Said, (found_labels, found_annotations): &Said, out: &mut String) {
    let map = |labels: &Labels| labels.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<BTreeMap<_, _>>();
    for (what, one, other) in
        [("label", map(labels), map(found_labels)), ("annotation", annotations.clone(), found_annotations.clone())]
    {
        let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for key in keys.into_iter().filter(|key| one.get(*key) != other.get(*key)) {
            let show = |value: Option<&String>| value.map_or("missing".to_owned(), |value| format!("{value:?}"));
            let _ = write!(out, "\n  {what} {key}: exp {}, got {}", show(one.get(key)), show(other.get(key)));
        }
    }
}

pub(super) fn query(case: &QueryCase, store: &Store, start: i64, fuzzy: bool, options: &Options) -> Option<Failure> {
    let time = crate::duration::format(case.time);
    let head = format!("expr: {:?}, time: {time}", case.query);
    let fail = |message: String, is_unknown| Some(Failure { place: case.place.clone(), message, is_unknown });
    let answer = crate::parse(&case.query).and_then(|expr| crate::instant(store, &expr, start + case.time, options));
    let output = match answer {
        Ok(answer) => answer.output,
        Err(error) => {
            let is_unknown = matches!(error.cause, Cause::Unsupported(_) | Cause::Bound);
            let (line, column) = error.span.line_column(&case.query);
            return fail(format!("{head}\n  err: {line}:{column}: {error}"), is_unknown);
        }
    };
    let mut found = match output {
        Output::Vector(vector) => vector,
        Output::Scalar(value) => vec![(Labels::default(), value)],
        Output::Text(_) | Output::Matrix(_) => {
            return fail(format!("{head}\n  err: it gives no vector and no scalar"), false);
        }
    };
    let mut expected = case.expected.clone();
    let by_labels = |a: &(Labels, f64), b: &(Labels, f64)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
    found.sort_by(by_labels);
    expected.sort_by(by_labels);
    let same = found.len() == expected.len()
        && found.iter().zip(&expected).all(|(a, b)| a.0 == b.0 && same_number(a.1, b.1, fuzzy));
    if same {
        return None;
    }
    let mut message = head;
    for (title, samples) in [("exp", &expected), ("got", &found)] {
        let _ = write!(message, "\n  {title}:{}", if samples.is_empty() { " []" } else { "" });
        for (labels, value) in samples {
            let _ = write!(message, "\n    {} {}", labels.in_braces(), crate::number::general(*value));
        }
    }
    fail(message, false)
}

/// The same number; where a test asks for it, also the next one above or below.
fn same_number(a: f64, b: f64, fuzzy: bool) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (fuzzy && (a.next_up() == b || a.next_down() == b))
}
