//! Columns of entities: their names, the values that people write for them, and what a search looks through.

use crate::{Cell, Entity, Kind, Problem};
use mainstay_ledger::Value;
use mainstay_model::{Severity, Timestamp};

/// What a search looks through: key and texts, in lower case.
pub(crate) fn haystack(key: &str, cells: &[Cell]) -> String {
    let mut haystack = key.to_lowercase();
    for cell in cells {
        if let Cell::Text(text) = cell {
            haystack.push('\n');
            haystack.push_str(&text.to_lowercase());
        }
    }
    haystack
}

/// A cell as the database keeps it.
pub(crate) fn value_of(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => text.into(),
        Cell::Integer(number) => number.into(),
        Cell::Time(at) => at.into(),
        Cell::Real(number) => number.into(),
    }
}

/// What a column holds; the key is text.
pub(crate) fn kind_of<T: Entity>(column: &str) -> Result<Kind, Problem> {
    column_name::<T>(column)?;
    Ok(T::COLUMNS.iter().find(|(name, _)| *name == column).map_or(Kind::Text, |(_, kind)| *kind))
}

pub(crate) fn column_name<T: Entity>(column: &str) -> Result<String, Problem> {
    if column == "id" {
        return Ok("id".to_owned());
    }
    if T::COLUMNS.iter().any(|(name, _)| *name == column) {
        return Ok(format!("c_{column}"));
    }
    let names: Vec<_> = T::COLUMNS.iter().map(|(name, _)| *name).collect();
    Err(Problem::malformed(
        "list.column",
        format!("{} has no column {column:?}; it has id, {}", T::TABLE, names.join(", ")),
    ))
}

pub(crate) fn parameter(column: &str, kind: Kind, value: &str) -> Result<Value, Problem> {
    let refused = |what: &str| Problem::malformed("list.value", format!("{column} is {what}; {value:?} is none"));
    Ok(match kind {
        Kind::Text => value.into(),
        Kind::Integer => value.parse::<i64>().map_err(|_| refused("a whole number"))?.into(),
        Kind::Time => value.parse::<Timestamp>().map_err(|_| refused("a time such as 2026-11-01T00:00:00Z"))?.into(),
        Kind::Real => value.parse::<f64>().map_err(|_| refused("a number"))?.into(),
    })
}

/// Severities by weight and not by alphabet: the gravest comes first.
pub(crate) fn by_severity(name: &str) -> String {
    let cases: String =
        Severity::ALL.iter().enumerate().map(|(at, one)| format!(" WHEN '{}' THEN {at}", one.as_str())).collect();
    format!("CASE {name}{cases} ELSE 9 END")
}

/// The pattern of texts that hold this one.
pub(crate) fn like(text: &str) -> String {
    format!("%{}%", text.trim().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}
