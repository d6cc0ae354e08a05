//! Histories written by hand: for tests, and for the worked examples on the pages of the KPIs.

use crate::entity::{Entity, Folded};
use mainstay_model::{Fact, Recorded, Timestamp, fact_type};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Reads a history, a fact a line, in either form:
///
/// ```text
/// 2026-10-01T10:00:00Z change.completed change:1 {"environment": "production", ...}
/// {"time": "2026-10-01T10:00:00Z", "type": "mainstay.change.completed.v1", "subject": "change:1", "data": {...}}
/// ```
///
/// In the first form `mainstay.` and `.v1` are left out of the type. What an event does not say is made up: `id` is the
/// line's number, `source` is `/history`, `recorded` is its time. Empty lines and lines that begin with `#` are skipped.
///
/// # Errors
/// The number of the first line that is no well-formed fact, and why.
pub fn history(text: &str) -> Result<Vec<Recorded>, String> {
    let mut facts = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let refused = |why: String| format!("line {}: {why}", index + 1);
        let mut event = if line.starts_with('{') {
            serde_json::from_str(line).map_err(|e| refused(e.to_string()))?
        } else {
            terse(line).map_err(refused)?
        };
        if let Value::Object(map) = &mut event {
            map.entry("specversion").or_insert_with(|| json!("1.0"));
            map.entry("id").or_insert_with(|| json!((index + 1).to_string()));
            map.entry("source").or_insert_with(|| json!("/history"));
        }
        let recorded = event.get("recorded").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
        let fact = Fact::from_json(event, Timestamp::UNIX_EPOCH).map_err(|e| refused(e.to_string()))?;
        fact.check(fact.time).map_err(|e| refused(e.to_string()))?;
        facts.push(Recorded { seq: facts.len() as u64, recorded: recorded.unwrap_or(fact.time), fact });
    }
    Ok(facts)
}

/// Reads `<time> <type> <subject> [<data>]`.
fn terse(line: &str) -> Result<Value, String> {
    let mut words = line.splitn(4, ' ');
    let mut word = |what: &str| words.next().filter(|w| !w.is_empty()).ok_or(format!("{what} is missing"));
    let (time, name, subject) = (word("time")?, word("type")?, word("subject")?);
    let full = format!("mainstay.{name}.v1");
    let name = if fact_type(&full).is_some() { full } else { name.to_owned() };
    let data: Value = serde_json::from_str(words.next().unwrap_or("{}")).map_err(|e| e.to_string())?;
    Ok(json!({"time": time, "type": name, "subject": subject, "data": data}))
}

/// Folds a whole history into all entities of one kind, in the order of their keys. The ledger's tables hold the same,
/// one subject at a time.
#[must_use]
pub fn fold_all<T: Entity>(facts: &[Recorded]) -> Vec<Folded<T>> {
    let mut by_subject: HashMap<&str, Vec<Recorded>> = HashMap::new();
    for recorded in facts.iter().filter(|recorded| T::TYPES.contains(&recorded.fact.fact_type.as_str())) {
        if let Some(subject) = &recorded.fact.subject {
            by_subject.entry(subject.as_str()).or_default().push(recorded.clone());
        }
    }
    let mut out: Vec<_> = by_subject.into_iter().filter_map(|(key, facts)| Folded::of(key, facts)).collect();
    out.sort_by(|a, b| a.key.cmp(&b.key));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_line_make_the_same_fact() {
        let facts = history(
            r#"
            # A comment.
            2026-10-01T10:00:00Z incident.restored incident:1
            {"id": "3", "time": "2026-10-01T10:00:00Z", "type": "mainstay.incident.restored.v1", "subject": "incident:1", "data": {}}
            "#,
        )
        .unwrap();
        assert_eq!(facts.len(), 2);
        assert_eq!((&facts[0].fact.data, facts[0].fact.time), (&facts[1].fact.data, facts[1].fact.time));
        assert_eq!((facts[0].fact.id.as_str(), facts[1].seq), ("3", 1));
    }

    #[test]
    fn a_malformed_line_is_named_with_the_reason() {
        let error = history("\n2026-10-01T10:00:00Z change.completed change:1 {}").unwrap_err();
        assert!(error.starts_with("line 2: ") && error.contains("environment"), "{error}");
    }
}
