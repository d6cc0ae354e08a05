//! For which objects a constraint is: `spec.match`.

use super::{child, group_and_version, items, text};
use mainstay_iac::{At, Node, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// `spec.match`, read.
#[derive(Debug, Clone, Default)]
pub(super) struct Matching {
    /// Groups and kinds; `*` is any.
    kinds: Vec<(Vec<String>, Vec<String>)>,
    namespaces: Option<Vec<String>>,
    excluded: Vec<String>,
    labels: Selector,
    namespace_labels: Option<Selector>,
    scope: Scope,
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Scope {
    #[default]
    Any,
    Cluster,
    Namespaced,
}

/// A selector of labels.
#[derive(Debug, Clone, Default)]
struct Selector {
    labels: Vec<(String, String)>,
    /// Key, operator, values.
    expressions: Vec<(String, Operator, Vec<String>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

type Wrong = (At, String);

impl Matching {
    pub fn read(node: Option<&Node>) -> Result<Self, Wrong> {
        let Some(node) = node else { return Ok(Self::default()) };
        let kinds = items(child(node, "kinds"))
            .iter()
            .map(|entry| (words(child(entry, "apiGroups")), words(child(entry, "kinds"))))
            .collect();
        let scope = match text(child(node, "scope")) {
            None | Some("*" | "") => Scope::Any,
            Some("Cluster") => Scope::Cluster,
            Some("Namespaced") => Scope::Namespaced,
            Some(other) => return Err((node.at, format!("`scope` is *, Cluster or Namespaced, not {other:?}"))),
        };
        Ok(Self {
            kinds,
            namespaces: child(node, "namespaces").map(|node| words(Some(node))),
            excluded: words(child(node, "excludedNamespaces")),
            labels: child(node, "labelSelector").map(Selector::read).transpose()?.unwrap_or_default(),
            namespace_labels: child(node, "namespaceSelector").map(Selector::read).transpose()?,
            scope,
            name: text(child(node, "name")).map(str::to_owned),
        })
    }

    pub fn holds(&self, object: &Json, namespaces: &BTreeMap<String, Json>) -> bool {
        let metadata = &object["metadata"];
        let (group, _) = group_and_version(object);
        let kind = object["kind"].as_str().unwrap_or_default();
        let is_namespace = kind == "Namespace" && group.is_empty();
        let name = metadata["name"].as_str().or(metadata["generateName"].as_str()).unwrap_or_default();
        // A namespace is in itself; an object of the cluster is in none, and no condition on namespaces is about it.
        let namespace = if is_namespace { Some(name) } else { metadata["namespace"].as_str() };
        let of_kind = |(groups, kinds): &(Vec<String>, Vec<String>)| {
            let any = |list: &[String], word: &str| list.is_empty() || list.iter().any(|w| w == "*" || w == word);
            any(groups, group) && any(kinds, kind)
        };
        let scoped = match self.scope {
            Scope::Any => true,
            Scope::Cluster => is_namespace || metadata["namespace"].as_str().is_none(),
            Scope::Namespaced => !is_namespace && metadata["namespace"].as_str().is_some(),
        };
        let among = |patterns: &[String], word: &str| patterns.iter().any(|pattern| is_like(pattern, word));
        scoped
            && (self.kinds.is_empty() || self.kinds.iter().any(of_kind))
            && self.name.as_ref().is_none_or(|pattern| is_like(pattern, name))
            && self.namespaces.as_ref().is_none_or(|wanted| namespace.is_none_or(|name| among(wanted, name)))
            && namespace.is_none_or(|name| !among(&self.excluded, name))
            && self.labels.holds(&metadata["labels"])
            && self.namespace_labels.as_ref().is_none_or(|selector| {
                if is_namespace {
                    return selector.holds(&metadata["labels"]);
                }
                namespace.is_none_or(|name| {
                    namespaces.get(name).is_some_and(|namespace| selector.holds(&namespace["metadata"]["labels"]))
                })
            })
    }
}

/// A name, or a pattern with `*` at its beginning or end.
fn is_like(pattern: &str, word: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) if pattern.len() > 1 => word.contains(&pattern[1..pattern.len() - 1]),
        (Some(end), _) => word.ends_with(end),
        (_, Some(start)) => word.starts_with(start),
        _ => pattern == word,
    }
}

fn words(node: Option<&Node>) -> Vec<String> {
    items(node).iter().filter_map(|item| text(Some(item))).map(str::to_owned).collect()
}

impl Selector {
    fn read(node: &Node) -> Result<Self, Wrong> {
        let labels = match child(node, "matchLabels").map(|labels| &labels.value) {
            Some(Value::Map(map)) => map
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_json().as_str().unwrap_or_default().to_owned()))
                .collect(),
            _ => Vec::new(),
        };
        let mut expressions = Vec::new();
        for entry in items(child(node, "matchExpressions")) {
            let operator = match text(child(entry, "operator")) {
                Some("In") => Operator::In,
                Some("NotIn") => Operator::NotIn,
                Some("Exists") => Operator::Exists,
                Some("DoesNotExist") => Operator::DoesNotExist,
                _ => return Err((entry.at, "`operator` is In, NotIn, Exists or DoesNotExist".to_owned())),
            };
            let key = text(child(entry, "key")).unwrap_or_default().to_owned();
            expressions.push((key, operator, words(child(entry, "values"))));
        }
        Ok(Self { labels, expressions })
    }

    fn holds(&self, labels: &Json) -> bool {
        self.labels.iter().all(|(key, value)| labels[key.as_str()] == value.as_str())
            && self.expressions.iter().all(|(key, operator, values)| {
                let value = labels[key.as_str()].as_str();
                let among = value.is_some_and(|value| values.iter().any(|known| known == value));
                match operator {
                    Operator::In => among,
                    Operator::NotIn => !among,
                    Operator::Exists => value.is_some(),
                    Operator::DoesNotExist => value.is_none(),
                }
            })
    }
}
