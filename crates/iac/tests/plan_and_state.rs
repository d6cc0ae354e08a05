//! Plans and states: our own with what is awkward, and all real ones.

mod common;

use mainstay_iac::plan::read_plan;
use mainstay_iac::state::read_state;
use mainstay_iac::terraform::Options;
use mainstay_iac::{Block, Dialect, SourceFile, Value, read};
use serde_json::json;
use std::collections::BTreeMap;

fn file(path: &str, value: &serde_json::Value) -> SourceFile {
    SourceFile { path: path.to_owned(), bytes: value.to_string().into_bytes() }
}

fn example() -> serde_json::Value {
    json!({
        "format_version": "1.2", "terraform_version": "1.9.0",
        "planned_values": {"outputs": {"token": {"sensitive": true, "value": "CANARY-output"}}},
        "variables": {"secret": {"value": "CANARY-variable"}},
        "resource_changes": [
            {"address": "module.db[0].aws_db_instance.main", "mode": "managed", "type": "aws_db_instance", "name": "main",
             "previous_address": "aws_db_instance.old", "action_reason": "replace_because_cannot_update",
             "change": {"actions": ["create", "delete"],
                "before": {"id": "db-1", "password": "CANARY-before", "tags": {"a": "b"}, "ports": [1, 2]},
                "after": {"password": "CANARY-after", "tags": {"a": "b"}, "ports": [1, 2], "nested": [{"k": "CANARY-nested", "n": 1}]},
                "after_unknown": {"id": true, "endpoint": [{"address": true}], "ports": [false, true]},
                "before_sensitive": {}, "after_sensitive": {"password": true, "nested": [{"k": true}]},
                "replace_paths": [["engine"], ["rule", 0, "port"]]}},
            {"address": "data.aws_ami.x", "mode": "data", "type": "aws_ami", "name": "x", "change": {"actions": ["read"], "before": null, "after": {"owners": ["self"]}, "after_unknown": {"id": true}}},
            {"address": "aws_s3_bucket.gone", "mode": "managed", "type": "aws_s3_bucket", "name": "gone",
             "change": {"actions": ["delete"], "before": {"id": "gone", "acl": "private"}, "after": null, "after_unknown": {}, "before_sensitive": {"acl": false}}}
        ],
        "resource_drift": [{"address": "aws_s3_bucket.d", "mode": "managed", "type": "aws_s3_bucket", "name": "d",
             "change": {"actions": ["update"], "before": {"acl": "private"}, "after": {"acl": "public-read"}, "after_unknown": {}}}],
        "configuration": {"root_module": {"module_calls": {"db": {"module": {"resources": [
             {"address": "aws_db_instance.main", "expressions": {"kms_key_id": {"references": ["aws_kms_key.k.arn", "aws_kms_key.k", "var.x"]}}}]}}}}}
    })
}

#[test]
fn plan_gives_changes_with_action_unknown_and_drift() {
    let plan = read_plan(&file("plan.json", &example()));
    assert_eq!(plan.diagnostics, []);
    let change = &plan.changes[0];
    let resource = &change.resource;
    assert_eq!(
        (resource.dialect, resource.action.as_deref(), resource.live_id.as_deref()),
        (Dialect::Plan, Some("replace"), Some("db-1"))
    );
    assert!(change.create_before_destroy);
    assert_eq!(change.replace_paths, ["engine", "rule.0.port"]);
    assert_eq!(change.previous_address.as_deref(), Some("aws_db_instance.old"));
    for path in ["id", "endpoint.0.address", "ports.1"] {
        let Value::Unknown(unknown) = &resource.attribute(path).unwrap().value else { panic!("{path}") };
        assert_eq!(&*unknown.why, "module.db[0].aws_db_instance.main: known after apply");
        assert_eq!(*unknown.refers, ["module.db.aws_db_instance.main"]);
    }
    assert_eq!(resource.attribute("ports.0").unwrap().to_json(), json!(1));
    assert_eq!(resource.attribute("nested.0.n").unwrap().to_json(), json!(1));
    assert_eq!(
        (resource.references[0].attribute.as_str(), resource.references[0].target.as_str()),
        ("kms_key_id", "module.db.aws_kms_key.k")
    );
    assert_eq!(plan.changes[1].resource.block, Block::Data);
    assert_eq!(plan.changes[2].resource.attribute("acl").unwrap().to_json(), json!("private"));
    assert_eq!(plan.drift[0].resource.attribute("acl").unwrap().to_json(), json!("public-read"));
    assert_eq!(plan.drift[0].before.get("acl").unwrap().to_json(), json!("private"));
}

fn example_state() -> serde_json::Value {
    json!({
        "version": 4, "terraform_version": "1.9.0", "serial": 3, "lineage": "x", "outputs": {"o": {"value": "CANARY-output", "sensitive": true}},
        "resources": [
            {"module": "module.web[\"eu\"]", "mode": "managed", "type": "aws_instance", "name": "a", "provider": "p", "instances": [
                {"index_key": 0, "attributes": {"id": "i-0", "password": "CANARY-a", "list": [{"k": "CANARY-l"}]}, "private": "CANARY-private",
                 "sensitive_attributes": [[{"type": "get_attr", "value": "password"}], [{"type": "get_attr", "value": "list"}, {"type": "index", "value": {"value": 0, "type": "number"}}, {"type": "get_attr", "value": "k"}]],
                 "dependencies": ["module.web.aws_vpc.v", "aws_s3_bucket.b"]},
                {"index_key": "k\"q", "attributes": {"arn": "arn:1"}}]},
            {"mode": "data", "type": "aws_ami", "name": "d", "instances": [{"attributes": {"id": ""}}]}
        ]
    })
}

#[test]
fn state_gives_live_objects_with_ids_and_addresses() {
    let reading = read_state(&[file("terraform.tfstate", &example_state())]);
    assert_eq!(reading.diagnostics, []);
    let seen: Vec<_> = reading.resources.iter().map(|r| (r.address.as_str(), r.live_id.as_deref())).collect();
    assert_eq!(
        seen,
        [
            ("module.web[\"eu\"].aws_instance.a[0]", Some("i-0")),
            ("module.web[\"eu\"].aws_instance.a[\"k\\\"q\"]", Some("arn:1")),
            ("data.aws_ami.d", None)
        ]
    );
    let targets: Vec<_> = reading.resources[0].references.iter().map(|r| r.target.as_str()).collect();
    assert_eq!(targets, ["aws_s3_bucket.b", "module.web.aws_vpc.v"]);
}

#[test]
fn what_is_sensitive_is_in_nothing_that_is_handed_out() {
    let files = [file("plan.json", &example()), file("terraform.tfstate", &example_state())];
    let everything = format!("{:?}{:?}", read(&files, &Options::default()), read_plan(&files[0]));
    assert!(everything.contains("db-1") && everything.contains("i-0"));
    assert!(!everything.contains("CANARY"), "{everything}");
}

#[test]
fn other_versions_and_encrypted_states_are_named() {
    let cases = [
        (json!({"version": 3, "serial": 1, "modules": []}), "state.version"),
        (json!({"encrypted_data": "x", "meta": {}}), "state.encrypted"),
    ];
    for (state, code) in cases {
        assert_eq!(read_state(&[file("a.tfstate", &state)]).diagnostics[0].code, code);
    }
    let mut plan = example();
    plan["format_version"] = json!("2.0");
    assert_eq!(read_plan(&file("p.json", &plan)).diagnostics[0].code, "plan.format");
}

/// Counts by a separate computation over the same files: for each plan the entries of `resource_changes` by action (two
/// actions are a replacement), of `resource_drift`, and of all `replace_paths`.
#[test]
fn all_real_plans_are_read_wholly() {
    let Some(folder) = common::shared("terraform") else { return };
    let files = common::files_below(&folder, &|path| path.ends_with(".json"));
    let (mut actions, mut drift, mut paths, mut plans) = (BTreeMap::<String, usize>::new(), 0, 0, 0);
    let mut expected = (BTreeMap::<String, usize>::new(), 0, 0, 0);
    for file in &files {
        let value: serde_json::Value = serde_json::from_slice(&file.bytes).unwrap_or_default();
        if value["format_version"].is_null()
            || (value["planned_values"].is_null() && value["resource_changes"].is_null())
        {
            continue;
        }
        expected.3 += 1;
        for change in value["resource_changes"].as_array().into_iter().flatten() {
            let list = change["change"]["actions"].as_array().unwrap();
            let action = if list.len() == 2 { "replace" } else { list[0].as_str().unwrap() };
            *expected.0.entry(action.to_owned()).or_default() += 1;
            expected.2 += change["change"]["replace_paths"].as_array().map_or(0, Vec::len);
        }
        expected.1 += value["resource_drift"].as_array().map_or(0, Vec::len);
        let plan = read_plan(file);
        assert!(plan.diagnostics.iter().all(|d| d.code == "plan.errored"), "{:?}", plan.diagnostics);
        plans += 1;
        drift += plan.drift.len();
        for change in plan.changes.iter().filter(|_| !value["resource_changes"].is_null()) {
            *actions.entry(change.resource.action.clone().unwrap()).or_default() += 1;
            paths += change.replace_paths.len();
        }
    }
    assert_eq!((actions, drift, paths, plans), expected);
    assert!(expected.3 > 50);
}

#[test]
fn all_real_states_are_read_wholly() {
    let Some(folder) = common::shared("terraform") else { return };
    let files = common::files_below(&folder, &|path| path.ends_with(".tfstate"));
    let mut expected = (0, 0);
    for file in &files {
        let value: serde_json::Value = serde_json::from_slice(&file.bytes).unwrap();
        for resource in value["resources"].as_array().into_iter().flatten() {
            for instance in resource["instances"].as_array().unwrap() {
                let attributes = &instance["attributes"];
                expected.0 += 1;
                expected.1 += usize::from(
                    ["id", "arn", "self_link"]
                        .iter()
                        .any(|key| attributes[key].as_str().is_some_and(|id| !id.is_empty())),
                );
            }
        }
    }
    let reading = read_state(&files);
    assert_eq!(reading.diagnostics, []);
    assert_eq!((reading.resources.len(), reading.resources.iter().filter(|r| r.live_id.is_some()).count()), expected);
    assert!(expected.0 > 300);
}

#[test]
fn references_are_followed_through_variables_outputs_and_keys() {
    let addresses =
        ["aws_subnet.s", "module.net.aws_vpc.v", "module.net.aws_subnet.other", "module.app.aws_instance.web[0]"];
    let changes = addresses.map(|address| {
        json!({"address": address, "mode": "managed", "type": "x", "name": "x",
               "change": {"actions": ["no-op"], "before": {}, "after": {}}})
    });
    let plan = json!({
        "format_version": "1.2",
        "resource_changes": changes,
        "prior_state": {"values": {"root_module": {"child_modules": [{"resources": [
            {"address": "module.app.aws_instance.web[0]", "depends_on": ["module.net.aws_vpc.v", "aws_iam_role.r"]}]}]}}},
        "configuration": {"root_module": {
            "resources": [{"address": "aws_subnet.s", "for_each_expression": {"references": ["module.net.zones", "module.net"]},
                "expressions": {"vpc_id": {"references": ["module.net.vpc_id", "module.net"]}, "cidr_block": {"references": ["each.value"]}}}],
            "module_calls": {
                "net": {"module": {
                    "outputs": {"vpc_id": {"expression": {"references": ["aws_vpc.v.id", "aws_vpc.v"]}},
                                "zones": {"expression": {"references": ["aws_subnet.other[*].zone", "aws_subnet.other"]}}},
                    "resources": [{"address": "aws_vpc.v"}, {"address": "aws_subnet.other"}]}},
                "app": {"expressions": {"subnets": {"references": ["aws_subnet.s"]}, "loop": {"references": ["var.loop"]}},
                    "module": {"resources": [{"address": "aws_instance.web", "expressions": {
                        "subnet_id": {"references": ["var.subnets[0]", "var.subnets"]}, "tags": {"references": ["var.loop"]}}}]}}}}}
    });
    let plan = read_plan(&file("plan.json", &plan));
    let refers = |address: &str| {
        let change = plan.changes.iter().find(|change| change.resource.address == address).unwrap();
        let pairs = change.resource.references.iter().map(|one| format!("{} -> {}", one.attribute, one.target));
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(
        refers("aws_subnet.s"),
        [
            "cidr_block -> module.net.aws_subnet.other",
            "for_each -> module.net.aws_subnet.other",
            "vpc_id -> module.net.aws_vpc.v"
        ]
    );
    assert_eq!(refers("module.app.aws_instance.web[0]"), ["subnet_id -> aws_subnet.s"]);
    assert_eq!(plan.dependencies["module.app.aws_instance.web"], ["aws_iam_role.r", "module.net.aws_vpc.v"]);
}
