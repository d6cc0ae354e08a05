//! What the ledger and the scorecard say of themselves.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The data of an earlier fact was erased; its salted hash stays in the log, so every proof still holds. The subject is
/// `fact:<sequence>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FactRedacted {
    /// Position of the fact whose data was erased.
    pub sequence: u64,
    /// Why: a request of erasure, a secret that slipped in.
    pub reason: String,
    /// What of the data may stay, in place of the erased data; `null` where nothing may.
    #[serde(default)]
    pub retained: Value,
}

/// A value of a KPI was published, so that a later restatement shows. The subject is `kpi:<id>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KpiPublished {
    /// Version of the definition.
    pub version: u32,
    /// The window, half-open.
    pub from: Timestamp,
    /// First instant behind the window.
    pub to: Timestamp,
    /// The value, `null` for no data.
    pub value: Option<f64>,
    /// Numerator.
    pub numerator: f64,
    /// Denominator.
    pub denominator: f64,
    /// Size of the ledger that it was computed from.
    pub size: u64,
}
