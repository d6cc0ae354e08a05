//! What functions compute once their arguments are evaluated.

use super::{scalar_text, unknown};
use crate::{At, Map, Node, Value};
use rust_decimal::prelude::ToPrimitive;

/// How many ranges `Fn::Cidr` gives, at most; the documented bound.
const CIDRS_MAX: u32 = 256;

/// Whether two values are the same, where that is known. Scalars compare as texts.
pub(super) fn same(a: &Node, b: &Node) -> Option<bool> {
    match (&a.value, &b.value) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (Value::List(x), Value::List(y)) => {
            if x.len() != y.len() {
                return Some(false);
            }
            all(x.iter().zip(y).map(|(a, b)| same(a, b)))
        }
        (Value::Map(x), Value::Map(y)) => {
            if x.len() != y.len() {
                return Some(false);
            }
            all(x.iter().map(|(key, a)| y.get(key).map_or(Some(false), |b| same(a, b))))
        }
        (x, y) => Some(scalar_text(x).is_some() && scalar_text(x) == scalar_text(y)),
    }
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut out = Some(true);
    for part in parts {
        match part {
            Some(true) => {}
            Some(false) => return Some(false),
            None => out = None,
        }
    }
    out
}

/// What is common to two values of which one holds, nobody knows which. `None` stands for what is removed.
pub(super) fn either(a: Option<Node>, b: Option<Node>, why: &str, at: At) -> Option<Node> {
    let (a, b) = match (a, b) {
        (None, None) => return None,
        (Some(a), Some(b)) => (a, b),
        _ => return Some(unknown(at, why, Vec::new())),
    };
    if same(&a, &b) == Some(true) {
        return Some(a);
    }
    Some(match (a.value, b.value) {
        (Value::Map(x), Value::Map(y)) => Node { value: Value::Map(either_map(x, y, why, at)), at },
        (Value::List(x), Value::List(y)) if x.len() == y.len() => {
            let both = x.into_iter().zip(y);
            let items = both.filter_map(|(x, y)| either(Some(x), Some(y), why, at));
            Node { value: Value::List(items.collect()), at }
        }
        // Whichever it is, it is set.
        (Value::Unknown(x), Value::Unknown(y)) if !x.refers.is_empty() && !y.refers.is_empty() => {
            unknown(at, why, x.refers.iter().chain(y.refers.iter()).cloned().collect())
        }
        _ => unknown(at, why, Vec::new()),
    })
}

fn either_map(x: Map, mut y: Map, why: &str, at: At) -> Map {
    let mut out = crate::value::MapBuilder::default();
    for (key, a) in x.into_entries() {
        let b = y.get_mut(&key).map(|node| std::mem::replace(node, Node { value: Value::Null, at }));
        let seen = b.is_some();
        if let Some(common) = either(Some(a), b, why, at) {
            out.set(key.clone(), common);
        }
        if seen {
            y.set(key, Node { value: Value::Null, at });
        }
    }
    for (key, b) in y.into_entries() {
        if out.get_mut(&key).is_none() && b.value != Value::Null {
            out.set(key, unknown(at, why, Vec::new()));
        }
    }
    out.finish()
}

/// `Fn::Select`.
pub(super) fn select(index: &Node, list: &Node, at: At) -> Node {
    if let Value::Unknown(_) = index.value {
        return Node { at, ..index.clone() };
    }
    let position = scalar_text(&index.value).and_then(|text| text.trim().parse::<usize>().ok());
    match (&list.value, position) {
        (Value::Unknown(_), _) => Node { at, ..list.clone() },
        (Value::List(items), Some(position)) => match items.get(position) {
            Some(item) => Node { at, ..item.clone() },
            None => unknown(at, format!("Fn::Select asks for item {position} of {}", items.len()), Vec::new()),
        },
        _ => unknown(at, "Fn::Select needs a position and a list", Vec::new()),
    }
}

/// `Fn::Split`.
pub(super) fn split(separator: &Node, text: &Node, at: At) -> Node {
    match (&separator.value, &text.value) {
        (_, Value::Unknown(_)) => Node { at, ..text.clone() },
        (Value::String(separator), Value::String(text)) if !separator.is_empty() => {
            let parts = text.split(&**separator).map(|part| super::text_node(part, at));
            Node { value: Value::List(parts.collect()), at }
        }
        _ => unknown(at, "Fn::Split needs a separator and a text", Vec::new()),
    }
}

/// `Fn::Length`.
pub(super) fn length(list: &Node, at: At) -> Node {
    match &list.value {
        Value::List(items) => Node { value: Value::Number(items.len().into()), at },
        Value::Unknown(_) => Node { at, ..list.clone() },
        _ => unknown(at, "Fn::Length needs a list", Vec::new()),
    }
}

/// `Fn::Cidr` of an IPv4 range: as many ranges of `bits` host bits, from its start on.
pub(super) fn cidr(arguments: &[Node], at: At) -> Node {
    if let Some(doubt) = arguments.iter().find(|node| matches!(node.value, Value::Unknown(_))) {
        return Node { at, ..doubt.clone() };
    }
    let number = |nth: usize| match arguments.get(nth).map(|node| &node.value) {
        Some(Value::Number(number)) => number.to_u32(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let bad = || unknown(at, "Fn::Cidr needs an IPv4 range, a count up to 256 and host bits", Vec::new());
    let Some(Value::String(block)) = arguments.first().map(|node| &node.value) else { return bad() };
    let Some((start, prefix)) = block.split_once('/') else { return bad() };
    let (Ok(start), Ok(prefix)) = (start.parse::<std::net::Ipv4Addr>(), prefix.parse::<u32>()) else { return bad() };
    let (Some(count), Some(bits)) = (number(1), number(2).or(Some(8))) else { return bad() };
    if prefix > 32 || bits > 32 || count > CIDRS_MAX {
        return bad();
    }
    let size = 1u64 << bits;
    let mask = u64::from(u32::MAX) & !((1u64 << (32 - prefix)) - 1);
    let first = u64::from(start.to_bits()) & mask;
    if size * u64::from(count) > 1u64 << (32 - prefix) {
        return bad();
    }
    let ranges = (0..u64::from(count)).map(|nth| {
        let address = u32::try_from(first + nth * size).unwrap_or(u32::MAX);
        super::text_node(format!("{}/{}", std::net::Ipv4Addr::from_bits(address), 32 - bits), at)
    });
    Node { value: Value::List(ranges.collect()), at }
}

/// How many nodes a value has.
pub(super) fn nodes(node: &Node) -> u64 {
    1 + match &node.value {
        Value::List(items) => items.iter().map(nodes).sum(),
        Value::Map(map) => map.iter().map(|(_, node)| nodes(node)).sum(),
        _ => 0u64,
    }
}
