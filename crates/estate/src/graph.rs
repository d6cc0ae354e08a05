//! What relates to what, from the catalog's relations and the references between resources.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A thing in the graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Node {
    /// Its subject.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// `service`, `team`, `tf`, `k8s`, `aws` ...: the subject's kind.
    pub kind: String,
}

/// A relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Edge {
    /// From this subject.
    pub from: String,
    /// To that one.
    pub to: String,
    /// `dependsOn`, `ownedBy`, `refersTo` ...
    pub relation: String,
}

/// Things and their relations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Graph {
    /// The things.
    pub nodes: Vec<Node>,
    /// The relations between them.
    pub edges: Vec<Edge>,
    /// Things that were left out because there are too many.
    pub left_out: u64,
}

/// Most things in one answer; more cannot be read as a drawing.
pub const NODES_MAX: usize = 500;

/// The part of a graph within some steps of a root, in either direction; all of it without a root.
#[must_use]
pub fn around(nodes: &BTreeMap<String, Node>, edges: &[Edge], root: Option<&str>, depth: u32) -> Graph {
    let mut beside: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges {
        beside.entry(&edge.from).or_default().insert(&edge.to);
        beside.entry(&edge.to).or_default().insert(&edge.from);
    }
    let reached: BTreeSet<&str> = match root {
        None => nodes.keys().map(String::as_str).collect(),
        Some(root) => reach(&beside, root, depth),
    };
    let known: Vec<&str> = reached.into_iter().filter(|id| nodes.contains_key(*id)).collect();
    let left_out = known.len().saturating_sub(NODES_MAX) as u64;
    let kept: BTreeSet<&str> = known.into_iter().take(NODES_MAX).collect();
    let within = |edge: &&Edge| kept.contains(edge.from.as_str()) && kept.contains(edge.to.as_str());
    let mut edges: Vec<Edge> = edges.iter().filter(within).cloned().collect();
    edges.sort();
    edges.dedup();
    Graph { nodes: kept.iter().filter_map(|id| nodes.get(*id)).cloned().collect(), edges, left_out }
}

fn reach<'a>(beside: &BTreeMap<&'a str, BTreeSet<&'a str>>, root: &'a str, depth: u32) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([root]);
    let mut queue = VecDeque::from([(root, 0)]);
    while let Some((at, steps)) = queue.pop_front() {
        if steps == depth {
            continue;
        }
        for next in beside.get(at).into_iter().flatten() {
            if reached.insert(next) {
                queue.push_back((next, steps + 1));
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> (BTreeMap<String, Node>, Vec<Edge>) {
        let node =
            |id: &str| (id.to_owned(), Node { id: id.to_owned(), label: id.to_owned(), kind: "service".to_owned() });
        let edge =
            |from: &str, to: &str| Edge { from: from.to_owned(), to: to.to_owned(), relation: "dependsOn".to_owned() };
        (
            ["a", "b", "c", "d"].map(node).into(),
            vec![edge("a", "b"), edge("b", "c"), edge("d", "c"), edge("a", "elsewhere")],
        )
    }

    fn ids(graph: &Graph) -> Vec<&str> {
        graph.nodes.iter().map(|node| node.id.as_str()).collect()
    }

    #[test]
    fn steps_are_counted_in_both_directions_and_what_is_unknown_is_left_out() {
        let (nodes, edges) = world();
        assert_eq!(ids(&around(&nodes, &edges, Some("c"), 1)), ["b", "c", "d"]);
        assert_eq!(ids(&around(&nodes, &edges, Some("a"), 2)), ["a", "b", "c"]);
        let all = around(&nodes, &edges, None, 0);
        assert_eq!((all.nodes.len(), all.edges.len()), (4, 3));
    }

    #[test]
    fn a_cycle_ends() {
        let (nodes, mut edges) = world();
        edges.push(Edge { from: "c".to_owned(), to: "a".to_owned(), relation: "dependsOn".to_owned() });
        assert_eq!(around(&nodes, &edges, Some("a"), 99).nodes.len(), 4);
    }
}
