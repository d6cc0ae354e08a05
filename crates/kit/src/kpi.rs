//! What a KPI is made of. A duty turns entities into [`Contribution`]s; the value, every slice of it and the drill-down
//! come from those alone, so a roll-up can only sum numerators and denominators and never average ratios.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mainstay_model::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The unit of a KPI's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A share from 0 to 1, shown as per cent.
    Ratio,
    /// Seconds, shown as a duration.
    Seconds,
    /// A plain count.
    Count,
    /// An amount of money for each unit.
    Money,
    /// A score such as NPS.
    Score,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Lower values are better.
    Lower,
    /// Higher values are better.
    Higher,
}

/// How contributions make a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Share of the denominator: with a Wilson 95 % interval.
    Proportion,
    /// Mean of the numerators, with median and 90th percentile as details.
    Mean,
    /// Sum of numerators by sum of denominators, without an interval.
    Quotient,
}

/// A KPI as its catalog page defines it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KpiSpec {
    /// `change-failure-rate`.
    pub id: String,
    /// 1 to 19.
    pub number: u8,
    /// The name for people.
    pub name: String,
    /// The duty that computes it.
    pub duty: String,
    /// Version of the definition.
    pub version: u32,
    /// Unit.
    pub unit: Unit,
    /// Direction.
    pub better: Better,
    /// How contributions make a value.
    pub measure: Measure,
    /// Default target in the unit; `None` where the target is a trend.
    #[serde(default)]
    pub target: Option<f64>,
    /// What would bring data, where there is none.
    pub needs: String,
}

/// What a KPI is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The half-open span that the figure is for.
    pub window: Span,
    /// The event-time "now" of the question. Facts recorded later are already absent from the entities; this decides
    /// what is still pending.
    pub as_of: Timestamp,
    /// The zone whose calendar cut the window.
    pub zone: TimeZone,
}

impl Query {
    /// The last instant that the window lets one see: just before its end, or `as_of` where that is earlier. `None`
    /// where the window begins after `as_of`, so that nothing in it has happened yet.
    #[must_use]
    pub fn last_instant(&self) -> Option<Timestamp> {
        let before_end = self.window.to.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(self.window.to);
        let last = before_end.min(self.as_of);
        (self.window.from <= last).then_some(last)
    }
}

/// How one entity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counted,
    /// It does not count, for this reason.
    Excluded(&'static str),
    /// We cannot tell, for this reason; its numerator and denominator say whether it counts against the team.
    Unknown(&'static str),
}

/// What one entity adds to a KPI.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Key of the entity.
    pub entity: String,
    /// What adds to the numerator.
    pub numerator: f64,
    /// What adds to the denominator.
    pub denominator: f64,
    /// Whether and how it counts.
    pub standing: Standing,
    /// Adds to the numerator if what is only suspected is true; a band beside the value, not in it.
    pub suspected: f64,
    /// The instant by which it belongs to the window.
    pub at: Timestamp,
    /// Slices.
    pub service: Option<String>,
    /// The team.
    pub team: Option<String>,
    /// The tier.
    pub tier: Option<String>,
    /// A further slice with a name: severity, template, control.
    pub slice: Option<(&'static str, String)>,
    /// Sequence numbers of the facts behind it.
    pub facts: Vec<u64>,
}

impl Contribution {
    /// A contribution that counts, without slices.
    #[must_use]
    pub fn counted(
        entity: impl Into<String>,
        at: Timestamp,
        numerator: f64,
        denominator: f64,
        facts: Vec<u64>,
    ) -> Self {
        Self {
            entity: entity.into(),
            numerator,
            denominator,
            standing: Standing::Counted,
            suspected: 0.0,
            at,
            service: None,
            team: None,
            tier: None,
            slice: None,
            facts,
        }
    }

    /// The same, left out for a reason.
    #[must_use]
    pub fn excluded(entity: impl Into<String>, at: Timestamp, why: &'static str, facts: Vec<u64>) -> Self {
        Self { standing: Standing::Excluded(why), ..Self::counted(entity, at, 0.0, 0.0, facts) }
    }
}

/// A KPI's value, with all that KPIS asks to come with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KpiValue {
    /// The value in the KPI's unit; `None` is "no data".
    pub value: Option<f64>,
    /// Sum of the numerators.
    pub numerator: f64,
    /// Sum of the denominators.
    pub denominator: f64,
    /// How many entities were left out, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// How many entities we cannot tell, by reason.
    pub unknown: BTreeMap<String, u64>,
    /// Wilson 95 % interval of a proportion.
    pub interval: Option<(f64, f64)>,
    /// Further figures: `median`, `p90`, `suspected` (the value if all that is suspected were true).
    pub details: BTreeMap<String, f64>,
    /// Sequence numbers of the facts behind the value, ascending, at most [`FACTS_MAX`]; `facts_total` has the count.
    pub facts: Vec<u64>,
    /// How many facts stand behind the value.
    pub facts_total: u64,
}
