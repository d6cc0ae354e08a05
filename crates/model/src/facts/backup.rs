//! Backups. The subject is `backup:<job>/<run>`.

use crate::Subject;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run of a backup job ended; the fact's time is its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupFinished {
    /// The job, as promises name it: `restic:orders-db`.
    pub job: String,
    /// When it began.
    pub started: Timestamp,
    /// How whole it is.
    pub outcome: BackupOutcome,
    /// What was saved, where known: a service, a host, a volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Subject>,
    /// The snapshot's id in the backup tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// Bytes read from the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Files that could not be read.
    #[serde(default)]
    pub unreadable: u64,
}

/// How whole a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BackupOutcome {
    /// All that was asked for was saved.
    Complete,
    /// A part was left out; that is a failure for KPI 11.
    Partial,
    /// Nothing usable was saved.
    Failed,
}

/// The tool checked that the run can be read back; the subject is the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupVerified {
    /// Whether the check found it whole.
    pub intact: bool,
}
