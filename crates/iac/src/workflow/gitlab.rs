//! GitLab CI: jobs with what they extend.

use super::{Parts, commands, shared, text_in};
use crate::{At, Map, Node, Value};

/// Keys at the top that are no jobs.
const RESERVED: [&str; 13] = [
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "types",
    "spec",
    "component",
];
/// How many jobs one job may extend, itself and through others.
const EXTENDS_MAX: usize = 32;

pub(super) fn pipeline(map: &Map, at: At, parts: &mut Parts<'_>) {
    let shown = parts.shown.to_owned();
    parts.add("gitlab.pipeline", shown.clone(), &shown, map.clone(), at);
    for (name, node) in map.iter() {
        let Value::Map(job) = &node.value else { continue };
        // What begins with a point is there to be extended.
        if RESERVED.contains(&name) || name.starts_with('.') {
            continue;
        }
        let mut left = EXTENDS_MAX;
        let mut body = extended(map, job, &mut left);
        if !["script", "trigger", "run", "extends"].iter().any(|key| body.get(key).is_some()) {
            continue;
        }
        let of_default = |key: &str| match map.get("default").map(|node| &node.value) {
            Some(Value::Map(default)) => default.get(key).or_else(|| map.get(key)),
            _ => map.get(key),
        };
        for key in ["image", "services", "before_script", "after_script"] {
            if body.get(key).is_none()
                && let Some(node) = of_default(key)
            {
                body.set(key, shared(node));
            }
        }
        let mut scripts = Vec::new();
        for key in ["before_script", "script", "after_script"] {
            body.get(key).into_iter().for_each(|node| lines(node, &mut scripts));
        }
        let commands = commands(&scripts);
        body.set("commands", commands);
        parts.add("gitlab.job", name.to_owned(), name, body, node.at);
    }
}

/// A job over the jobs that it extends; maps are merged, lists are not.
fn extended(map: &Map, job: &Map, left: &mut usize) -> Map {
    let bases: Vec<&str> = match job.get("extends").map(|node| &node.value) {
        Some(Value::String(base)) => vec![base],
        Some(Value::List(bases)) => bases.iter().filter_map(|node| text_of(node)).collect(),
        _ => Vec::new(),
    };
    let mut out = Map::default();
    for base in bases {
        if *left == 0 {
            break;
        }
        *left -= 1;
        if let Some(Node { value: Value::Map(base), .. }) = map.get(base) {
            merge(&mut out, &extended(map, base, left));
        }
    }
    for (key, node) in job.iter() {
        match (&node.value, out.get_mut(key)) {
            (Value::Map(over), Some(Node { value: Value::Map(under), .. })) => merge(under, over),
            _ => out.set(key, node.clone()),
        }
    }
    out
}

fn merge(into: &mut Map, over: &Map) {
    for (key, node) in over.iter() {
        if let (Value::Map(over), Some(Node { value: Value::Map(under), .. })) = (&node.value, into.get_mut(key)) {
            merge(under, over);
        } else {
            into.set(key, shared(node));
        }
    }
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn lines<'m>(node: &'m Node, out: &mut Vec<(&'m str, At)>) {
    match &node.value {
        Value::String(text) => out.push((text, node.at)),
        Value::List(items) => items.iter().for_each(|item| lines(item, out)),
        Value::Map(map) => out.extend(text_in(map, "script").map(|text| (text, node.at))),
        _ => {}
    }
}
