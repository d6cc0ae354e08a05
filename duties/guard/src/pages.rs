//! The pages of the guard: posture, estate, plans, findings and approvals.

mod approvals;
mod estate;
mod findings;
mod graph;
mod plans;
mod posture;

use mainstay_kit::{Form, Page};
use mainstay_model::facts::Role;

pub(crate) fn pages() -> Vec<Page> {
    let page = |path, navigation, render| Page { path, navigation, least: Role::Viewer, render };
    vec![
        page("/guard", Some((5, "Guard")), posture::page),
        page("/estate", Some((10, "Estate")), estate::resources),
        page("/estate/catalog", None, estate::catalog),
        page("/estate/graph", None, graph::whole),
        page("/estate/{id}", None, estate::one),
        page("/plans", Some((15, "Plans")), plans::list),
        page("/plans/{id}", None, plans::one),
        page("/findings", Some((20, "Findings")), findings::list),
        page("/findings/{id}", None, findings::one),
        page("/approvals", Some((25, "Approvals")), approvals::list),
        page("/approvals/{id}", None, approvals::one),
    ]
}

pub(crate) fn forms() -> Vec<Form> {
    vec![
        Form {
            page: "/findings/{id}",
            operation: "finding.waive",
            done: "Written down; what became of it stands below.",
        },
        Form { page: "/approvals/{id}", operation: "approval.answer", done: "Answered." },
    ]
}
