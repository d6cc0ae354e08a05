//! Alarms of CloudWatch that Amazon SNS delivers. A delivery counts with SNS' signature and of a topic that the settings name;
//! nothing is fetched because of any other.

use super::Delivery;
use jiff::Timestamp;
use mainstay_connectors::cloudwatch::sns::{Message, SnsError};
use mainstay_kit::{Call, Hook, Manners, Problem};
use mainstay_outside::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Certificates that are kept; each region has one or two at a time.
const CERTIFICATES_MAX: usize = 32;

/// Largest certificate or answer of SNS, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Fetches what stands at an address of SNS, or says why not.
type Fetch<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// The certificates that were fetched, by address.
type Certificates = Mutex<BTreeMap<String, Vec<u8>>>;

pub(super) fn hook(of: Delivery) -> Hook {
    let certificates = Certificates::default();
    let take = move |call: &Call<'_>, headers, body: Vec<u8>| {
        let fetch = |url: &str| {
            let request = Request::get(url).response_bytes_max(ANSWER_BYTES_MAX);
            call.world.outside.send(&request).map(|answer| answer.body).map_err(|error| error.to_string())
        };
        let message = admitted(&body, &of.options.topics, call.now, &certificates, &fetch)?;
        match message.kind.as_str() {
            "SubscriptionConfirmation" => confirm(&message, of.options.confirm, &fetch),
            _ => of.take(call, headers, body),
        }
    };
    Hook {
        name: "cloudwatch".to_owned(),
        signed: true,
        take: Box::new(take),
        path: None,
        tick: None,
        manners: Manners::default(),
    }
}

/// The message, where it counts.
fn admitted(
    body: &[u8],
    topics: &[String],
    now: Timestamp,
    certificates: &Certificates,
    fetch: Fetch<'_>,
) -> Result<Message, Problem> {
    let message = Message::read(body).map_err(|e| refused(&e))?;
    if !topics.contains(&message.topic) {
        // Anybody with an account at Amazon can have messages of topics of their own signed.
        tracing::warn!(topic = message.topic, "a delivery of a topic of SNS that the settings do not name was refused");
        return Err(Problem::forbidden(format!(
            "the settings name no topic {}; add it to `topics` of a [[source]] with connector = \"cloudwatch\"",
            message.topic
        )));
    }
    message.check_certificate_url().map_err(|e| refused(&e))?;
    let url = &message.certificate_url;
    let kept = certificates.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
    let certificate = match kept {
        Some(certificate) => certificate,
        None => fetch(url).map_err(|why| unreachable(&why))?,
    };
    message.verify(&certificate, now).map_err(|e| refused(&e))?;
    let mut certificates = certificates.lock().unwrap_or_else(PoisonError::into_inner);
    if certificates.len() < CERTIFICATES_MAX {
        certificates.insert(url.clone(), certificate);
    }
    Ok(message)
}

/// Confirms a subscription where the settings say so; else a person does.
fn confirm(message: &Message, by_itself: bool, fetch: Fetch<'_>) -> Result<Value, Problem> {
    let url = message.confirmation().map_err(|e| refused(&e))?;
    if by_itself {
        fetch(url).map_err(|why| unreachable(&why))?;
        tracing::info!(topic = message.topic, "the subscription was confirmed");
        return Ok(json!({"subscription": "confirmed", "topic": message.topic}));
    }
    let command = format!(
        "aws sns confirm-subscription --topic-arn {} --token {}",
        message.topic,
        message.token.as_deref().unwrap_or_default()
    );
    tracing::warn!(topic = message.topic, "a subscription waits to be confirmed by a person: {command}");
    Ok(json!({"subscription": "waits for a person", "topic": message.topic}))
}

fn refused(error: &SnsError) -> Problem {
    match error {
        SnsError::Malformed => Problem::malformed("cloudwatch.malformed", error.to_string()),
        SnsError::Address(..) => Problem::forbidden(error.to_string()),
        _ => Problem::unauthenticated(error.to_string()),
    }
}

/// SNS delivers again what was answered with 5xx.
fn unreachable(why: &str) -> Problem {
    let detail = format!("SNS cannot be asked from here, so that its signature cannot be checked: {why}");
    tracing::error!("{detail}");
    Problem { status: 503, code: "cloudwatch.unreachable".to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const NOTIFICATIONS: &str = include_str!("../../../crates/connectors/src/cloudwatch/fixtures/notifications.jsonl");
    const SUBSCRIPTION: &str = include_str!("../../../crates/connectors/src/cloudwatch/fixtures/subscription.json");
    const CERTIFICATE: &[u8] = include_bytes!("../../../crates/connectors/src/cloudwatch/certificate.pem");
    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alarms";

    fn topics() -> Vec<String> {
        vec![TOPIC.to_owned()]
    }

    fn first() -> &'static str {
        NOTIFICATIONS.lines().next().unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-01T09:15:05Z".parse().unwrap()
    }

    #[test]
    fn a_signed_message_of_a_named_topic_counts_and_its_certificate_is_fetched_once() {
        let fetched = RefCell::new(Vec::new());
        let fetch = |url: &str| {
            fetched.borrow_mut().push(url.to_owned());
            Ok(CERTIFICATE.to_vec())
        };
        let certificates = Certificates::default();
        for _ in 0..2 {
            let message = admitted(first().as_bytes(), &topics(), now(), &certificates, &fetch).unwrap();
            assert_eq!(message.kind, "Notification");
        }
        assert_eq!(fetched.borrow().len(), 1);
        let forged = first().replace("\\\"ALARM\\\"", "\\\"OK\\\"");
        assert_ne!(forged, first());
        assert_eq!(admitted(forged.as_bytes(), &topics(), now(), &certificates, &fetch).unwrap_err().status, 401);
    }

    #[test]
    fn nothing_is_fetched_for_a_topic_or_an_address_that_is_not_known() {
        let fetch = |url: &str| -> Result<Vec<u8>, String> { panic!("{url} was fetched") };
        let status = |body: &str, topics: &[String]| {
            admitted(body.as_bytes(), topics, now(), &Certificates::default(), &fetch).unwrap_err().status
        };
        assert_eq!(status(first(), &[]), 403);
        assert_eq!(
            status(&first().replace("sns.eu-west-1.amazonaws.com/Simple", "evil.example/Simple"), &topics()),
            403
        );
        assert_eq!(status("{\"AlarmName\": \"raw\"}", &topics()), 400);
        let subscription = Message::read(SUBSCRIPTION.as_bytes()).unwrap();
        let elsewhere = Message { subscribe_url: Some("https://evil.example/?x".to_owned()), ..subscription.clone() };
        assert_eq!(confirm(&elsewhere, true, &fetch).unwrap_err().status, 403);
        // Without the word of the settings a person confirms.
        assert_eq!(confirm(&subscription, false, &fetch).unwrap()["subscription"], "waits for a person");
    }

    #[test]
    fn a_subscription_is_confirmed_at_sns_where_the_settings_say_so_and_a_dead_network_is_said() {
        let subscription = Message::read(SUBSCRIPTION.as_bytes()).unwrap();
        let fetched = RefCell::new(String::new());
        let fetch = |url: &str| {
            url.clone_into(&mut fetched.borrow_mut());
            Ok(b"<ConfirmSubscriptionResponse/>".to_vec())
        };
        assert_eq!(confirm(&subscription, true, &fetch).unwrap()["subscription"], "confirmed");
        assert!(fetched.borrow().starts_with("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"));
        let dead = |_: &str| Err("no route".to_owned());
        assert_eq!(confirm(&subscription, true, &dead).unwrap_err().status, 503);
        let problem = admitted(first().as_bytes(), &topics(), now(), &Certificates::default(), &dead).unwrap_err();
        assert!(problem.status == 503 && problem.detail.contains("cannot be asked from here"), "{problem}");
    }
}
