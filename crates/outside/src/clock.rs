//! The clock: the system's, or one that a test sets and moves.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Tells the time and waits. Cheap to clone; clones of a fixed clock share its time.
#[derive(Clone)]
pub struct Clock(Kind);

#[derive(Clone)]
enum Kind {
    System(Instant),
    Fixed(Arc<Mutex<(Timestamp, Duration)>>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System(Instant::now()))
    }

    /// A clock that stands still until it is moved; waiting on it moves it.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self(Kind::Fixed(Arc::new(Mutex::new((at, Duration::ZERO)))))
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System(_) => Timestamp::now(),
            Kind::Fixed(time) => time.lock().unwrap_or_else(PoisonError::into_inner).0,
        }
    }

    /// Time that passed since this clock was made; never goes back, so durations are measured with it.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Kind::System(start) => start.elapsed(),
            Kind::Fixed(time) => time.lock().unwrap_or_else(PoisonError::into_inner).1,
        }
    }

    /// Moves a fixed clock forward; does nothing to the system's.
    pub fn advance(&self, by: Duration) {
        let Kind::Fixed(time) = &self.0 else { return };
        let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
        let step = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        time.0 = time.0.saturating_add(step).unwrap_or(Timestamp::MAX);
        time.1 = time.1.saturating_add(by);
    }

    /// Waits. A fixed clock moves instead.
    pub fn sleep(&self, duration: Duration) {
        match &self.0 {
            Kind::System(_) => std::thread::sleep(duration),
            Kind::Fixed(_) => self.advance(duration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_it_is_told_to_or_waited_on() {
        let clock = Clock::fixed("2026-11-01T00:00:00Z".parse().unwrap());
        let twin = clock.clone();
        clock.advance(Duration::from_secs(90));
        twin.sleep(Duration::from_secs(30));
        assert_eq!(clock.now().to_string(), "2026-11-01T00:02:00Z");
        assert_eq!(clock.elapsed(), Duration::from_secs(120));
    }
}
