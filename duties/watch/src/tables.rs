//! What facts about alerts and objectives fold into.

mod budget;
mod endpoint;

pub use budget::{BudgetPolicy, Objective, PlannedWork};
pub use endpoint::{Endpoint, SAID_AGAIN};

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{
    AlertAcknowledged, AlertActedOn, AlertEvidence, AlertFired, AlertNotified, AlertResolved, AlertSilenced,
};
use mainstay_model::{FactData, Recorded};
use serde::{Deserialize, Serialize};

/// One fingerprint from one start to its end. However often it was repeated, it is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertEpisode {
    /// What fired, in its newest form.
    pub alert: AlertFired,
    /// When it began to fire.
    pub fired: Timestamp,
    /// When it stopped, where it did.
    pub resolved: Option<Timestamp>,
    /// Who was told, and when.
    pub notified: Vec<(Timestamp, AlertNotified)>,
    /// Who saw it, and when.
    pub acknowledged: Vec<(Timestamp, AlertAcknowledged)>,
    /// What shows that somebody acted, and when.
    pub acted: Vec<(Timestamp, AlertActedOn)>,
    /// What silenced it, and from when.
    pub silences: Vec<(Timestamp, AlertSilenced)>,
}

/// What an episode turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertClass {
    /// A watchdog, which always fires.
    Watchdog,
    /// A test of the pipe.
    Test,
    /// Silenced before anyone was told.
    Silenced,
    /// Nobody was told.
    NotNotified,
    /// Somebody acted on it.
    Actionable,
    /// It went away by itself and nobody acknowledged it, or the responder says that it needed nothing.
    Noise,
    /// Neither is shown: acknowledged without action, or still firing.
    Unclassified,
}

impl AlertClass {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Watchdog => "watchdog",
            Self::Test => "test",
            Self::Silenced => "silenced",
            Self::NotNotified => "not notified",
            Self::Actionable => "actionable",
            Self::Noise => "noise",
            Self::Unclassified => "unclassified",
        }
    }
}

impl AlertEpisode {
    /// What it turned out to be.
    #[must_use]
    pub fn class(&self) -> AlertClass {
        if self.alert.watchdog {
            return AlertClass::Watchdog;
        }
        if self.alert.test {
            return AlertClass::Test;
        }
        let Some((told, _)) = self.notified.first() else {
            return if self.silences.is_empty() { AlertClass::NotNotified } else { AlertClass::Silenced };
        };
        if self.silences.iter().any(|(from, silence)| from <= told && *told < silence.until) {
            return AlertClass::Silenced;
        }
        let is_deed = |evidence| !matches!(evidence, AlertEvidence::Useful | AlertEvidence::Noise);
        let verdict = self.acted.iter().rev().map(|(_, acted)| acted.evidence).find(|evidence| !is_deed(*evidence));
        if self.acted.iter().any(|(_, acted)| is_deed(acted.evidence)) || verdict == Some(AlertEvidence::Useful) {
            return AlertClass::Actionable;
        }
        let left_alone = self.resolved.is_some() && self.acknowledged.is_empty();
        if left_alone || verdict == Some(AlertEvidence::Noise) { AlertClass::Noise } else { AlertClass::Unclassified }
    }
}

impl Entity for AlertEpisode {
    const TABLE: &'static str = "alert_episode";

    const TYPES: &'static [&'static str] = &[
        AlertFired::TYPE,
        AlertResolved::TYPE,
        AlertNotified::TYPE,
        AlertAcknowledged::TYPE,
        AlertActedOn::TYPE,
        AlertSilenced::TYPE,
    ];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("rule", Kind::Text),
        ("class", Kind::Text),
        ("severity", Kind::Text),
        ("service", Kind::Text),
        ("team", Kind::Text),
        ("fired", Kind::Time),
        ("resolved", Kind::Time),
        ("lasted_s", Kind::Integer),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        // The first statement says since when, the newest what; nearly every episode is stated once.
        let mut stated = facts.iter().filter_map(|r| Some((r.fact.time, AlertFired::read(&r.fact)?)));
        let (fired, first) = stated.next()?;
        let alert = stated.next_back().map_or(first, |(_, newest)| newest);
        let mut out = Self {
            alert,
            fired,
            resolved: None,
            notified: Vec::new(),
            acknowledged: Vec::new(),
            acted: Vec::new(),
            silences: Vec::new(),
        };
        for Recorded { fact, .. } in facts {
            let at = fact.time;
            if AlertResolved::read(fact).is_some() {
                out.resolved = Some(at);
            } else if let Some(data) = AlertNotified::read(fact) {
                out.notified.push((at, data));
            } else if let Some(data) = AlertAcknowledged::read(fact) {
                out.acknowledged.push((at, data));
            } else if let Some(data) = AlertActedOn::read(fact) {
                out.acted.push((at, data));
            } else if let Some(data) = AlertSilenced::read(fact) {
                out.silences.push((at, data));
            }
        }
        Some(out)
    }

    fn cells(&self) -> Vec<Cell> {
        let text =
            |subject: &Option<mainstay_model::Subject>| subject.as_ref().map_or(Cell::Null, |s| s.as_str().into());
        vec![
            self.alert.rule.as_str().into(),
            self.class().as_str().into(),
            self.alert.severity.map_or(Cell::Null, |severity| severity.as_str().into()),
            text(&self.alert.service),
            text(&self.alert.team),
            Cell::Time(self.fired),
            self.resolved.into(),
            self.resolved.map_or(Cell::Null, |at| Cell::Integer(at.duration_since(self.fired).as_secs().max(0))),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let end = self.resolved.and_then(|at| at.max(self.fired).checked_add(SignedDuration::from_micros(1)).ok());
        (self.fired, end)
    }
}
