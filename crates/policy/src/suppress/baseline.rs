//! Baselines: findings that a team had when it began, and works off one by one. Ours, and Checkov's.

use super::identity::{Identity, matched};
use super::{Scope, Suppression, Waiver};
use crate::Judging;
use mainstay_model::{Diagnostic, Place, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;

/// The version of the file.
const VERSION: u32 = 1;

/// A baseline that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Baseline {
    /// Ours: findings by what makes them the same.
    Ours(Vec<Identity>),
    /// Checkov's: its ids by file and resource.
    Checkov(Vec<Suppression>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    mainstay_baseline: u32,
    findings: Vec<Identity>,
}

/// The baseline of what is failed or unknown now, as the text of a file.
#[must_use]
pub fn write(judging: &Judging) -> String {
    let open = judging.judgements.iter().filter(|j| matches!(j.verdict, Verdict::Fail | Verdict::Unknown));
    let mut findings: Vec<Identity> = open.map(Identity::of).collect();
    findings.sort();
    let file = File { mainstay_baseline: VERSION, findings };
    serde_json::to_string_pretty(&file).expect("texts and lists always serialise") + "\n"
}

/// Reads a baseline of either kind. `path` is how the user named it.
///
/// # Errors
/// A diagnostic that says where the file is wrong.
pub fn read(text: &str, path: &str) -> Result<Baseline, Box<Diagnostic>> {
    let help =
        "write it anew with `mainstay scan --write-baseline`, or take the `.checkov.baseline` that Checkov wrote";
    let wrong = |error: &serde_json::Error| {
        let place =
            Place::at(path, u32::try_from(error.line()).unwrap_or(0), u32::try_from(error.column()).unwrap_or(0));
        Box::new(Diagnostic::error("baseline.malformed", format!("the file is no baseline: {error}"), place, help))
    };
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    if let Some(files) = value.get("failed_checks").and_then(Value::as_array) {
        return Ok(Baseline::Checkov(checkov(files, path)));
    }
    let file: File = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    if file.mainstay_baseline != VERSION {
        let summary = format!("the baseline has version {}, and {VERSION} is read here", file.mainstay_baseline);
        return Err(Box::new(Diagnostic::error("baseline.version", summary, Place::file(path), help)));
    }
    Ok(Baseline::Ours(file.findings))
}

/// `{"file": "/main.tf", "findings": [{"resource": "aws_s3_bucket.a", "check_ids": ["CKV_AWS_20"]}]}`, whose files are
/// named from the folder that was scanned: the one that the baseline lies in, or the present one.
fn checkov(files: &[Value], path: &str) -> Vec<Suppression> {
    let folder = path.rsplit_once('/').map(|(folder, _)| folder.trim_start_matches("./"));
    let mut out = Vec::new();
    for file in files {
        let Some(name) = file["file"].as_str().map(|name| name.trim_start_matches('/')) else { continue };
        let mut names = vec![name.to_owned()];
        names.extend(folder.filter(|folder| !folder.is_empty()).map(|folder| format!("{folder}/{name}")));
        for finding in file["findings"].as_array().into_iter().flatten() {
            let Some(resource) = finding["resource"].as_str() else { continue };
            for id in finding["check_ids"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let waiver = waiver(path, "checkov baseline");
                let scope = Scope::Named { resource: resource.to_owned(), root: None, files: names.clone() };
                out.push(Suppression { id: id.to_owned(), scope, waiver, workspace: None, attributes: Vec::new() });
            }
        }
    }
    out
}

fn waiver(path: &str, by: &str) -> Waiver {
    let reason = "known when the baseline was written".to_owned();
    Waiver { reason, by: by.to_owned(), place: Place::file(path), approver: None, until: None }
}

/// Waives what our baseline knows. What it knows and is no more is said once, with its number.
#[must_use]
pub fn apply(judging: &mut Judging, known: &[Identity], path: &str, files: &[String]) -> Option<Diagnostic> {
    let present: HashSet<&str> = files.iter().map(String::as_str).collect();
    let open: Vec<usize> = (0..judging.judgements.len())
        .filter(|at| matches!(judging.judgements[*at].verdict, Verdict::Fail | Verdict::Unknown))
        .collect();
    let judged: Vec<_> = open.iter().map(|at| &judging.judgements[*at]).collect();
    let found = matched(&judged, known, &present);
    let used = found.iter().flatten().count();
    for (at, _) in open.iter().zip(&found).filter(|(_, found)| found.is_some()) {
        let judgement = &mut judging.judgements[*at];
        match judgement.verdict {
            Verdict::Fail => judging.summary.fail -= 1,
            _ => judging.summary.unknown -= 1,
        }
        judging.summary.waived += 1;
        judgement.verdict = Verdict::Waived;
        judgement.waiver = Some(waiver(path, "baseline"));
    }
    let gone = known.len() - used;
    (gone > 0).then(|| {
        let summary = format!("{gone} of {} findings of the baseline are no more", known.len());
        let help = "write it anew with --write-baseline, so that they cannot come back unseen";
        Diagnostic::note("baseline.mended", summary, Place::file(path), help)
    })
}
