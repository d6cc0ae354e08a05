//! All catalog files of an estate to entities, with what is wrong with them.

use super::entity::{Ref, is_name, missing, relations, texts};
use crate::json::NodeExt;
use crate::text::decode;
use crate::{At, Document, Family, Part, ReadContext, Reading, Snapshot, subjects};
use mainstay_iac::{Node, Origin, yaml};
use mainstay_model::facts::{EntityDeclared, Relation};
use mainstay_model::{Diagnostic, Place, Subject};
use std::collections::BTreeMap;

/// Keys of labels and annotations that name an entity's tier.
const TIER_KEYS: &[&str] = &["tier", "mainstay.dev/tier", "mainstay/tier", "backstage.io/tier", "service-tier"];

struct Entity<'a> {
    part: &'a Part,
    node: &'a Node,
    kind: String,
    reference: Ref,
}

/// Reads the catalog as one batch: a target that no file declares is a warning with its place, a second declaration of an
/// entity an error.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let mut documents = Vec::new();
    let mut whole = true;
    for part in &document.parts {
        let Some(text) = decode(&part.bytes, &part.path, &mut reading) else {
            whole = false;
            continue;
        };
        let read = yaml::parse(&text, Origin::of(&part.path), yaml::Schema::Core);
        whole &= read.diagnostics.iter().all(|found| found.level != mainstay_model::Level::Error);
        read.diagnostics.into_iter().for_each(|diagnostic| reading.note(diagnostic));
        documents.extend(read.documents.into_iter().map(|node| (part, node)));
    }
    let mut entities: BTreeMap<Ref, Entity<'_>> = BTreeMap::new();
    for (part, node) in &documents {
        let Some(entity) = identify(part, node, &mut reading) else {
            whole = false;
            continue;
        };
        if let Some(first) = entities.get(&entity.reference) {
            let what =
                format!("{} is declared a second time; the first counts, at {}", entity.reference.text(), place(first));
            let help = "give one of them another name or namespace";
            reading.note(Diagnostic::error("backstage.duplicate", what, place(&entity), help));
            continue;
        }
        entities.insert(entity.reference.clone(), entity);
    }
    let mut snapshot = Snapshot::new(ctx.source_or("catalog"), Family::Entity, ctx.now);
    snapshot.complete = whole;
    for entity in entities.values() {
        let at = At { now: ctx.now, path: &entity.part.path, line: entity.node.at.line, column: entity.node.at.column };
        let declared = declare(entity, &entities, &mut reading);
        snapshot.add(subject_of(&entity.reference), &declared, &mut reading, &at);
    }
    reading.snapshots.push(snapshot);
    reading
}

/// The reference of a document, where it is an entity.
fn identify<'a>(part: &'a Part, node: &'a Node, reading: &mut Reading) -> Option<Entity<'a>> {
    let mut refuse = |why: String, place: Place| {
        let help = "an entity has apiVersion, kind and metadata.name; see backstage.io, descriptor format";
        reading.note(Diagnostic::error("backstage.malformed", why, place, help));
    };
    let at = |node: &Node| Place::at(&part.path, node.at.line, node.at.column);
    let (Some(_), Some(kind)) = (node.text("apiVersion"), node.text("kind")) else {
        refuse("the document has no `apiVersion` or no `kind`".to_owned(), at(node));
        return None;
    };
    let metadata = node.field("metadata");
    let Some(name) = metadata.and_then(|metadata| metadata.field("name")) else {
        refuse(format!("the {kind} has no `metadata.name`"), metadata.map_or(at(node), at));
        return None;
    };
    let text = texts(metadata).remove("name").unwrap_or_default();
    if !is_name(&text) {
        refuse(format!("{text:?} is no name: letters, digits and - _ . between them, at most 63"), at(name));
        return None;
    }
    let namespace = metadata.and_then(|metadata| metadata.text("namespace")).unwrap_or("default");
    let reference = Ref { kind: kind.to_lowercase(), namespace: namespace.to_lowercase(), name: text.to_lowercase() };
    Some(Entity { part, node, kind: kind.to_owned(), reference })
}

fn declare(entity: &Entity<'_>, all: &BTreeMap<Ref, Entity<'_>>, reading: &mut Reading) -> EntityDeclared {
    let (node, reference) = (entity.node, &entity.reference);
    let (metadata, spec) = (node.field("metadata"), node.field("spec"));
    check_fields(entity, spec, reading);
    let (mut owner, mut related) = (None, Vec::new());
    for stated in relations(spec, &reference.kind, &reference.namespace) {
        let place = Place::at(&entity.part.path, stated.at.line, stated.at.column);
        let Some(target) = stated.target else {
            let what = format!("{:?} is no reference ({})", stated.text, stated.relation);
            let help = "write [kind:][namespace/]name; here the kind must be written";
            reading.note(Diagnostic::warning("backstage.reference", what, place, help));
            continue;
        };
        if !all.contains_key(&target) {
            let what =
                format!("{} that {} is {} is not in the catalog", target.text(), reference.text(), stated.relation);
            let help = "declare it, mend the reference, or collect the file that declares it as well";
            reading.note(Diagnostic::warning("backstage.unknown-target", what, place, help));
        }
        let subject = subject_of(&target);
        if stated.relation == "ownedBy" {
            owner = Some(subject.clone());
        }
        related.push(Relation { relation_type: stated.relation.to_owned(), target: subject });
    }
    related.sort();
    related.dedup();
    let (mut labels, annotations) = (texts(metadata.and_then(|node| node.field("labels"))), annotations(metadata));
    for tag in metadata.and_then(|node| node.field("tags")).map(NodeExt::items).unwrap_or_default() {
        labels.extend(tag.as_text().map(|tag| (tag.to_owned(), "true".to_owned())));
    }
    let tier = TIER_KEYS.iter().find_map(|key| labels.get(*key).or_else(|| annotations.get(*key)).cloned());
    let tier = tier.or_else(|| texts(spec).remove("tier"));
    let text = |node: Option<&Node>, key: &str| node.and_then(|node| node.text(key)).map(str::to_owned);
    let profile = spec.and_then(|spec| spec.field("profile"));
    EntityDeclared {
        kind: entity.kind.clone(),
        entity_ref: reference.text(),
        title: text(metadata, "title")
            .or_else(|| text(profile, "displayName"))
            .unwrap_or_else(|| reference.name.clone()),
        description: text(metadata, "description").unwrap_or_default().trim().to_owned(),
        entity_type: text(spec, "type"),
        lifecycle: text(spec, "lifecycle"),
        owner,
        tier: tier.map(|tier| tier.trim_start_matches("tier").trim_start_matches(['-', '_', ' ']).to_owned()),
        relations: related,
        labels,
        annotations,
        place: Some(place(entity)),
    }
}

fn annotations(metadata: Option<&Node>) -> BTreeMap<String, String> {
    let mut annotations = texts(metadata.and_then(|node| node.field("annotations")));
    // Links are what people click; they are kept beside the annotations under their titles.
    for link in metadata.and_then(|node| node.field("links")).map(NodeExt::items).unwrap_or_default() {
        if let Some(url) = link.text("url") {
            annotations.insert(format!("link/{}", link.text("title").unwrap_or(url)), url.to_owned());
        }
    }
    annotations
}

fn check_fields(entity: &Entity<'_>, spec: Option<&Node>, reading: &mut Reading) {
    let reference = &entity.reference;
    match missing(&reference.kind, spec) {
        None => {
            let what = format!("kind {} is not one of Backstage's; it is taken as it is", entity.kind);
            let help = "known are Component, API, Resource, System, Domain, Group, User, Template, Location";
            reading.note(Diagnostic::note("backstage.kind", what, place(entity), help));
        }
        Some(missing) if !missing.is_empty() => {
            let what = format!("{} lacks spec.{}", reference.text(), missing.join(", spec."));
            let help = "Backstage refuses the entity without; add them";
            reading.note(Diagnostic::warning("backstage.missing", what, place(entity), help));
        }
        Some(_) => {}
    }
}

fn place(entity: &Entity<'_>) -> Place {
    Place::at(&entity.part.path, entity.node.at.line, entity.node.at.column)
}

fn subject_of(reference: &Ref) -> Subject {
    subjects::catalog(&reference.kind, &reference.namespace, &reference.name)
}
