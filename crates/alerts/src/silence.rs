//! Silences.

use crate::matcher::Matcher;
use jiff::Timestamp;
use mainstay_promql::Labels;

/// Keeps quiet what meets its matchers, for a time.
#[derive(Debug, Clone)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// What an alert must meet.
    pub matchers: Vec<Matcher>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when; this instant is no longer part of it.
    pub ends_at: Timestamp,
}

impl Silence {
    /// Whether it is in force and covers the labels.
    #[must_use]
    pub fn covers(&self, labels: &Labels, at: Timestamp) -> bool {
        self.starts_at <= at && at < self.ends_at && self.matchers.iter().all(|matcher| matcher.matches(labels))
    }
}
