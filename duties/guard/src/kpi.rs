//! KPI 7 (IaC adoption) and KPI 8 (policy compliance): how the estate stands at the end of the window.

use crate::tables::{EstateResource, Judgement, LiveState, Summary};
use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Contribution, Folded, Query, Standing};
use mainstay_model::facts::Aspect;
use std::collections::HashSet;

/// Days after which an observation no longer says how a resource is.
pub const OBSERVATION_STALE_DAYS: i64 = 7;

/// KPI 7: the share of the live resources in scope that a state manages and that have not drifted, at the end of the
/// window.
///
/// The denominator is what is live, from any source; taken from the state it would always be 100 %. What the provider
/// made by itself is out, and what a controller made belongs to its owner and would only dilute.
#[must_use]
pub fn iac_adoption(resources: &[Folded<EstateResource>], query: &Query) -> Vec<Contribution> {
    let Some(end) = query.last_instant() else { return Vec::new() };
    let adopted = |folded: &Folded<EstateResource>| {
        let live = folded.entity.live_at(end);
        if !live.exists {
            return None;
        }
        let as_code = live.managed && !folded.entity.drifted_at(end);
        let standing = out_of_scope(live).map_or(Standing::Counted, Standing::Excluded);
        Some(contribution(folded, end, as_code, standing))
    };
    resources.iter().filter_map(adopted).collect()
}

/// KPI 8: the share of the resources in scope that pass every applicable key control, at the end of the window.
///
/// A resource counts once, however many controls apply. A waiver, an unknown verdict and a stale observation are no pass.
/// A resource to which no key control applies is out of scope, and so is what KPI 7 leaves out. A resource that is both
/// live and declared counts once, by its live side where that was judged.
#[must_use]
pub fn policy_compliance(resources: &[Folded<EstateResource>], query: &Query) -> Vec<Contribution> {
    let Some(end) = query.last_instant() else { return Vec::new() };
    let twins: HashSet<&str> =
        resources.iter().filter_map(|folded| Some(folded.entity.same_as.as_ref()?.as_str())).collect();
    let judged_live: HashSet<&str> = resources
        .iter()
        .filter(|folded| twins.contains(folded.key.as_str()))
        .filter(|folded| folded.entity.live_at(end).exists && folded.entity.judgement_at(Aspect::Live, end).is_some())
        .map(|folded| folded.key.as_str())
        .collect();
    let complies = |folded: &Folded<EstateResource>| {
        let entity = &folded.entity;
        let live = entity.live_at(end);
        let stands_in = |aspect| entity.judgement_at(aspect, end);
        let declared = || {
            let elsewhere = entity.same_as.as_ref().is_some_and(|same| judged_live.contains(same.as_str()));
            (entity.declared_at(end) && !elsewhere).then(|| stands_in(Aspect::Declared)).flatten()
        };
        let judgement = live.exists.then(|| stands_in(Aspect::Live)).flatten().or_else(declared);
        let (passes, standing) = match (out_of_scope(live), judgement) {
            (Some(why), _) => (false, Standing::Excluded(why)),
            (None, Some(judgement)) => verdict(judgement, end),
            (None, None) if live.exists => {
                let unjudged = contribution(folded, end, false, Standing::Unknown("not judged"));
                return Some(Contribution { denominator: 0.0, ..unjudged });
            }
            (None, None) => return None,
        };
        Some(contribution(folded, end, passes, standing))
    };
    resources.iter().filter_map(complies).collect()
}

/// Whether the judgement is a pass at a time, and how it counts.
fn verdict(judgement: &Judgement, at: Timestamp) -> (bool, Standing) {
    let fresh = SignedDuration::from_hours(24 * OBSERVATION_STALE_DAYS);
    match judgement.summary {
        Summary::NotApplicable => (false, Standing::Excluded("no applicable key control")),
        _ if at.duration_since(judgement.observed) > fresh => (false, Standing::Unknown("stale observation")),
        Summary::Pass => (true, Standing::Counted),
        Summary::Fail | Summary::Waived => (false, Standing::Counted),
        Summary::Unknown => (false, Standing::Unknown("verdict unknown")),
    }
}

fn out_of_scope(live: LiveState) -> Option<&'static str> {
    if live.provider_default {
        Some("provider default")
    } else if live.controlled {
        Some("belongs to its controller")
    } else {
        None
    }
}

fn contribution(folded: &Folded<EstateResource>, at: Timestamp, counts: bool, standing: Standing) -> Contribution {
    let best = folded.entity.best();
    Contribution {
        standing,
        service: best.service.as_ref().map(ToString::to_string),
        team: best.owner.as_ref().filter(|owner| owner.kind() == "team").map(ToString::to_string),
        slice: Some(("type", best.resource_type.clone())),
        ..Contribution::counted(&folded.key, at, f64::from(u8::from(counts)), 1.0, folded.facts.clone())
    }
}

#[cfg(test)]
mod tests;
