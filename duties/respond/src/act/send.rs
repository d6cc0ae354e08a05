//! Messages of escalations go out, each with a receipt in the ledger as soon as it is known what became of it.

use super::fact;
use crate::judge::delivery::{Delivery, again};
use crate::tables::Escalation;
use mainstay_kit::ui::address;
use mainstay_kit::{Call, Folded, Problem};
use mainstay_model::facts::{AlertNotified, DeliveryOutcome, EscalationDelivered};
use mainstay_model::{Fact, Subject, Timestamp};
use mainstay_notify::{Event, Message, Outcome, send};
use std::sync::Mutex;

/// Messages that are sent side by side: one server that hangs holds the others up by a part.
const SIDE_BY_SIDE: usize = 8;

/// Messages of one run; the rest follows in the next, half a second later.
const MESSAGES_MAX: usize = 64;

/// Sends messages and writes down what became of each.
///
/// # Errors
/// The database fails; what was sent meanwhile has its receipt, or is sent once more under the same key.
pub fn all(call: &Call<'_>, mut due: Vec<(Folded<Escalation>, Delivery)>) -> Result<(), Problem> {
    due.sort_by_key(|(_, delivery)| delivery.due);
    due.truncate(MESSAGES_MAX);
    due.reverse();
    let count = due.len().min(SIDE_BY_SIDE);
    let (queue, failed) = (Mutex::new(due), Mutex::new(None));
    let next = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                while let Some((escalation, delivery)) = next() {
                    if let Err(problem) = one(call, &escalation, &delivery) {
                        *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(problem);
                        return;
                    }
                }
            });
        }
    });
    match failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

fn one(call: &Call<'_>, escalation: &Folded<Escalation>, delivery: &Delivery) -> Result<(), Problem> {
    let channel = call.world.channels.iter().find(|channel| channel.id == delivery.channel);
    let outcome = match channel {
        Some(channel) => send(&call.world.outside, channel, &message(call, escalation, delivery)),
        None => Outcome::Refused(format!("there is no channel {:?} in mainstay.toml", delivery.channel)),
    };
    let facts = receipts(call, escalation, delivery, outcome)?;
    call.append(facts)?;
    Ok(())
}

fn message(call: &Call<'_>, escalation: &Folded<Escalation>, delivery: &Delivery) -> Message {
    let begun = &escalation.entity.begun;
    let name = escalation.key.split_once(':').map_or(escalation.key.as_str(), |(_, name)| name);
    let page = address::page(["escalations", &escalation.key]);
    Message {
        key: delivery.key.clone(),
        thread: name.to_owned(),
        event: delivery.event,
        title: begun.title.clone(),
        lines: vec![format!("{} of the policy {}", delivery.line, begun.policy.id)],
        severity: begun.severity,
        service: begun.service.as_ref().map(|service| service.name().to_owned()),
        team: begun.team.as_ref().map(|team| team.name().to_owned()),
        person: delivery.person.clone(),
        to: delivery.to.clone(),
        link: call.world.url.as_ref().map(|url| format!("{}{page}", url.trim_end_matches('/'))),
        runbook: begun.link.clone(),
        at: delivery.due,
    }
}

/// What is written down of an attempt; and of an alert that it was told.
fn receipts(
    call: &Call<'_>,
    escalation: &Folded<Escalation>,
    delivery: &Delivery,
    outcome: Outcome,
) -> Result<Vec<Fact>, Problem> {
    // As the ledger keeps times.
    let now = call.world.now().as_microsecond();
    let now = Timestamp::from_microsecond(now).unwrap_or(call.now);
    let (outcome, answer, again) = match outcome {
        Outcome::Sent(answer) => (DeliveryOutcome::Sent, answer, None),
        Outcome::Refused(answer) => (DeliveryOutcome::Refused, answer, None),
        Outcome::Failed(answer) => {
            let key = format!("{}/{}", delivery.key, delivery.channel);
            match again(&key, delivery.attempt, now) {
                Some(at) => (DeliveryOutcome::Failed, answer, Some(at)),
                None => (DeliveryOutcome::GivenUp, answer, None),
            }
        }
    };
    let delivered = EscalationDelivered {
        key: delivery.key.clone(),
        person: delivery.person.clone(),
        channel: delivery.channel.clone(),
        to: delivery.to.clone(),
        attempt: delivery.attempt,
        outcome,
        answer,
        again,
    };
    let id = format!(
        "{}/{}/{}/{}",
        delivery.key,
        delivery.channel,
        delivery.to.as_deref().unwrap_or_default(),
        delivery.attempt
    );
    let about = Subject::new(escalation.key.clone()).map_err(|e| Problem::ours("respond.subject", e.to_string()))?;
    let mut facts = vec![fact(&delivered, &id, about, now)?];
    if delivered.outcome == DeliveryOutcome::Sent && delivery.event == Event::Trigger {
        let told = AlertNotified { receiver: delivery.person.clone() };
        facts.push(fact(&told, &format!("{id}/told"), escalation.entity.begun.alert.clone(), now)?);
    }
    Ok(facts)
}
