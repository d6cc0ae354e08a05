//! The objective that a service tier, a service or a team makes.

use crate::{Severity, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An objective, declared in a file and judged against facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Promise {
    /// Stable id, such as `backup.orders-db`.
    pub id: String,
    /// What it is about: a service, a resource, a backup job, a team.
    pub subject: Subject,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Subject>,
    /// What is promised.
    #[serde(flatten)]
    pub kind: PromiseKind,
}

/// What is promised. Durations are in the unit that the field's name ends in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PromiseKind {
    /// A backup is taken on a schedule; each slot of it expects one complete, verified run.
    BackupSchedule {
        /// Five-field cron expression.
        schedule: String,
        /// IANA zone in which the expression is read.
        zone: String,
        /// A run that starts within this many minutes from the slot counts for it.
        window_min: u32,
        /// The backup job whose runs count, as `backup.finished` facts name it.
        job: String,
    },
    /// A vulnerability of a severity is fixed within so many days.
    VulnerabilitySla {
        /// The severity it applies to.
        severity: Severity,
        /// Days from first seen to fixed.
        days: u32,
    },
    /// A share of events, or of time, is good; the promise's subject is the service.
    ServiceLevel {
        /// Its name within the service.
        name: String,
        /// The share, in percent: 99.9.
        percent: f64,
        /// How long its error budget lasts: `30d`, `calendar month in Europe/Berlin`.
        window: String,
        /// How the share of what is bad is measured, as a query with `{{.window}}` for its range.
        indicator: String,
        /// The format that it is written in: `openslo/v1`.
        spec: String,
    },
    /// An incident of a service in this tier is restored within so many minutes.
    RestoreTime {
        /// Minutes from detected to restored.
        minutes: u32,
    },
}
