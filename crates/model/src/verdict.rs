//! What a judgement says, and how bad it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a control says of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The resource keeps the control.
    Pass,
    /// The resource breaks the control.
    Fail,
    /// What was read does not tell: the value is known only after apply, a permission was missing, a collection partial.
    Unknown,
    /// The resource breaks the control and a person accepted that for a time.
    Waived,
}

/// How bad a finding, a vulnerability or an alert is; ordered from harmless to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Fix when passing by.
    Low,
    /// Fix within the quarter.
    Medium,
    /// Fix within a month.
    High,
    /// Fix within days.
    Critical,
}

impl Severity {
    /// All severities, worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The word used in files, output and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the words that scanners use, in any case; `None` for a word that no scanner we know uses.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "info" | "informational" | "information" | "none" | "negligible" | "unknown" | "unspecified" => Self::Info,
            "low" | "minor" | "note" => Self::Low,
            "medium" | "moderate" | "warning" => Self::Medium,
            "high" | "important" | "major" | "error" => Self::High,
            "critical" | "blocker" | "urgent" => Self::Critical,
            _ => return None,
        })
    }
}

impl Verdict {
    /// The word used in files, output and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Waived => "waived",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
