//! Alertmanager's pipeline over a stream of alerts and silences whose times are given.
//!
//! At one instant, what is posted counts before timers run out. Delivery takes no time, so timers keep their beat; in a real
//! one they drift by what each delivery takes.

use crate::alert::{Posted, fingerprint, label_order, message_order};
use crate::config::{Config, Integration, Route, is_label};
use crate::group::{Alert, Group};
use crate::inhibit::Inhibitor;
use crate::sent::{Cause, Log, Notification, Said, sum};
use crate::silence::Silence;
use jiff::{SignedDuration, Timestamp};
use mainstay_promql::Labels;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// What the command line of Alertmanager sets, with its defaults.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// When it started: its periodic tasks count from there.
    pub started: Timestamp,
    /// How often it drops alerts that have ended (`--alerts.gc-interval`).
    pub alert_gc_interval: SignedDuration,
    /// How long it remembers what was sent (`--data.retention`).
    pub retention: SignedDuration,
}

impl Options {
    /// The defaults, started at an instant.
    #[must_use]
    pub fn started(at: Timestamp) -> Self {
        let retention = SignedDuration::from_hours(120);
        Self { started: at, alert_gc_interval: SignedDuration::from_mins(30), retention }
    }
}

/// How often empty groups are taken away (`Dispatcher.run`).
const SWEEP_INTERVAL: SignedDuration = SignedDuration::from_secs(30);
/// How often the notification log drops what is too old (`maintenanceInterval`).
const LOG_INTERVAL: SignedDuration = SignedDuration::from_mins(15);

/// An alert that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which one of those posted, from 0.
    pub index: usize,
    /// Why.
    pub why: &'static str,
}

/// What keeps an alert quiet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suppression {
    /// Ids of silences.
    pub silenced_by: Vec<String>,
    /// The fingerprint of an alert.
    pub inhibited_by: Option<u64>,
}

/// An alert of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its identity.
    pub fingerprint: u64,
    /// Its labels.
    pub labels: Labels,
    /// Since when it fires.
    pub starts_at: Timestamp,
    /// What keeps it quiet.
    pub suppression: Suppression,
}

/// A group of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouped {
    /// Who is told.
    pub receiver: String,
    /// The labels by which it is grouped.
    pub labels: Labels,
    /// Its alerts that fire, in order.
    pub alerts: Vec<Listed>,
}

/// The pipeline.
#[derive(Debug)]
pub struct Simulation<'c> {
    config: &'c Config,
    options: Options,
    now: Timestamp,
    alerts: HashMap<u64, Alert>,
    alerts_swept: i64,
    inhibitor: Inhibitor<'c>,
    silences: Vec<Silence>,
    groups: HashMap<u64, Group>,
    group_of: HashMap<(usize, Labels), u64>,
    groups_made: u64,
    queue: BinaryHeap<Reverse<(Timestamp, u64, Task)>>,
    log: Log,
    log_swept: i64,
    sent: Vec<Notification>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Flush,
    Sweep,
}

impl<'c> Simulation<'c> {
    /// Nothing fires.
    #[must_use]
    pub fn new(config: &'c Config, options: Options) -> Self {
        Self {
            config,
            options,
            now: options.started,
            alerts: HashMap::new(),
            alerts_swept: 0,
            inhibitor: Inhibitor::new(&config.inhibit_rules),
            silences: Vec::new(),
            groups: HashMap::new(),
            group_of: HashMap::new(),
            groups_made: 0,
            queue: BinaryHeap::new(),
            log: Log::default(),
            log_swept: 0,
            sent: Vec::new(),
        }
    }

    /// Posts alerts at an instant, as to `/api/v2/alerts`. Time does not go back: an earlier instant counts as the last one.
    pub fn post(&mut self, at: Timestamp, alerts: impl IntoIterator<Item = Posted>) -> Vec<Refused> {
        self.catch_up(at);
        self.sweep_alerts();
        let mut refused = Vec::new();
        for (index, posted) in alerts.into_iter().enumerate() {
            match accepted(posted, self.now, self.config.resolve_timeout) {
                Ok(alert) => self.put(alert),
                Err(why) => refused.push(Refused { index, why }),
            }
        }
        refused
    }

    /// Sets a silence at an instant. As in Alertmanager it cannot begin in the past, and of two of an id the later counts.
    pub fn silence(&mut self, at: Timestamp, mut silence: Silence) {
        self.catch_up(at);
        silence.starts_at = silence.starts_at.max(self.now);
        self.silences.retain(|other| other.id != silence.id && other.ends_at > self.now);
        self.silences.push(silence);
    }

    /// Ends a silence at an instant.
    pub fn expire(&mut self, at: Timestamp, id: &str) {
        self.catch_up(at);
        self.silences.retain(|silence| silence.id != id);
    }

    /// Lets time pass up to and with an instant.
    pub fn run(&mut self, until: Timestamp) {
        while let Some(Reverse((at, ..))) = self.queue.peek()
            && *at <= until
        {
            self.step();
        }
        self.now = self.now.max(until);
    }

    /// Takes out what was sent since it was last asked.
    pub fn take_sent(&mut self) -> Vec<Notification> {
        std::mem::take(&mut self.sent)
    }

    /// What fires by groups, as `/api/v2/alerts/groups` lists it.
    #[must_use]
    pub fn groups(&self) -> Vec<Grouped> {
        let mut out: Vec<Grouped> = Vec::new();
        for group in self.groups.values() {
            let firing = group.alerts.values().filter(|alert| alert.ends >= self.now);
            let mut alerts: Vec<Listed> = firing.map(|alert| self.listed(alert)).collect();
            if alerts.is_empty() {
                continue;
            }
            alerts.sort_by(|a, b| message_order(&a.labels, &b.labels));
            let receiver = self.config.routes[group.route].receiver.clone();
            out.push(Grouped { receiver, labels: group.labels.clone(), alerts });
        }
        out.sort_by(|a, b| label_order(&a.labels, &b.labels).then_with(|| a.receiver.cmp(&b.receiver)));
        out
    }

    /// What fires, as `/api/v2/alerts` lists it: by fingerprint.
    #[must_use]
    pub fn firing(&self) -> Vec<Listed> {
        let mut out: Vec<Listed> =
            self.alerts.values().filter(|alert| alert.ends >= self.now).map(|alert| self.listed(alert)).collect();
        out.sort_by_key(|alert| alert.fingerprint);
        out
    }

    fn listed(&self, alert: &Alert) -> Listed {
        let silences = self.silences.iter().filter(|silence| silence.covers(&alert.labels, self.now));
        let mut silenced_by: Vec<String> = silences.map(|silence| silence.id.clone()).collect();
        silenced_by.sort();
        let inhibited_by = self.inhibitor.inhibitor_of(&alert.labels, self.now);
        Listed {
            fingerprint: alert.fingerprint,
            labels: alert.labels.clone(),
            starts_at: alert.starts,
            suppression: Suppression { silenced_by, inhibited_by },
        }
    }

    /// Runs every timer before an instant, and sets the clock to it.
    fn catch_up(&mut self, at: Timestamp) {
        while let Some(Reverse((next, ..))) = self.queue.peek()
            && *next < at
        {
            self.step();
        }
        self.now = self.now.max(at);
    }

    fn step(&mut self) {
        let Some(Reverse((at, id, task))) = self.queue.pop() else { return };
        self.now = self.now.max(at);
        let Some(group) = self.groups.get_mut(&id) else { return };
        match task {
            Task::Flush if group.next == at => self.flush(id),
            Task::Flush => {}
            Task::Sweep if group.alerts.is_empty() => {
                let key = (group.route, group.labels.clone());
                self.groups.remove(&id);
                self.group_of.remove(&key);
            }
            Task::Sweep => {}
        }
    }

    fn put(&mut self, mut alert: Alert) {
        if let Some(old) = self.alerts.get(&alert.fingerprint)
            && old.overlaps(&alert)
        {
            alert = old.merged(&alert, self.now);
        }
        self.alerts.insert(alert.fingerprint, alert.clone());
        self.inhibitor.update(alert.fingerprint, &alert.labels, alert.ends, self.now);
        for number in self.config.matching(&alert.labels) {
            self.insert(number, alert.clone());
        }
    }

    fn insert(&mut self, number: usize, alert: Alert) {
        let route = &self.config.routes[number];
        let key = (number, route.group_labels(&alert.labels));
        let (id, is_new) = match self.group_of.get(&key) {
            Some(id) => (*id, false),
            None => {
                self.groups_made += 1;
                let group = Group::new(number, route, key.1.clone(), self.now);
                self.groups.insert(self.groups_made, group);
                self.group_of.insert(key, self.groups_made);
                (self.groups_made, true)
            }
        };
        let Some(group) = self.groups.get_mut(&id) else { return };
        if group.insert(alert, route, self.now) || is_new {
            self.queue.push(Reverse((group.next, id, Task::Flush)));
        }
    }

    fn flush(&mut self, id: u64) {
        let (config, now) = (self.config, self.now);
        let Some(group) = self.groups.get_mut(&id) else { return };
        let route = &config.routes[group.route];
        group.wind(route, now);
        self.queue.push(Reverse((group.next, id, Task::Flush)));
        if group.alerts.is_empty() {
            return;
        }
        self.sweep_log();
        let sent = self.pipeline(id, route);
        self.sent.extend(sent);
        let Some(group) = self.groups.get_mut(&id) else { return };
        // What has resolved is done with, whether somebody was told or it was kept quiet.
        group.alerts.retain(|_, alert| alert.ends > now);
        if group.alerts.is_empty() {
            let next = ticks(self.options.started, now, SWEEP_INTERVAL).saturating_add(1);
            let at = tick(self.options.started, SWEEP_INTERVAL, next);
            self.queue.push(Reverse((at, id, Task::Sweep)));
        }
    }

    /// The stages between a group and its receiver: inhibition, times, silences, and for each integration the log.
    fn pipeline(&mut self, id: u64, route: &Route) -> Vec<Notification> {
        let (now, Some(group)) = (self.now, self.groups.get(&id)) else { return Vec::new() };
        if self.is_muted(route) {
            return Vec::new();
        }
        let is_heard = |alert: &&Alert| {
            self.inhibitor.inhibitor_of(&alert.labels, now).is_none()
                && !self.silences.iter().any(|silence| silence.covers(&alert.labels, now))
        };
        let mut alerts: Vec<&Alert> = group.alerts.values().filter(is_heard).collect();
        if alerts.is_empty() {
            return Vec::new();
        }
        alerts.sort_by(|a, b| message_order(&a.labels, &b.labels));
        let of = |resolved: bool| -> HashSet<u64> {
            alerts.iter().filter(|alert| (alert.ends <= now) == resolved).map(|alert| alert.fingerprint).collect()
        };
        let (firing, resolved) = (of(false), of(true));
        let mut out = Vec::new();
        let integrations = self.config.receiver(&route.receiver).map_or(&[][..], |receiver| &receiver.integrations);
        for integration in integrations {
            let key = format!("{}:{}/{}/{}", group.key, route.receiver, integration.kind, integration.index);
            let times = (now, route.repeat_interval);
            let Some(cause) = self.log.cause(&key, &firing, &resolved, integration.send_resolved, times) else {
                continue;
            };
            out.extend(message(group, route, integration, cause, &alerts, now));
            // The log forgets after twice the repeat interval, but not later than all is forgotten.
            let kept = self.options.retention.min(route.repeat_interval.saturating_mul(2));
            self.log.note(key, firing.clone(), resolved.clone(), (now, kept));
        }
        out
    }

    fn is_muted(&self, route: &Route) -> bool {
        let within = |names: &[String]| {
            let intervals = names.iter().filter_map(|name| self.config.time_intervals.get(name)).flatten();
            intervals.into_iter().any(|interval| interval.contains(self.now))
        };
        let active = &route.active_time_intervals;
        !active.is_empty() && !within(active) || within(&route.mute_time_intervals)
    }

    /// Drops alerts that had ended at the last tick before now: what is posted from then on is not merged with them.
    fn sweep_alerts(&mut self) {
        let ticks = ticks(self.options.started, self.now, self.options.alert_gc_interval);
        if ticks > self.alerts_swept {
            self.alerts_swept = ticks;
            let at = tick(self.options.started, self.options.alert_gc_interval, ticks);
            self.alerts.retain(|_, alert| alert.ends > at);
        }
    }

    fn sweep_log(&mut self) {
        let ticks = ticks(self.options.started, self.now, LOG_INTERVAL);
        if ticks > self.log_swept {
            self.log_swept = ticks;
            self.log.forget(tick(self.options.started, LOG_INTERVAL, ticks));
        }
    }
}

/// How many times a task has run.
fn ticks(started: Timestamp, now: Timestamp, interval: SignedDuration) -> i64 {
    let interval = interval.as_millis().max(1);
    i64::try_from(now.duration_since(started).as_millis() / interval).unwrap_or(i64::MAX)
}

/// When a task runs for the n-th time.
fn tick(started: Timestamp, interval: SignedDuration, n: i64) -> Timestamp {
    let millis = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).saturating_mul(n);
    sum(started, SignedDuration::from_millis(millis))
}

/// The message of an integration, unless it is only of what has resolved and the integration does not say that.
fn message(
    group: &Group,
    route: &Route,
    integration: &Integration,
    cause: Cause,
    alerts: &[&Alert],
    now: Timestamp,
) -> Option<Notification> {
    let said = alerts.iter().filter(|alert| integration.send_resolved || alert.ends > now);
    let mut said: Vec<Said> = said
        .map(|alert| Said {
            labels: alert.labels.clone(),
            starts_at: alert.starts,
            ended: Some(alert.ends).filter(|ends| *ends <= now),
        })
        .collect();
    if said.is_empty() {
        return None;
    }
    let full = if integration.alerts_max == 0 { said.len() } else { integration.alerts_max };
    let truncated = said.len().saturating_sub(full);
    said.truncate(full);
    Some(Notification {
        at: now,
        route: group.route,
        receiver: route.receiver.clone(),
        integration: format!("{}[{}]", integration.kind, integration.index),
        group_labels: group.labels.clone(),
        group_key: group.key.clone(),
        cause,
        alerts: said,
        truncated,
    })
}

/// What is taken of a posted alert: start and end are filled in where they are not said.
pub(crate) fn accepted(posted: Posted, now: Timestamp, resolve_timeout: SignedDuration) -> Result<Alert, &'static str> {
    let (starts, ends) = match (posted.starts_at, posted.ends_at) {
        (None, None) => (now, None),
        (None, Some(end)) => (end, Some(end)),
        (Some(start), end) => (start, end),
    };
    let timeout = ends.is_none();
    let ends = ends.unwrap_or_else(|| sum(now, resolve_timeout));
    if ends < starts {
        return Err("it ends, or would end by the resolve timeout, before it starts");
    }
    if posted.labels.is_empty() {
        return Err("at least one label pair required");
    }
    if posted.labels.iter().any(|(name, _)| !is_label(name)) {
        return Err("a label's name has letters, digits and underscores");
    }
    Ok(Alert { fingerprint: fingerprint(&posted.labels), labels: posted.labels, starts, ends, timeout })
}
