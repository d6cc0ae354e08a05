//! Error budgets of service level objectives: what was measured of them, the policy for when they run out, and the maintenance
//! that they leave out. An objective is a promise, and so the subject of its measurements is `promise:<id>`.

use crate::{PrincipalId, Severity, Subject};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A budget stands elsewhere than it was last said to: its state is another, a hundredth of it is gone or back, or a day has
/// passed. The subject is the promise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetMeasured {
    /// When the budget's window began.
    pub from: Timestamp,
    /// Until when it was looked at.
    pub until: Timestamp,
    /// When the window ends, where that is a day of the calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// Where the objective stands.
    pub state: BudgetState,
    /// The share of what was seen that was good, 0 to 1; absent where nothing was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<f64>,
    /// Whether events are counted or seconds.
    pub counts: BudgetUnit,
    /// How much of what was seen was bad; absent where the indicator does not tell how many there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<f64>,
    /// How much was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// The share of the budget that is left; below 0 where more was burnt than there was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<f64>,
    /// The same in events or seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_count: Option<f64>,
    /// How fast it burns, shortest window first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub burns: Vec<BudgetBurn>,
    /// In how many seconds it will be gone if it goes on so; absent where it lasts, or where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_in_s: Option<u64>,
    /// The share of the window that was seen, 0 to 1, of what counts.
    pub covered: f64,
    /// Seconds of the window that do not count, as maintenance was announced before them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub excluded_s: u64,
    /// Of several series of the indicator the one that has least left, which is what is measured here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// What else is to be said: why something is unknown, that there are few events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Where an objective stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BudgetState {
    /// Something is left.
    Kept,
    /// Something is left, and it burns faster than an alert allows.
    Burning,
    /// Nothing is left.
    Exhausted,
    /// Too little was seen to tell.
    Unknown,
}

impl BudgetState {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Burning => "burning",
            Self::Exhausted => "exhausted",
            Self::Unknown => "unknown",
        }
    }
}

/// What a budget is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BudgetUnit {
    /// Requests, messages, runs.
    Events,
    /// Seconds of time.
    Seconds,
}

/// How fast a budget burns over a window that ends now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetBurn {
    /// The window: `1h`.
    pub window: String,
    /// How many times faster than allowed; absent where too little was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// It holds so few events that a single bad one would seem a fast burn; no alert goes by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub few: bool,
}

/// What is to happen when error budgets run out, from now on; the subject is `budget-policy:<name>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetPolicyDeclared {
    /// The services whose objectives it is for; all where neither services nor tiers are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Subject>,
    /// The tiers whose objectives it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<String>,
    /// What happens, most left first.
    pub steps: Vec<BudgetStep>,
}

/// What happens where no more than a share of a budget is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetStep {
    /// The share of the budget in percent, at and below which the step holds: 50, 10, 0.
    pub left_percent: f64,
    /// What happens.
    #[serde(rename = "do")]
    pub deeds: Vec<BudgetDeed>,
    /// How bad the finding is, where one is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What is to be done, in the team's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub say: String,
}

/// What can happen by itself. None of it binds anybody: a freeze is proposed, and whoever answers for changes decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BudgetDeed {
    /// A note to the owner.
    Note,
    /// A finding.
    Finding,
    /// A freeze of changes is proposed.
    Freeze,
}

impl BudgetDeed {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Finding => "finding",
            Self::Freeze => "freeze",
        }
    }
}

/// A policy for error budgets is taken back; the subject is `budget-policy:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetPolicyWithdrawn {}

/// Planned work is announced. It counts as announced from the fact's own time on: what began before that is not left out of any
/// budget. The subject is `maintenance:<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MaintenanceAnnounced {
    /// What is done, in a line.
    pub title: String,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// The services that it disrupts.
    pub services: Vec<Subject>,
    /// Who announced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PrincipalId>,
}

/// Planned work is called off; the subject is `maintenance:<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MaintenanceCancelled {
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// Changes of services should rest; whoever answers for changes decides whether they do. The subject is `freeze:<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreezeProposed {
    /// The services.
    pub services: Vec<Subject>,
    /// Why, in a line.
    pub reason: String,
    /// What it is about: the promise whose budget is gone.
    pub about: Subject,
    /// The policy that says so.
    pub policy: Subject,
    /// Who answers for the services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Subject>,
}

/// The reason of a freeze is gone; the subject is `freeze:<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreezeLifted {
    /// Why: `budget back`, `policy changed`, `promise withdrawn`.
    pub reason: String,
}

/// Somebody is to read something that asks for no answer; the subject is `note:<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteWritten {
    /// Who is to read it; absent where nobody is known to answer for what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Subject>,
    /// What it is about.
    pub about: Subject,
    /// What it says.
    pub text: String,
}
