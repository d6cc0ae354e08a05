//! What facts about changes fold into: changes, drift, which is a change that nobody authorised, and proposals to let changes
//! rest.

mod freeze;

pub use freeze::Freeze;

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{
    ChangeApproved, ChangeCancelled, ChangeCompleted, ChangeFailureLinked, ChangeKind, ChangeOutcome, ChangeProposed,
    ChangeStarted, Confidence, ResourceDrifted, ResourceReconciled,
};
use mainstay_model::{FactData, Recorded, Subject};
use serde::{Deserialize, Serialize};

/// The only environment that counts for KPI 1.
pub const PRODUCTION: &str = "production";

/// A proposed or made modification of the estate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The first thing that is known of it.
    pub first: Timestamp,
    /// What was proposed, in its newest form.
    pub proposed: Option<ChangeProposed>,
    /// When it was proposed first.
    pub proposed_at: Option<Timestamp>,
    /// Who allowed it, and when.
    pub approvals: Vec<(Timestamp, ChangeApproved)>,
    /// When it began to run, and where.
    pub started: Option<(Timestamp, ChangeStarted)>,
    /// When it ran to its end, and how. Of several statements the last one in production counts, else the last one.
    pub completed: Option<(Timestamp, ChangeCompleted)>,
    /// When it was called off, and why.
    pub cancelled: Option<(Timestamp, ChangeCancelled)>,
    /// The failures that it is, may be, or after all is not to blame for: the newest statement about each, by failure.
    pub failures: Vec<ChangeFailureLinked>,
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeState {
    /// Proposed, not yet allowed.
    Proposed,
    /// Allowed, not yet begun.
    Approved,
    /// Running.
    Started,
    /// Ran to its end as meant.
    Succeeded,
    /// Ran to its end in an error.
    Failed,
    /// Called off.
    Cancelled,
}

impl ChangeState {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Change {
    /// Where it stands. What was executed stays executed, though somebody called it off afterwards.
    #[must_use]
    pub fn state(&self) -> ChangeState {
        match (&self.completed, &self.cancelled, &self.started) {
            (Some((_, completed)), _, _) if completed.outcome == ChangeOutcome::Failed => ChangeState::Failed,
            (Some(_), _, _) => ChangeState::Succeeded,
            (None, Some(_), _) => ChangeState::Cancelled,
            (None, None, Some(_)) => ChangeState::Started,
            (None, None, None) if self.approvals.is_empty() => ChangeState::Proposed,
            (None, None, None) => ChangeState::Approved,
        }
    }

    /// The change that this one mends, by key, where it was executed and mends one.
    #[must_use]
    pub fn mends(&self) -> Option<&str> {
        self.completed.as_ref().and_then(|(_, completed)| completed.remedies.as_ref()).map(Subject::as_str)
    }

    /// What is changed, where known.
    #[must_use]
    pub fn service(&self) -> Option<&Subject> {
        let completed = self.completed.as_ref().and_then(|(_, c)| c.service.as_ref());
        completed.or_else(|| self.started.as_ref().and_then(|(_, s)| s.service.as_ref()))
    }

    /// Where it runs or ran, where known.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        let completed = self.completed.as_ref().map(|(_, c)| c.environment.as_str());
        completed.or_else(|| self.started.as_ref().map(|(_, s)| s.environment.as_str()))
    }

    /// What it is about, in a line; empty where nobody proposed it.
    #[must_use]
    pub fn title(&self) -> &str {
        self.proposed.as_ref().map_or("", |proposed| proposed.title.as_str())
    }

    /// Where to look: the pipeline run, else where it was proposed.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        let run = self.completed.as_ref().and_then(|(_, c)| c.link.as_deref());
        run.or_else(|| self.proposed.as_ref().and_then(|p| p.link.as_deref()))
    }
}

impl Entity for Change {
    const TABLE: &'static str = "change";

    const TYPES: &'static [&'static str] = &[
        ChangeProposed::TYPE,
        ChangeApproved::TYPE,
        ChangeStarted::TYPE,
        ChangeCompleted::TYPE,
        ChangeCancelled::TYPE,
        ChangeFailureLinked::TYPE,
    ];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("environment", Kind::Text),
        ("service", Kind::Text),
        ("title", Kind::Text),
        ("completed", Kind::Time),
        ("failures", Kind::Integer),
    ];

    fn fold(key: &str, facts: &[Recorded]) -> Option<Self> {
        // Links on a drifted resource have the same type; they belong to the drift.
        if !key.starts_with("change:") {
            return None;
        }
        let mut out = Self {
            first: facts.first()?.fact.time,
            proposed: None,
            proposed_at: None,
            approvals: Vec::new(),
            started: None,
            completed: None,
            cancelled: None,
            failures: Vec::new(),
        };
        for Recorded { fact, .. } in facts {
            let at = fact.time;
            if let Some(data) = ChangeProposed::read(fact) {
                out.proposed_at.get_or_insert(at);
                out.proposed = Some(data);
            } else if let Some(data) = ChangeApproved::read(fact) {
                out.approvals.push((at, data));
            } else if let Some(data) = ChangeStarted::read(fact) {
                out.started.get_or_insert((at, data));
            } else if let Some(data) = ChangeCompleted::read(fact) {
                let in_production = |c: &ChangeCompleted| c.environment == PRODUCTION;
                if in_production(&data) || !out.completed.as_ref().is_some_and(|(_, c)| in_production(c)) {
                    out.completed = Some((at, data));
                }
            } else if let Some(data) = ChangeCancelled::read(fact) {
                out.cancelled = Some((at, data));
            } else if let Some(data) = ChangeFailureLinked::read(fact) {
                newest_link(&mut out.failures, data);
            }
        }
        // A link alone says nothing of the change itself.
        let known = out.proposed.is_some()
            || !out.approvals.is_empty()
            || out.started.is_some()
            || out.completed.is_some()
            || out.cancelled.is_some();
        known.then_some(out)
    }

    fn cells(&self) -> Vec<Cell> {
        let blamed = self.failures.iter().filter(|link| link.confidence != Confidence::Rejected).count();
        vec![
            self.state().as_str().into(),
            self.environment().map_or(Cell::Null, Cell::from),
            self.service().map_or(Cell::Null, |service| service.as_str().into()),
            self.title().into(),
            self.completed.as_ref().map(|(at, _)| *at).into(),
            Cell::Integer(i64::try_from(blamed).unwrap_or(i64::MAX)),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        // One that failed stays in view: a rollback or fix in any window must not be blamed for its failures.
        if !self.failures.is_empty() {
            return (Timestamp::MIN, None);
        }
        let last = self.completed.as_ref().map(|(at, _)| *at).or(self.cancelled.as_ref().map(|(at, _)| *at));
        (self.first, last.map(just_behind))
    }
}

/// Puts a statement in the place of an older one about the same failure.
fn newest_link(links: &mut Vec<ChangeFailureLinked>, link: ChangeFailureLinked) {
    match links.binary_search_by(|known| known.failure.cmp(&link.failure)) {
        Ok(index) => links[index] = link,
        Err(index) => links.insert(index, link),
    }
}

fn just_behind(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_micros(1)).unwrap_or(at)
}

/// The drifts of one live resource. Each drift that nobody authorised is an executed change that no pipeline recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftedResource {
    /// The drifts, oldest first.
    pub drifts: Vec<Drift>,
}

/// One drift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// When it was seen.
    pub at: Timestamp,
    /// What was seen.
    pub drifted: ResourceDrifted,
    /// When the resource agreed with its code again.
    pub reconciled: Option<Timestamp>,
    /// The failures that it is, may be, or is not to blame for, by failure.
    pub failures: Vec<ChangeFailureLinked>,
}

impl Entity for DriftedResource {
    const TABLE: &'static str = "drifted_resource";

    const TYPES: &'static [&'static str] =
        &[ResourceDrifted::TYPE, ResourceReconciled::TYPE, ChangeFailureLinked::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] =
        &[("drifted", Kind::Time), ("environment", Kind::Text), ("reconciled", Kind::Time), ("drifts", Kind::Integer)];

    /// A link's subject is the resource. It belongs to the drift that was the newest when the failure was first linked;
    /// later statements about the same failure stay with that drift.
    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let mut drifts: Vec<Drift> = Vec::new();
        for Recorded { fact, .. } in facts {
            let at = fact.time;
            if let Some(drifted) = ResourceDrifted::read(fact) {
                drifts.push(Drift { at, drifted, reconciled: None, failures: Vec::new() });
            } else if ResourceReconciled::read(fact).is_some() {
                drifts
                    .iter_mut()
                    .filter(|drift| drift.reconciled.is_none())
                    .for_each(|drift| drift.reconciled = Some(at));
            } else if let Some(link) = ChangeFailureLinked::read(fact) {
                let known = drifts.iter().position(|drift| drift.failures.iter().any(|f| f.failure == link.failure));
                if let Some(index) = known.or(drifts.len().checked_sub(1)) {
                    newest_link(&mut drifts[index].failures, link);
                }
            }
        }
        (!drifts.is_empty()).then_some(Self { drifts })
    }

    fn cells(&self) -> Vec<Cell> {
        let last = self.drifts.last();
        vec![
            last.map(|drift| drift.at).into(),
            last.and_then(|drift| drift.drifted.environment.clone()).into(),
            last.and_then(|drift| drift.reconciled).into(),
            Cell::Integer(i64::try_from(self.drifts.len()).unwrap_or(i64::MAX)),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let first = self.drifts.first().map_or(Timestamp::UNIX_EPOCH, |drift| drift.at);
        let last = self.drifts.last().map_or(first, |drift| drift.reconciled.unwrap_or(Timestamp::MAX));
        (first, (last < Timestamp::MAX).then(|| just_behind(last)))
    }
}

/// Whether the change counts for KPI 1 by its kind.
#[must_use]
pub(crate) fn is_infrastructure(completed: &ChangeCompleted) -> bool {
    completed.kind == ChangeKind::Infrastructure
}
