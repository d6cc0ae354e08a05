//! Terraform's built-in functions, those without effects.
//!
//! A call is unknown where an argument is; functions that only move elements about ([`MOVES_ELEMENTS`]) take arguments that
//! are unknown in part.

mod collection;
pub(super) mod convert;
mod dates;
mod encoding;
mod files;
mod format;
mod hash;
mod ip;
mod numeric;
mod pattern;
mod sets;
mod text;
mod yaml;

use super::eval::{Evaluated, Fault, Scope};
use super::val::{Item, Items, Object, Val, unknown_of};
use crate::At;
use crate::hcl::Expr;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::rc::Rc;
use std::sync::Arc;

/// How many elements a function may give.
pub(super) const ELEMENTS_MAX: usize = 100_000;

/// Functions for which it is enough that the arguments themselves are known; their elements may be unknown.
const MOVES_ELEMENTS: [&str; 30] = [
    "chunklist",
    "concat",
    "contains",
    "element",
    "flatten",
    "formatlist",
    "index",
    "join",
    "keys",
    "length",
    "lookup",
    "merge",
    "one",
    "reverse",
    "setproduct",
    "slice",
    "templatefile",
    "templatestring",
    "tolist",
    "tomap",
    "toset",
    "values",
    "zipmap",
    "list",
    "map",
    "coalescelist",
    "alltrue",
    "anytrue",
    "matchkeys",
    "defaults",
];

/// Calls a function.
pub(super) fn call<'w>(scope: &mut Scope<'w>, name: &'w str, arguments: &'w [Expr], expand: bool, at: At) -> Evaluated {
    let name = name.strip_prefix("core::").unwrap_or(name);
    match name {
        "try" => return attempt(scope, arguments),
        "can" => return can(scope, arguments),
        _ => {}
    }
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(scope.eval(argument)?);
    }
    if expand && let Some(last) = values.pop() {
        match &last {
            Val::Unknown(_) => return Ok(last),
            Val::List(items) | Val::Set(items) => values.extend(items.iter().map(|item| item.val.clone())),
            other => return Err(Fault::new(format!("`...` needs a list, not {}", other.kind()))),
        }
    }
    let call = Call { name, values: &values, at };
    if let Some(unknown) = call.unknown() {
        return Ok(unknown);
    }
    scope.module.world.charge(values.iter().map(Val::nodes).sum())?;
    match dispatch(scope, &call) {
        Some(Err(fault)) => Err(Fault::new(format!("{name}: {}", fault.what))),
        Some(Ok(val)) => {
            scope.module.world.charge(val.items().map_or(0, |items| items.len()))?;
            Ok(val)
        }
        None if name.contains("::") => Ok(Val::unknown(format!("{name} is a function of a provider"))),
        None => Err(Fault::new(format!("there is no function `{name}`"))),
    }
}

fn dispatch<'w>(scope: &mut Scope<'w>, call: &Call<'_>) -> Option<Evaluated> {
    collection::call(call)
        .or_else(|| text::call(scope, call))
        .or_else(|| convert::call(call))
        .or_else(|| files::call(scope, call))
        .or_else(|| encoding::call(call))
        .or_else(|| numeric::call(call))
        .or_else(|| sets::call(call))
        .or_else(|| ip::call(call))
        .or_else(|| dates::call(call))
        .or_else(|| hash::call(scope, call))
}

/// A call whose arguments are evaluated.
pub(super) struct Call<'c> {
    pub name: &'c str,
    pub values: &'c [Val],
    pub at: At,
}

impl Call<'_> {
    /// The unknown that the call stands for, where an argument decides that.
    fn unknown(&self) -> Option<Val> {
        if matches!(self.name, "coalesce" | "sensitive" | "nonsensitive" | "issensitive" | "ephemeralasnull") {
            return None;
        }
        if matches!(self.name, "format" | "jsonencode" | "jsondecode") {
            // What is known of their result shows around the unknown parts.
            return self
                .values
                .first()
                .filter(|first| self.name == "format" && first.is_unknown())
                .and_then(|first| unknown_of([first]));
        }
        if MOVES_ELEMENTS.contains(&self.name) {
            return if self.values.iter().any(Val::is_unknown) { unknown_of(self.values) } else { None };
        }
        unknown_of(self.values)
    }

    fn arg(&self, nth: usize) -> Result<&Val, Fault> {
        self.values.get(nth).ok_or_else(|| Fault::new(format!("argument {} is missing", nth + 1)))
    }

    fn text(&self, nth: usize) -> Result<Arc<str>, Fault> {
        let val = self.arg(nth)?;
        val.to_text().ok_or_else(|| Fault::new(format!("argument {} must be a string, not {}", nth + 1, val.kind())))
    }

    fn number(&self, nth: usize) -> Result<Decimal, Fault> {
        let val = self.arg(nth)?;
        val.to_number().ok_or_else(|| Fault::new(format!("argument {} must be a number, not {}", nth + 1, val.kind())))
    }

    fn whole(&self, nth: usize) -> Result<i64, Fault> {
        let number = self.number(nth)?;
        let whole = if number.is_integer() { number.to_i64() } else { None };
        whole.ok_or_else(|| Fault::new(format!("argument {} must be a whole number, not {number}", nth + 1)))
    }

    fn items(&self, nth: usize) -> Result<&Rc<Items>, Fault> {
        let val = self.arg(nth)?;
        val.items().ok_or_else(|| Fault::new(format!("argument {} must be a list, not {}", nth + 1, val.kind())))
    }

    fn object(&self, nth: usize) -> Result<&Rc<Object>, Fault> {
        match self.arg(nth)? {
            Val::Map(object) => Ok(object),
            other => Err(Fault::new(format!("argument {} must be a map, not {}", nth + 1, other.kind()))),
        }
    }

    /// An element that this call makes.
    fn item(&self, val: Val) -> Item {
        Item { val, at: self.at }
    }

    fn list(&self, vals: impl IntoIterator<Item = Val>) -> Val {
        Val::list(vals.into_iter().map(|val| self.item(val)).collect())
    }
}

fn size(elements: usize) -> Result<(), Fault> {
    if elements > ELEMENTS_MAX {
        return Err(Fault::new(format!(
            "the result has {elements} elements, more than the {ELEMENTS_MAX} that are computed"
        )));
    }
    Ok(())
}

/// `try`: the first argument that has a value.
fn attempt<'w>(scope: &mut Scope<'w>, arguments: &'w [Expr]) -> Evaluated {
    let mut fault = Fault::new("try needs an argument");
    for argument in arguments {
        match scope.eval(argument) {
            Ok(val) => return Ok(val),
            Err(other) => fault = other,
        }
    }
    Err(Fault::new(format!("no argument of `try` has a value: {}", fault.what)))
}

fn can<'w>(scope: &mut Scope<'w>, arguments: &'w [Expr]) -> Evaluated {
    let [argument] = arguments else { return Err(Fault::new("can needs one argument")) };
    Ok(match scope.eval(argument) {
        Ok(val) if val.is_unknown() => val,
        Ok(_) => Val::Bool(true),
        Err(_) => Val::Bool(false),
    })
}
