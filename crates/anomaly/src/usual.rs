//! What distance is usual for a series.

use std::collections::VecDeque;

/// How many distances are remembered.
const DISTANCES: usize = 4096;
/// With fewer nothing is known to be usual.
const DISTANCES_MIN: usize = 30;
/// The share of distances that are usual.
const USUAL: f64 = 0.99;
/// So that a series that never moved is not divided by zero.
const TINY: f64 = 1e-9;

/// The recent distances, in order of time and of size.
#[derive(Debug, Clone, Default)]
pub struct Usual {
    recent: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl Usual {
    /// A distance beside the largest usual one; 0 while too few were seen.
    pub fn times(&self, distance: f64) -> f64 {
        if self.sorted.len() < DISTANCES_MIN {
            return 0.0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a small number of distances"
        )]
        let at = (USUAL * (self.sorted.len() - 1) as f64) as usize;
        distance / (self.sorted[at] + TINY)
    }

    /// Takes note of a distance.
    pub fn see(&mut self, distance: f64) {
        if self.recent.len() == DISTANCES
            && let Some(oldest) = self.recent.pop_front()
        {
            let at = self.sorted.partition_point(|kept| *kept < oldest);
            self.sorted.remove(at);
        }
        self.recent.push_back(distance);
        let at = self.sorted.partition_point(|kept| *kept < distance);
        self.sorted.insert(at, distance);
    }
}
