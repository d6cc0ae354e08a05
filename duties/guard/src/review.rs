//! Review of a plan: what would be done, why, what it costs in data, service and money, and how risky that is. Pure.
//!
//! Nothing of a plan is believed to be harmless because it is not known: what has no price is listed as unpriced, what has no
//! known owner says so, and a plan that is incomplete makes the review incomplete.

pub mod cost;
mod knowledge;
mod reach;
mod renamed;
mod risk;
mod show;
mod steps;
#[cfg(test)]
mod tests;
mod values;

use cost::{Cost, PriceBook};
use mainstay_iac::plan::{Plan, read_plan};
use mainstay_iac::{Block, Reading, SourceFile};
use mainstay_model::{Diagnostic, Severity, Verdict};
use mainstay_policy::{Engine, Judgement};
pub use reach::{Place, Reached, Service, Surroundings, TouchedService};
pub use risk::{Factor, Gate, Risk, RiskLevel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
pub use show::{markdown, text};
use std::collections::{BTreeMap, HashMap};
pub use steps::{Action, Changed, Loss, Outage, Reason, Step};

/// What a review is made of.
pub struct Ask<'a> {
    /// The plan, `terraform show -json`.
    pub plan: &'a SourceFile,
    /// The controls.
    pub engine: &'a Engine,
    /// A state whose dependencies complete those of the plan.
    pub state: Option<&'a Reading>,
    /// Prices, where there are any.
    pub prices: Option<&'a PriceBook>,
    /// What is known around the plan.
    pub surroundings: &'a Surroundings,
    /// What stops a change.
    pub gate: &'a Gate,
}

/// A plan, reviewed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    /// The file that was reviewed.
    pub plan: String,
    /// SHA-256 of exactly what was reviewed, in hexadecimal digits.
    pub digest: String,
    /// `terraform_version` of the plan, empty where it does not say.
    pub terraform_version: String,
    /// Whether the plan is whole; a plan with errors shows only a part of what would happen.
    pub complete: bool,
    /// How many objects each action concerns.
    pub counts: BTreeMap<Action, u32>,
    /// What would be done, the most dangerous first.
    pub steps: Vec<Step>,
    /// What depends on what is changed and is itself left as it is, nearest first.
    pub reached: Vec<Reached>,
    /// Services that are touched, directly or through what they depend on.
    pub services: Vec<TouchedService>,
    /// What changed outside of Terraform since it last looked.
    pub drift: Vec<Drift>,
    /// Failed and unknown verdicts on what would be.
    pub verdicts: Vec<PlannedVerdict>,
    /// The difference in cost.
    pub cost: Cost,
    /// How risky it is, with each factor.
    pub risk: Risk,
    /// Why the gate does not let it through; empty where it does.
    pub blocked: Vec<String>,
    /// What could not be read.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// An object that is not as Terraform left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// Its address.
    pub address: String,
    /// What differs, or that it is gone.
    pub changed: Vec<Changed>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Whether this plan puts it back (or makes it anew).
    pub undone: bool,
    /// Who changed it and when, where something that was collected says so.
    pub trail: Option<String>,
}

/// What a control says of an object as it would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedVerdict {
    /// The control.
    pub control: String,
    /// What it demands.
    pub title: String,
    /// How bad a break is.
    pub severity: Severity,
    /// The object's address.
    pub resource: String,
    /// `fail` or `unknown`.
    pub verdict: Verdict,
    /// What decided.
    pub why: String,
    /// Whether this plan brings it: before, the object was not there or kept the control.
    pub introduced: bool,
}

/// Reviews a plan.
#[must_use]
pub fn review(ask: &Ask<'_>) -> Review {
    let plan = read_plan(ask.plan);
    let steps = steps::steps(&plan, ask.surroundings);
    let (reached, services) = reach::reach(&plan, ask.state, &steps, ask.surroundings);
    let verdicts = verdicts(&plan, ask);
    let drift = drift(&plan, &steps, ask.surroundings);
    let cost = cost::cost(&plan, ask.prices);
    // A format that nobody knows yet may hold what is not read here.
    let complete = !plan.errored && plan.diagnostics.is_empty();
    let mut review = Review {
        plan: ask.plan.path.clone(),
        digest: Sha256::digest(&ask.plan.bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        terraform_version: plan.terraform_version.clone(),
        complete,
        counts: counts(&steps),
        steps,
        reached,
        services,
        drift,
        verdicts,
        cost,
        risk: Risk::default(),
        blocked: Vec::new(),
        problems: plan.diagnostics.iter().map(Diagnostic::to_string).collect(),
    };
    review.risk = risk::risk(&review);
    review.blocked = risk::blocked(&review, ask.gate);
    review
}

fn counts(steps: &[Step]) -> BTreeMap<Action, u32> {
    let mut counts = BTreeMap::new();
    for step in steps {
        *counts.entry(step.action).or_insert(0) += 1;
    }
    counts
}

/// Judges what would be, and tells what is new from what was broken before.
fn verdicts(plan: &Plan, ask: &Ask<'_>) -> Vec<PlannedVerdict> {
    let (mut after, mut before) = (Reading::default(), Reading::default());
    after.files.push(ask.plan.path.clone());
    before.files.push(ask.plan.path.clone());
    for change in plan.changes.iter().filter(|change| change.resource.block == Block::Resource) {
        let mut old = change.resource.clone();
        if !change.before.is_empty() {
            old.body = change.before.clone();
            old.action = None;
            before.resources.push(old);
        }
        if steps::action_of(change) != Some(Action::Destroy) {
            after.resources.push(change.resource.clone());
        }
    }
    let stood: HashMap<(String, String), Verdict> = ask
        .engine
        .judge(&before)
        .into_iter()
        .map(|one| ((one.control.to_string(), one.resource.to_string()), one.verdict))
        .collect();
    let bad = |one: &Judgement| matches!(one.verdict, Verdict::Fail | Verdict::Unknown);
    let mut found: Vec<PlannedVerdict> = ask
        .engine
        .judge(&after)
        .into_iter()
        .filter(bad)
        .map(|one| {
            let key = (one.control.to_string(), one.resource.to_string());
            PlannedVerdict {
                introduced: stood.get(&key) != Some(&one.verdict),
                control: key.0,
                resource: key.1,
                title: one.title.to_string(),
                severity: one.severity,
                verdict: one.verdict,
                why: one.why,
            }
        })
        .collect();
    let rank = |one: &PlannedVerdict| (one.verdict != Verdict::Fail, !one.introduced);
    found.sort_by(|a, b| {
        rank(a)
            .cmp(&rank(b))
            .then(b.severity.cmp(&a.severity))
            .then((&a.control, &a.resource).cmp(&(&b.control, &b.resource)))
    });
    found
}

fn drift(plan: &Plan, steps: &[Step], around: &Surroundings) -> Vec<Drift> {
    let undone: HashMap<&str, Action> = steps.iter().map(|step| (step.address.as_str(), step.action)).collect();
    let managed = plan.drift.iter().filter(|change| change.resource.block == Block::Resource);
    managed
        .map(|change| Drift {
            address: change.resource.address.clone(),
            changed: values::differences(&change.before, &change.resource.body),
            deleted: change.resource.action.as_deref() == Some("delete"),
            undone: undone.contains_key(change.resource.address.as_str()),
            trail: around.trail(&change.resource, &change.before),
        })
        .filter(|drift| drift.deleted || !drift.changed.is_empty())
        .collect()
}
