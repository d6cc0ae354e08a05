//! JUnit XML: a suite for every file, a case for every test.

use super::Tested;
use mainstay_model::Diagnostic;
use std::fmt::Write;

/// Rules files: a case a file, which fails with its mistakes.
pub fn of_diagnostics(files: &[String], diagnostics: &[Diagnostic]) -> String {
    let cases: Vec<Case> = files
        .iter()
        .map(|file| {
            let of_file = diagnostics.iter().filter(|diagnostic| diagnostic.place.file == *file);
            let messages: Vec<String> = of_file.map(ToString::to_string).collect();
            Case { name: file.clone(), line: 1, failures: messages, is_error: false }
        })
        .collect();
    written(&[("rules", cases)])
}

/// Test files: a case a test. What could not be told is an error, as are mistakes of a file.
pub fn of_tests(tested: &[Tested], diagnostics: &[Diagnostic]) -> String {
    let mut suites: Vec<(&str, Vec<Case>)> = Vec::new();
    for one in tested {
        let case = |outcome: &mainstay_promql::rules::unit::Outcome| Case {
            name: outcome.name.clone(),
            line: outcome.place.line,
            failures: outcome
                .failures
                .iter()
                .map(|failure| format!("{}: {}", failure.place, failure.message))
                .collect(),
            is_error: outcome.failures.iter().any(|failure| failure.is_unknown),
        };
        suites.push((&one.file, one.outcomes.iter().map(case).collect()));
    }
    if !diagnostics.is_empty() {
        let messages = diagnostics.iter().map(ToString::to_string).collect();
        suites.push(("mistakes", vec![Case { name: "files".to_owned(), line: 1, failures: messages, is_error: true }]));
    }
    written(&suites)
}

struct Case {
    name: String,
    line: u32,
    failures: Vec<String>,
    is_error: bool,
}

/// Writing to a text cannot fail.
fn written(suites: &[(&str, Vec<Case>)]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mainstay rules\">\n");
    for (file, cases) in suites {
        let failed = |is_error: bool| cases.iter().filter(|c| !c.failures.is_empty() && c.is_error == is_error).count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
            escaped(file),
            cases.len(),
            failed(false),
            failed(true)
        );
        for case in cases {
            let (name, file) = (escaped(&case.name), escaped(file));
            let _ = write!(
                out,
                "    <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" line=\"{}\"",
                case.line
            );
            if case.failures.is_empty() {
                out.push_str("/>\n");
                continue;
            }
            let element = if case.is_error { "error" } else { "failure" };
            let text = case.failures.join("\n");
            let first = text.lines().next().unwrap_or_default();
            let _ = writeln!(
                out,
                ">\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>",
                escaped(first),
                escaped(&text)
            );
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// Characters that XML has no form for are replaced, so that one strange label does not spoil the report.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
