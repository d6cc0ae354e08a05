//! One failed control or broken promise.

use crate::{Severity, Subject};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FindingState {
    /// Nobody mended or accepted it.
    Open,
    /// Accepted by a person with the authority, until a time.
    Waived,
    /// The resource keeps the control again, or is gone.
    Resolved,
}

/// One failed control or broken promise, with what a person needs to act on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable id: a digest of what failed and on what, never of a line number or an order.
    pub id: String,
    /// The control or promise that is broken.
    pub rule: String,
    /// What it is about.
    pub subject: Subject,
    /// What is wrong, as a fragment.
    pub summary: String,
    /// How bad.
    pub severity: Severity,
    /// Who answers for it.
    pub owner: Option<Subject>,
    /// Where it stands.
    pub state: FindingState,
    /// When it was first seen; a finding that comes back keeps it.
    pub opened: Timestamp,
    /// When it must be mended.
    pub due: Option<Timestamp>,
    /// Until when it is accepted, where it is waived.
    pub waived_until: Option<Timestamp>,
    /// When it was mended.
    pub resolved: Option<Timestamp>,
    /// File, line and column, where it stands in a file.
    pub place: Option<crate::Place>,
}
