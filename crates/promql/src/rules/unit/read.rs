//! Reading a test file.

use super::{AlertCase, File, QueryCase, Test};
use crate::labels::Labels;
use crate::load::notation;
use crate::rules::engine::ALERT_NAME;
use crate::rules::place::{Source, text};
use crate::rules::yaml::Fields;
use mainstay_iac::{At, Map, Node, Origin, Value, yaml};
use mainstay_model::Diagnostic;

/// How often rules are evaluated where the file does not say.
const INTERVAL_MS: i64 = 60_000;

/// Reads a test file; with mistakes it must not be run, because it would test less than it says.
#[must_use]
pub fn read(file: &str, path: &str) -> (File, Vec<Diagnostic>) {
    let documents = yaml::parse(file, Origin::of(path), yaml::Schema::Core);
    let mut fields = Fields { source: Source { path, text: file }, diagnostics: documents.diagnostics };
    let mut read = File { interval_ms: INTERVAL_MS, ..File::default() };
    match documents.documents.as_slice() {
        [document] => test_file(&mut fields, document, &mut read),
        documents => {
            let at = documents.get(1).map_or_else(At::default, |node| node.at);
            let summary = format!("a test file is one document, this one has {}", documents.len());
            fields.say("rules.shape", at, summary, "write one mapping with `rule_files` and `tests`");
        }
    }
    (read, fields.diagnostics)
}

fn test_file(fields: &mut Fields<'_>, document: &Node, read: &mut File) {
    let known = ["rule_files", "evaluation_interval", "group_eval_order", "tests", "fuzzy_compare"];
    let Some(map) = fields.map(document, "a test file", &known) else { return };
    for node in fields.list(map, "rule_files") {
        match text(node) {
            Some(path) => read.rule_files.push((path, fields.source.place(node.at))),
            None => fields.say("rules.shape", node.at, "a rules file is named by its path", "write its path"),
        }
    }
    read.interval_ms = fields.duration(map, "evaluation_interval").filter(|ms| *ms > 0).unwrap_or(INTERVAL_MS);
    read.group_order = fields.list(map, "group_eval_order").iter().filter_map(text).collect();
    read.fuzzy = matches!(map.get("fuzzy_compare").map(|node| &node.value), Some(Value::Bool(true)));
    for node in fields.list(map, "tests") {
        let test = test(fields, node, read.interval_ms);
        read.tests.extend(test);
    }
}

fn test(fields: &mut Fields<'_>, node: &Node, interval_ms: i64) -> Option<Test> {
    let known = [
        "name",
        "interval",
        "input_series",
        "alert_rule_test",
        "promql_expr_test",
        "external_labels",
        "external_url",
        "start_timestamp",
    ];
    let map = fields.map(node, "a test", &known)?;
    let series = fields.list(map, "input_series").iter().filter_map(|node| series(fields, node)).collect();
    let alerts = fields.list(map, "alert_rule_test").iter().filter_map(|node| alert(fields, node)).collect();
    let queries = fields.list(map, "promql_expr_test").iter().filter_map(|node| query(fields, node)).collect();
    Some(Test {
        name: fields.text(map, "name").map(|(name, _)| name).unwrap_or_default(),
        interval_ms: fields.duration(map, "interval").filter(|ms| *ms > 0).unwrap_or(interval_ms),
        series,
        alerts,
        queries,
        external_labels: fields.texts(map, "external_labels"),
        external_url: fields.text(map, "external_url").map(|(url, _)| url).unwrap_or_default(),
        start: start(fields, map),
        place: fields.source.place(node.at),
    })
}

/// Seconds since 1970, or a time as RFC 3339 writes it.
fn start(fields: &mut Fields<'_>, map: &Map) -> i64 {
    let Some((written, at)) = fields.text(map, "start_timestamp") else { return 0 };
    let seconds = written.parse::<f64>().ok().and_then(|s| crate::tree::milliseconds(s, crate::Span::default()).ok());
    let read = seconds.or_else(|| Some(written.parse::<jiff::Timestamp>().ok()?.as_millisecond()));
    if read.is_none() {
        let help = "write seconds since 1970 or a time such as 2026-01-31T00:00:00Z";
        fields.say("rules.time", at, format!("{written:?} is no time"), help);
    }
    read.unwrap_or(0)
}

fn series(fields: &mut Fields<'_>, node: &Node) -> Option<(Labels, notation::Values)> {
    let map = fields.map(node, "a series", &["series", "values"])?;
    let name = fields.needed(map, node, "series");
    let values = fields.needed(map, node, "values");
    let labels = name.and_then(|(name, at)| labels(fields, &name, at));
    let (values, at) = values?;
    match notation::values(&values) {
        Ok(values) => Some((labels?, values)),
        Err(message) => {
            fields.say("rules.values", at, message, "docs/rules.md has the notation of values");
            None
        }
    }
}

fn labels(fields: &mut Fields<'_>, name: &str, at: At) -> Option<Labels> {
    match crate::parse_series(name) {
        Ok(labels) => Some(labels),
        Err(error) => {
            let summary = format!("could not parse series {name:?}: {error}");
            let help = "write it as name{label=\"value\"}";
            fields.say_inside("rules.series", at, name, error.span.start, summary, help);
            None
        }
    }
}

fn alert(fields: &mut Fields<'_>, node: &Node) -> Option<AlertCase> {
    let map = fields.map(node, "an alert_rule_test", &["eval_time", "alertname", "exp_alerts"])?;
    let (name, _) = fields.needed(map, node, "alertname")?;
    let mut expected = Vec::new();
    for alert in fields.list(map, "exp_alerts") {
        let Some(said) = fields.map(alert, "an expected alert", &["exp_labels", "exp_annotations"]) else { continue };
        let mut labels = Labels::new(fields.texts(said, "exp_labels")).builder();
        labels.set(ALERT_NAME, name.as_str());
        expected.push((labels.finish(), fields.texts(said, "exp_annotations")));
    }
    let time = fields.duration(map, "eval_time").unwrap_or(0);
    Some(AlertCase { time, name, expected, place: fields.source.place(node.at) })
}

fn query(fields: &mut Fields<'_>, node: &Node) -> Option<QueryCase> {
    let map = fields.map(node, "a promql_expr_test", &["expr", "eval_time", "exp_samples"])?;
    let (query, at) = fields.needed(map, node, "expr")?;
    if let Err(error) = crate::parse(&query) {
        let summary = format!("could not parse expression: {error}");
        fields.say_inside("rules.expr", at, &query, error.span.start, summary, "mend the query at this place");
    }
    let expected = fields.list(map, "exp_samples").iter().filter_map(|sample| self::sample(fields, sample)).collect();
    let time = fields.duration(map, "eval_time").unwrap_or(0);
    Some(QueryCase { time, query, expected, place: fields.source.place(node.at) })
}

fn sample(fields: &mut Fields<'_>, node: &Node) -> Option<(Labels, f64)> {
    let map = fields.map(node, "an expected sample", &["labels", "value", "histogram"])?;
    if let Some(histogram) = map.get("histogram") {
        let help = "test this query with promtool";
        fields.say("rules.histogram", histogram.at, "native histograms are not supported here", help);
        return None;
    }
    let labels = match fields.text(map, "labels") {
        Some((name, at)) if !name.trim().is_empty() => labels(fields, &name, at)?,
        _ => Labels::default(),
    };
    let Some((written, at)) = fields.text(map, "value") else { return Some((labels, 0.0)) };
    let value = number(&written);
    if value.is_none() {
        fields.say("rules.values", at, format!("{written:?} is no number"), "write a number, NaN, +Inf or -Inf");
    }
    Some((labels, value?))
}

/// A number as YAML writes it, with its own spellings of what has no digits.
fn number(text: &str) -> Option<f64> {
    match text.trim_start_matches(['+', '-']).to_ascii_lowercase().as_str() {
        ".inf" => Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }),
        ".nan" => Some(crate::NAN),
        _ => text.trim().parse().ok(),
    }
}
