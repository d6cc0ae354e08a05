//! What belongs to no duty: facts, the ledger, people, and what was collected when.

use crate::entity::{Cell, Entity, Kind};
use crate::lists::{list_operation, show_operation};
use crate::{Duty, EntityKind, Operation, people, record};
use mainstay_model::facts::CollectionFinished;
use mainstay_model::{FactData, Recorded, Timestamp};
use serde::{Deserialize, Serialize};

/// The foundation's own declarations, in the form of a duty.
pub struct Base;

/// The newest collection of one origin by one connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    /// What it did.
    pub last: CollectionFinished,
    /// When it ended.
    pub at: Timestamp,
    /// When one was complete the last time.
    pub complete_at: Option<Timestamp>,
    /// Facts that all of them brought.
    pub new_total: u64,
}

impl Entity for Collection {
    const TABLE: &'static str = "collection";
    const TYPES: &'static [&'static str] = &[CollectionFinished::TYPE];
    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("connector", Kind::Text),
        ("origin", Kind::Text),
        ("complete", Kind::Text),
        ("at", Kind::Time),
        ("new_total", Kind::Integer),
        ("errors", Kind::Integer),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let all: Vec<(Timestamp, CollectionFinished)> =
            facts.iter().filter_map(|r| Some((r.fact.time, CollectionFinished::read(&r.fact)?))).collect();
        let (at, last) = all.last().cloned()?;
        let complete_at = all.iter().rev().find(|(_, one)| one.complete).map(|(at, _)| *at);
        let new_total = all.iter().map(|(_, one)| one.new).sum();
        Some(Self { last, at, complete_at, new_total })
    }

    fn cells(&self) -> Vec<Cell> {
        let number = |count: u64| Cell::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        vec![
            self.last.connector.as_str().into(),
            self.last.origin.as_str().into(),
            if self.last.complete { "yes" } else { "no" }.into(),
            Cell::Time(self.at),
            number(self.new_total),
            number(self.last.diagnostics[2]),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.at, None)
    }
}

impl Duty for Base {
    fn name(&self) -> &'static str {
        "base"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![EntityKind::of::<Collection>()]
    }

    fn pages(&self) -> Vec<crate::Page> {
        let mut all = crate::ui::ledger::pages();
        all.extend(crate::ui::sources::pages());
        all
    }

    fn operations(&self) -> Vec<Operation> {
        let columns = &["connector", "origin", "complete", "at", "new_total", "errors"];
        let mut all = record::operations();
        all.extend(people::operations());
        all.push(list_operation::<Collection>(
            "source.list",
            "/v1/sources",
            "What was collected, when, how whole",
            columns,
        ));
        all.push(show_operation::<Collection>("source.show", "/v1/sources/{id}", "The collections of one origin"));
        all
    }
}
