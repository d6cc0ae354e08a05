//! What the change duty declares.

use crate::{Change, DriftedResource, Freeze, act, kpi, pages};
use mainstay_kit::lists::{list_operation, show_operation};
use mainstay_kit::{
    ByEntity, Contribution, Contributions, Duty, EntityKind, Folded, Job, Operation, Page, Problem, Query, Reader, Tie,
};
use std::time::Duration;

/// The duty.
pub struct ChangeDuty;

impl Duty for ChangeDuty {
    fn name(&self) -> &'static str {
        "change"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![EntityKind::of::<Change>(), EntityKind::of::<DriftedResource>(), EntityKind::of::<Freeze>()]
    }

    fn operations(&self) -> Vec<Operation> {
        let columns = &["id", "state", "environment", "service", "title", "completed", "failures"];
        vec![
            list_operation::<Change>("change.list", "/v1/changes", "Changes, newest first", columns),
            show_operation::<Change>("change.show", "/v1/changes/{id}", "One change with its facts"),
            list_operation::<Freeze>(
                "freeze.list",
                "/v1/freezes",
                "Proposals to let changes rest, newest first",
                &["id", "state", "services", "reason", "owner", "since", "lifted"],
            ),
        ]
    }

    fn pages(&self) -> Vec<Page> {
        pages::pages()
    }

    fn jobs(&self) -> Vec<Job> {
        let every = Duration::from_secs(300);
        vec![Job { name: "change.suspect-rollbacks", every, after_collecting: true, run: act::suspect_rollbacks }]
    }

    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        vec![("change-failure-rate", change_failure_rate)]
    }

    fn by_entity(&self) -> Vec<(&'static str, Vec<ByEntity>)> {
        let changes: fn(&[Folded<Change>], &Query) -> Vec<Contribution> =
            |changes, query| kpi::change_failure_rate(changes, &[], query);
        let drifted: fn(&[Folded<DriftedResource>], &Query) -> Vec<Contribution> =
            |drifted, query| kpi::change_failure_rate(&[], drifted, query);
        // A change that mends another is not to blame for what that one broke.
        let kinds = vec![ByEntity::tied(changes, |change| change.mends().map(Tie::To)), ByEntity::of(drifted)];
        vec![("change-failure-rate", kinds)]
    }
}

fn change_failure_rate(reader: &Reader<'_>, query: &Query) -> Result<Vec<Contribution>, Problem> {
    let changes = reader.all::<Change>(Some(query.window))?;
    let drifted = reader.all::<DriftedResource>(Some(query.window))?;
    mainstay_estate::with_owners(reader, kpi::change_failure_rate(&changes, &drifted, query))
}
