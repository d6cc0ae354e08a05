//! Kubernetes manifests: YAML of several documents and JSON, lists unfolded, custom resources passed through.
//!
//! A document without `apiVersion` and `kind` is no manifest and is passed over without a word.

use crate::source::{Origin, text_of};
use crate::yaml::{self, Schema};
use crate::{At, Block, Dialect, Map, Node, Reading, Resource, SourceFile, Value, json};
use std::sync::Arc;

mod pod;
mod references;
mod selector;
pub(crate) mod template;

pub(crate) use references::link;

/// How deep a `List` may hold lists.
const LIST_DEPTH_MAX: usize = 8;

/// Reads manifests. Files whose name does not end in `.yaml`, `.yml` or `.json` are passed over.
#[must_use]
pub fn read_kubernetes(files: &[SourceFile]) -> Reading {
    let mut reading = Reading { files: files.iter().map(|file| file.path.clone()).collect(), ..Reading::default() };
    for (index, file) in files.iter().enumerate() {
        read_file(file, u32::try_from(index).unwrap_or(u32::MAX), &mut reading);
    }
    link(&mut reading.resources);
    reading
}

/// Adds the manifests of one file.
pub(crate) fn read_file(file: &SourceFile, index: u32, reading: &mut Reading) {
    let extension = file.path.rsplit('.').next().unwrap_or_default();
    let is_json = extension.eq_ignore_ascii_case("json");
    if !is_json && !extension.eq_ignore_ascii_case("yaml") && !extension.eq_ignore_ascii_case("yml") {
        return;
    }
    let origin = Origin::nth(&file.path, index);
    let documents = match text_of(&file.bytes, &file.path) {
        Err(diagnostic) => {
            reading.diagnostics.push(*diagnostic);
            return;
        }
        Ok(text) if is_json => {
            let (documents, diagnostics) = json::parse_many(text, origin);
            reading.diagnostics.extend(diagnostics);
            documents
        }
        Ok(text) => {
            let read = yaml::parse(text, origin, Schema::Kubernetes);
            reading.diagnostics.extend(read.diagnostics);
            read.documents
        }
    };
    documents.into_iter().for_each(|document| read_document(document, reading));
}

/// Adds the manifests of one document.
pub(crate) fn read_document(document: Node, reading: &mut Reading) {
    let line_end = last_line(&document);
    manifest(document, line_end, 0, reading);
}

fn manifest(node: Node, line_end: u32, depth: usize, reading: &mut Reading) {
    let (Some(api_version), Some(kind)) = (text_at(&node, "apiVersion"), text_at(&node, "kind")) else { return };
    let Value::Map(body) = node.value else { return };
    if kind.ends_with("List")
        && matches!(body.get("items").map(|items| &items.value), Some(Value::List(_)))
        && depth < LIST_DEPTH_MAX
    {
        let item_kind = kind.strip_suffix("List").unwrap_or_default();
        let items = body.into_entries().into_iter().find(|(key, _)| &**key == "items");
        if let Some((_, Node { value: Value::List(items), .. })) = items {
            for item in items {
                let line_end = last_line(&item);
                manifest(with_kind(item, &api_version, item_kind), line_end, depth + 1, reading);
            }
        }
        return;
    }
    reading.resources.push(resource(body, node.at, line_end, &api_version, &kind));
}

/// The items of a typed list such as `PodList` may leave out what the list says.
fn with_kind(item: Node, api_version: &Arc<str>, kind: &str) -> Node {
    let at = item.at;
    match item.value {
        Value::Map(mut map) if !kind.is_empty() => {
            for (key, text) in [("apiVersion", api_version.clone()), ("kind", Arc::from(kind))] {
                if map.get(key).is_none() {
                    map.set(key, Node { value: Value::String(text), at });
                }
            }
            Node { value: Value::Map(map), at }
        }
        value => Node { value, at },
    }
}

fn resource(mut body: Map, at: At, line_end: u32, api_version: &str, kind: &str) -> Resource {
    template::doubt(&mut body);
    let metadata = body.get("metadata");
    let of_metadata = |key: &str| metadata.and_then(|node| text_at(node, key));
    let namespace = of_metadata("namespace");
    let named = of_metadata("name").or_else(|| of_metadata("generateName"));
    let name = named.unwrap_or_else(|| metadata.map(of_labels).unwrap_or_default());
    Resource {
        dialect: Dialect::Kubernetes,
        block: Block::Resource,
        root: Arc::from(""),
        address: format!("{kind}.{}.{name}", namespace.as_deref().unwrap_or("default")),
        resource_type: kind.to_owned(),
        api_version: api_version.to_owned(),
        name: name.to_string(),
        namespace: namespace.map(|text| text.to_string()),
        body,
        at,
        line_end,
        references: Vec::new(),
        action: None,
        live_id: None,
    }
}

/// A manifest that a tool made of others.
pub(crate) fn resource_of(body: Map, at: At) -> Resource {
    let mut resource = resource(body, at, at.line, "", "");
    identify(&mut resource);
    resource
}

/// Takes name, namespace, kind and address from the body again, after it was changed.
pub(crate) fn identify(resource: &mut Resource) {
    let text = |map: &Map, key: &str| match map.get(key).map(|node| &node.value) {
        Some(Value::String(text)) => Some(text.to_string()),
        _ => None,
    };
    if let Some(kind) = text(&resource.body, "kind") {
        resource.resource_type = kind;
    }
    if let Some(api_version) = text(&resource.body, "apiVersion") {
        resource.api_version = api_version;
    }
    if let Some(Node { value: Value::Map(metadata), .. }) = resource.body.get("metadata") {
        resource.namespace = text(metadata, "namespace");
        if let Some(name) = text(metadata, "name") {
            resource.name = name;
        }
    }
    let namespace = resource.namespace.as_deref().unwrap_or("default");
    resource.address = format!("{}.{namespace}.{}", resource.resource_type, resource.name);
}

/// What tells a manifest without a name apart: its labels, `key-value` joined by points.
fn of_labels(metadata: &Node) -> Arc<str> {
    let Value::Map(metadata) = &metadata.value else { return Arc::from("") };
    let Some(Node { value: Value::Map(labels), .. }) = metadata.get("labels") else { return Arc::from("") };
    let one = |(key, node): (&str, &Node)| match &node.value {
        Value::String(text) => Some(format!("{key}-{text}")),
        _ => None,
    };
    Arc::from(labels.iter().filter_map(one).collect::<Vec<_>>().join("."))
}

fn text_at(node: &Node, key: &str) -> Option<Arc<str>> {
    match &node.value {
        Value::Map(map) => match &map.get(key)?.value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(Arc::from(number.to_string())),
            _ => None,
        },
        _ => None,
    }
}

/// The last line on which something of a node begins.
fn last_line(node: &Node) -> u32 {
    let inner = match &node.value {
        Value::List(items) => items.iter().map(last_line).max(),
        Value::Map(map) => map.iter().map(|(_, node)| last_line(node)).max(),
        _ => None,
    };
    inner.unwrap_or(0).max(node.at.line)
}
