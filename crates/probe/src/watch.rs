//! From samples, one after the other, to what is worth saying: a state that turned, that still is what it was after a while,
//! that is known again after nobody looked.

use crate::Probe;
use jiff::{SignedDuration, Timestamp};
use mainstay_model::Verdict;

/// What was seen of an endpoint by whoever watches it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The state: what so many samples in a row said.
    state: Verdict,
    /// When it was said last.
    said: Timestamp,
    /// When the last sample was taken.
    seen: Timestamp,
    /// Samples in a row that say something else, since when.
    doubt: Option<(Verdict, u32, Timestamp)>,
}

/// Something worth saying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The state.
    pub state: Verdict,
    /// Since when: the first of the samples that said so.
    pub at: Timestamp,
    /// Whether nobody looked before.
    pub resumed: bool,
}

impl Watch {
    /// Takes the first sample, whose verdict is the state.
    #[must_use]
    pub fn begin(state: Verdict, at: Timestamp) -> (Self, Said) {
        (Self { state, said: at, seen: at, doubt: None }, Said { state, at, resumed: true })
    }

    /// Whether it is time for the next sample.
    #[must_use]
    pub fn is_due(&self, probe: &Probe, now: Timestamp) -> bool {
        now.duration_since(self.seen) >= length(probe.every)
    }

    /// Takes the next sample; a state that lasts is said again after `again`.
    pub fn hear(&mut self, verdict: Verdict, at: Timestamp, probe: &Probe, again: SignedDuration) -> Option<Said> {
        // A sample and its answer may be late; two that are missing are a time in which nobody looked.
        let patience = length(probe.every) * 3 + length(probe.timeout);
        if at.duration_since(self.seen) > patience || at < self.seen {
            let (watch, said) = Self::begin(verdict, at);
            *self = watch;
            return Some(said);
        }
        self.seen = at;
        if verdict == self.state {
            self.doubt = None;
            if at.duration_since(self.said) < again {
                return None;
            }
            self.said = at;
            return Some(Said { state: verdict, at, resumed: false });
        }
        let (count, since) = match self.doubt {
            Some((doubted, count, since)) if doubted == verdict => (count + 1, since),
            _ => (1, at),
        };
        let needed = if verdict == Verdict::Pass { probe.mends_after } else { probe.fails_after };
        if count < needed {
            self.doubt = Some((verdict, count, since));
            return None;
        }
        (self.state, self.said, self.doubt) = (verdict, at, None);
        Some(Said { state: verdict, at: since, resumed: false })
    }
}

fn length(duration: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_iac::SourceFile;

    fn probe() -> Probe {
        let text = "endpoints:\n  - name: a\n    url: tcp://a:1\n    conditions: [\"[CONNECTED] == true\"]\n    interval: 1m\n";
        let files = [SourceFile { path: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() }];
        crate::read(&files).probes.remove(0)
    }

    fn minute(number: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + number * 60).unwrap()
    }

    /// What is said of samples, one a minute, by the letters of their verdicts; a blank where nobody looks.
    fn told(samples: &str) -> Vec<(i64, Verdict, bool)> {
        let (probe, mut watch, mut said) = (probe(), None::<Watch>, Vec::new());
        for (at, letter) in (0..).zip(samples.chars()) {
            let verdict = match letter {
                'p' => Verdict::Pass,
                'f' => Verdict::Fail,
                'u' => Verdict::Unknown,
                _ => continue,
            };
            let one = match &mut watch {
                None => {
                    let (begun, one) = Watch::begin(verdict, minute(at));
                    watch = Some(begun);
                    Some(one)
                }
                Some(watch) => watch.hear(verdict, minute(at), &probe, SignedDuration::from_mins(10)),
            };
            said.extend(one.map(|one| ((one.at.as_second() - 1_790_000_000) / 60, one.state, one.resumed)));
        }
        said
    }

    #[test]
    fn a_state_turns_after_so_many_samples_and_from_the_first_of_them_on() {
        use Verdict::{Fail, Pass, Unknown};
        // Three failures turn it, two answers turn it back, and single ones do neither.
        assert_eq!(told("ppfppffpfffpfpp"), [(0, Pass, true), (8, Fail, false), (13, Pass, false)]);
        assert_eq!(told("puuup"), [(0, Pass, true), (1, Unknown, false)]);
        assert_eq!(told("pfufuf"), [(0, Pass, true)]);
    }

    #[test]
    fn a_state_that_lasts_is_said_again_and_one_that_nobody_looked_at_anew() {
        use Verdict::{Fail, Pass};
        assert_eq!(told("ppppppppppppp"), [(0, Pass, true), (10, Pass, false)]);
        assert_eq!(told("pp  p"), [(0, Pass, true)]);
        assert_eq!(told("pp    fp"), [(0, Pass, true), (6, Fail, true)]);
    }

    #[test]
    fn a_clock_that_is_set_back_begins_anew() {
        let (mut watch, _) = Watch::begin(Verdict::Pass, minute(10));
        let said = watch.hear(Verdict::Fail, minute(5), &probe(), SignedDuration::from_hours(1));
        assert_eq!(said, Some(Said { state: Verdict::Fail, at: minute(5), resumed: true }));
    }
}
