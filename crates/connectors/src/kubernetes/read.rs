//! Manifests and lists to resources.

use crate::json::{self, NodeExt};
use crate::text::decode;
use crate::{At, Document, Family, Part, ReadContext, Reading, Snapshot, attributes, subjects};
use mainstay_iac::kubernetes::read_kubernetes;
use mainstay_iac::{Map, Node, Resource, SourceFile, Value};
use mainstay_model::facts::{Aspect, ResourceObserved};
use mainstay_model::{Level, Place, Subject};
use std::collections::BTreeMap;

/// Kinds that change by themselves every few seconds; they say nothing of what the team runs.
const VOLATILE: &[&str] =
    &["Event", "Lease", "Endpoints", "EndpointSlice", "ComponentStatus", "PodMetrics", "NodeMetrics"];

/// Kinds that the control plane itself makes in every namespace.
const DEFAULTS: &[(&str, &str)] =
    &[("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt"), ("Service", "kubernetes")];

/// Reads manifests and lists. An object with a uid came from a cluster and is live; others are declared.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let mut snapshots: BTreeMap<(String, &'static str), Snapshot> = BTreeMap::new();
    for part in &document.parts {
        if !crate::text::fits(&part.bytes, &part.path, &mut reading) {
            let folder = Folder::of(&part.path, false, ctx);
            let key = (folder.scope.clone(), folder.family().name());
            snapshots.entry(key).or_insert_with(|| folder.snapshot(ctx)).complete = false;
            continue;
        }
        let (bytes, whole) = mended(part, &mut reading);
        let files = [SourceFile { path: part.path.clone(), bytes }];
        let read = read_kubernetes(&files);
        let failed = !whole || read.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
        if read.resources.is_empty() && !failed && is_live_list(part) {
            // A list without items is an answer as well: all is gone.
            let folder = Folder::of(&part.path, true, ctx);
            snapshots
                .entry((folder.scope.clone(), Family::Resource(Aspect::Live).name()))
                .or_insert_with(|| folder.snapshot(ctx));
        }
        for resource in &read.resources {
            let live = resource.body.get("metadata").is_some_and(|metadata| metadata.field("uid").is_some());
            let folder = Folder::of(&part.path, live, ctx);
            let family = folder.family();
            let snapshot =
                snapshots.entry((folder.scope.clone(), family.name())).or_insert_with(|| folder.snapshot(ctx));
            snapshot.complete &= !failed;
            if VOLATILE.contains(&&*resource.resource_type) || resource.name.is_empty() {
                continue;
            }
            let place = read.place(resource.at);
            let data = folder.observed(resource, place.clone(), ctx);
            let at = At { now: ctx.now, path: &place.file, line: place.line, column: place.column };
            snapshot.add(folder.subject(resource), &data, &mut reading, &at);
        }
        if failed {
            let folder = Folder::of(&part.path, false, ctx);
            snapshots
                .entry((folder.scope.clone(), folder.family().name()))
                .or_insert_with(|| folder.snapshot(ctx))
                .complete = false;
        }
        read.diagnostics.into_iter().for_each(|diagnostic| reading.note(diagnostic));
    }
    reading.snapshots.extend(snapshots.into_values());
    reading
}

/// The bytes to read of a part, and whether it is whole. A damaged list in JSON is cut to its whole items.
fn mended(part: &Part, reading: &mut Reading) -> (Vec<u8>, bool) {
    if !part.path.ends_with(".json") {
        return (part.bytes.clone(), true);
    }
    let Some(text) = decode(&part.bytes, &part.path, reading) else { return (Vec::new(), false) };
    match json::mend(&text, part, &["items[]"], reading) {
        Some(None) => (text.into_owned().into_bytes(), true),
        Some(Some(kept)) => (kept.into_bytes(), false),
        None => (Vec::new(), false),
    }
}

fn is_live_list(part: &Part) -> bool {
    let head = String::from_utf8_lossy(&part.bytes[..part.bytes.len().min(512)]);
    part.path.ends_with(".json") && head.contains("\"items\"") && head.contains("List\"")
}

/// Where objects are: a folder of manifests, or the cluster that a list came from.
struct Folder {
    cluster: String,
    scope: String,
    live: bool,
}

impl Folder {
    fn of(path: &str, live: bool, ctx: &ReadContext) -> Self {
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let default = if live { stem.rsplit('/').next().unwrap_or(stem) } else { folder };
        let cluster = ctx.options.cluster.clone().unwrap_or_else(|| default.to_owned());
        // A list replaces the list that was in the same file before, since it may hold some kinds only.
        let scope = ctx.scoped("kubernetes", if live { stem } else { folder });
        Self { cluster, scope, live }
    }

    fn family(&self) -> Family {
        Family::Resource(if self.live { Aspect::Live } else { Aspect::Declared })
    }

    fn snapshot(&self, ctx: &ReadContext) -> Snapshot {
        Snapshot::new(&self.scope, self.family(), ctx.now)
    }

    fn subject(&self, resource: &Resource) -> Subject {
        subjects::kubernetes(&self.cluster, resource.namespace.as_deref(), &resource.resource_type, &resource.name)
    }

    fn observed(&self, resource: &Resource, place: Place, ctx: &ReadContext) -> ResourceObserved {
        let (kind, options) = (&resource.resource_type, &ctx.options);
        let metadata = resource.body.get("metadata");
        let tags = attributes::texts(metadata.and_then(|metadata| metadata.field("labels")));
        let tag = |keys: &[&str]| {
            keys.iter().find_map(|key| tags.get(*key)).map(|value| value.trim()).filter(|value| !value.is_empty())
        };
        let environment = tag(&["environment", "env", "app.kubernetes.io/environment"]).map(str::to_owned);
        let by_name = || {
            let parts = self.cluster.split(['/', '-', '_']).chain(resource.namespace.iter().map(String::as_str));
            let words = ["prod", "production", "staging", "stage", "dev", "test"];
            parts.into_iter().find(|part| words.contains(part)).map(str::to_owned)
        };
        let environment = environment.or_else(|| options.environment.clone()).or_else(by_name);
        let mut references = references(&resource.body);
        references.retain(|reference| *reference != self.subject(resource));
        ResourceObserved {
            aspect: if self.live { Aspect::Live } else { Aspect::Declared },
            resource_type: format!("{}/{kind}", resource.api_version),
            name: resource.name.clone(),
            address: Some(resource.address.clone()),
            same_as: None,
            environment: environment.map(|name| options.environment_of(&name)),
            service: tag(&[options.service_tag(), "backstage.io/kubernetes-id"]).map(subjects::service),
            owner: tag(&[options.team_tag(), "owner"]).map(subjects::team),
            controlled_by: self.controller(resource, metadata),
            managed_by: tags.get("app.kubernetes.io/managed-by").filter(|_| self.live).cloned(),
            provider_default: DEFAULTS.iter().any(|(k, n)| k == kind && *n == resource.name),
            tags: tags.clone(),
            references,
            place: (!self.live).then_some(place),
            attributes: spec(resource),
            action: None,
        }
    }

    fn controller(&self, resource: &Resource, metadata: Option<&Node>) -> Option<Subject> {
        let owners = metadata?.field("ownerReferences")?.items();
        let controls = |owner: &&Node| matches!(owner.field("controller").map(|n| &n.value), Some(Value::Bool(true)));
        let owner = owners.iter().find(controls)?;
        let (kind, name) = (owner.text("kind")?, owner.text("name")?);
        // Nodes own the pods that mirror them, and have no namespace.
        let namespace = resource.namespace.as_deref().filter(|_| kind != "Node");
        Some(subjects::kubernetes(&self.cluster, namespace, kind, name))
    }
}

/// What an object is meant to be; its status and bookkeeping change all the time and are left out.
fn spec(resource: &Resource) -> serde_json::Map<String, serde_json::Value> {
    let mut body = Map::default();
    for (key, node) in resource.body.iter() {
        if !matches!(key, "apiVersion" | "kind" | "metadata" | "status" | "data" | "stringData" | "binaryData") {
            body.set(key, node.clone());
        }
    }
    attributes::keep(&resource.resource_type, &body)
}

/// The images that an object's containers run, wherever its pod template stands.
fn references(body: &Map) -> Vec<Subject> {
    let mut found = Vec::new();
    let specs = ["spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec"];
    for path in specs {
        let mut parts = path.split('.');
        let first = parts.next().and_then(|key| body.get(key));
        let Some(spec) = parts.try_fold(first, |node, key| Some(node?.field(key))).flatten() else { continue };
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for container in spec.field(list).map(NodeExt::items).unwrap_or_default() {
                found.extend(container.text("image").filter(|image| !image.trim().is_empty()).map(subjects::image));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
