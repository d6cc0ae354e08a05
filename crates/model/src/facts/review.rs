//! Reviews of plans. The subject is `plan:<first 16 digits of its digest>`.

use crate::{Money, PrincipalId, Severity, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A plan was reviewed; the newest review of a plan counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanReviewed {
    /// The name of the file, or what the pipeline calls the plan.
    pub plan: String,
    /// SHA-256 of exactly what was reviewed, in hexadecimal digits.
    pub digest: String,
    /// Who had it reviewed.
    pub by: PrincipalId,
    /// Whether the plan was whole.
    pub complete: bool,
    /// Objects by what is done to them: `destroy`, `replace`, `update`, `create` ...
    pub counts: BTreeMap<String, u32>,
    /// Sum of the risk factors, 0 to 100.
    pub risk: u32,
    /// The factors: name, points, what makes it.
    pub factors: Vec<RiskFactor>,
    /// The most dangerous steps, at most a hundred.
    pub steps: Vec<ReviewedStep>,
    /// Services that are touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Subject>,
    /// Controls that the plan would break, by severity.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub breaks: BTreeMap<Severity, u32>,
    /// Addresses of what had changed outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<String>,
    /// Difference in cost a month, by currency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost: Vec<Money>,
    /// Objects whose price is not known.
    #[serde(default)]
    pub unpriced: u32,
    /// Why the gate stopped it; empty where it let it through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<String>,
}

/// One factor of a plan's risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RiskFactor {
    /// `data-loss`
    pub name: String,
    /// What it adds.
    pub points: u32,
    /// What makes it.
    pub why: String,
}

/// One step of a reviewed plan, without values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewedStep {
    /// The object's address.
    pub address: String,
    /// `replace`
    pub action: String,
    /// Attributes that force it, or the plan's reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// Data that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What people notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage: Option<String>,
}
