//! What the respond duty declares.

use crate::{Escalation, Incident, OncallFile, act, api, kpi, pages};
use mainstay_kit::lists::{list_operation, show_operation};
use mainstay_kit::{
    ByEntity, Contribution, Contributions, Duty, EntityKind, Folded, Form, Job, Operation, Page, Problem, Query,
    Reader, Tie,
};
use std::time::Duration;

/// The duty.
pub struct RespondDuty;

impl Duty for RespondDuty {
    fn name(&self) -> &'static str {
        "respond"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![EntityKind::of::<OncallFile>(), EntityKind::of::<Escalation>(), EntityKind::of::<Incident>()]
    }

    fn operations(&self) -> Vec<Operation> {
        let columns = &["id", "progress", "severity", "service", "team", "title", "commander", "detected", "restored"];
        let mut all = vec![
            list_operation::<Incident>("incident.list", "/v1/incidents", "Incidents, newest first", columns),
            show_operation::<Incident>("incident.show", "/v1/incidents/{id}", "One incident with its facts"),
        ];
        all.extend(api::operations());
        all.extend(act::incident::operations());
        all
    }

    fn pages(&self) -> Vec<Page> {
        pages::pages()
    }

    fn forms(&self) -> Vec<Form> {
        pages::forms()
    }

    fn jobs(&self) -> Vec<Job> {
        let every = Duration::from_secs(1);
        vec![Job { name: act::escalate::JOB, every, after_collecting: false, run: act::escalate::run }]
    }

    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        vec![
            ("mttd", |reader, query| of_incidents(kpi::mttd, reader, query)),
            ("mttr", |reader, query| of_incidents(kpi::mttr, reader, query)),
            ("incident-recurrence", |reader, query| of_incidents(kpi::incident_recurrence, reader, query)),
        ]
    }

    fn by_entity(&self) -> Vec<(&'static str, Vec<ByEntity>)> {
        // Only an incident whose problem is known can be the recurrence of another, or another its.
        let tie = |incident: &Incident| incident.problem.as_ref().map(|_| Tie::Among);
        vec![
            ("mttd", vec![ByEntity::of(kpi::mttd)]),
            ("mttr", vec![ByEntity::of(kpi::mttr)]),
            ("incident-recurrence", vec![ByEntity::tied(kpi::incident_recurrence, tie)]),
        ]
    }
}

/// What the incidents that matter to the window add to a KPI, with their teams and tiers.
fn of_incidents(
    kpi: fn(&[Folded<Incident>], &Query) -> Vec<Contribution>,
    reader: &Reader<'_>,
    query: &Query,
) -> Result<Vec<Contribution>, Problem> {
    let incidents = reader.all::<Incident>(Some(query.window))?;
    mainstay_estate::with_owners(reader, kpi(&incidents, query))
}
