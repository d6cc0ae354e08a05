//! Messages as Amazon documents them, signed with OpenSSL by a key that was thrown away; its certificate is `certificate.pem`.

use super::read;
use super::sns::{Message, SnsError};
use crate::{Document, Heard, ReadContext, Reading};
use jiff::Timestamp;

const NOTIFICATIONS: &str = include_str!("fixtures/notifications.jsonl");
const SUBSCRIPTION: &str = include_str!("fixtures/subscription.json");
const CERTIFICATE: &[u8] = include_bytes!("certificate.pem");

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read_text(text: &str) -> Reading {
    read(&Document::of("notifications.jsonl", text), &ReadContext::at(at("2026-11-02T00:00:00Z")))
}

fn message(line: usize) -> Message {
    Message::read(NOTIFICATIONS.lines().nth(line).unwrap().as_bytes()).unwrap()
}

#[test]
fn an_alarm_fires_until_it_is_ok_and_missing_data_are_neither() {
    let reading = read_text(NOTIFICATIONS);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let [fires, over, other] = &reading.signals[..] else { panic!("{:?}", reading.signals) };
    let Heard::Fires(fired) = &fires.heard else { panic!("{fires:?}") };
    assert_eq!((fired.rule.as_str(), fires.at), ("OrdersWait", at("2026-11-01T09:15:00.236Z")));
    assert_eq!(fired.service.as_ref().unwrap().as_str(), "service:orders");
    assert_eq!((fired.labels["region"].as_str(), fired.labels["QueueName"].as_str()), ("eu-west-1", "orders"));
    assert_eq!(fired.annotations["summary"], "Orders wait for longer than a minute");
    assert_eq!((&over.heard, over.at, &over.key), (&Heard::Ends, at("2026-11-01T09:40:00Z"), &fires.key));
    assert_ne!(other.key, fires.key);
}

#[test]
fn the_alarms_json_by_itself_says_the_same() {
    let inner: Vec<String> = (0..4).map(|line| message(line).text).collect();
    let heard = |reading: Reading| -> Vec<_> {
        reading.signals.into_iter().map(|signal| (signal.key, signal.at, signal.heard)).collect()
    };
    assert_eq!(heard(read_text(&inner.join("\n"))), heard(read_text(NOTIFICATIONS)));
}

#[test]
fn what_is_no_alarm_is_told() {
    let refused = |text: &str| read_text(text).diagnostics[0].code.clone();
    assert_eq!(
        refused("{\"TopicArn\": \"t\", \"Type\": \"Notification\", \"Message\": \"hello\"}"),
        "cloudwatch.malformed"
    );
    assert_eq!(refused("{\"AlarmName\": \"a\", \"NewStateValue\": \"ALARM\"}"), "cloudwatch.malformed");
    assert_eq!(refused(SUBSCRIPTION.replace('\n', "").as_str()), "cloudwatch.subscription");
    assert_eq!(refused(&NOTIFICATIONS.replace("ALARM", "PANIC")), "cloudwatch.malformed");
}

#[test]
fn both_versions_of_the_signature_hold_and_any_change_breaks_them() {
    for (line, sent) in [(0, "2026-11-01T09:15:01Z"), (1, "2026-11-01T09:31:30Z")] {
        let message = message(line);
        assert_eq!(message.verify(CERTIFICATE, at(sent)), Ok(()), "line {line}");
        let changed = [
            Message { text: message.text.replace("ALARM", "OK"), ..message.clone() },
            Message { topic: format!("{}2", message.topic), ..message.clone() },
            Message { subject: None, ..message.clone() },
            Message { version: if message.version == "1" { "2" } else { "1" }.to_owned(), ..message.clone() },
            Message { version: "3".to_owned(), ..message.clone() },
            Message { signature: "AAAA".to_owned(), ..message.clone() },
        ];
        for changed in changed {
            assert_eq!(changed.verify(CERTIFICATE, at(sent)), Err(SnsError::Signature), "{changed:?}");
        }
        let late = message.verify(CERTIFICATE, at("2026-11-01T11:00:00Z"));
        assert!(matches!(late, Err(SnsError::Stale(_))), "{late:?}");
        let before = message.verify(CERTIFICATE, at("2020-01-01T00:00:00Z"));
        assert!(matches!(before, Err(SnsError::Certificate(..))), "{before:?}");
    }
    let subscription = Message::read(SUBSCRIPTION.as_bytes()).unwrap();
    assert_eq!(subscription.verify(CERTIFICATE, at("2026-11-01T08:00:10Z")), Ok(()));
    assert!(matches!(
        subscription.verify(b"no certificate", at("2026-11-01T08:00:10Z")),
        Err(SnsError::Certificate(..))
    ));
}

#[test]
fn nothing_is_fetched_from_anywhere_but_sns() {
    let with = |url: &str| Message { certificate_url: url.to_owned(), ..message(0) }.check_certificate_url().is_ok();
    assert!(with("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem"));
    assert!(with("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-01.pem"));
    for other in [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
        "https://evil.example#.sns.eu-west-1.amazonaws.com/a.pem",
        "https://s3.eu-west-1.amazonaws.com/bucket/a.pem",
        "https://sns.evil.s3.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a?x=.pem",
        "https://sns.eu-west-1.amazonaws.com",
    ] {
        assert!(!with(other), "{other}");
    }
}

#[test]
fn only_the_confirmation_of_this_topic_is_one() {
    let subscription = Message::read(SUBSCRIPTION.as_bytes()).unwrap();
    assert!(subscription.confirmation().unwrap().starts_with("https://sns.eu-west-1.amazonaws.com/?Action="));
    let with = |from: &str, to: &str| {
        let url = subscription.subscribe_url.clone().unwrap().replace(from, to);
        Message { subscribe_url: Some(url), ..subscription.clone() }.confirmation().is_ok()
    };
    assert!(with("arn:aws:sns:", "arn%3Aaws%3Asns%3A"));
    assert!(!with("eu-west-1.amazonaws", "us-east-1.amazonaws"), "another region");
    assert!(!with(":alarms", ":others"), "another topic");
    assert!(!with("ConfirmSubscription", "Unsubscribe"));
    assert!(!with("Token=2", "Token=3"));
    assert!(Message { subscribe_url: None, ..subscription.clone() }.confirmation().is_err());
}
