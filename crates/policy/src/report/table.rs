//! A list for eyes, aligned where that helps.

use super::Report;
use crate::Judgement;
use mainstay_model::{Severity, Verdict};
use std::fmt::Write as _;

/// How wide a column gets, at most; what is longer is shown whole and pushes the rest.
const COLUMN_MAX: usize = 60;

/// Longest name or reason that is shown whole, in characters. A file may hold one of megabytes.
const CELL_MAX: usize = 1_000;

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

/// A head line for each verdict, and below it, a little to the right, where it is and why: long addresses, paths and reasons
/// stay legible in a narrow terminal, which a column for each would not let them.
fn rows(out: &mut String, report: &Report<'_>, shown: &[&Judgement], colour: bool) {
    if shown.is_empty() {
        return;
    }
    let width = |words: &[&str]| words.iter().map(|word| word.chars().count()).max().unwrap_or(0).min(COLUMN_MAX);
    let a = width(&shown.iter().map(|judgement| judgement.verdict.as_str()).collect::<Vec<_>>());
    let b = width(&shown.iter().map(|judgement| judgement.severity.as_str()).collect::<Vec<_>>());
    let c = width(&shown.iter().map(|judgement| &*judgement.control).collect::<Vec<_>>());
    for judgement in shown {
        let (on, off) = if colour { (colour_of(judgement), "\u{1b}[0m") } else { ("", "") };
        let (verdict, severity, control) =
            (judgement.verdict.as_str(), judgement.severity.as_str(), &*judgement.control);
        let resource = cut(&plain(&report.resource(judgement)));
        let _ = writeln!(out, "{on}{verdict:a$}{off}  {severity:b$}  {control:c$}  {resource}");
        let indent = a + 2;
        let _ = writeln!(out, "{:indent$}{}:{}", "", plain(&judgement.file), judgement.line);
        let _ = writeln!(out, "{:indent$}{}", "", cut(&plain(&super::why(judgement))));
    }
    out.push('\n');
}

/// A text that somebody made longer than anybody reads, without its middle.
fn cut(text: &str) -> String {
    let count = text.chars().count();
    if count <= CELL_MAX {
        return text.to_owned();
    }
    let (head, tail) = (CELL_MAX * 3 / 4, CELL_MAX / 4);
    let first: String = text.chars().take(head).collect();
    let last: String = text.chars().skip(count - tail).collect();
    format!("{first} ... {last}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_megabytes_is_shown_by_its_ends() {
        assert_eq!(cut("aws_s3_bucket.logs"), "aws_s3_bucket.logs");
        let long = cut(&format!("begin{}end", "x".repeat(5_000_000)));
        assert!(long.starts_with("beginx") && long.ends_with("xend") && long.len() < 1_100, "{} bytes", long.len());
    }
}
