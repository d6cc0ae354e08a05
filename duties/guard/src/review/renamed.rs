//! Objects that are destroyed under one address and made anew under another, where a `moved` block was forgotten: what
//! upgrades of large modules do to clusters and node groups.

use super::steps::{Action, Reason, Step};
use mainstay_iac::plan::{Change, Plan};
use mainstay_iac::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Attributes that name an object; two objects that share one are the same, if little else differs.
const NAMES: [&str; 12] = [
    "name",
    "bucket",
    "identifier",
    "cluster_identifier",
    "cluster_name",
    "function_name",
    "node_group_name",
    "table_name",
    "domain_name",
    "name_prefix",
    "node_group_name_prefix",
    "display_name",
];

/// Share of equal attributes from which two objects are taken for one, with a shared name and without.
const ALIKE_NAMED: f64 = 0.5;
const ALIKE: f64 = 0.85;

/// Fewest attributes that must be there to be compared where no name is shared.
const COMPARED_MIN: usize = 4;

/// Most objects of one type that are compared with each other.
const OF_TYPE_MAX: usize = 200;

/// Marks the pairs among the steps.
pub(super) fn mark(plan: &Plan, steps: &mut [Step]) {
    let mut by_type: BTreeMap<&str, (Vec<&Change>, Vec<&Change>)> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.deposed.is_none()) {
        let entry = by_type.entry(&change.resource.resource_type).or_default();
        match super::steps::action_of(change) {
            Some(Action::Destroy) if entry.0.len() < OF_TYPE_MAX => entry.0.push(change),
            Some(Action::Create) if entry.1.len() < OF_TYPE_MAX => entry.1.push(change),
            _ => {}
        }
    }
    let mut pairs: HashMap<String, String> = HashMap::new();
    for (gone, made) in by_type.into_values() {
        let mut alike: Vec<(f64, &str, &str)> = Vec::new();
        for old in &gone {
            for new in &made {
                if let Some(share) = likeness(&old.before, &new.resource.body) {
                    alike.push((share, &old.resource.address, &new.resource.address));
                }
            }
        }
        alike.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (_, old, new) in alike {
            if !pairs.contains_key(old) && !pairs.contains_key(new) {
                pairs.insert(old.to_owned(), new.to_owned());
                pairs.insert(new.to_owned(), old.to_owned());
            }
        }
    }
    for step in steps {
        let Some(other) = pairs.get(&step.address) else { continue };
        step.same_as = Some(other.clone());
        if step.action == Action::Destroy {
            let what = format!(
                "{other} is made with nearly the same attributes: if it is the same object, add `moved {{ from = {} to = {other} }}` and nothing is destroyed",
                step.address
            );
            step.why.insert(0, Reason { what, path: None });
        }
    }
}

/// The share of attributes in which a destroyed object and a created one agree, where it is enough to take them for one.
fn likeness(before: &Map, after: &Map) -> Option<f64> {
    let (mut compared, mut equal, mut named) = (0_usize, 0_usize, false);
    for (key, node) in after.iter() {
        let scalar = matches!(node.value, Value::String(_) | Value::Number(_) | Value::Bool(_));
        let filled = match &node.value {
            Value::List(items) => !items.is_empty(),
            Value::Map(map) => !map.is_empty(),
            _ => scalar,
        };
        if !filled || key == "tags_all" || key == "timeouts" {
            continue;
        }
        compared += 1;
        if before.get(key).is_some_and(|old| old.to_json() == node.to_json()) {
            equal += 1;
            named |= NAMES.contains(&key);
        }
    }
    let share = equal as f64 / compared.max(1) as f64;
    let enough = (named && share >= ALIKE_NAMED) || (compared >= COMPARED_MIN && share >= ALIKE);
    enough.then_some(if named { share + 1.0 } else { share })
}
