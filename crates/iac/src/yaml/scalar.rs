//! What an unquoted scalar means.

use super::Schema;
use crate::Value;
use crate::json::decimal;
use rust_decimal::Decimal;
use std::sync::Arc;

/// The value of a plain scalar. `.inf` and `.nan` stay texts: no exact number stands for them.
pub(super) fn resolve(text: &str, schema: Schema) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if schema == Schema::CloudFormation {
        match text {
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Value::Bool(false),
            _ => {}
        }
    } else if schema != Schema::Core {
        match text {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Value::Bool(false),
            _ => {}
        }
    }
    let first = text.as_bytes()[0];
    if (first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.'))
        && !(schema == Schema::CloudFormation && is_padded(text))
        && let Some(number) = number(text, schema)
    {
        return Value::Number(number);
    }
    // Terraform's decoder gives a time for whatever looks like one, as the policy version 2012-10-17.
    if schema == Schema::Terraform
        && let Some(time) = timestamp(text)
    {
        return Value::String(Arc::from(time));
    }
    Value::String(Arc::from(text))
}

/// A time of YAML 1.1 (`2001-12-14`, `2001-12-14 21:59:43`, `2001-12-14t21:59:43.10-05:00`) as RFC 3339, without fractions.
fn timestamp(text: &str) -> Option<String> {
    let (day, clock) = text.find(['T', 't', ' ']).map_or((text, ""), |at| (&text[..at], text[at + 1..].trim_start()));
    let mut parts = day.split('-');
    let (year, month, date) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let part = |text: &str, most: usize| {
        ((1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<i16>().ok())
            .flatten()
    };
    let small = |text: &str| i8::try_from(part(text, 2)?).ok();
    let day = jiff::civil::Date::new(part(year, 4)?, small(month)?, small(date)?).ok()?;
    if clock.is_empty() {
        return (!text.contains([' ', 't', 'T'])).then(|| format!("{day}T00:00:00Z"));
    }
    let zone_at = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(zone_at);
    let (clock, _) = clock.trim_end().split_once('.').unwrap_or((clock.trim_end(), ""));
    let time: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = time[..] else { return None };
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    Some(format!("{day}T{time}{}", if zone.is_empty() { "Z" } else { zone }))
}

/// Whether a whole number begins with a zero that counts for nothing: `012345678901`.
fn is_padded(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number(text: &str, schema: Schema) -> Option<Decimal> {
    let grouped;
    let mut text = text;
    if schema == Schema::Kubernetes && text.contains('_') {
        grouped = text.replace('_', "");
        text = &grouped;
    }
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if body.starts_with(['+', '-']) {
        return None;
    }
    let number = if let Some(hex) = body.strip_prefix("0x") {
        radix(hex, 16)?
    } else if let Some(octal) = body.strip_prefix("0o") {
        radix(octal, 8)?
    } else if schema == Schema::Kubernetes && body.starts_with("0b") {
        radix(&body[2..], 2)?
    } else if schema == Schema::Kubernetes
        && body.len() > 1
        && body.starts_with('0')
        && body.bytes().all(|b| matches!(b, b'0'..=b'7'))
    {
        radix(body, 8)?
    } else {
        decimal_number(body)?
    };
    Some(if negative { -number } else { number })
}

fn radix(digits: &str, radix: u32) -> Option<Decimal> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok().map(Decimal::from)
}

/// `[0-9]*(\.[0-9]*)?([eE][-+]?[0-9]+)?` with at least one digit before the exponent.
fn decimal_number(body: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(index) => (&body[..index], Some(&body[index + 1..])),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    if let Some(exponent) = exponent {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if exponent.is_empty() || !digits(exponent) {
            return None;
        }
    }
    if mantissa.starts_with('.') || mantissa.ends_with('.') {
        let fraction = if fraction.is_empty() { "0" } else { fraction };
        let rest = &body[mantissa.len()..];
        return decimal(&format!("{}.{fraction}{rest}", if whole.is_empty() { "0" } else { whole }));
    }
    decimal(body)
}
