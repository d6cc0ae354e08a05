//! Conversion of types.

use super::Call;
use crate::terraform::eval::{Evaluated, Fault};
use crate::terraform::val::{Item, Val};

pub(super) fn call(call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "tostring" => convert(call, |val| val.to_text().map(Val::String), "a string"),
        "tonumber" => convert(call, |val| val.to_number().map(Val::Number), "a number"),
        "tobool" => convert(call, |val| val.to_bool().map(Val::Bool), "a bool"),
        "tolist" => convert(call, |val| Some(Val::list(unified(val.items()?.to_vec()).ok()?)), "a list"),
        "toset" => convert(call, |val| Some(Val::set(unified(val.items()?.to_vec()).ok()?)), "a set"),
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
    let values = unified(object.entries.values().cloned().collect()).ok()?;
    Some(Val::map(object.entries.keys().cloned().zip(values).collect()))
}

/// Elements of one type, as Terraform makes them: where a string is among numbers or bools, all become strings, within
/// lists and objects too. Numbers and bools alone have no type in common, and neither have a text and a list.
pub(in crate::terraform) fn unified(mut items: Vec<Item>) -> Result<Vec<Item>, Fault> {
    unify(&mut items).ok_or_else(|| Fault::new("the elements have no type in common"))?;
    Ok(items)
}

fn unify(items: &mut [Item]) -> Option<()> {
    let count = |of: fn(&Val) -> bool| items.iter().filter(|item| of(&item.val)).count();
    let texts = count(|val| matches!(val, Val::String(_)));
    let numbers = count(|val| matches!(val, Val::Number(_)));
    let bools = count(|val| matches!(val, Val::Bool(_)));
    let lists = count(|val| matches!(val, Val::List(_) | Val::Set(_)));
    let maps = count(|val| matches!(val, Val::Map(_)));
    match (texts, numbers, bools, lists, maps) {
        (_, 0, 0, 0, 0) | (0, _, 0, 0, 0) | (0, 0, _, 0, 0) => Some(()),
        (1.., _, _, 0, 0) => {
            for item in items {
                item.val = item.val.to_text().map_or_else(|| item.val.clone(), Val::String);
            }
            Some(())
        }
        (0, 0, 0, _, 0) => unify_lists(items),
        (0, 0, 0, 0, _) => unify_maps(items),
        _ => None,
    }
}

/// Unifies the parts that stand at the same place; where that fails, or the shapes differ, all parts with each other.
fn unify_parts(parts: &mut [Vec<Item>], alike: bool) -> Option<()> {
    if alike {
        let mut columns = parts.to_vec();
        let width = columns.first().map_or(0, Vec::len);
        let unified = (0..width).all(|at| {
            let mut column: Vec<Item> = columns.iter().map(|row| row[at].clone()).collect();
            let fits = unify(&mut column).is_some();
            columns.iter_mut().zip(column).for_each(|(row, item)| row[at] = item);
            fits
        });
        if unified {
            parts.clone_from_slice(&columns);
            return Some(());
        }
    }
    let mut all: Vec<Item> = parts.iter().flatten().cloned().collect();
    unify(&mut all)?;
    let mut all = all.into_iter();
    parts.iter_mut().flatten().for_each(|item| item.val = all.next().map_or(Val::Null, |item| item.val));
    Some(())
}

fn unify_lists(items: &mut [Item]) -> Option<()> {
    let mut parts: Vec<Vec<Item>> = items.iter().filter_map(|item| Some(item.val.items()?.to_vec())).collect();
    let alike = parts.windows(2).all(|pair| pair[0].len() == pair[1].len());
    unify_parts(&mut parts, alike)?;
    let mut parts = parts.into_iter();
    for item in items {
        match &item.val {
            Val::List(_) => item.val = Val::list(parts.next()?),
            Val::Set(_) => item.val = Val::set(parts.next()?),
            _ => {}
        }
    }
    Some(())
}

fn unify_maps(items: &mut [Item]) -> Option<()> {
    let objects = || items.iter().filter_map(|item| if let Val::Map(object) = &item.val { Some(object) } else { None });
    // Of an object whose attributes are known in part only nobody knows what they must agree with.
    if objects().any(|object| object.rest.is_some()) {
        return Some(());
    }
    let keys: Vec<Vec<_>> = objects().map(|object| object.entries.keys().cloned().collect()).collect();
    let mut parts: Vec<Vec<Item>> = objects().map(|object| object.entries.values().cloned().collect()).collect();
    let alike = keys.windows(2).all(|pair| pair[0] == pair[1]);
    unify_parts(&mut parts, alike)?;
    let mut made = keys.into_iter().zip(parts).map(|(keys, part)| Val::map(keys.into_iter().zip(part).collect()));
    for item in items.iter_mut().filter(|item| matches!(item.val, Val::Map(_))) {
        item.val = made.next()?;
    }
    Some(())
}
