//! Quantiles and shares of classic histograms: counters of what was at most `le`.

use super::{Evaluator, Grid, Row, Rows};
use crate::error::{Result, Span};
use crate::labels::{Labels, NAME};
use crate::parse::tree::Expr;
use crate::store::STALE;
use std::collections::HashMap;

/// The label with the upper bound of a bucket.
const BOUND: &str = "le";
/// By how much counts may fall from bucket to bucket because of rounding.
const FALL_BY_ROUNDING: f64 = 1e-12;

/// A bucket at one moment.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// The buckets of one histogram: their bounds, and where their counts stand.
struct Histogram {
    labels: Labels,
    /// What the metric is called, for hints.
    name: String,
    buckets: Vec<(f64, usize)>,
}

impl Evaluator<'_> {
    pub(super) fn histogram_quantile(&mut self, arguments: &[Expr], grid: Grid, span: Span) -> Result<Rows> {
        let quantiles = self.numbers(&arguments[0], grid)?;
        let rows = self.rows(&arguments[1], grid)?;
        if let Some(wrong) = quantiles.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            self.note_quantile(*wrong, arguments[0].span);
        }
        self.of_histograms(&rows, arguments[1].span, grid, span, |buckets, moment| quantile(quantiles[moment], buckets))
    }

    pub(super) fn histogram_fraction(&mut self, arguments: &[Expr], grid: Grid, span: Span) -> Result<Rows> {
        let lower = self.numbers(&arguments[0], grid)?;
        let upper = self.numbers(&arguments[1], grid)?;
        let rows = self.rows(&arguments[2], grid)?;
        self.of_histograms(&rows, arguments[2].span, grid, span, |buckets, moment| {
            (fraction(lower[moment], upper[moment], buckets), false)
        })
    }

    fn of_histograms(
        &mut self,
        rows: &Rows,
        place: Span,
        grid: Grid,
        span: Span,
        run: impl Fn(Vec<Bucket>, usize) -> (f64, bool),
    ) -> Result<Rows> {
        let histograms = self.histograms(rows, place);
        self.room(histograms.len(), grid, span)?;
        let mut out = Vec::with_capacity(histograms.len());
        for histogram in histograms {
            let mut values = Vec::with_capacity(grid.count);
            let mut forced = false;
            for moment in 0..grid.count {
                let all = histogram
                    .buckets
                    .iter()
                    .map(|(bound, at)| Bucket { bound: *bound, count: rows[*at].values[moment] });
                let buckets: Vec<Bucket> = all.filter(|bucket| !crate::is_stale(bucket.count)).collect();
                if buckets.is_empty() {
                    values.push(STALE);
                    continue;
                }
                let (value, fell) = run(buckets, moment);
                forced |= fell;
                values.push(value);
            }
            if forced {
                self.note(false, place, not_monotonic(&histogram.name));
            }
            out.push(Row { labels: histogram.labels, drop_name: self.options.late_name_drop, values });
        }
        super::rows::merged(out, span)
    }

    fn histograms(&mut self, rows: &Rows, place: Span) -> Vec<Histogram> {
        let late = self.options.late_name_drop;
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut histograms: Vec<Histogram> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let written = row.labels.get(BOUND);
            let Ok(bound) = written.parse::<f64>() else {
                let message = format!(
                    "bucket label {BOUND:?} is missing or has a malformed value of {written:?} for metric name {:?}",
                    row.labels.name()
                );
                self.note(true, place, message);
                continue;
            };
            let labels = row.labels.filter(|name| name != BOUND && (late || name != NAME));
            let at = *places.entry(labels.clone()).or_insert_with(|| {
                histograms.push(Histogram { labels, name: row.labels.name().to_owned(), buckets: Vec::new() });
                histograms.len() - 1
            });
            histograms[at].buckets.push((bound, index));
        }
        for histogram in &mut histograms {
            histogram.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        histograms
    }
}

fn not_monotonic(name: &str) -> String {
    format!(
        "input to histogram_quantile needed to be fixed for monotonicity (see \
         https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name {name:?}"
    )
}

/// Buckets of the same bound as one; nothing where the last one does not hold everything.
fn coalesced(mut buckets: Vec<Bucket>) -> Option<Vec<Bucket>> {
    if buckets.last()?.bound != f64::INFINITY {
        return None;
    }
    buckets.dedup_by(|next, kept| {
        let same = next.bound == kept.bound;
        if same {
            kept.count += next.count;
        }
        same
    });
    Some(buckets)
}

/// Sees to it that counts do not fall; says whether they did by more than rounding.
fn rising(buckets: &mut [Bucket]) -> bool {
    let mut forced = false;
    let mut before = buckets[0].count;
    for bucket in buckets.iter_mut().skip(1) {
        let nearly = (before - bucket.count).abs() <= FALL_BY_ROUNDING * (before.abs() + bucket.count.abs());
        if nearly || bucket.count < before {
            forced |= !nearly;
            bucket.count = before;
        }
        before = bucket.count;
    }
    forced
}

/// The value below which a share of all observations lies, on a straight line within its bucket.
fn quantile(q: f64, buckets: Vec<Bucket>) -> (f64, bool) {
    if q.is_nan() {
        return (crate::NAN, false);
    }
    if !(0.0..=1.0).contains(&q) {
        return (if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY }, false);
    }
    let Some(mut buckets) = coalesced(buckets) else { return (crate::NAN, false) };
    let forced = rising(&mut buckets);
    let last = buckets.len() - 1;
    let all = buckets[last].count;
    if last == 0 || all == 0.0 || all.is_nan() {
        return (crate::NAN, forced);
    }
    let rank = q * all;
    let at = buckets[..last].partition_point(|bucket| bucket.count < rank);
    if at == last {
        return (buckets[last - 1].bound, forced);
    }
    let bucket = buckets[at];
    if at == 0 && bucket.bound <= 0.0 {
        return (bucket.bound, forced);
    }
    let before = if at == 0 { Bucket { bound: 0.0, count: 0.0 } } else { buckets[at - 1] };
    let within = (rank - before.count) / (bucket.count - before.count);
    (before.bound + (bucket.bound - before.bound) * within, forced)
}

/// The share of observations between two values.
fn fraction(lower: f64, upper: f64, buckets: Vec<Bucket>) -> f64 {
    let Some(buckets) = coalesced(buckets) else { return crate::NAN };
    let all = buckets[buckets.len() - 1].count;
    if all == 0.0 || all.is_nan() || lower.is_nan() || upper.is_nan() {
        return crate::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, &buckets, all) - rank_of(lower, &buckets, all)) / all
}

/// How many observations lie below a value.
fn rank_of(value: f64, buckets: &[Bucket], all: f64) -> f64 {
    // The first bucket begins at 0 where it ends above; a bucket without end on one side has no straight line within.
    let mut start = if buckets[0].bound > 0.0 { 0.0 } else { f64::NEG_INFINITY };
    let mut below = 0.0;
    for bucket in buckets {
        if value <= start {
            return below;
        }
        if value < bucket.bound {
            let within = if bucket.bound.is_infinite() {
                0.0
            } else if start.is_infinite() {
                1.0
            } else {
                (value - start) / (bucket.bound - start)
            };
            return below + (bucket.count - below) * within;
        }
        (start, below) = (bucket.bound, bucket.count);
    }
    all
}
