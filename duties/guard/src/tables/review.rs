//! Reviews of plans.

use jiff::Timestamp;
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::PlanReviewed;
use mainstay_model::{FactData, Recorded};
use serde::{Deserialize, Serialize};

/// A plan with its newest review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewRow {
    /// When it was reviewed last.
    pub at: Timestamp,
    /// What came of it.
    pub review: PlanReviewed,
    /// How often this very plan was reviewed.
    pub times: u32,
}

impl ReviewRow {
    /// `lets it through` or `stops it`.
    #[must_use]
    pub fn gate(&self) -> &'static str {
        if self.review.blocked.is_empty() { "through" } else { "stopped" }
    }
}

impl Entity for ReviewRow {
    const TABLE: &'static str = "plan_review";

    const TYPES: &'static [&'static str] = &[PlanReviewed::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("plan", Kind::Text),
        ("gate", Kind::Text),
        ("risk", Kind::Integer),
        ("by", Kind::Text),
        ("reviewed", Kind::Time),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let read = facts.iter().filter_map(|r| Some((r.fact.time, PlanReviewed::read(&r.fact)?)));
        let mut times = 0;
        let mut last = None;
        for one in read {
            times += 1;
            last = Some(one);
        }
        last.map(|(at, review)| Self { at, review, times })
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.review.plan.as_str().into(),
            self.gate().into(),
            Cell::Integer(i64::from(self.review.risk)),
            self.review.by.as_str().into(),
            Cell::Time(self.at),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.at, None)
    }
}
