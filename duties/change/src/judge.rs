//! Redeployments of an older commit: likely rollbacks of what was deployed in between. Decided from all that is known of
//! changes, whichever deliveries it came in, and taken back where a late delivery shows another course.

use crate::Change;
use jiff::Timestamp;
use mainstay_kit::Folded;
use mainstay_model::Subject;
use mainstay_model::facts::{ChangeOutcome, Confidence, FailureKind};
use std::collections::{BTreeMap, BTreeSet};

/// What a machine should say of a change and the one that may have rolled it back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suspicion {
    /// The change that was replaced.
    pub replaced: Subject,
    /// The one that brought the older commit back.
    pub by: Subject,
    /// When that one was completed.
    pub at: Timestamp,
    /// Whether it is suspected; else it was, and no longer is.
    pub stands: bool,
}

/// What is not said yet: new suspicions, and old ones that no longer hold. What a person said of the two stays.
#[must_use]
pub fn suspicions(changes: &[Folded<Change>]) -> Vec<Suspicion> {
    let found = rollbacks(changes);
    let mut out = Vec::new();
    for change in changes {
        let Ok(replaced) = Subject::new(change.key.as_str()) else { continue };
        for link in &change.entity.failures {
            let by_machine = link.by.is_none() && link.kind == FailureKind::Rollback;
            let standing = found.contains_key(&(change.key.as_str(), link.failure.as_str()));
            if by_machine && link.confidence == Confidence::Suspected && !standing && is_known(changes, &link.failure) {
                let at = completed(changes, &link.failure).unwrap_or(change.entity.first);
                out.push(Suspicion { replaced: replaced.clone(), by: link.failure.clone(), at, stands: false });
            }
        }
        for ((_, by), at) in found.range((change.key.as_str(), "")..).take_while(|((key, _), _)| *key == change.key) {
            let Ok(by) = Subject::new(*by) else { continue };
            let said = change.entity.failures.iter().find(|link| link.failure == by);
            // A machine's own retraction may be taken back; a person's word may not.
            let open = said.is_none_or(|link| link.by.is_none() && link.confidence == Confidence::Rejected);
            if open {
                out.push(Suspicion { replaced: replaced.clone(), by, at: *at, stands: true });
            }
        }
    }
    out.sort();
    out
}

/// When it was completed, the change, and its commit.
type Deployed<'a> = (Timestamp, &'a str, &'a str);

/// Pairs of a replaced change and the one that brought an older commit back, with the time of the latter.
fn rollbacks(changes: &[Folded<Change>]) -> BTreeMap<(&str, &str), Timestamp> {
    // What one deployment replaces another in: a service in an environment.
    let mut places: BTreeMap<(&str, &str), Vec<Deployed<'_>>> = BTreeMap::new();
    for change in changes {
        let Some((at, done)) = &change.entity.completed else { continue };
        if let (ChangeOutcome::Succeeded, Some(service), Some(commit)) = (done.outcome, &done.service, &done.commit) {
            places.entry((service.as_str(), &done.environment)).or_default().push((*at, &change.key, commit));
        }
    }
    let mut out = BTreeMap::new();
    for mut deployed in places.into_values() {
        deployed.sort_unstable();
        let mut seen = BTreeSet::new();
        let mut last: Option<(&str, &str)> = None;
        for (at, key, commit) in deployed {
            if let Some((replaced, other)) = last
                && other != commit
                && seen.contains(commit)
            {
                out.insert((replaced, key), at);
            }
            seen.insert(commit);
            last = Some((key, commit));
        }
    }
    out
}

fn is_known(changes: &[Folded<Change>], subject: &Subject) -> bool {
    changes.iter().any(|change| change.key == subject.as_str())
}

fn completed(changes: &[Folded<Change>], subject: &Subject) -> Option<Timestamp> {
    let change = changes.iter().find(|change| change.key == subject.as_str())?;
    change.entity.completed.as_ref().map(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{fold_all, history};

    fn deployed(hour: u32, id: u32, commit: &str) -> String {
        format!(
            "2026-10-01T{hour:02}:00:00Z change.completed change:{id} {{\"environment\":\"production\",\"kind\":\"infrastructure\",\"outcome\":\"succeeded\",\"service\":\"service:shop\",\"commit\":\"{commit}\"}}\n"
        )
    }

    fn linked(hour: u32, confidence: &str, by: &str) -> String {
        let by = if by.is_empty() { String::new() } else { format!(",\"by\":\"{by}\"") };
        format!(
            "2026-10-01T{hour:02}:00:00Z change.failure-linked change:2 {{\"failure\":\"change:3\",\"kind\":\"rollback\",\"confidence\":\"{confidence}\"{by}}}\n"
        )
    }

    fn said(facts: &str) -> Vec<String> {
        let changes = fold_all::<Change>(&history(facts).unwrap());
        let text = |one: Suspicion| format!("{} by {} {}", one.replaced.name(), one.by.name(), one.stands);
        suspicions(&changes).into_iter().map(text).collect()
    }

    #[test]
    fn going_back_to_an_older_commit_is_suspected_in_whatever_order_it_is_told() {
        let facts =
            deployed(12, 3, "old") + &deployed(10, 1, "old") + &deployed(13, 4, "old") + &deployed(11, 2, "new");
        assert_eq!(said(&facts), ["2 by 3 true"]);
        assert!(said(&(deployed(10, 1, "a") + &deployed(11, 2, "b") + &deployed(12, 3, "c"))).is_empty());
    }

    #[test]
    fn another_place_and_a_failed_deployment_roll_nothing_back() {
        let facts = deployed(10, 1, "old") + &deployed(11, 2, "new");
        assert!(said(&(facts.clone() + &deployed(12, 3, "old").replace("service:shop", "service:till"))).is_empty());
        assert!(said(&(facts.clone() + &deployed(12, 3, "old").replace("production", "staging"))).is_empty());
        assert!(said(&(facts + &deployed(12, 3, "old").replace("succeeded", "failed"))).is_empty());
    }

    #[test]
    fn a_suspicion_is_said_once_and_taken_back_when_a_late_delivery_shows_another_course() {
        let facts = deployed(10, 1, "old") + &deployed(11, 2, "new") + &deployed(13, 3, "old");
        assert_eq!(said(&facts), ["2 by 3 true"]);
        let known = facts + &linked(13, "suspected", "");
        assert!(said(&known).is_empty());
        let late = known.clone() + &deployed(12, 5, "newer");
        assert_eq!(said(&late), ["2 by 3 false", "5 by 3 true"]);
    }

    #[test]
    fn what_a_person_said_stays() {
        let facts = deployed(10, 1, "old") + &deployed(11, 2, "new") + &deployed(13, 3, "old");
        for word in ["confirmed", "rejected", "suspected"] {
            assert!(said(&(facts.clone() + &linked(14, word, "ada"))).is_empty(), "{word}");
        }
        let late = facts + &deployed(12, 5, "newer") + &linked(14, "confirmed", "ada");
        assert_eq!(said(&late), ["5 by 3 true"]);
    }
}
