//! Names, namespaces, labels, images and replicas that an overlay sets on all it builds.

use crate::{At, Map, Node, Resource, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Kinds that belong to no namespace.
const CLUSTER_WIDE: [&str; 14] = [
    "Namespace",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "PersistentVolume",
    "StorageClass",
    "PriorityClass",
    "IngressClass",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "APIService",
    "PodSecurityPolicy",
    "Node",
    "RuntimeClass",
];

pub(super) fn transform(overlay: &Map, built: &mut [Resource]) {
    if let Some(namespace) = overlay.get("namespace").filter(|node| matches!(node.value, Value::String(_))) {
        built.iter_mut().for_each(|resource| set_namespace(resource, namespace));
    }
    rename(overlay, built);
    for (key, selectors) in [("commonLabels", true), ("commonAnnotations", false)] {
        if let Some(Node { value: Value::Map(pairs), .. }) = overlay.get(key) {
            let field = if selectors { "labels" } else { "annotations" };
            built.iter_mut().for_each(|resource| label(resource, field, pairs, selectors, true));
        }
    }
    if let Some(Node { value: Value::List(sets), .. }) = overlay.get("labels") {
        for set in sets.iter().filter_map(map_of) {
            let truth = |key: &str| matches!(set.get(key).map(|node| &node.value), Some(Value::Bool(true)));
            if let Some(pairs) = set.get("pairs").and_then(map_of) {
                let selectors = truth("includeSelectors");
                let templates = selectors || truth("includeTemplates");
                built.iter_mut().for_each(|resource| label(resource, "labels", pairs, selectors, templates));
            }
        }
    }
    if let Some(Node { value: Value::List(images), .. }) = overlay.get("images") {
        let images: Vec<&Map> = images.iter().filter_map(map_of).collect();
        built.iter_mut().for_each(|resource| resource.body.entries_mut().for_each(|(_, node)| image(node, &images)));
    }
    if let Some(Node { value: Value::List(counts), .. }) = overlay.get("replicas") {
        for count in counts.iter().filter_map(map_of) {
            let (Some(name), Some(number)) = (count.get("name").and_then(text_of), count.get("count")) else {
                continue;
            };
            // The name may be the one before this overlay or the one that it gives.
            let named = |resource: &&mut Resource| {
                let metadata = resource.body.get("metadata").and_then(map_of);
                resource.name == name || metadata.and_then(|map| map.get("name")).and_then(text_of) == Some(name)
            };
            for resource in built.iter_mut().filter(named) {
                if let Some(Node { value: Value::Map(spec), .. }) = resource.body.get_mut("spec")
                    && matches!(resource.resource_type.as_str(), "Deployment" | "StatefulSet" | "ReplicaSet")
                {
                    spec.set("replicas", number.clone());
                }
            }
        }
    }
}

fn map_of(node: &Node) -> Option<&Map> {
    match &node.value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn text(text: String, at: At) -> Node {
    Node { value: Value::String(Arc::from(text)), at }
}

/// The map under a key, made where there is none.
fn child<'m>(map: &'m mut Map, key: &str, at: At) -> Option<&'m mut Map> {
    if map.get(key).is_none_or(|node| matches!(node.value, Value::Null)) {
        map.set(key, Node { value: Value::Map(Map::default()), at });
    }
    match map.get_mut(key) {
        Some(Node { value: Value::Map(map), .. }) => Some(map),
        _ => None,
    }
}

fn set_namespace(resource: &mut Resource, namespace: &Node) {
    if resource.resource_type.ends_with("Binding")
        && let Some(Node { value: Value::List(subjects), .. }) = resource.body.get_mut("subjects")
    {
        for subject in subjects {
            if let Value::Map(subject) = &mut subject.value
                && subject.get("kind").and_then(text_of) == Some("ServiceAccount")
            {
                subject.set("namespace", namespace.clone());
            }
        }
    }
    let at = resource.at;
    if !CLUSTER_WIDE.contains(&resource.resource_type.as_str())
        && let Some(metadata) = child(&mut resource.body, "metadata", at)
    {
        metadata.set("namespace", namespace.clone());
    }
}

/// Prefix and suffix, on the manifests and on what refers to them by name.
fn rename(overlay: &Map, built: &mut [Resource]) {
    let of = |key: &str| overlay.get(key).and_then(text_of).unwrap_or_default().to_owned();
    let (prefix, suffix) = (of("namePrefix"), of("nameSuffix"));
    if prefix.is_empty() && suffix.is_empty() {
        return;
    }
    let mut renamed: HashMap<(String, String), String> = HashMap::new();
    for resource in built.iter_mut() {
        if matches!(resource.resource_type.as_str(), "Namespace" | "CustomResourceDefinition" | "APIService") {
            continue;
        }
        if let Some(Node { value: Value::Map(metadata), .. }) = resource.body.get_mut("metadata")
            && let Some(name) = metadata.get("name")
            && let Some(old) = text_of(name)
        {
            let (new, at) = (format!("{prefix}{old}{suffix}"), name.at);
            renamed.insert((resource.resource_type.clone(), old.to_owned()), new.clone());
            metadata.set("name", text(new, at));
        }
    }
    for resource in built {
        for (key, node) in resource.body.entries_mut().filter(|(key, _)| *key != "metadata") {
            refer(key, node, &renamed);
        }
    }
}

/// Renames what a field refers to; `under` is the key that the node stands under.
fn refer(under: &str, node: &mut Node, renamed: &HashMap<(String, String), String>) {
    let new = |kind: &str, name: &str| renamed.get(&(kind.to_owned(), name.to_owned())).cloned();
    let at = node.at;
    match &mut node.value {
        Value::String(name) => {
            let kind = match under {
                "serviceAccountName" | "serviceAccount" => "ServiceAccount",
                "secretName" => "Secret",
                "claimName" => "PersistentVolumeClaim",
                "serviceName" => "Service",
                _ => return,
            };
            if let Some(new) = new(kind, name) {
                *node = text(new, at);
            }
        }
        Value::Map(map) => {
            let kind = match under {
                "configMap" | "configMapRef" | "configMapKeyRef" => Some("ConfigMap".to_owned()),
                "secretRef" | "secretKeyRef" | "imagePullSecrets" => Some("Secret".to_owned()),
                "service" => Some("Service".to_owned()),
                "roleRef" | "scaleTargetRef" | "subjects" => map.get("kind").and_then(text_of).map(str::to_owned),
                _ => None,
            };
            if let Some(kind) = kind
                && let Some(name) = map.get("name")
                && let Some(new) = text_of(name).and_then(|name| new(&kind, name))
            {
                let at = name.at;
                map.set("name", text(new, at));
            }
            map.entries_mut().for_each(|(key, node)| refer(key, node, renamed));
        }
        Value::List(items) => items.iter_mut().for_each(|item| refer(under, item, renamed)),
        _ => {}
    }
}

/// Sets labels or annotations on a manifest, in its templates and, where asked, in what selects them.
fn label(resource: &mut Resource, field: &str, pairs: &Map, selectors: bool, templates: bool) {
    let at = resource.at;
    let add = |map: &mut Map, field: &str| {
        if let Some(held) = child(map, field, at) {
            pairs.iter().for_each(|(key, node)| held.set(key, node.clone()));
        }
    };
    if let Some(metadata) = child(&mut resource.body, "metadata", at) {
        add(metadata, field);
    }
    let kind = resource.resource_type.clone();
    let Some(Node { value: Value::Map(spec), .. }) = resource.body.get_mut("spec") else { return };
    if selectors && kind == "Service" && spec.get("selector").is_some() {
        add(spec, "selector");
    }
    let spec = match kind.as_str() {
        "CronJob" => {
            let job = spec.get_mut("jobTemplate").and_then(|node| match &mut node.value {
                Value::Map(map) => map.get_mut("spec"),
                _ => None,
            });
            match job {
                Some(Node { value: Value::Map(spec), .. }) => spec,
                _ => return,
            }
        }
        _ => spec,
    };
    if selectors
        && let Some(Node { value: Value::Map(selector), .. }) = spec.get_mut("selector")
        && kind != "Service"
    {
        add(selector, "matchLabels");
    }
    if templates
        && let Some(Node { value: Value::Map(template), .. }) = spec.get_mut("template")
        && let Some(metadata) = child(template, "metadata", at)
    {
        add(metadata, field);
    }
}

/// Other names, tags and digests of images.
fn image(node: &mut Node, images: &[&Map]) {
    match &mut node.value {
        Value::Map(map) => {
            for key in ["containers", "initContainers"] {
                let Some(Node { value: Value::List(items), .. }) = map.get_mut(key) else { continue };
                for container in items.iter_mut() {
                    if let Value::Map(container) = &mut container.value
                        && let Some(held) = container.get("image")
                        && let Some(new) = text_of(held).and_then(|held| other(held, images))
                    {
                        let at = held.at;
                        container.set("image", text(new, at));
                    }
                }
            }
            map.entries_mut().for_each(|(_, node)| image(node, images));
        }
        Value::List(items) => items.iter_mut().for_each(|item| image(item, images)),
        _ => {}
    }
}

fn other(held: &str, images: &[&Map]) -> Option<String> {
    let (named, digest) = held.split_once('@').map_or((held, None), |(named, digest)| (named, Some(digest)));
    let tag_at = named.rfind(':').filter(|at| !named[*at..].contains('/'));
    let (name, tag) = tag_at.map_or((named, None), |at| (&named[..at], Some(&named[at + 1..])));
    let found = images.iter().find(|image| image.get("name").and_then(text_of) == Some(name))?;
    let of = |key: &str| {
        found.get(key).and_then(|node| match &node.value {
            Value::String(text) => Some(text.to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let name = of("newName").unwrap_or_else(|| name.to_owned());
    if let Some(digest) = of("digest") {
        return Some(format!("{name}@{digest}"));
    }
    if let Some(tag) = of("newTag") {
        return Some(format!("{name}:{tag}"));
    }
    let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
    Some(format!("{name}{tag}{}", digest.map(|digest| format!("@{digest}")).unwrap_or_default()))
}
