//! `alertmanager.yml`: what it may say, and what it says.

pub(crate) mod forms;
mod http;
mod notifiers;
mod read;
pub(crate) mod shape;

pub(crate) use forms::is_label;
pub use read::{Reading, read};

use crate::interval::TimeInterval;
use crate::matcher::Matcher;
use jiff::SignedDuration;
use mainstay_model::Place;
use mainstay_promql::Labels;
use std::collections::BTreeMap;

/// A configuration that Alertmanager would run with.
#[derive(Debug, Clone)]
pub struct Config {
    /// After how long an alert without end counts as resolved unless it is sent again.
    pub resolve_timeout: SignedDuration,
    /// The routes, each before those below it; the first is the root.
    pub routes: Vec<Route>,
    /// Who can be told.
    pub receivers: Vec<Receiver>,
    /// What keeps what quiet.
    pub inhibit_rules: Vec<InhibitRule>,
    /// Named times.
    pub time_intervals: BTreeMap<String, Vec<TimeInterval>>,
}

/// A route, with what it inherits filled in.
#[derive(Debug, Clone)]
pub struct Route {
    /// The route that it stands below.
    pub parent: Option<usize>,
    /// The routes right below it, in order.
    pub children: Vec<usize>,
    /// What an alert must meet, in Alertmanager's order.
    pub matchers: Vec<Matcher>,
    /// Whether routes behind it on the same level are tried as well.
    pub continues: bool,
    /// Who is told.
    pub receiver: String,
    /// The labels whose values part groups, sorted; `None` for all of them (`...`).
    pub group_by: Option<Vec<String>>,
    /// How long a new group waits for more.
    pub group_wait: SignedDuration,
    /// How long until a group is looked at again.
    pub group_interval: SignedDuration,
    /// After how long the same is said again.
    pub repeat_interval: SignedDuration,
    /// Names of times at which nothing is sent.
    pub mute_time_intervals: Vec<String>,
    /// Names of the only times at which something is sent; always, where there are none.
    pub active_time_intervals: Vec<String>,
    /// Alertmanager's key of the route: the matchers from the root down.
    pub key: String,
    /// Where it stands.
    pub place: Place,
}

/// Somebody who can be told, in any number of ways.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// In which ways.
    pub integrations: Vec<Integration>,
    /// Where it stands.
    pub place: Place,
}

/// A way to tell somebody.
#[derive(Debug, Clone)]
pub struct Integration {
    /// What it is: `webhook`, `pagerduty`.
    pub kind: &'static str,
    /// Its number among those of its kind, from 0.
    pub index: usize,
    /// Whether it says that alerts resolved.
    pub send_resolved: bool,
    /// How many alerts one message has at most; 0 for any number.
    pub alerts_max: usize,
    /// Where it stands.
    pub place: Place,
}

/// While an alert of the sources fires, those targets that have the same values for some labels are kept quiet.
#[derive(Debug, Clone)]
pub struct InhibitRule {
    /// What a source meets.
    pub sources: Vec<Matcher>,
    /// What a target meets.
    pub targets: Vec<Matcher>,
    /// The labels that must be equal, sorted. One that is missing in both is equal.
    pub equal: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

impl Config {
    /// The routes that take an alert, in order. There is always one: the root takes what no other does.
    #[must_use]
    pub fn matching(&self, labels: &Labels) -> Vec<usize> {
        let mut found = Vec::new();
        self.descend(0, labels, &mut found);
        found
    }

    fn descend(&self, at: usize, labels: &Labels, found: &mut Vec<usize>) -> bool {
        let route = &self.routes[at];
        if !route.matchers.iter().all(|matcher| matcher.matches(labels)) {
            return false;
        }
        let before = found.len();
        for child in &route.children {
            if self.descend(*child, labels, found) && !self.routes[*child].continues {
                break;
            }
        }
        if found.len() == before {
            found.push(at);
        }
        true
    }

    /// A receiver by its name.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == name)
    }
}

impl Route {
    /// The labels by which an alert is grouped here.
    #[must_use]
    pub fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.group_by {
            None => labels.clone(),
            Some(names) => labels.filter(|name| names.binary_search_by(|other| other.as_str().cmp(name)).is_ok()),
        }
    }
}
