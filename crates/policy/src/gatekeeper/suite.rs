//! Suites of tests as `gator verify` runs them: templates, constraints, objects, and how many violations they must have.

use super::{Constraint, Review, Template, child, inventory, items, namespaces, text};
use crate::control::ControlFile;
use crate::document;
use mainstay_iac::{At, Node, Value};
use mainstay_model::{Diagnostic, Place};
use regex::Regex;
use serde_json::Value as Json;
use std::sync::Arc;

/// A suite's file.
#[derive(Debug, Clone, Copy)]
pub struct Suite<'s> {
    /// The path to be named in diagnostics.
    pub path: &'s str,
    /// Its text.
    pub text: &'s str,
}

/// What came of a suite.
#[derive(Debug, Default)]
pub struct SuiteReport {
    /// How many assertions were looked at.
    pub assertions: usize,
    /// Those that do not hold, and what could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a file beside the suite, by the path that the suite gives it.
type Read<'r> = &'r dyn Fn(&str) -> Option<String>;

struct Running<'s> {
    suite: Suite<'s>,
    read: Read<'s>,
    report: SuiteReport,
}

impl Suite<'_> {
    /// Whether a text is a suite.
    #[must_use]
    pub fn is_suite(text: &str) -> bool {
        text.contains("test.gatekeeper.sh/") && text.contains("Suite")
    }

    /// Runs all tests; `read` gives the text of a file beside the suite.
    #[must_use]
    pub fn run(self, read: &dyn Fn(&str) -> Option<String>) -> SuiteReport {
        let mut running = Running { suite: self, read, report: SuiteReport::default() };
        let (documents, diagnostics) = document::documents(self.path, self.text);
        running.report.diagnostics.extend(diagnostics);
        for document in &documents {
            for test in items(child(document, "tests")) {
                if !is_skipped(test) {
                    running.test(test);
                }
            }
        }
        running.report
    }
}

fn is_skipped(node: &Node) -> bool {
    matches!(child(node, "skip").map(|skip| &skip.value), Some(Value::Bool(true)))
}

impl Running<'_> {
    fn wrong(&mut self, at: At, summary: impl Into<String>, help: &str) {
        let place = Place::at(self.suite.path, at.line, at.column);
        self.report.diagnostics.push(Diagnostic::error("gatekeeper.suite", summary, place, help));
    }

    /// The documents of a file that an entry names.
    fn documents(&mut self, entry: &Node, key: &str) -> Option<(ControlFile, Vec<Node>)> {
        let node = child(entry, key).unwrap_or(entry);
        let path = text(Some(node))?.to_owned();
        let Some(found) = (self.read)(&path) else {
            self.wrong(
                node.at,
                format!("{path} cannot be read"),
                "correct the path; it starts from the suite's folder",
            );
            return None;
        };
        let (documents, diagnostics) = document::documents(&path, &found);
        self.report.diagnostics.extend(diagnostics);
        Some((ControlFile { path, text: found }, documents))
    }

    fn test(&mut self, test: &Node) {
        let Some((ControlFile { path, text }, documents)) = self.documents(test, "template") else { return };
        let template = match documents.iter().find(|document| super::is_template(document)) {
            Some(document) => Template::read(&path, &text, document),
            None => return self.wrong(test.at, format!("{path} holds no template"), "correct `template`"),
        };
        let template = match template {
            Ok(template) => Arc::new(template),
            Err(wrong) => return self.report.diagnostics.extend(wrong),
        };
        let Some((ControlFile { path, .. }, documents)) = self.documents(test, "constraint") else { return };
        let Some(document) = documents.iter().find(|document| super::is_constraint(document)) else {
            return self.wrong(test.at, format!("{path} holds no constraint"), "correct `constraint`");
        };
        match Constraint::read(&path, document, &[template]) {
            Ok((_, constraint)) => {
                for case in items(child(test, "cases")).iter().filter(|case| !is_skipped(case)) {
                    self.case(case, &constraint);
                }
            }
            Err(wrong) => self.report.diagnostics.push(wrong),
        }
    }

    fn case(&mut self, case: &Node, constraint: &Constraint) {
        let Some((ControlFile { path, .. }, documents)) = self.documents(case, "object") else { return };
        let Some(object) = documents.first().map(Node::to_json) else {
            return self.wrong(case.at, format!("{path} holds no object"), "correct `object`");
        };
        let mut others: Vec<Json> = Vec::new();
        for entry in items(child(case, "inventory")) {
            if let Some((_, documents)) = self.documents(entry, "") {
                others.extend(documents.iter().map(Node::to_json));
            }
        }
        let review = Review::of(object);
        let found = if constraint.is_for(&review, &namespaces(others.iter())) {
            constraint.violations(&review, &inventory(others.iter()))
        } else {
            Ok(Vec::new())
        };
        let found = match found {
            Ok(found) => found,
            Err(failure) => return self.wrong(case.at, format!("the policy failed: {failure}"), "mend the template"),
        };
        for assertion in items(child(case, "assertions")) {
            self.assertion(assertion, &found);
        }
    }

    fn assertion(&mut self, assertion: &Node, found: &[String]) {
        self.report.assertions += 1;
        let pattern = text(child(assertion, "message")).map(Regex::new);
        let count = match pattern {
            None => found.len(),
            Some(Ok(pattern)) => found.iter().filter(|message| pattern.is_match(message)).count(),
            Some(Err(_)) => return self.wrong(assertion.at, "`message` is no regular expression", "correct it"),
        };
        let (holds, wanted) = match child(assertion, "violations").map(Node::to_json) {
            None | Some(Json::Bool(true)) => (count > 0, "at least one violation".to_owned()),
            Some(Json::Bool(false)) => (count == 0, "no violation".to_owned()),
            Some(Json::Number(number)) => {
                (number.as_u64() == u64::try_from(count).ok(), format!("{number} violations"))
            }
            Some(other) => {
                return self.wrong(assertion.at, format!("`violations` cannot be {other}"), "yes, no or a number");
            }
        };
        if !holds {
            let summary = format!("wants {wanted}, found {count}: {}", found.join(" | "));
            self.wrong(assertion.at, summary, "mend the template, or the assertion");
        }
    }
}
