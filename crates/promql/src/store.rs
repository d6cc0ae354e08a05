//! Series in memory: labels, and numbers at moments.

use crate::labels::{Labels, Matcher, NAME};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Bits of the value that says a series has ended, as Prometheus stores it.
const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;
/// The value that says a series has ended. Arithmetic cannot give it, so results use it for "nothing here".
pub const STALE: f64 = f64::from_bits(STALE_BITS);

/// Whether a value says that its series has ended.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

/// A number at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Milliseconds since 1970.
    pub time: i64,
    /// The number; [`STALE`] where the series ends.
    pub value: f64,
}

/// One series.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// What it is called.
    pub labels: Labels,
    /// Milliseconds since 1970, rising.
    pub times: Vec<i64>,
    /// A number for each time.
    pub values: Vec<f64>,
    /// Why this series must not be evaluated: it holds something that this store has no form for, such as native histograms.
    pub foreign: Option<&'static str>,
    has_stale: bool,
}

impl Series {
    /// Whether it ends somewhere.
    pub(crate) fn has_stale(&self) -> bool {
        self.has_stale
    }
}

/// Why a sample was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// There is another number at that moment.
    #[error("duplicate sample for timestamp")]
    Duplicate,
    /// The store is full.
    #[error("more than {SAMPLES_MAX} samples")]
    Full,
}

/// How many samples a store holds at most: 16 bytes each.
pub const SAMPLES_MAX: usize = 500_000_000;

/// Series in memory.
#[derive(Debug, Clone, Default)]
pub struct Store {
    series: Vec<Series>,
    places: HashMap<Labels, usize>,
    by_name: HashMap<Arc<str>, Vec<usize>>,
    words: HashSet<Arc<str>>,
    samples: usize,
}

impl Store {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The series, in the order in which they first came.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// How many samples there are.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The place of the series of these labels, made where there is none yet.
    pub fn series_of(&mut self, labels: &Labels) -> usize {
        if let Some(at) = self.places.get(labels) {
            return *at;
        }
        let pairs: Vec<_> = labels.shared().iter().map(|(n, v)| (self.word(n), self.word(v))).collect();
        let labels = Labels::new(pairs);
        let at = self.series.len();
        let name = self.word(labels.name());
        self.by_name.entry(name).or_default().push(at);
        self.places.insert(labels.clone(), at);
        self.series.push(Series { labels, ..Series::default() });
        at
    }

    fn word(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.words.get(word) {
            return known.clone();
        }
        let word: Arc<str> = word.into();
        self.words.insert(word.clone());
        word
    }

    /// Adds a sample to a series, wherever in time it belongs.
    ///
    /// # Errors
    /// Where there is another number at that moment, or no room.
    pub fn push(&mut self, series: usize, sample: Sample) -> Result<(), Rejected> {
        if self.samples >= SAMPLES_MAX {
            return Err(Rejected::Full);
        }
        let series = &mut self.series[series];
        let at = match series.times.last() {
            Some(last) if *last >= sample.time => match series.times.binary_search(&sample.time) {
                Ok(at) if series.values[at].to_bits() == sample.value.to_bits() => return Ok(()),
                Ok(_) => return Err(Rejected::Duplicate),
                Err(at) => at,
            },
            _ => series.times.len(),
        };
        series.times.insert(at, sample.time);
        series.values.insert(at, sample.value);
        series.has_stale |= is_stale(sample.value);
        self.samples += 1;
        Ok(())
    }

    /// Adds a sample to the series of these labels.
    ///
    /// # Errors
    /// As [`Store::push`].
    pub fn add(&mut self, labels: &Labels, time: i64, value: f64) -> Result<(), Rejected> {
        let series = self.series_of(labels);
        self.push(series, Sample { time, value })
    }

    /// Marks a series as one that cannot be evaluated; a query that selects it is refused with this reason.
    pub fn mark_foreign(&mut self, series: usize, why: &'static str) {
        self.series[series].foreign = Some(why);
    }

    /// The series that all matchers match.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Vec<usize> {
        let name = matchers.iter().find_map(|matcher| matcher.equal_to().filter(|_| &*matcher.label == NAME));
        let matches = |at: &usize| {
            let labels = &self.series[*at].labels;
            matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.label)))
        };
        match name {
            Some(name) => self.by_name.get(name).into_iter().flatten().copied().filter(matches).collect(),
            None => (0..self.series.len()).filter(matches).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_find_their_place_in_time() {
        let mut store = Store::new();
        let labels = Labels::new([(NAME, "up")]);
        for (time, value) in [(10, 1.0), (30, 3.0), (20, 2.0), (20, 2.0)] {
            store.add(&labels, time, value).unwrap();
        }
        assert_eq!(store.add(&labels, 20, 5.0), Err(Rejected::Duplicate));
        assert_eq!((store.series()[0].times.as_slice(), store.samples()), (&[10, 20, 30][..], 3));
        assert!(is_stale(STALE) && !is_stale(STALE + 1.0));
    }
}
