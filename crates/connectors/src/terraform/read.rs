//! Source, plans and states of an estate, read together, so that modules, addresses and live things find each other.

use super::observe::{live_subject, observed, plain, references};
use crate::json::{self, NodeExt};
use crate::text::{decode, fits};
use crate::{At, Document, Family, Part, ReadContext, Reading, Snapshot, subjects};
use jiff::Timestamp;
use mainstay_iac::plan::{Change, read_plan};
use mainstay_iac::state::read_state;
use mainstay_iac::terraform::{self, read_terraform};
use mainstay_iac::{Block, Origin, Resource, SourceFile};
use mainstay_model::facts::{Aspect, ResourceDrifted};
use mainstay_model::{Level, Place, Subject};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most paths of a drifted resource that are named.
const DRIFT_PATHS_MAX: usize = 50;

/// Reads Terraform files of any kind: each part is told apart by its name and content.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let mut sources = Vec::new();
    let mut whole = true;
    for part in &document.parts {
        let is_json = (part.path.ends_with(".json") || part.path.ends_with(".tfstate")) && !is_source(&part.path);
        let decoded;
        let part = if is_json {
            // PowerShell writes plans in UTF-16; decoding says so and goes on.
            let Some(text) = decode(&part.bytes, &part.path, &mut reading) else {
                whole = false;
                continue;
            };
            decoded = Part::new(&*part.path, text.into_owned());
            &decoded
        } else if fits(&part.bytes, &part.path, &mut reading) {
            part
        } else {
            whole = false;
            continue;
        };
        match kind(part) {
            Kind::Plan => plan(part, ctx, &mut reading),
            Kind::State => state(part, ctx, &mut reading),
            Kind::Source => sources.push(SourceFile { path: part.path.clone(), bytes: part.bytes.clone() }),
            Kind::Other => {
                // It may be there for `file()`; where it is not even JSON, it is told of.
                json::parse(part, &[], &mut reading);
                sources.push(SourceFile { path: part.path.clone(), bytes: part.bytes.clone() });
            }
        }
    }
    if sources.iter().any(|file| is_source(&file.path)) {
        source(&sources, whole, ctx, &mut reading);
    }
    reading
}

enum Kind {
    Source,
    Plan,
    State,
    Other,
}

fn kind(part: &Part) -> Kind {
    let text = std::str::from_utf8(&part.bytes).unwrap_or_default();
    if part.path.contains(".tfstate") {
        Kind::State
    } else if !part.path.ends_with(".json") || is_source(&part.path) || part.path.ends_with(".tfvars.json") {
        Kind::Source
    } else if text.contains("\"format_version\"") {
        Kind::Plan
    } else if text.contains("\"terraform_version\"") && text.contains("\"lineage\"") {
        Kind::State
    } else {
        Kind::Other
    }
}

pub(crate) fn is_source(path: &str) -> bool {
    [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|end| path.ends_with(end))
}

fn folder_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder,
        _ => ".",
    }
}

fn scope(ctx: &ReadContext, folder: &str) -> String {
    ctx.scoped("terraform", folder)
}

/// What the source of each root declares.
fn source(files: &[SourceFile], whole: bool, ctx: &ReadContext, reading: &mut Reading) {
    let read = read_terraform(files, &terraform::Options::default());
    let failed = read.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    let mut roots: BTreeMap<&str, Vec<&Resource>> = BTreeMap::new();
    for resource in read.resources.iter().filter(|resource| resource.block == Block::Resource) {
        roots.entry(&*resource.root).or_default().push(resource);
    }
    for (root, resources) in roots {
        let folder = if root.is_empty() { "." } else { root };
        let mut snapshot = Snapshot::new(scope(ctx, folder), Family::Resource(Aspect::Declared), ctx.now);
        snapshot.complete = whole && !failed;
        let mut known: BTreeMap<String, Vec<Subject>> = BTreeMap::new();
        for resource in &resources {
            let subject = subjects::terraform(folder, &resource.address);
            known.entry(plain(&resource.address)).or_default().push(subject);
        }
        for resource in resources {
            let place = read.place(resource.at);
            let mut data = observed(resource, Aspect::Declared, folder, place.clone(), ctx);
            data.references = references(resource, |target| known.get(&plain(target)).cloned().unwrap_or_default());
            snapshot.add(subjects::terraform(folder, &resource.address), &data, reading, &at(&place, ctx));
        }
        reading.snapshots.push(snapshot);
    }
    read.diagnostics.into_iter().for_each(|diagnostic| reading.note(diagnostic));
}

/// What a state says is live.
fn state(part: &Part, ctx: &ReadContext, reading: &mut Reading) {
    let read = read_state(&[SourceFile { path: part.path.clone(), bytes: part.bytes.clone() }]);
    let folder = folder_of(&part.path);
    let mut snapshot = Snapshot::new(scope(ctx, folder), Family::Resource(Aspect::Live), ctx.now);
    snapshot.complete = read.diagnostics.iter().all(|diagnostic| diagnostic.level != Level::Error);
    let managed = |resource: &&Resource| resource.block == Block::Resource && !resource.address.contains("(deposed");
    let mut known: BTreeMap<String, Vec<Subject>> = BTreeMap::new();
    for resource in read.resources.iter().filter(managed) {
        if let Some(subject) = live_subject(resource, &resource.body) {
            known.entry(plain(&resource.address)).or_default().push(subject);
        }
    }
    for resource in read.resources.iter().filter(managed) {
        // What has no id has no live thing behind it, such as a null_resource that never ran.
        let Some(subject) = live_subject(resource, &resource.body) else { continue };
        let place = read.place(resource.at);
        let mut data = observed(resource, Aspect::Live, folder, place.clone(), ctx);
        data.same_as = Some(subjects::terraform(folder, &resource.address));
        data.managed_by = Some(format!("terraform:{}", part.path));
        data.references = references(resource, |target| known.get(&plain(target)).cloned().unwrap_or_default());
        data.references.retain(|reference| *reference != subject);
        snapshot.add(subject, &data, reading, &at(&place, ctx));
    }
    reading.snapshots.push(snapshot);
    read.diagnostics.into_iter().for_each(|diagnostic| reading.note(diagnostic));
}

/// What a plan would do, and what it found changed outside.
fn plan(part: &Part, ctx: &ReadContext, reading: &mut Reading) {
    let plan = read_plan(&SourceFile { path: part.path.clone(), bytes: part.bytes.clone() });
    let failed = plan.errored || plan.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    let folder = folder_of(&part.path);
    let time = time_of(part).filter(|time| *time <= ctx.now).unwrap_or(ctx.now);
    let mut planned = Snapshot::new(scope(ctx, folder), Family::Resource(Aspect::Planned), time);
    planned.complete = !failed;
    for change in &plan.changes {
        let resource = &change.resource;
        let action = resource.action.as_deref().unwrap_or("no-op");
        if resource.block != Block::Resource || matches!(action, "no-op" | "read") {
            continue;
        }
        let place = Place::at(&part.path, resource.at.line, resource.at.column);
        let mut data = observed(resource, Aspect::Planned, folder, place.clone(), ctx);
        data.action = Some(action.to_owned());
        data.same_as = live_subject(resource, &change.before);
        planned.add(subjects::terraform(folder, &resource.address), &data, reading, &at(&place, ctx));
    }
    let mut drift = Snapshot::new(scope(ctx, folder), Family::Drift, time);
    drift.complete = !failed;
    for change in plan.drift.iter().filter(|change| change.resource.block == Block::Resource) {
        let resource = &change.resource;
        let attributes = differences(change);
        let subject = live_subject(resource, &change.before);
        if attributes.is_empty() {
            continue;
        }
        let place = Place::at(&part.path, resource.at.line, resource.at.column);
        let environment = observed(resource, Aspect::Live, folder, place.clone(), ctx).environment;
        let data = ResourceDrifted { attributes, by: None, authorised: false, environment };
        let subject = subject.unwrap_or_else(|| subjects::terraform(folder, &resource.address));
        drift.add(subject, &data, reading, &at(&place, ctx));
    }
    reading.snapshots.push(planned);
    reading.snapshots.push(drift);
    plan.diagnostics.into_iter().for_each(|diagnostic| reading.note(diagnostic));
}

/// When the plan was made, which Terraform states since 1.5.
fn time_of(part: &Part) -> Option<Timestamp> {
    let text = mainstay_iac::text_of(&part.bytes, &part.path).ok()?;
    let node = mainstay_iac::json::parse(text, Origin::of(&part.path)).ok()?;
    node.text("timestamp")?.parse().ok()
}

/// The paths in which before and after differ, never their values. A sensitive value reads as null on both sides.
fn differences(change: &Change) -> Vec<String> {
    if change.resource.action.as_deref() == Some("delete") {
        return vec!["deleted".to_owned()];
    }
    let mut paths = Vec::new();
    compare(&change.before.to_json(), &change.resource.body.to_json(), "", &mut paths);
    paths.sort();
    paths.truncate(DRIFT_PATHS_MAX);
    paths
}

fn compare(before: &Value, after: &Value, path: &str, paths: &mut Vec<String>) {
    let inside = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                compare(a, b, &inside(key), paths);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(a, b, &inside(&index.to_string()), paths);
            }
        }
        (a, b) if a != b => paths.push(if path.is_empty() { "*".to_owned() } else { path.to_owned() }),
        _ => {}
    }
}

fn at<'a>(place: &'a Place, ctx: &ReadContext) -> At<'a> {
    At { now: ctx.now, path: &place.file, line: place.line, column: place.column }
}
