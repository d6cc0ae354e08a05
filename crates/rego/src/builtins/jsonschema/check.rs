//! Whether a schema is one.

use super::{TYPES, resolve};
use regex::Regex;
use serde_json::Value as Json;

/// How deep schemas may nest.
const DEPTH_MAX: usize = 200;

type Checked = Result<(), String>;

/// Checks a schema with all that is in it.
pub(super) fn schema(root: &Json) -> Checked {
    part(root, root, 0)
}

fn part(root: &Json, schema: &Json, depth: usize) -> Checked {
    if depth > DEPTH_MAX {
        return Err(format!("the schema nests deeper than {DEPTH_MAX}"));
    }
    let members = match schema {
        Json::Object(members) => members,
        Json::Bool(_) => return Ok(()),
        _ => return Err("a schema must be an object, true or false".to_owned()),
    };
    if let Some(reference) = members.get("$ref") {
        let reference = reference.as_str().ok_or("`$ref` must be a string")?;
        return resolve(root, reference).map(drop);
    }
    for (name, value) in members {
        let below = |inner: &Json| part(root, inner, depth + 1);
        match name.as_str() {
            "type" => types(value)?,
            "properties" | "patternProperties" | "definitions" => {
                let inner = value.as_object().ok_or_else(|| format!("`{name}` must be an object"))?;
                for (key, inner) in inner {
                    if name == "patternProperties" {
                        pattern(key)?;
                    }
                    below(inner)?;
                }
            }
            "dependencies" => {
                for inner in value.as_object().ok_or("`dependencies` must be an object")?.values() {
                    if inner.is_array() { texts(name, inner)? } else { below(inner)? }
                }
            }
            "items" if value.is_array() => value.as_array().into_iter().flatten().try_for_each(below)?,
            "allOf" | "anyOf" | "oneOf" => {
                let all = value.as_array().filter(|all| !all.is_empty());
                all.ok_or_else(|| format!("`{name}` must be an array that is not empty"))?
                    .iter()
                    .try_for_each(below)?;
            }
            "items"
            | "additionalItems"
            | "additionalProperties"
            | "contains"
            | "propertyNames"
            | "not"
            | "if"
            | "then"
            | "else" => below(value)?,
            "required" => texts(name, value)?,
            "enum" if value.as_array().is_none_or(Vec::is_empty) => {
                return Err("`enum` must be an array that is not empty".to_owned());
            }
            "pattern" => pattern(value.as_str().ok_or("`pattern` must be a string")?)?,
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
                let whole = value.as_f64().is_some_and(|number| number >= 0.0 && number.fract() == 0.0);
                if !whole {
                    return Err(format!("`{name}` must be a whole number of at least 0"));
                }
            }
            "multipleOf" if value.as_f64().is_none_or(|number| number <= 0.0) => {
                return Err("`multipleOf` must be a number above 0".to_owned());
            }
            "minimum" | "maximum" if !value.is_number() => return Err(format!("`{name}` must be a number")),
            "exclusiveMinimum" | "exclusiveMaximum" if !(value.is_number() || value.is_boolean()) => {
                return Err(format!("`{name}` must be a number or a boolean"));
            }
            "uniqueItems" if !value.is_boolean() => return Err("`uniqueItems` must be a boolean".to_owned()),
            "title" | "description" | "$id" | "$schema" | "format" if !value.is_string() => {
                return Err(format!("`{name}` must be a string"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn types(value: &Json) -> Checked {
    let one = std::slice::from_ref(value);
    for name in value.as_array().map_or(one, Vec::as_slice) {
        let name = name.as_str().ok_or("`type` must be a string or an array of strings")?;
        if !TYPES.contains(&name) {
            // The words of OPA's validator, which policies hand on to people.
            return Err(format!(
                "has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:[{}]",
                TYPES.join(" ")
            ));
        }
    }
    Ok(())
}

fn texts(name: &str, value: &Json) -> Checked {
    match value.as_array() {
        Some(all) if all.iter().all(Json::is_string) => Ok(()),
        _ => Err(format!("`{name}` must be an array of strings")),
    }
}

fn pattern(text: &str) -> Checked {
    Regex::new(text).map(drop).map_err(|_| format!("Invalid regex pattern '{text}'"))
}
