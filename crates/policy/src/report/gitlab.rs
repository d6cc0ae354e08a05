//! The code quality report of GitLab: a JSON list of violations, of which each has a fingerprint of its own.

use super::Report;
use crate::Judgement;
use mainstay_model::{Severity, Verdict};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// The report as GitLab reads it. Passes and what is waived are no violations.
#[must_use]
pub fn gitlab(report: &Report<'_>) -> String {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let open = report.judging.judgements.iter().filter(|j| matches!(j.verdict, Verdict::Fail | Verdict::Unknown));
    let violations: Vec<Value> = open
        .map(|judgement| {
            let doubt = if judgement.verdict == Verdict::Unknown { "could not tell: " } else { "" };
            let resource = report.resource(judgement);
            json!({
                "description": format!("{doubt}{} ({resource}): {}", judgement.title, judgement.why),
                "check_name": &*judgement.control,
                "fingerprint": fingerprint(judgement, &mut seen),
                "severity": severity(judgement.severity),
                "location": {
                    "path": super::path(&judgement.file),
                    "lines": {"begin": judgement.line.max(1), "end": judgement.line_end.max(judgement.line).max(1)},
                },
            })
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&violations).expect("a JSON value always serialises");
    text.push('\n');
    text
}

/// The same for the same finding in the next change, whatever its line. Of twins each later one has its number in it.
fn fingerprint(judgement: &Judgement, seen: &mut HashMap<String, u32>) -> String {
    let identity = [&*judgement.control, &*judgement.root, &*judgement.resource, &*judgement.file].join("\u{0}");
    let count = seen.entry(identity.clone()).or_default();
    let mut hash = Sha256::new();
    hash.update(identity.as_bytes());
    if *count > 0 {
        hash.update(count.to_be_bytes());
    }
    *count += 1;
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}
