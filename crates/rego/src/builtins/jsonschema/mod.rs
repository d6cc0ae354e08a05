//! `json.match_schema` and `json.verify_schema`: JSON Schema, drafts 4 to 7 together, as OPA's validator has them. References
//! lead into the schema itself; nothing is fetched.

mod check;
mod format;
mod validate;

use super::{Function, json};
use regorus::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("json.match_schema", 2, |a| {
        let (document, schema) = (read(&a[0])?, read(&a[1])?);
        check::schema(&schema)?;
        let wrong = validate::document(&document, &schema)?;
        let valid = Value::from(wrong.is_empty());
        let errors: Vec<Value> = wrong.iter().map(Wrong::show).collect();
        Ok(Value::from(vec![valid, Value::from(errors)]))
    }),
    ("json.verify_schema", 1, |a| {
        let checked = read(&a[0]).and_then(|schema| check::schema(&schema));
        Ok(Value::from(match checked {
            Ok(()) => vec![Value::from(true), Value::Null],
            Err(why) => vec![Value::from(false), Value::from(format!("jsonschema: {why}"))],
        }))
    }),
];

/// Kinds of values, in the order in which messages list them.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "number", "null", "object", "string"];

/// Something about a document that its schema does not allow.
#[derive(Debug)]
struct Wrong {
    kind: &'static str,
    /// The names that lead to it, with periods between them; empty for the document itself.
    place: String,
    description: String,
}

impl Wrong {
    fn show(&self) -> Value {
        let field = if self.place.is_empty() { "(root)" } else { &self.place };
        let members = [
            ("desc", self.description.clone()),
            ("error", format!("{field}: {}", self.description)),
            ("field", field.to_owned()),
            ("type", self.kind.to_owned()),
        ];
        let members: BTreeMap<Value, Value> =
            members.into_iter().map(|(name, value)| (Value::from(name), Value::from(value))).collect();
        Value::from(members)
    }
}

/// A document, or a text of JSON.
fn read(value: &Value) -> Result<Json, String> {
    match value {
        Value::String(text) => serde_json::from_str(text).map_err(|error| format!("invalid JSON string: {error}")),
        Value::Object(_) | Value::Array(_) => json(value),
        _ => Err("wrong type, expected string or object".to_owned()),
    }
}

/// The part of a schema that a reference names: `#`, `#/definitions/x`, or the `$id` of a part.
fn resolve<'s>(root: &'s Json, reference: &str) -> Result<&'s Json, String> {
    let missing = || format!("the reference {reference:?} leads nowhere in the schema");
    let own = ["$id", "id"].iter().find_map(|name| root[*name].as_str()).map(|id| id.trim_end_matches('#'));
    let inner = own.and_then(|own| reference.strip_prefix(own)).unwrap_or(reference);
    if inner.is_empty() || inner == "#" {
        return Ok(root);
    }
    if let Some(pointer) = inner.strip_prefix("#/") {
        let pointer = format!("/{}", unescaped(pointer));
        return root.pointer(&pointer).ok_or_else(missing);
    }
    named(root, inner).ok_or_else(missing)
}

/// Percent notation, which pointers in references may have.
fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The part of a schema that has a name of its own.
fn named<'s>(root: &'s Json, name: &str) -> Option<&'s Json> {
    let mut open = vec![root];
    while let Some(part) = open.pop() {
        match part {
            Json::Object(members) => {
                if ["$id", "id"].iter().any(|id| members.get(*id).and_then(Json::as_str) == Some(name)) {
                    return Some(part);
                }
                open.extend(members.values());
            }
            Json::Array(items) => open.extend(items),
            _ => {}
        }
    }
    None
}
