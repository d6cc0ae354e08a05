//! Lists of what was known at an entry count: the question that tables answer with SQL, asked of entities that were folded
//! anew. The rules are those of `store`: equal values, parts of texts in any case, nothing last.

use crate::columns::{column_name, haystack, kind_of, parameter, value_of};
use crate::entity::{Entity, Folded};
use crate::store::{LIST_ROWS_MAX, ListQuery, Listing};
use crate::{Kind, Problem};
use mainstay_ledger::Value;
use mainstay_model::Severity;
use std::cmp::Ordering;

/// A page of a list of these entities.
///
/// # Errors
/// The query names a column that the kind does not have, or a value that cannot be one of its column.
pub(crate) fn list<T: Entity>(mut all: Vec<Folded<T>>, query: &ListQuery) -> Result<Listing<T>, Problem> {
    for (column, values) in &query.filters {
        let kind = kind_of::<T>(column)?;
        let wanted: Vec<Value> = values.iter().map(|value| parameter(column, kind, value)).collect::<Result<_, _>>()?;
        all.retain(|folded| wanted.contains(&value(folded, column)));
    }
    for (column, part) in &query.parts {
        let kind = kind_of::<T>(column)?;
        if kind == Kind::Text {
            let part = part.trim().to_lowercase();
            all.retain(
                |folded| matches!(value(folded, column), Value::Text(text) if text.to_lowercase().contains(&part)),
            );
        } else {
            let wanted = parameter(column, kind, part)?;
            all.retain(|folded| value(folded, column) == wanted);
        }
    }
    if let Some(text) = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        let text = text.to_lowercase();
        all.retain(|folded| haystack(&folded.key, &folded.entity.cells()).contains(&text));
    }
    sort(&mut all, query)?;
    let total = all.len() as u64;
    let limit = if query.limit == 0 { 100 } else { query.limit.min(LIST_ROWS_MAX) };
    let within = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let items = all.into_iter().skip(within(query.offset)).take(within(limit)).collect();
    Ok(Listing { items, total, sorted_among: None })
}

fn sort<T: Entity>(all: &mut [Folded<T>], query: &ListQuery) -> Result<(), Problem> {
    let Some((column, down)) = &query.sort else {
        all.sort_by(|a, b| (b.entity.span().0, &a.key).cmp(&(a.entity.span().0, &b.key)));
        return Ok(());
    };
    if column != "facts" {
        column_name::<T>(column)?;
    }
    all.sort_by_cached_key(|folded| folded.key.clone());
    let by_weight = column == "severity" && T::COLUMNS.contains(&("severity", Kind::Text));
    let term = |folded: &Folded<T>| match value(folded, column) {
        Value::Text(word) if by_weight => {
            let weight = Severity::ALL.iter().position(|one| one.as_str() == word).unwrap_or(Severity::ALL.len());
            Value::Integer(i64::try_from(weight).unwrap_or(i64::MAX))
        }
        other => other,
    };
    // The sort is stable, so that equal rows stay in the order of their ids.
    all.sort_by(|a, b| match (term(a), term(b)) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (a, b) if *down => order(&b, &a),
        (a, b) => order(&a, &b),
    });
    Ok(())
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Real(a), Value::Real(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// The value that the table would hold in a column; of `facts` how many there are.
fn value<T: Entity>(folded: &Folded<T>, column: &str) -> Value {
    match column {
        "id" => folded.key.as_str().into(),
        "facts" => (folded.facts.len() as u64).into(),
        _ => {
            let at = T::COLUMNS.iter().position(|(name, _)| *name == column);
            at.and_then(|at| folded.entity.cells().into_iter().nth(at)).map_or(Value::Null, value_of)
        }
    }
}
