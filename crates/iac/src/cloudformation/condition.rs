//! Conditions: three-valued, decided once, safe against conditions that name themselves.

use super::eval::Scope;
use super::functions::same;
use super::stack::Stack;
use super::{place, text_of_node};
use crate::{Node, Value};
use mainstay_model::Diagnostic;
use std::sync::Arc;

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Truth {
    Known(bool),
    /// With the reason.
    Unknown(Arc<str>),
}

/// How far the decision of a condition is.
#[derive(Debug, Clone)]
pub(super) enum Decided {
    Running,
    Done(Truth),
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Self::Known(known) => Self::Known(!known),
            unknown @ Self::Unknown(_) => unknown,
        }
    }
}

impl Stack<'_> {
    /// Whether a named condition holds.
    pub(super) fn condition(&self, name: &str, used: &Node) -> Truth {
        let Some((id, declared)) = self.conditions.get_key_value(name) else {
            let why: Arc<str> = format!("the condition `{name}` is nowhere defined").into();
            self.world.say_once(format!("{}?{name}", self.template.path), || {
                let help = "define it under `Conditions`, or correct the name";
                Diagnostic::warning("cloudformation.condition", &*why, place(self.template.path, used.at), help)
            });
            return Truth::Unknown(why);
        };
        match self.decided.borrow().get(name) {
            Some(Decided::Done(truth)) => return truth.clone(),
            Some(Decided::Running) => {
                let why: Arc<str> = format!("the condition `{name}` depends on itself").into();
                self.world.say_once(format!("{}@{name}", self.template.path), || {
                    let help = "break the circle of conditions";
                    Diagnostic::error("cloudformation.cycle", &*why, place(self.template.path, declared.node.at), help)
                });
                return Truth::Unknown(why);
            }
            None => {}
        }
        self.decided.borrow_mut().insert(id.clone(), Decided::Running);
        let truth = truth(&mut Scope::new(self, &declared.loops), declared.node);
        self.decided.borrow_mut().insert(id.clone(), Decided::Done(truth.clone()));
        truth
    }
}

/// Whether an expression of a condition holds.
pub(super) fn truth(scope: &mut Scope<'_, '_>, node: &Node) -> Truth {
    let world = scope.stack.world;
    if !world.charge(1) || world.depth.get() >= super::DEPTH_MAX {
        return Truth::Unknown("the condition is nested too deep".into());
    }
    world.depth.set(world.depth.get() + 1);
    let out = expression(scope, node);
    world.depth.set(world.depth.get() - 1);
    out
}

fn expression(scope: &mut Scope<'_, '_>, node: &Node) -> Truth {
    if let Value::Map(map) = &node.value
        && map.len() == 1
        && let Some((name, argument)) = map.iter().next()
    {
        let parts = || match &argument.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(argument),
        };
        match name {
            "Fn::Not" => {
                return parts()
                    .first()
                    .map_or(Truth::Unknown("Fn::Not has no condition".into()), |part| truth(scope, part).not());
            }
            "Fn::And" => return joined(scope, parts(), false),
            "Fn::Or" => return joined(scope, parts(), true),
            "Condition" => {
                if let Some(name) = text_of_node(argument) {
                    return scope.stack.condition(name, argument);
                }
            }
            "Fn::Equals" => return equals(scope, parts()),
            _ => {}
        }
    }
    match scope.eval(node).map(|node| node.value) {
        Some(Value::Bool(known)) => Truth::Known(known),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Truth::Known(true),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Truth::Known(false),
        Some(Value::Unknown(unknown)) => Truth::Unknown(unknown.why),
        _ => Truth::Unknown("it is no condition".into()),
    }
}

/// All of the parts, or with `any` one of them.
fn joined(scope: &mut Scope<'_, '_>, parts: &[Node], any: bool) -> Truth {
    let mut out = Truth::Known(!any);
    for part in parts {
        match truth(scope, part) {
            Truth::Known(known) if known == any => return Truth::Known(any),
            Truth::Known(_) => {}
            unknown => out = unknown,
        }
    }
    out
}

fn equals(scope: &mut Scope<'_, '_>, parts: &[Node]) -> Truth {
    let [left, right] = parts else { return Truth::Unknown("Fn::Equals does not have two values".into()) };
    let (a, b) = (scope.eval(left), scope.eval(right));
    let (Some(a), Some(b)) = (a, b) else { return Truth::Unknown("one side of Fn::Equals is removed".into()) };
    match same(&a, &b) {
        Some(known) => Truth::Known(known),
        // A parameter that may not have the value does not have it.
        None if excluded(scope, left, &b) || excluded(scope, right, &a) => Truth::Known(false),
        None => match (a.value, b.value) {
            (Value::Unknown(unknown), _) | (_, Value::Unknown(unknown)) => Truth::Unknown(unknown.why),
            _ => Truth::Unknown("a part of what is compared is unknown".into()),
        },
    }
}

/// Whether a side refers to a parameter whose allowed values do not hold the other side.
fn excluded(scope: &Scope<'_, '_>, side: &Node, other: &Node) -> bool {
    let Value::Map(map) = &side.value else { return false };
    let Some(name) = map.get("Ref").filter(|_| map.len() == 1).and_then(text_of_node) else { return false };
    if matches!(other.value, Value::Unknown(_)) {
        return false;
    }
    let Some(Value::Map(declared)) = scope.stack.template.parameters.get(name).map(|node| &node.value) else {
        return false;
    };
    match declared.get("AllowedValues").map(|node| &node.value) {
        Some(Value::List(allowed)) => allowed.iter().all(|one| same(one, other) == Some(false)),
        _ => false,
    }
}
