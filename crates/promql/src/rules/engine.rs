//! Rules over time: what they record into the store, and when alerts are pending, fire and resolve.

use super::file::{Group, Kind, Rule};
use super::template::{Context, Template};
use crate::eval::{Options, Output};
use crate::labels::{Labels, NAME};
use crate::store::{STALE, Store};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The label with an alert's name.
pub const ALERT_NAME: &str = "alertname";

/// What an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its condition holds, but not for long enough.
    Pending,
    /// It fires.
    Firing,
    /// It fired, or was pending, and its condition no longer holds.
    Resolved,
}

/// An alert that is pending or fires.
#[derive(Debug, Clone, PartialEq)]
pub struct Active {
    /// Its labels, its name among them.
    pub labels: Labels,
    /// What it says.
    pub annotations: BTreeMap<String, String>,
    /// Pending or firing.
    pub state: State,
    /// The newest value of its query.
    pub value: f64,
    /// Since when its condition holds.
    pub since: i64,
    /// Since when it only goes on firing.
    keeps_since: Option<i64>,
}

/// An alert became something.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// When.
    pub time: i64,
    /// The group of the rule.
    pub group: String,
    /// The rule.
    pub rule: String,
    /// What the alert became.
    pub state: State,
    /// The alert's labels.
    pub labels: Labels,
    /// What it said.
    pub annotations: BTreeMap<String, String>,
    /// The value of its query.
    pub value: f64,
}

/// A rule could not be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// When.
    pub time: i64,
    /// The group of the rule.
    pub group: String,
    /// The rule.
    pub rule: String,
    /// Why.
    pub message: String,
}

/// What became of alerts over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// In order of time.
    pub transitions: Vec<Transition>,
    /// What could not be evaluated: there the timeline is unknown.
    pub problems: Vec<Problem>,
}

/// Groups of rules with the state of their alerts.
#[derive(Debug)]
pub struct Engine<'a> {
    groups: Vec<Running<'a>>,
    options: Options,
    external_labels: BTreeMap<String, String>,
    external_url: String,
}

#[derive(Debug)]
struct Running<'a> {
    group: &'a Group,
    rules: Vec<RuleState>,
}

#[derive(Debug, Default)]
struct RuleState {
    active: BTreeMap<Labels, Active>,
    /// Series of the last evaluation, which end where the next one does not give them.
    written: HashSet<Labels>,
}

impl<'a> Engine<'a> {
    /// An engine in which no alert is active. External labels and URL are for templates.
    #[must_use]
    pub fn new(
        groups: impl IntoIterator<Item = &'a Group>,
        options: Options,
        external_labels: BTreeMap<String, String>,
        external_url: String,
    ) -> Self {
        let running =
            |group: &'a Group| Running { group, rules: group.rules.iter().map(|_| RuleState::default()).collect() };
        Self { groups: groups.into_iter().map(running).collect(), options, external_labels, external_url }
    }

    /// Evaluates all groups that a test lets through at a moment; what they record goes into the store.
    pub fn evaluate(&mut self, store: &mut Store, time: i64, which: impl Fn(&Group) -> bool) -> Timeline {
        let mut timeline = Timeline::default();
        for at in 0..self.groups.len() {
            if !which(self.groups[at].group) {
                continue;
            }
            for rule in 0..self.groups[at].rules.len() {
                self.evaluate_rule(store, time, at, rule, &mut timeline);
            }
        }
        timeline
    }

    /// The alerts of rules of a name that are active.
    pub fn active<'s>(&'s self, rule: &'s str) -> impl Iterator<Item = &'s Active> {
        self.groups.iter().flat_map(move |running| {
            let rules = running.group.rules.iter().zip(&running.rules);
            rules.filter(move |(r, _)| r.name == rule).flat_map(|(_, state)| state.active.values())
        })
    }

    fn evaluate_rule(
        &mut self,
        store: &mut Store,
        time: i64,
        group_at: usize,
        rule_at: usize,
        timeline: &mut Timeline,
    ) {
        let group = self.groups[group_at].group;
        let rule = &group.rules[rule_at];
        let moment = time.saturating_sub(group.query_offset_ms);
        let before = timeline.transitions.len();
        let vector = vector(store, rule, moment, &self.options).and_then(|vector| match group.limit {
            limit if limit > 0 && vector.len() > limit => {
                Err(format!("exceeded limit of {limit} with {} series or alerts", vector.len()))
            }
            _ => Ok(vector),
        });
        let written = vector.and_then(|vector| match &rule.kind {
            Kind::Record => recorded(rule, vector),
            Kind::Alert { hold_ms, keep_ms, annotations } => {
                let found = self.alerts(store, rule, annotations, vector, moment)?;
                let mut active = std::mem::take(&mut self.groups[group_at].rules[rule_at].active);
                let changes = step(&mut active, found, time, *hold_ms, *keep_ms);
                timeline.transitions.extend(changes.into_iter().map(|(state, alert)| Transition {
                    time,
                    group: group.name.clone(),
                    rule: rule.name.clone(),
                    state,
                    labels: alert.labels,
                    annotations: alert.annotations,
                    value: alert.value,
                }));
                let series = alert_series(&active);
                self.groups[group_at].rules[rule_at].active = active;
                Ok(series)
            }
        });
        let problem = |message: String| Problem { time, group: group.name.clone(), rule: rule.name.clone(), message };
        match written {
            Ok(series) => {
                let state = &mut self.groups[group_at].rules[rule_at];
                if let Err(message) = write(store, state, series, moment) {
                    timeline.problems.push(problem(message));
                }
            }
            Err(message) => {
                timeline.transitions.truncate(before);
                timeline.problems.push(problem(message));
            }
        }
    }

    /// The alerts that the series of a query make.
    fn alerts(
        &self,
        store: &Store,
        rule: &Rule,
        annotations: &[(String, Template)],
        vector: Vec<(Labels, f64)>,
        time: i64,
    ) -> Result<BTreeMap<Labels, Active>, String> {
        let query = |text: &str| -> Result<Vec<(Labels, f64)>, String> {
            let expr = crate::parse(text).map_err(|error| error.to_string())?;
            evaluated(store, &expr, time, &self.options)
        };
        let mut alerts = BTreeMap::new();
        for (series, value) in vector {
            let context = Context {
                labels: &series,
                value,
                external_labels: &self.external_labels,
                external_url: &self.external_url,
                query: &query,
            };
            // As in Prometheus a template that fails says so in its place and does not keep the alert from firing.
            let expand = |template: &Template| {
                template.expand(&context).unwrap_or_else(|error| format!("<error expanding template: {error}>"))
            };
            let mut builder = series.without_name().builder();
            for (label, template) in &rule.labels {
                builder.set(label.as_str(), expand(template));
            }
            builder.set(ALERT_NAME, rule.name.as_str());
            let labels = builder.finish();
            let annotations = annotations.iter().map(|(name, template)| (name.clone(), expand(template))).collect();
            let alert = Active {
                labels: labels.clone(),
                annotations,
                state: State::Pending,
                value,
                since: time,
                keeps_since: None,
            };
            if alerts.insert(labels, alert).is_some() {
                return Err("vector contains metrics with the same labelset after applying alert labels".to_owned());
            }
        }
        Ok(alerts)
    }
}

/// Goes from one evaluation of an alert to the next; gives what changed.
fn step(
    active: &mut BTreeMap<Labels, Active>,
    mut found: BTreeMap<Labels, Active>,
    time: i64,
    hold_ms: i64,
    keep_ms: i64,
) -> Vec<(State, Active)> {
    let mut changes = Vec::new();
    let mut gone = Vec::new();
    for (labels, alert) in active.iter_mut() {
        match found.remove(labels) {
            Some(now) => {
                alert.value = now.value;
                alert.annotations = now.annotations;
                alert.keeps_since = None;
            }
            None if alert.state == State::Firing && keep_ms > 0 => {
                let since = *alert.keeps_since.get_or_insert(time);
                if time - since >= keep_ms {
                    gone.push(labels.clone());
                }
            }
            None => gone.push(labels.clone()),
        }
    }
    changes.extend(gone.iter().filter_map(|labels| active.remove(labels)).map(|alert| (State::Resolved, alert)));
    for (labels, alert) in found {
        let alert = Active { since: time, ..alert };
        if hold_ms > 0 {
            changes.push((State::Pending, alert.clone()));
        }
        active.insert(labels, alert);
    }
    for alert in active.values_mut().filter(|alert| alert.state == State::Pending) {
        if time - alert.since >= hold_ms {
            alert.state = State::Firing;
            changes.push((State::Firing, alert.clone()));
        }
    }
    changes
}

/// The series that Prometheus writes about alerts.
fn alert_series(active: &BTreeMap<Labels, Active>) -> Vec<(Labels, f64)> {
    let mut series = Vec::with_capacity(active.len() * 2);
    for alert in active.values() {
        let mut builder = alert.labels.builder();
        builder.set(NAME, "ALERTS");
        builder.set("alertstate", if alert.state == State::Firing { "firing" } else { "pending" });
        series.push((builder.finish(), 1.0));
        let mut builder = alert.labels.builder();
        builder.set(NAME, "ALERTS_FOR_STATE");
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
        series.push((builder.finish(), (alert.since / 1000) as f64));
    }
    series
}

fn recorded(rule: &Rule, vector: Vec<(Labels, f64)>) -> Result<Vec<(Labels, f64)>, String> {
    let mut seen = HashSet::new();
    let mut series = Vec::with_capacity(vector.len());
    for (labels, value) in vector {
        let mut builder = labels.builder();
        builder.set(NAME, rule.name.as_str());
        for (label, template) in &rule.labels {
            // Recording rules set their labels as they are written.
            builder.set(label.as_str(), template.source());
        }
        let labels = builder.finish();
        if !seen.insert(labels.clone()) {
            return Err("vector contains metrics with the same labelset after applying rule labels".to_owned());
        }
        series.push((labels, value));
    }
    Ok(series)
}

/// Writes what a rule gave, and ends the series that it no longer gives.
fn write(store: &mut Store, state: &mut RuleState, series: Vec<(Labels, f64)>, time: i64) -> Result<(), String> {
    let now: HashSet<Labels> = series.iter().map(|(labels, _)| labels.clone()).collect();
    let mut failed = None;
    for labels in state.written.difference(&now) {
        // A series that somebody else wrote at this moment has not ended.
        let _ = store.add(labels, time, STALE);
    }
    for (labels, value) in &series {
        if let Err(why) = store.add(labels, time, *value) {
            failed = Some(format!("{labels}: {why}"));
        }
    }
    state.written = now;
    failed.map_or(Ok(()), Err)
}

fn vector(store: &Store, rule: &Rule, time: i64, options: &Options) -> Result<Vec<(Labels, f64)>, String> {
    evaluated(store, &rule.expr, time, options)
}

fn evaluated(
    store: &Store,
    expr: &crate::tree::Expr,
    time: i64,
    options: &Options,
) -> Result<Vec<(Labels, f64)>, String> {
    match crate::instant(store, expr, time, options).map_err(|error| error.to_string())?.output {
        Output::Vector(vector) => Ok(vector),
        Output::Scalar(value) => Ok(vec![(Labels::default(), value)]),
        Output::Text(_) | Output::Matrix(_) => Err("rule result is not a vector or scalar".to_owned()),
    }
}

/// Runs rules over recorded history, each group at its own interval, and tells what alerts would have done. What the rules
/// record goes into the store, where later rules find it.
#[must_use]
pub fn backtest(
    store: &mut Store,
    groups: &[Group],
    start: i64,
    end: i64,
    interval_ms: i64,
    options: &Options,
) -> Timeline {
    let mut engine = Engine::new(groups, options.clone(), BTreeMap::new(), String::new());
    let mut due: HashMap<*const Group, i64> = HashMap::new();
    let mut timeline = Timeline::default();
    let default = interval_ms.max(1);
    let interval = |group: &Group| group.interval_ms.unwrap_or(default);
    let mut now = start;
    while now <= end {
        let part =
            engine.evaluate(store, now, |group| due.get(&std::ptr::from_ref(group)).copied().unwrap_or(start) <= now);
        timeline.transitions.extend(part.transitions);
        timeline.problems.extend(part.problems);
        let mut next = i64::MAX;
        for group in groups {
            let at = due.entry(std::ptr::from_ref(group)).or_insert(start);
            if *at <= now {
                *at = at.saturating_add(interval(group));
            }
            next = next.min(*at);
        }
        now = next;
    }
    timeline
}
