//! Masks of a plan: trees of `true` that say what is sensitive or known only after apply.

use super::secret;
use crate::value::MapBuilder;
use crate::{Node, Unknown, Value};
use std::sync::Arc;

/// Replaces what the mask marks. Where the mask is `true` nothing of the value is kept.
pub(super) fn mark_sensitive(node: Node, mask: &Node) -> Node {
    masked(node, mask, &mut |node| secret(node.at))
}

/// Marks what only apply knows; keys that the value lacks are added.
pub(super) fn mark_unknown(node: Node, mask: &Node, address: &str) -> Node {
    let why: Arc<str> = Arc::from(format!("{address}: known after apply"));
    let refers: Arc<[String]> = Arc::from([super::configuration::plain(address)]);
    masked(node, mask, &mut |node| match &node.value {
        // What is sensitive stays so.
        Value::Unknown(_) => node,
        _ => Node { value: Value::Unknown(Unknown::referring(why.clone(), refers.clone())), at: node.at },
    })
}

fn masked(node: Node, mask: &Node, mark: &mut dyn FnMut(Node) -> Node) -> Node {
    let at = node.at;
    match (node.value, &mask.value) {
        (value, Value::Bool(true)) => mark(Node { value, at }),
        (Value::Map(map), Value::Map(masks)) => {
            let mut builder = MapBuilder::default();
            for (key, node) in map.into_entries() {
                let node = match masks.get(&key) {
                    Some(mask) => masked(node, mask, mark),
                    None => node,
                };
                builder.set(key, node);
            }
            for (key, mask) in masks.iter() {
                if builder.get_mut(key).is_none() && marks(mask) {
                    builder.set(Arc::from(key), masked(Node { value: empty_like(mask), at }, mask, mark));
                }
            }
            Node { value: Value::Map(builder.finish()), at }
        }
        (Value::List(items), Value::List(masks)) => {
            let mut masks = masks.iter();
            let items = items.into_iter().map(|node| match masks.next() {
                Some(mask) => masked(node, mask, mark),
                None => node,
            });
            Node { value: Value::List(items.collect()), at }
        }
        // A value that is absent or null where the mask has more to say.
        (Value::Null, Value::Map(_) | Value::List(_)) if marks(mask) => {
            masked(Node { value: empty_like(mask), at }, mask, mark)
        }
        (value, _) => Node { value, at },
    }
}

fn marks(mask: &Node) -> bool {
    match &mask.value {
        Value::Bool(flag) => *flag,
        Value::Map(map) => map.iter().any(|(_, mask)| marks(mask)),
        Value::List(items) => items.iter().any(marks),
        _ => false,
    }
}

fn empty_like(mask: &Node) -> Value {
    match &mask.value {
        Value::Map(_) => Value::Map(crate::Map::default()),
        Value::List(items) => Value::List(items.iter().map(|item| Node { value: Value::Null, at: item.at }).collect()),
        _ => Value::Null,
    }
}

/// Replaces what stands at a path of attribute names and indexes (`sensitive_attributes` of a state).
pub(crate) fn redact_path(node: &mut Node, path: &[String]) {
    let Some((step, rest)) = path.split_first() else {
        *node = secret(node.at);
        return;
    };
    match &mut node.value {
        Value::Map(map) => {
            if let Some(inner) = map.get_mut(step) {
                redact_path(inner, rest);
            }
        }
        Value::List(items) => match step.parse::<usize>() {
            Ok(index) => {
                if let Some(inner) = items.get_mut(index) {
                    redact_path(inner, rest);
                }
            }
            // A step into a set names no place: nothing of it is kept.
            Err(_) => items.iter_mut().for_each(|item| *item = secret(item.at)),
        },
        _ => {}
    }
}
