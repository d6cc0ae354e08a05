//! What manifests refer to: by name (a binding to its role, a pod to its secrets) and by labels (a service or a network
//! policy to the pods that it selects). The API server joins them by nothing else, so neither do we.

use super::pod::{self, child, items, maps, text};
use super::selector::{self, Selectors};
use crate::{Dialect, Map, Reference, Resource};

/// Adds to every manifest what it refers to.
pub(crate) fn link(resources: &mut [Resource]) {
    for resource in resources.iter_mut().filter(|resource| resource.dialect == Dialect::Kubernetes) {
        let mut found = Found { namespace: namespace(resource).to_owned(), references: Vec::new() };
        by_name(resource, &mut found);
        resource.references = found.references;
    }
    for (from, target, attribute) in selected(resources) {
        resources[from].references.push(Reference { attribute: attribute.to_owned(), target });
    }
}

/// The namespace that a manifest lands in where nothing else is said when it is applied.
pub(super) fn namespace(resource: &Resource) -> &str {
    resource.namespace.as_deref().unwrap_or("default")
}

struct Found {
    namespace: String,
    references: Vec<Reference>,
}

impl Found {
    /// A reference to something in the same namespace.
    fn near(&mut self, attribute: String, kind: &str, name: Option<&str>) {
        let namespace = self.namespace.clone();
        self.add(attribute, kind, &namespace, name);
    }

    fn add(&mut self, attribute: String, kind: &str, namespace: &str, name: Option<&str>) {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return };
        self.references.push(Reference { attribute, target: format!("{kind}.{namespace}.{name}") });
    }
}

fn by_name(resource: &Resource, found: &mut Found) {
    let body = &resource.body;
    match resource.resource_type.as_str() {
        "RoleBinding" | "ClusterRoleBinding" => binding(body, found),
        "Ingress" => ingress(body, found),
        "HorizontalPodAutoscaler" => {
            if let Some(target) = child(body, "spec").and_then(|spec| child(spec, "scaleTargetRef"))
                && let Some(kind) = text(target, "kind")
            {
                found.near("spec.scaleTargetRef".to_owned(), kind, text(target, "name"));
            }
        }
        _ => {}
    }
    if let Some((path, pod)) = pod::of(resource)
        && let Some(spec) = child(pod, "spec")
    {
        let path: String = path.iter().flat_map(|part| [part, "."]).collect::<String>() + "spec";
        pod_spec(&path, spec, found);
    }
}

fn binding(body: &Map, found: &mut Found) {
    if let Some(role) = child(body, "roleRef") {
        match text(role, "kind") {
            Some("ClusterRole") => found.add("roleRef".to_owned(), "ClusterRole", "default", text(role, "name")),
            Some(kind) => found.near("roleRef".to_owned(), kind, text(role, "name")),
            None => {}
        }
    }
    for (index, subject) in maps(items(body, "subjects")) {
        if text(subject, "kind") == Some("ServiceAccount") {
            let namespace = text(subject, "namespace").unwrap_or(&found.namespace).to_owned();
            found.add(format!("subjects.{index}"), "ServiceAccount", &namespace, text(subject, "name"));
        }
    }
}

fn ingress(body: &Map, found: &mut Found) {
    let Some(spec) = child(body, "spec") else { return };
    for (index, tls) in maps(items(spec, "tls")) {
        found.near(format!("spec.tls.{index}.secretName"), "Secret", text(tls, "secretName"));
    }
    // `service.name` since networking.k8s.io/v1, `serviceName` before.
    let service = |backend: &Map| {
        let named = child(backend, "service").and_then(|service| text(service, "name"));
        named.or_else(|| text(backend, "serviceName")).map(str::to_owned)
    };
    for key in ["defaultBackend", "backend"] {
        let name = child(spec, key).and_then(&service);
        found.near(format!("spec.{key}"), "Service", name.as_deref());
    }
    for (rule_index, rule) in maps(items(spec, "rules")) {
        let paths = child(rule, "http").map(|http| items(http, "paths")).unwrap_or_default();
        for (index, path) in maps(paths) {
            let name = child(path, "backend").and_then(&service);
            let attribute = format!("spec.rules.{rule_index}.http.paths.{index}.backend");
            found.near(attribute, "Service", name.as_deref());
        }
    }
}

fn pod_spec(path: &str, spec: &Map, found: &mut Found) {
    let account = text(spec, "serviceAccountName").or_else(|| text(spec, "serviceAccount"));
    found.near(format!("{path}.serviceAccountName"), "ServiceAccount", account);
    for (index, secret) in maps(items(spec, "imagePullSecrets")) {
        found.near(format!("{path}.imagePullSecrets.{index}"), "Secret", text(secret, "name"));
    }
    for (index, volume) in maps(items(spec, "volumes")) {
        let attribute = format!("{path}.volumes.{index}");
        let of = |key: &str, name: &str| child(volume, key).and_then(|source| text(source, name));
        found.near(attribute.clone(), "ConfigMap", of("configMap", "name"));
        found.near(attribute.clone(), "Secret", of("secret", "secretName"));
        found.near(attribute, "PersistentVolumeClaim", of("persistentVolumeClaim", "claimName"));
    }
    for key in ["containers", "initContainers"] {
        for (index, container) in maps(items(spec, key)) {
            let at = format!("{path}.{key}.{index}");
            for (index, source) in maps(items(container, "envFrom")) {
                let of = |key: &str| child(source, key).and_then(|source| text(source, "name"));
                found.near(format!("{at}.envFrom.{index}"), "ConfigMap", of("configMapRef"));
                found.near(format!("{at}.envFrom.{index}"), "Secret", of("secretRef"));
            }
            for (index, variable) in maps(items(container, "env")) {
                let Some(from) = child(variable, "valueFrom") else { continue };
                let of = |key: &str| child(from, key).and_then(|source| text(source, "name"));
                found.near(format!("{at}.env.{index}"), "ConfigMap", of("configMapKeyRef"));
                found.near(format!("{at}.env.{index}"), "Secret", of("secretKeyRef"));
            }
        }
    }
}

/// Which manifests select which workloads: index of the one that selects, address of the workload, attribute.
fn selected(resources: &[Resource]) -> Vec<(usize, String, &'static str)> {
    let mut selectors = Selectors::default();
    for (index, resource) in resources.iter().enumerate() {
        if resource.dialect != Dialect::Kubernetes {
            continue;
        }
        let Some(spec) = child(&resource.body, "spec") else { continue };
        match resource.resource_type.as_str() {
            "NetworkPolicy" => {
                // A selector that is missing or empty selects every pod of the namespace.
                let selector = child(spec, "podSelector").map(selector::labelled).unwrap_or_default();
                selectors.add(index, namespace(resource), selector, "spec.podSelector");
            }
            "PodDisruptionBudget" => {
                let selector = child(spec, "selector").map(selector::labelled).unwrap_or_default();
                selectors.add(index, namespace(resource), selector, "spec.selector");
            }
            "Service" => {
                // A service without a selector has its endpoints from elsewhere.
                if let Some(labels) = child(spec, "selector").filter(|labels| !labels.is_empty()) {
                    selectors.add(index, namespace(resource), selector::equal(labels), "spec.selector");
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    for resource in resources.iter().filter(|resource| resource.dialect == Dialect::Kubernetes) {
        let Some((_, pod)) = pod::of(resource) else { continue };
        let none = Map::default();
        let labels = child(pod, "metadata").and_then(|metadata| child(metadata, "labels")).unwrap_or(&none);
        for (from, attribute) in selectors.of(namespace(resource), labels) {
            out.push((from, resource.address.clone(), attribute));
        }
    }
    out
}
