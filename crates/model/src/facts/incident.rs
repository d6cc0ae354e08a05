//! Unplanned disruptions. The subject is `incident:<id>`.

use crate::{PrincipalId, Subject};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A record of it was made. The fact's time is when the record was made, which is neither onset nor detection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentOpened {
    /// What it is, in a line.
    pub title: String,
    /// 1 (worst) to 4.
    pub severity: u8,
    /// What is hit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Subject>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Subject>,
    /// Tier of the most important service hit: `1` is the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// When it was detected, where that was before the record was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected: Option<Timestamp>,
    /// Where to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// When users or systems began to suffer, established by a person or by the data. The newest statement counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentOnsetEstablished {
    /// Start of the impact; `null` takes an earlier statement back.
    pub onset: Option<Timestamp>,
    /// How it is known: `metric`, `log`, `report` ...
    #[serde(default)]
    pub evidence: String,
}

/// Service is back. That is not the same as closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentRestored {}

/// It came back. Within 24 hours of being restored this continues the incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentReopened {}

/// The record was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentClosed {}

/// What kind of record it is after all; the newest statement counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentClassified {
    /// The class.
    pub class: IncidentClass,
    /// The incident that it repeats or is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Subject>,
}

/// What kind of record an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentClass {
    /// A disruption of its own.
    Real,
    /// The same disruption as another record.
    Duplicate,
    /// Part of another; the parent's times stand for it.
    Child,
    /// Nothing was wrong.
    FalseAlarm,
    /// Announced work.
    Planned,
}

/// A person confirmed the underlying problem; the newest statement counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentProblemConfirmed {
    /// The problem: `problem:<id>`.
    pub problem: Subject,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PrincipalId>,
}

/// A line in its timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentNoted {
    /// What was seen, decided or done.
    pub text: String,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PrincipalId>,
    /// What kind of line it is; a note where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<IncidentNoteKind>,
}

/// Kinds of lines in a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IncidentNoteKind {
    /// Somebody noted something.
    Note,
    /// How things stand, for those who wait: the cadence counts these.
    Update,
    /// Somebody decided something.
    Decision,
    /// Somebody ran a command.
    Command,
    /// Somebody handed over.
    Handoff,
}

/// The work on it has come so far. What belongs to service itself (restored, reopened) and to the record (closed) has facts of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentProgressed {
    /// How far.
    pub stage: IncidentStage,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PrincipalId>,
}

/// How far the work on an incident has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IncidentStage {
    /// Somebody has it.
    Acknowledged,
    /// The cause is being looked for.
    Investigating,
    /// The cause is known.
    Identified,
    /// The harm is contained; service is not yet as it should be.
    Mitigated,
    /// It was looked back upon.
    Reviewed,
}

/// Somebody takes a role from now on, or leaves it; of the experts there may be several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentRoleGiven {
    /// The role.
    pub role: IncidentRole,
    /// Who has it from now on.
    pub person: String,
    /// Whether they leave it instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaves: bool,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PrincipalId>,
}

/// Roles in an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IncidentRole {
    /// Decides.
    Commander,
    /// Stands in for whoever decides.
    Deputy,
    /// Writes down.
    Scribe,
    /// Talks to those who wait.
    Liaison,
    /// Knows something that is needed.
    Expert,
}

/// It is more or less grave than it was taken for; the newest statement counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentSeverityChanged {
    /// 1 (worst) to 4.
    pub severity: u8,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PrincipalId>,
}
