//! What the respond duty declares.

use crate::{Incident, kpi};
use mainstay_kit::lists::{list_operation, show_operation};
use mainstay_kit::{Contributions, Duty, EntityKind, Operation};

/// The duty.
pub struct RespondDuty;

impl Duty for RespondDuty {
    fn name(&self) -> &'static str {
        "respond"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![EntityKind::of::<Incident>()]
    }

    fn operations(&self) -> Vec<Operation> {
        let columns = &["id", "state", "severity", "service", "team", "title", "detected", "restored"];
        vec![
            list_operation::<Incident>("incident.list", "/v1/incidents", "Incidents, newest first", columns),
            show_operation::<Incident>("incident.show", "/v1/incidents/{id}", "One incident with its facts"),
        ]
    }

    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        vec![
            ("mttd", |reader, query| Ok(kpi::mttd(&reader.all::<Incident>(Some(query.window))?, query))),
            ("mttr", |reader, query| Ok(kpi::mttr(&reader.all::<Incident>(Some(query.window))?, query))),
            ("incident-recurrence", |reader, query| {
                Ok(kpi::incident_recurrence(&reader.all::<Incident>(Some(query.window))?, query))
            }),
        ]
    }
}
