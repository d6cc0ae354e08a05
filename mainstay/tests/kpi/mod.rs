//! All computed KPIs of a history, as the tests of the KPIs need them.

use mainstay_kit::{Contribution, KpiValue, Measure, Query, fold_all, summarise};
use mainstay_model::Recorded;
use std::collections::BTreeMap;

/// The computed KPIs of a history, by id.
pub fn values(facts: &[Recorded], query: &Query) -> BTreeMap<&'static str, KpiValue> {
    let incidents = fold_all::<mainstay_respond::Incident>(facts);
    let resources = fold_all::<mainstay_guard::EstateResource>(facts);
    let of = |measure: Measure, contributions: Vec<Contribution>| summarise(measure, &contributions);
    BTreeMap::from([
        (
            "change-failure-rate",
            of(
                Measure::Proportion,
                mainstay_change::kpi::change_failure_rate(&fold_all(facts), &fold_all(facts), query),
            ),
        ),
        ("mttd", of(Measure::Mean, mainstay_respond::kpi::mttd(&incidents, query))),
        ("mttr", of(Measure::Mean, mainstay_respond::kpi::mttr(&incidents, query))),
        ("incident-recurrence", of(Measure::Proportion, mainstay_respond::kpi::incident_recurrence(&incidents, query))),
        ("actionable-alerts", of(Measure::Proportion, mainstay_watch::kpi::actionable_alerts(&fold_all(facts), query))),
        ("iac-adoption", of(Measure::Proportion, mainstay_guard::kpi::iac_adoption(&resources, query))),
        ("policy-compliance", of(Measure::Proportion, mainstay_guard::kpi::policy_compliance(&resources, query))),
        (
            "vulnerability-sla",
            of(
                Measure::Proportion,
                mainstay_secure::kpi::vulnerability_sla(&fold_all(facts), &fold_all(facts), &fold_all(facts), query),
            ),
        ),
        (
            "backup-success",
            of(Measure::Proportion, mainstay_recover::kpi::backup_success(&fold_all(facts), &fold_all(facts), query)),
        ),
    ])
}
