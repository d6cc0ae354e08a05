//! The value of an attribute, with the place where it was written, and "known only after apply" as a value of its own.

use crate::PartialText;
use rust_decimal::Decimal;
use std::collections::HashMap;
use std::sync::Arc;

/// A place in one of the files of a [`crate::Reading`]. Lines and columns count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct At {
    /// Index into [`crate::Reading::files`].
    pub file: u32,
    /// Line.
    pub line: u32,
    /// Column in characters.
    pub column: u32,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub at: At,
}

impl Node {
    /// Visits this node and all within it.
    pub fn visit_mut(&mut self, visit: &mut dyn FnMut(&mut Node)) {
        visit(self);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.visit_mut(visit)),
            Value::Map(map) => map.nodes_mut().for_each(|item| item.visit_mut(visit)),
            _ => {}
        }
    }
}

/// What an attribute may hold. A nested block stands as a list of maps under its name, as in Terraform's JSON syntax.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Explicitly nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, exact.
    Number(Decimal),
    /// A text.
    String(Arc<str>),
    /// A list, tuple or set.
    List(Vec<Node>),
    /// A map, an object or the body of a block.
    Map(Map),
    /// Known only after apply, or not readable from what was given.
    Unknown(Unknown),
}

/// Why a value is unknown, and what it would come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// A fragment such as `aws_s3_bucket.logs.arn is known after apply`.
    pub why: Arc<str>,
    /// Addresses, without index, of the resources that the value refers to: `module.web.aws_s3_bucket.logs`.
    pub refers: Arc<[String]>,
    /// What is known of it, where it is a text of which parts are known.
    pub text: Option<Arc<PartialText>>,
}

impl Unknown {
    /// Unknown for a reason, without reference.
    #[must_use]
    pub fn new(why: impl Into<Arc<str>>) -> Self {
        Self::referring(why, Arc::from([]))
    }

    /// Unknown because of what it refers to.
    #[must_use]
    pub fn referring(why: impl Into<Arc<str>>, refers: Arc<[String]>) -> Self {
        Self { why: why.into(), refers, text: None }
    }
}

/// Keys and values in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(Vec<(Arc<str>, Node)>);

impl Map {
    /// A map of entries whose keys are known to differ.
    pub(crate) fn of_distinct(entries: Vec<(Arc<str>, Node)>) -> Self {
        Self(entries)
    }

    /// Keys and values in order, taken out.
    pub(crate) fn into_entries(self) -> Vec<(Arc<str>, Node)> {
        self.0
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|(k, _)| &**k == key).map(|(_, node)| node)
    }

    /// Keys and values in order, the values to be changed.
    pub(crate) fn entries_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        self.0.iter_mut().map(|(key, node)| (&**key, node))
    }

    /// The value of a key, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0.iter_mut().find(|(k, _)| &**k == key).map(|(_, node)| node)
    }

    /// The values, to be changed.
    pub(crate) fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.0.iter_mut().map(|(_, node)| node)
    }

    /// Sets a key, in its place where it is there already.
    pub fn set(&mut self, key: impl Into<Arc<str>>, node: Node) {
        let key = key.into();
        match self.0.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = node,
            None => self.0.push((key, node)),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let at = self.0.iter().position(|(k, _)| &**k == key)?;
        Some(self.0.remove(at).1)
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(key, node)| (&**key, node))
    }

    /// How many keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Collects a map in linear time where [`Map::set`] would search for every key anew.
#[derive(Debug, Default)]
pub(crate) struct MapBuilder {
    entries: Vec<(Arc<str>, Node)>,
    /// Filled once the map is too long to be searched from the front.
    places: HashMap<Arc<str>, usize>,
}

/// From this many keys on a lookup table pays for itself.
const KEYS_SEARCHED_MAX: usize = 16;

impl MapBuilder {
    /// Sets a key; gives back the node that it had before.
    pub(crate) fn set(&mut self, key: Arc<str>, node: Node) -> Option<Node> {
        if let Some(index) = self.find(&key) {
            return Some(std::mem::replace(&mut self.entries[index].1, node));
        }
        if self.entries.len() == KEYS_SEARCHED_MAX {
            self.places = self.entries.iter().enumerate().map(|(index, (key, _))| (key.clone(), index)).collect();
        }
        if self.entries.len() >= KEYS_SEARCHED_MAX {
            self.places.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, node));
        None
    }

    /// The node of a key.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let index = self.find(key)?;
        Some(&mut self.entries[index].1)
    }

    fn find(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= KEYS_SEARCHED_MAX {
            return self.entries.iter().position(|(k, _)| &**k == key);
        }
        self.places.get(key).copied()
    }

    pub(crate) fn finish(self) -> Map {
        Map::of_distinct(self.entries)
    }
}
