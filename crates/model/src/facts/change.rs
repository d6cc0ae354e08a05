//! Changes of the estate: proposed, approved, started, completed, and what went wrong after them. The subject is
//! `change:<id>`.

use crate::{PrincipalId, Subject};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody means to make a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeProposed {
    /// What it is about, in a line.
    pub title: String,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<PrincipalId>,
    /// Where it is discussed: a pull request, a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Commit that would be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// A person with the authority allowed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeApproved {
    /// Who.
    pub by: PrincipalId,
    /// Hash of exactly what was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// It began to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeStarted {
    /// Where: `production`, `staging`.
    pub environment: String,
    /// What it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Subject>,
}

/// It ran to its end, well or not. An executed change is one with this fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeCompleted {
    /// Where: only `production` counts for KPI 1.
    pub environment: String,
    /// Whether infrastructure was changed (an application deployment onto it counts as well, where it went through the same pipeline).
    pub kind: ChangeKind,
    /// How it ended. A failed one counts as executed.
    pub outcome: ChangeOutcome,
    /// What was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Subject>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Subject>,
    /// When it began; absent where nobody recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// Commit that was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Where to look: pipeline run, deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The change that this one mends (a rollback or hotfix); it is not itself to blame for the other's failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedies: Option<Subject>,
}

/// What a change touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Servers, networks, clusters, policies, and what runs on them through the team's pipeline.
    Infrastructure,
    /// Only an application, through somebody else's pipeline.
    Application,
}

/// How an executed change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeOutcome {
    /// It ended as meant.
    Succeeded,
    /// It ended in an error.
    Failed,
}

/// It was called off. Before it started it does not count at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeCancelled {
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// A failure is, may be, or is after all not this change's doing; the newest statement about a `failure` counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeFailureLinked {
    /// What failed or mended: `incident:..`, or the `change:..` that rolled back or fixed it.
    pub failure: Subject,
    /// How the two belong together.
    pub kind: FailureKind,
    /// How sure that is.
    pub confidence: Confidence,
    /// Who says so; a machine only suspects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PrincipalId>,
}

/// What followed a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// It caused an incident.
    Incident,
    /// It was rolled back.
    Rollback,
    /// It needed an emergency fix.
    EmergencyFix,
}

/// How sure a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A machine found it likely; shown as a band, not counted.
    Suspected,
    /// A person confirmed it; counted.
    Confirmed,
    /// A person ruled it out.
    Rejected,
}
