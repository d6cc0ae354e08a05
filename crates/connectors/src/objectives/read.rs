//! Files to promises, policies and announcements. All files are one batch, as an objective may refer to an indicator of
//! another file.

use crate::text::decode;
use crate::{At, Document, Family, Part, ReadContext, Reading, Snapshot};
use mainstay_iac::SourceFile;
use mainstay_model::facts::PromiseMade;
use mainstay_model::{Place, Promise, PromiseKind, Subject};
use mainstay_slo::{Duration, Maintenance, Slo};

/// The period of objectives that say none, as for `mainstay slo`.
const PERIOD: Duration = Duration::days(30);

/// Reads all files of objectives as one batch.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let mut files = Vec::new();
    // Recorded series may lie beside the objectives in a folder that is named as a whole.
    let is_ours = |part: &&Part| [".yaml", ".yml"].iter().any(|ending| part.path.ends_with(ending));
    let parts: Vec<&Part> = document.parts.iter().filter(is_ours).collect();
    for part in &parts {
        if let Some(text) = decode(&part.bytes, &part.path, &mut reading) {
            files.push(SourceFile { path: part.path.clone(), bytes: text.into_owned().into_bytes() });
        }
    }
    let mut whole = files.len() == parts.len();
    let found = mainstay_slo::read(&files, None);
    whole &= !found.is_damaged();
    found.diagnostics.iter().for_each(|diagnostic| reading.note(diagnostic.clone()));
    let source = ctx.source_or("objectives");
    let mut promises = Snapshot::new(&source, Family::Promise, ctx.now);
    let mut policies = Snapshot::new(&source, Family::BudgetPolicy, ctx.now);
    (promises.complete, policies.complete) = (whole, whole);
    for slo in &found.slos {
        let promise = promise(slo);
        let subject = Subject::of("promise", &promise.id);
        promises.add(subject, &PromiseMade { promise }, &mut reading, &at(ctx, &slo.place));
    }
    for policy in &found.policies {
        let subject = Subject::of("budget-policy", &policy.name);
        policies.add(subject, &policy.said, &mut reading, &at(ctx, &policy.place));
    }
    found.maintenance.iter().for_each(|one| announce(one, &source, ctx, &mut reading));
    reading.snapshots.extend([promises, policies]);
    reading
}

/// The id of an objective's promise.
#[must_use]
pub fn promise_id(slo: &Slo) -> String {
    format!("slo.{}", slo.id())
}

fn promise(slo: &Slo) -> Promise {
    let kind = PromiseKind::ServiceLevel {
        name: slo.name.clone(),
        percent: slo.objective,
        window: slo.window(PERIOD),
        indicator: slo.indicator.error_ratio.clone(),
        spec: slo.spec.clone(),
    };
    Promise { id: promise_id(slo), subject: slo.subject(), owner: None, kind }
}

/// An announcement was made when its file says, however often it is read. One that is changed is announced anew, and its time
/// says so.
fn announce(one: &Maintenance, source: &str, ctx: &ReadContext, reading: &mut Reading) {
    let said = serde_json::to_value(&one.said).unwrap_or_default();
    let digest = crate::content_digest(&said).to_string();
    let id = crate::fact_id(&["maintenance", &one.id, &one.announced.to_string(), &digest]);
    let place = one.place.clone().unwrap_or_else(|| Place::file(source));
    reading.say(&one.said, source, id.as_str(), Subject::of("maintenance", &one.id), one.announced, &at(ctx, &place));
}

fn at<'p>(ctx: &ReadContext, place: &'p Place) -> At<'p> {
    At { now: ctx.now, path: &place.file, line: place.line, column: place.column }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile;
    use mainstay_model::FactData;
    use mainstay_model::facts::MaintenanceAnnounced;

    const SLOTH: &str = include_str!("fixtures/objectives/checkout.yaml");
    const BESIDE: &str = include_str!("fixtures/objectives/beside.yaml");

    fn reading(text: &str) -> Reading {
        read(&Document::of("objectives/a.yaml", text), &ReadContext::at("2026-11-05T00:00:00Z".parse().unwrap()))
    }

    #[test]
    fn an_objective_is_a_promise_of_its_service() {
        let reading = reading(SLOTH);
        let facts = reconcile(&reading.snapshots[0], &std::collections::BTreeMap::new());
        let subjects: Vec<String> =
            facts.iter().filter_map(|fact| fact.subject.as_ref().map(ToString::to_string)).collect();
        assert_eq!(subjects, ["promise:slo.checkout-latency", "promise:slo.checkout-requests"]);
        let made = PromiseMade::read(&facts[1]).unwrap().promise;
        assert_eq!((made.subject.as_str(), &made.owner), ("service:checkout", &None));
        let PromiseKind::ServiceLevel { name, percent, window, spec, .. } = &made.kind else { panic!("{made:?}") };
        assert_eq!(
            (name.as_str(), *percent, window.as_str(), spec.as_str()),
            ("requests", 99.9, "30d", "prometheus/v1")
        );
    }

    #[test]
    fn policies_and_announcements_are_read_along_and_an_announcement_has_the_time_that_it_was_made() {
        let reading = reading(BESIDE);
        assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
        assert_eq!(reading.snapshots[1].items[0].subject.as_str(), "budget-policy:usual");
        let fact = &reading.facts[0];
        assert_eq!(
            (fact.time.to_string(), fact.subject.as_ref().unwrap().as_str()),
            ("2026-10-28T09:00:00Z".to_owned(), "maintenance:orders-db-upgrade")
        );
        assert_eq!(MaintenanceAnnounced::read(fact).unwrap().services.len(), 2);
    }

    #[test]
    fn a_bad_objective_costs_itself_and_takes_nothing_back() {
        let reading = reading(&SLOTH.replace("objective: 99.9", "objective: 101"));
        assert_eq!((reading.snapshots[0].items.len(), reading.snapshots[0].complete), (1, false));
        assert_eq!(reading.diagnostics[0].place.to_string(), "objectives/a.yaml:4:5");
    }
}
