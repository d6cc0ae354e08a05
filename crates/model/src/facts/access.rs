//! Who may do what, and what was refused. The subject is `principal:<id>`, or `approval:<id>`.

use crate::{PrincipalId, Subject};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An operation was refused for want of authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationDenied {
    /// Who tried.
    pub principal: PrincipalId,
    /// What they tried.
    pub operation: String,
    /// Why it was refused.
    pub reason: String,
    /// What it would have been about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Subject>,
}

/// Somebody asks that an action be allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalRequested {
    /// The action: `finding.waive`, `change.apply`.
    pub action: String,
    /// What it is about.
    pub about: Subject,
    /// SHA-256 of exactly what would be done, as hexadecimal.
    pub digest: String,
    /// Who asks.
    pub requested_by: PrincipalId,
    /// Until when an answer is worth anything.
    pub expires: Timestamp,
    /// Why, in the requester's words.
    #[serde(default)]
    pub reason: String,
}

/// A person with the authority answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalAnswered {
    /// Who; never the requester.
    pub by: PrincipalId,
    /// Yes or no.
    pub approved: bool,
    /// The digest that the answer is about.
    pub digest: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// A person or machine may sign in from now on, in this role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrincipalAdmitted {
    /// The role.
    pub role: Role,
    /// `user` or `token`.
    pub kind: String,
    /// Scopes of a token; empty for a user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// When a token ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Who admitted it.
    pub by: PrincipalId,
}

/// A person or machine may no longer sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrincipalDismissed {
    /// Who said so.
    pub by: PrincipalId,
}

/// What a principal may do; each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Viewer,
    /// And answer alerts and incidents.
    Responder,
    /// And change what the team runs.
    Engineer,
    /// And approve what others ask for.
    Approver,
    /// And admit people and change the decision rights.
    Administrator,
}
