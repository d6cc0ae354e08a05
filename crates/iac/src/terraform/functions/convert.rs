//! Conversion of types.

use super::Call;
use crate::terraform::eval::{Evaluated, Fault};
use crate::terraform::val::{Item, Val};

pub(super) fn call(call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "tostring" => convert(call, |val| val.to_text().map(Val::String), "a string"),
        "tonumber" => convert(call, |val| val.to_number().map(Val::Number), "a number"),
        "tobool" => convert(call, |val| val.to_bool().map(Val::Bool), "a bool"),
        "tolist" => convert(call, |val| val.items().map(|items| Val::list(unified(items.to_vec()))), "a list"),
        "toset" => convert(call, |val| val.items().map(|items| Val::set(unified(items.to_vec()))), "a set"),
        "tomap" => convert(call, map_of, "a map"),
        "sensitive" | "nonsensitive" => call.arg(0).cloned(),
        "issensitive" => Ok(Val::unknown("whether a value is sensitive is not followed")),
        "ephemeralasnull" => call.arg(0).cloned(),
        "type" => call.arg(0).map(|val| Val::text(val.kind())),
        _ => return None,
    })
}

fn convert(call: &Call<'_>, to: impl FnOnce(&Val) -> Option<Val>, wanted: &str) -> Evaluated {
    let val = call.arg(0)?;
    if matches!(val, Val::Null) {
        return Ok(Val::Null);
    }
    to(val).ok_or_else(|| Fault::new(format!("{} cannot be made {wanted}", val.kind())))
}

fn map_of(val: &Val) -> Option<Val> {
    let Val::Map(object) = val else { return None };
    if object.rest.is_some() {
        return Some(val.clone());
    }
    let values = unified(object.entries.values().cloned().collect());
    Some(Val::map(object.entries.keys().cloned().zip(values).collect()))
}

/// Elements of one type: where a string is among numbers and bools, all become strings.
pub(super) fn unified(mut items: Vec<Item>) -> Vec<Item> {
    let any_text = items.iter().any(|item| matches!(item.val, Val::String(_)));
    let any_other = items.iter().any(|item| matches!(item.val, Val::Number(_) | Val::Bool(_)));
    if any_text && any_other {
        for item in &mut items {
            if let Some(text) = item.val.to_text() {
                item.val = Val::String(text);
            }
        }
    }
    items
}
