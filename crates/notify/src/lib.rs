//! Messages to people: one message, written as each channel wants it, sent through the one door, and what the other side said.
//!
//! Nothing here decides whom to tell or when, and nothing is repeated here: whoever sends keeps receipts and tries again under the
//! same key.

mod bodies;
mod send;

use jiff::Timestamp;
use mainstay_model::Severity;
use mainstay_outside::SecretRef;
use serde::Deserialize;

pub use mainstay_outside::MailTls as Tls;
pub use send::{Outcome, send};

/// A channel, as `[[channel]]` of `mainstay.toml` has it. What is secret is named by reference.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// What people call it in their contact rules.
    pub id: String,
    /// What kind it is.
    pub kind: Kind,
    /// The address: of the hook, or of the service where it is not the usual one.
    #[serde(default)]
    pub url: Option<String>,
    /// E-mail: server and port.
    #[serde(default)]
    pub server: Option<String>,
    /// E-mail: how the connection is protected; `starttls` where nothing is said.
    #[serde(default)]
    pub tls: Tls,
    /// E-mail: the sender.
    #[serde(default)]
    pub from: Option<String>,
    /// E-mail: the name to sign in with.
    #[serde(default)]
    pub user: Option<String>,
    /// Where the password, token, key, or the whole address of a hook is kept.
    #[serde(default)]
    pub secret: Option<SecretRef>,
}

/// Kinds of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Mail over SMTP.
    Email,
    /// JSON to any address.
    Webhook,
    /// An incoming webhook of Slack.
    Slack,
    /// An incoming webhook (workflow) of Microsoft Teams.
    Teams,
    /// PagerDuty, Events API version 2.
    Pagerduty,
    /// Opsgenie, Alert API version 2.
    Opsgenie,
    /// ntfy: push to telephones.
    Ntfy,
}

impl Kind {
    /// Whether the other side keeps an alert that is to be closed there when it is over here.
    #[must_use]
    pub const fn keeps_alerts(self) -> bool {
        matches!(self, Self::Pagerduty | Self::Opsgenie)
    }
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Something wants a person.
    Trigger,
    /// Somebody has it.
    Acknowledge,
    /// It is over.
    Resolve,
}

/// A message to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whoever sends it twice sends one: the other side knows it by this.
    pub key: String,
    /// What messages of one matter have in common.
    pub thread: String,
    /// What it is about.
    pub event: Event,
    /// The matter, in a line.
    pub title: String,
    /// What else is to be said, line by line.
    pub lines: Vec<String>,
    /// How bad it is, where that is known.
    pub severity: Option<Severity>,
    /// What is hit.
    pub service: Option<String>,
    /// Who answers for it.
    pub team: Option<String>,
    /// Who is told.
    pub person: String,
    /// Their address in the channel.
    pub to: Option<String>,
    /// Where to acknowledge it.
    pub link: Option<String>,
    /// Where it is written what to do.
    pub runbook: Option<String>,
    /// When it was decided to send it.
    pub at: Timestamp,
}

impl Channel {
    /// What is missing for it to work, and how to mend that.
    #[must_use]
    pub fn lacks(&self) -> Option<String> {
        let id = &self.id;
        let need = |what: &str| Some(format!("the channel {id:?} lacks `{what}`"));
        match self.kind {
            Kind::Email if self.server.is_none() => need("server = \"smtp.example.org:587\""),
            Kind::Email if self.from.is_none() => need("from = \"mainstay@example.org\""),
            Kind::Email if self.user.is_some() != self.secret.is_some() => {
                need(if self.user.is_some() { "secret = \"env:SMTP_PASSWORD\"" } else { "user = \"mainstay\"" })
            }
            Kind::Webhook if self.url.is_none() => need("url = \"https://...\""),
            Kind::Slack | Kind::Teams if self.url.is_none() && self.secret.is_none() => {
                need("secret = \"env:HOOK_URL\", as the hook's address lets everybody post who knows it")
            }
            Kind::Pagerduty if self.secret.is_none() => need("secret = \"env:PAGERDUTY_ROUTING_KEY\""),
            Kind::Opsgenie if self.secret.is_none() => need("secret = \"env:OPSGENIE_KEY\""),
            Kind::Email | Kind::Webhook | Kind::Slack | Kind::Teams | Kind::Pagerduty | Kind::Opsgenie | Kind::Ntfy => {
                None
            }
        }
    }
}
