//! Facts of every type that were written once must be read for ever: each sample in `golden` is read, checked, and loses
//! nothing on the way through its type. A sample is never edited; a changed form is a new version with a sample of its own.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads its samples and stops where one is none"
)]

use mainstay_model::facts::*;
use mainstay_model::{Fact, FactData, Timestamp, fact_types};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn sample(name: &str) -> Fact {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    let now: Timestamp = "2026-11-15T00:00:00Z".parse().unwrap();
    let fact = Fact::from_json(serde_json::from_str(&text).unwrap(), now).unwrap();
    assert_eq!(fact.fact_type, name);
    fact.check(now).unwrap_or_else(|error| panic!("{name}: {error}"));
    fact
}

#[test]
fn every_fact_type_has_a_sample_and_every_sample_is_still_read() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let samples: BTreeSet<String> = files.map(|name| name.strip_suffix(".json").unwrap().to_owned()).collect();
    let types: BTreeSet<String> = fact_types().iter().map(|info| info.name.to_owned()).collect();
    assert_eq!(samples, types, "samples (left) and types (right)");
    samples.iter().for_each(|name| drop(sample(name)));
}

#[test]
fn every_field_of_a_type_stands_in_its_sample() {
    for info in fact_types() {
        let schema = (info.schema)().to_value();
        let Some(properties) = schema["properties"].as_object() else { continue };
        let data = sample(info.name).data;
        for field in properties.keys() {
            assert!(
                data.get(field).is_some_and(|value| !value.is_null()),
                "{}: {field} has no sample value",
                info.name
            );
        }
    }
}

#[test]
fn a_sample_loses_nothing_on_the_way_through_its_type() {
    fn check<T: FactData>() {
        let fact = sample(T::TYPE);
        let read = T::read(&fact).unwrap_or_else(|| panic!("{} is not read", T::TYPE));
        let written: Value = serde_json::to_value(&read).unwrap();
        assert_eq!(written, fact.data, "{}", T::TYPE);
    }
    check::<ResourceObserved>();
    check::<ResourceDrifted>();
    check::<ResourceJudged>();
    check::<EntityDeclared>();
    check::<PromiseMade>();
    check::<CollectionFinished>();
    check::<BudgetMeasured>();
    check::<BudgetPolicyDeclared>();
    check::<MaintenanceAnnounced>();
    check::<MaintenanceCancelled>();
    check::<FreezeProposed>();
    check::<FreezeLifted>();
    check::<NoteWritten>();
    check::<ChangeProposed>();
    check::<ChangeApproved>();
    check::<ChangeStarted>();
    check::<ChangeCompleted>();
    check::<ChangeFailureLinked>();
    check::<AlertFired>();
    check::<AlertActedOn>();
    check::<AlertSilenced>();
    check::<IncidentProgressed>();
    check::<IncidentRoleGiven>();
    check::<IncidentSeverityChanged>();
    check::<OncallDeclared>();
    check::<OncallWithdrawn>();
    check::<EscalationBegun>();
    check::<EscalationAdvanced>();
    check::<EscalationDelivered>();
    check::<IncidentOpened>();
    check::<IncidentOnsetEstablished>();
    check::<IncidentClassified>();
    check::<IncidentProblemConfirmed>();
    check::<IncidentNoted>();
    check::<BackupFinished>();
    check::<BackupVerified>();
    check::<VulnerabilityFound>();
    check::<VulnerabilityFixed>();
    check::<VulnerabilityExploited>();
    check::<VulnerabilityAccepted>();
    check::<BillRead>();
    check::<SpendMeasured>();
    check::<SpendWithdrawn>();
    check::<FindingOpened>();
    check::<FindingWaived>();
    check::<OperationDenied>();
    check::<ApprovalRequested>();
    check::<ApprovalAnswered>();
    check::<PlanReviewed>();
    check::<PrincipalAdmitted>();
    check::<FactRedacted>();
    check::<KpiPublished>();
}
