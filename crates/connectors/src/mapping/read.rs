//! Mapping and data to facts.

use super::data::{Record, records};
use super::file::{Detailed, FactMapping, Mapping};
use super::template::{fill, text};
use crate::collect::{Request, parts, paths};
use crate::identity::content_digest;
use crate::reading::Family;
use crate::signal::{Heard, Signal, alert_key};
use crate::{At, Document, Part, ReadContext, Reading, Snapshot, SnapshotItem, attributes, fact_id};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use mainstay_iac::Value as Iac;
use mainstay_model::facts::{AlertAcknowledged, AlertFired, AlertResolved};
use mainstay_model::{Diagnostic, Fact, FactData, Place, Subject, Window, line_column};
use mainstay_outside::Outside;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The built-in mapping of AWS's tagging API.
const AWS: &str = include_str!("../inventory/aws.toml");

/// Reads a mapping (the part whose name ends in `.toml`) and its data (the other parts).
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let (mappings, data): (Vec<&Part>, Vec<&Part>) =
        document.parts.iter().partition(|part| part.path.ends_with(".toml"));
    for part in &mappings {
        let Some(content) = crate::text::decode(&part.bytes, &part.path, &mut reading) else { continue };
        let Some(mapping) = parse(&content, &part.path, &mut reading) else { continue };
        for file in
            data.iter().filter(|file| mappings.len() == 1 || mapping.data.iter().any(|name| file.path.ends_with(name)))
        {
            apply(&mapping, file, ctx, &mut reading);
        }
    }
    if mappings.is_empty() {
        let place = Place::file(&document.origin);
        let help = "hand over the mapping file (.toml) with its data";
        reading.note(Diagnostic::error("mapping.none", "there is no mapping file", place, help));
    }
    reading
}

/// Reads what AWS's tagging API answers, by the built-in mapping.
#[must_use]
pub fn read_inventory(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let Some(mapping) = parse(AWS, "aws.toml", &mut reading) else { return reading };
    document.parts.iter().for_each(|part| apply(&mapping, part, ctx, &mut reading));
    reading
}

/// Collects mapping files with the data that they name, or that the request names beside them.
pub fn collect(outside: &Outside, request: &Request<'_>, sink: &mut dyn FnMut(Reading)) {
    let mut reading = Reading::default();
    let mut found = parts(outside, request, &mut reading);
    let (root, files) = paths(outside, request, &mut Reading::default());
    if let Some(mapping) = &request.context.options.mapping {
        fetch(outside, &root.join(mapping), mapping, &mut found, request, &mut reading);
    }
    let alone = found.iter().all(|part| part.path.ends_with(".toml"));
    for (file, part) in files.iter().zip(found.clone()).filter(|_| alone) {
        let content = String::from_utf8_lossy(&part.bytes).into_owned();
        let Some(mapping) = parse(&content, &part.path, &mut Reading::default()) else { continue };
        let (folder, shown) =
            (file.parent().unwrap_or(&root), part.path.rsplit_once('/').map_or("", |(folder, _)| folder));
        for name in &mapping.data {
            let shown = if shown.is_empty() { name.clone() } else { format!("{shown}/{name}") };
            fetch(outside, &folder.join(name), &shown, &mut found, request, &mut reading);
        }
    }
    if !found.is_empty() {
        reading.merge(read(&Document::folder(request.origin.shown(), found), &request.context));
    }
    sink(reading);
}

/// The data files that a mapping file names; none where it cannot be read, which reading it will tell.
pub(crate) fn data_of(content: &[u8]) -> Vec<String> {
    let content = String::from_utf8_lossy(content);
    toml::from_str::<Mapping>(&content).map(|mapping| mapping.data).unwrap_or_default()
}

fn fetch(
    outside: &Outside,
    path: &std::path::Path,
    shown: &str,
    found: &mut Vec<Part>,
    request: &Request<'_>,
    reading: &mut Reading,
) {
    (request.progress)(shown);
    match outside.read(path, crate::DOCUMENT_BYTES_MAX as u64) {
        Ok(bytes) => found.push(Part::new(shown, bytes)),
        Err(error) => reading.note(request.failed(&error.to_string())),
    }
}

fn parse(content: &str, path: &str, reading: &mut Reading) -> Option<Mapping> {
    let refuse = |what: String, line: u32, column: u32| {
        let help = "a mapping has source, data and [[fact]] with type, subject, time and fields; see the reference";
        Diagnostic::error("mapping.malformed", what, Place::at(path, line, column), help)
    };
    match toml::from_str::<Mapping>(content) {
        Ok(mapping) => Some(mapping),
        Err(error) => {
            let (line, column) = error.span().map_or((0, 0), |span| line_column(content, span.start));
            reading.note(refuse(error.message().replace('\n', " "), line, column));
            None
        }
    }
}

struct Applied<'a> {
    mapping: &'a Mapping,
    part: &'a Part,
    ctx: &'a ReadContext,
    zone: TimeZone,
}

/// What keeps a record from becoming a fact: why, and the column or path it is about.
type Refusal = (String, Option<String>);

fn apply(mapping: &Mapping, part: &Part, ctx: &ReadContext, reading: &mut Reading) {
    let zone = match mapping.zone.as_deref().map(Window::zone).transpose() {
        Ok(zone) => zone.unwrap_or(TimeZone::UTC),
        Err(error) => {
            let help = "set `zone` to a name of the IANA database";
            reading.note(Diagnostic::error("mapping.zone", error.to_string(), Place::file(&part.path), help));
            return;
        }
    };
    let applied = Applied { mapping, part, ctx, zone };
    let (records, mut whole) = records(mapping, part, reading);
    let mut snapshots: BTreeMap<&'static str, Snapshot> = BTreeMap::new();
    for record in &records {
        for fact in &mapping.facts {
            if fact.when.as_ref().is_some_and(|when| !holds(when, record)) {
                continue;
            }
            match applied.one(fact, record) {
                Ok(made) if fact.episode => applied.heard(made, record, reading),
                Ok(made) if fact.state => whole &= applied.state(made, record, &mut snapshots, reading),
                Ok(made) => reading.take(made, &applied.at(record, None)),
                Err((why, path)) => {
                    whole = false;
                    let place = applied.at(record, path.as_deref()).place();
                    reading.note(Diagnostic::error("mapping.record", why, place, "mend the record or the mapping"));
                }
            }
        }
    }
    reading.snapshots.extend(snapshots.into_values().map(|snapshot| Snapshot { complete: whole, ..snapshot }));
}

/// Whether a record is one that a fact is made of.
fn holds(when: &str, record: &Record) -> bool {
    let is = |(path, wanted): (&str, &str)| {
        record.get(path.trim()).is_some_and(|value| text(&value).trim() == wanted.trim())
    };
    record.get(when).is_some() || when.rsplit_once('=').is_some_and(is)
}

impl Applied<'_> {
    /// Adds a statement about an alert that its sender knows by a key.
    fn heard(&self, fact: Fact, record: &Record, reading: &mut Reading) {
        let at = self.at(record, None);
        let key = alert_key(&[fact.subject.as_ref().map_or("", Subject::name)]);
        let heard = match fact.fact_type.as_str() {
            AlertFired::TYPE => {
                let mut data = fact.data.clone();
                if let Some(data) = data.as_object_mut() {
                    data.insert("fingerprint".to_owned(), key.clone().into());
                    data.entry("labels").or_insert_with(|| Value::Object(Map::new()));
                }
                serde_json::from_value(data).map(|fired| Heard::Fires(Box::new(fired))).map_err(|e| e.to_string())
            }
            AlertAcknowledged::TYPE => serde_json::from_value::<AlertAcknowledged>(fact.data.clone())
                .map(|seen| Heard::Acknowledged(seen.by))
                .map_err(|e| e.to_string()),
            AlertResolved::TYPE => Ok(Heard::Ends),
            other => Err(format!(
                "{other} is none of mainstay.alert.fired.v1, acknowledged and resolved, which `episode` fits"
            )),
        };
        match heard {
            Ok(heard) => {
                Signal { source: fact.source, key, at: fact.time, heard, place: at.place() }.say(reading, &at);
            }
            Err(why) => {
                let help = "mend the record or the mapping";
                reading.note(Diagnostic::error("mapping.episode", why, at.place(), help));
            }
        }
    }

    fn one(&self, fact: &FactMapping, record: &Record) -> Result<Fact, Refusal> {
        let missing =
            |path: String| (format!("{path:?} is missing, empty, or not what its filter asks for"), Some(path));
        let subject = fill(&fact.subject, record, None).map_err(missing)?;
        let subject = Subject::new(subject).map_err(|error| (error.to_string(), None))?;
        let time = match &fact.time {
            None => self.ctx.now,
            Some(path) => {
                let value = record.get(path).ok_or_else(|| missing(path.clone()))?;
                self.time(&text(&value)).map_err(|why| (why, Some(path.clone())))?
            }
        };
        let mut data = Map::new();
        for (name, field) in &fact.fields {
            if let Some(value) = self.field(&field.detailed(), record)? {
                data.insert(name.clone(), value);
            }
        }
        let data = Value::Object(data);
        let id = match &fact.id {
            Some(template) => fill(template, record, None).map_err(missing)?,
            None => {
                let digest = content_digest(&data).to_string();
                fact_id(&[&fact.fact_type, subject.as_str(), &time.to_string(), &digest]).to_string()
            }
        };
        Ok(Fact {
            id: mainstay_model::FactId::new(id).map_err(|error| (error.to_string(), None))?,
            source: self.ctx.source_or(&self.mapping.source),
            fact_type: fact.fact_type.clone(),
            subject: Some(subject),
            time,
            data,
            extensions: Map::new(),
        })
    }

    /// Adds a statement about what exists; false where the ledger would refuse it.
    fn state(
        &self,
        fact: Fact,
        record: &Record,
        snapshots: &mut BTreeMap<&'static str, Snapshot>,
        reading: &mut Reading,
    ) -> bool {
        let at = self.at(record, None);
        let Some(family) = Family::of(&fact.fact_type, &fact.data) else {
            let what = format!("{} does not state what exists, so `state` does not fit it", fact.fact_type);
            reading.note(Diagnostic::error("mapping.state", what, at.place(), "leave `state` out of the mapping"));
            return false;
        };
        if let Err(error) = fact.check(self.ctx.now) {
            reading.note(Diagnostic::error(
                "fact.refused",
                error.to_string(),
                at.place(),
                "mend the record or the mapping",
            ));
            return false;
        }
        let scope = format!("{}:{}", fact.source, self.part.path);
        let snapshot = snapshots.entry(family.name()).or_insert_with(|| Snapshot::new(scope, family, self.ctx.now));
        let Fact { subject: Some(subject), fact_type, data, .. } = fact else { return false };
        snapshot.items.push(SnapshotItem { subject, fact_type, data, since: None });
        true
    }

    fn field(&self, field: &Detailed, record: &Record) -> Result<Option<Value>, Refusal> {
        if let Some(value) = &field.value {
            return Ok(Some(value.clone()));
        }
        if let Some(template) = &field.template {
            return Ok(fill(template, record, None).ok().map(Value::String));
        }
        let Some(path) = &field.from else { return Ok(None) };
        let Some(value) = record.get(path) else { return Ok(None) };
        let refuse = |why: String| (why, Some(path.clone()));
        let plain = text(&value);
        if !field.map.is_empty() {
            let found = field.map.get(plain.trim()).or_else(|| field.map.get("*")).cloned();
            return found.map(Some).ok_or_else(|| refuse(format!("{plain:?} is not among the values of the map")));
        }
        let made = match field.kind.as_deref() {
            None => value,
            Some("text") => Value::String(plain),
            Some("number") => serde_json::from_str::<serde_json::Number>(plain.trim())
                .map(Value::Number)
                .map_err(|_| refuse(format!("{plain:?} is no number")))?,
            Some("bool") => match &*plain.trim().to_lowercase() {
                "true" | "yes" | "y" | "1" | "on" => Value::Bool(true),
                "false" | "no" | "n" | "0" | "off" => Value::Bool(false),
                _ => return Err(refuse(format!("{plain:?} is neither yes nor no"))),
            },
            Some("time") => Value::String(self.time(&plain).map_err(refuse)?.to_string()),
            Some("list") => list(field, &value, &plain, record),
            Some("tags") => tags(field, &value),
            Some(other) => {
                return Err(refuse(format!("`as = {other:?}` is none of text, number, bool, time, list, tags")));
            }
        };
        Ok(Some(made))
    }

    /// Reads a time in the mapping's format, or in RFC 3339 and what is near it.
    fn time(&self, text: &str) -> Result<Timestamp, String> {
        let text = text.trim();
        let local = |at: DateTime| at.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp());
        let found = match &self.mapping.time_format {
            Some(format) => {
                let broken = jiff::fmt::strtime::parse(format, text).ok();
                broken
                    .and_then(|broken| broken.to_timestamp().ok().or_else(|| broken.to_datetime().ok().and_then(local)))
            }
            None => {
                let tidy = text.replacen(' ', "T", 1);
                let date = || text.parse::<jiff::civil::Date>().ok().map(|date| date.at(0, 0, 0, 0));
                tidy.parse().ok().or_else(|| tidy.parse::<DateTime>().ok().or_else(date).and_then(local))
            }
        };
        found.ok_or_else(|| {
            format!("{text:?} is no time of the form {}", self.mapping.time_format.as_deref().unwrap_or("RFC 3339"))
        })
    }

    fn at(&self, record: &Record, path: Option<&str>) -> At<'_> {
        let (line, column) = record.place(path);
        At { now: self.ctx.now, path: &self.part.path, line, column }
    }
}

fn list(field: &Detailed, value: &Value, plain: &str, record: &Record) -> Value {
    let elements: Vec<String> = match value {
        Value::Array(items) => items.iter().map(text).collect(),
        _ => plain.split([',', ';']).map(|item| item.trim().to_owned()).collect(),
    };
    let filled = elements.into_iter().filter(|element| !element.is_empty());
    let made = filled.filter_map(|element| match &field.each {
        Some(template) => fill(template, record, Some(&element)).ok(),
        None => Some(element),
    });
    Value::Array(made.map(Value::String).collect())
}

fn tags(field: &Detailed, value: &Value) -> Value {
    let (key, worth) = (field.key.as_deref().unwrap_or("Key"), field.value_key.as_deref().unwrap_or("Value"));
    let pair = |item: &Value| Some((text(item.get(key)?), Value::String(text(item.get(worth)?))));
    let found: Map<String, Value> = match value {
        Value::Array(items) => items.iter().filter_map(pair).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), Value::String(text(value)))).collect(),
        _ => Map::new(),
    };
    // Tags are typed by hand; one that is a secret by name or form does not go further.
    let origin = mainstay_iac::Origin::of("tags");
    let node = mainstay_iac::json::parse(&Value::Object(found).to_string(), origin).ok();
    let kept = attributes::texts(node.as_ref().filter(|node| matches!(node.value, Iac::Map(_))));
    kept.into_iter().map(|(key, value)| (key, Value::String(value))).collect()
}
