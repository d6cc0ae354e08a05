//! What the configuration in a plan says about who refers to whom.

use super::{get, items, text};
use crate::{Node, Reference, Value};
use std::collections::HashMap;

/// References by address without index.
pub(super) fn references(plan: &Node) -> HashMap<String, Vec<Reference>> {
    let mut found = HashMap::new();
    if let Some(module) = get(plan, "configuration").and_then(|configuration| get(configuration, "root_module")) {
        of_module(module, "", &mut found);
    }
    found
}

fn of_module(module: &Node, prefix: &str, found: &mut HashMap<String, Vec<Reference>>) {
    for resource in get(module, "resources").map(items).unwrap_or_default() {
        let Some(address) = text(resource, "address") else { continue };
        let mut references = Vec::new();
        if let Some(expressions) = get(resource, "expressions") {
            of_expressions(expressions, "", prefix, &mut references);
        }
        for target in get(resource, "depends_on").map(items).unwrap_or_default() {
            refer("depends_on", target, prefix, &mut references);
        }
        references.sort_unstable();
        references.dedup();
        found.insert(format!("{prefix}{address}"), references);
    }
    if let Some(Node { value: Value::Map(calls), .. }) = get(module, "module_calls") {
        for (name, call) in calls.iter() {
            if let Some(module) = get(call, "module") {
                of_module(module, &format!("{prefix}module.{name}."), found);
            }
        }
    }
}

fn of_expressions(node: &Node, path: &str, prefix: &str, out: &mut Vec<Reference>) {
    match &node.value {
        Value::Map(map) => {
            for (key, inner) in map.iter() {
                match key {
                    "references" => items(inner).iter().for_each(|target| refer(path, target, prefix, out)),
                    "constant_value" => {}
                    _ => of_expressions(
                        inner,
                        &if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") },
                        prefix,
                        out,
                    ),
                }
            }
        }
        Value::List(list) => {
            for (index, inner) in list.iter().enumerate() {
                of_expressions(inner, &format!("{path}.{index}"), prefix, out);
            }
        }
        _ => {}
    }
}

fn refer(path: &str, target: &Node, prefix: &str, out: &mut Vec<Reference>) {
    if let Value::String(target) = &target.value
        && let Some(target) = address_of(target)
    {
        out.push(Reference { attribute: path.to_owned(), target: format!("{prefix}{target}") });
    }
}

/// The resource or module that a reference such as `aws_s3_bucket.logs.id` begins with.
fn address_of(reference: &str) -> Option<String> {
    let parts = split(reference);
    let count = match parts.first()?.as_str() {
        "var" | "local" | "each" | "count" | "path" | "self" | "terraform" => return None,
        "data" => 3,
        _ => 2,
    };
    (parts.len() >= count).then(|| parts[..count].join("."))
}

/// An address without its indexes.
pub(super) fn plain(address: &str) -> String {
    split(address)
        .into_iter()
        .map(|part| part.split('[').next().unwrap_or_default().to_owned())
        .collect::<Vec<_>>()
        .join(".")
}

/// Splits at dots outside of brackets.
fn split(address: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut inside, mut quoted) = (false, false);
    for character in address.chars() {
        match character {
            '"' if inside => quoted = !quoted,
            '[' if !quoted => inside = true,
            ']' if !quoted => inside = false,
            _ => {}
        }
        match parts.last_mut() {
            Some(_) if character == '.' && !inside => parts.push(String::new()),
            Some(part) => part.push(character),
            None => {}
        }
    }
    parts
}
