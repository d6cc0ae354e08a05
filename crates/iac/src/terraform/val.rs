//! Values while they are evaluated: shared, so that a large one costs nothing to hand on.

use crate::{At, Map, Node, PartialText, Unknown, Value};
use rust_decimal::Decimal;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// How deep a value may nest when it leaves the evaluation.
const VALUE_DEPTH_MAX: usize = 64;
/// How many values one value may hold, shared parts counted each time.
const VALUE_NODES_MAX: u64 = 1_000_000;

#[derive(Debug, Clone)]
pub(super) enum Val {
    Null,
    Bool(bool),
    Number(Decimal),
    String(Arc<str>),
    List(Rc<Items>),
    /// Sorted and distinct.
    Set(Rc<Items>),
    Map(Rc<Object>),
    Unknown(Rc<Unknown>),
}

/// An element and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub val: Val,
    pub at: At,
}

/// Elements, and how much there is in them: shared parts count each time, since whoever walks the value walks them so.
#[derive(Debug, Default, Clone)]
pub(super) struct Items {
    list: Vec<Item>,
    weight: Weight,
}

impl std::ops::Deref for Items {
    type Target = [Item];

    fn deref(&self) -> &[Item] {
        &self.list
    }
}

impl Items {
    pub(super) fn push(&mut self, item: Item) {
        let weight = item.val.weight();
        self.weight.nodes = self.weight.nodes.saturating_add(weight.nodes);
        self.weight.unknown |= weight.unknown;
        self.list.push(item);
    }
}

/// How many values a value holds, and whether one of them is unknown.
#[derive(Debug, Default, Clone, Copy)]
struct Weight {
    nodes: u64,
    unknown: bool,
}

impl Weight {
    fn of<'i>(items: impl Iterator<Item = &'i Item>) -> Self {
        items.fold(Self { nodes: 1, unknown: false }, |sum, item| {
            let weight = item.val.weight();
            Self { nodes: sum.nodes.saturating_add(weight.nodes), unknown: sum.unknown || weight.unknown }
        })
    }
}

#[derive(Debug, Default, Clone)]
pub(super) struct Object {
    pub entries: BTreeMap<Arc<str>, Item>,
    /// Attributes that are not among the entries exist, and are unknown.
    pub rest: Option<Rc<Rest>>,
    weight: Weight,
}

/// Why the attributes that a resource does not set are unknown.
#[derive(Debug)]
pub(super) struct Rest {
    /// `aws_s3_bucket.logs`
    pub path: String,
    /// `known after apply`
    pub when: &'static str,
    pub refers: Arc<[String]>,
}

impl Val {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    pub(super) fn list(items: Vec<Item>) -> Self {
        let weight = Weight::of(items.iter());
        if weight.nodes > VALUE_NODES_MAX { too_large() } else { Self::List(Rc::new(Items { list: items, weight })) }
    }

    pub(super) fn map(entries: BTreeMap<Arc<str>, Item>) -> Self {
        Self::object(entries, None)
    }

    /// A map; with `rest` one whose other attributes are unknown.
    pub(super) fn object(entries: BTreeMap<Arc<str>, Item>, rest: Option<Rc<Rest>>) -> Self {
        let weight = Weight::of(entries.values());
        if weight.nodes > VALUE_NODES_MAX { too_large() } else { Self::Map(Rc::new(Object { entries, rest, weight })) }
    }

    fn weight(&self) -> Weight {
        match self {
            Self::List(items) | Self::Set(items) => items.weight,
            Self::Map(object) => object.weight,
            other => Weight { nodes: 1, unknown: other.is_unknown() },
        }
    }

    /// How many values there are in it, itself included.
    pub(super) fn nodes(&self) -> usize {
        usize::try_from(self.weight().nodes).unwrap_or(usize::MAX)
    }

    pub(super) fn number(number: impl Into<Decimal>) -> Self {
        Self::Number(number.into())
    }

    pub(super) fn unknown(why: impl Into<Arc<str>>) -> Self {
        Self::Unknown(Rc::new(Unknown::new(why)))
    }

    /// A text, as far as it is known.
    pub(super) fn of_partial(text: PartialText) -> Self {
        match text.finish() {
            Ok(text) => Self::text(text),
            Err(unknown) => Self::Unknown(Rc::new(unknown)),
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// The elements of a list or set.
    pub(super) fn items(&self) -> Option<&Rc<Items>> {
        match self {
            Self::List(items) | Self::Set(items) => Some(items),
            _ => None,
        }
    }

    /// The first unknown in it, at any depth.
    pub(super) fn unknown_within(&self) -> Option<&Rc<Unknown>> {
        if !self.weight().unknown {
            return None;
        }
        match self {
            Self::Unknown(unknown) => Some(unknown),
            Self::List(items) | Self::Set(items) => items.iter().find_map(|item| item.val.unknown_within()),
            Self::Map(object) => object.entries.values().find_map(|item| item.val.unknown_within()),
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Unknown(_) => "unknown",
        }
    }

    /// As text, where Terraform converts by itself.
    pub(super) fn to_text(&self) -> Option<Arc<str>> {
        match self {
            Self::String(text) => Some(text.clone()),
            Self::Bool(flag) => Some(Arc::from(if *flag { "true" } else { "false" })),
            Self::Number(number) => Some(Arc::from(number.normalize().to_string())),
            _ => None,
        }
    }

    pub(super) fn to_number(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            Self::String(text) => {
                let body = text.strip_prefix('-').unwrap_or(text);
                if body.starts_with(|c: char| c.is_ascii_digit()) && !body.contains('_') {
                    crate::json::decimal(text)
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    pub(super) fn to_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::String(text) => match &**text {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether two values are equal; `None` where only apply knows.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Unknown(unknown), Self::String(text)) | (Self::String(text), Self::Unknown(unknown)) => {
                unknown.text.as_ref().filter(|partial| !partial.may_be(text)).map(|_| false)
            }
            (Self::Unknown(_), _) | (_, Self::Unknown(_)) => None,
            (Self::Null, Self::Null) => Some(true),
            (Self::Bool(a), Self::Bool(b)) => Some(a == b),
            (Self::Number(a), Self::Number(b)) => Some(a == b),
            (Self::String(a), Self::String(b)) => Some(a == b),
            (Self::List(a) | Self::Set(a), Self::List(b) | Self::Set(b)) => {
                if Rc::ptr_eq(a, b) && self.unknown_within().is_none() {
                    return Some(true);
                }
                if a.len() != b.len() {
                    return Some(false);
                }
                all_equal(a.iter().zip(b.iter()).map(|(a, b)| a.val.equals(&b.val)))
            }
            (Self::Map(a), Self::Map(b)) => {
                if a.rest.is_some() || b.rest.is_some() {
                    return None;
                }
                if a.entries.len() != b.entries.len() || a.entries.keys().ne(b.entries.keys()) {
                    return Some(false);
                }
                all_equal(a.entries.values().zip(b.entries.values()).map(|(a, b)| a.val.equals(&b.val)))
            }
            _ => Some(false),
        }
    }

    /// A set of the elements: sorted, each once. Two unknown elements count as two.
    pub(super) fn set(mut items: Vec<Item>) -> Self {
        items.sort_by(|a, b| a.val.order(&b.val));
        items.dedup_by(|a, b| a.val.equals(&b.val) == Some(true));
        let weight = Weight::of(items.iter());
        Self::Set(Rc::new(Items { list: items, weight }))
    }

    /// A total order for sets: kinds first, then values.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::List(a) | Self::Set(a), Self::List(b) | Self::Set(b)) => {
                let differing = a.iter().zip(b.iter()).map(|(a, b)| a.val.order(&b.val)).find(|order| order.is_ne());
                differing.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Map(a), Self::Map(b)) => {
                let pairs = a.entries.iter().zip(b.entries.iter());
                let differing = pairs
                    .map(|((k, a), (l, b))| k.cmp(l).then_with(|| a.val.order(&b.val)))
                    .find(|order| order.is_ne());
                differing.unwrap_or_else(|| a.entries.len().cmp(&b.entries.len()))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
            Self::List(_) | Self::Set(_) => 4,
            Self::Map(_) => 5,
            Self::Unknown(_) => 6,
        }
    }

    /// As the node that others see. `left` counts down the nodes that may still be made.
    pub(super) fn to_node(&self, at: At, left: &Cell<u64>) -> Node {
        self.node(at, 0, left)
    }

    fn node(&self, at: At, depth: usize, left: &Cell<u64>) -> Node {
        if depth > VALUE_DEPTH_MAX || left.get() == 0 {
            return Node { value: Value::Unknown(Unknown::new("the value is too large to be shown")), at };
        }
        left.set(left.get() - 1);
        let value = match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(number) => Value::Number(*number),
            Self::String(text) => Value::String(text.clone()),
            Self::List(items) | Self::Set(items) => {
                Value::List(items.iter().map(|item| item.val.node(item.at, depth + 1, left)).collect())
            }
            Self::Map(object) => {
                let mut entries: Vec<_> = object
                    .entries
                    .iter()
                    .map(|(key, item)| (key.clone(), item.val.node(item.at, depth + 1, left)))
                    .collect();
                // Back into the order in which they were written.
                entries.sort_by_key(|(_, node)| node.at);
                Value::Map(Map::of_distinct(entries))
            }
            Self::Unknown(unknown) => Value::Unknown((**unknown).clone()),
        };
        Node { value, at }
    }

    /// A node that was read elsewhere, such as from a `.tfvars.json`.
    pub(super) fn of_node(node: &Node) -> Self {
        Self::placed(node, &|node| node.at)
    }

    /// A node that was decoded from a text: all within it has the place where that was done.
    pub(super) fn of_node_at(node: &Node, at: At) -> Self {
        Self::placed(node, &|_| at)
    }

    fn placed(node: &Node, place: &dyn Fn(&Node) -> At) -> Self {
        let item = |node: &Node| Item { val: Self::placed(node, place), at: place(node) };
        match &node.value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Number(*number),
            Value::String(text) => Self::String(text.clone()),
            Value::List(items) => Self::list(items.iter().map(item).collect()),
            Value::Map(map) => Self::map(map.iter().map(|(key, node)| (Arc::from(key), item(node))).collect()),
            Value::Unknown(unknown) => Self::Unknown(Rc::new(unknown.clone())),
        }
    }
}

fn too_large() -> Val {
    Val::unknown(format!("the value holds more than {VALUE_NODES_MAX} values"))
}

fn all_equal(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => known = false,
            Some(true) => {}
        }
    }
    known.then_some(true)
}

impl Object {
    /// An attribute; unknown where the object has more than it says; `None` where there is none.
    pub(super) fn get(&self, name: &str) -> Option<Val> {
        if let Some(item) = self.entries.get(name) {
            return Some(item.val.clone());
        }
        let rest = self.rest.as_ref()?;
        let why = format!("{}.{name} is {}", rest.path, rest.when);
        Some(Val::Unknown(Rc::new(Unknown::referring(why, rest.refers.clone()))))
    }
}

/// One unknown that stands for several: the reason of the first, the references of all.
pub(super) fn unknown_of<'a>(parts: impl IntoIterator<Item = &'a Val>) -> Option<Val> {
    let mut found: Option<Rc<Unknown>> = None;
    for part in parts {
        let Some(unknown) = part.unknown_within() else { continue };
        found = Some(match found {
            None => unknown.clone(),
            Some(first) if unknown.refers.iter().all(|refer| first.refers.contains(refer)) => first,
            Some(first) => {
                let mut refers = first.refers.to_vec();
                refers.extend(unknown.refers.iter().filter(|refer| !first.refers.contains(refer)).cloned());
                Rc::new(Unknown::referring(first.why.clone(), Arc::from(refers)))
            }
        });
    }
    // What is known of a part is not known of what is made of it.
    found.map(|unknown| match unknown.text {
        Some(_) => Val::Unknown(Rc::new(Unknown::referring(unknown.why.clone(), unknown.refers.clone()))),
        None => Val::Unknown(unknown),
    })
}
