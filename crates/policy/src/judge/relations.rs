//! Who refers to whom within a reading, indexed once, so that a rule that looks at related resources costs what those
//! relations are and not what the estate is.

use mainstay_iac::{Block, Reading, Resource};
use std::collections::HashMap;
use std::sync::Arc;

/// One attribute of one resource refers to another resource.
#[derive(Debug, Clone)]
struct Edge {
    other: u32,
    /// Path of the attribute without positions: `rule.target` for `rule.0.target`.
    attribute: Box<str>,
}

/// The relations of a reading.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// By root, because addresses are unique within a root module only, and then by type or address.
    roots: HashMap<Arc<str>, Root>,
    /// Edges into a resource, by its index and then the type of the one that refers to it.
    inbound: HashMap<u32, HashMap<Box<str>, Vec<Edge>>>,
    outbound: HashMap<u32, HashMap<Box<str>, Vec<Edge>>>,
}

#[derive(Debug, Default)]
struct Root {
    by_type: HashMap<Box<str>, Vec<u32>>,
    by_address: HashMap<Box<str>, Vec<u32>>,
}

/// How many instances of one counted resource an address without index stands for, at most. Beyond it the relation
/// is drawn to the first ones only, because N instances that refer to N instances would be N x N edges.
const INSTANCES_MAX: usize = 64;

impl Relations {
    pub(crate) fn of(reading: &Reading) -> Self {
        let mut out = Self::default();
        for (index, resource) in (0u32..).zip(&reading.resources) {
            let root = out.roots.entry(resource.root.clone()).or_default();
            root.by_type.entry(type_key(resource)).or_default().push(index);
            root.by_address.entry(resource.address.as_str().into()).or_default().push(index);
            let plain = without_last_index(&resource.address);
            if plain.len() != resource.address.len() {
                root.by_address.entry(plain.into()).or_default().push(index);
            }
        }
        for (from, resource) in (0u32..).zip(&reading.resources) {
            for reference in &resource.references {
                let attribute: Box<str> = without_positions(&reference.attribute).into();
                for to in out.addressed(&resource.root, &reference.target) {
                    let target = &reading.resources[to as usize];
                    let edge = |other| Edge { other, attribute: attribute.clone() };
                    out.inbound.entry(to).or_default().entry(type_key(resource)).or_default().push(edge(from));
                    out.outbound.entry(from).or_default().entry(type_key(target)).or_default().push(edge(to));
                }
            }
        }
        out
    }

    /// The resources at an address; one without index stands for all instances.
    pub(crate) fn addressed(&self, root: &str, address: &str) -> Vec<u32> {
        let Some(root) = self.roots.get(root) else { return Vec::new() };
        let exact = root.by_address.get(address);
        let found = exact.or_else(|| root.by_address.get(without_last_index(address)));
        found.map(|all| all.iter().take(INSTANCES_MAX).copied().collect()).unwrap_or_default()
    }

    pub(crate) fn of_type(&self, root: &str, resource_type: &str) -> &[u32] {
        self.roots.get(root).and_then(|root| root.by_type.get(resource_type)).map_or(&[], Vec::as_slice)
    }

    /// Resources of a type whose attribute (any, where none is named) refers to `index`.
    pub(crate) fn referrers(&self, index: u32, resource_type: &str, attribute: Option<&str>, out: &mut Vec<u32>) {
        gather(&self.inbound, index, resource_type, attribute, out);
    }

    /// Resources of a type that an attribute of `index` (any, where none is named) refers to.
    pub(crate) fn targets(&self, index: u32, resource_type: &str, attribute: Option<&str>, out: &mut Vec<u32>) {
        gather(&self.outbound, index, resource_type, attribute, out);
    }
}

fn gather(
    edges: &HashMap<u32, HashMap<Box<str>, Vec<Edge>>>,
    index: u32,
    resource_type: &str,
    attribute: Option<&str>,
    out: &mut Vec<u32>,
) {
    let Some(edges) = edges.get(&index).and_then(|by_type| by_type.get(resource_type)) else { return };
    for edge in edges {
        let wanted = attribute.is_none_or(|wanted| {
            edge.attribute.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        // Edges of one referrer follow each other, so a look at the last is enough against repetition.
        if wanted && out.last() != Some(&edge.other) {
            out.push(edge.other);
        }
    }
}

/// How controls name a type: the bare type of a managed resource; `data.` or `provider.` before the others; `module`.
pub(crate) fn type_key(resource: &Resource) -> Box<str> {
    let bare = resource.resource_type.as_str();
    match resource.block {
        Block::Resource => bare.into(),
        Block::Data => prefixed("data.", bare),
        Block::Provider => prefixed("provider.", bare),
        Block::Module => "module".into(),
    }
}

fn prefixed(prefix: &str, bare: &str) -> Box<str> {
    if bare.starts_with(prefix) { bare.into() } else { format!("{prefix}{bare}").into() }
}

fn without_last_index(address: &str) -> &str {
    match address.strip_suffix(']').and_then(|_| address.rfind('[')) {
        Some(start) => &address[..start],
        None => address,
    }
}

fn without_positions(path: &str) -> String {
    let parts: Vec<_> = path
        .split('.')
        .map(|part| part.split('[').next().unwrap_or(part))
        .filter(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    parts.join(".")
}
