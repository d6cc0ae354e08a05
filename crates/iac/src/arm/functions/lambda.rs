//! Functions that take a lambda.

use super::{misused, same};
use crate::arm::eval::unknown;
use crate::arm::expr::{Expr, Kind};
use crate::arm::scope::{Env, Scope};
use crate::value::MapBuilder;
use crate::{Node, Value};
use std::cmp::Ordering;
use std::sync::Arc;

/// A lambda: Bicep's own, or the call `lambda('x', ...)` of a template.
struct Lambda<'w> {
    names: Vec<Arc<str>>,
    body: &'w Expr,
}

impl<'w> Lambda<'w> {
    fn of(expr: &'w Expr) -> Option<Self> {
        match &expr.kind {
            Kind::Lambda(names, body) => Some(Self { names: names.to_vec(), body }),
            Kind::Bracketed(_, inner) => Self::of(inner),
            Kind::Call(name, arguments) if &**name == "lambda" => {
                let (body, names) = arguments.split_last()?;
                let names = names.iter().map(|name| name.as_text().cloned()).collect::<Option<Vec<_>>>()?;
                Some(Self { names, body })
            }
            _ => None,
        }
    }

    fn of_values(&self, scope: &Scope<'w>, values: &[Node], env: Option<&Env<'_>>) -> Value {
        scope.with_arguments(&self.names, values, env, self.body)
    }

    /// For an item, and its position where the lambda wants to know it.
    fn of_item(&self, scope: &Scope<'w>, item: &Node, at: usize, env: Option<&Env<'_>>) -> Value {
        let position = Node { value: Value::Number(at.into()), at: item.at };
        let values = [item.clone(), position];
        self.of_values(scope, &values[..self.names.len().clamp(1, 2)], env)
    }
}

pub(super) fn call<'w>(scope: &Scope<'w>, name: &str, arguments: &'w [Expr], env: Option<&Env<'_>>) -> Option<Value> {
    let known = ["map", "filter", "reduce", "sort", "toobject", "mapvalues", "groupby"];
    if !known.contains(&name) || arguments.len() < 2 {
        return None;
    }
    let list = scope.eval(&arguments[0], env);
    if matches!(list.value, Value::Unknown(_)) {
        return Some(list.value);
    }
    Some(of_list(scope, name, &list, arguments, env).unwrap_or_else(|doubt| doubt))
}

fn of_list<'w>(
    scope: &Scope<'w>,
    name: &str,
    list: &Node,
    arguments: &'w [Expr],
    env: Option<&Env<'_>>,
) -> Result<Value, Value> {
    let lambda = |at: usize| arguments.get(at).and_then(Lambda::of);
    match (name, &list.value) {
        ("map", Value::List(items)) => {
            let lambda = lambda(1).ok_or_else(|| misused(name))?;
            let each = items.iter().enumerate();
            Ok(Value::List(
                each.map(|(at, item)| Node { value: lambda.of_item(scope, item, at, env), at: item.at }).collect(),
            ))
        }
        ("mapvalues", Value::Map(map)) => {
            let lambda = lambda(1).ok_or_else(|| misused(name))?;
            let mut out = MapBuilder::default();
            for (key, node) in map.iter() {
                out.set(key.into(), Node { value: lambda.of_item(scope, node, 0, env), at: node.at });
            }
            Ok(Value::Map(out.finish()))
        }
        ("filter", Value::List(items)) => {
            let lambda = lambda(1).ok_or_else(|| misused(name))?;
            let mut out = Vec::new();
            for (at, item) in items.iter().enumerate() {
                match lambda.of_item(scope, item, at, env) {
                    Value::Bool(true) => out.push(item.clone()),
                    Value::Bool(false) => {}
                    doubt @ Value::Unknown(_) => return Err(doubt),
                    _ => return Err(misused(name)),
                }
            }
            Ok(Value::List(out))
        }
        ("reduce", Value::List(items)) => {
            let lambda = lambda(2).ok_or_else(|| misused(name))?;
            let mut sum = scope.eval(&arguments[1], env);
            for item in items {
                sum = Node { value: lambda.of_values(scope, &[sum, item.clone()], env), at: item.at };
            }
            Ok(sum.value)
        }
        ("toobject", Value::List(items)) => {
            to_object(scope, items, &lambda(1).ok_or_else(|| misused(name))?, lambda(2), env)
        }
        ("groupby", Value::List(items)) => group_by(scope, items, &lambda(1).ok_or_else(|| misused(name))?, env),
        ("sort", Value::List(items)) => sort(scope, items, &lambda(1).ok_or_else(|| misused(name))?, env),
        _ => Err(misused(name)),
    }
}

fn to_object<'w>(
    scope: &Scope<'w>,
    items: &[Node],
    key: &Lambda<'w>,
    value: Option<Lambda<'w>>,
    env: Option<&Env<'_>>,
) -> Result<Value, Value> {
    let mut out = MapBuilder::default();
    for (at, item) in items.iter().enumerate() {
        let Value::String(name) = key.of_item(scope, item, at, env) else {
            return Err(unknown("a key of `toObject` is not known", &[]));
        };
        let value = value.as_ref().map_or_else(|| item.value.clone(), |value| value.of_item(scope, item, at, env));
        out.set(name, Node { value, at: item.at });
    }
    Ok(Value::Map(out.finish()))
}

fn group_by<'w>(scope: &Scope<'w>, items: &[Node], key: &Lambda<'w>, env: Option<&Env<'_>>) -> Result<Value, Value> {
    let mut out = MapBuilder::default();
    for (at, item) in items.iter().enumerate() {
        let Value::String(name) = key.of_item(scope, item, at, env) else {
            return Err(unknown("a key of `groupBy` is not known", &[]));
        };
        match out.get_mut(&name) {
            Some(Node { value: Value::List(group), .. }) => group.push(item.clone()),
            _ => {
                out.set(name, Node { value: Value::List(vec![item.clone()]), at: item.at });
            }
        }
    }
    Ok(Value::Map(out.finish()))
}

/// Sorts by a lambda that says whether the first comes before the second. A lambda that contradicts itself gives some
/// order; merging by hand keeps that from being a panic.
fn sort<'w>(scope: &Scope<'w>, items: &[Node], before: &Lambda<'w>, env: Option<&Env<'_>>) -> Result<Value, Value> {
    fn merged<'w>(
        scope: &Scope<'w>,
        items: Vec<Node>,
        before: &Lambda<'w>,
        env: Option<&Env<'_>>,
    ) -> Result<Vec<Node>, Value> {
        if items.len() < 2 {
            return Ok(items);
        }
        let mut left = items;
        let right = left.split_off(left.len() / 2);
        let (left, right) = (merged(scope, left, before, env)?, merged(scope, right, before, env)?);
        let mut out = Vec::with_capacity(left.len() + right.len());
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let order = match before.of_values(scope, &[b.clone(), a.clone()], env) {
                Value::Bool(true) => Ordering::Greater,
                Value::Bool(false) => Ordering::Less,
                doubt @ Value::Unknown(_) => return Err(doubt),
                _ => return Err(misused("sort")),
            };
            out.extend(if order == Ordering::Greater { right.next() } else { left.next() });
        }
        out.extend(left);
        out.extend(right);
        Ok(out)
    }
    // An order among things that are the same needs no lambda.
    if items.windows(2).all(|pair| same(&pair[0], &pair[1]) == Some(true)) {
        return Ok(Value::List(items.to_vec()));
    }
    merged(scope, items.to_vec(), before, env).map(Value::List)
}
