//! Terraform state, version 4: what is live.
//!
//! What the state marks as sensitive is replaced where it is read; outputs and provider-private data are not read at all.

use crate::plan::{get, into_map, items, live_id, redact_path, text};
use crate::source::{Origin, text_of};
use crate::{Block, Dialect, Node, Reading, Reference, Resource, SourceFile, Value, json};
use mainstay_model::{Diagnostic, Place};
use std::sync::Arc;

/// Reads states.
#[must_use]
pub fn read_state(files: &[SourceFile]) -> Reading {
    let mut reading = Reading { files: files.iter().map(|file| file.path.clone()).collect(), ..Reading::default() };
    for (index, file) in files.iter().enumerate() {
        read_file(file, u32::try_from(index).unwrap_or(u32::MAX), &mut reading);
    }
    reading
}

/// Adds the resources of one file.
pub(crate) fn read_file(file: &SourceFile, index: u32, reading: &mut Reading) {
    match text_of(&file.bytes, &file.path).and_then(|text| json::parse(text, Origin::nth(&file.path, index))) {
        Ok(node) => read_node(&node, &file.path, reading),
        Err(diagnostic) => reading.diagnostics.push(*diagnostic),
    }
}

/// Adds the resources of one document.
pub(crate) fn read_node(node: &Node, path: &str, reading: &mut Reading) {
    if get(node, "encrypted_data").is_some() {
        let help = "name its passphrase by reference, or decrypt it first, such as with `tofu state pull`";
        reading.diagnostics.push(Diagnostic::error(
            "state.encrypted",
            "the state is encrypted",
            Place::file(path),
            help,
        ));
        return;
    }
    let version = get(node, "version").map(|version| version.to_json());
    if version != Some(serde_json::json!(4)) {
        let found = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        let help = "let Terraform 0.12 or later write it anew: `terraform apply -refresh-only`";
        let place = Place::at(path, node.at.line, node.at.column);
        reading.diagnostics.push(Diagnostic::error(
            "state.version",
            format!("state version 4 is read, not {found}"),
            place,
            help,
        ));
        return;
    }
    let root: Arc<str> = Arc::from(path);
    for resource in get(node, "resources").map(items).unwrap_or_default() {
        for (nth, instance) in get(resource, "instances").map(items).unwrap_or_default().iter().enumerate() {
            match instance_of(resource, instance, &root) {
                Some(resource) => reading.resources.push(resource),
                None => {
                    let help = "the state may be damaged; check it with `terraform state list`";
                    let place = Place::at(path, instance.at.line, instance.at.column);
                    let summary = format!("instance {nth} of a resource has no type or name");
                    reading.diagnostics.push(Diagnostic::error("state.resource", summary, place, help));
                }
            }
        }
    }
}

fn instance_of(resource: &Node, instance: &Node, root: &Arc<str>) -> Option<Resource> {
    let (kind, name) = (text(resource, "type")?, text(resource, "name")?);
    let data = text(resource, "mode").as_deref() == Some("data");
    let mut address = text(resource, "module").map(|module| format!("{module}.")).unwrap_or_default();
    if data {
        address.push_str("data.");
    }
    address.push_str(&format!("{kind}.{name}{}", index(instance)));
    if let Some(deposed) = text(instance, "deposed") {
        address.push_str(&format!(" (deposed object {deposed})"));
    }
    let mut attributes = get(instance, "attributes").or_else(|| get(instance, "attributes_flat")).cloned();
    if let Some(attributes) = &mut attributes {
        for path in get(instance, "sensitive_attributes").map(items).unwrap_or_default() {
            redact_path(attributes, &steps(path));
        }
    }
    Some(Resource {
        dialect: Dialect::State,
        block: if data { Block::Data } else { Block::Resource },
        root: root.clone(),
        address,
        resource_type: kind,
        api_version: String::new(),
        name,
        namespace: None,
        live_id: attributes.as_ref().and_then(live_id),
        body: attributes.map(into_map).unwrap_or_default(),
        at: instance.at,
        line_end: instance.at.line,
        references: dependencies(instance),
        action: None,
    })
}

fn index(instance: &Node) -> String {
    match get(instance, "index_key").map(|key| &key.value) {
        Some(Value::Number(number)) => format!("[{number}]"),
        Some(Value::String(key)) => format!("[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\"")),
        _ => String::new(),
    }
}

/// `[{"type": "get_attr", "value": "password"}]` as names and indexes. A step that is not understood ends the path, so that
/// more is hidden and never less.
fn steps(path: &Node) -> Vec<String> {
    let mut steps = Vec::new();
    for step in items(path) {
        let value = get(step, "value");
        let inner = value.and_then(|value| get(value, "value")).or(value);
        match inner.map(|value| &value.value) {
            Some(Value::String(text)) => steps.push(text.to_string()),
            Some(Value::Number(number)) => steps.push(number.to_string()),
            _ => break,
        }
    }
    steps
}

/// Addresses without index, as the state has them.
fn dependencies(instance: &Node) -> Vec<Reference> {
    let targets = get(instance, "dependencies").map(items).unwrap_or_default();
    let targets =
        targets.iter().filter_map(|target| if let Value::String(text) = &target.value { Some(text) } else { None });
    let mut references: Vec<_> =
        targets.map(|target| Reference { attribute: "depends_on".to_owned(), target: target.to_string() }).collect();
    references.sort_unstable();
    references.dedup();
    references
}
