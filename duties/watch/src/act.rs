//! What the watch duty does by itself: a finding for each rule whose alerts lack an owner or a runbook, and what policies for
//! error budgets ask for.

pub mod budget;

use crate::AlertEpisode;
use crate::judge::documents::{Lack, Seen, Undocumented, undocumented};
use jiff::SignedDuration;
use mainstay_estate::{Catalog, CatalogEntity};
use mainstay_kit::{Call, Problem};
use mainstay_model::facts::{FindingOpened, FindingResolved};
use mainstay_model::{Fact, FactData, Severity, Span, Subject, Timestamp};

/// A rule that has not fired for so long says nothing of how it is today.
const DAYS_BACK: i64 = 180;

const SOURCE: &str = "mainstay:watch";

/// Opens and resolves findings about rules. What is said has its id from the episodes behind it, so that saying it again says
/// nothing new.
///
/// # Errors
/// The database fails.
pub fn find_undocumented(call: &Call<'_>) -> Result<String, Problem> {
    let today = call.today();
    let from = today.checked_sub(SignedDuration::from_hours(24 * DAYS_BACK)).unwrap_or(Timestamp::MIN);
    let reader = call.reader(None)?;
    let mut seen = Vec::new();
    reader.each::<AlertEpisode>(Span { from, to: Timestamp::MAX }, &mut |episode| seen.extend(Seen::of(&episode)))?;
    let catalog = Catalog::new(&reader.all::<CatalogEntity>(None)?);
    let found = undocumented(seen, &|service| catalog.owner_of(service.as_str()).team);
    let mut said = Vec::new();
    for fact in found.iter().flat_map(facts) {
        said.push(fact?);
    }
    let open = found.iter().filter(|one| one.until.is_none()).count();
    append_fresh(call, said)?;
    Ok(format!("{open} alert rules lack an owner or a runbook"))
}

/// Appends what was not said yet. Who answers for something may have changed since it was said, and what was said stands.
fn append_fresh(call: &Call<'_>, said: Vec<Fact>) -> Result<(), Problem> {
    let mut fresh = Vec::new();
    for fact in said {
        if call.world.ledger.fact_by_id(SOURCE, fact.id.as_str())?.is_none() {
            fresh.push(fact);
        }
    }
    if !fresh.is_empty() {
        call.append(fresh)?;
    }
    Ok(())
}

fn facts(one: &Undocumented) -> Vec<Result<Fact, Problem>> {
    let summary = match one.lack {
        Lack::Owner => format!("alerts of {} name nobody who answers for them", one.rule),
        Lack::Runbook => format!("alerts of {} link to nothing that says what to do", one.rule),
    };
    let opened = FindingOpened {
        rule: one.lack.rule().to_owned(),
        about: Subject::of("alert-rule", &one.rule),
        summary,
        severity: Severity::Low,
        owner: one.owner.clone(),
        due: None,
        place: None,
    };
    let subject = Subject::of("finding", &format!("{}/{}", one.lack.rule(), one.rule));
    let id = format!("{}/{}", subject.name(), one.since);
    let ours = |e: mainstay_model::FactError| Problem::ours("watch.fact", e.to_string());
    let mut facts = vec![opened.fact(SOURCE, &id, subject.clone(), one.since).map_err(ours)];
    if let Some(until) = one.until {
        let resolved = FindingResolved { reason: "mended".to_owned() };
        facts.push(resolved.fact(SOURCE, &format!("{id}/mended"), subject, until).map_err(ours));
    }
    facts
}
