//! Tests of rules in the format of `promtool test rules`.
//!
//! A test file names rules files, gives series and says which alerts fire, with which labels and annotations, and what queries
//! give at which time. [`read`] reads it with a place for each mistake; [`run`] runs it and says what differs.

mod check;
mod read;

use super::engine::Engine;
use super::file::Group;
use crate::eval::Options;
use crate::labels::Labels;
use crate::load::notation;
use crate::store::Store;
use mainstay_model::Place;
use std::collections::BTreeMap;

pub use read::read;

/// How often all rules of one test are evaluated at most.
const EVALUATIONS_MAX: i64 = 1_000_000;

/// A test file.
#[derive(Debug, Default)]
pub struct File {
    /// Rules files, as written: relative to the test file, perhaps with `*`.
    pub rule_files: Vec<(String, Place)>,
    /// How often rules are evaluated, in milliseconds.
    pub interval_ms: i64,
    /// Names of groups in the order of their evaluation.
    pub group_order: Vec<String>,
    /// Whether numbers may differ in their last digit.
    pub fuzzy: bool,
    /// The tests.
    pub tests: Vec<Test>,
}

/// A test.
#[derive(Debug)]
pub struct Test {
    /// Its name, where it has one.
    pub name: String,
    /// From each value of its series to the next, in milliseconds.
    pub interval_ms: i64,
    /// Its series.
    pub series: Vec<(Labels, notation::Values)>,
    /// Which alerts fire.
    pub alerts: Vec<AlertCase>,
    /// What queries give.
    pub queries: Vec<QueryCase>,
    /// For templates.
    pub external_labels: BTreeMap<String, String>,
    /// For templates.
    pub external_url: String,
    /// The time of its first value.
    pub start: i64,
    /// Where it stands.
    pub place: Place,
}

/// Which alerts of a rule fire at a time.
#[derive(Debug)]
pub struct AlertCase {
    /// When, from the start of the test.
    pub time: i64,
    /// The rule.
    pub name: String,
    /// Exactly these fire: labels and annotations.
    pub expected: Vec<(Labels, BTreeMap<String, String>)>,
    /// Where it stands.
    pub place: Place,
}

/// What a query gives at a time.
#[derive(Debug)]
pub struct QueryCase {
    /// When, from the start of the test.
    pub time: i64,
    /// The query.
    pub query: String,
    /// Exactly these: labels and values.
    pub expected: Vec<(Labels, f64)>,
    /// Where it stands.
    pub place: Place,
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its name, or its place among the tests of the file.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// How many things were checked.
    pub checks: usize,
    /// What differs.
    pub failures: Vec<Failure>,
}

/// Something is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Where the expectation stands.
    pub place: Place,
    /// What was expected and what was found, in lines.
    pub message: String,
    /// Whether it was no answer at all, so that nothing is known: a query that this evaluator refuses.
    pub is_unknown: bool,
}

/// Runs all tests of a file with the groups of its rules files.
#[must_use]
pub fn run(file: &File, groups: &[Group], options: &Options) -> Vec<Outcome> {
    let mut ordered: Vec<&Group> = groups.iter().collect();
    // Groups that are not named keep their place before those that are, as with promtool.
    let rank = |group: &Group| file.group_order.iter().position(|name| *name == group.name).map_or(0, |at| at + 1);
    if !file.group_order.is_empty() {
        ordered.sort_by_key(|group| rank(group));
    }
    let outcome = |(index, test): (usize, &Test)| {
        let name = if test.name.is_empty() { format!("test {}", index + 1) } else { test.name.clone() };
        let mut running = Running { test, file, options, failures: Vec::new() };
        running.run(&ordered);
        Outcome {
            name,
            place: test.place.clone(),
            checks: test.alerts.len() + test.queries.len(),
            failures: running.failures,
        }
    };
    file.tests.iter().enumerate().map(outcome).collect()
}

struct Running<'a> {
    test: &'a Test,
    file: &'a File,
    options: &'a Options,
    failures: Vec<Failure>,
}

impl Running<'_> {
    fn fail(&mut self, place: &Place, message: String) {
        self.failures.push(Failure { place: place.clone(), message, is_unknown: false });
    }

    fn run(&mut self, groups: &[&Group]) {
        let test = self.test;
        let mut store = Store::new();
        for (labels, values) in &test.series {
            if let Err(message) = notation::add(&mut store, labels, values, test.start, test.interval_ms) {
                self.fail(&test.place, message);
                return;
            }
        }
        let times = test.alerts.iter().map(|case| case.time).chain(test.queries.iter().map(|case| case.time));
        let last = times.max().unwrap_or(0);
        if last / self.file.interval_ms > EVALUATIONS_MAX {
            self.fail(&test.place, format!("the test evaluates its rules more than {EVALUATIONS_MAX} times"));
            return;
        }
        let (labels, url) = (test.external_labels.clone(), test.external_url.clone());
        let mut engine = Engine::new(groups.iter().copied(), self.options.clone(), labels, url);
        let mut now = 0;
        while now <= last {
            let timeline = engine.evaluate(&mut store, test.start + now, |_| true);
            for problem in &timeline.problems {
                let after = crate::duration::format(now);
                let message =
                    format!("rule {:?} of group {:?} at {after}: {}", problem.rule, problem.group, problem.message);
                self.fail(&test.place, message);
            }
            if !timeline.problems.is_empty() {
                return;
            }
            // What an alert is at a time is what the last evaluation until then made of it.
            let until = now + self.file.interval_ms;
            for case in test.alerts.iter().filter(|case| (now..until).contains(&case.time)) {
                self.failures.extend(check::alert(case, &engine));
            }
            now = until;
        }
        for case in &test.queries {
            self.failures.extend(check::query(case, &store, test.start, self.file.fuzzy, self.options));
        }
    }
}
