//! What the watch duty declares.

use crate::{AlertEpisode, act, kpi, pages};
use mainstay_kit::lists::{list_operation, show_operation};
use mainstay_kit::{ByEntity, Contributions, Duty, EntityKind, Job, Operation, Page};
use std::time::Duration;

/// The duty.
pub struct WatchDuty;

impl Duty for WatchDuty {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![EntityKind::of::<AlertEpisode>()]
    }

    fn operations(&self) -> Vec<Operation> {
        let columns = &["id", "class", "rule", "severity", "service", "team", "fired", "resolved"];
        let mut all = vec![
            list_operation::<AlertEpisode>("alert.list", "/v1/alerts", "Alert episodes, newest first", columns),
            show_operation::<AlertEpisode>("alert.show", "/v1/alerts/{id}", "One alert episode with its facts"),
        ];
        all.extend(crate::api::operations());
        all
    }

    fn pages(&self) -> Vec<Page> {
        pages::pages()
    }

    fn jobs(&self) -> Vec<Job> {
        let every = Duration::from_secs(600);
        vec![Job { name: "watch.undocumented-alerts", every, after_collecting: true, run: act::find_undocumented }]
    }

    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        vec![("actionable-alerts", |reader, query| {
            let episodes = reader.all::<AlertEpisode>(Some(query.window))?;
            mainstay_estate::with_owners(reader, kpi::actionable_alerts(&episodes, query))
        })]
    }

    fn by_entity(&self) -> Vec<(&'static str, Vec<ByEntity>)> {
        vec![("actionable-alerts", vec![ByEntity::of(kpi::actionable_alerts)])]
    }
}
