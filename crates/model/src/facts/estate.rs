//! What exists: resources as declared, planned and live; catalog entities; promises; collections.

use crate::{Diagnostic, Place, Promise, Subject, Verdict};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Which of a resource's three sides a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// What the code says.
    Declared,
    /// What a plan would make of it.
    Planned,
    /// What is there.
    Live,
}

/// A resource, on the side that `aspect` names, as it is from now on. The subject is the resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceObserved {
    /// Which side.
    pub aspect: Aspect,
    /// The type in its own system: `aws_s3_bucket`, `apps/v1/Deployment`, `AWS::S3::Bucket`.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The name that people use.
    pub name: String,
    /// Address in its source: `module.web.aws_s3_bucket.logs[0]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The same thing on another side: the live resource that a declared one made, found through state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<Subject>,
    /// The environment: `production`, `staging`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The service it belongs to, where a tag or label says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Subject>,
    /// Who answers for it, where a tag or label says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Subject>,
    /// The controller that made it (an autoscaling group, a deployment): it then belongs to its owner and is not counted apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controlled_by: Option<Subject>,
    /// The state file or source that manages it; only a state makes a live resource managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    /// Made by the provider itself (a default VPC, a service-linked role): out of scope.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provider_default: bool,
    /// Labels or tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What it needs or points to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Subject>,
    /// Where it stands in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Its attributes; secrets never, and only what judging needs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
    /// For a planned one: `create`, `update`, `replace`, `delete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

/// A resource is no more on that side; the subject is the resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceGone {
    /// Which side.
    pub aspect: Aspect,
}

/// A live resource differs from what its state or code says; the subject is the live resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceDrifted {
    /// Paths of the attributes that differ, without their values.
    pub attributes: Vec<String>,
    /// Who made the difference, where a trail says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The drift was allowed (a break-glass change that is recorded). Unauthorised drift counts as a change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub authorised: bool,
    /// Production, staging ... of the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// A drifted resource agrees with its state or code again; the subject is the live resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceReconciled {}

/// What the controls say of a resource from now on; the subject is the resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceJudged {
    /// Which side was judged.
    pub aspect: Aspect,
    /// Every applicable control and its verdict.
    pub verdicts: BTreeMap<String, Verdict>,
    /// The applicable controls that are key controls (KPI 8 counts those).
    #[serde(default)]
    pub key: Vec<String>,
    /// When the resource was observed that was judged.
    pub observed: Timestamp,
}

/// An entity of the service catalog as it is from now on; the subject is `service:..`, `team:..`, `system:..` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntityDeclared {
    /// Kind in the catalog: `Component`, `Group`, `System`, `Resource`, `API`, `User`, `Domain`, `Location`.
    pub kind: String,
    /// Full reference as the catalog writes it: `component:default/checkout`.
    pub entity_ref: String,
    /// The name that people use.
    pub title: String,
    /// One or two sentences.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Type within the kind: `service`, `website`, `team`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<String>,
    /// `production`, `experimental`, `deprecated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Subject>,
    /// How important it is: `1` is the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Relations to others: type (`dependsOn`, `partOf`, `ownedBy` ...) and target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<Relation>,
    /// Tags and labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations, such as a runbook link.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Where it stands in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// One relation of an entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Relation {
    /// `dependsOn`, `partOf`, `ownedBy`, `providesApi`, `consumesApi`, `memberOf`, `childOf` ...
    #[serde(rename = "type")]
    pub relation_type: String,
    /// What it relates to.
    pub target: Subject,
}

/// An entity is no more in the catalog; the subject is the entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntityGone {}

/// A promise is made, or made anew; the subject is `promise:<id>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PromiseMade {
    /// The promise.
    #[serde(flatten)]
    pub promise: Promise,
}

/// A promise is taken back; the subject is `promise:<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromiseWithdrawn {}

/// A collection ended; the subject is `collection:<connector>/<origin>`. Says how fresh and how whole what we know is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollectionFinished {
    /// The connector.
    pub connector: String,
    /// The file, folder or address that was read.
    pub origin: String,
    /// Nothing was missing: what is absent from it is gone, not unseen.
    pub complete: bool,
    /// Documents read.
    pub documents: u64,
    /// Facts that the ledger did not know.
    pub new: u64,
    /// Facts that it knew already.
    pub known: u64,
    /// Facts that it refused.
    pub refused: u64,
    /// Diagnostics by level: notes, warnings, errors.
    pub diagnostics: [u64; 3],
    /// The gravest of them, with their places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Diagnostic>,
}
