//! Events to facts.

use crate::alertmanager::{episode, fingerprint, fired, fired_id, to_millisecond};
use crate::json::{self, NodeExt};
use crate::signal::{Heard, Signal};
use crate::{At, Document, Part, ReadContext, Reading};
use jiff::Timestamp;
use mainstay_iac::{Node, Value};
use mainstay_model::facts::{AlertFired, AlertNotified, AlertResolved, AlertSilenced};
use mainstay_model::{Diagnostic, Subject};
use std::collections::{BTreeMap, HashSet};

/// Events that say nothing about an episode that the others do not: the process, groups, and what a silence is before it
/// covers an alert. What an inhibition keeps quiet has told nobody, which needs no fact.
const PASSED_OVER: &[&str] = &[
    "alertmanagerStartupEvent",
    "alertmanagerShutdownEvent",
    "alertGrouped",
    "silenceCreated",
    "silenceUpdated",
    "inhibitionMutedAlert",
];

/// Reads events: one, a list, or a line each.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    for part in &document.parts {
        let mut page = Page { part, ctx, source: ctx.source_or("alertmanager"), seen: HashSet::new() };
        json::parse_records(part, &mut reading).iter().for_each(|node| page.event(node, &mut reading));
    }
    reading
}

struct Page<'a> {
    part: &'a Part,
    ctx: &'a ReadContext,
    source: String,
    /// Ids of what was said already: every event about an alert says again that it fires.
    seen: HashSet<String>,
}

struct Alert {
    subject: Subject,
    episode: String,
    start: Timestamp,
    end: Option<Timestamp>,
    resolved: bool,
    data: AlertFired,
}

impl Page<'_> {
    fn event(&mut self, node: &Node, reading: &mut Reading) {
        let time = node.text("@timestamp").and_then(|text| text.parse::<Timestamp>().ok());
        let data = match node.field("data").map(|data| &data.value) {
            Some(Value::Map(map)) => map.iter().next(),
            _ => None,
        };
        let (Some(time), Some((kind, event))) = (time, data) else {
            self.refuse(node, "an event needs `@timestamp` and `data` with what happened", reading);
            return;
        };
        match kind {
            "alertCreated" => {
                if let Some(alert) = self.alert(event, event.field("alert"), reading) {
                    self.fires(&alert, event, reading);
                }
            }
            "alertResolved" => {
                if let Some(alert) = self.alert(event, event.at_path("alert.details"), reading) {
                    self.fires(&alert, event, reading);
                    self.ends(&alert, time, event, reading);
                }
            }
            "notification" => self.notification(event, time, reading),
            "silenceMutedAlert" => self.silenced(event, time, reading),
            known if PASSED_OVER.contains(&known) => {}
            other => {
                let help = "nothing to do: what a newer Alertmanager says besides is left out";
                let summary = format!("an event of a kind that is not known: {other}");
                reading.note(Diagnostic::note("eventrecorder.unknown", summary, self.at(node).place(), help));
            }
        }
    }

    /// Who was told of what fires. That somebody was told of an end is no page.
    fn notification(&mut self, event: &Node, time: Timestamp, reading: &mut Reading) {
        let receiver = event.at_path("groupInfo.receiverName").and_then(NodeExt::as_text).unwrap_or_default();
        let integration = event
            .field("integration")
            .map(|one| format!("{}{}", one.text("name").unwrap_or_default(), one.text("index").unwrap_or("0")));
        let integration = integration.unwrap_or_default();
        for item in event.field("alerts").map(NodeExt::items).unwrap_or_default() {
            let Some(alert) = self.alert(item, item.field("details"), reading) else { continue };
            self.fires(&alert, item, reading);
            if alert.resolved {
                self.ends(&alert, time, item, reading);
            } else if !receiver.is_empty() {
                let told = AlertNotified { receiver: receiver.to_owned() };
                // Each integration of a receiver has an event of its own.
                let id = format!("{}/notified/{receiver}/{integration}/{time}", alert.episode);
                let at = time.max(alert.start);
                reading.say(&told, &self.source, &id, alert.subject.clone(), at, &self.at(item));
            }
        }
    }

    fn silenced(&self, event: &Node, time: Timestamp, reading: &mut Reading) {
        let print = event.at_path("mutedAlert.fingerprint").and_then(print_of);
        let until = event.at_path("silence.endsAt").and_then(NodeExt::as_text).and_then(|text| text.parse().ok());
        let (Some(print), Some(silence), Some(until)) = (print, event.field("silence"), until) else {
            self.refuse(event, "what a silence covers needs `silence` with `endsAt`, and `mutedAlert`", reading);
            return;
        };
        let from = silence.text("startsAt").and_then(|text| text.parse::<Timestamp>().ok()).unwrap_or(time);
        let by = silence.text("createdBy").filter(|by| !by.is_empty()).map(str::to_owned);
        let name = silence.text("id").unwrap_or("-").to_owned();
        let heard = Heard::Silenced(name, AlertSilenced { until, by });
        let at = self.at(event);
        Signal { source: self.source.clone(), key: print, at: from, heard, place: at.place() }.say(reading, &at);
    }

    fn fires(&mut self, alert: &Alert, node: &Node, reading: &mut Reading) {
        let id = fired_id(&alert.episode, &alert.data);
        if self.seen.insert(id.clone()) {
            reading.say(&alert.data, &self.source, &id, alert.subject.clone(), alert.start, &self.at(node));
        }
    }

    fn ends(&mut self, alert: &Alert, time: Timestamp, node: &Node, reading: &mut Reading) {
        let end = alert.end.unwrap_or_else(|| to_millisecond(time)).max(alert.start);
        let id = format!("{}/resolved/{end}", alert.episode);
        if self.seen.insert(id.clone()) {
            reading.say(&AlertResolved {}, &self.source, &id, alert.subject.clone(), end, &self.at(node));
        }
    }

    fn alert(&self, event: &Node, alert: Option<&Node>, reading: &mut Reading) -> Option<Alert> {
        let labels = alert.map(|alert| pairs(alert.field("labels"))).unwrap_or_default();
        let start = alert.and_then(|alert| alert.text("startsAt")).and_then(|text| text.parse::<Timestamp>().ok());
        let (Some(alert), Some(start), false) = (alert, start, labels.is_empty()) else {
            self.refuse(event, "an alert needs `labels` and a `startsAt` in RFC 3339", reading);
            return None;
        };
        let start = to_millisecond(start);
        let end = alert.text("endsAt").and_then(|text| text.parse().ok()).map(to_millisecond);
        let print = alert.field("fingerprint").and_then(print_of).unwrap_or_else(|| fingerprint(&labels));
        let episode = episode(&print, start);
        Some(Alert {
            subject: Subject::of("alert", &episode),
            episode,
            start,
            end: end.filter(|end| *end > start),
            resolved: matches!(alert.field("resolved"), Some(Node { value: Value::Bool(true), .. })),
            data: fired(labels, pairs(alert.field("annotations")), print, &self.ctx.options),
        })
    }

    fn at(&self, node: &Node) -> At<'_> {
        At { now: self.ctx.now, path: &self.part.path, line: node.at.line, column: node.at.column }
    }

    fn refuse(&self, node: &Node, why: &str, reading: &mut Reading) {
        let help = "send what `event_recorder` of Alertmanager 0.33 and later writes to a file or posts to a webhook";
        reading.note(Diagnostic::error("eventrecorder.malformed", why, self.at(node).place(), help));
    }
}

/// A fingerprint as Alertmanager writes it elsewhere: here it is a decimal number, in a text or by itself.
fn print_of(node: &Node) -> Option<String> {
    let number: u64 = match &node.value {
        Value::String(text) => text.parse().ok()?,
        Value::Number(number) => number.to_string().parse().ok()?,
        _ => return None,
    };
    Some(format!("{number:016x}"))
}

/// `{"labels": [{"key": .., "value": ..}]}`; an empty value is left out.
fn pairs(set: Option<&Node>) -> BTreeMap<String, String> {
    let pair = |item: &Node| Some((item.text("key")?.to_owned(), item.text("value")?.to_owned()));
    set.and_then(|set| set.field("labels")).map(NodeExt::items).unwrap_or_default().iter().filter_map(pair).collect()
}
