//! What fires by the word of whoever posts it. Alerts are posted again and again while they fire; only what changes is told,
//! so that an episode is stated once, however often it was repeated.

use crate::alert::Posted;
use crate::group::Alert;
use crate::sent::sum;
use crate::simulation::{Refused, accepted};
use jiff::{SignedDuration, Timestamp};
use mainstay_promql::Labels;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// How long an alert counts as firing that does not say when it would end (`resolve_timeout`'s default). Prometheus says it:
/// four times the interval in which it posts.
const RESOLVE_TIMEOUT: SignedDuration = SignedDuration::from_mins(5);
/// How long an ended alert is known as such. Prometheus posts that one ended for a quarter of an hour.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

/// Something that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The alert.
    pub fingerprint: u64,
    /// When its episode began.
    pub starts: Timestamp,
    /// Its place among those posted, where it begins to fire.
    pub fired: Option<usize>,
    /// When it ended, where it did.
    pub ended: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Known {
    starts: Timestamp,
    /// When it would end by itself, or did.
    ends: Timestamp,
    /// Whether its end is only that of the time-out.
    timeout: bool,
    over: bool,
}

/// The alerts that fire, and those that lately did.
#[derive(Debug, Default)]
pub struct Intake {
    known: HashMap<u64, Known>,
}

impl Intake {
    /// Takes up an episode that was begun before this process was: whoever posts it has some minutes to say so again.
    pub fn resume(&mut self, fingerprint: u64, starts: Timestamp, now: Timestamp) {
        let ends = sum(now, RESOLVE_TIMEOUT);
        self.known.entry(fingerprint).or_insert(Known { starts, ends, timeout: true, over: false });
    }

    /// Forgets an alert, so that it is told anew: what was told of it is not in the ledger.
    pub fn forget(&mut self, fingerprint: u64) {
        self.known.remove(&fingerprint);
    }

    /// How many alerts fire.
    #[must_use]
    pub fn firing(&self) -> usize {
        self.known.values().filter(|known| !known.over).count()
    }

    /// Takes what is posted at an instant; gives what changed, and what cannot be taken.
    pub fn take(&mut self, now: Timestamp, posted: Vec<Posted>) -> (Vec<Transition>, Vec<Refused>) {
        let (mut changed, mut refused) = (Vec::new(), Vec::new());
        for (index, posted) in posted.into_iter().enumerate() {
            match accepted(posted, now, RESOLVE_TIMEOUT) {
                Ok(alert) => self.one(now, &alert, index, &mut changed),
                Err(why) => refused.push(Refused { index, why }),
            }
        }
        (changed, refused)
    }

    fn one(&mut self, now: Timestamp, alert: &Alert, index: usize, changed: &mut Vec<Transition>) {
        let fingerprint = alert.fingerprint;
        let ended = Some(alert.ends).filter(|ends| *ends <= now);
        let entry = match self.known.entry(fingerprint) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let known =
                    Known { starts: alert.starts, ends: alert.ends, timeout: alert.timeout, over: ended.is_some() };
                entry.insert(known);
                changed.push(Transition { fingerprint, starts: alert.starts, fired: Some(index), ended });
                return;
            }
        };
        if !entry.over && alert.starts <= entry.ends {
            // The same episode, whenever another of a pair says that it began.
            let same = |known: &Known| Alert {
                fingerprint,
                labels: Labels::default(),
                starts: known.starts,
                ends: known.ends,
                timeout: known.timeout,
            };
            let merged = same(entry).merged(alert, now);
            (entry.ends, entry.timeout) = (merged.ends.max(entry.starts), merged.timeout);
            if let Some(ended) = Some(entry.ends).filter(|ends| *ends <= now) {
                entry.over = true;
                changed.push(Transition { fingerprint, starts: entry.starts, fired: None, ended: Some(ended) });
            }
            return;
        }
        if entry.over && ended.is_some_and(|ended| ended <= entry.ends || alert.starts <= entry.starts) {
            // It is said again that it ended.
            return;
        }
        if !entry.over {
            changed.push(Transition { fingerprint, starts: entry.starts, fired: None, ended: Some(entry.ends) });
        }
        // What was over and is said to fire since before that end began anew when that was said.
        let starts = if alert.starts > entry.ends { alert.starts } else { now.min(alert.ends) };
        *entry = Known { starts, ends: alert.ends, timeout: alert.timeout, over: ended.is_some() };
        changed.push(Transition { fingerprint, starts, fired: Some(index), ended });
    }

    /// What ended because nobody said any more that it fires.
    pub fn lapse(&mut self, now: Timestamp) -> Vec<Transition> {
        let mut out = Vec::new();
        for (fingerprint, known) in self.known.iter_mut().filter(|(_, known)| !known.over && known.ends <= now) {
            known.over = true;
            let (fingerprint, starts) = (*fingerprint, known.starts);
            out.push(Transition { fingerprint, starts, fired: None, ended: Some(known.ends) });
        }
        self.known.retain(|_, known| !known.over || sum(known.ends, REMEMBERED) > now);
        out.sort_by_key(|transition| (transition.ended, transition.fingerprint));
        out
    }
}

#[cfg(test)]
mod tests;
