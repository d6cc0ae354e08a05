//! Functions of lists and maps.

use super::{Call, size};
use crate::terraform::eval::{Evaluated, Fault, element};
use crate::terraform::val::{Item, Items, Val};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation;

pub(super) fn call(call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "alltrue" => all(call, true),
        "anytrue" => all(call, false),
        "chunklist" => chunks(call),
        "coalesce" => coalesce(call),
        "coalescelist" => coalesce_list(call),
        "compact" => compact(call),
        "concat" => concat(call),
        "contains" => contains(call),
        "distinct" => distinct(call),
        "element" => wrapped_element(call),
        "flatten" => flatten(call),
        "index" => index(call),
        "keys" => call.object(0).map(|object| call.list(object.entries.keys().map(|key| Val::String(key.clone())))),
        "length" => length(call),
        "list" => Ok(call.list(call.values.iter().cloned())),
        "lookup" => lookup(call),
        "map" => map_of_pairs(call),
        "matchkeys" => match_keys(call),
        "merge" => merge(call),
        "one" => one(call),
        "range" => range(call),
        "reverse" => call.items(0).map(|items| Val::list(items.iter().rev().cloned().collect())),
        "slice" => slice(call),
        "sort" => sort(call),
        "transpose" => transpose(call),
        "values" => call.object(0).map(|object| Val::list(object.entries.values().cloned().collect())),
        "zipmap" => zip_map(call),
        _ => return None,
    })
}

/// `alltrue` and `anytrue`: one element that decides is enough though others are unknown. Null counts as false.
fn all(call: &Call<'_>, wanted: bool) -> Evaluated {
    let mut unknown = None;
    for item in call.items(0)?.iter() {
        match item.val.to_bool() {
            Some(flag) if flag != wanted => return Ok(Val::Bool(!wanted)),
            Some(_) => {}
            None if item.val.is_unknown() => unknown = Some(item.val.clone()),
            None if matches!(item.val, Val::Null) => {
                if wanted {
                    return Ok(Val::Bool(false));
                }
            }
            None => return Err(Fault::new(format!("an element must be true or false, not {}", item.val.kind()))),
        }
    }
    Ok(unknown.unwrap_or(Val::Bool(wanted)))
}

fn chunks(call: &Call<'_>) -> Evaluated {
    let (items, len) = (call.items(0)?, call.whole(1)?);
    let len = usize::try_from(len).map_err(|_| Fault::new("the size must not be negative"))?;
    if items.is_empty() {
        return Ok(Val::list(Vec::new()));
    }
    let len = if len == 0 { items.len() } else { len };
    let items = super::convert::unified(items.to_vec())?;
    Ok(call.list(items.chunks(len).map(|chunk| Val::list(chunk.to_vec()))))
}

fn coalesce(call: &Call<'_>) -> Evaluated {
    for val in call.values {
        match val {
            Val::Null => {}
            Val::String(text) if text.is_empty() => {}
            // All arguments have one type: beside a text a number becomes a text.
            Val::Number(_) | Val::Bool(_) if call.values.iter().any(|val| matches!(val, Val::String(_))) => {
                return Ok(val.to_text().map_or(Val::Null, Val::String));
            }
            other => return Ok(other.clone()),
        }
    }
    Err(Fault::new("no argument is set"))
}

fn coalesce_list(call: &Call<'_>) -> Evaluated {
    for val in call.values {
        if val.items().is_some_and(|items| !items.is_empty()) {
            return Ok(val.clone());
        }
    }
    Err(Fault::new("no argument has elements"))
}

fn compact(call: &Call<'_>) -> Evaluated {
    let mut kept = Vec::new();
    for item in call.items(0)?.iter() {
        match (item.val.to_text(), &item.val) {
            (_, Val::Null) => {}
            (Some(text), _) if text.is_empty() => {}
            (Some(text), _) => kept.push(Item { val: Val::String(text), at: item.at }),
            (None, _) => return Err(Fault::new(format!("an element must be a string, not {}", item.val.kind()))),
        }
    }
    Ok(Val::list(kept))
}

fn concat(call: &Call<'_>) -> Evaluated {
    let mut all = Vec::new();
    for nth in 0..call.values.len() {
        all.extend(ordered(call, nth)?.iter().cloned());
        size(all.len())?;
    }
    Ok(Val::list(all))
}

fn contains(call: &Call<'_>) -> Evaluated {
    let (items, wanted) = (call.items(0)?, call.arg(1)?);
    let mut unknown = None;
    for item in items.iter() {
        match item.val.equals(wanted) {
            Some(true) => return Ok(Val::Bool(true)),
            Some(false) => {}
            None => unknown = item.val.unknown_within().or_else(|| wanted.unknown_within()).cloned(),
        }
    }
    Ok(unknown.map_or(Val::Bool(false), Val::Unknown))
}

fn distinct(call: &Call<'_>) -> Evaluated {
    let mut kept: Vec<Item> = Vec::new();
    let items = super::convert::unified(call.items(0)?.to_vec())?;
    let mut seen: Vec<&Val> = Vec::new();
    for item in &items {
        // Sorted, so that a long list does not take quadratic time.
        if let Err(place) = seen.binary_search_by(|val| val.order(&item.val)) {
            seen.insert(place, &item.val);
            kept.push(item.clone());
        }
    }
    Ok(Val::list(kept))
}

fn wrapped_element(call: &Call<'_>) -> Evaluated {
    let (items, index) = (ordered(call, 0)?, call.whole(1)?);
    let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if len == 0 {
        return Err(Fault::new("an empty list has no element"));
    }
    let place = usize::try_from(index.rem_euclid(len)).unwrap_or(0);
    Ok(items[place].val.clone())
}

/// A list; a set has no order that elements could be taken by.
fn ordered<'c>(call: &'c Call<'_>, nth: usize) -> Result<&'c Rc<Items>, Fault> {
    match call.arg(nth)? {
        Val::Set(_) => Err(Fault::new(format!("argument {} must be a list, not a set", nth + 1))),
        _ => call.items(nth),
    }
}

fn flatten(call: &Call<'_>) -> Evaluated {
    let mut flat = Vec::new();
    let mut stack: Vec<Item> = call.items(0)?.iter().rev().cloned().collect();
    let mut steps = 0;
    while let Some(item) = stack.pop() {
        steps += 1;
        size(steps)?;
        match &item.val {
            Val::List(items) | Val::Set(items) => stack.extend(items.iter().rev().cloned()),
            Val::Unknown(_) => return Ok(item.val),
            _ => flat.push(item),
        }
    }
    Ok(Val::list(flat))
}

fn index(call: &Call<'_>) -> Evaluated {
    let wanted = call.arg(1)?;
    let mut place = None;
    for (at, item) in call.items(0)?.iter().enumerate() {
        match item.val.equals(wanted) {
            Some(true) => {
                place = Some(at);
                break;
            }
            Some(false) => {}
            None => return Ok(Val::unknown("which element is the first is known after apply")),
        }
    }
    place.map(|place| Val::number(place as u64)).ok_or_else(|| Fault::new("the list does not hold the value"))
}

fn length(call: &Call<'_>) -> Evaluated {
    let len = match call.arg(0)? {
        Val::List(items) | Val::Set(items) => items.len(),
        Val::Map(object) => object.entries.len(),
        Val::String(text) => text.graphemes(true).count(),
        other => return Err(Fault::new(format!("{} has no length", other.kind()))),
    };
    Ok(Val::number(len as u64))
}

fn lookup(call: &Call<'_>) -> Evaluated {
    let (object, key) = (call.object(0)?, call.text(1)?);
    match (object.entries.get(&key), call.values.get(2)) {
        (Some(item), _) => Ok(item.val.clone()),
        (None, Some(default)) if object.rest.is_none() => Ok(default.clone()),
        (None, _) => element(call.arg(0)?, &Val::String(key)),
    }
}

fn map_of_pairs(call: &Call<'_>) -> Evaluated {
    let mut entries = BTreeMap::new();
    for nth in (0..call.values.len()).step_by(2) {
        entries.insert(call.text(nth)?, call.item(call.arg(nth + 1)?.clone()));
    }
    Ok(Val::map(entries))
}

fn match_keys(call: &Call<'_>) -> Evaluated {
    let (values, keys, wanted) = (call.items(0)?, call.items(1)?, call.items(2)?);
    if values.len() != keys.len() {
        return Err(Fault::new("values and keys must have the same length"));
    }
    let mut kept = Vec::new();
    for (value, key) in values.iter().zip(keys.iter()) {
        let mut matches = Some(false);
        for other in wanted.iter() {
            match key.val.equals(&other.val) {
                Some(true) => matches = Some(true),
                None if matches == Some(false) => matches = None,
                _ => {}
            }
        }
        match matches {
            Some(true) => kept.push(value.clone()),
            Some(false) => {}
            None => return Ok(Val::unknown("the keys are known after apply")),
        }
    }
    Ok(Val::list(kept))
}

fn merge(call: &Call<'_>) -> Evaluated {
    let mut merged: Option<(BTreeMap<_, _>, _)> = None;
    for (nth, val) in call.values.iter().enumerate() {
        if matches!(val, Val::Null) {
            continue;
        }
        let object = call.object(nth)?;
        match &mut merged {
            None => merged = Some((object.entries.clone(), object.rest.clone())),
            Some((entries, rest)) => {
                entries.extend(object.entries.iter().map(|(key, item)| (key.clone(), item.clone())));
                *rest = rest.take().or_else(|| object.rest.clone());
            }
        }
    }
    let (entries, rest) = merged.unwrap_or_default();
    Ok(Val::object(entries, rest))
}

fn one(call: &Call<'_>) -> Evaluated {
    match &***call.items(0)? {
        [] => Ok(Val::Null),
        [item] => Ok(item.val.clone()),
        items => Err(Fault::new(format!("the list has {} elements, not one or none", items.len()))),
    }
}

/// Terraform gives at most 1,024 numbers.
const RANGE_MAX: usize = 1_024;

fn range(call: &Call<'_>) -> Evaluated {
    let zero = rust_decimal::Decimal::ZERO;
    let (start, end) =
        if call.values.len() == 1 { (zero, call.number(0)?) } else { (call.number(0)?, call.number(1)?) };
    let step = match call.values.get(2) {
        Some(_) => call.number(2)?,
        None if end < start => rust_decimal::Decimal::NEGATIVE_ONE,
        None => rust_decimal::Decimal::ONE,
    };
    if step.is_zero() || (end > start && step < zero) || (end < start && step > zero) {
        return Err(Fault::new("the step leads away from the end"));
    }
    let (mut numbers, mut number) = (Vec::new(), start);
    while if step > zero { number < end } else { number > end } {
        if numbers.len() >= RANGE_MAX {
            return Err(Fault::new(format!("more than {RANGE_MAX} numbers")));
        }
        numbers.push(Val::Number(number.normalize()));
        number = number.checked_add(step).ok_or_else(|| Fault::new("the numbers grow too large"))?;
    }
    Ok(call.list(numbers))
}

fn slice(call: &Call<'_>) -> Evaluated {
    let (items, start, end) = (ordered(call, 0)?, call.whole(1)?, call.whole(2)?);
    let part =
        usize::try_from(start).ok().zip(usize::try_from(end).ok()).and_then(|(start, end)| items.get(start..end));
    part.map(|part| Val::list(part.to_vec()))
        .ok_or_else(|| Fault::new(format!("a list of {} has no part from {start} to {end}", items.len())))
}

fn sort(call: &Call<'_>) -> Evaluated {
    let mut texts: Vec<(Arc<str>, crate::At)> = Vec::new();
    for item in call.items(0)?.iter() {
        let text =
            item.val.to_text().ok_or_else(|| Fault::new(format!("strings are sorted, not {}", item.val.kind())))?;
        texts.push((text, item.at));
    }
    texts.sort();
    Ok(Val::list(texts.into_iter().map(|(text, at)| Item { val: Val::String(text), at }).collect()))
}

fn transpose(call: &Call<'_>) -> Evaluated {
    let mut turned: BTreeMap<Arc<str>, Vec<Item>> = BTreeMap::new();
    for (key, item) in &call.object(0)?.entries {
        let items = item.val.items().ok_or_else(|| Fault::new("a map of lists is required"))?;
        for value in items.iter() {
            let text = value.val.to_text().ok_or_else(|| Fault::new("a map of lists of strings is required"))?;
            turned.entry(text).or_default().push(call.item(Val::String(key.clone())));
        }
    }
    Ok(Val::map(turned.into_iter().map(|(key, items)| (key, call.item(Val::list(items)))).collect()))
}

fn zip_map(call: &Call<'_>) -> Evaluated {
    let (keys, values) = (call.items(0)?, call.items(1)?);
    if keys.len() != values.len() {
        return Err(Fault::new(format!("{} keys stand against {} values", keys.len(), values.len())));
    }
    let mut entries = BTreeMap::new();
    for (key, value) in keys.iter().zip(values.iter()) {
        if key.val.is_unknown() {
            return Ok(key.val.clone());
        }
        let key = key.val.to_text().ok_or_else(|| Fault::new("keys must be strings"))?;
        entries.insert(key, value.clone());
    }
    Ok(Val::map(entries))
}
