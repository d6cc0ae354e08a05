//! What the recover duty declares.

use crate::{BackupPromise, BackupRun, kpi};
use mainstay_kit::lists::{list_operation, show_operation};
use mainstay_kit::{Contribution, Contributions, Duty, EntityKind, Operation, Problem, Query, Reader};

/// The duty.
pub struct RecoverDuty;

impl Duty for RecoverDuty {
    fn name(&self) -> &'static str {
        "recover"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![EntityKind::of::<BackupRun>(), EntityKind::of::<BackupPromise>()]
    }

    fn operations(&self) -> Vec<Operation> {
        let runs = &["id", "job", "outcome", "target", "started", "finished", "bytes"];
        let promises = &["id", "state", "subject", "job", "schedule", "zone", "window_min"];
        vec![
            list_operation::<BackupRun>("backup.list", "/v1/backups", "Backup runs, newest first", runs),
            show_operation::<BackupRun>("backup.show", "/v1/backups/{id}", "One backup run with its facts"),
            list_operation::<BackupPromise>(
                "promise.list",
                "/v1/promises/backups",
                "Backups that are promised",
                promises,
            ),
        ]
    }

    fn pages(&self) -> Vec<mainstay_kit::Page> {
        crate::pages::pages()
    }

    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        vec![("backup-success", backup_success)]
    }
}

fn backup_success(reader: &Reader<'_>, query: &Query) -> Result<Vec<Contribution>, Problem> {
    let promises = reader.all::<BackupPromise>(Some(query.window))?;
    let needs = kpi::Needs::of(&promises, query.window);
    let runs = needs.runs().map_or(Ok(Vec::new()), |span| reader.all::<BackupRun>(Some(span)))?;
    mainstay_estate::with_owners(reader, needs.met(&runs, query))
}
