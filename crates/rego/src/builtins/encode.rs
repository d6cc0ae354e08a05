//! `urlquery.*`, `yaml.*` and `json.is_valid`.
//!
//! Queries are encoded as in HTML forms: a space is `+`, and all but letters, digits and `-_.~` is in percent notation.

use super::{Answer, Function, TEXT_BYTES_MAX, json, text};
use regorus::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("json.is_valid", 1, |a| {
        Ok(Value::from(text(a, 0).is_ok_and(|text| serde_json::from_str::<serde_json::Value>(text).is_ok())))
    }),
    ("urlquery.decode", 1, |a| decode(text(a, 0)?).map(Value::from)),
    ("urlquery.decode_object", 1, decode_object),
    ("urlquery.encode", 1, |a| Ok(Value::from(encode(text(a, 0)?)))),
    ("urlquery.encode_object", 1, encode_object),
    ("yaml.is_valid", 1, |a| Ok(Value::from(text(a, 0).is_ok_and(|text| read_yaml(text).is_ok())))),
    ("yaml.marshal", 1, |a| write_yaml(&a[0])),
    ("yaml.unmarshal", 1, |a| read_yaml(text(a, 0)?)),
];

pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            // Writing to a text cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

fn decode(text: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&digits).ok().filter(|digits| digits.len() == 2);
                let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                out.push(code.ok_or("a percent sign must stand before two hexadecimal digits")?);
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).map_err(|error| error.to_string())
}

fn decode_object(arguments: &[Value]) -> Answer {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for pair in text(arguments, 0)?.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        found.entry(decode(key)?).or_default().push(Value::from(decode(value)?));
    }
    let entries: BTreeMap<Value, Value> =
        found.into_iter().map(|(key, values)| (Value::from(key), Value::from(values))).collect();
    Ok(Value::from(entries))
}

fn encode_object(arguments: &[Value]) -> Answer {
    let Some(Value::Object(object)) = arguments.first() else {
        return Err("the argument must be an object".to_owned());
    };
    let mut pairs = Vec::new();
    for (key, value) in object.iter_sorted() {
        let Value::String(key) = key else { return Err("keys must be texts".to_owned()) };
        let values: Vec<Value> = match value {
            Value::String(_) => vec![value.clone()],
            Value::Array(items) => items.iter().cloned().collect(),
            Value::Set(items) => items.iter().cloned().collect(),
            _ => return Err("values must be texts, arrays or sets of texts".to_owned()),
        };
        for value in values {
            let Value::String(value) = value else { return Err("values must be texts".to_owned()) };
            pairs.push(format!("{}={}", encode(key), encode(&value)));
        }
    }
    Ok(Value::from(pairs.join("&")))
}

pub(crate) fn read_yaml(text: &str) -> Answer {
    let read =
        mainstay_iac::yaml::parse(text, mainstay_iac::Origin::of("yaml"), mainstay_iac::yaml::Schema::Kubernetes);
    match (read.diagnostics.first(), read.documents.into_iter().next()) {
        (Some(diagnostic), _) => Err(diagnostic.summary.clone()),
        (None, Some(document)) => Ok(Value::from(document.to_json())),
        (None, None) => Ok(Value::Null),
    }
}

fn write_yaml(value: &Value) -> Answer {
    let mut out = String::new();
    block(&json(value)?, 0, &mut out)?;
    Ok(Value::from(out))
}

/// In block style, two spaces a level; a list below a key is not indented further.
fn block(value: &serde_json::Value, depth: usize, out: &mut String) -> Result<(), String> {
    if out.len() > TEXT_BYTES_MAX {
        return Err("the text is too long".to_owned());
    }
    let indent = "  ".repeat(depth);
    match value {
        serde_json::Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                out.push_str(&format!("{indent}{}:", scalar(&serde_json::Value::String(key.clone()))));
                below(value, if value.is_array() { depth } else { depth + 1 }, out)?;
            }
        }
        serde_json::Value::Array(items) if !items.is_empty() => {
            for item in items {
                if item.as_object().is_some_and(|map| !map.is_empty()) || item.as_array().is_some_and(|a| !a.is_empty())
                {
                    let mut inner = String::new();
                    block(item, depth + 1, &mut inner)?;
                    out.push_str(&format!("{indent}- {}", inner.trim_start()));
                } else {
                    out.push_str(&format!("{indent}- {}\n", scalar(item)));
                }
            }
        }
        other => out.push_str(&format!("{indent}{}\n", scalar(other))),
    }
    Ok(())
}

fn below(value: &serde_json::Value, depth: usize, out: &mut String) -> Result<(), String> {
    let nested =
        value.as_object().is_some_and(|map| !map.is_empty()) || value.as_array().is_some_and(|a| !a.is_empty());
    if nested {
        out.push('\n');
        return block(value, depth, out);
    }
    out.push_str(&format!(" {}\n", scalar(value)));
    Ok(())
}

fn scalar(value: &serde_json::Value) -> String {
    let serde_json::Value::String(text) = value else { return value.to_string() };
    let plain = !text.is_empty()
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' '))
        && !text.ends_with(' ')
        && matches!(read_yaml(text), Ok(Value::String(_)));
    if plain { text.clone() } else { value.to_string() }
}
