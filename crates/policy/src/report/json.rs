//! `{"verdicts": [...], "diagnostics": [...], "summary": {...}}`.

use super::Report;
use crate::{Judgement, Summary};
use mainstay_model::Diagnostic;
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct Whole<'r> {
    verdicts: &'r [Judgement],
    diagnostics: &'r [Diagnostic],
    summary: Summary,
}

/// The report as one JSON value.
#[must_use]
pub fn json(report: &Report<'_>) -> String {
    let mut out = Vec::new();
    write_json(report, &mut out).expect("texts, numbers and lists always serialise");
    String::from_utf8(out).expect("JSON is written as UTF-8")
}

/// Writes the report as one JSON value, so that the verdicts of a large estate need not stand in memory twice.
///
/// # Errors
/// What the writer says.
pub fn write_json<W: Write>(report: &Report<'_>, out: &mut W) -> std::io::Result<()> {
    let whole = Whole {
        verdicts: &report.judging.judgements,
        diagnostics: report.diagnostics,
        summary: report.judging.summary,
    };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    out.write_all(b"\n")
}
