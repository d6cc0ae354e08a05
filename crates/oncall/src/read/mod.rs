//! From files to people and schedules.

mod fields;
mod people;
mod policy;
mod schedule;
mod words;

use crate::Roster;
use fields::{File, field};
use mainstay_iac::{Node, Origin, SourceFile, Value, yaml};
use mainstay_model::{Diagnostic, Level, Place};
use people::Known;
use std::collections::BTreeMap;

/// What a document begins with.
const VERSION: &str = "oncall/v1";

/// What some files say.
#[derive(Debug, Default)]
pub struct Reading {
    /// People and schedules that can be used.
    pub roster: Roster,
    /// What is wrong. An error costs the schedule that it speaks of, and no other.
    pub diagnostics: Vec<Diagnostic>,
    /// How many documents were read.
    pub documents: usize,
}

impl Reading {
    /// Whether something could not be used.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }
}

/// Reads files of YAML or JSON as one batch: people may stand in another file than the schedules that name them.
#[must_use]
pub fn read(files: &[SourceFile]) -> Reading {
    let mut reading = Reading::default();
    let mut parsed: Vec<(&str, Vec<Node>)> = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&file.bytes);
        let documents = yaml::parse(&text, Origin::of(&file.path), yaml::Schema::Core);
        if documents.documents.is_empty() && documents.diagnostics.is_empty() {
            let mend = format!("write `version: {VERSION}` and schedules into it");
            reading.diagnostics.push(Diagnostic::error(
                "oncall.empty",
                "holds no document",
                Place::file(&file.path),
                mend,
            ));
        }
        reading.diagnostics.extend(documents.diagnostics);
        parsed.push((&file.path, documents.documents));
    }
    let mut known = Known::default();
    for (path, nodes) in &parsed {
        let mut file = File { path, diagnostics: Vec::new() };
        nodes.iter().for_each(|node| known.learn(&mut file, node));
        reading.diagnostics.append(&mut file.diagnostics);
    }
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for (path, nodes) in &parsed {
        let mut file = File { path, diagnostics: Vec::new() };
        for node in nodes {
            reading.documents += usize::from(document(&mut file, node, &mut known, &mut places, &mut reading.roster));
        }
        reading.diagnostics.append(&mut file.diagnostics);
    }
    // Behind all schedules, as a policy may name one of a later file.
    let mut policies: BTreeMap<String, Place> = BTreeMap::new();
    for (path, nodes) in &parsed {
        let mut file = File { path, diagnostics: Vec::new() };
        for item in
            nodes.iter().filter(|node| is_ours(node)).flat_map(|node| file.list(node, "policies")).collect::<Vec<_>>()
        {
            let before = file.errors();
            let Some(policy) = policy::policy(&mut file, item, &mut known, &reading.roster.schedules) else { continue };
            if let Some(first) = policies.get(&policy.id) {
                let what = format!("the policy {} stands already at {first}", policy.id);
                file.error(item, what, "give one of them another id");
            }
            if file.errors() == before {
                policies.insert(policy.id.clone(), policy.place.clone());
                reading.roster.policies.push(policy);
            }
        }
        reading.diagnostics.append(&mut file.diagnostics);
    }
    reading.roster.people = known.people();
    reading.diagnostics.sort_by(|a, b| a.place.cmp(&b.place).then(b.level.cmp(&a.level)));
    reading.diagnostics.dedup();
    reading
}

fn version(node: &Node) -> Option<&str> {
    match &field(node, "version")?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn is_ours(node: &Node) -> bool {
    version(node) == Some(VERSION)
}

/// The schedules of one document; says whether it is one of ours.
fn document(
    file: &mut File<'_>,
    node: &Node,
    known: &mut Known,
    places: &mut BTreeMap<String, Place>,
    roster: &mut Roster,
) -> bool {
    if !is_ours(node) {
        let what = match version(node) {
            Some(version) => format!("{version:?} is no version of schedules that is read here"),
            None => "the document does not say what it is".to_owned(),
        };
        file.error(field(node, "version").unwrap_or(node), what, format!("begin with `version: {VERSION}`"));
        return false;
    }
    file.only(node, &["version", "people", "schedules", "policies"]);
    for item in file.list(node, "schedules") {
        let before = file.errors();
        let Some(schedule) = schedule::schedule(file, item, known) else { continue };
        if let Some(first) = places.get(&schedule.id) {
            let what = format!("the schedule {} stands already at {first}", schedule.id);
            file.error(item, what, "give one of them another id");
        }
        if file.errors() == before {
            places.insert(schedule.id.clone(), schedule.place.clone());
            roster.schedules.push(schedule);
        }
    }
    true
}
