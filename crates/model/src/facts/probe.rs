//! What probes saw of endpoints. A probe asks every minute or so; what is written is when its answer turned, and now and then
//! that it still is what it was, so that a time in which nobody looked can be told from one in which all was well.

use crate::Subject;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An endpoint is asked from now on, or asked otherwise; the subject is `probe:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeDeclared {
    /// What is asked, in a few words.
    pub asks: String,
    /// The service that the endpoint belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Subject>,
    /// Seconds between two questions.
    pub every_s: u64,
    /// What has to hold of its answers.
    pub conditions: Vec<String>,
}

/// An endpoint is no longer asked; the subject is `probe:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeWithdrawn {}

/// An endpoint is in a state from the fact's time on: since then its answers were so. The subject is `probe:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeObserved {
    /// The state.
    pub state: ProbeState,
    /// What did not hold, where it does not pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// What is asked, in a few words.
    pub asks: String,
    /// The service that the endpoint belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Subject>,
    /// Seconds between two questions.
    pub every_s: u64,
    /// Nobody looked between the fact before and this one, but for what one question sees.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
    /// Until when the certificate that it shows is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_expires: Option<Timestamp>,
}

/// The state of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProbeState {
    /// It answers as it should.
    Passing,
    /// It does not.
    Failing,
    /// It could not be asked.
    Unknown,
}

impl ProbeState {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
        }
    }
}
