//! To know less never turns a verdict round: what passed or failed with a value may become `unknown` without it, and never
//! the opposite.

use mainstay_iac::{At, Map, Node, Reading, Resource, Unknown, Value};
use mainstay_model::Verdict;
use mainstay_policy::{Engine, Judging, Wanted};
use std::collections::HashMap;

/// Judges again without some of the values that are known, and without any.
pub fn keeps_verdicts(engine: &Engine, reading: &Reading, judging: &Judging) {
    if judging.judgements.is_empty() {
        return;
    }
    for forgotten in
        [|at: At| (at.line + at.column).is_multiple_of(2), |at: At| !(at.line + at.column).is_multiple_of(2), |_| true]
    {
        let less = less_known(reading, forgotten);
        let again = engine.judge_wanted(&less, Wanted::All);
        let mut after: HashMap<(&str, &str, &str), Vec<Verdict>> = HashMap::new();
        for one in &again.judgements {
            after.entry((&one.control, &one.root, &one.resource)).or_default().push(one.verdict);
        }
        for one in &judging.judgements {
            // Two resources of one address cannot be told apart here.
            let Some([now]) = after.get(&(&*one.control, &*one.root, &*one.resource)).map(Vec::as_slice) else {
                continue;
            };
            let turned = matches!((one.verdict, now), (Verdict::Fail, Verdict::Pass) | (Verdict::Pass, Verdict::Fail));
            assert!(!turned, "{now:?} once less is known, by {one:?}");
        }
    }
}

/// The reading without the values that stand where `forgotten` says so.
fn less_known(reading: &Reading, forgotten: fn(At) -> bool) -> Reading {
    let resources = reading.resources.iter().map(|resource| {
        let body = map(&resource.body, forgotten);
        Resource { body, ..resource.clone() }
    });
    Reading { files: reading.files.clone(), resources: resources.collect(), ..Reading::default() }
}

fn map(of: &Map, forgotten: fn(At) -> bool) -> Map {
    let mut out = Map::default();
    for (key, item) in of.iter() {
        out.set(key, node(item, forgotten));
    }
    out
}

fn node(of: &Node, forgotten: fn(At) -> bool) -> Node {
    let value = match &of.value {
        Value::List(items) => Value::List(items.iter().map(|item| node(item, forgotten)).collect()),
        Value::Map(entries) => Value::Map(map(entries, forgotten)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) if forgotten(of.at) => {
            Value::Unknown(Unknown::new("it was forgotten"))
        }
        other => other.clone(),
    };
    Node { value, at: of.at }
}
