//! One template: its sections, indexed.

use super::text_of_node;
use crate::{At, Map, Node, SourceFile, Value};
use std::collections::HashMap;

/// How many lines before its first value the logical id of a resource is looked for.
const ID_LINES_MAX: u32 = 50;

/// A template that was read, by reference.
pub(super) struct Template<'t> {
    pub path: &'t str,
    pub file: u32,
    pub body: &'t Map,
    pub parameters: HashMap<&'t str, &'t Node>,
    pub mappings: HashMap<&'t str, &'t Node>,
    /// Transforms that are named at the top.
    pub transforms: Vec<&'t str>,
    /// Whether resources may exist that are not declared in it.
    pub partial: bool,
    lines: Vec<&'t str>,
}

/// Whether a document is a template: it says so, or one of its resources has a type such as `AWS::S3::Bucket`.
pub(super) fn is_template(node: &Node) -> bool {
    let Value::Map(body) = &node.value else { return false };
    let Some(Node { value: Value::Map(resources), .. }) = body.get("Resources") else { return false };
    let typed = |node: &Node| match &node.value {
        Value::Map(resource) => resource.get("Type").and_then(text_of_node).is_some_and(|name| name.contains("::")),
        _ => false,
    };
    body.get("AWSTemplateFormatVersion").is_some()
        || resources.iter().any(|(key, node)| typed(node) || key.starts_with("Fn::ForEach::"))
}

impl<'t> Template<'t> {
    pub(super) fn of(file: &'t SourceFile, index: u32, node: &'t Node) -> Option<Self> {
        let Value::Map(body) = &node.value else { return None };
        let text = std::str::from_utf8(&file.bytes).unwrap_or_default();
        Some(Self::of_body(&file.path, index, body, text))
    }

    /// A template whose text is given for the places of logical ids; it may be empty.
    pub(super) fn of_body(path: &'t str, index: u32, body: &'t Map, text: &'t str) -> Self {
        let indexed = |name: &str| section(body, name).map(|map| map.iter().collect()).unwrap_or_default();
        let transforms = match body.get("Transform") {
            Some(Node { value: Value::List(names), .. }) => names.iter().filter_map(transform_name).collect(),
            Some(node) => transform_name(node).into_iter().collect(),
            None => Vec::new(),
        };
        Self {
            path,
            file: index,
            body,
            parameters: indexed("Parameters"),
            mappings: indexed("Mappings"),
            transforms,
            partial: false,
            lines: text.lines().collect(),
        }
    }

    pub(super) fn section(&self, name: &str) -> Option<&'t Map> {
        section(self.body, name)
    }

    /// The path of a file that is named relative to this template, where it is no address of a network.
    pub(super) fn local(&self, named: &str) -> Option<String> {
        if named.contains("://") || named.starts_with('/') || named.is_empty() {
            return None;
        }
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        join_path(folder, named)
    }

    /// The paths of the templates that this one nests by a literal local path.
    pub(super) fn nested(&self) -> impl Iterator<Item = String> + '_ {
        let resources = self.section("Resources").map(Map::iter).into_iter().flatten();
        resources.filter_map(|(_, node)| {
            let Value::Map(resource) = &node.value else { return None };
            let location = location_property(resource.get("Type").and_then(text_of_node)?)?;
            let Value::Map(properties) = &resource.get("Properties")?.value else { return None };
            self.local(text_of_node(properties.get(location)?)?)
        })
    }

    /// Whether it is YAML, where the line breaks of a text are line breaks of the file.
    pub(super) fn is_yaml(&self) -> bool {
        !self.lines.iter().find(|line| !line.trim().is_empty()).is_some_and(|line| line.trim_start().starts_with('{'))
    }

    /// Where the logical id of a resource stands whose first value stands at `at`.
    pub(super) fn id_place(&self, id: &str, at: At) -> At {
        if at.file != self.file {
            return at;
        }
        for back in 0..ID_LINES_MAX {
            let Some(line) = at.line.checked_sub(back).filter(|line| *line > 0) else { break };
            let Some(content) = self.lines.get(line as usize - 1) else { break };
            let Some(start) = content.find(id) else { continue };
            let before = content[..start].trim_matches([' ', '\t', '"', '\'', '{', ',', '?', '\u{feff}']);
            let after = content[start + id.len()..].trim_start_matches(['"', '\'']).trim_start();
            if before.is_empty() && after.starts_with(':') {
                let quoted = content[..start].ends_with(['"', '\'']);
                let column = content[..start].chars().count() + usize::from(!quoted);
                return At { file: at.file, line, column: u32::try_from(column).unwrap_or(u32::MAX) };
            }
        }
        at
    }
}

/// The property of a type that names another template.
pub(super) fn location_property(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        "AWS::CloudFormation::Stack" => Some("TemplateURL"),
        "AWS::Serverless::Application" => Some("Location"),
        _ => None,
    }
}

fn section<'t>(body: &'t Map, name: &str) -> Option<&'t Map> {
    match body.get(name) {
        Some(Node { value: Value::Map(map), .. }) => Some(map),
        _ => None,
    }
}

fn transform_name(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(name) => Some(name),
        Value::Map(call) => call.get("Name").and_then(text_of_node),
        _ => None,
    }
}

/// Joins a folder and a relative path; `None` where it leads out of what was handed in.
pub(super) fn join_path(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let leading = if folder.starts_with('/') { "/" } else { "" };
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if leading.is_empty() => parts.push(".."),
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(format!("{leading}{}", parts.join("/")))
}

/// The last line on which something of a node stands; in YAML the lines of a text count.
pub(super) fn last_line(node: &Node, yaml: bool) -> u32 {
    let inner = match &node.value {
        Value::List(items) => items.iter().map(|item| last_line(item, yaml)).max().unwrap_or(0),
        Value::Map(map) => map.iter().map(|(_, node)| last_line(node, yaml)).max().unwrap_or(0),
        // The lines of a block of text follow its first.
        Value::String(text) if yaml => {
            let breaks = text.bytes().filter(|byte| *byte == b'\n').count();
            node.at.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX))
        }
        _ => 0,
    };
    inner.max(node.at.line)
}
