//! Failed controls and broken promises. The subject is `finding:<id>`.

use crate::{Place, PrincipalId, Severity, Subject};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A judgement failed that did not fail before, or fails again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingOpened {
    /// The control or promise that is broken.
    pub rule: String,
    /// What breaks it.
    pub about: Subject,
    /// What is wrong, as a fragment.
    pub summary: String,
    /// How bad.
    pub severity: Severity,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Subject>,
    /// When it must be mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Where it stands in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// The judgement no longer fails, or what it was about is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingResolved {
    /// `mended`, `gone`, or `control withdrawn`.
    pub reason: String,
}

/// A person with the authority accepts it for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingWaived {
    /// Who accepted it; never the one who asked.
    pub by: PrincipalId,
    /// Who asked for it.
    pub requested_by: PrincipalId,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: Timestamp,
}
