//! How far a plan reaches: what depends on what it changes, and which services that touches.

use super::steps::{Action, Step};
use mainstay_connectors::{Options, terraform};
use mainstay_iac::plan::{Plan, plain_address};
use mainstay_iac::{Map, Reading, Resource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Most objects that are listed as reached.
const REACHED_MAX: usize = 500;

/// To whom an object belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// `service:checkout`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// `team:platform`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `production`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// An object that stays as it is and depends on one that does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reached {
    /// Its address without index.
    pub address: String,
    /// How many references lie between it and what is changed.
    pub steps: u32,
    /// The nearest changed object.
    pub from: String,
    /// What is done to that.
    pub by: Action,
    /// To whom it belongs.
    #[serde(flatten)]
    pub place: Place,
}

/// A service that is touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TouchedService {
    /// `service:checkout`
    pub service: String,
    /// 0: one of its own objects is changed; 1 and more: it depends on what is.
    pub distance: u32,
    /// The most serious thing that is done to what touches it.
    pub by: Action,
    /// Its tier; `1` is the most important.
    pub tier: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How it is touched.
    pub through: String,
}

/// A service as the catalog knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// The tier.
    pub tier: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
}

/// What is known around a plan. Empty where there is no ledger to ask.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// The names of tags that say who answers.
    pub options: Options,
    /// To whom live objects belong, by subject.
    pub places: HashMap<String, Place>,
    /// Services by subject.
    pub services: BTreeMap<String, Service>,
    /// From a service to those that depend on it.
    pub dependents: BTreeMap<String, Vec<String>>,
    /// The newest word about a live object that changed outside, by subject: who, when, according to what.
    pub trails: HashMap<String, String>,
}

impl Surroundings {
    /// To whom an object belongs: its tags say it, or the estate does.
    pub(super) fn place_of(&self, resource: &Resource, before: &Map) -> Place {
        let told = terraform::belongs(resource, &self.options);
        let known = self.known(resource, before).unwrap_or_default();
        let text = |subject: Option<mainstay_model::Subject>| subject.map(|one| one.to_string());
        Place {
            service: text(told.service).or(known.service),
            owner: text(told.owner).or(known.owner),
            environment: told.environment.or(known.environment),
        }
    }

    fn known(&self, resource: &Resource, before: &Map) -> Option<Place> {
        let subject = terraform::live_subject(resource, before)?;
        self.places.get(subject.as_str()).cloned()
    }

    /// Who changed an object outside, where something says so.
    pub(super) fn trail(&self, resource: &Resource, before: &Map) -> Option<String> {
        let subject = terraform::live_subject(resource, before)?;
        self.trails.get(subject.as_str()).cloned()
    }
}

/// From an object to those that refer to it, without indexes.
fn referrers(plan: &Plan, state: Option<&Reading>) -> HashMap<String, BTreeSet<String>> {
    let mut out: HashMap<String, BTreeSet<String>> = HashMap::new();
    let mut note = |from: &str, to: &str| {
        let (from, to) = (plain_address(from), plain_address(to));
        if from != to {
            out.entry(to).or_default().insert(from);
        }
    };
    for resource in plan.changes.iter().map(|change| &change.resource) {
        resource.references.iter().for_each(|one| note(&resource.address, &one.target));
    }
    for (from, targets) in &plan.dependencies {
        targets.iter().for_each(|to| note(from, to));
    }
    for resource in state.map(|state| &state.resources).into_iter().flatten() {
        resource.references.iter().for_each(|one| note(&resource.address, &one.target));
    }
    out
}

/// What the steps reach, and the services behind it.
pub(super) fn reach(
    plan: &Plan,
    state: Option<&Reading>,
    steps: &[Step],
    around: &Surroundings,
) -> (Vec<Reached>, Vec<TouchedService>) {
    let referrers = referrers(plan, state);
    let mut places: HashMap<String, Place> = HashMap::new();
    for change in &plan.changes {
        let place = around.place_of(&change.resource, &change.before);
        places.entry(plain_address(&change.resource.address)).or_insert(place);
    }
    let mut harmful: Vec<&Step> = steps.iter().filter(|step| step.action <= Action::Update).collect();
    // The most serious first, so that what two of them reach is told of the more serious one.
    harmful.sort_by_key(|step| step.action);
    let mut seen: BTreeMap<String, Reached> = BTreeMap::new();
    let touched: BTreeSet<String> = harmful.iter().map(|step| plain_address(&step.address)).collect();
    let mut queue: VecDeque<(String, u32, &Step)> =
        harmful.iter().map(|step| (plain_address(&step.address), 0, *step)).collect();
    while let Some((here, distance, origin)) = queue.pop_front() {
        for next in referrers.get(&here).into_iter().flatten() {
            // A data source is read and stands for nothing that runs.
            if touched.contains(next) || seen.contains_key(next) || next.contains("data.") {
                continue;
            }
            let reached = Reached {
                address: next.clone(),
                steps: distance + 1,
                from: origin.address.clone(),
                by: origin.action,
                place: places.get(next).cloned().unwrap_or_default(),
            };
            seen.insert(next.clone(), reached);
            queue.push_back((next.clone(), distance + 1, origin));
        }
    }
    let mut reached: Vec<Reached> = seen.into_values().collect();
    reached.sort_by(|a, b| (a.steps, a.by, &a.address).cmp(&(b.steps, b.by, &b.address)));
    let services = services(steps, &reached, around);
    reached.truncate(REACHED_MAX);
    (reached, services)
}

fn services(steps: &[Step], reached: &[Reached], around: &Surroundings) -> Vec<TouchedService> {
    let mut found: BTreeMap<String, TouchedService> = BTreeMap::new();
    let mut touch = |service: &str, distance: u32, by: Action, through: String| {
        let known = around.services.get(service).cloned().unwrap_or_default();
        let one =
            TouchedService { service: service.to_owned(), distance, by, tier: known.tier, owner: known.owner, through };
        match found.get_mut(service) {
            Some(before) if (before.distance, before.by) <= (distance, by) => false,
            Some(before) => {
                *before = one;
                true
            }
            None => {
                found.insert(service.to_owned(), one);
                true
            }
        }
    };
    let mut queue: VecDeque<(String, u32, Action)> = VecDeque::new();
    for step in steps.iter().filter(|step| step.action <= Action::Update) {
        if let Some(service) = &step.place.service
            && touch(service, 0, step.action, format!("{} of {}", step.action.as_str(), step.address))
        {
            queue.push_back((service.clone(), 0, step.action));
        }
    }
    for one in reached {
        if let Some(service) = &one.place.service
            && touch(service, one.steps, one.by, format!("{} depends on {}", one.address, one.from))
        {
            queue.push_back((service.clone(), one.steps, one.by));
        }
    }
    while let Some((here, distance, by)) = queue.pop_front() {
        for next in around.dependents.get(&here).into_iter().flatten() {
            if touch(next, distance + 1, by, format!("depends on {here}")) {
                queue.push_back((next.clone(), distance + 1, by));
            }
        }
    }
    let mut services: Vec<_> = found.into_values().collect();
    services.sort_by(|a, b| (a.distance, a.by, &a.tier, &a.service).cmp(&(b.distance, b.by, &b.tier, &b.service)));
    services
}
