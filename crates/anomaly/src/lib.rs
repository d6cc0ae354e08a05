//! Anomalies of a series of numbers, found as they come, with one setting for every series.
//!
//! Two questions are asked of each sample: was there ever a value near this one, and did the last sixteen values ever run
//! like this? Each is a distance to the nearest neighbours in the recent past ([`Neighbours`]), and what is far is decided
//! by the series itself: the distance beside the 99th percentile of the distances so far ([`Usual`]). So neither a scale,
//! nor a season, nor a distribution has to be known. An anomaly is told once; what follows it closely belongs to it.
//!
//! Memory is bounded by constants: about 50 KB a series. Pure: numbers in, judgements out.

mod neighbours;
mod usual;

use neighbours::Neighbours;
use usual::Usual;

/// How many samples the shape of a series is made of.
const SHAPE: usize = 16;
/// How much farther than usual a value must be.
const VALUE_FACTOR: f64 = 3.0;
/// How much farther than usual a shape must be.
const SHAPE_FACTOR: f64 = 1.2;
/// How many samples after an anomaly belong to it.
const QUIET: u64 = 96;
/// How many samples only become the past: a run has no neighbours yet, so that its distance says nothing of what is usual.
const LEARNING: u64 = 288;

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// How far out it is: from 1 on it is anomalous. 0 while the detector learns, or where there is no sample.
    pub score: f64,
    /// Which question it answers badly.
    pub why: Why,
    /// Whether an anomaly begins here: the score is 1 or more, and none began shortly before.
    pub begins: bool,
}

/// What is unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No value near this one was seen.
    Value,
    /// The values never ran like this.
    Shape,
}

impl Why {
    /// `value` or `shape`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Shape => "shape",
        }
    }
}

/// Finds anomalies in one series.
#[derive(Debug, Clone)]
pub struct Detector {
    value: Question,
    shape: Question,
    samples: u64,
    began: Option<u64>,
}

#[derive(Debug, Clone)]
struct Question {
    neighbours: Neighbours,
    usual: Usual,
    factor: f64,
}

impl Question {
    fn ask(&mut self, sample: f64, learning: bool) -> f64 {
        let Some(distance) = self.neighbours.distance(sample).filter(|_| !learning) else { return 0.0 };
        let score = self.usual.times(distance) / self.factor;
        self.usual.see(distance);
        score
    }
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// A detector that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        let question =
            |length, factor| Question { neighbours: Neighbours::new(length), usual: Usual::default(), factor };
        Self { value: question(1, VALUE_FACTOR), shape: question(SHAPE, SHAPE_FACTOR), samples: 0, began: None }
    }

    /// Takes the next sample of a series with even steps. A gap is a sample that is no number: it is passed over, and no
    /// shape reaches across it.
    pub fn observe(&mut self, sample: f64) -> Observed {
        if !sample.is_finite() {
            self.shape.neighbours.gap();
            return Observed { score: 0.0, why: Why::Value, begins: false };
        }
        let at = self.samples;
        let learning = at < LEARNING;
        let (value, shape) = (self.value.ask(sample, learning), self.shape.ask(sample, learning));
        self.samples += 1;
        let (score, why) = if value >= shape { (value, Why::Value) } else { (shape, Why::Shape) };
        let begins = score >= 1.0 && self.began.is_none_or(|began| at - began >= QUIET);
        if begins {
            self.began = Some(at);
        }
        Observed { score, why, begins }
    }
}

#[cfg(test)]
mod tests;
