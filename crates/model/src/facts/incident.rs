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
}
