//! What the respond duty declares.

use crate::{Incident, kpi, pages};
use mainstay_kit::lists::{list_operation, show_operation};
use mainstay_kit::{Contribution, Contributions, Duty, EntityKind, Folded, Operation, Page, Problem, Query, Reader};

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

    fn pages(&self) -> Vec<Page> {
        pages::pages()
    }

    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        vec![
            ("mttd", |reader, query| of_incidents(kpi::mttd, reader, query)),
            ("mttr", |reader, query| of_incidents(kpi::mttr, reader, query)),
            ("incident-recurrence", |reader, query| of_incidents(kpi::incident_recurrence, reader, query)),
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
