//! A page: a path, a place in the navigation, and a function that renders it on the server; and the forms on it.

use crate::{Call, Problem};
use mainstay_model::facts::Role;
use maud::Markup;
use std::collections::BTreeMap;

/// What a page is asked with.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The request's path.
    pub path: String,
    /// What the path's `{name}` parts held, decoded.
    pub parameters: BTreeMap<String, String>,
    /// The query, decoded; the last of a repeated name counts.
    pub query: BTreeMap<String, String>,
    /// What a form must send back, to show that it comes from a page of ours.
    pub token: String,
    /// Where the page is shown again because a form of it was refused: why.
    pub refused: Option<Problem>,
    /// What was typed into that form.
    pub typed: BTreeMap<String, String>,
}

/// What a page shows; the shell around it (head, navigation, search, footer) is the kit's.
pub struct Content {
    /// The title in the tab and the heading.
    pub title: String,
    /// The body below the heading.
    pub body: Markup,
}

/// A form of a page: posted to the page's own path, it runs an operation with what was typed and what the path names,
/// and leads back to the page.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Path of the page that shows it: `/findings/{id}`.
    pub page: &'static str,
    /// The operation that it runs: `finding.waive`.
    pub operation: &'static str,
    /// What the page says when it is done.
    pub done: &'static str,
}

/// One page.
#[derive(Clone)]
pub struct Page {
    /// Path with `{name}` parts: `/incidents/{id}`.
    pub path: &'static str,
    /// Place and label in the navigation; `None` for a page that is reached from another.
    pub navigation: Option<(u8, &'static str)>,
    /// The least role that may see it.
    pub least: Role,
    /// Renders it.
    pub render: fn(&Call<'_>, &Request) -> Result<Content, Problem>,
}
