//! `POST /v2/enqueue`: whatever can send to PagerDuty's Events API v2 sends to Mainstay. The integration key is a token of
//! Mainstay, and answers have PagerDuty's form.

use super::Delivery;
use mainstay_connectors::pagerduty::Event;
use mainstay_kit::{Hook, Manners, Problem};
use serde_json::{Value, json};

pub(super) fn hook(of: Delivery) -> Hook {
    let take = move |call: &mainstay_kit::Call<'_>, headers, body: Vec<u8>| {
        let event = Event::of(&body);
        if !event.errors.is_empty() {
            return Err(Problem::malformed("pagerduty.invalid-event", event.errors.join("; ")));
        }
        of.take(call, headers, body)?;
        Ok(Value::String(event.dedup_key))
    };
    Hook {
        name: "pagerduty".to_owned(),
        signed: false,
        take: Box::new(take),
        path: Some("/v2/enqueue"),
        tick: None,
        manners: Manners { token: Some(|body| Event::of(body).routing_key), answer: Some(answer) },
    }
}

/// The answers that PagerDuty documents, with its statuses: 202 for what is taken, 400 for what is no event, 429 and 5xx for
/// what is to be sent again.
fn answer(taken: Result<Value, Problem>) -> (u16, Value) {
    match taken {
        Ok(key) => (202, json!({"status": "success", "message": "Event processed", "dedup_key": key})),
        Err(problem) => {
            let (status, message) = match problem.status {
                400 => ("invalid event", "Event object is invalid"),
                401 | 403 => ("invalid key", "routing_key is no token of Mainstay that may deliver"),
                429 => ("throttle exceeded", "too many events; send it again later"),
                _ => ("failed", "the event was not taken; send it again"),
            };
            (problem.status, json!({"status": status, "message": message, "errors": [problem.detail]}))
        }
    }
}
