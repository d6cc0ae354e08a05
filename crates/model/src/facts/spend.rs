//! What the estate costs. Bill lines stay in files; the ledger holds what was measured about them.

use crate::{Money, Subject};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A bill was read, or read again after its provider restated it; the subject is `bill:<provider>/<account>/<period>`,
/// without the account where the bill names none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BillRead {
    /// The provider as the bill names it.
    pub provider: String,
    /// Start of the billing period.
    pub period: Timestamp,
    /// SHA-256 of the file that was read, as hexadecimal.
    pub digest: String,
    /// Lines counted.
    pub lines: u64,
    /// Lines that could not be read.
    pub refused: u64,
    /// Sum of the billed cost.
    pub billed: Money,
    /// Sum of the effective cost, in which prepayments are spread.
    pub effective: Money,
}

/// What one day cost in one place; the subject is `spend:<provider>/<account>/<service>/<day>`. A restated bill writes it
/// anew, and the newest statement counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpendMeasured {
    /// First instant of the day in UTC.
    pub day: Timestamp,
    /// The provider.
    pub provider: String,
    /// The bill that says so: what several bills say of one place and day adds up, as when a later one corrects it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<Subject>,
    /// The account or subscription.
    pub account: String,
    /// The provider's service: `Amazon S3`.
    pub service: String,
    /// The team that the cost is allocated to, where a tag says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Subject>,
    /// Billed cost of the day.
    pub billed: Money,
    /// Effective cost of the day.
    pub effective: Money,
    /// Bill lines behind it.
    pub lines: u64,
}

/// A bill that said what a day cost in one place no longer does; the subject is that of the measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpendWithdrawn {}
