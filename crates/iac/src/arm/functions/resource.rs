//! Functions that name other resources, or ask a deployment for what only it knows.

use super::super::names;
use crate::Value;
use crate::arm::eval::{refers_of, unknown};
use crate::arm::expr::Expr;
use crate::arm::scope::{Env, Scope};
use crate::source::text_of;

/// Functions that give what only a deployment knows.
const OF_DEPLOYMENT: [&str; 14] = [
    "resourcegroup",
    "subscription",
    "tenant",
    "managementgroup",
    "deployment",
    "deployer",
    "environment",
    "providers",
    "pickzones",
    "reference",
    "references",
    "utcnow",
    "newguid",
    "getsecret",
];

pub(super) fn call<'w>(
    scope: &Scope<'w>,
    expr: &'w Expr,
    name: &str,
    arguments: &'w [Expr],
    env: Option<&Env<'_>>,
) -> Option<Value> {
    match name {
        "resourceid"
        | "subscriptionresourceid"
        | "tenantresourceid"
        | "extensionresourceid"
        | "managementgroupresourceid" => Some(resource_id(scope, expr, arguments, env)),
        "loadtextcontent" | "loadjsoncontent" => Some(content(scope, name, arguments)),
        "loadyamlcontent" | "loadfileasbase64" => {
            Some(unknown(format!("the file that `{name}` names is not read"), &[]))
        }
        _ if OF_DEPLOYMENT.contains(&name) || name.starts_with("list") => {
            let refers = arguments.first().map(|first| referred(scope, first, env)).unwrap_or_default();
            Some(unknown(format!("`{expr}` is known only once it is deployed"), &refers))
        }
        _ => None,
    }
}

/// What an argument that names a resource refers to: an id, a name or a symbolic name.
fn referred<'w>(scope: &Scope<'w>, argument: &'w Expr, env: Option<&Env<'_>>) -> Vec<String> {
    let node = scope.eval(argument, env);
    match &node.value {
        Value::String(name) => vec![format!("{}{name}", scope.prefix)],
        _ => refers_of(&node),
    }
}

/// An id holds the subscription and so is not known; what it leads to is.
fn resource_id<'w>(scope: &Scope<'w>, expr: &'w Expr, arguments: &'w [Expr], env: Option<&Env<'_>>) -> Value {
    let why = format!("`{expr}` is known only once it is deployed");
    let typed = arguments.iter().position(|argument| match scope.eval(argument, env).value {
        // The provider's namespace has a point and a slash; a subscription and a group have not both.
        Value::String(text) => text.split_once('/').is_some_and(|(space, _)| space.contains('.')),
        _ => false,
    });
    let Some(at) = typed else { return unknown(why, &[]) };
    let Value::String(resource_type) = scope.eval(&arguments[at], env).value else { return unknown(why, &[]) };
    let parts: Vec<String> =
        arguments[at + 1..].iter().map(|argument| names::with_holes(scope, argument, env)).collect();
    unknown(why, &[format!("{}{resource_type}.{}", scope.prefix, parts.join("/"))])
}

/// The content of a file beside the source.
fn content(scope: &Scope<'_>, name: &str, arguments: &[Expr]) -> Value {
    let Some(relative) = arguments.first().and_then(Expr::as_text) else {
        return unknown(format!("the path that `{name}` reads is computed"), &[]);
    };
    let path = names::beside(&scope.template.path, relative);
    let file = path.and_then(|path| scope.world.file(&path));
    let Some(file) = file else { return unknown(format!("the file {relative} was not handed in"), &[]) };
    let Ok(text) = text_of(&file.bytes, &file.path) else {
        return unknown(format!("the file {relative} is not UTF-8"), &[]);
    };
    if scope.world.charge(text.len() / 8).is_err() {
        return unknown("evaluation takes too many steps", &[]);
    }
    if name == "loadtextcontent" {
        return Value::String(text.into());
    }
    match crate::json::parse_lenient(text, crate::Origin::of(&file.path)) {
        Ok(mut node) => {
            let index = scope.world.index_of(&file.path);
            node.visit_mut(&mut |node| node.at.file = index);
            node.value
        }
        Err(_) => unknown(format!("the file {relative} holds no JSON"), &[]),
    }
}
