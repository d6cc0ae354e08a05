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
    // The last letters, which tell most keys apart, would stay in the lower half otherwise.
    let hash = (hash ^ (hash >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
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

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{Folded, fold_all, history};

    const BEGUN: &str = r#"2026-11-05T09:00:00Z escalation.begun escalation:e1 {"alert":"alert:1","title":"t","digest":"d","policy":{"id":"shop","steps":[{"notify":["person:ada"],"wait_s":300}]}}"#;
    const STANDS: &str = r#""run":0,"round":0,"step":1,"told":true,"tries":0,"seen":"2026-11-05T09:00:00Z""#;

    /// An escalation whose first step tells Ada in two ways, and what came behind it.
    fn escalation(behind: &str) -> Folded<Escalation> {
        let told = format!(
            r#"2026-11-05T09:00:00Z escalation.advanced escalation:e1 {{"number":1,"event":"due","said":[{{"what":"notify","key":"e1/0.0.0/ada","person":"ada","name":"Ada","step":1,"round":1,"ways":[{{"channel":"pd","at":"2026-11-05T09:00:00Z"}},{{"channel":"mail","to":"a@b.c","at":"2026-11-05T09:05:00Z"}}]}}],"stands":{{"state":"running",{STANDS}}}}}"#
        );
        fold_all::<Escalation>(&history(&format!("{BEGUN}\n{told}\n{behind}")).unwrap()).remove(0)
    }

    fn receipt(time: &str, channel: &str, attempt: u32, outcome: &str, more: &str) -> String {
        format!(
            r#"{time} escalation.delivered escalation:e1 {{"key":"e1/0.0.0/ada","person":"ada","channel":"{channel}","attempt":{attempt},"outcome":"{outcome}"{more}}}"#
        )
    }

    fn wanted(one: &Folded<Escalation>) -> Vec<(String, Event, u32, String)> {
        let all = outstanding("e1", &one.entity, |channel| channel == "pd");
        all.into_iter().map(|one| (one.channel, one.event, one.attempt, one.due.to_string())).collect()
    }

    fn decided(number: u32, event: &str, state: &str) -> String {
        format!(
            r#"2026-11-05T09:01:00Z escalation.advanced escalation:e1 {{"number":{number},"event":"{event}","by":"ben","stands":{{"state":"{state}",{STANDS}}}}}"#
        )
    }

    #[test]
    fn a_message_is_wanted_until_it_has_its_receipt_and_again_when_that_says_so() {
        let way = |channel: &str, attempt, due: &str| (channel.to_owned(), Event::Trigger, attempt, due.to_owned());
        let mail = way("mail", 1, "2026-11-05T09:05:00Z");
        assert_eq!(wanted(&escalation("")), [way("pd", 1, "2026-11-05T09:00:00Z"), mail.clone()]);
        let failed = receipt("2026-11-05T09:00:01Z", "pd", 1, "failed", r#","again":"2026-11-05T09:00:06Z""#);
        assert_eq!(wanted(&escalation(&failed)), [way("pd", 2, "2026-11-05T09:00:06Z"), mail.clone()]);
        for outcome in ["sent", "refused", "given-up"] {
            let last = receipt("2026-11-05T09:00:07Z", "pd", 2, outcome, "");
            assert_eq!(wanted(&escalation(&format!("{failed}\n{last}"))), std::slice::from_ref(&mail), "{outcome}");
        }
    }

    #[test]
    fn nobody_is_told_of_what_somebody_has_and_who_keeps_an_alert_hears_of_it() {
        let sent = receipt("2026-11-05T09:00:01Z", "pd", 1, "sent", "");
        let seen = format!("{sent}\n{}", decided(2, "acknowledged", "acknowledged"));
        let at = "2026-11-05T09:01:00Z".to_owned();
        assert_eq!(wanted(&escalation(&seen)), [("pd".to_owned(), Event::Acknowledge, 1, at.clone())]);
        let over = format!("{sent}\n{}", decided(2, "resolved", "resolved"));
        assert_eq!(wanted(&escalation(&over)), [("pd".to_owned(), Event::Resolve, 1, at)]);
        // Where nothing was sent, there is nothing to close.
        assert_eq!(wanted(&escalation(&decided(2, "resolved", "resolved"))), []);
    }

    #[test]
    fn a_decision_whose_predecessor_has_not_arrived_does_not_count_yet() {
        let gap = escalation(&decided(3, "resolved", "resolved"));
        assert_eq!((gap.entity.number(), gap.entity.stands().state), (1, EscalationState::Running));
        let whole = escalation(&format!("{}\n{}", decided(3, "resolved", "resolved"), decided(2, "forced", "running")));
        assert_eq!((whole.entity.number(), whole.entity.stands().state), (3, EscalationState::Resolved));
    }

    #[test]
    fn pauses_double_at_the_most_and_end() {
        let now: Timestamp = "2026-11-05T09:00:00Z".parse().unwrap();
        for attempt in 1..ATTEMPTS_MAX {
            let pause = again("e1/0.0.0/ada/pd", attempt, now).unwrap().duration_since(now).as_millis();
            let full = 5_000 << (attempt - 1);
            assert!((full / 2..=full).contains(&pause), "attempt {attempt}: {pause} ms");
        }
        assert_ne!(again("a", 3, now), again("b", 3, now), "not all come again at once");
        assert_eq!(again("a", ATTEMPTS_MAX, now), None);
    }
}
