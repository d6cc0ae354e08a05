//! What the configuration in a plan says about who refers to whom, followed through variables and outputs of modules.
//!
//! A plan holds no locals: what goes through one is not told, except by the dependencies of the state before.

use super::{get, items, text};
use crate::{Node, Reference, Value};
use std::collections::{BTreeSet, HashMap};

/// How many borders of modules one reference is followed across.
const BORDERS_MAX: usize = 64;

/// How many resources one attribute may refer to; beyond that a list helps nobody.
const TARGETS_MAX: usize = 1000;

/// References by address without index.
pub(super) fn references(plan: &Node) -> HashMap<String, Vec<Reference>> {
    let mut found = HashMap::new();
    let root = get(plan, "configuration").and_then(|configuration| get(configuration, "root_module"));
    if let Some(node) = root {
        let root = Module { node, prefix: String::new(), call: None };
        of_module(&root, &mut found);
    }
    found
}

/// A module of the configuration, and the call that gives it its variables.
struct Module<'n, 'm> {
    node: &'n Node,
    /// `module.web.`, empty for the root.
    prefix: String,
    call: Option<(&'m Module<'n, 'm>, &'n Node)>,
}

fn of_module<'n>(module: &Module<'n, '_>, found: &mut HashMap<String, Vec<Reference>>) {
    for resource in get(module.node, "resources").map(items).unwrap_or_default() {
        let Some(address) = text(resource, "address") else { continue };
        let mut references = Vec::new();
        for key in ["expressions", "count_expression", "for_each_expression"] {
            if let Some(expressions) = get(resource, key) {
                let path = if key == "expressions" { "" } else { key.trim_end_matches("_expression") };
                module.of_expressions(resource, expressions, path, &mut references);
            }
        }
        for target in get(resource, "depends_on").map(items).unwrap_or_default() {
            if let Value::String(target) = &target.value {
                module.refer(resource, "depends_on", target, &mut references);
            }
        }
        references.sort_unstable();
        references.dedup();
        found.insert(format!("{}{address}", module.prefix), references);
    }
    let Some(Node { value: Value::Map(calls), .. }) = get(module.node, "module_calls") else { return };
    for (name, call) in calls.iter() {
        if let Some(child) = module.child(name, call) {
            of_module(&child, found);
        }
    }
}

impl<'n> Module<'n, '_> {
    fn child<'m>(&'m self, name: &str, call: &'n Node) -> Option<Module<'n, 'm>> {
        let node = get(call, "module")?;
        Some(Module { node, prefix: format!("{}module.{name}.", self.prefix), call: Some((self, call)) })
    }

    fn of_expressions(&self, resource: &'n Node, node: &'n Node, path: &str, out: &mut Vec<Reference>) {
        match &node.value {
            Value::Map(map) => {
                for (key, inner) in map.iter() {
                    match key {
                        "references" => telling(inner).for_each(|target| self.refer(resource, path, target, out)),
                        "constant_value" => {}
                        _ => {
                            let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                            self.of_expressions(resource, inner, &path, out);
                        }
                    }
                }
            }
            Value::List(list) => {
                for (index, inner) in list.iter().enumerate() {
                    self.of_expressions(resource, inner, &format!("{path}.{index}"), out);
                }
            }
            _ => {}
        }
    }

    fn refer(&self, resource: &'n Node, path: &str, target: &str, out: &mut Vec<Reference>) {
        let mut targets = BTreeSet::new();
        self.resolve(Some(resource), target, BORDERS_MAX, &mut targets);
        out.extend(targets.into_iter().map(|target| Reference { attribute: path.to_owned(), target }));
    }

    /// The resources that a reference such as `aws_s3_bucket.logs.id`, `var.subnets` or `module.net.subnets` leads to.
    fn resolve(&self, block: Option<&'n Node>, reference: &str, borders: usize, out: &mut BTreeSet<String>) {
        if borders == 0 || out.len() >= TARGETS_MAX {
            return;
        }
        let parts = split(&reference.replace("[*]", ""));
        let word = |nth: usize| parts.get(nth).map(|part| part.split('[').next().unwrap_or_default());
        match (word(0).unwrap_or_default(), word(1)) {
            ("var", Some(name)) => {
                let Some((parent, call)) = &self.call else { return };
                let given = get(call, "expressions").and_then(|expressions| get(expressions, name));
                if let Some(given) = given {
                    // `each.value` in an argument of the call is about the call's own `for_each`.
                    parent.resolve_all(Some(call), given, borders - 1, out);
                }
            }
            ("each", _) => self.resolve_keys(block, "for_each_expression", borders, out),
            ("count", _) => self.resolve_keys(block, "count_expression", borders, out),
            ("local" | "path" | "self" | "terraform", _) => {}
            ("module", Some(name)) => self.resolve_output(name, word(2), borders, out),
            ("data", Some(_)) if parts.len() >= 3 => {
                out.insert(format!("{}{}", self.prefix, parts[..3].join(".")));
            }
            ("data", _) => {}
            (_, Some(_)) => {
                out.insert(format!("{}{}", self.prefix, parts[..2].join(".")));
            }
            _ => {}
        }
    }

    fn resolve_keys(&self, block: Option<&'n Node>, key: &str, borders: usize, out: &mut BTreeSet<String>) {
        if let Some(expression) = block.and_then(|block| get(block, key)) {
            self.resolve_all(None, expression, borders - 1, out);
        }
    }

    /// An output, or, where only the module is named, everything that its outputs give. A module whose configuration the
    /// plan does not hold stands for itself.
    fn resolve_output(&self, name: &str, output: Option<&str>, borders: usize, out: &mut BTreeSet<String>) {
        let call = get(self.node, "module_calls").and_then(|calls| get(calls, name));
        let Some(child) = call.and_then(|call| self.child(name, call)) else {
            out.insert(format!("{}module.{name}", self.prefix));
            return;
        };
        let Some(Node { value: Value::Map(outputs), .. }) = get(child.node, "outputs") else { return };
        for (_, node) in outputs.iter().filter(|(known, _)| output.is_none_or(|wanted| wanted == *known)) {
            if let Some(expression) = get(node, "expression") {
                child.resolve_all(None, expression, borders - 1, out);
            }
        }
    }

    /// Everything that an expression refers to, however deep.
    fn resolve_all(&self, block: Option<&'n Node>, node: &'n Node, borders: usize, out: &mut BTreeSet<String>) {
        match &node.value {
            Value::Map(map) => {
                for (key, inner) in map.iter() {
                    match key {
                        "references" => {
                            telling(inner).for_each(|target| self.resolve(block, target, borders, out));
                        }
                        "constant_value" => {}
                        _ => self.resolve_all(block, inner, borders, out),
                    }
                }
            }
            Value::List(list) => list.iter().for_each(|inner| self.resolve_all(block, inner, borders, out)),
            _ => {}
        }
    }
}

/// The references of an expression. A plan names `module.net` beside `module.net.subnets`; the shorter one would stand for
/// every output.
fn telling(references: &Node) -> impl Iterator<Item = &str> {
    let texts = || items(references).iter().filter_map(super::string);
    texts().filter(move |one| {
        let longer = |other: &str| other.len() > one.len() && other.starts_with(one);
        !(one.starts_with("module.") && texts().any(longer))
    })
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
