//! All computed KPIs of a history, as the tests of the KPIs need them.

use mainstay_kit::{Contribution, Entity, Folded, KpiValue, Measure, Query, fold_all, summarise};
use mainstay_model::Recorded;
use std::collections::BTreeMap;

/// The computed KPIs of a history, by id.
pub fn values(facts: &[Recorded], query: &Query) -> BTreeMap<&'static str, KpiValue> {
    values_of(facts, query, false)
}

/// The same; where `stored`, from entities as a table gives them back: written as JSON and read again, and only those
/// whose span touches the window.
pub fn values_of(facts: &[Recorded], query: &Query, stored: bool) -> BTreeMap<&'static str, KpiValue> {
    let incidents = load::<mainstay_respond::Incident>(facts, query, stored);
    let resources = load::<mainstay_guard::EstateResource>(facts, query, stored);
    let changes = load::<mainstay_change::Change>(facts, query, stored);
    let drifted = load::<mainstay_change::DriftedResource>(facts, query, stored);
    let episodes = load::<mainstay_watch::AlertEpisode>(facts, query, stored);
    let pairs = load::<mainstay_secure::VulnerablePair>(facts, query, stored);
    let exploited = load::<mainstay_secure::Exploited>(facts, query, stored);
    let slas = load::<mainstay_secure::SlaPromise>(facts, query, stored);
    let promises = load::<mainstay_recover::BackupPromise>(facts, query, stored);
    let runs = load::<mainstay_recover::BackupRun>(facts, query, stored);
    let share = |contributions: Vec<Contribution>| summarise(Measure::Proportion, &contributions);
    let mean = |contributions: Vec<Contribution>| summarise(Measure::Mean, &contributions);
    BTreeMap::from([
        ("change-failure-rate", share(mainstay_change::kpi::change_failure_rate(&changes, &drifted, query))),
        ("mttd", mean(mainstay_respond::kpi::mttd(&incidents, query))),
        ("mttr", mean(mainstay_respond::kpi::mttr(&incidents, query))),
        ("incident-recurrence", share(mainstay_respond::kpi::incident_recurrence(&incidents, query))),
        ("actionable-alerts", share(mainstay_watch::kpi::actionable_alerts(&episodes, query))),
        ("iac-adoption", share(mainstay_guard::kpi::iac_adoption(&resources, query))),
        ("policy-compliance", share(mainstay_guard::kpi::policy_compliance(&resources, query))),
        ("vulnerability-sla", share(mainstay_secure::kpi::vulnerability_sla(&pairs, &exploited, &slas, query))),
        ("backup-success", share(mainstay_recover::kpi::backup_success(&promises, &runs, query))),
    ])
}

fn load<T: Entity>(facts: &[Recorded], query: &Query, stored: bool) -> Vec<Folded<T>> {
    let mut entities = fold_all::<T>(facts);
    if stored {
        entities.retain(|folded| {
            let (first, end) = folded.entity.span();
            first < query.window.to && end.is_none_or(|end| query.window.from < end)
        });
        for folded in &mut entities {
            let text = serde_json::to_string(&folded.entity).unwrap();
            folded.entity = serde_json::from_str(&text).unwrap();
            assert_eq!(folded.entity.cells().len(), T::COLUMNS.len(), "{}", T::TABLE);
        }
    }
    entities
}
