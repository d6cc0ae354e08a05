//! What a sender says of an alert that it knows by a key of its own, without saying since when it fires.
//!
//! PagerDuty's events and CloudWatch's messages name an alert and what became of it; which episode that is follows from
//! what the ledger knows to be open. So a reader gives signals, and [`Signal::fact`] makes a fact of one, given the start of
//! the open episode: as [`crate::reconcile`] does with snapshots.

use crate::alertmanager::{episode, to_millisecond};
use crate::identity::digest;
use crate::{At, Reading};
use jiff::Timestamp;
use mainstay_model::facts::{AlertAcknowledged, AlertFired, AlertResolved, AlertSilenced};
use mainstay_model::{Diagnostic, Fact, FactData, FactError, Place, PrincipalId, Subject};

/// Longest key that is kept as it is.
const KEY_BYTES_MAX: usize = 64;

/// What is said of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It fires.
    Fires(Box<AlertFired>),
    /// Somebody saw it.
    Acknowledged(PrincipalId),
    /// It no longer fires.
    Ends,
    /// A silence covers it; its own name first.
    Silenced(String, AlertSilenced),
}

/// One statement about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// The fact's `source`.
    pub source: String,
    /// What the sender knows the alert by, in the form that stands in the names of episodes.
    pub key: String,
    /// When it was so.
    pub at: Timestamp,
    /// What is said.
    pub heard: Heard,
    /// Where it is said.
    pub place: Place,
}

/// The form of a sender's key that stands in the names of episodes: as it is where it is short and plain.
#[must_use]
pub fn alert_key(parts: &[&str]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match parts {
        [one] if !one.is_empty() && one.len() <= KEY_BYTES_MAX && one.chars().all(plain) => (*one).to_owned(),
        _ => {
            let bytes: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            digest(&bytes).to_string()[..16].to_owned()
        }
    }
}

impl Signal {
    /// Hands a signal to a reading, after checking what the ledger would check of the fact.
    pub(crate) fn say(self, reading: &mut Reading, at: &At<'_>) {
        // Whether it opens an episode or belongs to one that is open, what it says is of the same form.
        let checked =
            self.fact(Some(to_millisecond(self.at))).and_then(|fact| fact.map_or(Ok(()), |f| f.check(at.now)));
        match checked {
            Ok(()) => reading.signals.push(self),
            Err(error) => reading.refuse(&error.to_string(), at),
        }
    }

    /// The fact, where it changes anything: `open` is since when the alert fires by what is known.
    ///
    /// # Errors
    /// What is said does not fit into a fact.
    pub fn fact(&self, open: Option<Timestamp>) -> Result<Option<Fact>, FactError> {
        let at = to_millisecond(self.at);
        if let Heard::Fires(fired) = &self.heard {
            if open.is_some_and(|start| start != at) {
                return Ok(None);
            }
            let named = episode(&self.key, at);
            let subject = Subject::of("alert", &named);
            return fired.fact(&self.source, &format!("{named}/fired"), subject, at).map(Some);
        }
        let Some(start) = open else { return Ok(None) };
        let named = episode(&self.key, start);
        let subject = Subject::of("alert", &named);
        let fact = match &self.heard {
            Heard::Fires(_) => return Ok(None),
            Heard::Acknowledged(by) => {
                let said = AlertAcknowledged { by: by.clone() };
                said.fact(&self.source, &format!("{named}/acknowledged/{by}/{at}"), subject, at.max(start))
            }
            // A word that is older than the episode is of one before it.
            Heard::Ends if at < start => return Ok(None),
            Heard::Ends => AlertResolved {}.fact(&self.source, &format!("{named}/resolved/{at}"), subject, at),
            Heard::Silenced(name, silenced) => {
                let id = format!("{named}/silenced/{name}/{}", silenced.until);
                silenced.fact(&self.source, &id, subject, at.max(start))
            }
        };
        fact.map(Some)
    }

    /// What to say where it changes nothing because nothing fires under its key; an end that is said twice is no matter.
    #[must_use]
    pub fn missed(&self, open: Option<Timestamp>) -> Option<Diagnostic> {
        let deed = match (&self.heard, open) {
            (Heard::Acknowledged(_), None) => "is acknowledged",
            (Heard::Silenced(..), None) => "is silenced",
            _ => return None,
        };
        let summary = format!("an alert {deed} that does not fire by what is known: {}", self.key);
        let help = "nothing to do where it was over already; else send also what says that it fires";
        Some(Diagnostic::note("alert.unknown", summary, self.place.clone(), help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(heard: Heard) -> Signal {
        let at = "2026-11-01T10:00:00.1234Z".parse().unwrap();
        Signal { source: "pagerduty".to_owned(), key: "db".to_owned(), at, heard, place: Place::file("x") }
    }

    fn fired() -> Heard {
        let labels = std::iter::once(("alertname".to_owned(), "Down".to_owned())).collect();
        let options = crate::Options::default();
        Heard::Fires(Box::new(crate::alertmanager::fired(labels, Default::default(), "db".to_owned(), &options)))
    }

    #[test]
    fn an_episode_opens_once_and_what_follows_belongs_to_the_open_one() {
        let first = signal(fired()).fact(None).unwrap().unwrap();
        let subject = |fact: &Fact| fact.subject.as_ref().unwrap().name().to_owned();
        assert_eq!(subject(&first), "db/2026-11-01T10:00:00.123Z");
        let open = Some("2026-11-01T09:00:00Z".parse().unwrap());
        assert_eq!(signal(fired()).fact(open).unwrap(), None, "it fires already");
        assert_eq!(signal(fired()).fact(Some(first.time)).unwrap(), Some(first), "said twice, it is the same fact");
        let ada = PrincipalId::new("ada").unwrap();
        let seen = signal(Heard::Acknowledged(ada.clone())).fact(open).unwrap().unwrap();
        assert_eq!((subject(&seen).as_str(), seen.data["by"].as_str()), ("db/2026-11-01T09:00:00Z", Some("ada")));
        assert!(signal(Heard::Ends).fact(open).unwrap().is_some());
        assert!(signal(Heard::Ends).fact(None).unwrap().is_none());
        assert!(signal(Heard::Ends).fact(Some("2026-11-01T11:00:00Z".parse().unwrap())).unwrap().is_none());
        assert!(signal(Heard::Acknowledged(ada)).missed(None).is_some());
        assert!(signal(Heard::Ends).missed(None).is_none());
    }

    #[test]
    fn a_key_of_any_form_is_one_part_of_a_name() {
        assert_eq!(alert_key(&["web-1.disk"]), "web-1.disk");
        for parts in [&["a/b"][..], &["a", "b"], &[""], &["ab"; 40]] {
            let key = alert_key(parts);
            assert!(key.len() == 16 && key.chars().all(|c| c.is_ascii_hexdigit()), "{key}");
        }
        assert_ne!(alert_key(&["a", "bc"]), alert_key(&["ab", "c"]));
    }
}
