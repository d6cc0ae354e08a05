//! Commands of GitHub Actions: one annotation a line, shown at its place in the change.

use super::Report;
use mainstay_model::{Diagnostic, Level, Severity, Verdict};
use std::fmt::Write as _;

/// The report as annotations. Passes and what is waived need nobody's eyes and are left out.
#[must_use]
pub fn github(report: &Report<'_>) -> String {
    let mut out = String::new();
    for judgement in &report.judging.judgements {
        let level = match (judgement.verdict, judgement.severity) {
            (Verdict::Pass | Verdict::Waived, _) => continue,
            (Verdict::Fail, Severity::Critical | Severity::High) => "error",
            (Verdict::Fail, Severity::Medium) => "warning",
            _ => "notice",
        };
        let doubt = if judgement.verdict == Verdict::Unknown { "could not tell: " } else { "" };
        // Writing to a text cannot fail.
        let _ = writeln!(
            out,
            "::{level} file={},line={},endLine={},title={}::{}",
            property(super::path(&judgement.file)),
            judgement.line.max(1),
            judgement.line_end.max(judgement.line).max(1),
            property(&format!("{} ({})", judgement.title, judgement.control)),
            message(&format!("{doubt}{}: {}", report.resource(judgement), judgement.why))
        );
    }
    report.diagnostics.iter().for_each(|diagnostic| said(&mut out, diagnostic));
    let _ = writeln!(out, "::notice title=Mainstay::{} failed, {}", report.judging.summary.fail, report.count());
    out
}

fn said(out: &mut String, diagnostic: &Diagnostic) {
    let level = match diagnostic.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let place = &diagnostic.place;
    let _ = writeln!(
        out,
        "::{level} file={},line={},col={},title={}::{}",
        property(super::path(&place.file)),
        place.line.max(1),
        place.column.max(1),
        property(&diagnostic.code),
        message(&format!("{}; {}", diagnostic.summary, diagnostic.help))
    );
}

/// The text after `::`, which ends with the line.
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The value of a property, which also ends with a comma or colon.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
