//! A catalog with every kind and relation, and what is told of a bad one.

use super::read;
use crate::{Document, Part, ReadContext, Reading};
use mainstay_model::Level;
use serde_json::{Value, json};

const CATALOG: &str = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  description: Takes orders.
  labels: {tier: '1'}
  annotations: {runbook: https://wiki/checkout}
  tags: [java]
spec:
  type: service
  lifecycle: production
  owner: platform
  system: shop
  subcomponentOf: storefront
  providesApis: [orders]
  consumesApis: [component-less]
  dependsOn: [resource:orders-db, ghost]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: storefront}
spec: {type: website, lifecycle: production, owner: user:ada}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders}
spec: {type: openapi, lifecycle: production, owner: group:platform, definition: {$text: ./a.yaml}}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: orders-db}
spec: {type: database, owner: platform, dependencyOf: ['component:checkout']}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop}
spec: {owner: platform, domain: retail}
---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: retail}
spec: {owner: platform}
";

const PEOPLE: &str = "apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: Platform, title: Platform}
spec: {type: team, parent: engineering, children: [], members: [ada]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: engineering}
spec: {type: department, children: [platform]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ada}
spec: {profile: {displayName: Ada L.}, memberOf: [platform]}
---
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: all, namespace: ops}
spec: {targets: [./a.yaml]}
";

fn read_files(files: &[(&str, &str)]) -> Reading {
    let parts = files.iter().map(|(path, text)| Part::new(*path, *text)).collect();
    read(&Document::folder("catalog", parts), &ReadContext::at("2026-11-01T00:00:00Z".parse().unwrap()))
}

fn data<'r>(reading: &'r Reading, subject: &str) -> &'r Value {
    let items = &reading.snapshots[0].items;
    &items.iter().find(|item| item.subject.as_str() == subject).unwrap_or_else(|| panic!("no {subject}")).data
}

#[test]
fn every_kind_and_relation_is_read_with_what_its_place_implies() {
    let reading = read_files(&[("catalog-info.yaml", CATALOG), ("people.yaml", PEOPLE)]);
    let checkout = data(&reading, "service:checkout");
    assert_eq!(checkout["owner"], "team:platform");
    assert_eq!(checkout["tier"], "1");
    assert_eq!(checkout["labels"], json!({"tier": "1", "java": "true"}));
    assert_eq!(checkout["place"], json!({"file": "catalog-info.yaml", "line": 1, "column": 1}));
    let relations: Vec<String> = checkout["relations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|relation| format!("{} {}", relation["type"].as_str().unwrap(), relation["target"].as_str().unwrap()))
        .collect();
    assert_eq!(
        relations,
        [
            "consumesApi api:component-less",
            "dependsOn resource:orders-db",
            "ownedBy team:platform",
            "partOf service:storefront",
            "partOf system:shop",
            "providesApi api:orders",
        ]
    );
    assert_eq!(data(&reading, "service:storefront")["owner"], "user:ada");
    assert_eq!(data(&reading, "resource:orders-db")["relations"][0]["type"], "dependencyOf");
    assert_eq!(data(&reading, "system:shop")["relations"][1], json!({"type": "partOf", "target": "domain:retail"}));
    assert_eq!(data(&reading, "user:ada")["title"], "Ada L.");
    let team = data(&reading, "team:platform")["relations"].as_array().unwrap().len();
    assert_eq!(team, 2, "parent and member");
    assert_eq!(data(&reading, "location:ops/all")["entity_ref"], "location:ops/all");
    assert!(reading.snapshots[0].complete);
}

#[test]
fn unknown_targets_are_warnings_at_their_place_and_duplicates_errors() {
    let reading =
        read_files(&[("a.yaml", CATALOG), ("p.yaml", PEOPLE), ("b.yaml", &CATALOG[..CATALOG.find("---").unwrap()])]);
    let told: Vec<_> = reading.diagnostics.iter().map(|d| (d.code.as_str(), d.level, d.place.to_string())).collect();
    assert!(told.contains(&("backstage.unknown-target", Level::Warning, "a.yaml:16:18".to_owned())), "{told:?}");
    assert!(told.contains(&("backstage.reference", Level::Warning, "a.yaml:17:35".to_owned())), "{told:?}");
    assert!(told.contains(&("backstage.duplicate", Level::Error, "b.yaml:1:1".to_owned())), "{told:?}");
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(reading.snapshots[0].items.len(), 10);
}

#[test]
fn a_bad_document_costs_itself_only_and_nothing_vanishes_for_it() {
    let bad = CATALOG.replace("metadata: {name: retail}", "metadata: {name: -retail-}");
    let reading = read_files(&[("a.yaml", &bad), ("p.yaml", PEOPLE)]);
    assert_eq!(reading.snapshots[0].items.len(), 9);
    assert!(!reading.snapshots[0].complete);
    assert!(reading.diagnostics.iter().any(|d| d.code == "backstage.malformed" && d.place.line == 41));
}
