//! What policies for error budgets ask for, and from when to when; and when a measurement says something new.

use crate::{BudgetPolicy, Objective};
use jiff::{SignedDuration, Timestamp};
use mainstay_estate::Owner;
use mainstay_kit::Folded;
use mainstay_model::facts::{BudgetMeasured, BudgetPolicyDeclared, BudgetState, BudgetStep};
use mainstay_model::{PromiseKind, Subject};
use std::collections::BTreeSet;

/// A budget that has moved by so much of itself is worth a fact.
const MOVED: f64 = 0.01;

/// One that has not is told of once in so many hours all the same: it was still looked at.
const QUIET_HOURS: i64 = 24;

/// Whether a measurement says something that the one before it did not: facts are transitions, and budgets move a little with
/// every request.
#[must_use]
pub fn is_news(before: Option<&BudgetMeasured>, now: &BudgetMeasured) -> bool {
    let Some(before) = before else { return true };
    if now.until <= before.until {
        return false;
    }
    let moved = match (before.left, now.left) {
        // Far below nothing, a hundredth of a budget is as little as a hundredth of what is overdrawn.
        (Some(was), Some(is)) => (is - was).abs() >= MOVED * was.abs().max(1.0),
        (was, is) => was.is_some() != is.is_some(),
    };
    let is_old = now.until.duration_since(before.until) >= SignedDuration::from_hours(QUIET_HOURS);
    moved || is_old || before.state != now.state || before.ends != now.ends
}

/// Why a step of a policy holds no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// More of the budget is left again.
    Back,
    /// The policy has no such step any more, or is not for the objective.
    Policy,
    /// The promise was withdrawn.
    Promise,
}

/// A time in which no more than a step's share of a budget was left.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// The policy's name.
    pub policy: String,
    /// The step as it was when it was reached.
    pub step: BudgetStep,
    /// The objective's promise.
    pub promise: String,
    /// The service that made it.
    pub service: Subject,
    /// The objective's name for people: service and name.
    pub name: String,
    /// Who answers for it.
    pub owner: Option<Subject>,
    /// When it was reached.
    pub since: Timestamp,
    /// The share that was left then.
    pub left: f64,
    /// When it ended, and why.
    pub until: Option<(Timestamp, Ended)>,
}

/// What changes how a step and an objective stand to each other.
#[derive(Debug, Clone, Copy)]
enum Turn<'a> {
    Policy(Option<&'a BudgetPolicyDeclared>),
    Promise(bool),
    Left(f64),
}

/// Every time in which a step of a policy held for an objective. A policy looks at what was measured last before it was declared,
/// too; a measurement that could not tell what is left neither begins nor ends anything.
#[must_use]
pub fn reached(
    objectives: &[Folded<Objective>],
    policies: &[Folded<BudgetPolicy>],
    owner_of: &dyn Fn(&Subject) -> Owner,
) -> Vec<Reached> {
    let mut out = Vec::new();
    for policy in policies {
        for objective in objectives {
            let Some(promise) = objective.entity.newest() else { continue };
            let owner = owner_of(&promise.subject);
            let turns = turns(&objective.entity, &policy.entity);
            for left_percent in thresholds(&policy.entity) {
                let about = About { policy, objective, owner: &owner, left_percent: left_percent.0 };
                out.extend(about.spans(&turns));
            }
        }
    }
    out
}

/// A share with an order: policies are read without infinities.
#[derive(PartialEq)]
struct Share(f64);

impl Eq for Share {}

impl PartialOrd for Share {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Share {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Every share at which some version of the policy has a step.
fn thresholds(policy: &BudgetPolicy) -> BTreeSet<Share> {
    let versions = policy.history.iter().filter_map(|(_, said)| said.as_ref());
    versions.flat_map(|said| &said.steps).map(|step| Share(step.left_percent)).collect()
}

fn turns<'a>(objective: &'a Objective, policy: &'a BudgetPolicy) -> Vec<(Timestamp, Turn<'a>)> {
    let policies = policy.history.iter().map(|(at, said)| (*at, Turn::Policy(said.as_ref())));
    let promises = objective.history.iter().map(|(at, promise)| (*at, Turn::Promise(promise.is_some())));
    let known = |(at, state, left): &(Timestamp, BudgetState, Option<f64>)| {
        let left = left.filter(|_| *state != BudgetState::Unknown)?;
        Some((*at, Turn::Left(left)))
    };
    let mut turns: Vec<_> = policies.chain(promises).chain(objective.course.iter().filter_map(known)).collect();
    // Of one moment first what was declared, then what was promised, then what was measured of it.
    turns.sort_by_key(|(at, turn)| (*at, matches!(turn, Turn::Left(_))));
    turns
}

/// A step of a policy and an objective.
struct About<'a> {
    policy: &'a Folded<BudgetPolicy>,
    objective: &'a Folded<Objective>,
    owner: &'a Owner,
    left_percent: f64,
}

impl About<'_> {
    fn spans(&self, turns: &[(Timestamp, Turn<'_>)]) -> Vec<Reached> {
        let mut spans: Vec<Reached> = Vec::new();
        let mut step: Option<&BudgetStep> = None;
        let (mut is_promised, mut left) = (false, None::<f64>);
        for (at, turn) in turns {
            match turn {
                Turn::Policy(said) => step = said.filter(|said| self.is_for(said)).and_then(|said| self.step_of(said)),
                Turn::Promise(made) => is_promised = *made,
                Turn::Left(now) => left = Some(*now),
            }
            let open = spans.last_mut().filter(|span| span.until.is_none());
            let is_low = left.is_some_and(|left| left * 100.0 <= self.left_percent);
            let holds = step.filter(|_| is_promised && is_low);
            match (open, holds) {
                (Some(span), Some(step)) if span.step == *step => {}
                (Some(span), holds) => {
                    let why = match (is_promised, step == Some(&span.step)) {
                        (false, _) => Ended::Promise,
                        (true, false) => Ended::Policy,
                        (true, true) => Ended::Back,
                    };
                    span.until = Some((*at, why));
                    spans.extend(holds.and_then(|step| self.begun(step, *at, left)));
                }
                (None, holds) => spans.extend(holds.and_then(|step| self.begun(step, *at, left))),
            }
        }
        spans
    }

    fn begun(&self, step: &BudgetStep, since: Timestamp, left: Option<f64>) -> Option<Reached> {
        let promise = self.objective.entity.newest()?;
        let PromiseKind::ServiceLevel { name, .. } = &promise.kind else { return None };
        Some(Reached {
            policy: self.policy.key.strip_prefix("budget-policy:").unwrap_or(&self.policy.key).to_owned(),
            step: step.clone(),
            promise: self.objective.key.clone(),
            service: promise.subject.clone(),
            name: format!("{} of {}", name, promise.subject.name()),
            owner: promise.owner.clone().or_else(|| self.owner.team.clone()),
            since,
            left: left?,
            until: None,
        })
    }

    fn step_of<'p>(&self, said: &'p BudgetPolicyDeclared) -> Option<&'p BudgetStep> {
        said.steps.iter().find(|step| step.left_percent.total_cmp(&self.left_percent).is_eq())
    }

    /// A policy that names neither services nor tiers is for all.
    fn is_for(&self, said: &BudgetPolicyDeclared) -> bool {
        let service = self.objective.entity.newest().map(|promise| &promise.subject);
        let named = service.is_some_and(|service| said.services.contains(service));
        let tiered = self.owner.tier.as_ref().is_some_and(|tier| said.tiers.contains(tier));
        (said.services.is_empty() && said.tiers.is_empty()) || named || tiered
    }
}

#[cfg(test)]
mod tests;
