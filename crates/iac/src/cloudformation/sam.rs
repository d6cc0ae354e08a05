//! The Serverless Application Model: `Globals` are merged into the resources that they are for, and what a function
//! brings along (its role, its public address) stands as a resource of its own.

use super::eval::Scope;
use super::stack::{Evaluated, Stack};
use super::{text_node, text_of_node};
use crate::{At, Map, Node, Reading, Reference, Resource, Value};

/// The section of `Globals` for a type.
fn section_for(resource_type: &str) -> Option<&'static str> {
    Some(match resource_type {
        "AWS::Serverless::Function" => "Function",
        "AWS::Serverless::Api" => "Api",
        "AWS::Serverless::HttpApi" => "HttpApi",
        "AWS::Serverless::SimpleTable" => "SimpleTable",
        "AWS::Serverless::StateMachine" => "StateMachine",
        "AWS::Serverless::LayerVersion" => "LayerVersion",
        _ => return None,
    })
}

/// Fills in what the resource does not say itself: maps are merged, lists are put behind those of `Globals`.
pub(super) fn merge_globals(stack: &Stack<'_>, resource_type: &str, resource: &mut Evaluated) {
    let Some(section) = section_for(resource_type) else { return };
    let Some(globals) = stack.template.section("Globals").and_then(|globals| globals.get(section)) else { return };
    let mut scope = Scope::new(stack, &[]);
    let Some(Node { value: Value::Map(globals), .. }) = scope.eval(globals) else { return };
    resource.references.append(&mut scope.references);
    let own = std::mem::take(&mut resource.body);
    resource.body = merged(globals, own);
}

fn merged(base: Map, own: Map) -> Map {
    let mut out = crate::value::MapBuilder::default();
    for (key, node) in base.into_entries() {
        out.set(key, node);
    }
    for (key, node) in own.into_entries() {
        let node = match (out.get_mut(&key).map(|old| old.value.clone()), node) {
            (Some(Value::Map(base)), Node { value: Value::Map(own), at }) => {
                Node { value: Value::Map(merged(base, own)), at }
            }
            (Some(Value::List(mut base)), Node { value: Value::List(own), at }) => {
                base.extend(own);
                Node { value: Value::List(base), at }
            }
            (_, node) => node,
        };
        out.set(key, node);
    }
    out.finish()
}

/// Adds the resources that a function brings along.
pub(super) fn generated(function: &Resource, reading: &mut Reading) {
    if function.resource_type != "AWS::Serverless::Function" {
        return;
    }
    if function.body.get("Role").is_none() {
        let body = role(&function.body, function.at);
        let references = function.references.iter().filter(|one| one.attribute.starts_with("Policies"));
        reading.resources.push(beside(function, "AWS::IAM::Role", "Role", body, references.cloned().collect()));
    }
    if let Some(Node { value: Value::Map(url), .. }) = function.body.get("FunctionUrlConfig") {
        let mut body = url.clone();
        let target = Reference { attribute: "TargetFunctionArn".to_owned(), target: function.address.clone() };
        let why = format!("the id of {} is known after deployment", function.address);
        body.set("TargetFunctionArn", super::unknown(function.at, why, vec![function.address.clone()]));
        reading.resources.push(beside(function, "AWS::Lambda::Url", "Url", body, vec![target]));
    }
}

fn beside(function: &Resource, resource_type: &str, suffix: &str, body: Map, references: Vec<Reference>) -> Resource {
    let name = format!("{}{suffix}", function.name);
    let start = function.address.len() - function.resource_type.len() - function.name.len() - 1;
    Resource {
        address: format!("{}{resource_type}.{name}", &function.address[..start]),
        resource_type: resource_type.to_owned(),
        name,
        body,
        references,
        ..function.clone()
    }
}

/// The role that is made for a function which names none.
fn role(function: &Map, at: At) -> Map {
    let mut statements = Vec::new();
    let mut managed = Vec::new();
    let policies = match function.get("Policies").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        Some(_) => function.get("Policies").map(std::slice::from_ref).unwrap_or_default(),
        None => &[],
    };
    for policy in policies {
        match &policy.value {
            Value::Map(map) if map.get("Statement").is_some() => {
                let mut inline = Map::default();
                inline.set("PolicyDocument", policy.clone());
                statements.push(Node { value: Value::Map(inline), at: policy.at });
            }
            Value::String(_) | Value::Unknown(_) => managed.push(policy.clone()),
            // The rest are templates of policies, each of them bound to the resource that it names.
            _ => {}
        }
    }
    let mut body = Map::default();
    body.set(
        "AssumeRolePolicyDocument",
        function.get("AssumeRolePolicyDocument").cloned().unwrap_or_else(|| trust(at)),
    );
    if !managed.is_empty() {
        body.set("ManagedPolicyArns", Node { value: Value::List(managed.iter().map(arn).collect()), at });
    }
    if !statements.is_empty() {
        body.set("Policies", Node { value: Value::List(statements), at });
    }
    for name in ["PermissionsBoundary", "Tags"] {
        if let Some(value) = function.get(name) {
            body.set(name, value.clone());
        }
    }
    body
}

/// A managed policy may be named without its address.
fn arn(policy: &Node) -> Node {
    match text_of_node(policy) {
        Some(name) if !name.contains(':') && !name.contains('{') => {
            text_node(format!("arn:aws:iam::aws:policy/{name}"), policy.at)
        }
        _ => policy.clone(),
    }
}

/// Lambda alone may take the role.
fn trust(at: At) -> Node {
    let map = |entries: Vec<(&str, Node)>| {
        let mut map = Map::default();
        for (name, node) in entries {
            map.set(name, node);
        }
        Node { value: Value::Map(map), at }
    };
    let principal = map(vec![("Service", text_node("lambda.amazonaws.com", at))]);
    let statement = map(vec![
        ("Effect", text_node("Allow", at)),
        ("Principal", principal),
        ("Action", text_node("sts:AssumeRole", at)),
    ]);
    map(vec![("Version", text_node("2012-10-17", at)), ("Statement", Node { value: Value::List(vec![statement]), at })])
}
