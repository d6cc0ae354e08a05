//! The estate drawn: nodes and arrows as data for the layout library, and the same as a table.

use super::assets::{self, Name};
use super::chart::data;
use maud::{Markup, html};
use serde::Serialize;
use serde_json::json;

/// Most nodes in one drawing; more is no longer legible, and a narrower question is the better answer.
pub const NODES_MAX: usize = 200;

/// One thing in the drawing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Unique in the drawing: the subject.
    pub id: String,
    /// The name that people use.
    pub label: String,
    /// What it is: `service`, `aws_s3_bucket`.
    pub kind: String,
    /// Its page.
    pub href: String,
    /// Something is wrong with it; said in the node's second line as well.
    pub wrong: Option<String>,
    /// It is what the drawing is about.
    pub centre: bool,
}

/// One relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Where it starts.
    pub from: String,
    /// Where it leads.
    pub to: String,
    /// `dependsOn`, `partOf`.
    pub label: String,
}

/// Draws nodes and edges; edges without both ends are left out.
#[must_use]
pub fn graph(title: &str, nodes: &[Node], edges: &[Edge], left_out: usize) -> Markup {
    let nodes = &nodes[..nodes.len().min(NODES_MAX)];
    let there = |id: &str| nodes.iter().any(|node| node.id == id);
    let edges: Vec<&Edge> = edges.iter().filter(|edge| there(&edge.from) && there(&edge.to)).collect();
    let name = |id: &str| nodes.iter().find(|node| node.id == id).map_or(id.to_owned(), |node| node.label.clone());
    html! {
        figure class="graph" {
            figcaption {
                (title) ": " (nodes.len()) " nodes, " (edges.len()) " relations"
                @if left_out > 0 { "; " (left_out) " more are left out: filter to see them" }
                "."
            }
            div class="drawing" data-module=(assets::path(Name::Graph)) data-library=(assets::path(Name::GraphLibrary)) data-title=(title) {
                (data(&json!({ "nodes": nodes, "edges": edges })))
            }
            details {
                summary { "Relations as a table" }
                div class="scroll" role="region" aria-label="Relations" tabindex="0" {
                    table {
                        caption { "Relations" }
                        thead { tr { th scope="col" { "From" } th scope="col" { "Relation" } th scope="col" { "To" } } }
                        tbody {
                            @for edge in &edges {
                                tr { th scope="row" { (name(&edge.from)) } td { (edge.label) } td { (name(&edge.to)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str) -> Node {
        Node {
            id: id.to_owned(),
            label: id.to_owned(),
            kind: "service".to_owned(),
            href: "/".to_owned(),
            wrong: None,
            centre: false,
        }
    }

    #[test]
    fn an_arrow_needs_both_its_ends() {
        let edge = |to: &str| Edge { from: "a".to_owned(), to: to.to_owned(), label: "dependsOn".to_owned() };
        let text = graph("Services", &[node("a"), node("b")], &[edge("b"), edge("missing")], 3).into_string();
        assert!(text.contains("2 nodes, 1 relations; 3 more are left out"), "{text}");
        assert!(!text.contains("missing"));
    }

    #[test]
    fn hostile_names_stay_text() {
        let bad = "</script><script>alert(1)</script>";
        let text =
            graph(bad, &[node(bad)], &[Edge { from: bad.to_owned(), to: bad.to_owned(), label: bad.to_owned() }], 0)
                .into_string();
        assert!(!text.contains("<script>alert"), "{text}");
    }
}
