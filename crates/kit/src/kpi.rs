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

/// Most fact numbers listed with one value; the drill-down pages through the rest.
pub const FACTS_MAX: usize = 1000;

/// Sums contributions up to a value.
#[must_use]
pub fn summarise(measure: Measure, contributions: &[Contribution]) -> KpiValue {
    let (mut numerator, mut denominator, mut suspected) = (0.0, 0.0, 0.0);
    let mut excluded = BTreeMap::new();
    let mut unknown = BTreeMap::new();
    let mut facts = Vec::new();
    let mut sizes = Vec::new();
    for c in contributions {
        match c.standing {
            Standing::Excluded(why) => {
                *excluded.entry(why.to_owned()).or_insert(0) += 1;
                continue;
            }
            Standing::Unknown(why) => *unknown.entry(why.to_owned()).or_insert(0) += 1,
            Standing::Counted => {}
        }
        numerator += c.numerator;
        denominator += c.denominator;
        suspected += c.suspected;
        facts.extend_from_slice(&c.facts);
        if c.denominator > 0.0 {
            sizes.push(c.numerator / c.denominator);
        }
    }
    facts.sort_unstable();
    facts.dedup();
    let facts_total = facts.len() as u64;
    facts.truncate(FACTS_MAX);
    // Values are remembered; the room that all facts took is not to be.
    facts.shrink_to_fit();
    let value = (denominator > 0.0).then(|| numerator / denominator);
    let mut details = BTreeMap::new();
    if measure == Measure::Mean && !sizes.is_empty() {
        sizes.sort_by(f64::total_cmp);
        details.insert("median".to_owned(), quantile(&sizes, 0.5));
        details.insert("p90".to_owned(), quantile(&sizes, 0.9));
    }
    if suspected > 0.0 && denominator > 0.0 {
        details.insert("suspected".to_owned(), (numerator + suspected) / denominator);
    }
    let interval = (measure == Measure::Proportion).then(|| wilson(numerator, denominator)).flatten();
    KpiValue { value, numerator, denominator, excluded, unknown, interval, details, facts, facts_total }
}

/// The quantile of ascending values by linear interpolation between the closest ranks (type 7 of Hyndman and Fan 1996,
/// the default of R and NumPy).
fn quantile(ascending: &[f64], q: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let rank = q * last as f64;
    let below = rank.floor();
    let (low, high) = (ascending[below as usize], ascending[(below as usize + 1).min(last)]);
    low + (high - low) * (rank - below)
}

/// Wilson's score interval of a proportion at 95 % (E. B. Wilson 1927, without continuity correction); `None` without
/// trials.
#[must_use]
pub fn wilson(successes: f64, trials: f64) -> Option<(f64, f64)> {
    if trials <= 0.0 || !(0.0..=trials).contains(&successes) {
        return None;
    }
    const Z: f64 = 1.959_963_984_540_054;
    let p = successes / trials;
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * trials)) / (1.0 + z2 / trials);
    let half = Z / (1.0 + z2 / trials) * (p * (1.0 - p) / trials + z2 / (4.0 * trials * trials)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn the_interval_is_the_published_one() {
        // Wilson interval for 8 of 10 at 95 %: 0.4902 to 0.9433 (Newcombe 1998, and any statistics package).
        let (low, high) = wilson(8.0, 10.0).unwrap();
        assert!((low - 0.4902).abs() < 5e-5 && (high - 0.9433).abs() < 5e-5, "{low} {high}");
        assert_eq!(wilson(0.0, 0.0), None);
    }

    #[test]
    fn nothing_counted_is_no_data_and_never_zero_or_one() {
        let out = summarise(Measure::Proportion, &[Contribution::excluded("a", at(), "test", vec![1])]);
        assert_eq!((out.value, out.interval, out.excluded["test"]), (None, None, 1));
    }

    #[test]
    fn a_roll_up_sums_and_does_not_average_ratios() {
        // Team A: 1 of 1, team B: 0 of 9. The mean of ratios would be 50 %; the truth is 10 %.
        let one = |n: f64, d: f64| Contribution::counted("x", at(), n, d, vec![]);
        let out = summarise(Measure::Proportion, &[one(1.0, 1.0), one(0.0, 9.0)]);
        assert_eq!(out.value, Some(0.1));
    }

    #[test]
    fn mean_comes_with_median_and_ninetieth_percentile() {
        let all: Vec<_> =
            [10.0, 20.0, 30.0, 40.0, 1000.0].map(|n| Contribution::counted("x", at(), n, 1.0, vec![])).into();
        let out = summarise(Measure::Mean, &all);
        // Mean 1100 / 5; middle value 30; rank 3.6 lies between 40 and 1000: 40 + 0.6 * 960.
        assert_eq!((out.value, out.details["median"]), (Some(220.0), 30.0));
        assert!((out.details["p90"] - 616.0).abs() < 1e-9);
    }
}
