//! Events as Alertmanager 0.34 writes them, by its protocol file; written by hand.

use super::read;
use crate::{Document, Heard, ReadContext, Reading, alertmanager};
use mainstay_model::FactData as _;
use mainstay_model::facts::{AlertFired, AlertNotified, AlertResolved};

const EVENTS: &str = include_str!("fixtures/events.jsonl");
/// FNV-1a of the labels, computed apart from this program.
const BASKET: &str = "bed76ead502b64d9/2026-11-01T09:15:00.123Z";
const QUEUE: &str = "dbceda5338dadace/2026-11-01T10:01:00Z";

fn read_text(text: &str) -> Reading {
    read(&Document::of("events.jsonl", text), &ReadContext::at("2026-11-02T00:00:00Z".parse().unwrap()))
}

#[test]
fn the_stream_says_what_fired_who_was_told_when_and_what_ended() {
    let reading = read_text(EVENTS);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let said: Vec<(&str, &str, String)> = reading
        .facts
        .iter()
        .map(|fact| (fact.fact_type.as_str(), fact.subject.as_ref().unwrap().name(), fact.time.to_string()))
        .collect();
    let time = |text: &str| text.to_owned();
    assert_eq!(
        said,
        [
            (AlertFired::TYPE, BASKET, time("2026-11-01T09:15:00.123Z")),
            // Each integration of the receiver by itself.
            (AlertNotified::TYPE, BASKET, time("2026-11-01T09:15:30.3Z")),
            (AlertNotified::TYPE, BASKET, time("2026-11-01T09:15:30.35Z")),
            (AlertFired::TYPE, QUEUE, time("2026-11-01T10:01:00Z")),
            (AlertResolved::TYPE, BASKET, time("2026-11-01T10:18:00.123Z")),
        ]
    );
    let [signal] = &reading.signals[..] else { panic!("{:?}", reading.signals) };
    assert_eq!(signal.at.to_string(), "2026-11-01T09:55:00Z");
    let fact = signal.fact(Some(reading.facts[3].time)).unwrap().unwrap();
    assert_eq!((fact.subject.unwrap().name(), fact.time.to_string()), (QUEUE, time("2026-11-01T10:01:00Z")));
    assert!(matches!(&signal.heard, Heard::Silenced(_, silenced) if silenced.by.as_deref() == Some("ada")));
}

#[test]
fn what_the_webhook_of_a_receiver_says_too_is_the_same_fact() {
    let webhook = r#"{"version":"4","receiver":"shop-on-call","status":"firing","alerts":[{"status":"firing",
      "labels":{"alertname":"BasketErrors","service":"basket","severity":"page","team":"shop"},
      "annotations":{"summary":"Baskets fail","runbook_url":"https://wiki.example.com/basket"},
      "startsAt":"2026-11-01T09:15:00.123456Z","endsAt":"0001-01-01T00:00:00Z"}]}"#;
    let context = ReadContext::at("2026-11-02T00:00:00Z".parse().unwrap());
    let theirs = alertmanager::read(&Document::of("webhook.json", webhook), &context);
    assert_eq!(theirs.facts[0], read_text(EVENTS).facts[0]);
}

#[test]
fn a_list_as_the_webhook_posts_it_says_the_same_as_the_lines() {
    let list = format!("[{}]", EVENTS.trim_end().replace('\n', ","));
    assert_eq!(read_text(&list).facts, read_text(EVENTS).facts);
}

#[test]
fn a_damaged_event_is_told_with_its_line_and_an_unknown_one_is_noted() {
    let reading = read_text(&EVENTS.replacen("\"startsAt\":\"2026-11-01T09:15:00.123456Z\"", "\"startsAt\":7", 1));
    assert_eq!((reading.diagnostics.len(), reading.diagnostics[0].place.line), (1, 2));
    assert_eq!(reading.facts.len(), 5, "the notification says the same of the alert");
    let newer = read_text("{\"@timestamp\": \"2026-11-01T09:15:00Z\", \"data\": {\"alertHummed\": {}}}");
    assert_eq!(newer.diagnostics[0].code, "eventrecorder.unknown");
    assert_eq!(read_text("{\"alerts\": []}").diagnostics[0].code, "eventrecorder.malformed");
}
