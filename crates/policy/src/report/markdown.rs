//! Markdown for a comment on a pull request.

use super::Report;
use crate::Judgement;
use mainstay_model::{Severity, Verdict};
use std::fmt::Write as _;

/// How many rows a table shows; comments have a limit on their size.
const ROWS_MAX: usize = 200;

/// The report as Markdown: what to mend first, worst first.
#[must_use]
pub fn markdown(report: &Report<'_>) -> String {
    let summary = report.judging.summary;
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = writeln!(
        out,
        "**{} failed**, {}: {} resources, {} controls\n",
        summary.fail,
        report.count(),
        summary.resources,
        summary.controls
    );
    for severity in Severity::ALL {
        let failed: Vec<_> = of(report, Verdict::Fail).filter(|judgement| judgement.severity == severity).collect();
        rows(&mut out, report, &format!("{} ({})", title_of(severity), failed.len()), &failed);
    }
    let unknown: Vec<_> = of(report, Verdict::Unknown).collect();
    rows(&mut out, report, &format!("Could not tell ({})", unknown.len()), &unknown);
    if !report.diagnostics.is_empty() {
        let _ = writeln!(
            out,
            "### Not read ({})\n\n| where | what | what to do |\n| --- | --- | --- |",
            report.diagnostics.len()
        );
        for diagnostic in report.diagnostics.iter().take(ROWS_MAX) {
            let place = &diagnostic.place;
            let _ = writeln!(
                out,
                "| {}:{} | {} | {} |",
                cell(&place.file),
                place.line,
                cell(&diagnostic.summary),
                cell(&diagnostic.help)
            );
        }
        out.push('\n');
    }
    out
}

fn of<'r>(report: &Report<'r>, verdict: Verdict) -> impl Iterator<Item = &'r Judgement> {
    report.judging.judgements.iter().filter(move |judgement| judgement.verdict == verdict)
}

fn rows(out: &mut String, report: &Report<'_>, title: &str, judgements: &[&Judgement]) {
    if judgements.is_empty() {
        return;
    }
    let _ = writeln!(out, "### {title}\n\n| resource | control | why | where |\n| --- | --- | --- | --- |");
    for judgement in judgements.iter().take(ROWS_MAX) {
        let _ = writeln!(
            out,
            "| `{}` | {} (`{}`) | {} | {}:{} |",
            code(&report.resource(judgement)),
            cell(&judgement.title),
            judgement.control,
            cell(&judgement.why),
            cell(&judgement.file),
            judgement.line
        );
    }
    if judgements.len() > ROWS_MAX {
        let _ = writeln!(out, "\n{} more are not shown.", judgements.len() - ROWS_MAX);
    }
    out.push('\n');
}

fn title_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

/// The inside of a code span, which no backtick ends and no line or pipe breaks.
fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '`' => out.push('\''),
            '|' => out.push_str("\\|"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A text that cannot break out of its cell or become markup, a link or a mention. What stands between backticks stays
/// code.
fn cell(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let spans = parts.len().saturating_sub(1) / 2;
    let mut out = String::with_capacity(text.len());
    for (nth, part) in parts.iter().enumerate() {
        // A last backtick without a partner is a plain character.
        let is_code = nth % 2 == 1 && nth / 2 < spans;
        if is_code {
            out += &format!("`{}`", code(part));
        } else {
            if nth == parts.len() - 1 && parts.len().is_multiple_of(2) {
                out.push_str("\\`");
            }
            out += &prose(part);
        }
    }
    out
}

fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '\\' | '|' | '*' | '_' | '[' | ']' | '~' | '!' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    // An address on the web would become a link.
    out.replace("://", ":&#8203;//").replace("www.", "www&#46;")
}
