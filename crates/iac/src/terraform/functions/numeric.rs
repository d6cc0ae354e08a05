//! Functions of numbers.

use super::Call;
use crate::terraform::eval::{Evaluated, Fault};
use crate::terraform::val::Val;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

pub(super) fn call(call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "abs" => call.number(0).map(|number| Val::Number(number.abs())),
        "ceil" => call.number(0).map(|number| Val::Number(number.ceil().normalize())),
        "floor" => call.number(0).map(|number| Val::Number(number.floor().normalize())),
        "signum" => call.number(0).map(|number| {
            Val::number(if number.is_zero() {
                0
            } else if number.is_sign_negative() {
                -1
            } else {
                1
            })
        }),
        "max" => extreme(call, Decimal::max),
        "min" => extreme(call, Decimal::min),
        "log" => log(call),
        "pow" => pow(call),
        "parseint" => parse_int(call),
        "sum" => sum(call),
        _ => return None,
    })
}

fn extreme(call: &Call<'_>, better: fn(Decimal, Decimal) -> Decimal) -> Evaluated {
    let mut best = call.number(0)?;
    for nth in 1..call.values.len() {
        best = better(best, call.number(nth)?);
    }
    Ok(Val::Number(best))
}

fn log(call: &Call<'_>) -> Evaluated {
    let (number, base) = (call.number(0)?.to_f64(), call.number(1)?.to_f64());
    match number.zip(base).map(|(number, base)| number.ln() / base.ln()) {
        Some(result) if result.is_finite() => Ok(double(result)),
        _ => Err(Fault::new("there is no such logarithm")),
    }
}

/// Exact where base and exponent are whole, else as doubles are, which is what Terraform computes with.
fn pow(call: &Call<'_>) -> Evaluated {
    let (base, exponent) = (call.number(0)?, call.number(1)?);
    if base.is_integer() && exponent.is_integer() && exponent >= Decimal::ZERO && exponent <= Decimal::from(1_000) {
        let times = exponent.to_u32().unwrap_or(0);
        let mut result = Some(Decimal::ONE);
        for _ in 0..times {
            result = result.and_then(|result| result.checked_mul(base));
        }
        return Ok(result.map_or_else(|| Val::unknown("the number has more digits than are kept"), Val::Number));
    }
    let result = base.to_f64().zip(exponent.to_f64()).map(|(base, exponent)| base.powf(exponent));
    match result {
        Some(result) if result.is_finite() => Ok(double(result)),
        _ => Err(Fault::new("there is no such power")),
    }
}

fn double(number: f64) -> Val {
    crate::json::decimal(&number.to_string())
        .map_or_else(|| Val::unknown("the number has more digits than are kept"), Val::Number)
}

fn parse_int(call: &Call<'_>) -> Evaluated {
    let (text, base) = (call.text(0)?, call.whole(1)?);
    let radix = u32::try_from(base)
        .ok()
        .filter(|radix| (2..=62).contains(radix))
        .ok_or_else(|| Fault::new("the base must be from 2 to 62"))?;
    match digits(&text, radix) {
        Some(number) => Ok(Decimal::try_from_i128_with_scale(number, 0)
            .map_or_else(|_| Val::unknown("the number has more digits than are kept"), Val::Number)),
        None => Err(Fault::new(format!("`{text}` is no number of base {base}"))),
    }
}

/// A whole number. Up to base 36 a letter has one value; above that capital letters come behind the small ones.
fn digits(text: &str, radix: u32) -> Option<i128> {
    if radix <= 36 {
        return i128::from_str_radix(text, radix).ok();
    }
    let (negative, body) = text.strip_prefix('-').map_or((false, text), |body| (true, body));
    let value = |c: char| match c {
        'A'..='Z' => Some(c as u32 - 'A' as u32 + 36),
        _ => c.to_digit(36),
    };
    let mut number: i128 = 0;
    for digit in body.chars().map(value) {
        let digit = digit.filter(|digit| *digit < radix)?;
        number = number.checked_mul(i128::from(radix))?.checked_add(i128::from(digit))?;
    }
    (!body.is_empty()).then_some(if negative { -number } else { number })
}

fn sum(call: &Call<'_>) -> Evaluated {
    let items = call.items(0)?;
    if items.is_empty() {
        return Err(Fault::new("there is nothing to add"));
    }
    let mut total = Decimal::ZERO;
    for item in items.iter() {
        let number =
            item.val.to_number().ok_or_else(|| Fault::new(format!("numbers are added, not {}", item.val.kind())))?;
        total = total.checked_add(number).ok_or_else(|| Fault::new("the sum is too large"))?;
    }
    Ok(Val::Number(total.normalize()))
}
