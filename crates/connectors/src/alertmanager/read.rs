//! Alerts to facts. The webhook gives facts about events; the API shows all that fires, which is a snapshot.

use super::episode::{episode, fingerprint, to_millisecond};
use crate::identity::content_digest;
use crate::json::{self, NodeExt};
use crate::{At, Document, Family, Options, Part, ReadContext, Reading, Snapshot, subjects};
use jiff::{SignedDuration, Timestamp};
use mainstay_iac::{Node, Value};
use mainstay_model::facts::{AlertFired, AlertNotified, AlertResolved};
use mainstay_model::{Diagnostic, Severity, Subject};
use std::collections::BTreeMap;

/// Annotations that say the same at every repetition. Others, such as a description with the current value, change while
/// the alert fires, and an episode is stated once.
const LASTING_ANNOTATIONS: &[&str] =
    &["summary", "title", "runbook", "runbook_url", "dashboard", "dashboard_url", "documentation", "impact", "action"];

/// An Alertmanager that started less than this ago may not have been told of every alert yet: Prometheus repeats them
/// about every minute.
const SETTLED: SignedDuration = SignedDuration::from_mins(10);

/// Whose webhook it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// An Alertmanager.
    Alertmanager,
    /// Grafana's own.
    Grafana,
}

impl Sender {
    /// The source of its facts, and the version that its bodies have.
    const fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Alertmanager => ("alertmanager", "4"),
            Self::Grafana => ("grafana", "1"),
        }
    }
}

/// Reads webhook bodies (version 4), answers of `/api/v2/alerts`, and arrays or lines of webhook bodies.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    read_of(Sender::Alertmanager, document, ctx)
}

/// Reads what a sender sends.
pub(crate) fn read_of(sender: Sender, document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let status = document.parts.iter().find(|part| part.path.ends_with("/api/v2/status"));
    let settled = status.is_none_or(|part| is_settled(part, ctx, &mut reading));
    for part in &document.parts {
        if status.is_some_and(|status| status.path == part.path) {
            continue;
        }
        let Some((node, whole)) = json::parse(part, &["[]", "alerts[]", "[].alerts[]"], &mut reading) else { continue };
        let page = Page { part, ctx, source: ctx.source_or(sender.named().0), sender };
        match &node.value {
            Value::Map(_) => page.delivery(&node, &mut reading),
            Value::List(items) if items.iter().any(|item| item.field("alerts").is_some()) => {
                items.iter().for_each(|item| page.delivery(item, &mut reading));
            }
            Value::List(items) => page.snapshot(items, whole && settled, &mut reading),
            _ => page.refuse(&node, "this is neither a webhook body nor a list of alerts", &mut reading),
        }
    }
    reading
}

/// Whether an Alertmanager has run long enough to know all alerts.
fn is_settled(part: &Part, ctx: &ReadContext, reading: &mut Reading) -> bool {
    let Some((node, _)) = json::parse(part, &[], reading) else { return false };
    let start = node.text("uptime").and_then(|text| text.parse::<Timestamp>().ok());
    start.is_some_and(|start| ctx.now.duration_since(start) >= SETTLED)
}

struct Page<'a> {
    part: &'a Part,
    ctx: &'a ReadContext,
    source: String,
    sender: Sender,
}

struct Alert {
    subject: Subject,
    episode: String,
    start: Timestamp,
    end: Option<Timestamp>,
    data: AlertFired,
}

impl Page<'_> {
    fn delivery(&self, body: &Node, reading: &mut Reading) {
        let version = self.sender.named().1;
        if body.text("version").is_some_and(|told| told != version) {
            self.refuse(body, &format!("the webhook's version is not {version}"), reading);
        }
        let Some(alerts) = body.field("alerts") else {
            self.refuse(body, "there is no list `alerts`; this is no webhook of alerts", reading);
            return;
        };
        for node in alerts.items() {
            let Some(alert) = self.alert(node, reading) else { continue };
            let at = self.at(node);
            let Alert { subject, episode, start, data, .. } = &alert;
            let id = fired_id(episode, data);
            reading.say(data, &self.source, &id, subject.clone(), *start, &at);
            let receiver = body.text("receiver").unwrap_or_default();
            if !receiver.is_empty() {
                // The body does not say when it was sent; that was not before the start, and the start is the same in
                // every repetition.
                let told = AlertNotified { receiver: receiver.to_owned() };
                reading.say(
                    &told,
                    &self.source,
                    &format!("{episode}/notified/{receiver}"),
                    subject.clone(),
                    *start,
                    &at,
                );
            }
            if node.text("status") == Some("resolved") {
                let end = alert.end.unwrap_or(*start).max(*start);
                let id = format!("{episode}/resolved/{end}");
                reading.say(&AlertResolved {}, &self.source, &id, subject.clone(), end, &at);
            }
        }
    }

    fn snapshot(&self, items: &[Node], complete: bool, reading: &mut Reading) {
        let mut snapshot = Snapshot::new(&self.source, Family::Alert, self.ctx.now);
        snapshot.complete = complete;
        for node in items {
            match self.alert(node, reading) {
                Some(alert) => snapshot.add_since(alert.subject, &alert.data, alert.start, reading, &self.at(node)),
                None => snapshot.complete = false,
            }
        }
        reading.snapshots.push(snapshot);
    }

    fn alert(&self, node: &Node, reading: &mut Reading) -> Option<Alert> {
        let labels = texts(node.field("labels"));
        let start = node.text("startsAt").and_then(|text| text.parse::<Timestamp>().ok());
        let (Some(start), false) = (start, labels.is_empty()) else {
            self.refuse(node, "an alert needs `labels` and a `startsAt` in RFC 3339", reading);
            return None;
        };
        let start = to_millisecond(start);
        let end = node.text("endsAt").and_then(|text| text.parse().ok()).map(to_millisecond).filter(|end| *end > start);
        let print = node.text("fingerprint").map_or_else(|| fingerprint(&labels), str::to_owned);
        let episode = episode(&print, start);
        let data = fired(labels, texts(node.field("annotations")), print, &self.ctx.options);
        Some(Alert { subject: Subject::of("alert", &episode), episode, start, end, data })
    }

    fn at(&self, node: &Node) -> At<'_> {
        At { now: self.ctx.now, path: &self.part.path, line: node.at.line, column: node.at.column }
    }

    fn refuse(&self, node: &Node, why: &str, reading: &mut Reading) {
        let help = match self.sender {
            Sender::Alertmanager => {
                "send the body that Alertmanager's `webhook_configs` posts, or what /api/v2/alerts answers"
            }
            Sender::Grafana => {
                "send the body that a webhook contact point of Grafana posts, without a template of your own"
            }
        };
        reading.note(Diagnostic::error("alertmanager.malformed", why, self.at(node).place(), help));
    }
}

/// The id of what is said of an episode that fires: the same whoever says the same of it.
pub(crate) fn fired_id(episode: &str, data: &AlertFired) -> String {
    let digest = content_digest(&serde_json::to_value(data).unwrap_or_default()).to_string();
    format!("{episode}/fired/{}", &digest[..12])
}

/// What is said of an alert that fires, from its labels and annotations.
#[must_use]
pub fn fired(
    labels: BTreeMap<String, String>,
    mut annotations: BTreeMap<String, String>,
    fingerprint: String,
    options: &Options,
) -> AlertFired {
    let rule = labels.get("alertname").cloned().unwrap_or_default();
    let word = labels.get("severity").or_else(|| labels.get("priority")).map(String::as_str).unwrap_or_default();
    annotations.retain(|name, _| LASTING_ANNOTATIONS.contains(&&**name));
    let named = |tag: &str| labels.get(tag).filter(|name| !name.is_empty());
    AlertFired {
        fingerprint,
        severity: severity(word),
        service: named(options.service_tag()).map(|name| subjects::service(name)),
        team: named(options.team_tag()).map(|name| subjects::team(name)),
        watchdog: matches!(&*rule, "Watchdog" | "DeadMansSwitch" | "PrometheusAlertmanagerE2eDeadManSwitch"),
        test: labels.get("test").is_some_and(|value| value == "true") || rule == "TestAlert",
        // The link holds the address of one Prometheus of a pair, which differs between repetitions.
        link: None,
        rule,
        labels,
        annotations,
    }
}

/// Words of severity that teams put into labels, besides those of scanners.
fn severity(word: &str) -> Option<Severity> {
    match word.to_lowercase().as_str() {
        "page" | "p1" | "sev1" | "fatal" | "emergency" | "disaster" => Some(Severity::Critical),
        "p2" | "sev2" => Some(Severity::High),
        "p3" | "sev3" | "warn" | "ticket" => Some(Severity::Medium),
        "p4" | "sev4" => Some(Severity::Low),
        "" => None,
        other => Severity::from_word(other),
    }
}

fn texts(node: Option<&Node>) -> BTreeMap<String, String> {
    let Some(Node { value: Value::Map(map), .. }) = node else { return BTreeMap::new() };
    map.iter().filter_map(|(key, node)| Some((key.to_owned(), node.as_text()?.to_owned()))).collect()
}
