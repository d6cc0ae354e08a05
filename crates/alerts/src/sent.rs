//! What is sent, and the log that keeps it from being sent twice.

use jiff::{SignedDuration, Timestamp};
use mainstay_promql::Labels;
use std::collections::{HashMap, HashSet};

/// A message to a receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// When.
    pub at: Timestamp,
    /// The route, as a number of [`crate::Config::routes`].
    pub route: usize,
    /// To whom.
    pub receiver: String,
    /// In which way: `webhook[0]`.
    pub integration: String,
    /// The labels by which its alerts are grouped.
    pub group_labels: Labels,
    /// Alertmanager's key of the group.
    pub group_key: String,
    /// Why it was sent.
    pub cause: Cause,
    /// What it says, in the order of the message.
    pub alerts: Vec<Said>,
    /// How many alerts were left out because a message is full.
    pub truncated: usize,
}

impl Notification {
    /// Whether an alert of the message fires.
    #[must_use]
    pub fn is_firing(&self) -> bool {
        self.alerts.iter().any(|alert| alert.ended.is_none())
    }
}

/// Why a message was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Something fires that the receiver does not know of.
    Fired,
    /// Something that it knows of has resolved, and nothing new fires.
    Resolved,
    /// Nothing has changed for the repeat interval.
    Repeated,
}

/// An alert of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its labels.
    pub labels: Labels,
    /// Since when it fires.
    pub starts_at: Timestamp,
    /// When it resolved, where it did.
    pub ended: Option<Timestamp>,
}

/// The notification log: what each receiver of each group was told last.
#[derive(Debug, Default)]
pub struct Log {
    entries: HashMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    at: Timestamp,
    expires: Timestamp,
    firing: HashSet<u64>,
    resolved: HashSet<u64>,
}

impl Log {
    /// Why a group is to be told of now, or nothing.
    pub fn cause(
        &self,
        key: &str,
        firing: &HashSet<u64>,
        resolved: &HashSet<u64>,
        send_resolved: bool,
        (now, repeat): (Timestamp, SignedDuration),
    ) -> Option<Cause> {
        let Some(entry) = self.entries.get(key) else {
            return (!firing.is_empty()).then_some(Cause::Fired);
        };
        if !firing.is_subset(&entry.firing) {
            return Some(Cause::Fired);
        }
        // Also where nobody is told of it, so that the log forgets what fired.
        if firing.is_empty() {
            return (!entry.firing.is_empty()).then_some(Cause::Resolved);
        }
        if send_resolved && !resolved.is_subset(&entry.resolved) {
            return Some(Cause::Resolved);
        }
        (entry.at < sum(now, -repeat)).then_some(Cause::Repeated)
    }

    /// Notes what was told.
    pub fn note(
        &mut self,
        key: String,
        firing: HashSet<u64>,
        resolved: HashSet<u64>,
        (now, kept): (Timestamp, SignedDuration),
    ) {
        self.entries.insert(key, Entry { at: now, expires: sum(now, kept), firing, resolved });
    }

    /// Forgets what is too old.
    pub fn forget(&mut self, now: Timestamp) {
        self.entries.retain(|_, entry| entry.expires > now);
    }
}

/// An instant later or earlier; the end of time stays it.
pub(crate) fn sum(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}
