//! Alarms to signals.

use super::sns::Message;
use crate::alertmanager::{fingerprint, fired};
use crate::json::{self, NodeExt};
use crate::signal::{Heard, Signal};
use crate::{At, Document, Part, ReadContext, Reading};
use jiff::Timestamp;
use mainstay_iac::{Node, Value};
use mainstay_model::Diagnostic;
use std::collections::BTreeMap;

/// Reads what SNS delivers, or the JSON of alarms by itself: one, a list, or a line each.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    for part in &document.parts {
        for node in json::parse_records(part, &mut reading) {
            let at = At { now: ctx.now, path: &part.path, line: node.at.line, column: node.at.column };
            if node.text("TopicArn").is_none() || node.text("AlarmName").is_some() {
                alarm(&node, &at, ctx, &mut reading);
                continue;
            }
            let message = Message::of(&node);
            if message.kind != "Notification" {
                let help = "nothing to do: a subscription is confirmed where it is delivered, and ended at AWS";
                let summary = format!("SNS says {} of {}", message.kind, message.topic);
                reading.note(Diagnostic::note("cloudwatch.subscription", summary, at.place(), help));
                continue;
            }
            let inner = Part::new(part.path.clone(), message.text.as_bytes());
            match json::parse(&inner, &[], &mut Reading::default()) {
                Some((found, true)) => alarm(&found, &at, ctx, &mut reading),
                _ => refuse("the `Message` is no alarm in JSON", &at, &mut reading),
            }
        }
    }
    reading
}

fn alarm(node: &Node, at: &At<'_>, ctx: &ReadContext, reading: &mut Reading) {
    let since = node.text("StateChangeTime").and_then(instant);
    let name = node.text("AlarmName").filter(|name| !name.is_empty());
    let (Some(since), Some(name), Some(state)) = (since, name, node.text("NewStateValue")) else {
        refuse("an alarm needs `AlarmName`, `NewStateValue` and `StateChangeTime`", at, reading);
        return;
    };
    let heard = match state {
        "ALARM" => {
            let labels = labels(node, name);
            let heading = node.text("AlarmDescription").map(|text| ("summary".to_owned(), text.to_owned()));
            let annotations = heading.into_iter().collect();
            Heard::Fires(Box::new(fired(labels, annotations, key(node, name), &ctx.options)))
        }
        "OK" => Heard::Ends,
        // That nothing is known any more is no end; nor is it a new beginning once it is known again.
        "INSUFFICIENT_DATA" => return,
        other => {
            refuse(&format!("a state {other:?} is none of OK, ALARM, INSUFFICIENT_DATA"), at, reading);
            return;
        }
    };
    let source = ctx.source_or("cloudwatch");
    Signal { source, key: key(node, name), at: since, heard, place: at.place() }.say(reading, at);
}

/// The alarm stays the same one, whatever its threshold and metric become.
fn key(node: &Node, name: &str) -> String {
    let account = node.text("AWSAccountId").unwrap_or_default();
    let region = node.text("Region").unwrap_or_default();
    let arn = node.text("AlarmArn").map_or_else(|| format!("{account}/{region}/{name}"), str::to_owned);
    fingerprint(&std::iter::once(("alarm".to_owned(), arn)).collect())
}

fn labels(node: &Node, name: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            labels.insert(name.to_owned(), value.to_owned());
        }
    };
    for dimension in node.at_path("Trigger.Dimensions").map(NodeExt::items).unwrap_or_default() {
        // Older and newer messages differ in the case of these names.
        let named = dimension.text("name").or_else(|| dimension.text("Name"));
        put(named.unwrap_or_default(), dimension.text("value").or_else(|| dimension.text("Value")));
    }
    put("alertname", Some(name));
    put("account", node.text("AWSAccountId"));
    // The region's name for people stands in `Region`; its own is part of the ARN.
    let arn = node.text("AlarmArn");
    put("region", arn.and_then(|arn| arn.split(':').nth(3)).or_else(|| node.text("Region")));
    put("alarm_arn", arn);
    put("namespace", node.at_path("Trigger.Namespace").and_then(NodeExt::as_text));
    put("metric", node.at_path("Trigger.MetricName").and_then(NodeExt::as_text));
    labels.remove("");
    labels
}

/// A time as CloudWatch writes it: `2026-11-01T09:15:00.000+0000`.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

fn refuse(why: &str, at: &At<'_>, reading: &mut Reading) {
    let help = "deliver alarms of CloudWatch through SNS, without raw message delivery";
    reading.note(Diagnostic::error("cloudwatch.malformed", why, at.place(), help));
}

impl Message {
    /// The message in a value.
    pub(super) fn of(node: &Node) -> Self {
        let text = |name: &str| match node.field(name).map(|field| &field.value) {
            Some(Value::String(text)) => Some(text.as_ref().to_owned()),
            _ => None,
        };
        let must = |name: &str| text(name).unwrap_or_default();
        Self {
            kind: must("Type"),
            id: must("MessageId"),
            topic: must("TopicArn"),
            subject: text("Subject"),
            text: must("Message"),
            time: must("Timestamp"),
            token: text("Token"),
            subscribe_url: text("SubscribeURL"),
            version: must("SignatureVersion"),
            signature: must("Signature"),
            certificate_url: must("SigningCertURL"),
        }
    }
}
