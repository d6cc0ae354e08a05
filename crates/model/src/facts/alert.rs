//! Alert episodes: from fired to resolved, and what people did about them. The subject is `alert:<episode>`, where an
//! episode is one fingerprint from one start: a repeat of the same notification is the same episode.

use crate::{PrincipalId, Severity, Subject};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An alert began to fire. The fact's time is `startsAt`, which has the rule's `for:` in it already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertFired {
    /// Name of the rule.
    pub rule: String,
    /// Identity of the label set.
    pub fingerprint: String,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations, such as summary and runbook.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// How bad, where a label says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The service it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Subject>,
    /// The team that it was routed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Subject>,
    /// A watchdog, which fires always to show that the pipe works.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub watchdog: bool,
    /// A test of the pipe.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// Link to the rule's expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The alert stopped firing by itself or because it was mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertResolved {}

/// Somebody was told. Only notified episodes count for KPI 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertNotified {
    /// The receiver, or the person.
    pub receiver: String,
}

/// A person said that they saw it. That alone is no evidence of action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertAcknowledged {
    /// Who.
    pub by: PrincipalId,
}

/// Evidence that somebody acted on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertActedOn {
    /// What shows it.
    pub evidence: AlertEvidence,
    /// The incident, ticket, change, or runbook run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Subject>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PrincipalId>,
}

/// What shows that somebody acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertEvidence {
    /// An incident was declared on it.
    Incident,
    /// A ticket was opened.
    Ticket,
    /// A change was made because of it.
    Change,
    /// A runbook ran.
    Runbook,
    /// The responder says that it needed action.
    Useful,
    /// The responder says that it needed none.
    Noise,
}

/// A silence covers the episode from the fact's time; an episode silenced before anyone was told is out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertSilenced {
    /// Until when.
    pub until: Timestamp,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}
