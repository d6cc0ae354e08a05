//! What a proposed change would have done to recorded history: pages that would not have been, and incidents that would have
//! been found later or not at all.
//!
//! What is recorded is replayed exactly. What is not recorded is named as unknown and is in no figure: short stretches in
//! which a condition held for less than today's `for:`, and conditions over samples that nobody kept.

mod change;
mod outcome;
mod rule;
mod transform;

pub use change::{Change, ChangeReading, Files, read_change};
pub use outcome::{Delay, IncidentOutcome, Replay, RuleOutcome, Unknown, Verdict, replay};

use jiff::Timestamp;
use mainstay_promql::Labels;

/// A recorded episode: one alert from one start to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Its id.
    pub id: String,
    /// Its labels.
    pub labels: Labels,
    /// When it began to fire.
    pub fired: Timestamp,
    /// When it resolved, where it did.
    pub resolved: Option<Timestamp>,
    /// Who was told, and when.
    pub told: Vec<(Timestamp, String)>,
    /// When it was silenced, and until when.
    pub silences: Vec<(Timestamp, Timestamp)>,
    /// The incidents that were declared on it.
    pub incidents: Vec<String>,
}

impl Episode {
    /// The name of its rule.
    #[must_use]
    pub fn rule(&self) -> &str {
        self.labels.get("alertname")
    }
}
