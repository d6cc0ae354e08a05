//! CloudEvents to facts: the envelope is taken as it is, the data checked against its type.

use crate::json::{self, NodeExt};
use crate::{At, Document, Part, ReadContext, Reading};
use mainstay_iac::{Node, Value};
use mainstay_model::{Diagnostic, Fact, Place};

/// Reads events. One that is malformed gives a diagnostic with its place; the others count.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    for part in &document.parts {
        for node in events(part, &mut reading) {
            one(&node, part, ctx, &mut reading);
        }
    }
    reading
}

/// The events of a part: the elements of an array, one object, or what stands on its lines.
fn events(part: &Part, reading: &mut Reading) -> Vec<Node> {
    let is_batch = part.bytes.iter().take(1024).find(|byte| byte.is_ascii_graphic()) == Some(&b'[');
    if !is_batch {
        return json::parse_lines(part, reading);
    }
    match json::parse(part, &["[]"], reading) {
        Some((Node { value: Value::List(items), .. }, _)) => items,
        _ => Vec::new(),
    }
}

fn one(node: &Node, part: &Part, ctx: &ReadContext, reading: &mut Reading) {
    let at = At { now: ctx.now, path: &part.path, line: node.at.line, column: node.at.column };
    if node.field("time").is_none() {
        reading.note(Diagnostic::note(
            "cloudevents.no-time",
            "the event has no time; it is taken to have happened when it was read",
            at.place(),
            "send `time` (RFC 3339), or the same event sent again will differ from itself",
        ));
    }
    match Fact::from_json(node.to_json(), ctx.now) {
        Ok(fact) => reading.take(fact, &at),
        Err(error) => reading.note(Diagnostic::error(
            "cloudevents.malformed",
            error.to_string(),
            Place::at(&part.path, node.at.line, node.at.column),
            "send specversion, id, source and type as CloudEvents 1.0 asks for (JSON format)",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Reading {
        let ctx = ReadContext::at("2026-11-01T00:00:00Z".parse().unwrap());
        read(&Document::of("events.jsonl", text), &ctx)
    }

    const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"/ci","type":"com.example.note","time":"2026-10-01T00:00:00Z","data":{"a":1},"tenant":"x"}"#;

    #[test]
    fn an_object_a_batch_and_lines_give_the_same_facts() {
        let single = read_text(EVENT);
        assert_eq!(single.facts.len(), 1);
        assert_eq!(single.facts[0].extensions["tenant"], "x");
        assert_eq!(
            read_text(&format!("[{EVENT},\n{EVENT}]")).facts,
            [single.facts.clone(), single.facts.clone()].concat()
        );
        assert_eq!(read_text(&format!("{EVENT}\n\n{EVENT}\n")).facts.len(), 2);
    }

    #[test]
    fn a_bad_event_is_told_with_its_line_and_the_others_count() {
        let bad_type = EVENT.replace("com.example.note", "mainstay.change.done.v1");
        let future = EVENT.replace("2026-10-01", "2029-10-01");
        let text = format!("{EVENT}\n{{\"id\": \n{EVENT}\n{{\"id\":\"2\"}}\n{bad_type}\n{future}\n{EVENT}\n");
        let reading = read_text(&text);
        assert_eq!(reading.facts.len(), 3);
        let places: Vec<_> = reading.diagnostics.iter().map(|d| (d.code.as_str(), d.place.line)).collect();
        assert!(places.contains(&("cloudevents.malformed", 4)), "{places:?}");
        assert!(places.contains(&("fact.refused", 5)) && places.contains(&("fact.refused", 6)), "{places:?}");
        assert!(reading.diagnostics.iter().any(|d| d.summary.contains("mainstay.change.completed.v1")));
    }
}
