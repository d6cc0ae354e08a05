//! Patches: strategic merges and JSON patches (RFC 6902).

use crate::{Map, Node, Resource, Value};
use regex::Regex;

/// How deep a patch may reach.
const DEPTH_MAX: usize = 64;

/// Lists that are merged item by item, and by which field.
const KEYS: [(&str, &str); 9] = [
    ("containers", "name"),
    ("initContainers", "name"),
    ("volumes", "name"),
    ("env", "name"),
    ("imagePullSecrets", "name"),
    ("volumeMounts", "mountPath"),
    ("ports", "containerPort"),
    ("ports", "port"),
    ("hostAliases", "ip"),
];

pub(super) struct Patch {
    /// A manifest in part, or a list of operations.
    pub node: Node,
    /// What it is for, where it does not say so itself.
    pub target: Option<Node>,
}

impl Patch {
    pub(super) fn apply(&self, resources: &mut Vec<Resource>) {
        match &self.node.value {
            Value::List(operations) => {
                let target = self.target.as_ref().and_then(map_of).map(Target::of);
                for resource in
                    resources.iter_mut().filter(|one| target.as_ref().is_some_and(|target| target.fits(one)))
                {
                    let mut whole = Node { value: Value::Map(std::mem::take(&mut resource.body)), at: resource.at };
                    operations.iter().filter_map(map_of).for_each(|operation| operate(&mut whole, operation));
                    if let Value::Map(body) = whole.value {
                        resource.body = body;
                    }
                }
            }
            Value::Map(patch) => {
                let target = match self.target.as_ref().and_then(map_of) {
                    Some(target) => Target::of(target),
                    None => Target::of_manifest(patch),
                };
                let whole = patch.get("$patch").and_then(text_of) == Some("delete");
                if whole {
                    return resources.retain(|resource| !target.fits(resource));
                }
                for resource in resources.iter_mut().filter(|resource| target.fits(resource)) {
                    // A patch with a target may be written for another name, which stays as it was.
                    let metadata = resource.body.get("metadata").cloned();
                    merge(&mut resource.body, patch, 0);
                    keep_name(&mut resource.body, metadata.as_ref());
                }
            }
            _ => {}
        }
    }
}

fn keep_name(body: &mut Map, before: Option<&Node>) {
    let name = before.and_then(map_of).and_then(|metadata| metadata.get("name"));
    if let (Some(name), Some(Node { value: Value::Map(metadata), .. })) = (name, body.get_mut("metadata")) {
        metadata.set("name", name.clone());
    }
}

fn map_of(node: &Node) -> Option<&Map> {
    match &node.value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Which manifests a patch is for. What is not said fits all.
struct Target {
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    group: Option<String>,
    labels: Vec<(String, String)>,
}

impl Target {
    fn of(map: &Map) -> Self {
        let pattern = |key: &str| {
            let text = map.get(key).and_then(text_of).filter(|text| !text.is_empty())?;
            // A pattern that is none fits what is spelled like it.
            let whole = |text: &str| Regex::new(&format!("^(?:{text})$"));
            whole(text).or_else(|_| whole(&regex::escape(text))).ok()
        };
        let labels = map.get("labelSelector").and_then(text_of).unwrap_or_default();
        let labels = labels.split(',').filter_map(|pair| pair.split_once('='));
        Self {
            kind: pattern("kind"),
            name: pattern("name"),
            namespace: pattern("namespace"),
            group: map.get("group").and_then(text_of).map(str::to_owned),
            labels: labels
                .map(|(key, value)| (key.trim().to_owned(), value.trim_start_matches('=').trim().to_owned()))
                .collect(),
        }
    }

    /// The manifest that a patch spells out in part.
    fn of_manifest(patch: &Map) -> Self {
        let exact = |text: &str| Regex::new(&format!("^{}$", regex::escape(text))).ok();
        let metadata = patch.get("metadata").and_then(map_of);
        let of = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(text_of).and_then(exact);
        Self {
            kind: patch.get("kind").and_then(text_of).and_then(exact),
            name: of("name"),
            namespace: of("namespace"),
            group: None,
            labels: Vec::new(),
        }
    }

    fn fits(&self, resource: &Resource) -> bool {
        let fits = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
        let labels = resource.body.get("metadata").and_then(map_of).and_then(|map| map.get("labels")).and_then(map_of);
        fits(&self.kind, &resource.resource_type)
            && fits(&self.name, &resource.name)
            && (resource.namespace.is_none()
                || fits(&self.namespace, resource.namespace.as_deref().unwrap_or("default")))
            && self.group.as_ref().is_none_or(|group| resource.api_version.split('/').next() == Some(group))
            && self
                .labels
                .iter()
                .all(|(key, value)| labels.and_then(|labels| labels.get(key)).and_then(text_of) == Some(value))
    }
}

fn merge(into: &mut Map, patch: &Map, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    if patch.get("$patch").and_then(text_of) == Some("replace") {
        *into = without(patch, "$patch");
        return;
    }
    for (key, node) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        if matches!(node.value, Value::Null) {
            *into = without(into, key);
            continue;
        }
        match (&node.value, into.get_mut(key)) {
            (Value::Map(patch), Some(Node { value: Value::Map(map), .. })) => merge(map, patch, depth + 1),
            (Value::List(patch), Some(Node { value: Value::List(items), .. })) if field_of(key, patch).is_some() => {
                merge_list(items, patch, field_of(key, patch).unwrap_or_default(), depth + 1);
            }
            _ => into.set(key, node.clone()),
        }
    }
}

/// The field by which the items of a list are told apart, where each item has it.
fn field_of(list: &str, patch: &[Node]) -> Option<&'static str> {
    let has = |field: &str| patch.iter().all(|item| map_of(item).is_some_and(|map| map.get(field).is_some()));
    KEYS.iter().find(|(name, field)| *name == list && has(field)).map(|(_, field)| *field)
}

fn merge_list(items: &mut Vec<Node>, patch: &[Node], field: &str, depth: usize) {
    for one in patch {
        let Some(map) = map_of(one) else { continue };
        let same = |item: &Node| {
            map_of(item).and_then(|item| item.get(field)).map(|node| &node.value)
                == map.get(field).map(|node| &node.value)
        };
        let place = items.iter().position(same);
        let gone = map.get("$patch").and_then(text_of) == Some("delete");
        match place {
            Some(place) if gone => {
                items.remove(place);
            }
            Some(place) => {
                if let Value::Map(into) = &mut items[place].value {
                    merge(into, map, depth);
                }
            }
            None if gone => {}
            None => items.push(one.clone()),
        }
    }
}

fn without(map: &Map, key: &str) -> Map {
    let mut out = Map::default();
    map.iter().filter(|(known, _)| *known != key).for_each(|(key, node)| out.set(key, node.clone()));
    out
}

/// One operation of a JSON patch. One that does not fit changes nothing.
fn operate(whole: &mut Node, operation: &Map) {
    let text = |key: &str| operation.get(key).and_then(text_of);
    let (Some(kind), Some(path)) = (text("op"), text("path")) else { return };
    let value = operation.get("value").cloned();
    match kind {
        "add" | "replace" => {
            if let Some(value) = value {
                put(whole, path, value, kind == "add");
            }
        }
        "remove" => {
            take(whole, path);
        }
        "move" | "copy" => {
            let Some(from) = text("from") else { return };
            let held = if kind == "move" { take(whole, from) } else { found(whole, from).cloned() };
            if let Some(held) = held {
                put(whole, path, held, true);
            }
        }
        _ => {}
    }
}

fn parts(path: &str) -> Vec<String> {
    let parts = path.trim_start_matches('/').split('/').take(DEPTH_MAX);
    parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

fn found<'n>(whole: &'n mut Node, path: &str) -> Option<&'n mut Node> {
    let mut here = whole;
    for part in parts(path) {
        here = match &mut here.value {
            Value::Map(map) => map.get_mut(&part)?,
            Value::List(items) => items.get_mut(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(here)
}

/// The node above the last part of a path, and that part.
fn above<'n>(whole: &'n mut Node, path: &str) -> Option<(&'n mut Node, String)> {
    let (before, last) = path.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let node = if before.is_empty() { Some(whole) } else { found(whole, before) };
    node.map(|node| (node, last))
}

fn put(whole: &mut Node, path: &str, value: Node, insert: bool) {
    let Some((node, last)) = above(whole, path) else { return };
    match &mut node.value {
        Value::Map(map) => map.set(last, value),
        Value::List(items) if last == "-" => items.push(value),
        Value::List(items) => {
            let Ok(place) = last.parse::<usize>() else { return };
            if insert && place <= items.len() {
                items.insert(place, value);
            } else if let Some(old) = items.get_mut(place) {
                *old = value;
            }
        }
        _ => {}
    }
}

fn take(whole: &mut Node, path: &str) -> Option<Node> {
    let (node, last) = above(whole, path)?;
    match &mut node.value {
        Value::Map(map) => {
            let held = map.get(&last).cloned();
            *map = without(map, &last);
            held
        }
        Value::List(items) => {
            let place = last.parse::<usize>().ok().filter(|place| *place < items.len())?;
            Some(items.remove(place))
        }
        _ => None,
    }
}
