//! The one list of fact types: name, meaning, schema, and the check of a fact's data against its type.

use crate::fact::{Fact, FactError};
use crate::facts::*;
use crate::{FactId, Subject};
use jiff::Timestamp;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The prefix of our own types.
const OURS: &str = "mainstay.";

/// What a fact of one type says.
pub trait FactData: Serialize + DeserializeOwned + JsonSchema {
    /// The CloudEvents `type`.
    const TYPE: &'static str;

    /// Makes the fact. `source` and `id` together must be the same for the same statement, whoever reads it and how often.
    ///
    /// # Errors
    /// [`FactError::Envelope`] where the id is none.
    fn fact(&self, source: &str, id: &str, subject: Subject, time: Timestamp) -> Result<Fact, FactError> {
        let id = FactId::new(id).map_err(|e| FactError::Envelope(e.to_string()))?;
        let data = serde_json::to_value(self).map_err(|e| FactError::Data(Self::TYPE.to_owned(), e.to_string()))?;
        Ok(Fact {
            id,
            source: source.to_owned(),
            fact_type: Self::TYPE.to_owned(),
            subject: Some(subject),
            time,
            data,
            extensions: Map::new(),
        })
    }

    /// Reads the data of a fact of this type; `None` for a fact of another type or one whose data was erased.
    #[must_use]
    fn read(fact: &Fact) -> Option<Self> {
        if fact.fact_type != Self::TYPE {
            return None;
        }
        Self::deserialize(&fact.data).ok()
    }
}

/// One fact type, for reference pages, schemas and checks.
#[derive(Clone, Copy)]
pub struct FactTypeInfo {
    /// The CloudEvents `type`.
    pub name: &'static str,
    /// JSON Schema (draft 2020-12) of `data`.
    pub schema: fn() -> Schema,
    check: fn(&Value) -> Result<(), String>,
}

macro_rules! fact_list {
    ($($data:ident => $name:literal),* $(,)?) => {
        $(impl FactData for $data { const TYPE: &'static str = $name; })*

        /// Every fact type of ours, in the order of the flow.
        const ALL: &[FactTypeInfo] = &[$(FactTypeInfo {
            name: $name,
            schema: || schemars::schema_for!($data),
            check: |data| $data::deserialize(data).map(drop).map_err(|e| e.to_string()),
        }),*];
    };
}

use serde::Deserialize;

fact_list! {
    ResourceObserved => "mainstay.resource.observed.v1",
    ResourceGone => "mainstay.resource.gone.v1",
    ResourceDrifted => "mainstay.resource.drifted.v1",
    ResourceReconciled => "mainstay.resource.reconciled.v1",
    ResourceJudged => "mainstay.resource.judged.v1",
    EntityDeclared => "mainstay.entity.declared.v1",
    EntityGone => "mainstay.entity.gone.v1",
    PromiseMade => "mainstay.promise.made.v1",
    PromiseWithdrawn => "mainstay.promise.withdrawn.v1",
    CollectionFinished => "mainstay.collection.finished.v1",
    BudgetMeasured => "mainstay.budget.measured.v1",
    BudgetPolicyDeclared => "mainstay.budget-policy.declared.v1",
    BudgetPolicyWithdrawn => "mainstay.budget-policy.withdrawn.v1",
    ProbeDeclared => "mainstay.probe.declared.v1",
    ProbeWithdrawn => "mainstay.probe.withdrawn.v1",
    ProbeObserved => "mainstay.probe.observed.v1",
    MaintenanceAnnounced => "mainstay.maintenance.announced.v1",
    MaintenanceCancelled => "mainstay.maintenance.cancelled.v1",
    FreezeProposed => "mainstay.freeze.proposed.v1",
    FreezeLifted => "mainstay.freeze.lifted.v1",
    NoteWritten => "mainstay.note.written.v1",
    ChangeProposed => "mainstay.change.proposed.v1",
    ChangeApproved => "mainstay.change.approved.v1",
    ChangeStarted => "mainstay.change.started.v1",
    ChangeCompleted => "mainstay.change.completed.v1",
    ChangeCancelled => "mainstay.change.cancelled.v1",
    ChangeFailureLinked => "mainstay.change.failure-linked.v1",
    AlertFired => "mainstay.alert.fired.v1",
    AlertResolved => "mainstay.alert.resolved.v1",
    AlertNotified => "mainstay.alert.notified.v1",
    AlertAcknowledged => "mainstay.alert.acknowledged.v1",
    AlertActedOn => "mainstay.alert.acted-on.v1",
    AlertSilenced => "mainstay.alert.silenced.v1",
    IncidentOpened => "mainstay.incident.opened.v1",
    IncidentOnsetEstablished => "mainstay.incident.onset-established.v1",
    IncidentRestored => "mainstay.incident.restored.v1",
    IncidentReopened => "mainstay.incident.reopened.v1",
    IncidentClosed => "mainstay.incident.closed.v1",
    IncidentClassified => "mainstay.incident.classified.v1",
    IncidentProblemConfirmed => "mainstay.incident.problem-confirmed.v1",
    IncidentNoted => "mainstay.incident.noted.v1",
    IncidentProgressed => "mainstay.incident.progressed.v1",
    IncidentRoleGiven => "mainstay.incident.role-given.v1",
    IncidentSeverityChanged => "mainstay.incident.severity-changed.v1",
    OncallDeclared => "mainstay.oncall.declared.v1",
    OncallWithdrawn => "mainstay.oncall.withdrawn.v1",
    EscalationBegun => "mainstay.escalation.begun.v1",
    EscalationAdvanced => "mainstay.escalation.advanced.v1",
    EscalationDelivered => "mainstay.escalation.delivered.v1",
    BackupFinished => "mainstay.backup.finished.v1",
    BackupVerified => "mainstay.backup.verified.v1",
    VulnerabilityFound => "mainstay.vulnerability.found.v1",
    VulnerabilityFixed => "mainstay.vulnerability.fixed.v1",
    VulnerabilityExploited => "mainstay.vulnerability.exploited.v1",
    VulnerabilityAccepted => "mainstay.vulnerability.accepted.v1",
    BillRead => "mainstay.bill.read.v1",
    SpendMeasured => "mainstay.spend.measured.v1",
    SpendWithdrawn => "mainstay.spend.withdrawn.v1",
    FindingOpened => "mainstay.finding.opened.v1",
    FindingResolved => "mainstay.finding.resolved.v1",
    FindingWaived => "mainstay.finding.waived.v1",
    PlanReviewed => "mainstay.plan.reviewed.v1",
    OperationDenied => "mainstay.operation.denied.v1",
    ApprovalRequested => "mainstay.approval.requested.v1",
    ApprovalAnswered => "mainstay.approval.answered.v1",
    PrincipalAdmitted => "mainstay.principal.admitted.v1",
    PrincipalDismissed => "mainstay.principal.dismissed.v1",
    FactRedacted => "mainstay.fact.redacted.v1",
    KpiPublished => "mainstay.kpi.published.v1",
}

/// Every fact type of ours.
#[must_use]
pub fn fact_types() -> &'static [FactTypeInfo] {
    ALL
}

/// The fact type of a name.
#[must_use]
pub fn fact_type(name: &str) -> Option<&'static FactTypeInfo> {
    ALL.iter().find(|info| info.name == name)
}

/// Checks size for every fact, and form for a type of ours; a well-formed type of somebody else is kept as it is.
pub(crate) fn check_data(fact: &Fact) -> Result<(), FactError> {
    let Some(info) = fact_type(&fact.fact_type) else {
        if !fact.fact_type.starts_with(OURS) {
            return Ok(());
        }
        return Err(FactError::UnknownType(fact.fact_type.clone(), near(&fact.fact_type)));
    };
    if fact.subject.is_none() {
        return Err(FactError::Data(fact.fact_type.clone(), "subject is missing".to_owned()));
    }
    (info.check)(&fact.data).map_err(|e| FactError::Data(fact.fact_type.clone(), e))
}

/// The types of ours that share the noun with a wrong name, as a hint.
fn near(name: &str) -> String {
    let noun = name.split('.').nth(1).unwrap_or_default();
    let hits: Vec<_> = ALL.iter().map(|info| info.name).filter(|n| n.split('.').nth(1) == Some(noun)).collect();
    if hits.is_empty() { String::new() } else { format!("; of that noun there are {}", hits.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::FACT_DATA_BYTES_MAX;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-11-01T00:00:00Z".parse().unwrap()
    }

    fn event(kind: &str, data: Value) -> Fact {
        let document = json!({
            "specversion": "1.0", "id": "1", "source": "/test", "type": kind, "subject": "change:1",
            "time": "2026-10-01T00:00:00Z", "data": data, "traceparent": "00-abc"
        });
        Fact::from_json(document, now()).unwrap()
    }

    #[test]
    fn a_type_of_somebody_else_is_kept_and_a_malformed_one_of_ours_is_refused_with_the_reason() {
        assert_eq!(event("com.example.note", json!({"any": [1]})).check(now()), Ok(()));
        let error =
            event("mainstay.change.completed.v1", json!({"environment": "production"})).check(now()).unwrap_err();
        assert!(error.to_string().contains("missing field `kind`"), "{error}");
        let error = event("mainstay.change.done.v1", json!({})).check(now()).unwrap_err();
        assert!(error.to_string().contains("mainstay.change.completed.v1"), "{error}");
        assert!(matches!(event("note", json!({})).check(now()), Err(FactError::Type(_))));
    }

    #[test]
    fn an_event_keeps_its_extensions_through_reading_and_writing() {
        let fact = event("com.example.note", json!({"a": 1}));
        let again = Fact::from_json(fact.to_json(), now()).unwrap();
        assert_eq!(fact, again);
        assert_eq!(again.extensions["traceparent"], "00-abc");
    }

    #[test]
    fn time_far_ahead_and_data_too_deep_or_large_are_refused() {
        let mut fact = event("com.example.note", json!({}));
        fact.time = "2026-11-03T00:00:01Z".parse().unwrap();
        assert!(matches!(fact.check(now()), Err(FactError::Future(..))));
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        assert!(matches!(event("com.example.note", deep).check(now()), Err(FactError::Size(..))));
        let large = json!("x".repeat(FACT_DATA_BYTES_MAX + 1));
        assert!(matches!(event("com.example.note", large).check(now()), Err(FactError::Size(..))));
    }

    #[test]
    fn every_type_has_a_name_of_the_form_and_a_schema_that_describes_it() {
        for info in fact_types() {
            let parts: Vec<_> = info.name.split('.').collect();
            assert_eq!((parts.len(), parts[0]), (4, "mainstay"), "{}", info.name);
            let schema = (info.schema)().to_value();
            assert!(
                schema["description"].as_str().is_some_and(|text| text.len() > 10),
                "{} has no description",
                info.name
            );
        }
    }
}
