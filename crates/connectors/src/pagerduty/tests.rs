//! Events as PagerDuty's documentation has them.

use super::{Event, read};
use crate::{Document, Heard, ReadContext, Reading};
use mainstay_model::{PrincipalId, Severity};

const EVENTS: &str = include_str!("fixtures/events.json");

fn read_as(who: Option<&str>, text: &str) -> Reading {
    let mut context = ReadContext::at("2026-11-02T00:00:00Z".parse().unwrap());
    context.who = who.map(|who| PrincipalId::new(who).unwrap());
    read(&Document::of("events.json", text), &context)
}

#[test]
fn a_trigger_says_what_fires_since_when_and_what_follows_has_its_key() {
    let reading = read_as(Some("token:sensors"), EVENTS);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let [trigger, seen, over, other] = &reading.signals[..] else { panic!("{:?}", reading.signals) };
    let Heard::Fires(fired) = &trigger.heard else { panic!("{trigger:?}") };
    assert_eq!((trigger.at.to_string().as_str(), fired.rule.as_str()), ("2026-11-01T09:15:00Z", "DiskFull"));
    assert_eq!(fired.severity, Some(Severity::Critical));
    assert_eq!(fired.service.as_ref().unwrap().as_str(), "service:checkout");
    assert_eq!(fired.annotations["runbook_url"], "https://wiki.example.com/disk");
    assert_eq!(fired.labels["source"], "web-3.example.com");
    assert!(!format!("{fired:?}").contains("not-for-labels"), "a detail that is a secret goes no further");
    assert_eq!((&seen.key, &over.key), (&trigger.key, &trigger.key));
    assert_eq!(seen.heard, Heard::Acknowledged(PrincipalId::new("token:sensors").unwrap()));
    assert_eq!(over.heard, Heard::Ends);
    assert_ne!(other.key, trigger.key);
    assert!(matches!(&other.heard, Heard::Fires(fired) if fired.rule == "Nightly export took 41 minutes"));
}

#[test]
fn the_same_key_of_another_integration_is_another_alert() {
    let key = |who: Option<&str>, text: &str| read_as(who, text).signals[0].key.clone();
    assert_ne!(key(Some("token:a"), EVENTS), key(Some("token:b"), EVENTS));
    assert_ne!(key(None, EVENTS), key(None, &EVENTS.replace("0001\"", "0003\"")));
    // A key that is renewed makes no other alert of it.
    assert_eq!(key(Some("token:a"), EVENTS), key(Some("token:a"), &EVENTS.replace("0001\"", "0003\"")));
}

#[test]
fn what_an_event_lacks_is_said_in_pagerdutys_words() {
    let errors = |text: &str| Event::of(text.as_bytes()).errors;
    let payload = r#""payload": {"summary": "s", "source": "h", "severity": "info"}"#;
    let event = |action: &str, rest: &str| format!(r#"{{"routing_key": "k", "event_action": "{action}", {rest}}}"#);
    assert!(errors(&event("trigger", payload)).is_empty());
    assert_eq!(errors(&event("resolve", payload)), ["'dedup_key' is missing or blank"]);
    assert_eq!(errors(&event("trigger", r#""dedup_key": "a""#)).len(), 3);
    assert_eq!(errors("{}").len(), 2);
    assert_eq!(errors(&event("explode", payload)), ["'event_action' must be one of trigger, acknowledge, resolve"]);
    let long = format!(r#""dedup_key": "{}", {payload}"#, "k".repeat(256));
    assert_eq!(errors(&event("trigger", &long)), ["'dedup_key' is too long (maximum is 255 characters)"]);
    assert_eq!(errors("no json").len(), 1);
    assert_eq!(read_as(None, "[{\"routing_key\": 1}]").diagnostics[0].code, "pagerduty.invalid-event");
}

#[test]
fn an_event_without_a_key_gets_one_that_is_its_own() {
    let event = |host: &str| {
        let text = format!(
            r#"{{"routing_key": "k", "event_action": "trigger", "payload": {{"summary": "s", "source": "{host}", "severity": "info"}}}}"#
        );
        Event::of(text.as_bytes()).dedup_key
    };
    assert_eq!((event("a").len(), event("a")), (32, event("a")));
    assert_ne!(event("a"), event("b"));
}
