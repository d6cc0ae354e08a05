//! The forms in which an answer leaves: JSON for programs, CSV for sheets.

use crate::Operation;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// The answer in the form that was asked for.
pub(crate) fn respond(operation: &Operation, answer: Value, format: &str) -> Response {
    if let ("csv", Some(rows)) = (format, rows_of(&answer)) {
        return ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv(operation.columns, rows)).into_response();
    }
    ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

/// The list that an answer carries: its only array of objects.
#[must_use]
pub fn rows_of(answer: &Value) -> Option<&Vec<Value>> {
    match answer {
        Value::Array(rows) => Some(rows),
        Value::Object(map) => {
            map.values().find_map(|value| value.as_array().filter(|rows| rows.iter().all(Value::is_object)))
        }
        _ => None,
    }
}

/// Comma-separated values after RFC 4180: the columns for eyes first, then every other plain field.
#[must_use]
pub fn csv(first: &[&str], rows: &[Value]) -> String {
    let mut columns: Vec<String> = first.iter().map(|c| (*c).to_owned()).collect();
    for row in rows {
        for (name, value) in row.as_object().into_iter().flatten() {
            if !value.is_object() && !columns.contains(name) {
                columns.push(name.clone());
            }
        }
    }
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let mut out = line(columns.iter().map(|c| quote(c)).collect());
    for row in rows {
        out += &line(columns.iter().map(|c| quote(&plain(&row[c.as_str()]))).collect());
    }
    out
}

/// A value as a person would write it in a cell.
#[must_use]
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A cell that starts like a formula would run in a spreadsheet; an apostrophe keeps it text (OWASP, "CSV injection").
fn quote(cell: &str) -> String {
    let number = cell.parse::<f64>().is_ok();
    let cell = if !number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_never_runs_and_never_breaks_the_row() {
        assert_eq!(quote("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(quote("-4.5"), "-4.5");
        assert_eq!(quote("a,b"), "\"a,b\"");
    }
}
