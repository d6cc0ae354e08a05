//! One entity of the catalog: its name, its references to others, and what Backstage demands of it.

use crate::json::NodeExt;
use mainstay_iac::{At, Node, Value};
use std::collections::BTreeMap;

/// A full reference: kind, namespace, name. Backstage compares them without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ref {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl Ref {
    /// Reads `[kind:][namespace/]name`, with the kind and namespace that the place implies.
    pub fn parse(text: &str, kind: Option<&str>, namespace: &str) -> Option<Self> {
        let (kind, rest) = match text.trim().split_once(':') {
            Some((kind, rest)) => (kind, rest),
            None => (kind?, text.trim()),
        };
        let (namespace, name) = rest.split_once('/').unwrap_or((namespace, rest));
        let filled = !kind.is_empty() && !namespace.is_empty() && !name.is_empty() && !name.contains(['/', ':']);
        filled.then(|| Self {
            kind: kind.to_lowercase(),
            namespace: namespace.to_lowercase(),
            name: name.to_lowercase(),
        })
    }

    /// The reference as Backstage writes it.
    pub fn text(&self) -> String {
        format!("{}:{}/{}", self.kind, self.namespace, self.name)
    }
}

/// Relations of `spec`: field, kinds it is on (all where empty), implied kind of the target, type of the relation.
/// Backstage's descriptor format; fields without implied kind need it written.
const RELATIONS: &[(&str, &[&str], Option<&str>, &str)] = &[
    ("owner", &[], Some("group"), "ownedBy"),
    ("system", &[], Some("system"), "partOf"),
    ("domain", &["system"], Some("domain"), "partOf"),
    ("subcomponentOf", &["component"], Some("component"), "partOf"),
    ("subdomainOf", &["domain"], Some("domain"), "partOf"),
    ("providesApis", &["component"], Some("api"), "providesApi"),
    ("consumesApis", &["component"], Some("api"), "consumesApi"),
    ("dependsOn", &["component", "resource"], None, "dependsOn"),
    ("dependencyOf", &["component", "resource"], None, "dependencyOf"),
    ("parent", &["group"], Some("group"), "childOf"),
    ("children", &["group"], Some("group"), "parentOf"),
    ("members", &["group"], Some("user"), "hasMember"),
    ("memberOf", &["user"], Some("group"), "memberOf"),
];

/// What `spec` must have, by kind.
const REQUIRED: &[(&str, &[&str])] = &[
    ("component", &["type", "lifecycle", "owner"]),
    ("api", &["type", "lifecycle", "owner", "definition"]),
    ("resource", &["type", "owner"]),
    ("system", &["owner"]),
    ("domain", &["owner"]),
    ("group", &["type", "children"]),
    ("user", &["memberOf"]),
    ("template", &["type", "steps"]),
    ("location", &[]),
];

/// A relation that an entity states, and where.
pub(super) struct Stated {
    pub relation: &'static str,
    pub text: String,
    pub target: Option<Ref>,
    pub at: At,
}

/// The relations that an entity of a kind states in its `spec`.
pub(super) fn relations(spec: Option<&Node>, kind: &str, namespace: &str) -> Vec<Stated> {
    let Some(spec) = spec else { return Vec::new() };
    let mut stated = Vec::new();
    for (field, kinds, implied, relation) in RELATIONS {
        let Some(node) = spec.field(field).filter(|_| kinds.is_empty() || kinds.contains(&kind)) else { continue };
        let targets = if matches!(node.value, Value::List(_)) { node.items() } else { std::slice::from_ref(node) };
        for target in targets {
            let text = target.as_text().unwrap_or_default().to_owned();
            stated.push(Stated { relation, target: Ref::parse(&text, *implied, namespace), text, at: target.at });
        }
    }
    stated
}

/// Fields that the kind demands and the entity lacks; `None` where the kind is not one of Backstage's.
pub(super) fn missing(kind: &str, spec: Option<&Node>) -> Option<Vec<&'static str>> {
    let (_, required) = REQUIRED.iter().find(|(known, _)| *known == kind)?;
    let has = |field: &str| spec.and_then(|spec| spec.field(field)).is_some();
    Some(required.iter().copied().filter(|field| !has(field)).collect())
}

/// Whether a text may be an entity's name: letters, digits, and single `-`, `_`, `.` between them, at most 63.
pub(super) fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63 && text.chars().all(inner) && edge(text.chars().next()) && edge(text.chars().last())
}

/// The texts of a map, such as labels.
pub(super) fn texts(node: Option<&Node>) -> BTreeMap<String, String> {
    let Some(Node { value: Value::Map(map), .. }) = node else { return BTreeMap::new() };
    let text = |node: &Node| match &node.value {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    map.iter().filter_map(|(key, node)| Some((key.to_owned(), text(node)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_take_the_kind_and_namespace_that_their_place_implies() {
        let text = |text: &str, kind| Ref::parse(text, kind, "default").map(|reference| reference.text());
        assert_eq!(text("platform", Some("group")).unwrap(), "group:default/platform");
        assert_eq!(text("user:Ada", Some("group")).unwrap(), "user:default/ada");
        assert_eq!(text("ops/platform", Some("group")).unwrap(), "group:ops/platform");
        assert_eq!(text("resource:ops/db", None).unwrap(), "resource:ops/db");
        assert_eq!(text("db", None), None);
        assert_eq!(text("a:b/c/d", None), None);
        assert!(is_name("a-b_c.d") && !is_name("-a") && !is_name("a b") && !is_name(&"a".repeat(64)));
    }
}
