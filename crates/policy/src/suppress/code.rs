//! Suppressions that stand in the code: comments, annotations of manifests, metadata of templates.

use super::{Scope, Suppression, Waiver, comment};
use mainstay_iac::{Map, Node, Reading, Resource, Value};
use mainstay_model::Place;
use std::collections::HashSet;

/// Every suppression that the code holds.
///
/// A comment counts in files of which a resource was read: elsewhere nobody could say whether it does something.
#[must_use]
pub fn in_code(reading: &Reading) -> Vec<Suppression> {
    let mut out = Vec::new();
    let read: HashSet<u32> = reading.resources.iter().map(|resource| resource.at.file).collect();
    for found in reading.comments.iter().filter(|comment| read.contains(&comment.at.file)) {
        comment::read(found, &reading.place(found.at), &mut out);
    }
    for resource in &reading.resources {
        annotations(reading, resource, &mut out);
        metadata(reading, resource, &mut out);
    }
    out
}

/// `checkov.io/skip1: CKV_K8S_20=reason` among the annotations of a manifest.
fn annotations(reading: &Reading, resource: &Resource, out: &mut Vec<Suppression>) {
    let of_object = map_at(&resource.body, &["metadata", "annotations"]);
    let of_pod = map_at(&resource.body, &["spec", "template", "metadata", "annotations"]);
    for (key, node) in of_object.into_iter().chain(of_pod).flat_map(Map::iter) {
        let by = match key {
            key if key.starts_with("checkov.io/skip") => "checkov.io/skip",
            key if key.starts_with("bridgecrew.io/skip") => "bridgecrew.io/skip",
            _ => continue,
        };
        let Value::String(text) = &node.value else { continue };
        let (id, reason) = text.split_once('=').unwrap_or((text, ""));
        out.push(exactly(resource, id, by, reason, reading.place(node.at)));
    }
}

/// `Metadata: {checkov: {skip: [{id: ..., comment: ...}]}}` of a resource of a template, inside its body or beside it.
fn metadata(reading: &Reading, resource: &Resource, out: &mut Vec<Suppression>) {
    for tool in ["checkov", "bridgecrew"] {
        let Some(map) = map_at(&resource.body, &["Metadata", tool]) else { continue };
        let Some(Node { value: Value::List(items), .. }) = map.get("skip") else { continue };
        for item in items {
            let Value::Map(skip) = &item.value else { continue };
            let text = |key: &str| match skip.get(key).map(|node| &node.value) {
                Some(Value::String(text)) => Some(text.to_string()),
                _ => None,
            };
            let Some(id) = text("id") else { continue };
            let reason = text("comment").unwrap_or_default();
            out.push(exactly(resource, &id, &format!("{tool}:skip"), &reason, reading.place(item.at)));
        }
    }
}

/// A suppression of one resource and no other.
fn exactly(resource: &Resource, id: &str, by: &str, reason: &str, place: Place) -> Suppression {
    let waiver = Waiver { reason: reason.trim().to_owned(), by: by.to_owned(), place, approver: None, until: None };
    let scope = Scope::Begins(resource.at.file, resource.at.line);
    Suppression { id: id.trim().to_owned(), scope, waiver, workspace: None, attributes: Vec::new() }
}

fn map_at<'m>(map: &'m Map, path: &[&str]) -> Option<&'m Map> {
    path.iter().try_fold(map, |map, key| match &map.get(key)?.value {
        Value::Map(inner) => Some(inner),
        _ => None,
    })
}
