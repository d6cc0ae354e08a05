//! `mainstay.template`, to which `$"a {b}"` is rewritten: texts as they are, and sets of at most one value between them.

use super::{Answer, Function, TEXT_BYTES_MAX};
use regorus::Value;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[("mainstay.template", 1, template)];

fn template(arguments: &[Value]) -> Answer {
    let Some(Value::Array(parts)) = arguments.first() else { return Err("the argument must be an array".to_owned()) };
    let mut out = String::new();
    for part in parts.iter() {
        match part {
            Value::String(text) => out.push_str(text),
            Value::Set(values) => {
                let mut values = values.iter();
                match (values.next(), values.next()) {
                    (None, _) => out.push_str("<undefined>"),
                    (Some(Value::String(text)), None) => out.push_str(text),
                    (Some(value), None) => write(value, &mut out),
                    _ => return Err("an expression in a template has more than one value".to_owned()),
                }
            }
            _ => return Err("parts must be texts and sets".to_owned()),
        }
        if out.len() > TEXT_BYTES_MAX {
            return Err(format!("the text would have more than {TEXT_BYTES_MAX} bytes"));
        }
    }
    Ok(Value::from(out))
}

pub(super) fn write(value: &Value, out: &mut String) {
    let mut list = |open: &str, items: Vec<&Value>, close: &str| {
        out.push_str(open);
        for (at, item) in items.into_iter().enumerate() {
            out.push_str(if at > 0 { ", " } else { "" });
            write(item, out);
        }
        out.push_str(close);
    };
    match value {
        Value::Array(items) => list("[", items.iter().collect(), "]"),
        Value::Set(items) if items.is_empty() => out.push_str("set()"),
        Value::Set(items) => list("{", items.iter().collect(), "}"),
        Value::Object(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter_sorted().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write(key, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}
