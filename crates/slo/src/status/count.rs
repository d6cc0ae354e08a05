//! From answers to what each part of the time held: bad and all, or nothing that is recorded.

use super::plan::{Piece, Plan};
use super::{Answered, SERIES_MAX};
use crate::backtest::names;
use crate::query::{self, Counts};
use crate::windows::Duration;
use mainstay_promql::Labels;
use std::collections::{BTreeMap, BTreeSet};

/// What a part of the time held, in events or in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    pub bad: f64,
    pub total: f64,
}

/// Each part of the time of one series; a gap is `None`.
pub(super) type Course = Vec<Option<Seen>>;

/// The courses of an objective by the labels of its series, and what is to be said about them.
pub(super) struct Counted {
    pub courses: BTreeMap<Labels, Course>,
    pub notes: BTreeSet<String>,
}

/// Numbers by part of the time, for each series.
type Values = BTreeMap<Labels, Vec<Option<f64>>>;

pub(super) fn count(plan: &Plan<'_>, answers: &[&[Answered]]) -> Counted {
    let mut notes = BTreeSet::new();
    let mut all: Vec<Values> = answers.iter().map(|answers| values(plan, answers, &mut notes)).collect();
    let courses = match (&plan.slo.indicator.events, all.len()) {
        (Some(_), 2) => {
            let total = all.pop().unwrap_or_default();
            of_events(plan, &all[0], &total, &mut notes)
        }
        (None, 1) => all[0].iter().map(|(labels, shares)| (labels.clone(), of_shares(plan, shares))).collect(),
        _ => BTreeMap::new(),
    };
    Counted { courses, notes }
}

/// Puts the answers to one query where they belong: those of slots by their ends, those of what is left of slots in order.
fn values(plan: &Plan<'_>, answers: &[Answered], notes: &mut BTreeSet<String>) -> Values {
    let mut values = Values::new();
    let slots: Vec<(usize, i64)> = ends(plan, |piece| piece.whole);
    let edges: Vec<(usize, i64)> = ends(plan, |piece| !piece.whole);
    for (at, answer) in answers.iter().enumerate() {
        let series = match answer {
            Ok(series) => series,
            Err(why) => {
                notes.insert(why.clone());
                continue;
            }
        };
        if series.len() > SERIES_MAX {
            notes.insert(format!("the indicator has {} series; at most {SERIES_MAX} are looked at", series.len()));
        }
        for points in series.iter().take(SERIES_MAX) {
            let row = values.entry(points.labels.without_name()).or_insert_with(|| vec![None; plan.pieces.len()]);
            for sample in points.samples.iter().filter(|sample| sample.value.is_finite()) {
                let place = match at {
                    0 => slots.binary_search_by_key(&sample.time, |(_, end)| *end).ok().map(|found| slots[found].0),
                    edge => edges.get(edge - 1).map(|(place, _)| *place),
                };
                if let Some(place) = place {
                    row[place] = Some(sample.value);
                }
            }
        }
    }
    values
}

fn ends(plan: &Plan<'_>, which: impl Fn(&Piece) -> bool) -> Vec<(usize, i64)> {
    let pieces = plan.pieces.iter().enumerate().filter(|(_, piece)| which(piece));
    pieces.map(|(at, piece)| (at, piece.to)).collect()
}

/// Bad and all events of each part of the time.
fn of_events(plan: &Plan<'_>, part: &Values, total: &Values, notes: &mut BTreeSet<String>) -> BTreeMap<Labels, Course> {
    let Some(events) = &plan.slo.indicator.events else { return BTreeMap::new() };
    let of_part = events.good.as_ref().unwrap_or(&events.errors);
    // A series that only some requests have is absent while there are none of those. Where another metric counts them, its
    // absence may as well be that of whoever counts.
    let none_is_zero = known_names(of_part)
        .is_some_and(|own| known_names(&events.total).is_some_and(|all| !own.is_empty() && own.is_subset(&all)));
    let counts = query::counts(&events.total);
    let mut missed = false;
    let course = |(labels, row): (&Labels, &Vec<Option<f64>>)| {
        let own = part.get(labels);
        let one = |(at, value): (usize, &Option<f64>)| {
            let total = (*value)?.max(0.0);
            let found = own.and_then(|own| own[at]).or_else(|| none_is_zero.then_some(0.0));
            let Some(found) = found else {
                missed = true;
                return None;
            };
            let bad = if events.good.is_some() { total - found } else { found };
            let times = if counts == Some(Counts::ASecond) { seconds(&plan.pieces[at]) } else { 1.0 };
            // Rates are extrapolated, each for itself, so that good ones can be a little more than all.
            Some(Seen { bad: bad.max(0.0) * times, total: total * times })
        };
        (labels.clone(), row.iter().enumerate().map(one).collect())
    };
    let courses = total.iter().map(course).collect();
    if missed {
        let what = if events.good.is_some() { "good" } else { "bad" };
        notes.insert(format!(
            "where there are events, but no series of {what} ones, it cannot be told whether there were none: let it begin with 0"
        ));
    }
    courses
}

/// The names of the metrics that a query reads; nothing where that cannot be told.
fn known_names(template: &str) -> Option<BTreeSet<String>> {
    let expr = mainstay_promql::parse(&query::over(template, Duration(300))).ok()?;
    Some(names(&expr).into_iter().collect())
}

/// Bad and all seconds of each part of the time.
fn of_shares(plan: &Plan<'_>, shares: &[Option<f64>]) -> Course {
    let one = |(piece, share): (&Piece, &Option<f64>)| {
        let total = seconds(piece);
        Some(Seen { bad: (*share)?.clamp(0.0, 1.0) * total, total })
    };
    plan.pieces.iter().zip(shares).map(one).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a slot has few milliseconds")]
pub(super) fn seconds(piece: &Piece) -> f64 {
    piece.ms() as f64 / 1_000.0
}
