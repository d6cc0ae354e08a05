//! Who refers to whom within a reading, indexed once, so that a rule that looks at related resources costs what those
//! relations are and not what the estate is.

use mainstay_iac::{Block, Reading, Resource};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

/// How many instances of one counted resource an address without index stands for, at most. Beyond it the relation
/// is drawn to the first ones only, because N instances that refer to N instances would be N x N edges.
const INSTANCES_MAX: usize = 64;

/// The end of a chain of resources at one address.
const END: u32 = u32::MAX;

/// The relations of a reading.
#[derive(Debug, Default)]
pub(crate) struct Relations<'a> {
    /// Names of types, by which [`Self::type_of`] is indexed.
    types: HashMap<Cow<'a, str>, u32>,
    /// The type of every resource.
    type_of: Vec<u32>,
    roots: HashMap<&'a str, u32>,
    /// Resources by root and type, in order.
    by_type: HashMap<(u32, u32), Vec<u32>>,
    /// The first resource at an address of a root; the others follow by `next`.
    by_address: HashMap<(u32, &'a str), Chain>,
    next: Vec<u32>,
    inbound: Edges<'a>,
    outbound: Edges<'a>,
    /// Resources in the order of their addresses, for whoever asks what a module holds.
    sorted: OnceLock<Vec<u32>>,
}

/// First and last resource of those that share an address, or an address without its index.
#[derive(Debug, Clone, Copy)]
struct Chain {
    first: u32,
    last: u32,
}

/// Edges in the order of the resource that they belong to, its neighbour's type and the neighbour.
#[derive(Debug, Default)]
struct Edges<'a> {
    /// Where the edges of each resource begin; one more at the end.
    starts: Vec<u32>,
    edges: Vec<Edge<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Edge<'a> {
    of: u32,
    other_type: u32,
    other: u32,
    attribute: &'a str,
}

impl<'a> Relations<'a> {
    pub(crate) fn of(reading: &'a Reading) -> Self {
        let count = reading.resources.len();
        let mut out = Self::default();
        out.by_address.reserve(count);
        for (index, resource) in (0u32..).zip(&reading.resources) {
            out.add(index, resource);
        }
        let (mut inbound, mut outbound) = (Vec::new(), Vec::new());
        for (from, resource) in (0u32..).zip(&reading.resources) {
            for reference in &resource.references {
                let attribute = reference.attribute.as_str();
                let target = reference.target.as_str();
                let indexed = target.ends_with(']');
                out.visit(&resource.root, target, |to| {
                    if indexed && !names(&reading.resources[to as usize], target) {
                        return;
                    }
                    let (from_type, to_type) = (out.type_of[from as usize], out.type_of[to as usize]);
                    inbound.push(Edge { of: to, other_type: from_type, other: from, attribute });
                    outbound.push(Edge { of: from, other_type: to_type, other: to, attribute });
                });
            }
        }
        out.inbound = Edges::of(inbound, reading.resources.len());
        out.outbound = Edges::of(outbound, reading.resources.len());
        out
    }

    fn add(&mut self, index: u32, resource: &'a Resource) {
        let count = u32::try_from(self.types.len()).unwrap_or(END);
        let of_type = *self.types.entry(type_key(resource)).or_insert(count);
        self.type_of.push(of_type);
        let count = u32::try_from(self.roots.len()).unwrap_or(END);
        let root = *self.roots.entry(&resource.root).or_insert(count);
        self.by_type.entry((root, of_type)).or_default().push(index);
        self.next.push(END);
        // A resource with an index is found by its whole address through the chain of the address without it.
        let chain = self.by_address.entry((root, without_last_index(&resource.address)));
        let chain = chain.or_insert(Chain { first: index, last: index });
        if chain.last != index {
            self.next[chain.last as usize] = index;
            chain.last = index;
        }
    }

    /// Visits the resources at an address; one without index stands for all instances.
    fn visit(&self, root: &str, address: &str, mut each: impl FnMut(u32)) {
        let Some(root) = self.roots.get(root) else { return };
        let plain = without_last_index(address);
        let mut here = self.by_address.get(&(*root, plain)).map_or(END, |chain| chain.first);
        let mut left = INSTANCES_MAX;
        while here != END && left > 0 {
            each(here);
            here = self.next[here as usize];
            left -= 1;
        }
    }

    /// The resources at an address; one without index stands for all instances.
    pub(crate) fn addressed(&self, reading: &Reading, root: &str, address: &str) -> Vec<u32> {
        let mut found = Vec::new();
        self.visit(root, address, |index| found.push(index));
        let exact = |index: &u32| reading.resources[*index as usize].address == address;
        if found.iter().any(exact) {
            found.retain(exact);
        }
        found
    }

    /// How many types there are; types are numbered from 0.
    pub(crate) fn type_count(&self) -> usize {
        self.types.len()
    }

    /// The number of a resource's type.
    pub(crate) fn type_of(&self, index: u32) -> u32 {
        self.type_of[index as usize]
    }

    pub(crate) fn of_type(&self, root: &str, resource_type: &str) -> &[u32] {
        let key = self.roots.get(root).zip(self.types.get(&*folded(resource_type)));
        key.and_then(|(root, of_type)| self.by_type.get(&(*root, *of_type))).map_or(&[], Vec::as_slice)
    }

    /// Resources of a type (`*` for any) whose attribute (any, where none is named) refers to `index`.
    pub(crate) fn referrers(&self, index: u32, resource_type: &str, attribute: Option<&str>, out: &mut Vec<u32>) {
        match self.types.get(&*folded(resource_type)) {
            Some(of_type) => self.inbound.gather(index, Some(*of_type), attribute, out),
            None if resource_type == "*" => self.inbound.gather(index, None, attribute, out),
            None => {}
        }
    }

    /// A module call that is handed something of `index`, and whose module was not read.
    pub(crate) fn unread_module(&self, reading: &Reading, index: u32) -> Option<u32> {
        let mut modules = Vec::new();
        self.referrers(index, "module", None, &mut modules);
        modules.into_iter().find(|module| {
            let module = &reading.resources[*module as usize];
            let inside = format!("{}.", module.address);
            let sorted = self.sorted.get_or_init(|| {
                let mut sorted: Vec<u32> = (0u32..).take(reading.resources.len()).collect();
                sorted.sort_unstable_by_key(|index| key(&reading.resources[*index as usize]));
                sorted
            });
            let place = sorted
                .partition_point(|index| key(&reading.resources[*index as usize]) < (&*module.root, inside.as_str()));
            let next = sorted.get(place).map(|index| key(&reading.resources[*index as usize]));
            !next.is_some_and(|(root, address)| *root == *module.root && address.starts_with(&inside))
        })
    }

    /// Resources of a type (`*` for any) that an attribute of `index` (any, where none is named) refers to.
    pub(crate) fn targets(&self, index: u32, resource_type: &str, attribute: Option<&str>, out: &mut Vec<u32>) {
        match self.types.get(&*folded(resource_type)) {
            Some(of_type) => self.outbound.gather(index, Some(*of_type), attribute, out),
            None if resource_type == "*" => self.outbound.gather(index, None, attribute, out),
            None => {}
        }
    }
}

impl<'a> Edges<'a> {
    fn of(mut edges: Vec<Edge<'a>>, resources: usize) -> Self {
        edges.sort_unstable_by_key(|edge| (edge.of, edge.other_type, edge.other));
        let mut starts = vec![0; resources + 1];
        for edge in &edges {
            starts[edge.of as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self { starts, edges }
    }

    fn gather(&self, index: u32, of_type: Option<u32>, attribute: Option<&str>, out: &mut Vec<u32>) {
        let (start, end) = (self.starts[index as usize] as usize, self.starts[index as usize + 1] as usize);
        for edge in
            self.edges[start..end].iter().filter(|edge| of_type.is_none_or(|of_type| edge.other_type == of_type))
        {
            let wanted = attribute.is_none_or(|wanted| is_below(edge.attribute, wanted));
            // Edges to one neighbour follow each other, so a look at the last is enough against repetition.
            if wanted && out.last() != Some(&edge.other) {
                out.push(edge.other);
            }
        }
    }
}

/// By which resources are sorted.
fn key(resource: &Resource) -> (&str, &str) {
    (&resource.root, &resource.address)
}

/// Whether a target with an index is this instance, or this is a resource that never had instances.
fn names(resource: &Resource, target: &str) -> bool {
    resource.address == target || !resource.address.ends_with(']')
}

/// Whether the path of an attribute, positions aside, is the wanted one or lies below it: `rule.0.target` and `rule`.
fn is_below(path: &str, wanted: &str) -> bool {
    let named = |part: &&str| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = path.split(['.', '[', ']']).filter(named);
    wanted.split('.').all(|part| parts.next() == Some(part))
}

/// How controls name a type: the bare type of a managed resource; `data.` or `provider.` before the others; `module`.
pub(crate) fn type_key(resource: &Resource) -> Cow<'_, str> {
    let bare = resource.resource_type.as_str();
    match resource.block {
        Block::Resource | Block::Parameter => folded(bare),
        Block::Data => prefixed("data.", bare),
        Block::Provider => prefixed("provider.", bare),
        Block::Module => Cow::Borrowed("module"),
    }
}

/// Azure does not tell types apart by their case, or by a slash at the end; all others have no slash.
pub(crate) fn folded(resource_type: &str) -> Cow<'_, str> {
    let resource_type = resource_type.trim_end_matches('/');
    if resource_type.contains('/') && resource_type.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(resource_type.to_ascii_lowercase())
    } else {
        Cow::Borrowed(resource_type)
    }
}

fn prefixed<'a>(prefix: &str, bare: &'a str) -> Cow<'a, str> {
    if bare.starts_with(prefix) { folded(bare) } else { Cow::Owned(format!("{prefix}{}", folded(bare))) }
}

fn without_last_index(address: &str) -> &str {
    match address.strip_suffix(']').and_then(|_| address.rfind('[')) {
        Some(start) => &address[..start],
        None => address,
    }
}
