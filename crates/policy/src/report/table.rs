//! An aligned table for eyes.

use super::Report;
use crate::Judgement;
use mainstay_model::{Severity, Verdict};
use std::fmt::Write as _;

/// How wide a column gets, at most; what is longer is shown whole and pushes the rest.
const COLUMN_MAX: usize = 60;

/// The report as a table, worst first, then what could not be read, then the count.
#[must_use]
pub fn table(report: &Report<'_>, colour: bool) -> String {
    let mut shown: Vec<&Judgement> = report.judging.judgements.iter().collect();
    shown.sort_by(|a, b| {
        rank(a.verdict)
            .cmp(&rank(b.verdict))
            .then(b.severity.cmp(&a.severity))
            .then_with(|| (&a.file, a.line, &a.control).cmp(&(&b.file, b.line, &b.control)))
    });
    let mut out = String::new();
    rows(&mut out, report, &shown, colour);
    for diagnostic in report.diagnostics {
        let place = plain(&diagnostic.place.to_string());
        // Writing to a text cannot fail.
        let _ = writeln!(out, "{place}: {}; {}", plain(&diagnostic.summary), plain(&diagnostic.help));
    }
    if !report.diagnostics.is_empty() {
        out.push('\n');
    }
    let summary = report.judging.summary;
    let (resources, controls) = (summary.resources, summary.controls);
    let _ = writeln!(out, "{} failed, {} ({resources} resources, {controls} controls)", summary.fail, report.count());
    out
}

fn rows(out: &mut String, report: &Report<'_>, shown: &[&Judgement], colour: bool) {
    if shown.is_empty() {
        return;
    }
    let cells: Vec<[String; 4]> = shown
        .iter()
        .map(|judgement| {
            let severity = judgement.severity.as_str().to_owned();
            let place = format!("{}:{}", plain(&judgement.file), judgement.line);
            [judgement.verdict.as_str().to_owned(), severity, plain(&report.resource(judgement)), place]
        })
        .collect();
    let mut widths = ["verdict", "severity", "resource", "where"].map(str::len);
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count().min(COLUMN_MAX));
        }
    }
    let [a, b, c, d] = widths;
    let _ = writeln!(out, "{:a$}  {:b$}  {:c$}  {:d$}  control and why", "verdict", "severity", "resource", "where");
    for (judgement, [verdict, severity, resource, place]) in shown.iter().zip(&cells) {
        let (on, off) = if colour { (colour_of(judgement), "\u{1b}[0m") } else { ("", "") };
        let _ = writeln!(out, "{on}{verdict:a$}{off}  {severity:b$}  {resource:c$}  {place:d$}  {}", judgement.control);
        let indent = a + b + c + d + 8;
        let _ = writeln!(out, "{:indent$}{}", "", plain(&super::why(judgement)));
    }
    out.push('\n');
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 0,
        Verdict::Unknown => 1,
        Verdict::Waived => 2,
        Verdict::Pass => 3,
    }
}

fn colour_of(judgement: &Judgement) -> &'static str {
    match (judgement.verdict, judgement.severity) {
        (Verdict::Fail, Severity::Critical | Severity::High) => "\u{1b}[31m",
        (Verdict::Fail | Verdict::Unknown, _) => "\u{1b}[33m",
        (Verdict::Pass, _) => "\u{1b}[32m",
        (Verdict::Waived, _) => "\u{1b}[2m",
    }
}

/// Without control characters: what was read from a file must not steer the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
