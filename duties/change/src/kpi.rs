//! KPI 1, change failure rate (DORA's definition, for production infrastructure).

use crate::tables::{Change, Drift, DriftedResource, PRODUCTION, is_infrastructure};
use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Contribution, Folded, Query, Standing};
use mainstay_model::facts::{ChangeFailureLinked, Confidence};
use std::collections::{HashMap, HashSet};

/// How long a change is watched before it counts, in days: a failure takes time to show.
pub const OBSERVATION_DAYS: i64 = 7;

/// KPI 1: the share of executed production changes that a person confirmed to have failed, by time of completion.
///
/// The denominator is every executed change, failed ones and unauthorised drift included, once its observation window
/// is over. However many incidents a change caused, it failed once. What a machine suspects is a band beside the value.
#[must_use]
pub fn change_failure_rate(
    changes: &[Folded<Change>],
    drifted: &[Folded<DriftedResource>],
    query: &Query,
) -> Vec<Contribution> {
    let blamed = failures_by_change(changes);
    let mut out: Vec<_> = changes.iter().filter_map(|change| of_change(change, &blamed, query)).collect();
    for resource in drifted {
        out.extend(resource.entity.drifts.iter().filter_map(|drift| of_drift(resource, drift, query)));
    }
    out
}

type Failures<'a> = HashMap<&'a str, HashSet<&'a str>>;

/// What each change that another one mends is suspected or confirmed to have broken.
fn failures_by_change(changes: &[Folded<Change>]) -> Failures<'_> {
    let remedied = |change: &Folded<Change>| change.entity.completed.as_ref().and_then(|(_, c)| c.remedies.clone());
    let remedied: HashSet<_> = changes.iter().filter_map(remedied).collect();
    let mut out = Failures::new();
    if remedied.is_empty() {
        return out;
    }
    let remedied: HashSet<&str> = remedied.iter().map(|subject| subject.as_str()).collect();
    for change in changes.iter().filter(|change| remedied.contains(change.key.as_str())) {
        let standing = change.entity.failures.iter().filter(|link| link.confidence != Confidence::Rejected);
        out.insert(&change.key, standing.map(|link| link.failure.as_str()).collect());
    }
    out
}

fn of_change(change: &Folded<Change>, blamed: &Failures<'_>, query: &Query) -> Option<Contribution> {
    let entity = &change.entity;
    let completed = entity.completed.as_ref();
    let ended = completed.map(|(at, _)| *at).or(entity.cancelled.as_ref().map(|(at, _)| *at));
    let at = ended.filter(|at| query.window.contains(*at))?;
    let left_out = |why| Contribution::excluded(&change.key, at, why, change.facts.clone());
    let Some((_, completed)) = completed else {
        // It did something, but nobody recorded what: visible, and no evidence either way.
        return Some(left_out(if entity.started.is_some() { "cancelled while running" } else { "cancelled" }));
    };
    let mut contribution = if completed.environment != PRODUCTION {
        left_out("not production")
    } else if !is_infrastructure(completed) {
        left_out("not infrastructure")
    } else if is_pending(at, query) {
        left_out("pending")
    } else {
        let remedied = completed.remedies.as_ref().map(|subject| subject.as_str());
        let others = remedied.and_then(|subject| blamed.get(subject));
        let own = entity.failures.iter().filter(|link| {
            // A rollback or hotfix is recorded after the failure it mends, which makes it a tempting culprit.
            let failure = link.failure.as_str();
            failure != change.key && Some(failure) != remedied && !others.is_some_and(|set| set.contains(failure))
        });
        executed(&change.key, at, own, &change.facts)
    };
    contribution.service = entity.service().map(ToString::to_string);
    contribution.team = completed.team.as_ref().map(ToString::to_string);
    Some(contribution)
}

fn of_drift(resource: &Folded<DriftedResource>, drift: &Drift, query: &Query) -> Option<Contribution> {
    if drift.drifted.authorised || !query.window.contains(drift.at) {
        return None;
    }
    let left_out = |why| Contribution::excluded(&resource.key, drift.at, why, resource.facts.clone());
    Some(if drift.drifted.environment.is_none() {
        Contribution { standing: Standing::Unknown("environment unknown"), ..left_out("") }
    } else if drift.drifted.environment.as_deref() != Some(PRODUCTION) {
        left_out("not production")
    } else if is_pending(drift.at, query) {
        left_out("pending")
    } else {
        executed(&resource.key, drift.at, drift.failures.iter(), &resource.facts)
    })
}

/// Whether the change may still turn out to have failed.
fn is_pending(at: Timestamp, query: &Query) -> bool {
    let end = at.checked_add(SignedDuration::from_hours(24 * OBSERVATION_DAYS)).unwrap_or(Timestamp::MAX);
    end > query.as_of
}

/// An executed change: one in the denominator, one in the numerator where a person confirmed a failure of it.
fn executed<'a>(
    key: &str,
    at: Timestamp,
    links: impl Iterator<Item = &'a ChangeFailureLinked>,
    facts: &[u64],
) -> Contribution {
    let (mut confirmed, mut suspected) = (false, false);
    for link in links {
        confirmed |= link.confidence == Confidence::Confirmed;
        suspected |= link.confidence == Confidence::Suspected;
    }
    let mut out = Contribution::counted(key, at, f64::from(u8::from(confirmed)), 1.0, facts.to_vec());
    out.suspected = f64::from(u8::from(suspected && !confirmed));
    out
}

#[cfg(test)]
mod tests;
