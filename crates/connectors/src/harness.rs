//! Every connector under one harness: its fixtures are read, read again, shuffled and damaged. Whatever comes in, there is
//! no panic; what is lost is told of; and nothing is said to be gone because a file was damaged.

use crate::reconcile::{KnownMap, reconcile};
use crate::{CONNECTORS, Connector, DOCUMENT_BYTES_MAX, Document, Part, ReadContext, Reading};
use std::collections::BTreeSet;
use std::path::Path;

/// At how many points each file is cut.
const CUTS: usize = 60;

/// Ten times deeper than any reader goes.
const TOO_DEEP: usize = 1280;

fn context() -> ReadContext {
    ReadContext::at("2026-11-05T00:00:00Z".parse().unwrap())
}

fn fixtures(connector: &Connector) -> Document {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(connector.name).join("fixtures");
    let walk =
        mainstay_outside::files::walk(&root).unwrap_or_else(|e| panic!("{} has no fixtures: {e}", connector.name));
    let part = |path: &std::path::PathBuf| {
        let bytes = mainstay_outside::files::read(path, 1 << 20).unwrap();
        Part::new(mainstay_outside::relative(&root, path), bytes)
    };
    Document::folder("fixtures", walk.files.iter().map(part).collect())
}

fn with(document: &Document, at: usize, bytes: Vec<u8>) -> Document {
    let mut document = document.clone();
    document.parts[at].bytes = bytes;
    document
}

/// All that a reading says, as texts that do not depend on order.
fn said(reading: &Reading) -> BTreeSet<String> {
    let facts = reading.facts.iter().map(|fact| fact.to_json().to_string());
    let items = reading.snapshots.iter().flat_map(|snapshot| {
        snapshot.items.iter().map(|item| {
            let digest = crate::content_digest(&item.data);
            format!("{} {} {} {digest}", snapshot.scope, snapshot.family, item.subject)
        })
    });
    let signals = reading
        .signals
        .iter()
        .map(|signal| format!("{} {} {} {:?}", signal.source, signal.key, signal.at, signal.heard));
    facts.chain(items).chain(signals).collect()
}

/// What would be stated as gone after this reading, were the first reading's things known.
fn gone(first: &Reading, second: &Reading) -> usize {
    let mut count = 0;
    for snapshot in &second.snapshots {
        let mut known = KnownMap::new();
        for before in first.snapshots.iter().filter(|before| before.scope == snapshot.scope) {
            known.extend(reconcile(before, &KnownMap::new()).iter().filter_map(crate::known_of));
        }
        let ends =
            |fact: &mainstay_model::Fact| snapshot.gone.as_ref().is_some_and(|gone| gone.fact_type == fact.fact_type);
        count += reconcile(snapshot, &known).iter().filter(|fact| ends(fact)).count();
    }
    count
}

#[test]
fn fixtures_say_something_without_error_and_the_same_however_often_and_in_which_order() {
    for connector in CONNECTORS {
        let document = fixtures(connector);
        let reading = (connector.read)(&document, &context());
        assert!(!reading.has_errors(), "{}: {:?}", connector.name, reading.diagnostics);
        assert!(said(&reading).len() > 1, "{} says too little", connector.name);
        let mut reversed = document.clone();
        reversed.parts.reverse();
        assert_eq!(said(&reading), said(&(connector.read)(&reversed, &context())), "{}", connector.name);
        let facts = reading.snapshots.iter().flat_map(|snapshot| reconcile(snapshot, &KnownMap::new()));
        let signals = reading.signals.iter().filter_map(|signal| signal.fact(Some(signal.at)).unwrap());
        for fact in facts.chain(signals).chain(reading.facts.clone()) {
            fact.check(context().now).unwrap_or_else(|error| panic!("{}: {error}", connector.name));
        }
        assert_eq!(gone(&reading, &reading), 0, "{}", connector.name);
    }
}

/// Notes what is wrong, so that one run shows all of it.
fn demand(wrong: &mut Vec<String>, holds: bool, what: String) {
    if !holds {
        wrong.push(what);
    }
}

#[test]
fn a_cut_file_is_told_of_keeps_what_is_whole_and_takes_nothing_back() {
    let mut wrong = Vec::new();
    for connector in CONNECTORS {
        let document = fixtures(connector);
        let whole = (connector.read)(&document, &context());
        let mut kept_most = 0;
        for (at, part) in document.parts.iter().enumerate() {
            let is_json = part.path.ends_with(".json") || part.path.ends_with(".tfstate");
            let end = part.bytes.trim_ascii_end().len();
            for cut in (0..CUTS).map(|nth| nth * end / CUTS) {
                let reading = (connector.read)(&with(&document, at, part.bytes[..cut].to_vec()), &context());
                let kept = said(&reading).intersection(&said(&whole)).count();
                kept_most = kept_most.max(kept);
                let name = format!("{} {} cut at {cut}", connector.name, part.path);
                if is_json {
                    demand(&mut wrong, !reading.diagnostics.is_empty(), format!("{name}: no diagnostic"));
                    demand(&mut wrong, gone(&whole, &reading) == 0, format!("{name}: things vanish"));
                }
            }
        }
        let what = format!("{} keeps {kept_most} of {}", connector.name, said(&whole).len());
        demand(&mut wrong, kept_most * 3 >= said(&whole).len(), what);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_empty_an_oversized_and_a_deep_file_are_told_of_and_take_nothing_back() {
    let mut wrong = Vec::new();
    let oversized = vec![b' '; DOCUMENT_BYTES_MAX + 1];
    let deep_json = format!("{}{}", "{\"a\":[".repeat(TOO_DEEP), "]}".repeat(TOO_DEEP));
    let deep_flow = format!("apiVersion: v1\nkind: List\na: {}{}\n", "[".repeat(TOO_DEEP), "]".repeat(TOO_DEEP));
    let deep_hcl = format!("locals {{ a = {}{} }}\n", "[".repeat(TOO_DEEP), "]".repeat(TOO_DEEP));
    for connector in CONNECTORS {
        let document = fixtures(connector);
        let whole = (connector.read)(&document, &context());
        for (at, part) in document.parts.iter().enumerate() {
            let name = format!("{} {}", connector.name, part.path);
            let ending = part.path.rsplit('.').next().unwrap();
            let deep = match ending {
                "yaml" => Some(&deep_flow),
                "tf" => Some(&deep_hcl),
                "json" | "jsonl" | "tfstate" => Some(&deep_json),
                _ => None,
            };
            for bytes in [Some(Vec::new()), Some(oversized.clone()), deep.map(|text| text.clone().into_bytes())] {
                let Some(bytes) = bytes else { continue };
                let size = bytes.len();
                let reading = (connector.read)(&with(&document, at, bytes), &context());
                let told = !reading.diagnostics.is_empty();
                // An empty file is a valid one of these languages, with nothing in it.
                let may_be_empty = size == 0 && matches!(ending, "tf" | "yaml");
                demand(&mut wrong, told || may_be_empty, format!("{name} with {size} bytes: no diagnostic"));
                demand(&mut wrong, gone(&whole, &reading) == 0, format!("{name} with {size} bytes: things vanish"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn another_encoding_is_told_of() {
    let mut wrong = Vec::new();
    for connector in CONNECTORS {
        let document = fixtures(connector);
        let whole = (connector.read)(&document, &context());
        for (at, part) in document.parts.iter().enumerate() {
            let name = format!("{} {}", connector.name, part.path);
            let text = String::from_utf8(part.bytes.clone()).unwrap();
            let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
            let reading = (connector.read)(&with(&document, at, utf16), &context());
            demand(&mut wrong, !reading.diagnostics.is_empty(), format!("{name}: UTF-16 without a word"));
            demand(&mut wrong, gone(&whole, &reading) == 0, format!("{name}: things vanish"));
            let mut latin = part.bytes.clone();
            let letters: Vec<usize> = (0..latin.len()).filter(|i| latin[*i].is_ascii_lowercase()).collect();
            latin[letters[letters.len() / 2]] = 0xe9;
            let reading = (connector.read)(&with(&document, at, latin), &context());
            demand(&mut wrong, !reading.diagnostics.is_empty(), format!("{name}: Latin-1 without a word"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
