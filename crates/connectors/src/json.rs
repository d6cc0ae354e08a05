//! JSON with places, from which the good records are kept when the rest is damaged.

use crate::text::decode;
use crate::{Part, Reading};
use mainstay_iac::{Node, Origin, Value, json};
use mainstay_model::{Decimal, Diagnostic, Place};

/// Reads a part as one JSON value. Where it is damaged, what stands before the damage is kept: `records` names the arrays
/// whose elements are worth keeping by themselves (`[]` for the whole document, `alerts[]`, `Results[].Vulnerabilities[]`).
/// The flag says whether the document was whole.
pub(crate) fn parse(part: &Part, records: &[&str], reading: &mut Reading) -> Option<(Node, bool)> {
    let text = decode(&part.bytes, &part.path, reading)?;
    if let Ok(node) = json::parse(&text, Origin::of(&part.path)) {
        return Some((node, true));
    }
    let kept = mend(&text, part, records, reading)??;
    Some((json::parse(&kept, Origin::of(&part.path)).ok()?, false))
}

/// `Some(None)` where a text is whole; the part of it that is worth keeping where it is damaged; `None` where nothing is.
pub(crate) fn mend(text: &str, part: &Part, records: &[&str], reading: &mut Reading) -> Option<Option<String>> {
    let error = match json::parse(text, Origin::of(&part.path)) {
        Ok(_) => return Some(None),
        Err(error) => *error,
    };
    let end = offset(text, &error.place);
    let kept = salvage(&text[..end], records);
    let kept = kept.filter(|kept| json::parse(kept, Origin::of(&part.path)).is_ok());
    reading.note(match kept {
        Some(_) => Diagnostic { summary: format!("{}; what stands before it counts", error.summary), ..error },
        None => error,
    });
    kept.map(Some)
}

/// The JSON values of a part that has one after another, usually one a line. A damaged line costs itself only.
pub(crate) fn parse_lines(part: &Part, reading: &mut Reading) -> Vec<Node> {
    let Some(text) = decode(&part.bytes, &part.path, reading) else { return Vec::new() };
    let origin = |line: u32| Origin { path: &part.path, file: 0, line: part.line.saturating_add(line) };
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let one_a_line = json::parse(first, origin(0)).is_ok()
        || text.lines().skip(1).any(|line| line.starts_with('{') && line.ends_with('}'));
    let mut nodes = Vec::new();
    if one_a_line {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match json::parse(line, origin(u32::try_from(number).unwrap_or(u32::MAX))) {
                Ok(node) => nodes.push(node),
                Err(diagnostic) => reading.note(*diagnostic),
            }
        }
        return nodes;
    }
    let (nodes, diagnostics) = json::parse_many(&text, origin(0));
    diagnostics.into_iter().for_each(|diagnostic| reading.note(diagnostic));
    nodes
}

/// The records of a part that is one, a list of them, or has one after another.
pub(crate) fn parse_records(part: &Part, reading: &mut Reading) -> Vec<Node> {
    let is_list = part.bytes.trim_ascii_start().starts_with(b"[");
    let nodes = if is_list {
        parse(part, &["[]"], reading).map(|(node, _)| node).into_iter().collect()
    } else {
        parse_lines(part, reading)
    };
    nodes.into_iter().flat_map(|node| if let Value::List(items) = node.value { items } else { vec![node] }).collect()
}

/// The byte that a place names.
fn offset(text: &str, place: &Place) -> usize {
    let lines = text.split_inclusive('\n').take(place.line.saturating_sub(1) as usize);
    let start: usize = lines.map(str::len).sum();
    let line = &text[start.min(text.len())..];
    let within: usize = line.chars().take(place.column.saturating_sub(1) as usize).map(char::len_utf8).sum();
    (start + within).min(text.len())
}

enum Frame {
    Object(String),
    Array,
}

/// The longest beginning of the text that ends behind a whole record, with every open bracket closed.
fn salvage(text: &str, records: &[&str]) -> Option<String> {
    let bytes = text.as_bytes();
    let mut stack: Vec<Frame> = Vec::new();
    let mut kept: Option<(usize, String)> = None;
    let mut last_text = String::new();
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        let start = position;
        position += 1;
        match byte {
            b'{' => stack.push(Frame::Object(String::new())),
            b'[' => stack.push(Frame::Array),
            b'"' => {
                let Some(end) = string_end(bytes, position) else { break };
                last_text.clear();
                last_text.push_str(&text[start + 1..end - 1]);
                position = end;
            }
            b':' => {
                if let Some(Frame::Object(key)) = stack.last_mut() {
                    key.clone_from(&last_text);
                }
            }
            b'}' | b']' => {
                stack.pop()?;
                if matches!(stack.last(), Some(Frame::Array)) && records.contains(&&*path_of(&stack)) {
                    kept = Some((position, closers(&stack)));
                }
            }
            _ => {}
        }
    }
    kept.map(|(end, closers)| format!("{}{closers}", &text[..end]))
}

/// The position behind a string that begins before `position`.
fn string_end(bytes: &[u8], mut position: usize) -> Option<usize> {
    loop {
        match bytes.get(position)? {
            b'\\' => position += 2,
            b'"' => return Some(position + 1),
            _ => position += 1,
        }
    }
}

fn path_of(stack: &[Frame]) -> String {
    let mut path = String::new();
    for frame in stack {
        match frame {
            Frame::Object(key) if path.is_empty() => path.push_str(key),
            Frame::Object(key) => {
                path.push('.');
                path.push_str(key);
            }
            Frame::Array => path.push_str("[]"),
        }
    }
    path
}

fn closers(stack: &[Frame]) -> String {
    stack.iter().rev().map(|frame| if matches!(frame, Frame::Array) { ']' } else { '}' }).collect()
}

/// Reading of nodes without fuss: an absent or other value is `None`.
pub(crate) trait NodeExt {
    fn field(&self, key: &str) -> Option<&Node>;
    fn at_path(&self, path: &str) -> Option<&Node>;
    fn text(&self, key: &str) -> Option<&str>;
    fn number(&self, key: &str) -> Option<Decimal>;
    fn items(&self) -> &[Node];
    fn as_text(&self) -> Option<&str>;
}

impl NodeExt for Node {
    fn field(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(map) => map.get(key).filter(|node| node.value != Value::Null),
            _ => None,
        }
    }

    fn at_path(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, key| node.field(key))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.field(key)?.as_text()
    }

    fn number(&self, key: &str) -> Option<Decimal> {
        match &self.field(key)?.value {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str, records: &[&str]) -> Option<serde_json::Value> {
        let part = Part::new("a.json", text);
        parse(&part, records, &mut Reading::default()).map(|(node, _)| node.to_json())
    }

    #[test]
    fn whole_records_before_the_damage_are_kept_and_half_ones_are_not() {
        let text = r#"{"a": "]}", "alerts": [{"x": [1, 2]}, {"x": "\"]"}, {"x": [1"#;
        let expected = serde_json::json!({"a": "]}", "alerts": [{"x": [1, 2]}, {"x": "\"]"}]});
        assert_eq!(kept(text, &["alerts[]"]), Some(expected));
        assert_eq!(kept(text, &["others[]"]), None);
        assert_eq!(kept("[{\"x\": 1}, {\"x\": tru}, {\"x\": 3}]", &["[]"]), Some(serde_json::json!([{"x": 1}])));
        let nested = r#"{"Results": [{"V": [{"i": 1}]}, {"V": [{"i": 2}, {"i""#;
        let expected = serde_json::json!({"Results": [{"V": [{"i": 1}]}, {"V": [{"i": 2}]}]});
        assert_eq!(kept(nested, &["Results[]", "Results[].V[]"]), Some(expected));
    }

    #[test]
    fn damage_is_told_with_its_place() {
        let part = Part::new("a.json", "[{\"x\": 1},\n {\"x\": ]");
        let mut reading = Reading::default();
        let (_, whole) = parse(&part, &["[]"], &mut reading).unwrap();
        assert!(!whole);
        assert_eq!(reading.diagnostics[0].place.to_string(), "a.json:2:8");
    }
}
