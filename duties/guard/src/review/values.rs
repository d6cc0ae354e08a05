//! Values as a person reads them, and what differs between two objects. Sensitive ones were replaced when the plan was read.

use super::steps::Changed;
use mainstay_iac::{Map, Node, Value};
use std::collections::BTreeSet;

/// Longest value that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// Most differences that are listed of one object.
const DIFFERENCES_MAX: usize = 40;

/// Most pairs of blocks that are compared with each other; longer lists are shown whole.
const PAIRS_MAX: usize = 10_000;

/// A value in one line.
pub(super) fn shown(node: Option<&Node>) -> String {
    let text = match node.map(|node| &node.value) {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => format!("\"{text}\""),
        Some(Value::Unknown(unknown)) if &*unknown.why == "sensitive" => "(sensitive)".to_owned(),
        Some(Value::Unknown(_)) => "(known after apply)".to_owned(),
        Some(_) => node.map(|node| node.to_json().to_string()).unwrap_or_default(),
    };
    let text = text.replace(['\n', '\r'], " ");
    if text.chars().count() <= SHOWN_CHARS_MAX {
        return text;
    }
    text.chars().take(SHOWN_CHARS_MAX - 3).chain("...".chars()).collect()
}

/// What is nothing: absent, null, or without elements.
fn is_nothing(node: Option<&Node>) -> bool {
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => true,
        Some(Value::List(items)) => items.is_empty(),
        Some(Value::Map(map)) => map.is_empty(),
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}

fn same(before: Option<&Node>, after: Option<&Node>) -> bool {
    if is_nothing(before) && is_nothing(after) {
        return true;
    }
    matches!((before, after), (Some(before), Some(after)) if before.to_json() == after.to_json()
        && matches!(before.value, Value::Unknown(_)) == matches!(after.value, Value::Unknown(_)))
}

/// The attributes in which two states of an object differ, by path. What was set and is computed anew by the provider is no
/// difference that anybody asked for and is left out.
pub(super) fn differences(before: &Map, after: &Map) -> Vec<Changed> {
    let mut out = Vec::new();
    maps(before, after, "", &mut out);
    out.truncate(DIFFERENCES_MAX);
    out
}

fn maps(before: &Map, after: &Map, path: &str, out: &mut Vec<Changed>) {
    let keys: BTreeSet<&str> = before.iter().chain(after.iter()).map(|(key, _)| key).collect();
    for key in keys {
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        // `tags_all` says what `tags` says, with the provider's defaults.
        if path != "tags_all" {
            nodes(before.get(key), after.get(key), &path, out);
        }
    }
}

fn nodes(before: Option<&Node>, after: Option<&Node>, path: &str, out: &mut Vec<Changed>) {
    if out.len() >= DIFFERENCES_MAX || same(before, after) {
        return;
    }
    match (before.map(|node| &node.value), after.map(|node| &node.value)) {
        (Some(Value::Map(a)), Some(Value::Map(b))) => maps(a, b, path, out),
        (Some(Value::List(a)), Some(Value::List(b)))
            if a.iter().chain(b).all(|node| matches!(node.value, Value::Map(_))) && a.len() * b.len() <= PAIRS_MAX =>
        {
            blocks(a, b, path, out);
        }
        (_, Some(Value::Unknown(unknown))) if &*unknown.why != "sensitive" => {}
        _ => out.push(Changed { path: path.to_owned(), before: shown(before), after: shown(after) }),
    }
}

/// Blocks of one kind: those that stand on both sides are no difference, wherever they stand. As many as are left on both
/// sides are compared with each other; otherwise each is one that goes or one that comes.
fn blocks(before: &[Node], after: &[Node], path: &str, out: &mut Vec<Changed>) {
    let mut come: Vec<(usize, &Node)> = after.iter().enumerate().collect();
    let mut go: Vec<(usize, &Node)> = Vec::new();
    for (nth, old) in before.iter().enumerate() {
        match come.iter().position(|(_, new)| same(Some(old), Some(new))) {
            Some(at) => {
                come.remove(at);
            }
            None => go.push((nth, old)),
        }
    }
    if go.len() == come.len() {
        for ((_, old), (nth, new)) in go.into_iter().zip(come) {
            nodes(Some(old), Some(new), &format!("{path}.{nth}"), out);
        }
        return;
    }
    let one = |nth: usize, before: Option<&Node>, after: Option<&Node>| Changed {
        path: format!("{path}.{nth}"),
        before: shown(before),
        after: shown(after),
    };
    out.extend(go.into_iter().map(|(nth, old)| one(nth, Some(old), None)));
    out.extend(come.into_iter().map(|(nth, new)| one(nth, None, Some(new))));
}

/// The node at a dotted path.
pub(super) fn at<'m>(map: &'m Map, path: &str) -> Option<&'m Node> {
    let mut parts = path.split('.');
    let mut node = map.get(parts.next()?)?;
    for part in parts {
        node = match &node.value {
            Value::Map(map) => map.get(part)?,
            Value::List(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(node)
}

/// A scalar as text, as a table of knowledge or a price book writes it.
pub(super) fn plain(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.normalize().to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
