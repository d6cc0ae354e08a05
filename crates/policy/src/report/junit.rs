//! JUnit XML: a suite for every file, a case for every verdict.

use super::Report;
use crate::Judgement;
use mainstay_model::Verdict;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The report as JUnit XML. Unknown verdicts are errors (it could not be told) and waived ones are skipped.
#[must_use]
pub fn junit(report: &Report<'_>) -> String {
    let mut by_file: BTreeMap<&str, Vec<&Judgement>> = BTreeMap::new();
    for judgement in &report.judging.judgements {
        by_file.entry(&judgement.file).or_default().push(judgement);
    }
    let all: Vec<_> = report.judging.judgements.iter().collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a text cannot fail.
    let _ = writeln!(out, "<testsuites name=\"mainstay\" {}>", counts(&all));
    for (file, judgements) in &by_file {
        let _ = writeln!(out, "  <testsuite name=\"{}\" {}>", escaped(file), counts(judgements));
        for judgement in judgements {
            case(&mut out, judgement, &report.resource(judgement));
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(judgements: &[&Judgement]) -> String {
    let of = |verdict| judgements.iter().filter(|judgement| judgement.verdict == verdict).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        judgements.len(),
        of(Verdict::Fail),
        of(Verdict::Unknown),
        of(Verdict::Waived)
    )
}

fn case(out: &mut String, judgement: &Judgement, resource: &str) {
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\"",
        escaped(&judgement.control),
        escaped(resource),
        escaped(&judgement.file),
        judgement.line
    );
    let element = match judgement.verdict {
        Verdict::Pass => {
            out.push_str("/>\n");
            return;
        }
        Verdict::Fail => "failure",
        Verdict::Unknown => "error",
        Verdict::Waived => "skipped",
    };
    let kind = if element == "skipped" { String::new() } else { format!(" type=\"{}\"", judgement.severity.as_str()) };
    let _ = write!(
        out,
        ">\n      <{element}{kind} message=\"{}\"/>\n    </testcase>\n",
        escaped(&format!("{}: {}", judgement.title, super::why(judgement))),
    );
}

/// For attribute values; characters that XML 1.0 does not know become a replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
