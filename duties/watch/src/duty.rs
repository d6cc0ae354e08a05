//! What the watch duty declares.

use crate::{AlertEpisode, BudgetPolicy, Endpoint, Objective, PlannedWork, act, kpi, pages};
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
        vec![
            EntityKind::of::<AlertEpisode>(),
            EntityKind::of::<Objective>(),
            EntityKind::of::<PlannedWork>(),
            EntityKind::of::<BudgetPolicy>(),
            EntityKind::of::<Endpoint>(),
        ]
    }

    fn operations(&self) -> Vec<Operation> {
        let columns = &["id", "class", "rule", "severity", "service", "team", "fired", "resolved"];
        let mut all = vec![
            list_operation::<AlertEpisode>("alert.list", "/v1/alerts", "Alert episodes, newest first", columns),
            show_operation::<AlertEpisode>("alert.show", "/v1/alerts/{id}", "One alert episode with its facts"),
        ];
        let columns = &["id", "state", "percent", "good", "left", "gone_in_s", "covered", "window", "measured"];
        all.push(list_operation::<Objective>(
            "objective.list",
            "/v1/objectives",
            "Objectives and their budgets",
            columns,
        ));
        all.push(show_operation::<Objective>("objective.show", "/v1/objectives/{id}", "One objective with its facts"));
        let columns = &["id", "state", "title", "services", "announced", "from", "until"];
        all.push(list_operation::<PlannedWork>("maintenance.list", "/v1/maintenance", "Planned maintenance", columns));
        let columns = &["id", "state", "service", "asks", "why", "since", "said", "certificate_expires"];
        all.push(list_operation::<Endpoint>(
            "endpoint.list",
            "/v1/endpoints",
            "Endpoints, as probes saw them last",
            columns,
        ));
        all.push(show_operation::<Endpoint>("endpoint.show", "/v1/endpoints/{id}", "One endpoint with its facts"));
        all.extend(crate::api::operations());
        all
    }

    fn pages(&self) -> Vec<Page> {
        pages::pages()
    }

    fn jobs(&self) -> Vec<Job> {
        let every = Duration::from_secs(600);
        vec![
            Job { name: "watch.undocumented-alerts", every, after_collecting: true, run: act::find_undocumented },
            Job { name: "watch.budget-policies", every, after_collecting: true, run: act::budget::keep_policies },
        ]
    }

    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        let alerts: Contributions = |reader, query| {
            let episodes = reader.all::<AlertEpisode>(Some(query.window))?;
            mainstay_estate::with_owners(reader, kpi::actionable_alerts(&episodes, query))
        };
        let availability: Contributions = |reader, query| {
            let endpoints = reader.all::<Endpoint>(Some(query.window))?;
            let planned = reader.all::<PlannedWork>(Some(query.window))?;
            mainstay_estate::with_owners(reader, kpi::availability(&endpoints, &planned, query))
        };
        vec![("actionable-alerts", alerts), ("platform-availability", availability)]
    }

    fn by_entity(&self) -> Vec<(&'static str, Vec<ByEntity>)> {
        vec![("actionable-alerts", vec![ByEntity::of(kpi::actionable_alerts)])]
    }
}
