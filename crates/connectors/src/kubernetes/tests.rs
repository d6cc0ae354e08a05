//! Manifests and what a cluster prints of them.

use super::read;
use crate::reconcile::{KnownMap, known_of, reconcile};
use crate::{Document, ReadContext, Reading, Snapshot};
use serde_json::{Value, json};

const MANIFESTS: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {service: checkout, team: commerce}}
spec:
  template:
    spec:
      containers:
      - name: web
        image: acme/web:1.2
        env: [{name: PASSWORD, value: CANARY-env}]
        args: ['--token=CANARY-arg', '--port=8080']
        securityContext: {runAsNonRoot: true}
---
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: shop}
stringData: {password: CANARY-string}
data: {password: Q0FOQVJZ}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {dsn: CANARY-config}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: admin}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]
";

fn read_file(path: &str, text: &str) -> Reading {
    read(&Document::of(path, text), &ReadContext::at("2026-11-01T00:00:00Z".parse().unwrap()))
}

fn data<'s>(snapshot: &'s Snapshot, subject: &str) -> &'s Value {
    let subjects: Vec<_> = snapshot.items.iter().map(|item| item.subject.as_str()).collect();
    let at =
        subjects.iter().position(|known| *known == subject).unwrap_or_else(|| panic!("{subject} not in {subjects:?}"));
    &snapshot.items[at].data
}

fn pod(name: &str, phase: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","namespace":"shop","uid":"u-{name}","resourceVersion":"{phase}",
        "annotations":{{"kubectl.kubernetes.io/last-applied-configuration":"CANARY"}},
        "ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-1","controller":true}}]}},
        "spec":{{"nodeName":"n","containers":[{{"image":"acme/web:1.2"}}]}},"status":{{"phase":"{phase}"}}}}"#
    )
}

fn list(items: &[String]) -> String {
    format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{}]}}", items.join(","))
}

#[test]
fn manifests_declare_objects_with_owner_images_and_what_controls_look_at() {
    let reading = read_file("kubernetes/prod/web.yaml", MANIFESTS);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let snapshot = &reading.snapshots[0];
    assert_eq!((&*snapshot.scope, &*snapshot.family), ("kubernetes:kubernetes/prod", "resource.declared"));
    let web = data(snapshot, "k8s:kubernetes/prod/shop/deployment/web");
    assert_eq!((&web["type"], &web["environment"]), (&json!("apps/v1/Deployment"), &json!("production")));
    assert_eq!((&web["service"], &web["owner"]), (&json!("service:checkout"), &json!("team:commerce")));
    assert_eq!(web["references"], json!(["image:acme/web:1.2"]));
    let container = &web["attributes"]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["securityContext"]["runAsNonRoot"], true);
    assert_eq!(container["args"], json!(["--port=8080"]));
    assert!(data(snapshot, "k8s:kubernetes/prod/-/clusterrole/admin")["attributes"]["rules"].is_array());
    assert!(!format!("{reading:?}").contains("CANARY") && !format!("{reading:?}").contains("Q0FOQVJZ"));
}

#[test]
fn what_a_cluster_prints_is_live_belongs_to_its_controller_and_its_status_is_no_change() {
    let reading = read_file("clusters/prod.json", &list(&[pod("web-1-a", "Pending"), pod("web-1-b", "Pending")]));
    let snapshot = &reading.snapshots[0];
    assert_eq!(snapshot.family, "resource.live");
    assert_eq!(data(snapshot, "k8s:prod/shop/pod/web-1-a")["controlled_by"], "k8s:prod/shop/replicaset/web-1");
    assert!(!format!("{reading:?}").contains("CANARY"));
    let known: KnownMap = reconcile(snapshot, &KnownMap::new()).iter().filter_map(known_of).collect();
    let running = read_file("clusters/prod.json", &list(&[pod("web-1-b", "Running"), pod("web-1-a", "Running")]));
    assert!(reconcile(&running.snapshots[0], &known).is_empty());
    let fewer = read_file("clusters/prod.json", &list(&[pod("web-1-a", "Running")]));
    let facts = reconcile(&fewer.snapshots[0], &known);
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0].data, json!({"aspect": "live"}));
    let none = read_file("clusters/prod.json", &list(&[]));
    assert_eq!(reconcile(&none.snapshots[0], &known).len(), 2);
}

#[test]
fn a_damaged_manifest_makes_nothing_vanish() {
    let known: KnownMap = {
        let reading = read_file("prod/web.yaml", MANIFESTS);
        reconcile(&reading.snapshots[0], &KnownMap::new()).iter().filter_map(known_of).collect()
    };
    let cut = MANIFESTS.replace("metadata: {name: key, namespace: shop}", "metadata: {name: [key");
    let reading = read_file("prod/web.yaml", &cut);
    assert!(reading.has_errors());
    assert!(reading.snapshots.iter().all(|snapshot| reconcile(snapshot, &known).is_empty()));
    let bomb = "apiVersion: v1\nkind: ConfigMap\na: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
    assert!(!read_file("prod/bomb.yaml", bomb).diagnostics.is_empty());
}
