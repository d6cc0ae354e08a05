//! A small root of our own in all its forms, and the real plans and states of others.

use super::read;
use crate::reconcile::{KnownMap, known_of, reconcile};
use crate::{Document, Part, ReadContext, Reading, Snapshot};
use serde_json::{Value, json};

const MAIN: &str = r#"
variable "names" { default = ["logs", "data"] }
resource "aws_s3_bucket" "this" {
  for_each = toset(var.names)
  bucket   = each.key
  tags     = { team = "Platform", service = "checkout" }
}
resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.this["logs"].id
  policy = "{}"
}
resource "aws_db_instance" "orders" {
  engine   = "postgres"
  password = "CANARY-source"
}
data "aws_region" "here" {}
"#;

const STATE: &str = r#"{"version": 4, "terraform_version": "1.9.0", "serial": 3, "lineage": "x", "outputs": {"p": {"value": "CANARY-output"}},
 "resources": [
 {"mode": "managed", "type": "aws_s3_bucket", "name": "this", "provider": "p", "instances": [
   {"index_key": "logs", "attributes": {"id": "logs", "arn": "arn:aws:s3:::logs", "bucket": "logs", "tags": {"team": "platform", "environment": "prod"}}}]},
 {"mode": "managed", "type": "aws_s3_bucket_policy", "name": "logs", "provider": "p", "instances": [
   {"attributes": {"id": "logs", "bucket": "logs"}, "dependencies": ["aws_s3_bucket.this"]}]},
 {"mode": "managed", "type": "aws_db_instance", "name": "orders", "provider": "p", "instances": [
   {"attributes": {"id": "db-1", "arn": "arn:aws:rds:eu-west-1:1:db:orders", "engine": "postgres", "password": "CANARY-state", "hidden": "CANARY-marked"},
    "sensitive_attributes": [[{"type": "get_attr", "value": "hidden"}]]}]},
 {"mode": "data", "type": "aws_region", "name": "here", "provider": "p", "instances": [{"attributes": {"id": "eu-west-1"}}]}]}"#;

const PLAN: &str = r#"{"format_version": "1.2", "terraform_version": "1.9.0", "timestamp": "2026-10-30T12:00:00Z",
 "resource_changes": [
  {"address": "aws_db_instance.orders", "mode": "managed", "type": "aws_db_instance", "name": "orders", "change": {"actions": ["update"],
   "before": {"arn": "arn:aws:rds:eu-west-1:1:db:orders", "id": "db-1", "multi_az": false, "password": "CANARY-before"},
   "after": {"arn": "arn:aws:rds:eu-west-1:1:db:orders", "id": "db-1", "multi_az": true, "password": "CANARY-after", "note": "CANARY-note"},
   "after_unknown": {}, "before_sensitive": {"password": true}, "after_sensitive": {"password": true, "note": true}}},
  {"address": "aws_s3_bucket.same", "mode": "managed", "type": "aws_s3_bucket", "name": "same", "change": {"actions": ["no-op"], "before": {}, "after": {}}}],
 "resource_drift": [
  {"address": "aws_security_group.web", "mode": "managed", "type": "aws_security_group", "name": "web", "change": {"actions": ["update"],
   "before": {"id": "sg-1", "arn": "arn:aws:ec2:eu-west-1:1:security-group/sg-1", "ingress": [{"from_port": 443}], "secret_note": "CANARY-1"},
   "after": {"id": "sg-1", "arn": "arn:aws:ec2:eu-west-1:1:security-group/sg-1", "ingress": [{"from_port": 22}], "secret_note": "CANARY-2"}}}]}"#;

fn read_files(files: &[(&str, &str)]) -> Reading {
    let parts = files.iter().map(|(path, text)| Part::new(*path, *text)).collect();
    read(&Document::folder("terraform", parts), &ReadContext::at("2026-11-01T00:00:00Z".parse().unwrap()))
}

fn data<'s>(snapshot: &'s Snapshot, subject: &str) -> &'s Value {
    let subjects: Vec<_> = snapshot.items.iter().map(|item| item.subject.as_str()).collect();
    let at =
        subjects.iter().position(|known| *known == subject).unwrap_or_else(|| panic!("{subject} not in {subjects:?}"));
    &snapshot.items[at].data
}

#[test]
fn source_declares_its_resources_with_owner_environment_references_and_place() {
    let reading = read_files(&[("envs/prod/main.tf", MAIN)]);
    let snapshot = &reading.snapshots[0];
    assert_eq!((&*snapshot.scope, &*snapshot.family), ("terraform:envs/prod", "resource.declared"));
    assert_eq!(snapshot.items.len(), 4, "two buckets, a policy, a database; no data source");
    let logs = data(snapshot, "tf:envs/prod/aws_s3_bucket.this[\"logs\"]");
    assert_eq!((&logs["owner"], &logs["service"]), (&json!("team:platform"), &json!("service:checkout")));
    assert_eq!((&logs["environment"], &logs["name"]), (&json!("production"), &json!("logs")));
    assert_eq!(logs["place"]["file"], "envs/prod/main.tf");
    assert_eq!(logs["place"]["line"], 3);
    let policy = data(snapshot, "tf:envs/prod/aws_s3_bucket_policy.logs");
    let references: Vec<_> = policy["references"].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect();
    assert!(references.contains(&"tf:envs/prod/aws_s3_bucket.this[\"logs\"]"), "{references:?}");
}

#[test]
fn state_links_the_live_thing_to_its_address() {
    let reading = read_files(&[("envs/prod/terraform.tfstate", STATE)]);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let snapshot = &reading.snapshots[0];
    assert_eq!(snapshot.family, "resource.live");
    let logs = data(snapshot, "aws:s3:bucket/logs");
    assert_eq!(logs["same_as"], "tf:envs/prod/aws_s3_bucket.this[\"logs\"]");
    assert_eq!(logs["managed_by"], "terraform:envs/prod/terraform.tfstate");
    assert_eq!(data(snapshot, "aws:s3:bucket-policy/logs")["references"], json!(["aws:s3:bucket/logs"]));
    assert_eq!(data(snapshot, "aws:rds:eu-west-1:1:db/orders")["attributes"]["engine"], "postgres");
    assert_eq!(snapshot.items.len(), 3);
}

#[test]
fn a_plan_says_what_it_would_do_and_what_drifted_and_an_agreeing_one_reconciles() {
    let reading = read_files(&[("envs/prod/plan.json", PLAN)]);
    let (planned, drift) = (&reading.snapshots[0], &reading.snapshots[1]);
    assert_eq!(planned.items.len(), 1);
    let orders = data(planned, "tf:envs/prod/aws_db_instance.orders");
    assert_eq!((&orders["action"], &orders["same_as"]), (&json!("update"), &json!("aws:rds:eu-west-1:1:db/orders")));
    assert_eq!(planned.at.to_string(), "2026-10-30T12:00:00Z");
    let web = data(drift, "aws:ec2:eu-west-1:1:security-group/sg-1");
    assert_eq!(web, &json!({"attributes": ["ingress.0.from_port", "secret_note"], "environment": "production"}));

    let known: KnownMap = reconcile(drift, &KnownMap::new()).iter().filter_map(known_of).collect();
    let calm = PLAN.replace("\"from_port\": 22", "\"from_port\": 443").replace("CANARY-2", "CANARY-1");
    let calm = read_files(&[("envs/prod/plan.json", &calm.replace("2026-10-30", "2026-10-31"))]);
    let facts = reconcile(&calm.snapshots[1], &known);
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0].fact_type, "mainstay.resource.reconciled.v1");
}

#[test]
fn no_secret_of_source_plan_or_state_reaches_a_fact_or_a_diagnostic() {
    let files = [("a/main.tf", MAIN), ("a/terraform.tfstate", STATE), ("a/plan.json", PLAN)];
    let text = format!("{:?}", read_files(&files));
    let at = text.find("CANARY");
    assert!(at.is_none(), "a secret near {:?}", at.map(|at| &text[at.saturating_sub(200)..at + 40]));
}

/// Real plans and states: read without error, and resources counted as a plain look at the JSON counts them.
#[test]
fn real_states_and_plans_of_others_are_read_whole() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/terraform");
    let Ok(walk) = mainstay_outside::files::walk(std::path::Path::new(root)) else {
        println!("SKIPPED: {root} is not there");
        return;
    };
    let (mut states, mut plans, mut live) = (0, 0, 0);
    for path in walk.files.iter().filter(|path| !path.to_string_lossy().contains("error")) {
        let name = path.to_string_lossy();
        let bytes = mainstay_outside::files::read(path, 1 << 26).unwrap();
        let Ok(raw) = serde_json::from_slice::<Value>(&bytes) else { continue };
        let is_state = raw["version"] == 4 && raw["resources"].is_array();
        let is_plan = raw["format_version"].is_string() && raw["resource_changes"].is_array();
        if !is_state && !is_plan {
            continue;
        }
        let file = if is_state { "x/terraform.tfstate" } else { "x/plan.json" };
        let reading = read_files(&[(file, &String::from_utf8(bytes).unwrap())]);
        assert!(!reading.has_errors(), "{name}: {:?}", reading.diagnostics);
        if is_state {
            states += 1;
            live += reading.snapshots[0].items.len();
        } else {
            plans += 1;
            let changed = raw["resource_changes"].as_array().unwrap().iter().filter(|change| {
                let actions = change["change"]["actions"].clone();
                change["mode"] == "managed" && actions != json!(["no-op"]) && actions != json!(["read"])
            });
            assert_eq!(reading.snapshots[0].items.len(), changed.count(), "{name}");
        }
    }
    assert!(states > 50 && plans > 10 && live > 100, "{states} states, {plans} plans, {live} live");
}
