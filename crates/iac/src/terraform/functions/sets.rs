//! Functions of sets.

use super::{Call, size};
use crate::terraform::eval::{Evaluated, Fault};
use crate::terraform::val::{Item, Val};

pub(super) fn call(call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "setunion" => union(call),
        "setintersection" => kept_of_first(call, true),
        "setsubtract" => kept_of_first(call, false),
        "setproduct" => product(call),
        "setsymmetricdifference" => symmetric_difference(call),
        _ => return None,
    })
}

fn union(call: &Call<'_>) -> Evaluated {
    let mut all = Vec::new();
    for nth in 0..call.values.len() {
        all.extend(call.items(nth)?.iter().cloned());
        size(all.len())?;
    }
    Ok(Val::set(super::convert::unified(all)?))
}

fn holds(sorted: &[Item], wanted: &Val) -> bool {
    sorted.binary_search_by(|item| item.val.order(wanted)).is_ok()
}

/// The arguments as sets, all of one type: `1` in one of them is `"1"` where another holds texts.
fn as_sets(call: &Call<'_>) -> Result<Vec<Vec<Item>>, Fault> {
    let mut lens = Vec::new();
    let mut all = Vec::new();
    for nth in 0..call.values.len() {
        lens.push(call.items(nth)?.len());
        all.extend(call.items(nth)?.iter().cloned());
    }
    let mut all = super::convert::unified(all)?.into_iter();
    let sets = lens.into_iter().map(|len| Val::set(all.by_ref().take(len).collect()));
    Ok(sets.map(|set| set.items().map(|items| items.to_vec()).unwrap_or_default()).collect())
}

/// The elements of the first set that all others hold, or that none of them holds.
fn kept_of_first(call: &Call<'_>, wanted: bool) -> Evaluated {
    let mut sets = as_sets(call)?.into_iter();
    let mut kept = sets.next().unwrap_or_default();
    for other in sets {
        kept.retain(|item| holds(&other, &item.val) == wanted);
    }
    Ok(Val::set(kept))
}

fn symmetric_difference(call: &Call<'_>) -> Evaluated {
    let mut sets = as_sets(call)?.into_iter();
    let mut result = sets.next().unwrap_or_default();
    for other in sets {
        let mut kept: Vec<Item> = result.iter().filter(|item| !holds(&other, &item.val)).cloned().collect();
        kept.extend(other.iter().filter(|item| !holds(&result, &item.val)).cloned());
        let Val::Set(items) = Val::set(kept) else { return Ok(Val::Null) };
        result = items.to_vec();
    }
    Ok(Val::set(result))
}

/// All combinations; a set where all arguments are sets.
fn product(call: &Call<'_>) -> Evaluated {
    let mut rows: Vec<Vec<Item>> = vec![Vec::new()];
    for nth in 0..call.values.len() {
        let items = super::convert::unified(call.items(nth)?.to_vec())?;
        size(rows.len().saturating_mul(items.len()))?;
        rows = rows
            .iter()
            .flat_map(|row| items.iter().map(move |item| row.iter().cloned().chain([item.clone()]).collect()))
            .collect();
    }
    let rows: Vec<Item> = rows.into_iter().map(|row| call.item(Val::list(row))).collect();
    let sets = call.values.iter().all(|val| matches!(val, Val::Set(_)));
    Ok(if sets { Val::set(rows) } else { Val::list(rows) })
}
