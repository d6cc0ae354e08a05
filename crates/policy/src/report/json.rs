//! `{"verdicts": [...], "diagnostics": [...], "summary": {...}}`.

use super::Report;
use crate::{Judgement, Summary};
use mainstay_model::Diagnostic;
use serde::Serialize;

#[derive(Serialize)]
struct Whole<'r> {
    verdicts: &'r [Judgement],
    diagnostics: &'r [Diagnostic],
    summary: Summary,
}

/// The report as one JSON value.
#[must_use]
pub fn json(report: &Report<'_>) -> String {
    let whole = Whole {
        verdicts: &report.judging.judgements,
        diagnostics: report.diagnostics,
        summary: report.judging.summary,
    };
    let mut text = serde_json::to_string_pretty(&whole).expect("texts, numbers and lists always serialise");
    text.push('\n');
    text
}
