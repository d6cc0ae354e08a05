//! Tickets as CSV and incidents as JSON, by mappings as a user would write them.

use super::{collect, read, read_inventory};
use crate::collect::{Origin, Request};
use crate::reconcile::{KnownMap, reconcile};
use crate::{Document, Heard, Part, ReadContext, Reading};
use mainstay_model::FactData;
use mainstay_model::facts::{IncidentOpened, ResourceObserved};
use serde_json::json;

const MAPPING: &str = r#"
data = ["incidents.csv"]
source = "servicenow"
zone = "Europe/Berlin"
time_format = "%d.%m.%Y %H:%M"

[[fact]]
type = "mainstay.incident.opened.v1"
subject = "incident:{Number}"
time = "Opened"
id = "{Number}/opened"
[fact.fields]
title = "Short description"
severity = { from = "Priority", map = { "1 - Critical" = 1, "2 - High" = 2 } }
services = { from = "Services", as = "list", each = "service:{|lower}" }
detected = { from = "Detected", as = "time" }

[[fact]]
type = "mainstay.incident.restored.v1"
subject = "incident:{Number}"
time = "Restored"
id = "{Number}/restored"
when = "Restored"
"#;

const DATA: &str = "Number,Short description,Priority,Services,Opened,Detected,Restored
INC-1,\"Checkout, slow\",1 - Critical,\"Checkout; Orders\",01.07.2026 10:00,01.07.2026 09:55,01.07.2026 11:00
INC-2,Disk full,2 - High,,02.07.2026 10:00,,
INC-3,Odd,9 - Whatever,,03.07.2026 10:00,,
INC-4,Odd,2 - High,,yesterday,,
INC-5,Short
";

fn context() -> ReadContext {
    ReadContext::at("2026-11-01T00:00:00Z".parse().unwrap())
}

fn read_both(mapping: &str, path: &str, data: &str) -> Reading {
    let parts = vec![Part::new("incidents.mapping.toml", mapping), Part::new(path, data)];
    read(&Document::folder("incidents", parts), &context())
}

#[test]
fn tickets_become_facts_with_times_of_their_zone_and_bad_cells_are_told_with_their_place() {
    let reading = read_both(MAPPING, "incidents.csv", DATA);
    let ids: Vec<_> = reading.facts.iter().map(|fact| fact.id.as_str()).collect();
    assert_eq!(ids, ["INC-1/opened", "INC-1/restored", "INC-2/opened"]);
    assert_eq!(reading.facts[0].time.to_string(), "2026-07-01T08:00:00Z");
    let opened = IncidentOpened::read(&reading.facts[0]).unwrap();
    assert_eq!((&*opened.title, opened.severity), ("Checkout, slow", 1));
    assert_eq!(opened.services.iter().map(|s| s.as_str()).collect::<Vec<_>>(), ["service:checkout", "service:orders"]);
    assert_eq!(opened.detected.unwrap().to_string(), "2026-07-01T07:55:00Z");
    let told: Vec<_> = reading.diagnostics.iter().map(|d| d.place.to_string()).collect();
    assert_eq!(told, ["incidents.csv:6", "incidents.csv:4:3", "incidents.csv:5:5"]);
}

#[test]
fn a_bad_mapping_names_its_line_and_json_is_followed_by_paths() {
    let reading = read_both("source = \"x\"\nfact = 3\n", "a.csv", DATA);
    assert_eq!(reading.diagnostics[0].place.to_string(), "incidents.mapping.toml:2:8");
    let mapping = "source = \"pager\"\nrecords = \"incidents\"\n[[fact]]\ntype = \"com.example.page\"\nsubject = \"page:{id}\"\ntime = \"at.start\"\n[fact.fields]\nwho = \"people.0.name\"\n";
    let data = "{\"incidents\": [\n{\"id\": 7, \"at\": {\"start\": \"2026-07-01T08:00:00Z\"}, \"people\": [{\"name\": \"ada\"}]},\n{\"id\": 8, \"at\": {\"start\": 5}}]}";
    let reading = read_both(mapping, "a.json", data);
    assert_eq!(reading.facts[0].data, json!({"who": "ada"}));
    assert_eq!(reading.facts[0].subject.as_ref().unwrap().as_str(), "page:7");
    assert_eq!(reading.diagnostics[0].place.to_string(), "a.json:3:27");
}

#[test]
fn what_awss_tagging_api_prints_is_a_live_inventory_named_as_state_names_it() {
    let text = r#"{"ResourceTagMappingList": [{"ResourceARN": "arn:aws:ec2:eu-west-1:1:vpc/vpc-1",
        "Tags": [{"Key": "team", "Value": "Platform"}, {"Key": "environment", "Value": "production"}, {"Key": "db_password", "Value": "CANARY"}]},
        {"ResourceARN": "arn:aws:s3:::logs", "Tags": []}]}"#;
    let reading = read_inventory(&Document::of("inventory/aws.json", text), &context());
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let facts = reconcile(&reading.snapshots[0], &KnownMap::new());
    let subjects: Vec<_> = facts.iter().map(|fact| fact.subject.as_ref().unwrap().as_str()).collect();
    assert_eq!(subjects, ["aws:ec2:eu-west-1:1:vpc/vpc-1", "aws:s3:bucket/logs"]);
    let vpc = ResourceObserved::read(&facts[0]).unwrap();
    assert_eq!((&*vpc.resource_type, &*vpc.name, vpc.managed_by), ("aws:ec2:vpc", "vpc-1", None));
    assert_eq!((vpc.owner.unwrap().as_str(), vpc.environment.unwrap().as_str()), ("team:platform", "production"));
    assert!(!format!("{reading:?}").contains("CANARY"));
}

#[test]
fn a_mapping_file_alone_finds_the_data_that_it_names() {
    let root = std::env::temp_dir().join(format!("mainstay-mapping-{}", std::process::id()));
    mainstay_outside::files::make_folder(&root).unwrap();
    mainstay_outside::files::write_atomic(&root.join("i.mapping.toml"), MAPPING.as_bytes()).unwrap();
    mainstay_outside::files::write_atomic(&root.join("incidents.csv"), DATA.as_bytes()).unwrap();
    let origin = Origin::Files(root.clone(), vec![root.join("i.mapping.toml")]);
    let mut got = Reading::default();
    let request = Request { origin, context: context(), progress: &|_| {} };
    collect(&mainstay_outside::Outside::live(), &request, &mut |reading| got.merge(reading));
    assert_eq!(got.facts.len(), 3);
    assert!(got.diagnostics.iter().all(|d| d.place.file == "incidents.csv"), "{:?}", got.diagnostics);
}

const ALERTS: &str = r#"
source = "sensors"

[[fact]]
type = "mainstay.alert.fired.v1"
subject = "alert:{host}/{check}"
episode = true
time = "at"
when = "state=PROBLEM"
[fact.fields]
rule = "check"
severity = { from = "priority", map = { high = "critical", "*" = "medium" } }
service = { template = "service:{service}" }
labels = { from = "tags", as = "tags" }

[[fact]]
type = "mainstay.alert.acknowledged.v1"
subject = "alert:{host}/{check}"
episode = true
time = "at"
when = "state=ACK"
fields = { by = "user" }

[[fact]]
type = "mainstay.alert.resolved.v1"
subject = "alert:{host}/{check}"
episode = true
time = "at"
when = "state=OK"
"#;

#[test]
fn an_alert_of_any_tool_fires_is_seen_and_ends_under_its_own_key() {
    let data = json!([
        {"host": "web-3", "check": "disk", "state": "PROBLEM", "at": "2026-10-01T10:00:00Z", "priority": "high", "service": "shop",
         "tags": {"host": "web-3"}},
        {"host": "web-3", "check": "disk", "state": "ACK", "at": "2026-10-01T10:05:00Z", "user": "ada"},
        {"host": "web-3", "check": "disk", "state": "OK", "at": "2026-10-01T10:30:00Z"},
        {"host": "web-4", "check": "disk", "state": "ACK", "at": "2026-10-01T10:05:00Z"},
    ]);
    let reading = read_both(ALERTS, "alerts.json", &data.to_string());
    let [fires, seen, over] = &reading.signals[..] else { panic!("{reading:?}") };
    let Heard::Fires(fired) = &fires.heard else { panic!("{fires:?}") };
    assert_eq!((fired.rule.as_str(), fired.labels["host"].as_str()), ("disk", "web-3"));
    assert_eq!(fired.service.as_ref().unwrap().as_str(), "service:shop");
    assert_eq!((&seen.key, &over.key), (&fires.key, &fires.key));
    assert!(matches!(&seen.heard, Heard::Acknowledged(by) if by.as_str() == "ada"));
    assert_eq!((&over.heard, over.at.to_string().as_str()), (&Heard::Ends, "2026-10-01T10:30:00Z"));
    let [nobody] = &reading.diagnostics[..] else { panic!("{:?}", reading.diagnostics) };
    assert!(nobody.code == "mapping.episode" && nobody.summary.contains("by"), "{nobody}");
    let other = ALERTS.replace("mainstay.alert.resolved.v1", "mainstay.incident.opened.v1");
    assert!(read_both(&other, "alerts.json", &data.to_string()).diagnostics.len() > 1);
}
