//! The pages of the estate and of findings.

mod estate;
mod findings;
mod graph;
mod plans;

use mainstay_kit::Page;
use mainstay_model::facts::Role;

pub(crate) fn pages() -> Vec<Page> {
    let page = |path, navigation, render| Page { path, navigation, least: Role::Viewer, render };
    vec![
        page("/estate", Some((10, "Estate")), estate::resources),
        page("/estate/catalog", None, estate::catalog),
        page("/estate/graph", None, graph::whole),
        page("/estate/{id}", None, estate::one),
        page("/plans", Some((15, "Plans")), plans::list),
        page("/plans/{id}", None, plans::one),
        page("/findings", Some((20, "Findings")), findings::list),
        page("/findings/{id}", None, findings::one),
    ]
}
