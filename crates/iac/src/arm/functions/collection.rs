//! Functions of arrays and objects. They look past what is unknown inside, where it does not decide.

use super::{misused, same};
use crate::arm::eval::{LOOP_MAX, doubt, unknown};
use crate::arm::load::field;
use crate::value::MapBuilder;
use crate::{Map, Node, Value};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// How many items are compared each with each, at most.
const COMPARED_MAX: usize = 1_000;

pub(super) fn call(name: &str, arguments: &[Node]) -> Option<Value> {
    let known = [
        "concat",
        "createarray",
        "createobject",
        "array",
        "length",
        "empty",
        "first",
        "last",
        "take",
        "skip",
        "contains",
        "union",
        "intersection",
        "range",
        "equals",
        "items",
        "objectkeys",
        "flatten",
        "indexof",
        "lastindexof",
        "shallowmerge",
        "objectvalues",
        "tryget",
    ];
    if !known.contains(&name) {
        return None;
    }
    match name {
        "concat" => return Some(super::text::concat(arguments)),
        "createarray" => return Some(Value::List(arguments.to_vec())),
        "createobject" => return Some(object(arguments)),
        "equals" => {
            let [a, b] = arguments else { return Some(misused(name)) };
            return Some(match same(a, b) {
                Some(known) => Value::Bool(known),
                None => doubt(arguments).unwrap_or_else(|| unknown("something compared is not known", &[])),
            });
        }
        _ => {}
    }
    if let Some(doubt) = doubt(arguments) {
        return Some(doubt);
    }
    let values: Vec<&Value> = arguments.iter().map(|node| &node.value).collect();
    Some(match (name, values.as_slice()) {
        ("array", [list @ Value::List(_)]) => (*list).clone(),
        ("array", [_]) => Value::List(arguments.to_vec()),
        ("length", [value]) => length(value),
        ("empty", [value]) => empty(value),
        ("first" | "last", [value]) => end(name, value),
        ("take" | "skip", [value, Value::Number(count)]) => part(name, value, count.to_i64().unwrap_or(i64::MAX)),
        ("contains", [whole, _]) => contains(whole, &arguments[1]),
        ("union" | "shallowmerge", _) => union(name, arguments),
        ("intersection", _) => intersection(arguments),
        ("range", [Value::Number(from), Value::Number(count)]) => range(*from, count.to_usize()),
        ("items", [Value::Map(map)]) => items(map, arguments[0].at),
        ("objectkeys", [Value::Map(map)]) => {
            Value::List(map.iter().map(|(key, node)| Node { value: Value::String(key.into()), at: node.at }).collect())
        }
        ("objectvalues", [Value::Map(map)]) => Value::List(map.iter().map(|(_, node)| node.clone()).collect()),
        ("flatten", [Value::List(lists)]) => flatten(lists),
        ("indexof" | "lastindexof", [Value::List(list), _]) => position(name, list, &arguments[1]),
        ("tryget", [value, path @ ..]) => path
            .iter()
            .try_fold(*value, |here, step| match (here, step) {
                (Value::Map(map), Value::String(key)) => field(map, key).map(|node| &node.value),
                (Value::List(list), Value::Number(at)) => list.get(at.to_usize()?).map(|node| &node.value),
                _ => None,
            })
            .cloned()
            .unwrap_or(Value::Null),
        ("indexof" | "lastindexof", _) => return None,
        _ => misused(name),
    })
}

fn object(arguments: &[Node]) -> Value {
    let mut map = MapBuilder::default();
    for pair in arguments.chunks(2) {
        match pair {
            [Node { value: Value::String(key), .. }, value] => {
                map.set(key.clone(), value.clone());
            }
            _ => return doubt(pair).unwrap_or_else(|| misused("createObject")),
        }
    }
    Value::Map(map.finish())
}

fn length(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::Number(text.chars().count().into()),
        Value::List(items) => Value::Number(items.len().into()),
        Value::Map(map) => Value::Number(map.len().into()),
        _ => misused("length"),
    }
}

fn empty(value: &Value) -> Value {
    match value {
        Value::Null => Value::Bool(true),
        Value::String(text) => Value::Bool(text.is_empty()),
        Value::List(items) => Value::Bool(items.is_empty()),
        Value::Map(map) => Value::Bool(map.is_empty()),
        _ => misused("empty"),
    }
}

fn end(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let found = if name == "first" { text.chars().next() } else { text.chars().next_back() };
            Value::String(found.map(String::from).unwrap_or_default().into())
        }
        Value::List(items) => {
            let found = if name == "first" { items.first() } else { items.last() };
            found.map_or(Value::Null, |node| node.value.clone())
        }
        _ => misused(name),
    }
}

fn part(name: &str, value: &Value, count: i64) -> Value {
    let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
    match (name, value) {
        ("take", Value::String(text)) => Value::String(text.chars().take(count).collect::<String>().into()),
        ("take", Value::List(items)) => Value::List(items.iter().take(count).cloned().collect()),
        (_, Value::String(text)) => Value::String(text.chars().skip(count).collect::<String>().into()),
        (_, Value::List(items)) => Value::List(items.iter().skip(count).cloned().collect()),
        _ => misused(name),
    }
}

fn contains(whole: &Value, part: &Node) -> Value {
    match (whole, &part.value) {
        (Value::String(text), Value::String(part)) => Value::Bool(text.contains(&**part)),
        (Value::String(text), Value::Number(part)) => Value::Bool(text.contains(&part.to_string())),
        (Value::Map(map), Value::String(key)) => Value::Bool(field(map, key).is_some()),
        (Value::List(items), _) => {
            let mut open = false;
            for item in items {
                match same(item, part) {
                    Some(true) => return Value::Bool(true),
                    Some(false) => {}
                    None => open = true,
                }
            }
            if open { unknown("whether the array holds it cannot be told", &[]) } else { Value::Bool(false) }
        }
        _ => misused("contains"),
    }
}

fn union(name: &str, arguments: &[Node]) -> Value {
    if let [Node { value: Value::List(maps), .. }] = arguments
        && name == "shallowmerge"
    {
        return union(name, maps);
    }
    if arguments.iter().all(|node| matches!(node.value, Value::Map(_))) {
        let merged = arguments.iter().fold(Map::default(), |merged, node| match &node.value {
            Value::Map(map) => merge(merged, map, name == "union"),
            _ => merged,
        });
        return Value::Map(merged);
    }
    let mut out: Vec<Node> = Vec::new();
    for node in arguments {
        let Value::List(items) = &node.value else { return misused(name) };
        for item in items {
            if !out.iter().any(|known| same(known, item) == Some(true)) {
                out.push(item.clone());
            }
            if out.len() > COMPARED_MAX {
                return unknown(format!("the union has more than {COMPARED_MAX} items"), &[]);
            }
        }
    }
    Value::List(out)
}

/// Objects within objects are merged too where `deep`; whatever else is replaced.
fn merge(mut into: Map, from: &Map, deep: bool) -> Map {
    for (key, node) in from.iter() {
        let both = match (into.get(key).map(|old| &old.value), &node.value) {
            (Some(Value::Map(old)), Value::Map(new)) if deep => Some(merge(old.clone(), new, true)),
            _ => None,
        };
        into.set(key, both.map_or_else(|| node.clone(), |map| Node { value: Value::Map(map), at: node.at }));
    }
    into
}

fn intersection(arguments: &[Node]) -> Value {
    let many = |node: &Node| matches!(&node.value, Value::List(items) if items.len() > COMPARED_MAX);
    if arguments.iter().any(many) {
        return unknown(format!("an array has more than {COMPARED_MAX} items to compare"), &[]);
    }
    let Some((first, rest)) = arguments.split_first() else { return misused("intersection") };
    match &first.value {
        Value::List(items) => {
            let kept = items.iter().filter(|item| {
                rest.iter().all(|other| match &other.value {
                    Value::List(others) => others.iter().any(|other| same(item, other) == Some(true)),
                    _ => false,
                })
            });
            Value::List(kept.cloned().collect())
        }
        Value::Map(map) => {
            let mut out = MapBuilder::default();
            for (key, node) in map.iter() {
                let everywhere = rest.iter().all(|other| match &other.value {
                    Value::Map(other) => field(other, key).is_some_and(|other| same(node, other) == Some(true)),
                    _ => false,
                });
                if everywhere {
                    out.set(key.into(), node.clone());
                }
            }
            Value::Map(out.finish())
        }
        _ => misused("intersection"),
    }
}

fn range(from: Decimal, count: Option<usize>) -> Value {
    match count {
        Some(count) if count <= LOOP_MAX => {
            let node = |at: usize| Node { value: Value::Number(from + Decimal::from(at)), at: crate::At::default() };
            Value::List((0..count).map(node).collect())
        }
        _ => unknown(format!("the range has more than {LOOP_MAX} numbers"), &[]),
    }
}

/// The entries of an object in the order of their keys, as deployments give them.
fn items(map: &Map, at: crate::At) -> Value {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| key.to_lowercase());
    let entry = |(key, node): (&str, &Node)| {
        let mut map = MapBuilder::default();
        map.set("key".into(), Node { value: Value::String(key.into()), at: node.at });
        map.set("value".into(), node.clone());
        Node { value: Value::Map(map.finish()), at }
    };
    Value::List(entries.into_iter().map(entry).collect())
}

fn flatten(lists: &[Node]) -> Value {
    let mut out = Vec::new();
    for list in lists {
        match &list.value {
            Value::List(items) => out.extend(items.iter().cloned()),
            doubt @ Value::Unknown(_) => return doubt.clone(),
            _ => return misused("flatten"),
        }
    }
    Value::List(out)
}

fn position(name: &str, list: &[Node], wanted: &Node) -> Value {
    let hit = |node: &Node| same(node, wanted) == Some(true);
    let found = if name == "indexof" { list.iter().position(hit) } else { list.iter().rposition(hit) };
    Value::Number(found.map_or(Decimal::from(-1), Decimal::from))
}
