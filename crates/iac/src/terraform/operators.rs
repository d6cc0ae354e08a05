//! Operators. A result is unknown only where both outcomes are possible.

use super::eval::{Evaluated, Fault, Scope};
use super::val::{Val, unknown_of};
use crate::hcl::{Binary, Expr};
use rust_decimal::Decimal;

/// Digits behind the point that a sum or product of rounded quotients keeps.
const EXACT_DIGITS: u32 = 26;

pub(super) fn not(operand: &Val) -> Evaluated {
    match operand.to_bool() {
        Some(flag) => Ok(Val::Bool(!flag)),
        None if operand.is_unknown() => Ok(operand.clone()),
        None => Err(Fault::new(format!("`!` needs true or false, not {}", operand.kind()))),
    }
}

pub(super) fn negate(operand: &Val) -> Evaluated {
    match operand.to_number() {
        Some(number) => Ok(Val::Number(-number)),
        None if operand.is_unknown() => Ok(operand.clone()),
        None => Err(Fault::new(format!("`-` needs a number, not {}", operand.kind()))),
    }
}

pub(super) fn binary<'w>(scope: &mut Scope<'w>, operator: Binary, left: Val, right: &'w Expr) -> Evaluated {
    match operator {
        Binary::And => return logical(scope, left, right, false),
        Binary::Or => return logical(scope, left, right, true),
        _ => {}
    }
    let right = scope.eval(right)?;
    scope.module.world.charge(left.nodes().min(right.nodes()))?;
    match operator {
        Binary::Equal | Binary::NotEqual => Ok(left.equals(&right).map_or_else(
            || unknown_of([&left, &right]).unwrap_or_else(|| Val::unknown("the two are compared after apply")),
            |equal| Val::Bool(equal == (operator == Binary::Equal)),
        )),
        _ => arithmetic(operator, &left, &right),
    }
}

/// `&&` and `||`: one operand may decide though the other is unknown; an operand that decides hides what the other lacks.
fn logical<'w>(scope: &mut Scope<'w>, left: Val, right: &'w Expr, deciding: bool) -> Evaluated {
    let check = |val: &Val| match val.to_bool() {
        None if !val.is_unknown() => Err(Fault::new(format!("`&&` and `||` need true or false, not {}", val.kind()))),
        flag => Ok(flag),
    };
    let first = check(&left)?;
    if first == Some(deciding) {
        return Ok(Val::Bool(deciding));
    }
    let right = scope.eval(right)?;
    match (first, check(&right)?) {
        (_, Some(flag)) if flag == deciding => Ok(Val::Bool(deciding)),
        (Some(_), Some(_)) => Ok(Val::Bool(!deciding)),
        _ => Ok(unknown_of([&left, &right]).unwrap_or(left)),
    }
}

/// Terraform counts with 512 bits, so that `1 / 3 * 3` is 1 again; here the last of 28 digits of a quotient was rounded,
/// and what grows from that is taken off.
fn rounded(number: Decimal) -> Decimal {
    if number.scale() > EXACT_DIGITS { number.round_dp(EXACT_DIGITS) } else { number }
}

fn arithmetic(operator: Binary, left: &Val, right: &Val) -> Evaluated {
    if let Some(unknown) = unknown_of([left, right]) {
        return Ok(unknown);
    }
    let number =
        |val: &Val| val.to_number().ok_or_else(|| Fault::new(format!("a number is required, not {}", val.kind())));
    let (a, b) = (number(left)?, number(right)?);
    let result: Option<Decimal> = match operator {
        Binary::Less => return Ok(Val::Bool(a < b)),
        Binary::LessOrEqual => return Ok(Val::Bool(a <= b)),
        Binary::Greater => return Ok(Val::Bool(a > b)),
        Binary::GreaterOrEqual => return Ok(Val::Bool(a >= b)),
        Binary::Divide | Binary::Modulo if b.is_zero() => return Err(Fault::new("division by zero")),
        Binary::Add => a.checked_add(b).map(rounded),
        Binary::Subtract => a.checked_sub(b).map(rounded),
        Binary::Multiply => a.checked_mul(b).map(rounded),
        Binary::Divide => a.checked_div(b),
        Binary::Modulo => a.checked_rem(b),
        Binary::Or | Binary::And | Binary::Equal | Binary::NotEqual => None,
    };
    Ok(result.map_or_else(
        || Val::unknown("the number has more digits than are kept"),
        |number| Val::Number(number.normalize()),
    ))
}
