//! Where the pod of a workload is.

use crate::{Map, Node, Resource, Value};

/// The kinds that hold a pod, and the path from the manifest to what has its `metadata` and `spec`.
const WORKLOADS: [(&str, &[&str]); 11] = [
    ("Pod", &[]),
    ("PodTemplate", &["template"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template"]),
    ("Deployment", &["spec", "template"]),
    ("StatefulSet", &["spec", "template"]),
    ("DaemonSet", &["spec", "template"]),
    ("ReplicaSet", &["spec", "template"]),
    ("ReplicationController", &["spec", "template"]),
    ("Job", &["spec", "template"]),
    ("DeploymentConfig", &["spec", "template"]),
    ("Rollout", &["spec", "template"]),
];

/// The pod or pod template of a workload, and the path to it.
pub(super) fn of(resource: &Resource) -> Option<(&'static [&'static str], &Map)> {
    let (_, path) = WORKLOADS.iter().find(|(kind, _)| *kind == resource.resource_type)?;
    let pod = path.iter().try_fold(&resource.body, |map, key| child(map, key))?;
    Some((path, pod))
}

/// The map under a key.
pub(super) fn child<'a>(map: &'a Map, key: &str) -> Option<&'a Map> {
    match &map.get(key)?.value {
        Value::Map(inner) => Some(inner),
        _ => None,
    }
}

/// The items of the list under a key.
pub(super) fn items<'a>(map: &'a Map, key: &str) -> &'a [Node] {
    match map.get(key).map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// The text under a key.
pub(super) fn text<'a>(map: &'a Map, key: &str) -> Option<&'a str> {
    match &map.get(key)?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The maps among some nodes, with their positions.
pub(super) fn maps(nodes: &[Node]) -> impl Iterator<Item = (usize, &Map)> {
    nodes.iter().enumerate().filter_map(|(index, node)| match &node.value {
        Value::Map(map) => Some((index, map)),
        _ => None,
    })
}
