//! Promise files to promises, each checked by itself, so that one bad entry costs itself only.

use crate::json::NodeExt;
use crate::text::decode;
use crate::{At, Document, Family, Part, ReadContext, Reading, Snapshot};
use mainstay_iac::{Origin, yaml};
use mainstay_model::facts::PromiseMade;
use mainstay_model::{Diagnostic, Place, Promise, PromiseKind, Subject, Window, line_column};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use toml::Spanned;

const HELP: &str =
    "a promise has id, subject, kind (backup-schedule, vulnerability-sla, restore-time) and what the kind asks for";

#[derive(Deserialize)]
struct TomlFile {
    #[serde(default, alias = "promises")]
    promise: Vec<Spanned<toml::Table>>,
    #[serde(flatten)]
    other: BTreeMap<String, Value>,
}

/// One entry and where it stands.
struct Entry<'a> {
    part: &'a Part,
    data: Value,
    line: u32,
    column: u32,
}

/// Reads all promise files of an estate as one batch.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let mut entries = Vec::new();
    let mut whole = true;
    for part in &document.parts {
        let before = reading.diagnostics.len();
        let Some(text) = decode(&part.bytes, &part.path, &mut reading) else {
            whole = false;
            continue;
        };
        if part.path.ends_with(".yaml") || part.path.ends_with(".yml") {
            from_yaml(part, &text, &mut entries, &mut reading);
        } else {
            from_toml(part, &text, &mut entries, &mut reading);
        }
        whole &= reading.diagnostics.len() == before;
    }
    let mut snapshot = Snapshot::new(ctx.source_or("promises"), Family::Promise, ctx.now);
    snapshot.complete = whole;
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for entry in entries {
        let at = At { now: ctx.now, path: &entry.part.path, line: entry.line, column: entry.column };
        match check(&entry, &mut reading) {
            Err(why) => {
                snapshot.complete = false;
                reading.note(Diagnostic::error("promise.malformed", why, at.place(), HELP));
            }
            Ok(promise) => match places.get(&promise.id) {
                Some(first) => {
                    let what = format!("promise {} is made a second time; the first counts, at {first}", promise.id);
                    reading.note(Diagnostic::error("promise.duplicate", what, at.place(), "give it an id of its own"));
                }
                None => {
                    places.insert(promise.id.clone(), at.place());
                    let subject = Subject::of("promise", &promise.id);
                    snapshot.add(subject, &PromiseMade { promise }, &mut reading, &at);
                }
            },
        }
    }
    reading.snapshots.push(snapshot);
    reading
}

fn from_toml<'a>(part: &'a Part, text: &str, entries: &mut Vec<Entry<'a>>, reading: &mut Reading) {
    let file: TomlFile = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let (line, column) = error.span().map_or((0, 0), |span| line_column(text, span.start));
            let why = error.message().lines().next().unwrap_or_default().to_owned();
            reading.note(Diagnostic::error("promise.syntax", why, Place::at(&part.path, line, column), HELP));
            return;
        }
    };
    for key in file.other.keys() {
        let what = format!("{key:?} is not known here; promises stand under [[promise]]");
        reading.note(Diagnostic::warning("promise.unknown", what, Place::file(&part.path), HELP));
    }
    for entry in file.promise {
        let (line, column) = line_column(text, entry.span().start);
        let data = serde_json::to_value(entry.into_inner()).unwrap_or_default();
        entries.push(Entry { part, data, line, column });
    }
}

fn from_yaml<'a>(part: &'a Part, text: &str, entries: &mut Vec<Entry<'a>>, reading: &mut Reading) {
    let read = yaml::parse(text, Origin::of(&part.path), yaml::Schema::Core);
    read.diagnostics.into_iter().for_each(|diagnostic| reading.note(diagnostic));
    for node in &read.documents {
        let list = node.field("promises").or_else(|| node.field("promise")).map_or(node.items(), NodeExt::items);
        let nodes = if list.is_empty() { std::slice::from_ref(node) } else { list };
        entries.extend(nodes.iter().map(|n| Entry { part, data: n.to_json(), line: n.at.line, column: n.at.column }));
    }
}

fn check(entry: &Entry<'_>, reading: &mut Reading) -> Result<Promise, String> {
    let promise: Promise = serde_json::from_value(entry.data.clone()).map_err(|error| error.to_string())?;
    if promise.id.trim().is_empty() || promise.id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!("id {:?} must be a word such as backup.orders-db", promise.id));
    }
    let read_back = serde_json::to_value(&promise).map_err(|error| error.to_string())?;
    let keys = entry.data.as_object().into_iter().flat_map(|map| map.keys());
    for key in keys.filter(|key| read_back.get(key.as_str()).is_none()) {
        let place = Place::at(&entry.part.path, entry.line, entry.column);
        let what = format!("promise {} has {key:?}, which its kind does not know; it is passed over", promise.id);
        reading.note(Diagnostic::warning("promise.unknown", what, place, HELP));
    }
    match &promise.kind {
        PromiseKind::BackupSchedule { schedule, zone, .. } => {
            Window::zone(zone).map_err(|error| error.to_string())?;
            if schedule.split_whitespace().count() != 5 && !schedule.starts_with('@') {
                return Err(format!("schedule {schedule:?} is no cron expression of five fields"));
            }
        }
        PromiseKind::VulnerabilitySla { days: 0, .. } | PromiseKind::RestoreTime { minutes: 0 } => {
            return Err("a promise to be done in no time cannot be kept".to_owned());
        }
        _ => {}
    }
    Ok(promise)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[promise]]
id = \"backup.orders\"
subject = \"service:orders\"
kind = \"backup-schedule\"
schedule = \"30 2 * * *\"
zone = \"Europe/Berlin\"
window_min = 45
job = \"restic:orders\"
";

    fn read_file(path: &str, text: &str) -> Reading {
        read(&Document::of(path, text), &ReadContext::at("2026-11-01T00:00:00Z".parse().unwrap()))
    }

    #[test]
    fn toml_and_yaml_make_the_same_promise() {
        let toml = read_file("promises/a.toml", GOOD);
        assert!(toml.diagnostics.is_empty(), "{:?}", toml.diagnostics);
        let yaml =
            "promises:\n- {id: backup.orders, subject: 'service:orders', kind: backup-schedule, schedule: '30 2 * * *',
           zone: Europe/Berlin, window_min: 45, job: 'restic:orders'}\n";
        assert_eq!(toml.snapshots[0].items, read_file("promises/a.yaml", yaml).snapshots[0].items);
        assert_eq!(toml.snapshots[0].items[0].subject.as_str(), "promise:backup.orders");
    }

    #[test]
    fn a_bad_promise_is_told_with_file_and_line_and_the_others_count() {
        let bad = format!(
            "{GOOD}\n[[promise]]\nid = \"x\"\nsubject = \"orders\"\nkind = \"restore-time\"\nminutes = 5\n{GOOD}"
        );
        let text = format!("{bad}\n{}", GOOD.replace("backup.orders", "b").replace("Berlin", "Nowhere"));
        let reading = read_file("promises/a.toml", &text);
        assert_eq!(reading.snapshots[0].items.len(), 1);
        assert!(!reading.snapshots[0].complete);
        let told: Vec<_> = reading.diagnostics.iter().map(|d| format!("{} {}", d.code, d.place)).collect();
        assert_eq!(
            told,
            [
                "promise.malformed promises/a.toml:10:1",
                "promise.duplicate promises/a.toml:15:1",
                "promise.malformed promises/a.toml:24:1"
            ]
        );
        assert!(reading.diagnostics[0].summary.contains("kind:name"), "{}", reading.diagnostics[0].summary);
        let syntax = read_file("promises/a.toml", "[[promise]]\nid = \n");
        assert_eq!(syntax.diagnostics[0].place.to_string(), "promises/a.toml:2:6");
    }
}
