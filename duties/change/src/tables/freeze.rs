//! What facts about freezes fold into.

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{FreezeLifted, FreezeProposed};
use mainstay_model::{FactData, Recorded, Subject};
use serde::{Deserialize, Serialize};

/// A proposal to let changes of services rest. It holds nobody up by itself: whoever answers for changes decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Freeze {
    /// What was proposed.
    pub proposed: FreezeProposed,
    /// Since when.
    pub since: Timestamp,
    /// When its reason was gone, and what it was.
    pub lifted: Option<(Timestamp, FreezeLifted)>,
}

impl Entity for Freeze {
    const TABLE: &'static str = "freeze_proposal";

    const TYPES: &'static [&'static str] = &[FreezeProposed::TYPE, FreezeLifted::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("services", Kind::Text),
        ("reason", Kind::Text),
        ("owner", Kind::Text),
        ("since", Kind::Time),
        ("lifted", Kind::Time),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let (since, proposed) = facts.iter().find_map(|r| Some((r.fact.time, FreezeProposed::read(&r.fact)?)))?;
        let lifted = facts.iter().rev().find_map(|r| Some((r.fact.time, FreezeLifted::read(&r.fact)?)));
        Some(Self { proposed, since, lifted })
    }

    fn cells(&self) -> Vec<Cell> {
        let services: Vec<&str> = self.proposed.services.iter().map(Subject::as_str).collect();
        vec![
            if self.lifted.is_some() { "lifted" } else { "proposed" }.into(),
            services.join(" ").as_str().into(),
            self.proposed.reason.as_str().into(),
            self.proposed.owner.as_ref().map_or(Cell::Null, |owner| owner.as_str().into()),
            Cell::Time(self.since),
            self.lifted.as_ref().map(|(at, _)| *at).into(),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let end = self.lifted.as_ref().map(|(at, _)| (*at).max(self.since));
        (self.since, end.and_then(|at| at.checked_add(SignedDuration::from_micros(1)).ok()))
    }
}
