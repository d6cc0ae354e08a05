//! The people on call, and how an alert reaches them. The subject of what a file says is `oncall:<path>`, that of an
//! escalation `escalation:<id>`.

use crate::{Severity, Subject};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file of on-call schedules, people and policies says this from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OncallDeclared {
    /// The file, as messages name it.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A file of on-call schedules is no longer there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OncallWithdrawn {}

/// An alert is told to people from now on, step by step. It keeps the policy as it stands here, whatever becomes of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationBegun {
    /// The alert.
    pub alert: Subject,
    /// What it says, in a line.
    pub title: String,
    /// How bad it is, where its labels say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The service it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Subject>,
    /// The team that it was routed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Subject>,
    /// Where to look: the alert's runbook, else its rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The policy.
    pub policy: EscalationPolicy,
    /// SHA-256 of the policy as JSON, in hexadecimal digits.
    pub digest: String,
}

/// By which steps an alert is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationPolicy {
    /// Its id; `schedule/<id>` where no policy answers and a schedule is paged by itself.
    pub id: String,
    /// The steps in order.
    pub steps: Vec<EscalationStep>,
    /// How often all of them are taken again.
    #[serde(default)]
    pub repeat: u32,
    /// How many seconds an acknowledgement holds; for ever where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledge_timeout_s: Option<u64>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationStep {
    /// Whom it tells: `schedule:<id>` or `person:<id>`.
    pub notify: Vec<Subject>,
    /// How many seconds it leaves them before the next one.
    pub wait_s: u64,
}

/// Something happened to an escalation, and this was decided. Steps are numbered from 1 without a gap; the number is part of the
/// fact's id, so that of two replicas that decide at once one is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationAdvanced {
    /// The number of this decision.
    pub number: u32,
    /// What happened.
    pub event: EscalationEvent,
    /// Who did it; absent for what time and the alert itself do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The fact of somebody else that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// What is to be done, and what is to be said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<EscalationSaid>,
    /// Where the escalation stands now.
    pub stands: EscalationStand,
}

/// What happens to an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EscalationEvent {
    /// The time of the next step came.
    Due,
    /// Somebody has seen the alert.
    Acknowledged,
    /// Somebody wanted the next step at once.
    Forced,
    /// The alert is over.
    Resolved,
}

/// What is to be done, or said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum EscalationSaid {
    /// Tell somebody, in these ways. Two with the same key are one.
    Notify {
        /// Of escalation, run, round, step and person.
        key: String,
        /// Who.
        person: String,
        /// What they are called.
        name: String,
        /// The step, from 1.
        step: u32,
        /// The round, from 1.
        round: u32,
        /// The ways, as the person wants them; none where nothing is known that reaches them.
        ways: Vec<EscalationWay>,
    },
    /// A step had nobody and was passed over at once.
    Skipped {
        /// The step, from 1.
        step: u32,
        /// The round, from 1.
        round: u32,
    },
    /// A step names somebody who is no longer there.
    Gone {
        /// The step, from 1.
        step: u32,
        /// Who.
        person: String,
    },
    /// A step names a schedule that there is not.
    NoSchedule {
        /// The step, from 1.
        step: u32,
        /// The schedule.
        schedule: String,
    },
    /// No step of the round had anybody; it is tried again.
    Nobody,
    /// What is due waits for the end of a maintenance or of a silence.
    Muted {
        /// When that is.
        until: Timestamp,
    },
    /// An acknowledgement ran out: the steps begin anew.
    TimedOut {
        /// Whose.
        by: String,
    },
    /// All was done, and nobody acknowledged.
    Exhausted,
}

/// One way to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationWay {
    /// The channel, as `mainstay.toml` names it.
    pub channel: String,
    /// The person's address in it; absent where the channel has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When it is taken, if nobody has acknowledged by then.
    pub at: Timestamp,
    /// The end of quiet hours that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_until: Option<Timestamp>,
}

/// Where an escalation stands, whole: whoever goes on needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationStand {
    /// The state.
    pub state: EscalationState,
    /// When something is to happen by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Who acknowledged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// How often the steps have begun anew after somebody had it.
    pub run: u32,
    /// The round, from 0.
    pub round: u32,
    /// The next step, from 0.
    pub step: u32,
    /// Whether somebody was told in this round.
    pub told: bool,
    /// Rounds in a row that reached nobody.
    pub tries: u32,
    /// Until when it was said that it is muted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<Timestamp>,
    /// The newest time that it knows of.
    pub seen: Timestamp,
}

/// The states of an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EscalationState {
    /// The next step comes by itself.
    Running,
    /// Somebody has it.
    Acknowledged,
    /// Everybody was told, and nobody acknowledged.
    Exhausted,
    /// The alert is over.
    Resolved,
}

impl EscalationState {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Acknowledged => "acknowledged",
            Self::Exhausted => "exhausted",
            Self::Resolved => "resolved",
        }
    }
}

/// A message of an escalation was sent, or not: the receipt of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationDelivered {
    /// The key of the notification.
    pub key: String,
    /// Who was to be told.
    pub person: String,
    /// The channel.
    pub channel: String,
    /// Their address in it, where it is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What became of it.
    pub outcome: DeliveryOutcome,
    /// What the other side said, or why nothing could be sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Timestamp>,
}

/// What became of an attempt to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryOutcome {
    /// The other side took it.
    Sent,
    /// The other side does not want it, and would not the next time.
    Refused,
    /// It did not get through; it is tried again.
    Failed,
    /// It did not get through, and is not tried again.
    GivenUp,
}

impl DeliveryOutcome {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::GivenUp => "given up",
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Failed)
    }
}
