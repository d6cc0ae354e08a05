//! Terraform's built-in functions, those without effects.

mod collection;
mod text;

use super::eval::{Evaluated, Fault, Scope};
use super::val::{Val, unknown_of};
use crate::At;
use crate::hcl::Expr;

/// How many elements a function may give.
pub(super) const ELEMENTS_MAX: usize = 100_000;

/// Calls a function.
pub(super) fn call<'w>(scope: &mut Scope<'w>, name: &str, arguments: &'w [Expr], expand: bool, at: At) -> Evaluated {
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
    let name = name.strip_prefix("core::").unwrap_or(name);
    let call = Call { name, values: &values, at };
    let result = collection::call(scope, &call).or_else(|| text::call(scope, &call));
    match result {
        Some(Err(fault)) => Err(Fault::new(format!("{name}: {}", fault.what))),
        Some(Ok(val)) => Ok(val),
        None if name.contains("::") => {
            Ok(unknown_of(&values).unwrap_or_else(|| Val::unknown(format!("{name} is a function of a provider"))))
        }
        None => Err(Fault::new(format!("there is no function `{name}`"))),
    }
}

/// A call whose arguments are evaluated.
pub(super) struct Call<'c> {
    pub name: &'c str,
    pub values: &'c [Val],
    pub at: At,
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
