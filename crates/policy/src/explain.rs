//! One verdict explained: what decided, and the smallest changes of attributes that would turn it round.

use crate::engine::{Judgement, verdict_of_resource};
use crate::judge::{Arena, Batch, Evaluation, Relations, Truth, type_key, wishes};
use crate::{Control, Engine};
use mainstay_iac::{At, Map, Node, Reading, Value};
use mainstay_model::Verdict;
use serde::Serialize;
use std::sync::Arc;

/// How many changes are offered, at most.
const CHANGES_MAX: usize = 5;

/// A verdict, and what would change it.
#[derive(Debug)]
pub struct Explanation {
    /// The verdict with its reasons.
    pub judgement: Judgement,
    /// The smallest changes that turn it round, each found true by judging again.
    pub changes: Vec<Change>,
}

/// Edits that together turn a verdict round.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// What to do, for eyes: `set acl to "private"`.
    pub text: String,
    /// What the control then says.
    pub verdict: Verdict,
    /// The edits.
    #[serde(skip)]
    pub edits: Vec<Edit>,
}

/// An attribute that is set, or removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// Index of the resource in the reading.
    pub resource: u32,
    /// Where in its body.
    pub path: Vec<Key>,
    /// The new value; `None` removes it. Unknown where any value will do.
    pub to: Option<Node>,
}

/// One part of the path of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A name.
    Name(Arc<str>),
    /// An item of a list.
    Nth(usize),
}

/// Whether the value of an attribute of that name is never shown.
#[must_use]
pub fn is_sensitive(name: &str) -> bool {
    crate::judge::is_sensitive(name)
}

impl Engine {
    /// Explains what a control says of a resource (its index in the reading); `None` where it says nothing of it.
    #[must_use]
    pub fn explain(&self, reading: &mut Reading, control: &Control, index: usize) -> Option<Explanation> {
        let judgement = self.judge_one(reading, control, index)?;
        let wanted = if judgement.verdict == Verdict::Pass { Truth::False } else { Truth::True };
        let mut changes: Vec<Change> = Vec::new();
        for edits in ways(reading, control, index, wanted) {
            let needless = changes.iter().any(|known| known.edits.iter().all(|edit| edits.contains(edit)));
            if needless || changes.len() >= CHANGES_MAX {
                continue;
            }
            let kept: Vec<(u32, Map)> = edits
                .iter()
                .map(|edit| (edit.resource, reading.resources[edit.resource as usize].body.clone()))
                .collect();
            let text = described(reading, index, &edits);
            edits.iter().for_each(|edit| apply(&mut reading.resources[edit.resource as usize].body, edit));
            let verdict = verdict_of_resource(reading, control, index);
            for (resource, body) in kept.into_iter().rev() {
                reading.resources[resource as usize].body = body;
            }
            let turned = if wanted == Truth::True { Verdict::Pass } else { Verdict::Fail };
            if verdict == Some(turned) {
                changes.push(Change { text, verdict: turned, edits });
            }
        }
        Some(Explanation { judgement, changes })
    }
}

fn ways(reading: &Reading, control: &Control, index: usize, wanted: Truth) -> Vec<Vec<Edit>> {
    let relations = Relations::of(reading);
    let arena = Arena::default();
    let batch = Batch::new(reading, &relations, &arena);
    let (Some(rule), Ok(number)) = (control.rule_for(&type_key(&reading.resources[index])), u32::try_from(index))
    else {
        return Vec::new();
    };
    wishes(&Evaluation::new(&batch, &control.rules[rule].rule, number), wanted)
}

/// Makes an edit in the body of a resource, with the maps and lists on the way.
fn apply(body: &mut Map, edit: &Edit) {
    let Some((Key::Name(first), rest)) = edit.path.split_first() else { return };
    if rest.is_empty() && edit.to.is_none() {
        body.remove(first);
        return;
    }
    let at = At::default();
    if body.get(first).is_none() {
        if edit.to.is_none() {
            return;
        }
        body.set(first.clone(), Node { value: Value::Map(Map::default()), at });
    }
    if let Some(node) = body.get_mut(first) {
        apply_to(node, rest, edit.to.as_ref());
    }
}

fn apply_to(node: &mut Node, path: &[Key], to: Option<&Node>) {
    let Some((first, rest)) = path.split_first() else {
        if let Some(to) = to {
            node.value = to.value.clone();
        }
        return;
    };
    match (&mut node.value, first) {
        (Value::List(items), Key::Nth(nth)) => {
            if rest.is_empty() && to.is_none() {
                // Removed later items must not move the earlier ones, so its place stays and holds nothing.
                if let Some(item) = items.get_mut(*nth) {
                    item.value = Value::Null;
                }
            } else if let Some(item) = items.get_mut(*nth) {
                apply_to(item, rest, to);
            }
        }
        // A nested block stands as a list of one.
        (Value::List(items), Key::Name(_)) => {
            if let Some(item) = items.first_mut() {
                apply_to(item, path, to);
            }
        }
        (Value::Map(map), Key::Name(name)) => {
            if rest.is_empty() && to.is_none() {
                map.remove(name);
                return;
            }
            if map.get(name).is_none() && to.is_some() {
                map.set(name.clone(), Node { value: Value::Map(Map::default()), at: At::default() });
            }
            if let Some(inner) = map.get_mut(name) {
                apply_to(inner, rest, to);
            }
        }
        (Value::Null | Value::Unknown(_), Key::Name(_)) if to.is_some() => {
            node.value = Value::Map(Map::default());
            apply_to(node, path, to);
        }
        _ => {}
    }
}

/// Edits for eyes.
fn described(reading: &Reading, index: usize, edits: &[Edit]) -> String {
    let parts = edits.iter().map(|edit| {
        let mut name = String::new();
        for key in &edit.path {
            match key {
                Key::Name(part) if name.is_empty() => name.push_str(part),
                Key::Name(part) => name.extend([".", part]),
                Key::Nth(nth) => name += &format!("[{nth}]"),
            }
        }
        let of = match reading.resources.get(edit.resource as usize) {
            Some(other) if edit.resource as usize != index => format!(" of {}", other.address),
            _ => String::new(),
        };
        match &edit.to {
            None => format!("remove `{name}`{of}"),
            Some(Node { value: Value::Unknown(_), .. }) => format!("set `{name}`{of}"),
            Some(node) if is_sensitive(&name) && !matches!(node.value, Value::Bool(_)) => {
                format!("set `{name}`{of} to another value")
            }
            Some(node) => format!("set `{name}`{of} to {}", node.to_json()),
        }
    });
    parts.collect::<Vec<_>>().join(", and ")
}
