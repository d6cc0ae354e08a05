//! A message as each channel wants it. Pure.

use crate::{Event, Message};
use mainstay_model::Severity;
use serde_json::{Value, json};

/// PagerDuty: longest `summary`, in characters.
const PAGERDUTY_SUMMARY_CHARS: usize = 1_024;
/// Opsgenie: longest `message`, in characters.
const OPSGENIE_MESSAGE_CHARS: usize = 130;
/// Opsgenie: longest `description`, in characters.
const OPSGENIE_DESCRIPTION_CHARS: usize = 15_000;
/// Slack: longest text of a block, in characters.
const SLACK_TEXT_CHARS: usize = 3_000;
/// ntfy: longest message in bytes before it becomes an attachment.
const NTFY_MESSAGE_CHARS: usize = 1_000;

fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars().take(chars.saturating_sub(1)).chain(['…']).collect()
}

/// The word before the title.
pub(crate) const fn word(event: Event) -> &'static str {
    match event {
        Event::Trigger => "alert",
        Event::Acknowledge => "acknowledged",
        Event::Resolve => "over",
    }
}

/// What is said below the title, as lines of text.
pub(crate) fn lines(message: &Message) -> Vec<String> {
    let mut out = message.lines.clone();
    let mut add = |name: &str, value: Option<&str>| out.extend(value.map(|value| format!("{name}: {value}")));
    add("severity", message.severity.map(Severity::as_str));
    add("service", message.service.as_deref());
    add("team", message.team.as_deref());
    add("told", Some(&message.person));
    add("what to do", message.runbook.as_deref());
    add("acknowledge", message.link.as_deref());
    out
}

/// Subject of a mail.
pub(crate) fn mail_subject(message: &Message) -> String {
    let severity = message.severity.map_or(String::new(), |severity| format!(" {}", severity.as_str()));
    // A line end in a subject would begin another header.
    let title: String = message.title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(&format!("[{}{severity}] {title}", word(message.event)), 200)
}

/// Text of a mail.
pub(crate) fn mail_text(message: &Message) -> String {
    format!("{}\n\n{}\n\nkey: {}\n", message.title, lines(message).join("\n"), message.key)
}

/// JSON for whatever takes it.
pub(crate) fn webhook(message: &Message) -> Value {
    json!({
        "version": 1,
        "key": message.key,
        "thread": message.thread,
        "event": match message.event {
            Event::Trigger => "trigger",
            Event::Acknowledge => "acknowledge",
            Event::Resolve => "resolve",
        },
        "title": message.title,
        "lines": message.lines,
        "severity": message.severity,
        "service": message.service,
        "team": message.team,
        "person": message.person,
        "to": message.to,
        "link": message.link,
        "runbook": message.runbook,
        "at": message.at,
    })
}

/// Slack takes three characters for its own (api.slack.com, "Escaping text").
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An incoming webhook of Slack: blocks, with a text for whoever sees none.
pub(crate) fn slack(message: &Message) -> Value {
    let title = slack_text(&cut(&message.title, 500));
    let mention = message.to.as_deref().map_or(String::new(), |to| {
        let is_member = to.starts_with(['U', 'W']) && to.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if is_member { format!("<@{to}> ") } else { format!("{} ", slack_text(to)) }
    });
    let head = format!("{mention}*{}:* {title}", word(message.event));
    let below = cut(&slack_text(&lines(message).join("\n")), SLACK_TEXT_CHARS);
    let mut blocks = vec![
        json!({"type": "section", "text": {"type": "mrkdwn", "text": head}}),
        json!({"type": "section", "text": {"type": "plain_text", "text": below}}),
    ];
    if let Some(link) = &message.link {
        let button = json!({"type": "button", "text": {"type": "plain_text", "text": "Acknowledge"}, "url": link});
        blocks.push(json!({"type": "actions", "elements": [button]}));
    }
    json!({"text": format!("{}: {title}", word(message.event)), "blocks": blocks})
}

/// An incoming webhook of Microsoft Teams: an adaptive card.
pub(crate) fn teams(message: &Message) -> Value {
    let facts: Vec<Value> = lines(message)
        .iter()
        .filter_map(|line| line.split_once(": ").map(|(name, value)| json!({"title": name, "value": value})))
        .collect();
    let mut actions = Vec::new();
    for (title, url) in [("Acknowledge", &message.link), ("What to do", &message.runbook)] {
        actions.extend(url.as_ref().map(|url| json!({"type": "Action.OpenUrl", "title": title, "url": url})));
    }
    let head = format!("{}: {}", word(message.event), cut(&message.title, 500));
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": head, "weight": "bolder", "size": "medium", "wrap": true},
            {"type": "FactSet", "facts": facts},
        ],
        "actions": actions,
    });
    json!({"type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card,
    }]})
}

/// PagerDuty, Events API version 2. All messages of one matter are one alert there.
pub(crate) fn pagerduty(message: &Message, routing_key: &str) -> Value {
    let action = match message.event {
        Event::Trigger => "trigger",
        Event::Acknowledge => "acknowledge",
        Event::Resolve => "resolve",
    };
    let mut body = json!({"routing_key": routing_key, "event_action": action, "dedup_key": message.thread});
    if message.event == Event::Trigger {
        let severity = match message.severity {
            None | Some(Severity::Critical) => "critical",
            Some(Severity::High) => "error",
            Some(Severity::Medium | Severity::Low) => "warning",
            Some(Severity::Info) => "info",
        };
        body["payload"] = json!({
            "summary": cut(&message.title, PAGERDUTY_SUMMARY_CHARS),
            "source": message.service.as_deref().unwrap_or("mainstay"),
            "severity": severity,
            "timestamp": message.at,
            "component": message.service,
            "group": message.team,
            "custom_details": {"key": message.key, "person": message.person, "lines": message.lines, "runbook": message.runbook},
        });
        body["client"] = json!("Mainstay");
        body["client_url"] = json!(message.link);
    }
    body
}

/// Opsgenie: the path below `/v2/alerts`, and the body.
pub(crate) fn opsgenie(message: &Message) -> (String, Value) {
    let alias = cut(&message.thread, 512);
    match message.event {
        Event::Trigger => {
            let priority = match message.severity {
                None | Some(Severity::Critical) => "P1",
                Some(Severity::High) => "P2",
                Some(Severity::Medium) => "P3",
                Some(Severity::Low) => "P4",
                Some(Severity::Info) => "P5",
            };
            let body = json!({
                "message": cut(&message.title, OPSGENIE_MESSAGE_CHARS),
                "alias": alias,
                "description": cut(&lines(message).join("\n"), OPSGENIE_DESCRIPTION_CHARS),
                "details": {"key": message.key, "person": message.person},
                "entity": message.service,
                "priority": priority,
                "source": "Mainstay",
            });
            (String::new(), body)
        }
        Event::Acknowledge => (act_on(&alias, "acknowledge"), json!({"source": "Mainstay", "user": message.person})),
        Event::Resolve => (act_on(&alias, "close"), json!({"source": "Mainstay"})),
    }
}

/// The path of a deed on an alert. An alias is the name of an escalation: letters and digits.
fn act_on(alias: &str, deed: &str) -> String {
    let plain: String = alias.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    format!("/{plain}/{deed}?identifierType=alias")
}

/// ntfy: publishing as JSON.
pub(crate) fn ntfy(message: &Message) -> Value {
    let priority = match (message.event, message.severity) {
        (Event::Trigger, None | Some(Severity::Critical | Severity::High)) => 5,
        (Event::Trigger, Some(Severity::Medium)) => 4,
        _ => 3,
    };
    let mut body = json!({
        "topic": message.to,
        "title": cut(&format!("{}: {}", word(message.event), message.title), 250),
        "message": cut(&lines(message).join("\n"), NTFY_MESSAGE_CHARS),
        "priority": priority,
    });
    if let Some(link) = &message.link {
        body["click"] = json!(link);
    }
    body
}
