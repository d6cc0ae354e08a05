//! Events to signals.

use crate::alertmanager::fired;
use crate::attributes::texts;
use crate::identity::digest;
use crate::json::{self, NodeExt};
use crate::signal::{Heard, Signal, alert_key};
use crate::{At, Document, Part, ReadContext, Reading};
use jiff::Timestamp;
use mainstay_iac::Node;
use mainstay_model::{Diagnostic, PrincipalId};
use std::collections::BTreeMap;

/// Longest key of an alert, in characters (PagerDuty's own bound).
const DEDUP_KEY_CHARS_MAX: usize = 255;
/// Longest summary, in characters (PagerDuty's own bound); what is longer is cut, as there.
const SUMMARY_CHARS_MAX: usize = 1024;
/// Most labels that an alert gets of its details.
const DETAILS_MAX: usize = 64;

/// One event, as far as it is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// The integration key that it was sent with.
    pub routing_key: Option<String>,
    /// What the alert is known by; made of the event itself where a trigger names none.
    pub dedup_key: String,
    /// What is wrong with it, in the words that PagerDuty documents.
    pub errors: Vec<String>,
}

impl Event {
    /// Reads the body of a request.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let mut reading = Reading::default();
        let part = Part::new("/v2/enqueue", body);
        match json::parse(&part, &[], &mut reading) {
            Some((node, true)) => Self::of_node(&node),
            _ => Self {
                errors: vec![reading.diagnostics.first().map_or_else(String::new, ToString::to_string)],
                ..Self::default()
            },
        }
    }

    fn of_node(node: &Node) -> Self {
        let mut errors = Vec::new();
        let mut demand = |holds: bool, error: &str| (!holds).then(|| errors.push(error.to_owned()));
        let filled =
            |name: &str| node.at_path(name).and_then(NodeExt::as_text).is_some_and(|text| !text.trim().is_empty());
        let action = node.text("event_action").unwrap_or_default();
        demand(filled("routing_key"), "'routing_key' is missing or blank");
        let known = matches!(action, "trigger" | "acknowledge" | "resolve");
        demand(known, "'event_action' must be one of trigger, acknowledge, resolve");
        if action == "trigger" {
            for name in ["summary", "source"] {
                demand(filled(&format!("payload.{name}")), &format!("'payload.{name}' is missing or blank"));
            }
            let severity = node.at_path("payload.severity").and_then(NodeExt::as_text).unwrap_or_default();
            let known = matches!(severity, "critical" | "error" | "warning" | "info");
            demand(
                known,
                "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
            );
        } else if known {
            demand(filled("dedup_key"), "'dedup_key' is missing or blank");
        }
        let key = node.text("dedup_key").map(str::to_owned).filter(|key| !key.trim().is_empty());
        demand(
            key.as_ref().is_none_or(|key| key.chars().count() <= DEDUP_KEY_CHARS_MAX),
            "'dedup_key' is too long (maximum is 255 characters)",
        );
        // PagerDuty draws one; that of the same event is the same here, so that an event sent again opens nothing anew.
        let made = || digest(&[node.to_json().to_string().as_bytes()]).to_string()[..32].to_owned();
        let routing_key = node.text("routing_key").map(str::to_owned);
        Self { routing_key, dedup_key: key.unwrap_or_else(made), errors }
    }
}

/// Reads an event, a list of events, or lines of them.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    for part in &document.parts {
        let page = Page { part, ctx };
        json::parse_records(part, &mut reading).iter().for_each(|node| page.event(node, &mut reading));
    }
    reading
}

struct Page<'a> {
    part: &'a Part,
    ctx: &'a ReadContext,
}

impl Page<'_> {
    fn event(&self, node: &Node, reading: &mut Reading) {
        let at = At { now: self.ctx.now, path: &self.part.path, line: node.at.line, column: node.at.column };
        let event = Event::of_node(node);
        if !event.errors.is_empty() {
            let help = "send what PagerDuty's Events API v2 takes: routing_key, event_action, dedup_key, and for a trigger \
                        payload with summary, source and severity";
            reading.note(Diagnostic::error("pagerduty.invalid-event", event.errors.join("; "), at.place(), help));
            return;
        }
        // An alert is known by its key among those of one integration.
        let of_key = || digest(&[event.routing_key.as_deref().unwrap_or_default().as_bytes()]).to_string();
        let integration = self.ctx.who.as_ref().map_or_else(of_key, |who| who.as_str().to_owned());
        let key = alert_key(&[&integration, &event.dedup_key]);
        let source = self.ctx.source_or("pagerduty");
        let (time, heard) = match node.text("event_action").unwrap_or_default() {
            "trigger" => {
                let Some(payload) = node.field("payload") else { return };
                let since = payload.text("timestamp").and_then(instant).filter(|since| *since <= self.ctx.now);
                let labels = labels(payload, &event.dedup_key);
                let fired = fired(labels, annotations(node, payload), key.clone(), &self.ctx.options);
                (since.unwrap_or(self.ctx.now), Heard::Fires(Box::new(fired)))
            }
            "acknowledge" => (self.ctx.now, Heard::Acknowledged(self.who(&source))),
            _ => (self.ctx.now, Heard::Ends),
        };
        Signal { source, key, at: time, heard, place: at.place() }.say(reading, &at);
    }

    /// Who acknowledged: nobody but the integration is named.
    fn who(&self, source: &str) -> PrincipalId {
        let named = self.ctx.who.clone().or_else(|| PrincipalId::new(source).ok());
        named.unwrap_or_else(|| PrincipalId::new("pagerduty").expect("a plain word is a name"))
    }
}

/// A time as PagerDuty takes it: ISO 8601, with `+0000` for a zone as well.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

/// What tells one alert from others. The rule is the class of the event where one is named: a summary may hold figures.
fn labels(payload: &Node, dedup_key: &str) -> BTreeMap<String, String> {
    let text = |name: &str| payload.text(name).map(str::trim).filter(|text| !text.is_empty());
    let mut labels: BTreeMap<String, String> =
        texts(payload.field("custom_details")).into_iter().take(DETAILS_MAX).collect();
    for name in ["source", "component", "group", "class", "severity"] {
        if let Some(value) = text(name) {
            labels.insert(name.to_owned(), value.to_owned());
        }
    }
    let rule = labels.get("alertname").map(String::as_str).or_else(|| text("class")).or_else(|| text("summary"));
    let rule = short(rule.unwrap_or_default());
    labels.insert("alertname".to_owned(), rule);
    labels.insert("dedup_key".to_owned(), dedup_key.to_owned());
    labels
}

fn annotations(node: &Node, payload: &Node) -> BTreeMap<String, String> {
    let summary = payload.text("summary").map(|text| ("summary".to_owned(), short(text)));
    let links = node.field("links").map(NodeExt::items).unwrap_or_default().iter();
    let mut runbooks = links.filter_map(|link| {
        let (href, text) = (link.text("href")?, link.text("text").unwrap_or_default());
        (href.to_lowercase().contains("runbook") || text.to_lowercase().contains("runbook")).then(|| href.to_owned())
    });
    let runbook = runbooks.next().map(|href| ("runbook_url".to_owned(), href));
    summary.into_iter().chain(runbook).collect()
}

fn short(text: &str) -> String {
    text.chars().take(SUMMARY_CHARS_MAX).collect()
}
