//! The functions of both languages. Those in [`lazy`] look at how they are written or evaluate only a part; those in
//! [`call`] take values and give a value. What a function cannot tell is unknown with the reason.

mod collection;
mod encoding;
mod lambda;
mod number;
mod resource;
pub(crate) mod text;

use super::eval::{doubt, refers_of, unknown};
use super::expr::Expr;
use super::scope::{Env, Local, Scope};
use crate::{Node, Value};
use rust_decimal::Decimal;

/// Functions that do not need all of their arguments, or need them as they are written.
pub(crate) fn lazy<'w>(
    scope: &Scope<'w>,
    expr: &'w Expr,
    name: &str,
    arguments: &'w [Expr],
    env: Option<&Env<'_>>,
) -> Option<Value> {
    if let Some(value) = lambda::call(scope, name, arguments, env) {
        return Some(value);
    }
    Some(match (name, arguments) {
        ("parameters", [named]) => parameter(scope, named, env),
        ("variables", [named]) => variable(scope, named, env),
        ("lambdavariables", [named]) => {
            let found = named.as_text().and_then(|name| Env::find(env, Local::Variable, name));
            found.map_or_else(|| unknown(format!("{expr} is not bound"), &[]), |node| scope.world.copied(node))
        }
        ("copyindex", _) => copy_index(scope, arguments, env),
        ("if", [condition, then, otherwise]) => choice(scope, condition, then, otherwise, env),
        ("and" | "or", _) => decide(scope, name == "or", arguments, env),
        ("coalesce", _) => coalesce(scope, arguments, env),
        ("trynonnull", [inner]) => scope.eval(inner, env).value,
        _ => return resource::call(scope, expr, name, arguments, env),
    })
}

/// A parameter by its name; within a function of the template, of that function.
fn parameter(scope: &Scope<'_>, named: &Expr, env: Option<&Env<'_>>) -> Value {
    let Some(name) = named.as_text() else { return unknown("which parameter is meant is computed", &[]) };
    if let Some(node) = Env::find(env, Local::Variable, name) {
        return scope.world.copied(node);
    }
    match scope.template.parameter(name) {
        Some(index) => scope.parameter(index),
        None => undeclared(scope, "parameter", name, named),
    }
}

fn variable<'w>(scope: &Scope<'w>, named: &'w Expr, env: Option<&Env<'_>>) -> Value {
    let name = match scope.eval(named, env).value {
        Value::String(name) => name,
        doubt @ Value::Unknown(_) => return doubt,
        _ => return unknown("the name of a variable is no text", &[]),
    };
    match scope.template.variable(&name) {
        Some(index) => scope.variable(index),
        None => undeclared(scope, "variable", &name, named),
    }
}

fn undeclared(scope: &Scope<'_>, what: &str, name: &str, named: &Expr) -> Value {
    scope.world.say(
        "arm.name",
        format!("the {what} `{name}` is not declared in this template"),
        named.at,
        "declare it, or correct its name; a nested template of inner scope sees its own declarations only",
    );
    unknown(format!("the {what} `{name}` is not declared"), &[])
}

fn copy_index<'w>(scope: &Scope<'w>, arguments: &'w [Expr], env: Option<&Env<'_>>) -> Value {
    let values = scope.all(arguments, env);
    let (mut name, mut offset) = ("", Decimal::ZERO);
    for value in &values {
        match &value.value {
            Value::String(text) => name = text,
            Value::Number(number) => offset = *number,
            Value::Unknown(_) => return value.value.clone(),
            _ => {}
        }
    }
    match Env::find(env, Local::Copy, name).map(|node| &node.value) {
        Some(Value::Number(turn)) => Value::Number(*turn + offset),
        Some(other) => other.clone(),
        None => unknown("which copy it is, is not known", &[]),
    }
}

fn choice<'w>(
    scope: &Scope<'w>,
    condition: &'w Expr,
    then: &'w Expr,
    otherwise: &'w Expr,
    env: Option<&Env<'_>>,
) -> Value {
    match scope.eval(condition, env).value {
        Value::Bool(true) => scope.eval(then, env).value,
        Value::Bool(false) => scope.eval(otherwise, env).value,
        Value::Unknown(open) => {
            let (then, otherwise) = (scope.eval(then, env), scope.eval(otherwise, env));
            if same(&then, &otherwise) == Some(true) {
                return then.value;
            }
            // Both ways lead to another resource, so something is set whichever is taken.
            let (mut refers, other) = (refers_of(&then), refers_of(&otherwise));
            if refers.is_empty() || other.is_empty() {
                refers.clear();
            } else {
                refers.extend(other);
            }
            unknown(open.why, &refers)
        }
        _ => unknown("a condition is neither true nor false", &[]),
    }
}

/// `and` and `or` stop where the rest cannot change anything, even what is unknown.
fn decide<'w>(scope: &Scope<'w>, stop: bool, arguments: &'w [Expr], env: Option<&Env<'_>>) -> Value {
    let mut open = None;
    for argument in arguments {
        match scope.eval(argument, env).value {
            Value::Bool(known) if known == stop => return Value::Bool(stop),
            Value::Bool(_) => {}
            doubt @ Value::Unknown(_) => open = open.or(Some(doubt)),
            _ => open = open.or_else(|| Some(unknown("a condition is neither true nor false", &[]))),
        }
    }
    open.unwrap_or(Value::Bool(!stop))
}

fn coalesce<'w>(scope: &Scope<'w>, arguments: &'w [Expr], env: Option<&Env<'_>>) -> Value {
    for argument in arguments {
        match scope.eval(argument, env).value {
            Value::Null => {}
            value => return value,
        }
    }
    Value::Null
}

/// A function of values. One with an argument that is not known is not known, where it does not say otherwise.
pub(crate) fn call(name: &str, arguments: &[Node]) -> Value {
    if let Some(value) = collection::call(name, arguments) {
        return value;
    }
    if name == "format" {
        return text::format(arguments);
    }
    if let Some(doubt) = doubt(arguments) {
        return doubt;
    }
    if let Some(doubt) = arguments.iter().find_map(inner_doubt) {
        return doubt;
    }
    text::call(name, arguments)
        .or_else(|| number::call(name, arguments))
        .or_else(|| encoding::call(name, arguments))
        .unwrap_or_else(|| match name {
            "uniquestring" | "guid" | "newguid" | "utcnow" | "datetimeadd" | "datetimefromepoch" => {
                unknown(format!("what `{name}` gives is known only once it is deployed"), &[])
            }
            _ => unknown(format!("what `{name}` gives is not computed before it is deployed"), &[]),
        })
}

/// The doubt of something within a list or an object.
fn inner_doubt(node: &Node) -> Option<Value> {
    match &node.value {
        Value::Unknown(_) => Some(node.value.clone()),
        Value::List(items) => items.iter().find_map(inner_doubt),
        Value::Map(map) => map.iter().find_map(|(_, node)| inner_doubt(node)),
        _ => None,
    }
}

/// Whether two values are the same; `None` where nobody knows.
pub(crate) fn same(a: &Node, b: &Node) -> Option<bool> {
    match (&a.value, &b.value) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            a.iter().zip(b).try_fold(true, |all, (a, b)| Some(all && same(a, b)?))
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            a.iter().try_fold(true, |all, (key, node)| match super::load::field(b, key) {
                Some(other) => Some(all && same(node, other)?),
                None => Some(false),
            })
        }
        (a, b) => Some(a == b),
    }
}

/// What is wrong with the arguments of a function.
fn misused(name: &str) -> Value {
    unknown(format!("`{name}` cannot take what it is given"), &[])
}
