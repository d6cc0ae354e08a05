//! Values that a template engine fills in before a manifest is applied (`{{ .Values.image }}`, `${TAG}`): nobody knows
//! them from the file, so they are unknown and neither pass nor fail.

use crate::{Map, Node, Unknown, Value};

/// What a program of its own reads, often with templates of its own, is data.
const DATA: [&str; 3] = ["data", "stringData", "binaryData"];

/// Makes the templated values of a manifest unknown. The manifest's own name stays as it is written.
pub(crate) fn doubt(body: &mut Map) {
    for (key, node) in body.entries_mut() {
        match &mut node.value {
            _ if DATA.contains(&key) => {}
            Value::Map(metadata) if key == "metadata" => {
                for (key, node) in metadata.entries_mut() {
                    if !matches!(key, "name" | "generateName" | "namespace") {
                        doubt_node(node);
                    }
                }
            }
            _ => doubt_node(node),
        }
    }
}

/// Makes the templated values of any map unknown.
pub(crate) fn doubt_map(map: &mut Map) {
    map.entries_mut().for_each(|(_, node)| doubt_node(node));
}

fn doubt_node(node: &mut Node) {
    match &mut node.value {
        Value::String(text) if is_templated(text) => {
            let why = format!("`{}` is filled in when the template is rendered", shortened(text));
            node.value = Value::Unknown(Unknown::new(why));
        }
        Value::List(items) => items.iter_mut().for_each(doubt_node),
        Value::Map(map) => map.entries_mut().for_each(|(_, node)| doubt_node(node)),
        _ => {}
    }
}

/// Whether a text holds `{{ ... }}`, or is nothing but `${NAME}`; within a longer text the latter is a shell's.
fn is_templated(text: &str) -> bool {
    let braces = text.find("{{").is_some_and(|start| text[start..].contains("}}"));
    let name = |inner: &str| inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !inner.contains('$');
    braces || text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(name)
}

fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= SHOWN_MAX {
        return line.to_owned();
    }
    line.chars().take(SHOWN_MAX).chain(['…']).collect()
}
