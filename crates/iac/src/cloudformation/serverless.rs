//! `serverless.yml`: functions with what the provider gives all of them, and the template under `resources`.

use super::stack::Stack;
use super::template::{Template, last_line};
use super::variables::{Variables, map_of};
use super::{World, text_of_node};
use crate::{Block, Dialect, Map, Node, Reading, Resource, SourceFile, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Settings of a provider that functions take over where they have none of their own.
const INHERITED: [&str; 10] = [
    "runtime",
    "memorySize",
    "timeout",
    "vpc",
    "kmsKeyArn",
    "logRetentionInDays",
    "role",
    "layers",
    "architecture",
    "tags",
];

/// Whether a document is that of a service.
pub(super) fn is_service(node: &Node) -> bool {
    let Value::Map(body) = &node.value else { return false };
    body.get("provider").is_some() && (body.get("functions").is_some() || body.get("resources").is_some())
}

/// Adds what a service deploys; gives back the paths of the files that it includes.
pub(super) fn read(
    files: &[SourceFile],
    index: u32,
    document: &Node,
    world: &World<'_>,
    reading: &mut Reading,
) -> HashSet<String> {
    let file = &files[index as usize];
    let mut variables = Variables::new(files, &file.path, document);
    let whole = variables.resolve(document);
    let included = variables.included();
    let Value::Map(service) = &whole.value else { return included };
    let text = std::str::from_utf8(&file.bytes).unwrap_or_default();
    let empty = Map::default();
    let places = Template::of_body(&file.path, index, &empty, text);
    let provider = map_of(service.get("provider"));
    for (name, function) in functions(service.get("functions")) {
        let body = function_body(&provider, service, &function);
        let at = places.id_place(&name, function.at);
        reading.resources.push(Resource {
            dialect: Dialect::CloudFormation,
            block: Block::Resource,
            root: Arc::from(file.path.as_str()),
            address: format!("Serverless::Function.{name}"),
            resource_type: "Serverless::Function".to_owned(),
            api_version: String::new(),
            line_end: last_line(&function, true).max(at.line),
            name,
            namespace: None,
            body,
            at,
            references: Vec::new(),
            action: None,
            live_id: None,
        });
    }
    if let Some(template) = merged_template(service.get("resources")) {
        let mut template = Template::of_body(&file.path, index, &template, text);
        template.partial = true;
        let none = HashMap::new();
        let inner = World::new(&none, world.steps_left.get());
        Stack::root(&inner, &template).emit(reading, &mut HashSet::new());
        world.steps_left.set(inner.steps_left.get());
        inner.diagnostics.take().into_iter().for_each(|diagnostic| world.say(diagnostic));
    }
    included
}

/// Names and bodies of the functions, which may stand as a map or as a list of maps.
fn functions(node: Option<&Node>) -> Vec<(String, Node)> {
    match node.map(|node| &node.value) {
        Some(Value::Map(map)) => map.iter().map(|(name, node)| (name.to_owned(), node.clone())).collect(),
        Some(Value::List(items)) => items.iter().flat_map(|item| functions(Some(item))).collect(),
        _ => Vec::new(),
    }
}

/// A function with what it has of its provider: environment, statements of the role, settings.
fn function_body(provider: &Map, service: &Map, function: &Node) -> Map {
    let mut body = map_of(Some(function));
    for name in INHERITED {
        if let (None, Some(inherited)) = (body.get(name), provider.get(name)) {
            body.set(name, inherited.clone());
        }
    }
    let mut environment = map_of(provider.get("environment"));
    for (name, value) in map_of(body.get("environment")).into_entries() {
        environment.set(name, value);
    }
    if !environment.is_empty() {
        body.set("environment", Node { value: Value::Map(environment), at: function.at });
    }
    let own = body.get("iamRoleStatements").cloned();
    let statements: Vec<Node> = [provider_statements(provider), own]
        .into_iter()
        .flatten()
        .flat_map(|node| match node.value {
            Value::List(items) => items,
            Value::Null => Vec::new(),
            value => vec![Node { value, at: node.at }],
        })
        .collect();
    if !statements.is_empty() {
        body.set("iamRoleStatements", Node { value: Value::List(statements), at: function.at });
    }
    let tracing = map_of(provider.get("tracing")).get("lambda").cloned();
    if let (None, Some(tracing)) = (body.get("tracing"), tracing) {
        body.set("tracing", tracing);
    }
    let key = map_of(service.get("service")).get("awsKmsKeyArn").cloned();
    if let (None, Some(key)) = (body.get("kmsKeyArn").or(body.get("awsKmsKeyArn")), key) {
        body.set("kmsKeyArn", key);
    }
    body
}

/// `iam.role.statements`, or the older `iamRoleStatements`.
fn provider_statements(provider: &Map) -> Option<Node> {
    let role = map_of(map_of(provider.get("iam")).get("role"));
    role.get("statements").or_else(|| provider.get("iamRoleStatements")).cloned()
}

/// The template under `resources`: a map, or a list of maps whose sections count together.
fn merged_template(node: Option<&Node>) -> Option<Map> {
    match &node?.value {
        Value::Map(map) => Some(map.clone()),
        Value::List(items) => {
            let mut out = Map::default();
            for item in items {
                for (section, node) in map_of(Some(item)).into_entries() {
                    let mut entries = map_of(out.get(&section));
                    if text_of_node(&node).is_some() {
                        continue;
                    }
                    for (name, entry) in map_of(Some(&node)).into_entries() {
                        entries.set(name, entry);
                    }
                    out.set(section, Node { value: Value::Map(entries), at: node.at });
                }
            }
            Some(out)
        }
        _ => None,
    }
}
