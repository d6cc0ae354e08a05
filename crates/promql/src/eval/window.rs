//! Numbers for the samples of a window that slides along a series.
//!
//! Windows of a range query overlap. Reading each anew would cost samples times overlap, so everything that alert rules use
//! keeps what one pass over the series can prepare: drops of a counter, changes, sums as pairs of numbers with 106 bits, and a
//! queue of candidates for least and greatest. Functions without such a shortcut read their window, and are counted for it.

use super::Options;
use super::sums::{self, Mean, Sum, Variance};
use crate::functions::Over;

/// The samples of one series, without those that say it ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Track<'a> {
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [f64],
}

/// One position of the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// First sample in it.
    pub(crate) from: usize,
    /// Sample after the last.
    pub(crate) to: usize,
    /// Its borders in milliseconds.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The moment that is evaluated.
    pub(crate) now: i64,
}

/// How many drops of a counter are added up one by one, as Prometheus does, before sums that were prepared are used.
const DROPS_ADDED_MAX: usize = 64;
/// From how many reads of each sample on a prepared sum pays for itself.
const READS_BEFORE_PREPARING: usize = 4;

/// What slides.
pub(crate) struct Slider<'a> {
    track: Track<'a>,
    over: Over,
    parameters: [f64; 2],
    prepared: Prepared,
    options: &'a Options,
    /// How many samples were read.
    pub(crate) reads: usize,
}

enum Prepared {
    Nothing,
    /// Places where a counter fell, and sums of the values before.
    Drops(Vec<usize>, Prefix),
    /// How many events there were up to each sample.
    Counts(Vec<u32>),
    Sums(Prefix),
    /// Places that may still be the least or greatest, the best first.
    Candidates {
        queue: std::collections::VecDeque<usize>,
        next: usize,
    },
}

/// Sums up to each place as pairs of numbers, and how many of the numbers were not finite.
#[derive(Default)]
struct Prefix {
    sums: Vec<(f64, f64)>,
    infinite: Vec<u32>,
}

impl Prefix {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut prefix = Self { sums: vec![(0.0, 0.0)], infinite: vec![0] };
        let (mut sum, mut infinite) = ((0.0, 0.0), 0);
        for value in values {
            if value.is_finite() {
                sum = add_pair(sum, (value, 0.0));
            } else {
                infinite += 1;
            }
            prefix.sums.push(sum);
            prefix.infinite.push(infinite);
        }
        prefix
    }

    /// The sum of the numbers from one place to before another; nothing where one of them, or a sum, is not finite.
    fn between(&self, from: usize, to: usize) -> Option<f64> {
        let (left, right) = (self.sums[from], self.sums[to]);
        let sum = add_pair(right, (-left.0, -left.1));
        (self.infinite[from] == self.infinite[to] && sum.0.is_finite()).then_some(sum.0 + sum.1)
    }
}

/// The sum of two numbers of 106 bits each.
fn add_pair(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let sum = a.0 + b.0;
    let back = sum - a.0;
    let lost = (a.0 - (sum - back)) + (b.0 - back) + a.1 + b.1;
    let high = sum + lost;
    (high, lost - (high - sum))
}

impl<'a> Slider<'a> {
    /// `reads` is how many samples all windows together would read.
    pub(crate) fn new(track: Track<'a>, over: Over, reads: usize, options: &'a Options) -> Self {
        let values = track.values;
        let overlapping = reads > READS_BEFORE_PREPARING * values.len();
        let prepared = match over {
            Over::Rate | Over::Increase => {
                let drops: Vec<usize> = (1..values.len()).filter(|at| values[*at] < values[at - 1]).collect();
                let prefix = Prefix::of(drops.iter().map(|at| values[at - 1]));
                Prepared::Drops(drops, prefix)
            }
            Over::Changes => counted(values, |old, new| old != new && !(old.is_nan() && new.is_nan())),
            Over::Resets => counted(values, |old, new| new < old),
            Over::Sum | Over::Avg if overlapping => Prepared::Sums(Prefix::of(values.iter().copied())),
            Over::Min | Over::Max => Prepared::Candidates { queue: std::collections::VecDeque::new(), next: 0 },
            _ => Prepared::Nothing,
        };
        Self { track, over, parameters: [0.0; 2], prepared, options, reads: values.len() }
    }

    /// Parameters may differ from moment to moment.
    pub(crate) fn set_parameters(&mut self, parameters: [f64; 2]) {
        self.parameters = parameters;
    }

    /// The number for a window that is not empty. Windows never go back.
    pub(crate) fn value(&mut self, window: Window) -> Option<f64> {
        let Window { from, to, .. } = window;
        let (times, values) = (&self.track.times[from..to], &self.track.values[from..to]);
        match self.over {
            Over::Rate => self.extrapolated(window, true, true),
            Over::Increase => self.extrapolated(window, true, false),
            Over::Delta => self.extrapolated(window, false, false),
            Over::Irate | Over::Idelta => instant(times, values, self.over == Over::Irate),
            Over::Changes | Over::Resets => match &self.prepared {
                Prepared::Counts(counts) => Some(f64::from(counts[to - 1] - counts[from])),
                _ => None,
            },
            Over::Sum | Over::Avg => Some(self.sum(from, to)),
            Over::Min | Over::Max => Some(self.extreme(from, to)),
            Over::Count => Some(super::float(to - from)),
            Over::Last => values.last().copied(),
            Over::First => values.first().copied(),
            Over::Present => Some(1.0),
            Over::TimeOfFirst => times.first().map(|time| super::seconds(*time)),
            Over::TimeOfLast => times.last().map(|time| super::seconds(*time)),
            _ => {
                self.reads += values.len();
                self.whole(times, values, window)
            }
        }
    }

    /// Functions that read all of their window.
    fn whole(&self, times: &[i64], values: &[f64], window: Window) -> Option<f64> {
        let [first, second] = self.parameters;
        match self.over {
            Over::Deriv => (values.len() > 1).then(|| sums::line(times, values, times[0]).0),
            Over::PredictLinear => (values.len() > 1).then(|| {
                let (slope, now) = sums::line(times, values, window.now);
                slope * first + now
            }),
            Over::Smoothing => smoothed(values, first, second),
            Over::Stddev | Over::Stdvar => {
                let mut variance = Variance::default();
                values.iter().for_each(|value| variance.add(*value));
                Some(if self.over == Over::Stddev { variance.value().sqrt() } else { variance.value() })
            }
            Over::Quantile => Some(sums::quantile(first, &mut values.to_vec())),
            // A number that is none has no distance from the median.
            Over::Mad if values.iter().any(|value| value.is_nan()) => Some(crate::NAN),
            Over::Mad => {
                let median = sums::quantile(0.5, &mut values.to_vec());
                let mut distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
                Some(sums::quantile(0.5, &mut distances))
            }
            Over::TimeOfMin => Some(super::seconds(times[extreme_at(values, |new, best| new <= best)])),
            Over::TimeOfMax => Some(super::seconds(times[extreme_at(values, |new, best| new >= best)])),
            _ => None,
        }
    }

    fn sum(&mut self, from: usize, to: usize) -> f64 {
        let average = self.over == Over::Avg;
        if let Prepared::Sums(prefix) = &self.prepared
            && let Some(sum) = prefix.between(from, to)
        {
            return if average { sum / super::float(to - from) } else { sum };
        }
        let values = &self.track.values[from..to];
        self.reads += values.len();
        if average {
            let mut mean = Mean::default();
            values.iter().for_each(|value| mean.add(*value));
            mean.value()
        } else {
            let mut sum = Sum::default();
            values.iter().for_each(|value| sum.add(*value));
            sum.value()
        }
    }

    /// The least or greatest; each sample enters and leaves the queue once.
    fn extreme(&mut self, from: usize, to: usize) -> f64 {
        let (values, greatest) = (self.track.values, self.over == Over::Max);
        let Prepared::Candidates { queue, next } = &mut self.prepared else { return crate::NAN };
        *next = (*next).max(from);
        while *next < to {
            let new = values[*next];
            if !new.is_nan() {
                while queue.back().is_some_and(|old| if greatest { values[*old] <= new } else { values[*old] >= new }) {
                    queue.pop_back();
                }
                queue.push_back(*next);
            }
            *next += 1;
        }
        while queue.front().is_some_and(|at| *at < from) {
            queue.pop_front();
        }
        queue.front().map_or(crate::NAN, |at| values[*at])
    }

    /// What Prometheus calls extrapolated rate: the rise between first and last sample, stretched to the borders of the window
    /// where samples come close to them.
    fn extrapolated(&mut self, window: Window, counter: bool, per_second: bool) -> Option<f64> {
        let Window { from, to, start, end, .. } = window;
        if to - from < 2 {
            return None;
        }
        let (times, values) = (self.track.times, self.track.values);
        let (first, last) = (from, to - 1);
        let mut rise = values[last] - values[first];
        if counter {
            rise = self.with_drops(rise, first, last);
        }
        let mut to_start = super::seconds(times[first] - start);
        let mut to_end = super::seconds(end - times[last]);
        let sampled = super::seconds(times[last] - times[first]);
        let between = sampled / super::float(last - first);
        let near = between * 1.1;
        // A counter cannot have been below zero; where it would, the extrapolation ends at zero. Version 2 of Prometheus
        // looked at this before it looked at whether the first sample is near the border.
        let to_zero = (counter && rise > 0.0 && values[first] >= 0.0).then(|| sampled * (values[first] / rise));
        if self.options.as_version_2 {
            to_start = to_zero.map_or(to_start, |zero| if zero < to_start { zero } else { to_start });
            to_start = if to_start < near { to_start } else { between / 2.0 };
            to_end = if to_end < near { to_end } else { between / 2.0 };
        } else {
            to_start = if to_start >= near { between / 2.0 } else { to_start };
            to_start = to_zero.map_or(to_start, |zero| if zero < to_start { zero } else { to_start });
            to_end = if to_end >= near { between / 2.0 } else { to_end };
        }
        let mut factor = (sampled + to_start + to_end) / sampled;
        if per_second {
            factor /= super::seconds(end - start);
        }
        Some(rise * factor)
    }

    /// Adds what a counter had reached before each fall between two samples.
    fn with_drops(&mut self, mut rise: f64, first: usize, last: usize) -> f64 {
        let Prepared::Drops(drops, prefix) = &self.prepared else { return rise };
        let from = drops.partition_point(|at| *at <= first);
        let to = drops.partition_point(|at| *at <= last);
        if to - from > DROPS_ADDED_MAX
            && let Some(sum) = prefix.between(from, to)
        {
            return rise + sum;
        }
        self.reads += to - from;
        for at in &drops[from..to] {
            rise += self.track.values[at - 1];
        }
        rise
    }
}

/// How many times something happened between neighbours, up to each sample.
fn counted(values: &[f64], happened: impl Fn(f64, f64) -> bool) -> Prepared {
    let mut count = 0;
    let mut counts = vec![0; values.len()];
    for at in 1..values.len() {
        count += u32::from(happened(values[at - 1], values[at]));
        counts[at] = count;
    }
    Prepared::Counts(counts)
}

/// The change between the last two samples.
fn instant(times: &[i64], values: &[f64], rate: bool) -> Option<f64> {
    let [.., before, last] = *values else { return None };
    let [.., time_before, time] = *times else { return None };
    let change = if rate && last < before { last } else { last - before };
    if time == time_before {
        return None;
    }
    Some(if rate { change / super::seconds(time - time_before) } else { change })
}

/// Double exponential smoothing: Holt's method with factors for level and trend.
fn smoothed(values: &[f64], level_factor: f64, trend_factor: f64) -> Option<f64> {
    let [first, second, ..] = *values else { return None };
    let (mut before, mut level, mut trend) = (0.0, first, second - first);
    for (index, value) in values.iter().enumerate().skip(1) {
        if index > 1 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        let next = level_factor * value + (1.0 - level_factor) * (level + trend);
        (before, level) = (level, next);
    }
    Some(level)
}

/// Where the best of some numbers stands; what is no number loses against every other.
fn extreme_at(values: &[f64], better: impl Fn(f64, f64) -> bool) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if better(*value, values[best]) || values[best].is_nan() {
            best = at;
        }
    }
    best
}
