//! The steps of a plan: what is done to which object, and why.

use super::reach::Surroundings;
use super::{knowledge, renamed, values};
use mainstay_iac::plan::{Change, Plan, plain_address};
use mainstay_iac::{Block, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How far the causes of a replacement are followed.
const CAUSES_MAX: usize = 6;

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It goes.
    Destroy,
    /// It goes and another takes its place.
    Replace,
    /// It is changed where it stands.
    Update,
    /// Terraform lets go of it; it stays.
    Forget,
    /// It is made.
    Create,
    /// It stays and is managed from now on.
    Import,
    /// Only its address changes.
    Move,
}

impl Action {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Destroy => "destroy",
            Self::Replace => "replace",
            Self::Update => "update",
            Self::Forget => "forget",
            Self::Create => "create",
            Self::Import => "import",
            Self::Move => "move",
        }
    }

    /// Whether the object as it is goes.
    #[must_use]
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Destroy | Self::Replace)
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The object.
    pub address: String,
    /// Its type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// What is done.
    pub action: Action,
    /// Why, the nearest reason first.
    pub why: Vec<Reason>,
    /// Attributes that change, without what the provider computes.
    pub changed: Vec<Changed>,
    /// Data that goes with it.
    pub data: Option<Loss>,
    /// What people notice.
    pub outage: Option<Outage>,
    /// The address before.
    pub moved_from: Option<String>,
    /// The address of a created (or destroyed) object that seems to be the same one under another name.
    pub same_as: Option<String>,
    /// Service, owner and environment, where tags or the estate tell.
    #[serde(flatten)]
    pub place: super::Place,
    /// The line of the plan's file.
    pub line: u32,
}

/// A reason for a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// A sentence.
    pub what: String,
    /// The attribute that forces it.
    pub path: Option<String>,
}

/// An attribute that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// `rule.0.port`
    pub path: String,
    /// The value before, in one line.
    pub before: String,
    /// The value after.
    pub after: String,
}

/// Data that goes with an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    /// What it is.
    pub what: String,
    /// What keeps it, where something does.
    pub kept: Option<String>,
}

/// What people notice of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outage {
    /// What it is.
    pub what: String,
    /// Whether the new object is made before the old one goes.
    pub shortened: bool,
}

/// What a change does to its object; `None` where it does nothing to it.
pub(super) fn action_of(change: &Change) -> Option<Action> {
    match change.resource.action.as_deref()? {
        "delete" => Some(Action::Destroy),
        "replace" => Some(Action::Replace),
        "update" => Some(Action::Update),
        "create" => Some(Action::Create),
        "forget" => Some(Action::Forget),
        "no-op" if change.importing.is_some() => Some(Action::Import),
        "no-op" => change.previous_address.as_ref().map(|_| Action::Move),
        _ => None,
    }
}

/// The steps, the most dangerous first.
pub(super) fn steps(plan: &Plan, around: &Surroundings) -> Vec<Step> {
    let by_address: HashMap<String, Vec<&Change>> = plan.changes.iter().fold(HashMap::new(), |mut map, change| {
        map.entry(plain_address(&change.resource.address)).or_insert_with(Vec::new).push(change);
        map
    });
    let managed = plan.changes.iter().filter(|change| change.resource.block == Block::Resource);
    let mut steps: Vec<Step> = managed
        .filter_map(|change| action_of(change).map(|action| step(change, action, &by_address, around)))
        .collect();
    renamed::mark(plan, &mut steps);
    steps.sort_by(|a, b| danger(b).cmp(&danger(a)).then(a.action.cmp(&b.action)).then(a.address.cmp(&b.address)));
    steps
}

/// What comes first: lost data, kept data, an outage, a shortened one; then whatever goes.
fn danger(step: &Step) -> (u8, u8, bool) {
    let data = match &step.data {
        Some(Loss { kept: None, .. }) => 2,
        Some(_) => 1,
        None => 0,
    };
    let outage = match &step.outage {
        Some(Outage { shortened: false, .. }) => 2,
        Some(_) => 1,
        None => 0,
    };
    (data, outage, step.action.is_gone())
}

fn step(change: &Change, action: Action, by_address: &HashMap<String, Vec<&Change>>, around: &Surroundings) -> Step {
    let resource = &change.resource;
    let changed = match action {
        Action::Update | Action::Replace => values::differences(&change.before, &resource.body),
        _ => Vec::new(),
    };
    let mut paths: Vec<String> = changed.iter().map(|one| one.path.clone()).collect();
    // A value that only apply knows may differ too.
    paths.extend(asked_anew(change));
    let mut address = resource.address.clone();
    if let Some(key) = &change.deposed {
        address.push_str(&format!(" (deposed object {key})"));
    }
    Step {
        why: reasons(change, action, by_address),
        data: if action.is_gone() { knowledge::loss(change) } else { None },
        outage: if change.deposed.is_some() { None } else { knowledge::outage(change, action, &paths) },
        place: around.place_of(resource, &change.before),
        moved_from: change.previous_address.clone(),
        same_as: None,
        resource_type: resource.resource_type.clone(),
        line: resource.at.line,
        address,
        action,
        changed,
    }
}

/// Attributes that the configuration sets from other objects and that nobody knows before apply.
fn asked_anew(change: &Change) -> Vec<String> {
    let references = change.resource.references.iter().map(|one| one.attribute.clone());
    let unknown = |path: &String| {
        matches!(values::at(&change.resource.body, path).map(|node| &node.value), Some(Value::Unknown(_)))
    };
    references.filter(unknown).collect()
}

fn reasons(change: &Change, action: Action, by_address: &HashMap<String, Vec<&Change>>) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    if action == Action::Replace {
        for path in &change.replace_paths {
            let (before, after) = (values::at(&change.before, path), values::at(&change.resource.body, path));
            let unknown =
                after.is_some_and(|node| matches!(&node.value, Value::Unknown(one) if &*one.why != "sensitive"));
            let what = if unknown {
                format!("{path} cannot be changed in place, and its value {} may change", values::shown(before))
            } else {
                format!("{path} cannot be changed in place: {} becomes {}", values::shown(before), values::shown(after))
            };
            reasons.push(Reason { what, path: Some(path.clone()) });
            if unknown {
                causes(change, path, by_address, 0, &mut reasons);
            }
        }
        if change.replace_paths.is_empty() && change.reason.is_none() {
            let what = "the plan does not say which attribute forces it (formats before 1.0 do not)".to_owned();
            reasons.push(Reason { what, path: None });
        }
    }
    if change.deposed.is_some() {
        let what = "it was left over when its replacement was made first".to_owned();
        reasons.push(Reason { what, path: None });
    }
    if let Some(what) = change.reason.as_deref().and_then(action_reason) {
        reasons.push(Reason { what: what.to_owned(), path: None });
    }
    reasons
}

/// From which changed objects a value that only apply knows comes, and why those change.
fn causes(
    change: &Change,
    path: &str,
    by_address: &HashMap<String, Vec<&Change>>,
    depth: usize,
    reasons: &mut Vec<Reason>,
) {
    if depth >= CAUSES_MAX {
        return;
    }
    let covers = |attribute: &str| {
        attribute == path || path.starts_with(&format!("{attribute}.")) || attribute.starts_with(&format!("{path}."))
    };
    let mut seen = Vec::new();
    for reference in change.resource.references.iter().filter(|one| covers(&one.attribute)) {
        let target = plain_address(&reference.target);
        if seen.contains(&target) {
            continue;
        }
        for cause in by_address.get(&target).into_iter().flatten() {
            let Some(action) = action_of(cause).filter(|action| !matches!(action, Action::Move | Action::Import))
            else {
                continue;
            };
            let verb = match action {
                Action::Replace => "is replaced",
                Action::Create => "is created",
                Action::Destroy => "is destroyed",
                Action::Forget => "is forgotten",
                _ => "changes",
            };
            let why = cause.replace_paths.first().map(|path| format!(" because of {path}")).unwrap_or_default();
            let what = format!("it comes from {}, which {verb}{why}", cause.resource.address);
            if reasons.iter().any(|known| known.what == what) {
                continue;
            }
            reasons.push(Reason { what, path: None });
            for path in &cause.replace_paths {
                causes(cause, path, by_address, depth + 1, reasons);
            }
        }
        seen.push(target);
    }
}

/// The reasons that a plan names (`action_reason`, Terraform's internals/plans/changes documentation of JSON output).
fn action_reason(word: &str) -> Option<&'static str> {
    Some(match word {
        "replace_because_tainted" => "the object is tainted: its creation did not end well",
        "replace_by_request" => "-replace asked for it",
        "replace_by_triggers" => "replace_triggered_by names something that changes",
        "delete_because_no_resource_config" => "its block is no longer in the configuration",
        "delete_because_no_module" => "its module is no longer called",
        "delete_because_wrong_repetition" => "its block no longer has (or now has) count or for_each",
        "delete_because_count_index" => "count is now too small for its index",
        "delete_because_each_key" => "for_each no longer has its key",
        "delete_because_no_move_target" => "a moved block sends it to an address that does not exist",
        "replace_because_cannot_update" => return None,
        _ => return None,
    })
}
