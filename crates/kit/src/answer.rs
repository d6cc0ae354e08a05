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

/// Comma-separated values after RFC 4180: the columns for eyes first, then every other field that fits a cell. Lists of
/// records, such as a trend, have no place in one; JSON has them.
#[must_use]
pub fn csv(first: &[&str], rows: &[Value]) -> String {
    let mut columns: Vec<String> = first.iter().map(|c| (*c).to_owned()).collect();
    let records = |value: &Value| value.as_array().is_some_and(|items| items.iter().any(Value::is_object));
    let mut left_out: Vec<&String> = Vec::new();
    for row in rows {
        for name in row.as_object().into_iter().flat_map(|row| row.keys()) {
            if columns.contains(name) || left_out.contains(&name) {
                continue;
            }
            if rows.iter().any(|row| records(&row[name])) {
                left_out.push(name);
            } else {
                columns.push(name.clone());
            }
        }
    }
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let mut out = line(columns.iter().map(|c| quote(c)).collect());
    for row in rows {
        out += &line(columns.iter().map(|c| quote(&cell(&row[c.as_str()]))).collect());
    }
    out
}

/// A value in one cell: names and their values where it has them.
fn cell(value: &Value) -> String {
    let Value::Object(map) = value else { return plain(value) };
    map.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join("; ")
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

    #[test]
    fn names_and_values_share_a_cell_and_records_stay_out() {
        let row = serde_json::json!({"id": 1, "excluded": {"pending": 2, "planned work": 1}, "trend": [{"value": 1}],
            "facts": [3, 4]});
        let row = vec![row, serde_json::json!({"id": 2, "excluded": {}, "trend": [], "facts": []})];
        assert_eq!(csv(&["id"], &row[..1]), "id,excluded,facts\r\n1,pending=2; planned work=1,3 4\r\n");
        assert!(csv(&["id"], &row).ends_with("\r\n2,,\r\n"), "{}", csv(&["id"], &row));
    }
}
