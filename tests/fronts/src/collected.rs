//! What connectors read: documents of outside systems in; facts and snapshots out.

use crate::files::files;
use crate::holds;
use mainstay_connectors::{CONNECTORS, Document, KnownMap, Part, ReadContext, Reading, known_of, reconcile};
use mainstay_model::Fact;
use std::collections::BTreeSet;

/// The first folder of the first path names the connector: `=== trivy/report.json`.
pub fn connectors(input: &[u8]) {
    let files = files(input, "cloudevents/facts.json");
    let Some(first) = files.first() else { return };
    let name = first.path.split('/').next().unwrap_or_default();
    let Some(connector) = CONNECTORS.iter().find(|connector| connector.name == name) else { return };
    let inside =
        |path: &str| path.strip_prefix(name).and_then(|path| path.strip_prefix('/')).unwrap_or(path).to_owned();
    let parts: Vec<Part> = files.iter().map(|file| Part::new(inside(&file.path), file.bytes.clone())).collect();
    let mut document = Document::folder("fixtures", parts);
    let read = |document: &Document| (connector.read)(document, &context());
    let reading = read(&document);
    sound(&reading, &document);
    let said = said(&reading);
    assert_eq!(said, self::said(&read(&document)), "a second reading differs");
    document.parts.reverse();
    if document.parts.len() > 1 {
        sound(&read(&document), &document);
    }
}

fn context() -> ReadContext {
    ReadContext::at("2026-11-05T00:00:00Z".parse().unwrap_or_default())
}

/// Every fact is one that the ledger takes, reads as it was written, and is no news the second time.
fn sound(reading: &Reading, document: &Document) {
    for part in &document.parts {
        let of_part: Vec<_> = reading.diagnostics.iter().filter(|one| one.place.file == part.path).cloned().collect();
        holds::places_of(&of_part, &part.bytes);
    }
    for fact in &reading.facts {
        accepted(fact);
    }
    for signal in &reading.signals {
        for open in [None, Some(signal.at)] {
            let fact = signal.fact(open).unwrap_or_else(|error| panic!("{error} of {signal:?}"));
            fact.iter().for_each(accepted);
        }
    }
    for snapshot in &reading.snapshots {
        let news = reconcile(snapshot, &KnownMap::new());
        news.iter().for_each(accepted);
        let known: KnownMap = news.iter().filter_map(known_of).collect();
        let again = reconcile(snapshot, &known);
        assert!(again.is_empty(), "{:?} is news twice", again.first());
    }
}

fn accepted(fact: &Fact) {
    let now = context().now;
    let checked = fact.check(now);
    assert!(checked.is_ok(), "{checked:?} of {fact:?}");
    let json = fact.to_json();
    match Fact::from_json(json.clone(), now) {
        Ok(again) => assert_eq!(again.to_json(), json),
        Err(error) => panic!("{error} of {json}"),
    }
}

/// All that a reading says.
fn said(reading: &Reading) -> BTreeSet<String> {
    let facts = reading.facts.iter().map(|fact| fact.to_json().to_string());
    let snapshots = reading.snapshots.iter().map(|snapshot| format!("{snapshot:?}"));
    let signals = reading.signals.iter().map(|signal| format!("{signal:?}"));
    let diagnostics = reading.diagnostics.iter().map(ToString::to_string);
    facts.chain(snapshots).chain(signals).chain(diagnostics).collect()
}
