//! Records of data files, whatever their format, and the values in them.

use super::file::Mapping;
use crate::json::{self, NodeExt};
use crate::text::decode;
use crate::{Part, Reading};
use mainstay_iac::{Node, Value as Iac};
use mainstay_model::{Diagnostic, Place};
use serde_json::Value;

/// One record and where it stands.
pub(super) enum Record {
    /// A line of a CSV: names and fields.
    Line { names: std::sync::Arc<Vec<String>>, fields: Vec<String>, line: u32 },
    /// A value in JSON.
    Node(Box<Node>),
}

impl Record {
    /// The value at a column or path; `None` where there is none, or only an empty text.
    pub fn get(&self, path: &str) -> Option<Value> {
        let value = match self {
            Self::Line { names, fields, .. } => {
                let at = names.iter().position(|name| name == path.trim())?;
                Value::String(fields.get(at)?.trim().to_owned())
            }
            Self::Node(node) => walk(node, path)?.to_json(),
        };
        let empty = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        (!empty).then_some(value)
    }

    /// Where a column or path stands: line, and column (for a CSV the number of the field).
    pub fn place(&self, path: Option<&str>) -> (u32, u32) {
        match self {
            Self::Line { names, line, .. } => {
                let at = path.and_then(|path| names.iter().position(|name| name == path)).map_or(0, |at| at + 1);
                (*line, u32::try_from(at).unwrap_or(0))
            }
            Self::Node(node) => {
                let at = path.and_then(|path| walk(node, path)).map_or(node.at, |found| found.at);
                (at.line, at.column)
            }
        }
    }
}

/// Follows `a.b`, `a.0` and `Tags[Key=team].Value`.
fn walk<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    if path.is_empty() || path == "." {
        return Some(node);
    }
    // A key may hold dots itself: the whole path is tried first.
    if let Some(found) = node.field(path) {
        return Some(found);
    }
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let found = match step.split_once('[') {
        Some((key, selector)) => {
            let (name, wanted) = selector.trim_end_matches(']').split_once('=')?;
            node.field(key)?.items().iter().find(|item| item.text(name) == Some(wanted))?
        }
        None => match (&node.value, step.parse::<usize>()) {
            (Iac::List(items), Ok(at)) => items.get(at)?,
            _ => node.field(step)?,
        },
    };
    walk(found, rest)
}

/// The records of a data file, and whether it was whole.
pub(super) fn records(mapping: &Mapping, part: &Part, reading: &mut Reading) -> (Vec<Record>, bool) {
    let before = reading.diagnostics.len();
    let ending = part.path.rsplit('.').next().unwrap_or_default().to_lowercase();
    let format = mapping.format.as_deref().unwrap_or(&ending);
    let records = match format {
        "csv" | "tsv" | "txt" => lines(mapping, part, format == "tsv", reading),
        "jsonl" | "ndjson" => {
            json::parse_lines(part, reading).into_iter().map(|node| Record::Node(Box::new(node))).collect()
        }
        "json" => values(mapping, part, reading),
        other => {
            let what = format!("format {other:?} is none of csv, tsv, json, jsonl");
            reading.note(Diagnostic::error(
                "mapping.format",
                what,
                Place::file(&part.path),
                "set `format` in the mapping",
            ));
            Vec::new()
        }
    };
    (records, reading.diagnostics.len() == before)
}

fn values(mapping: &Mapping, part: &Part, reading: &mut Reading) -> Vec<Record> {
    let path = mapping.records.as_deref().unwrap_or("");
    let pattern = format!("{path}[]");
    let Some((node, _)) = json::parse(part, &[&pattern], reading) else { return Vec::new() };
    let Some(list) = walk(&node, path) else {
        let what = format!("there is no list at {path:?}");
        let place = Place::at(&part.path, node.at.line, node.at.column);
        reading.note(Diagnostic::error("mapping.records", what, place, "set `records` to the path of the list"));
        return Vec::new();
    };
    match &list.value {
        Iac::List(items) => items.iter().map(|item| Record::Node(Box::new(item.clone()))).collect(),
        _ => vec![Record::Node(Box::new(list.clone()))],
    }
}

fn lines(mapping: &Mapping, part: &Part, tabs: bool, reading: &mut Reading) -> Vec<Record> {
    let Some(text) = decode(&part.bytes, &part.path, reading) else { return Vec::new() };
    let separator = mapping.separator.unwrap_or(if tabs { '\t' } else { ',' });
    let separator = u8::try_from(separator).unwrap_or(b',');
    let mut csv = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let names = match csv.headers() {
        Ok(header) => std::sync::Arc::new(header.iter().map(|name| name.trim().to_owned()).collect::<Vec<_>>()),
        Err(_) => return Vec::new(),
    };
    let mut records = Vec::new();
    for record in csv.records() {
        let refuse = |what: String, line: u32| {
            Diagnostic::error("mapping.line", what, Place::at(&part.path, line, 0), "mend the line; the others count")
        };
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                if record.len() == names.len() {
                    let fields = record.iter().map(str::to_owned).collect();
                    records.push(Record::Line { names: names.clone(), fields, line });
                } else {
                    reading.note(refuse(
                        format!("the line has {} fields, the header {}", record.len(), names.len()),
                        line,
                    ));
                }
            }
            Err(error) => reading.note(refuse(error.to_string(), 0)),
        }
    }
    records
}
