//! What facts about vulnerabilities fold into.

use jiff::Timestamp;
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{
    PromiseMade, PromiseWithdrawn, VulnerabilityAccepted, VulnerabilityExploited, VulnerabilityFixed,
    VulnerabilityFound,
};
use mainstay_model::{FactData, Promise, PromiseKind, Recorded};
use serde::{Deserialize, Serialize};

/// One vulnerability on one asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VulnerablePair {
    /// What was found, in its newest form.
    pub found: VulnerabilityFound,
    /// When it was seen first; one found again after a fix keeps it.
    pub first_seen: Timestamp,
    /// When it was seen last by a statement.
    pub last_found: Timestamp,
    /// How often it came back after a verified fix.
    pub reopened: u32,
    /// When a scan verified that it is gone, with nothing found since. An asset that vanished has none.
    pub fixed: Option<Timestamp>,
    /// Who accepted the risk, and when, oldest first.
    pub accepted: Vec<(Timestamp, VulnerabilityAccepted)>,
}

/// Where a pair stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PairState {
    /// Not fixed.
    Open,
    /// Fixed, as a scan says.
    Fixed,
}

impl PairState {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fixed => "fixed",
        }
    }
}

impl VulnerablePair {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> PairState {
        if self.fixed.is_some() { PairState::Fixed } else { PairState::Open }
    }

    /// Whether the acceptance that was the newest at a time covers that time.
    #[must_use]
    pub fn is_accepted(&self, at: Timestamp) -> bool {
        let newest = self.accepted.iter().rev().find(|(from, _)| *from <= at);
        newest.is_some_and(|(_, accepted)| at <= accepted.until)
    }
}

impl Entity for VulnerablePair {
    const TABLE: &'static str = "vulnerable_pair";

    const TYPES: &'static [&'static str] =
        &[VulnerabilityFound::TYPE, VulnerabilityFixed::TYPE, VulnerabilityAccepted::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("vulnerability", Kind::Text),
        ("asset", Kind::Text),
        ("severity", Kind::Text),
        ("first_seen", Kind::Time),
        ("fixed", Kind::Time),
        ("packages", Kind::Text),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let (first_seen, found) = facts.iter().find_map(|r| Some((r.fact.time, VulnerabilityFound::read(&r.fact)?)))?;
        let mut out =
            Self { found, first_seen, last_found: first_seen, reopened: 0, fixed: None, accepted: Vec::new() };
        for Recorded { fact, .. } in facts {
            let at = fact.time;
            if let Some(data) = VulnerabilityFound::read(fact) {
                out.reopened += u32::from(out.fixed.take().is_some());
                (out.found, out.last_found) = (data, at);
            } else if let Some(data) = VulnerabilityFixed::read(fact) {
                // A fix said before the thing was ever seen fixes nothing.
                if data.verified && at >= first_seen {
                    out.fixed.get_or_insert(at);
                }
            } else if let Some(data) = VulnerabilityAccepted::read(fact) {
                out.accepted.push((at, data));
            }
        }
        Some(out)
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.state().as_str().into(),
            self.found.vulnerability.as_str().into(),
            self.found.asset.as_str().into(),
            self.found.severity.as_str().into(),
            Cell::Time(self.first_seen),
            self.fixed.into(),
            self.found.packages.join(", ").as_str().into(),
        ]
    }

    /// For ever: a known-exploited date or a long promise can put the due date far behind the fix.
    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.first_seen, None)
    }
}

/// A vulnerability that is known to be exploited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exploited {
    /// The newest statement.
    pub statement: VulnerabilityExploited,
    /// When it was first said to be exploited.
    pub since: Timestamp,
}

impl Entity for Exploited {
    const TABLE: &'static str = "exploited";

    const TYPES: &'static [&'static str] = &[VulnerabilityExploited::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] =
        &[("vulnerability", Kind::Text), ("due", Kind::Time), ("since", Kind::Time)];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let since = facts.first()?.fact.time;
        let statement = facts.iter().rev().find_map(|r| VulnerabilityExploited::read(&r.fact))?;
        Some(Self { statement, since })
    }

    fn cells(&self) -> Vec<Cell> {
        vec![self.statement.vulnerability.as_str().into(), Cell::Time(self.statement.due), Cell::Time(self.since)]
    }

    /// It overrides due dates of whatever time.
    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (Timestamp::MIN, None)
    }
}

/// A promise to fix vulnerabilities of a severity within so many days, as it stood over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlaPromise {
    /// The promise from each time on; `None` from where it was withdrawn.
    pub history: Vec<(Timestamp, Option<Promise>)>,
}

impl SlaPromise {
    /// The promise as it stood at a time.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<&Promise> {
        let behind = self.history.partition_point(|(from, _)| *from <= at);
        self.history[..behind].last()?.1.as_ref()
    }
}

impl Entity for SlaPromise {
    const TABLE: &'static str = "vulnerability_sla";

    const TYPES: &'static [&'static str] = &[PromiseMade::TYPE, PromiseWithdrawn::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] =
        &[("subject", Kind::Text), ("severity", Kind::Text), ("days", Kind::Integer)];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let mut history: Vec<(Timestamp, Option<Promise>)> = Vec::new();
        for Recorded { fact, .. } in facts {
            if let Some(made) = PromiseMade::read(fact) {
                let ours = matches!(made.promise.kind, PromiseKind::VulnerabilitySla { .. });
                history.push((fact.time, ours.then_some(made.promise)));
            } else if PromiseWithdrawn::read(fact).is_some() {
                history.push((fact.time, None));
            }
        }
        history.iter().any(|(_, promise)| promise.is_some()).then_some(Self { history })
    }

    fn cells(&self) -> Vec<Cell> {
        let Some(promise) = self.history.last().and_then(|(_, promise)| promise.as_ref()) else {
            return vec![Cell::Null, Cell::Null, Cell::Null];
        };
        let PromiseKind::VulnerabilitySla { severity, days } = &promise.kind else {
            return vec![promise.subject.as_str().into(), Cell::Null, Cell::Null];
        };
        vec![promise.subject.as_str().into(), severity.as_str().into(), Cell::Integer((*days).into())]
    }

    /// It sets due dates long after it was made or withdrawn.
    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.history.first().map_or(Timestamp::MIN, |(at, _)| *at), None)
    }
}
