//! Label selectors, and an index over them, so that finding who selects a pod costs what selects it and not what there is.

use super::pod::{child, items, maps, text};
use crate::{Map, Node, Value};
use std::collections::HashMap;

/// How many selectors of one label are looked at for a pod. Beyond it some relations are missing; time stays linear.
const CANDIDATES_MAX: usize = 256;
/// How many selectors a pod is related to, at most.
const SELECTED_MAX: usize = 64;

/// What must hold of labels.
#[derive(Debug, Default, Clone)]
pub(super) struct Selector {
    equal: Vec<(String, String)>,
    expressions: Vec<Expression>,
}

#[derive(Debug, Clone)]
struct Expression {
    key: String,
    operator: String,
    values: Vec<String>,
}

/// A selector of `matchLabels` and `matchExpressions`.
pub(super) fn labelled(map: &Map) -> Selector {
    let mut selector = child(map, "matchLabels").map(equal).unwrap_or_default();
    for (_, expression) in maps(items(map, "matchExpressions")) {
        let (Some(key), Some(operator)) = (text(expression, "key"), text(expression, "operator")) else { continue };
        let values = items(expression, "values").iter().filter_map(label).collect();
        selector.expressions.push(Expression { key: key.to_owned(), operator: operator.to_owned(), values });
    }
    selector
}

/// A selector that lists labels.
pub(super) fn equal(labels: &Map) -> Selector {
    let equal = labels.iter().filter_map(|(key, node)| Some((key.to_owned(), label(node)?))).collect();
    Selector { equal, expressions: Vec::new() }
}

/// The text of a label; a number or truth without quotes is refused by the API server, yet what is meant is plain.
fn label(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(known) => Some(known.to_string()),
        _ => None,
    }
}

impl Selector {
    fn selects(&self, labels: &HashMap<&str, String>) -> bool {
        self.equal.iter().all(|(key, value)| labels.get(key.as_str()) == Some(value))
            && self.expressions.iter().all(|expression| expression.holds(labels))
    }
}

impl Expression {
    fn holds(&self, labels: &HashMap<&str, String>) -> bool {
        let value = labels.get(self.key.as_str());
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

struct Known {
    resource: usize,
    selector: Selector,
    attribute: &'static str,
}

/// All selectors, found by namespace and one of their labels.
#[derive(Default)]
pub(super) struct Selectors {
    known: Vec<Known>,
    by_label: HashMap<(String, String, String), Vec<usize>>,
    /// Those that list no label, by namespace.
    general: HashMap<String, Vec<usize>>,
}

impl Selectors {
    pub(super) fn add(&mut self, resource: usize, namespace: &str, selector: Selector, attribute: &'static str) {
        let index = self.known.len();
        match selector.equal.first() {
            Some((key, value)) => {
                let place = (namespace.to_owned(), key.clone(), value.clone());
                self.by_label.entry(place).or_default().push(index);
            }
            None => self.general.entry(namespace.to_owned()).or_default().push(index),
        }
        self.known.push(Known { resource, selector, attribute });
    }

    /// Which resources select a pod with these labels, and by which attribute.
    pub(super) fn of(&self, namespace: &str, labels: &Map) -> Vec<(usize, &'static str)> {
        let labels: HashMap<&str, String> = labels.iter().filter_map(|(key, node)| Some((key, label(node)?))).collect();
        let mut places: Vec<&[usize]> = self.general.get(namespace).map(Vec::as_slice).into_iter().collect();
        for (key, value) in &labels {
            let place = (namespace.to_owned(), (*key).to_owned(), value.clone());
            places.extend(self.by_label.get(&place).map(Vec::as_slice));
        }
        let candidates = places.into_iter().flat_map(|place| place.iter().take(CANDIDATES_MAX));
        let mut found: Vec<usize> =
            candidates.copied().filter(|index| self.known[*index].selector.selects(&labels)).collect();
        found.sort_unstable();
        found.truncate(SELECTED_MAX);
        found.into_iter().map(|index| (self.known[index].resource, self.known[index].attribute)).collect()
    }
}
