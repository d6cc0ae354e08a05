//! Webhook and API against each other, on bodies written after Alertmanager's documentation.

use super::read;
use crate::reconcile::{KnownMap, known_of, reconcile};
use crate::{Document, Part, ReadContext, Reading};
use mainstay_model::facts::{AlertFired, AlertResolved};
use mainstay_model::{FactData, Severity};

const WEBHOOK: &str = r#"{"version":"4","groupKey":"{}:{}","status":"firing","receiver":"platform","groupLabels":{},
 "commonLabels":{},"commonAnnotations":{},"externalURL":"http://am:9093","truncatedAlerts":0,"alerts":[
 {"status":"firing","labels":{"alertname":"DiskFull","severity":"page","service":"checkout","team":"Platform"},
  "annotations":{"summary":"disk is full","description":"97.3 % used"},"startsAt":"2026-03-01T08:00:00.123456Z",
  "endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prom-0/graph","fingerprint":"aaaa000011112222"},
 {"status":"resolved","labels":{"alertname":"Watchdog","severity":"none"},"annotations":{},
  "startsAt":"2026-03-01T07:00:00Z","endsAt":"2026-03-01T09:00:00Z","generatorURL":"","fingerprint":"bbbb000011112222"}]}"#;

fn context() -> ReadContext {
    ReadContext::at("2026-03-02T00:00:00Z".parse().unwrap())
}

fn read_text(text: &str) -> Reading {
    read(&Document::of("alerts.json", text), &context())
}

fn said(reading: &Reading) -> Vec<String> {
    let verb = |fact: &mainstay_model::Fact| fact.fact_type.split('.').nth(2).unwrap().to_owned();
    reading.facts.iter().map(|f| format!("{} {} {}", verb(f), f.subject.as_ref().unwrap().name(), f.time)).collect()
}

#[test]
fn a_delivery_says_what_fired_who_was_told_and_what_resolved() {
    let reading = read_text(WEBHOOK);
    assert!(reading.diagnostics.is_empty());
    assert_eq!(
        said(&reading),
        [
            "fired aaaa000011112222/2026-03-01T08:00:00.123Z 2026-03-01T08:00:00.123Z",
            "notified aaaa000011112222/2026-03-01T08:00:00.123Z 2026-03-01T08:00:00.123Z",
            "fired bbbb000011112222/2026-03-01T07:00:00Z 2026-03-01T07:00:00Z",
            "notified bbbb000011112222/2026-03-01T07:00:00Z 2026-03-01T07:00:00Z",
            "resolved bbbb000011112222/2026-03-01T07:00:00Z 2026-03-01T09:00:00Z",
        ]
    );
    let fired = AlertFired::read(&reading.facts[0]).unwrap();
    assert_eq!(fired.severity, Some(Severity::Critical));
    assert_eq!(fired.service.unwrap().as_str(), "service:checkout");
    assert_eq!(fired.team.unwrap().as_str(), "team:platform");
    assert!(AlertFired::read(&reading.facts[2]).unwrap().watchdog);
}

#[test]
fn a_repetition_with_a_new_value_or_from_the_twin_is_the_same_fact() {
    let twin = WEBHOOK.replace("97.3 %", "98.1 %").replace("prom-0", "prom-1").replace(".123456Z", ".123Z");
    assert_eq!(read_text(WEBHOOK).facts, read_text(&twin).facts);
}

#[test]
fn the_api_names_the_episodes_that_the_webhook_named_and_ends_those_that_are_gone() {
    let api = r#"[{"annotations":{"summary":"disk is full","description":"x"},"endsAt":"2026-03-02T00:04:00.000Z",
      "fingerprint":"aaaa000011112222","receivers":[{"name":"platform"}],"startsAt":"2026-03-01T08:00:00.123Z",
      "status":{"inhibitedBy":[],"silencedBy":[],"state":"active"},"updatedAt":"2026-03-02T00:00:00.000Z",
      "labels":{"alertname":"DiskFull","severity":"page","service":"checkout","team":"Platform"}}]"#;
    let mut known: KnownMap = read_text(WEBHOOK).facts.iter().filter_map(known_of).collect();
    let reading = read_text(api);
    assert!(reconcile(&reading.snapshots[0], &known).is_empty(), "the webhook said so already");
    let fresh = reconcile(&reading.snapshots[0], &KnownMap::new());
    assert_eq!(fresh[0].time.to_string(), "2026-03-01T08:00:00.123Z");

    let gone = reconcile(&read_text("[]").snapshots[0], &known);
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].fact_type, AlertResolved::TYPE);
    known.extend(gone.iter().filter_map(known_of));
    assert!(reconcile(&read_text("[]").snapshots[0], &known).is_empty());
}

#[test]
fn an_alertmanager_that_just_started_ends_nothing() {
    let part = |path: &str, text: &str| Part::new(path, text);
    let with_start = |start: &str| {
        let status = format!("{{\"uptime\": \"{start}\"}}");
        let parts = vec![part("http://am/api/v2/alerts", "[]"), part("http://am/api/v2/status", &status)];
        read(&Document::folder("http://am", parts), &context()).snapshots[0].complete
    };
    assert!(with_start("2026-03-01T23:00:00.000Z"));
    assert!(!with_start("2026-03-01T23:59:00.000Z"));
}

#[test]
fn a_damaged_alert_is_told_and_the_others_count() {
    let text = WEBHOOK.replace("\"startsAt\":\"2026-03-01T08:00:00.123456Z\"", "\"startsAt\":\"yesterday\"");
    let reading = read_text(&text);
    assert_eq!(reading.facts.len(), 3);
    assert_eq!(reading.diagnostics[0].place.line, 3);
    assert_eq!(read_text("{\"hello\": 1}").diagnostics[0].code, "alertmanager.malformed");
}
