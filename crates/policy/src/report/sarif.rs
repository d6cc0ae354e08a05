//! SARIF 2.1.0, as code-scanning services read it.

use super::Report;
use crate::suppress::Waiver;
use crate::{Cause, Control, Judgement};
use mainstay_model::{Diagnostic, Level, Severity, Verdict};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The report as a SARIF log of one run.
#[must_use]
pub fn sarif(report: &Report<'_>) -> String {
    let judgements = &report.judging.judgements;
    let used: BTreeSet<&str> = judgements.iter().map(|judgement| &*judgement.control).collect();
    let controls: Vec<_> = used.iter().filter_map(|id| report.engine.control(id)).collect();
    let index: BTreeMap<&str, usize> = controls.iter().enumerate().map(|(at, control)| (&*control.id, at)).collect();
    let results: Vec<_> =
        judgements.iter().map(|judgement| result(report, judgement, index.get(&*judgement.control).copied())).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Mainstay",
                "version": report.version,
                "rules": controls.into_iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": report.diagnostics.iter().map(notification).collect::<Vec<_>>(),
            }],
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).expect("a JSON value always serialises");
    text.push('\n');
    text
}

fn rule(control: &Control) -> Value {
    let tags: Vec<_> = control
        .frameworks
        .iter()
        .flat_map(|(framework, ids)| ids.iter().map(move |id| format!("{framework}/{id}")))
        .chain(["security".to_owned()])
        .collect();
    json!({
        "id": &*control.id,
        "shortDescription": {"text": &*control.title},
        "fullDescription": {"text": control.why},
        "help": {"text": &*control.fix, "markdown": &*control.fix},
        "defaultConfiguration": {"level": level(control.severity)},
        "properties": {
            "tags": tags,
            "security-severity": security_severity(control.severity),
            "aliases": &*control.aliases,
        },
    })
}

fn result(report: &Report<'_>, judgement: &Judgement, rule: Option<usize>) -> Value {
    let (kind, level) = match judgement.verdict {
        Verdict::Pass => ("pass", "none"),
        Verdict::Fail | Verdict::Waived => ("fail", level(judgement.severity)),
        Verdict::Unknown => ("open", "none"),
    };
    let fingerprint = [&*judgement.control, &*judgement.root, &*judgement.file, &*judgement.resource].join("/");
    let mut out = json!({
        "ruleId": &*judgement.control,
        "kind": kind,
        "level": level,
        "message": {"text": format!("{}: {}. {}", report.resource(judgement), judgement.title, judgement.why)},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&judgement.file)},
                "region": {"startLine": judgement.line.max(1), "endLine": judgement.line_end.max(judgement.line).max(1)},
            },
            "logicalLocations": [{"fullyQualifiedName": &*judgement.resource, "kind": "resource"}],
        }],
        // The line is left out on purpose: a finding stays the same when the file grows above it.
        "partialFingerprints": {
            "controlResource/v1": fingerprint,
        },
        "relatedLocations": related(&judgement.causes),
        "properties": {"root": &*judgement.root, "type": &*judgement.resource_type},
    });
    if let (Some(rule), Some(object)) = (rule, out.as_object_mut()) {
        object.insert("ruleIndex".to_owned(), rule.into());
    }
    if let (Some(waiver), Some(object)) = (&judgement.waiver, out.as_object_mut()) {
        object.insert("suppressions".to_owned(), json!([suppression(waiver)]));
    }
    out
}

/// The places of the attributes that decided, each once.
fn related(causes: &[Cause]) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::with_capacity(causes.len());
    for cause in causes {
        let place = json!({
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&cause.file)},
                "region": {"startLine": cause.line.max(1), "startColumn": cause.column.max(1)},
            },
            "message": {"text": cause.attribute},
        });
        if !out.contains(&place) {
            out.push(place);
        }
    }
    out
}

fn suppression(waiver: &Waiver) -> Value {
    // What stands in the code is told apart from baselines and waivers, which stand beside it.
    let in_source = waiver.by.contains(':') || waiver.by.contains('/') || waiver.by == "nosec";
    // No status: published schemas differ in its name, and a suppression without one is an accepted one in all of them.
    let mut out = json!({
        "kind": if in_source { "inSource" } else { "external" },
        "justification": waiver.reason,
    });
    let mut physical = json!({"artifactLocation": {"uri": uri(&waiver.place.file)}});
    if waiver.place.line > 0 {
        physical["region"] = json!({"startLine": waiver.place.line, "startColumn": waiver.place.column.max(1)});
    }
    out["location"] = json!({"physicalLocation": physical});
    out
}

fn notification(diagnostic: &Diagnostic) -> Value {
    let level = match diagnostic.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let mut place = json!({"artifactLocation": {"uri": uri(&diagnostic.place.file)}});
    if let (true, Some(object)) = (diagnostic.place.line > 0, place.as_object_mut()) {
        let region = json!({"startLine": diagnostic.place.line, "startColumn": diagnostic.place.column.max(1)});
        object.insert("region".to_owned(), region);
    }
    json!({
        "descriptor": {"id": diagnostic.code},
        "level": level,
        "message": {"text": format!("{}; {}", diagnostic.summary, diagnostic.help)},
        "locations": [{"physicalLocation": place}],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The score, from 0 to 10, that code-scanning services sort by.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

/// A relative path as a URI reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in super::path(path).replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
