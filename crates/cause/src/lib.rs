//! Probable causes of an incident by the metrics of services that call each other: which of them began to be slow, or to
//! fail, by itself, and is not only waiting for another that did.
//!
//! A service's time contains the time of those that it calls. What the time of all its requests grew by, less what that of
//! the services that it calls grew by, is what it grew by itself: its *own excess*. The cause of a slow service is the one
//! among all that it reaches with the greatest own excess, as long as that explains the most of what the slow one grew by.
//! With failed requests in place of seconds the same holds.
//!
//! Where the signal did not move, or nothing explains it, there is no answer: a wrong one costs more than none. Pure: figures
//! in, causes out.

mod read;

pub use read::{Table, moment, read};

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A signal that grew by less than this, relative to what it was, has not moved: series of services that nothing happened to
/// differ by as much from one five minutes to the next.
pub const RISE_MIN: f64 = 0.1;
/// A signal that grew by no more than so many times its standard error has not moved: the mean of few requests differs by
/// itself. A request's time is taken to spread as widely as its mean, as waiting times do.
pub const ERRORS_MIN: f64 = 2.0;
/// The share of requests that fail from which on a service fails that did not fail before.
pub const FAILURES_MIN: f64 = 0.001;
/// The least share of what the asked-for service grew by that a cause explains.
pub const EXPLAINED_MIN: f64 = 0.5;
/// Causes that are named.
pub const CAUSES_MAX: usize = 5;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Mean seconds of a request.
    Latency,
    /// The share of requests that fail, 0 to 1.
    Failures,
}

/// One span of a series: what was measured in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When the span began, in seconds since some moment that is the same for all.
    pub begin: f64,
    /// Mean of the signal over its requests.
    pub value: f64,
    /// Requests in it.
    pub requests: f64,
}

/// What is known of services that call each other.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// Whom each calls.
    pub calls: BTreeMap<String, BTreeSet<String>>,
    /// The series of each; a span without requests, or of which nothing is known, is left out.
    pub series: BTreeMap<String, Vec<Point>>,
    /// How long a span is, in seconds.
    pub span: f64,
}

/// A question.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The service that was seen to be slow, or to fail.
    pub service: &'q str,
    /// In what.
    pub signal: Signal,
    /// When it began. A span that it falls into counts to the side on which the most of it lies.
    pub onset: f64,
}

/// A service that grew by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause {
    /// The service.
    pub service: String,
    /// Its signal before, and since.
    pub before: f64,
    /// Since the onset.
    pub since: f64,
    /// What it grew by itself: seconds of all requests, or failed requests, a span.
    pub own_excess: f64,
    /// The share of what the asked-for service grew by that it explains; more than 1 where that waits for it at the same time
    /// as for others, or the services between try again.
    pub explains: f64,
    /// The way from the asked-for service to it, both ends with it.
    pub path: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Silence {
    /// Nothing is known of the service before the onset, or since.
    NotMeasured,
    /// Its signal did not move.
    NotMoved {
        /// What it was before.
        before: f64,
        /// What it is since.
        since: f64,
    },
    /// No service that it reaches explains enough.
    NotExplained {
        /// The most that one explains.
        most: f64,
    },
}

/// What one span was like, before and since.
#[derive(Debug, Clone, Copy)]
struct Change {
    before: f64,
    since: f64,
    /// Requests of a span, since.
    requests: f64,
    /// All requests, before and since.
    counted: (f64, f64),
}

impl Change {
    /// What all requests of a span together grew by.
    fn excess(self) -> f64 {
        (self.since - self.before) * self.requests
    }

    /// By how much the two means differ by chance.
    fn standard_error(self, signal: Signal) -> f64 {
        let (before, since) = self.counted;
        let spread = match signal {
            Signal::Latency => self.before,
            Signal::Failures => {
                let share = (self.before * before + self.since * since) / (before + since);
                (share * (1.0 - share)).max(0.0).sqrt()
            }
        };
        spread * (1.0 / before + 1.0 / since).sqrt()
    }
}

/// Ranks the services that may be the cause, the most probable first.
///
/// # Errors
/// The evidence is too thin for an answer; why.
pub fn causes(services: &Services, question: Question<'_>) -> Result<Vec<Cause>, Silence> {
    let moved = services.moved(question)?;
    let paths = services.reached(question.service);
    let changes: BTreeMap<&str, Change> =
        paths.keys().filter_map(|name| Some((*name, services.change(name, question)?))).collect();
    let excess = |name: &str| changes.get(name).map_or(0.0, |change| change.excess());
    let own = |name: &str| {
        let called = services.calls.get(name).into_iter().flatten();
        // A service that recovered meanwhile hides nothing of what its caller grew by.
        excess(name) - called.map(|called| excess(called).max(0.0)).sum::<f64>()
    };
    let mut found: Vec<Cause> = changes
        .iter()
        .map(|(name, change)| {
            let own_excess = own(name);
            Cause {
                service: (*name).to_owned(),
                before: change.before,
                since: change.since,
                own_excess,
                explains: own_excess / moved.excess(),
                path: way(&paths, name),
            }
        })
        .collect();
    found.sort_by(|a, b| b.own_excess.total_cmp(&a.own_excess).then_with(|| a.service.cmp(&b.service)));
    let most = found.first().map_or(0.0, |cause| cause.explains);
    if most < EXPLAINED_MIN {
        return Err(Silence::NotExplained { most });
    }
    // What explains next to nothing is no candidate.
    found.retain(|cause| cause.explains >= EXPLAINED_MIN / 5.0);
    found.truncate(CAUSES_MAX);
    Ok(found)
}

impl Services {
    /// What the asked-for service grew by, where it did.
    fn moved(&self, question: Question<'_>) -> Result<Change, Silence> {
        let change = self.change(question.service, question).ok_or(Silence::NotMeasured)?;
        let (before, since) = self.sides(question.service, question);
        let highest = before.iter().map(|point| point.value).fold(f64::NEG_INFINITY, f64::max);
        let mut values: Vec<f64> = since.iter().map(|point| point.value).collect();
        values.sort_by(f64::total_cmp);
        // Most spans since are above all before: a single high one is no onset.
        let is_apart = values.get(values.len() / 2).is_some_and(|median| *median > highest);
        let least = match question.signal {
            Signal::Latency => change.before * RISE_MIN,
            Signal::Failures => FAILURES_MIN.max(change.before * RISE_MIN),
        };
        let least = least.max(change.standard_error(question.signal) * ERRORS_MIN);
        if is_apart && change.since - change.before > least {
            return Ok(change);
        }
        Err(Silence::NotMoved { before: change.before, since: change.since })
    }

    /// How a service changed; nothing where it was not measured on both sides. Whoever began to call a service that nobody
    /// called before is to be asked, and not that one: it has no before.
    fn change(&self, name: &str, question: Question<'_>) -> Option<Change> {
        let (before, since) = self.sides(name, question);
        let mean = |points: &[Point]| {
            let requests: f64 = points.iter().map(|point| point.requests).sum();
            let total: f64 = points.iter().map(|point| point.value * point.requests).sum();
            (requests > 0.0).then(|| (total / requests, requests))
        };
        let ((before, counted), (value, requests)) = (mean(&before)?, mean(&since)?);
        // Spans since the onset, also those in which this service had no request.
        let spans = self.series.values().flatten().filter(|point| !self.is_before(point, question));
        let spans = spans.map(|point| point.begin.to_bits()).collect::<BTreeSet<u64>>().len().max(1);
        Some(Change { before, since: value, requests: requests / spans as f64, counted: (counted, requests) })
    }

    /// The spans before the onset, and those since.
    fn sides(&self, name: &str, question: Question<'_>) -> (Vec<Point>, Vec<Point>) {
        let points = self.series.get(name).into_iter().flatten().copied();
        let counted =
            points.filter(|point| point.requests > 0.0 && point.requests.is_finite() && point.value.is_finite());
        counted.partition(|point| self.is_before(point, question))
    }

    fn is_before(&self, point: &Point, question: Question<'_>) -> bool {
        point.begin + self.span / 2.0 <= question.onset
    }

    /// The services that one reaches by calls, itself too, each with the one that it was reached from. The shortest way.
    fn reached<'s>(&'s self, from: &'s str) -> BTreeMap<&'s str, Option<&'s str>> {
        let mut reached = BTreeMap::from([(from, None)]);
        let mut edge = vec![from];
        while !edge.is_empty() {
            let mut next = Vec::new();
            for caller in edge {
                for called in self.calls.get(caller).into_iter().flatten() {
                    if !reached.contains_key(called.as_str()) {
                        reached.insert(called, Some(caller));
                        next.push(called.as_str());
                    }
                }
            }
            edge = next;
        }
        reached
    }
}

fn way(reached: &BTreeMap<&str, Option<&str>>, to: &str) -> Vec<String> {
    let mut path = vec![to.to_owned()];
    let mut at = to;
    while let Some(Some(caller)) = reached.get(at) {
        path.push((*caller).to_owned());
        at = caller;
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests;
