//! Which messages of an escalation are to be sent, and when they are tried again.

use crate::tables::{Escalation, OfWay};
use jiff::{SignedDuration, Timestamp};
use mainstay_model::facts::{DeliveryOutcome, EscalationDelivered, EscalationEvent, EscalationSaid, EscalationState};
use mainstay_notify::Event;

/// How often a message is tried in all.
pub const ATTEMPTS_MAX: u32 = 6;

/// The pause behind the first attempt; it doubles, and up to half of it is taken away by chance.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// A message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The key of the notification.
    pub key: String,
    /// What it says.
    pub event: Event,
    /// Who is told.
    pub person: String,
    /// The channel.
    pub channel: String,
    /// Their address in it.
    pub to: Option<String>,
    /// What else it says.
    pub line: String,
    /// The attempt, from 1.
    pub attempt: u32,
    /// When it is to be sent.
    pub due: Timestamp,
}

/// The messages of an escalation that are still to be sent, due or not.
///
/// Whoever is told before somebody acknowledged is no longer told after it. `keeps_alerts` says of a channel whether the other side
/// has an alert of its own that is to be acknowledged and closed there.
#[must_use]
pub fn outstanding(id: &str, escalation: &Escalation, keeps_alerts: impl Fn(&str) -> bool) -> Vec<Delivery> {
    let mut wanted: Vec<Delivery> = Vec::new();
    for (at, step) in &escalation.course {
        match step.event {
            EscalationEvent::Acknowledged => {
                wanted.clear();
                let by = step.by.as_deref().unwrap_or("somebody");
                let seen = closings(escalation, &format!("{id}/seen.{}", step.number), *at, &keeps_alerts);
                let line = format!("{by} has it");
                let said =
                    |one| Delivery { event: Event::Acknowledge, line: line.clone(), person: by.to_owned(), ..one };
                wanted.extend(seen.into_iter().map(said));
            }
            EscalationEvent::Resolved => {
                wanted.clear();
                wanted.extend(closings(escalation, &format!("{id}/over"), *at, &keeps_alerts));
            }
            EscalationEvent::Due | EscalationEvent::Forced => {}
        }
        for said in &step.said {
            let EscalationSaid::Notify { key, person, step, round, ways, .. } = said else { continue };
            let line = if *round > 1 { format!("step {step}, round {round}") } else { format!("step {step}") };
            wanted.extend(ways.iter().map(|way| Delivery {
                key: key.clone(),
                event: Event::Trigger,
                person: person.clone(),
                channel: way.channel.clone(),
                to: way.to.clone(),
                line: line.clone(),
                attempt: 1,
                due: way.at,
            }));
        }
    }
    wanted.into_iter().filter_map(|one| next_attempt(escalation, one)).collect()
}

/// Who keeps an alert of this escalation is told of its end.
fn closings(escalation: &Escalation, key: &str, at: Timestamp, keeps_alerts: &impl Fn(&str) -> bool) -> Vec<Delivery> {
    let mut channels: Vec<&EscalationDelivered> = Vec::new();
    for (_, receipt) in &escalation.receipts {
        let is_known = channels.iter().any(|known| known.channel == receipt.channel);
        if receipt.outcome == DeliveryOutcome::Sent && !is_known && keeps_alerts(&receipt.channel) {
            channels.push(receipt);
        }
    }
    let closing = |receipt: &EscalationDelivered| Delivery {
        key: key.to_owned(),
        event: Event::Resolve,
        person: receipt.person.clone(),
        channel: receipt.channel.clone(),
        to: receipt.to.clone(),
        line: "the alert is over".to_owned(),
        attempt: 1,
        due: at,
    };
    channels.into_iter().map(closing).collect()
}

/// The delivery as its next attempt; nothing where it is over and done with.
fn next_attempt(escalation: &Escalation, mut one: Delivery) -> Option<Delivery> {
    let way = mainstay_model::facts::EscalationWay {
        channel: one.channel.clone(),
        to: one.to.clone(),
        at: one.due,
        quiet_until: None,
    };
    let receipts =
        escalation.receipts.iter().map(|(_, receipt)| receipt).filter(|receipt| receipt.is_of(&one.key, &way));
    if let Some(last) = receipts.max_by_key(|receipt| receipt.attempt) {
        if last.outcome.is_final() {
            return None;
        }
        one.attempt = last.attempt + 1;
        one.due = last.again.unwrap_or(one.due);
    }
    Some(one)
}

/// When an attempt that failed is tried again; never where it was the last.
///
/// What chance takes away comes from the key, so that whichever replica counts gets the same.
#[must_use]
pub fn again(key: &str, attempt: u32, now: Timestamp) -> Option<Timestamp> {
    if attempt >= ATTEMPTS_MAX {
        return None;
    }
    let hash = key.bytes().fold(u64::from(attempt).wrapping_add(0x9e37_79b9), |hash, byte| {
        hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte)
    });
    let full =
        i64::try_from(PAUSE.as_millis()).unwrap_or(i64::MAX).saturating_mul(1 << attempt.saturating_sub(1).min(10));
    let less = i64::try_from(hash >> 32).unwrap_or(0) % (full / 2 + 1);
    now.checked_add(SignedDuration::from_millis(full - less)).ok()
}

/// When an escalation wants to be looked at again.
#[must_use]
pub fn next_due(escalation: &Escalation, outstanding: &[Delivery]) -> Option<Timestamp> {
    let stands = escalation.stands();
    let own = stands.due.filter(|_| stands.state != EscalationState::Resolved);
    outstanding.iter().map(|one| one.due).chain(own).min()
}
