//! Randomness: the system's, or a seeded sequence for tests.

use std::sync::{Arc, Mutex, PoisonError};

/// A source of random bytes. Cheap to clone; clones of a seeded source share its sequence.
#[derive(Clone)]
pub struct Random(Kind);

#[derive(Clone)]
enum Kind {
    System,
    Seeded(Arc<Mutex<u64>>),
}

/// The system gave no random bytes. Nothing that needs them can go on safely.
#[derive(Debug, Clone, thiserror::Error)]
#[error("failed to get random bytes from the system: {0}")]
pub struct RandomError(String);

impl Random {
    /// The system's source, fit for keys and tokens.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A sequence that is the same for the same seed; for tests only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Kind::Seeded(Arc::new(Mutex::new(seed))))
    }

    /// Fills the buffer.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        match &self.0 {
            Kind::System => getrandom::fill(buffer).map_err(|e| RandomError(e.to_string())),
            Kind::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in buffer.chunks_mut(8) {
                    let bytes = splitmix(&mut state).to_le_bytes();
                    chunk.copy_from_slice(&bytes[..chunk.len()]);
                }
                Ok(())
            }
        }
    }

    /// So many random bytes as lower-case hexadecimal, for ids and tokens.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn hex(&self, bytes: usize) -> Result<String, RandomError> {
        let mut buffer = vec![0; bytes];
        self.fill(&mut buffer)?;
        Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A fraction in `[0, 1)`, for jitter; 0.5 where there is no randomness, since jitter is only a courtesy.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        let mut bytes = [0; 4];
        match self.fill(&mut bytes) {
            Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
            Err(_) => 0.5,
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014), which passes through every state once.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seeded_source_repeats_itself_and_the_system_does_not() {
        assert_eq!(Random::seeded(7).hex(16).unwrap(), Random::seeded(7).hex(16).unwrap());
        // First output of SplitMix64 for seed 1234567, from its reference implementation.
        let mut state = 1_234_567;
        assert_eq!(splitmix(&mut state), 6_457_827_717_110_365_317);
        assert_ne!(Random::system().hex(16).unwrap(), Random::system().hex(16).unwrap());
        let fraction = Random::system().fraction();
        assert!((0.0..1.0).contains(&fraction));
    }
}
