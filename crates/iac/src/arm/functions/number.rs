//! Functions of numbers, truth and comparison.

use super::misused;
use crate::{Node, Value};
use rust_decimal::Decimal;

pub(super) fn call(name: &str, arguments: &[Node]) -> Option<Value> {
    let values: Vec<&Value> = arguments.iter().map(|node| &node.value).collect();
    Some(match (name, values.as_slice()) {
        ("add", [Value::Number(a), Value::Number(b)]) => number(name, a.checked_add(*b)),
        ("sub", [Value::Number(a), Value::Number(b)]) => number(name, a.checked_sub(*b)),
        ("mul", [Value::Number(a), Value::Number(b)]) => number(name, a.checked_mul(*b)),
        ("div", [Value::Number(a), Value::Number(b)]) => number(name, a.checked_div(*b).map(|whole| whole.trunc())),
        ("mod", [Value::Number(a), Value::Number(b)]) => number(name, a.checked_rem(*b)),
        ("minus", [Value::Number(a)]) => Value::Number(-*a),
        ("min" | "max", _) => extreme(name, arguments),
        ("int", [Value::Number(a)]) => Value::Number(a.trunc()),
        ("int", [Value::String(text)]) => number(name, text.trim().parse::<Decimal>().ok().map(|n| n.trunc())),
        ("float", [Value::Number(a)]) => Value::Number(*a),
        ("float", [Value::String(text)]) => number(name, text.trim().parse().ok()),
        ("bool", [Value::Bool(known)]) => Value::Bool(*known),
        ("bool", [Value::Number(a)]) => Value::Bool(!a.is_zero()),
        ("bool", [Value::String(text)]) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => misused(name),
        },
        ("true", []) => Value::Bool(true),
        ("false", []) => Value::Bool(false),
        ("null", []) => Value::Null,
        ("not", [Value::Bool(known)]) => Value::Bool(!known),
        ("xor", [Value::Bool(a), Value::Bool(b)]) => Value::Bool(a != b),
        ("less" | "lessorequals" | "greater" | "greaterorequals", [a, b]) => compare(name, a, b),
        _ => return None,
    })
}

fn number(name: &str, found: Option<Decimal>) -> Value {
    found.map_or_else(|| misused(name), Value::Number)
}

fn compare(name: &str, a: &Value, b: &Value) -> Value {
    let order = match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => return misused(name),
    };
    Value::Bool(match name {
        "less" => order.is_lt(),
        "lessorequals" => order.is_le(),
        "greater" => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// The least or greatest of the arguments, or of the one list.
fn extreme(name: &str, arguments: &[Node]) -> Value {
    let items = match arguments {
        [Node { value: Value::List(items), .. }] => items.as_slice(),
        many => many,
    };
    let numbers: Option<Vec<Decimal>> = items
        .iter()
        .map(|item| match item.value {
            Value::Number(number) => Some(number),
            _ => None,
        })
        .collect();
    let numbers = numbers.unwrap_or_default().into_iter();
    number(name, if name == "min" { numbers.min() } else { numbers.max() })
}
