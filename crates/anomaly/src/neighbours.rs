//! The nearest neighbours of a run of samples in the recent past.

/// How many past runs are compared.
const RUNS: usize = 600;
/// The mean distance to how many nearest runs is taken: one odd run in the past does not make the next one usual.
const NEAREST: usize = 10;

/// The recent past of a series.
#[derive(Debug, Clone)]
pub struct Neighbours {
    /// Samples, oldest first; the newest run ends with the last.
    past: Vec<f64>,
    length: usize,
    /// How many samples came since the last gap.
    unbroken: usize,
}

impl Neighbours {
    /// Of runs of this length.
    pub const fn new(length: usize) -> Self {
        Self { past: Vec::new(), length, unbroken: 0 }
    }

    /// Takes a sample, and gives the mean distance (sum of absolute differences) of the run that it ends to the nearest
    /// past runs; nothing while there are too few. Runs that share more than half of their samples with the newest are left out,
    /// as they are near for that reason alone.
    pub fn distance(&mut self, sample: f64) -> Option<f64> {
        // Twice the room, so that making room is rare.
        let room = RUNS + 2 * self.length;
        if self.past.len() >= 2 * room {
            self.past.drain(..self.past.len() - room);
        }
        self.past.push(sample);
        self.unbroken += 1;
        if self.unbroken < self.length {
            return None;
        }
        let start = self.past.len() - self.length;
        let newest = &self.past[start..];
        let end = start.saturating_sub(self.length / 2);
        let first = end.saturating_sub(RUNS);
        let mut nearest = [f64::INFINITY; NEAREST];
        for at in first..end {
            let run = &self.past[at..at + self.length];
            insert(&mut nearest, run.iter().zip(newest).map(|(a, b)| (a - b).abs()).sum());
        }
        (end - first > NEAREST).then(|| nearest.iter().sum::<f64>() / NEAREST as f64)
    }

    /// A sample is missing: no run that is judged reaches across.
    pub const fn gap(&mut self) {
        self.unbroken = 0;
    }
}

/// Keeps the smallest distances, sorted.
fn insert(nearest: &mut [f64; NEAREST], distance: f64) {
    if distance >= nearest[NEAREST - 1] {
        return;
    }
    let at = nearest.partition_point(|kept| *kept <= distance);
    nearest.copy_within(at..NEAREST - 1, at + 1);
    nearest[at] = distance;
}
