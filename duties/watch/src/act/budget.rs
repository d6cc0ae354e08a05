//! What policies for error budgets do by themselves: findings, notes to owners, proposals to freeze changes. All of it is said
//! as facts, and what is over is said to be over.

use super::{SOURCE, append_fresh};
use crate::judge::budget::{Ended, Reached, reached};
use crate::{BudgetPolicy, Objective};
use mainstay_estate::{Catalog, CatalogEntity};
use mainstay_kit::{Call, Problem};
use mainstay_model::facts::{BudgetDeed, FindingOpened, FindingResolved, FreezeLifted, FreezeProposed, NoteWritten};
use mainstay_model::{Fact, FactData, FactError, Severity, Subject};

/// The finding's rule.
pub const RULE: &str = "watch.error-budget-spent";

/// Says what policies ask for, and what they no longer ask for.
///
/// # Errors
/// The database fails.
pub fn keep_policies(call: &Call<'_>) -> Result<String, Problem> {
    let reader = call.reader(None)?;
    let policies = reader.all::<BudgetPolicy>(None)?;
    if policies.is_empty() {
        return Ok("there is no policy for error budgets".to_owned());
    }
    let objectives = reader.all::<Objective>(None)?;
    let catalog = Catalog::new(&reader.all::<CatalogEntity>(None)?);
    let all = reached(&objectives, &policies, &|service| catalog.owner_of(service.as_str()));
    let open = all.iter().filter(|one| one.until.is_none()).count();
    let mut said = Vec::new();
    for one in &all {
        said.extend(facts(one).map_err(|e| Problem::ours("watch.fact", e.to_string()))?);
    }
    append_fresh(call, said)?;
    Ok(format!("{open} steps of policies hold for error budgets"))
}

/// All that is said of a step that was reached. Ids come from what it is about and since when, so that saying it again says
/// nothing new.
fn facts(one: &Reached) -> Result<Vec<Fact>, FactError> {
    let what = what(one);
    let id = format!("{what}/{}", one.since);
    let about = Subject::of("promise", name(one));
    let mut facts = Vec::new();
    for deed in &one.step.deeds {
        match deed {
            BudgetDeed::Note => {
                let note = NoteWritten { to: one.owner.clone(), about: about.clone(), text: text(one) };
                facts.push(note.fact(SOURCE, &format!("note/{id}"), subject_of(one, *deed), one.since)?);
            }
            BudgetDeed::Finding => facts.extend(finding(one, &about, &what)?),
            BudgetDeed::Freeze => facts.extend(freeze(one, &about, &id)?),
        }
    }
    Ok(facts)
}

fn name(one: &Reached) -> &str {
    one.promise.strip_prefix("promise:").unwrap_or(&one.promise)
}

/// The policy, the step and the promise.
fn what(one: &Reached) -> String {
    format!("{}/{}/{}", one.policy, one.step.left_percent, name(one))
}

/// What the facts of a deed are about.
pub(crate) fn subject_of(one: &Reached, deed: BudgetDeed) -> Subject {
    let id = || format!("{}/{}", what(one), one.since);
    match deed {
        BudgetDeed::Note => Subject::of("note", &id()),
        BudgetDeed::Finding => Subject::of("finding", &format!("{RULE}/{}", what(one))),
        BudgetDeed::Freeze => Subject::of("freeze", &id()),
    }
}

fn finding(one: &Reached, about: &Subject, what: &str) -> Result<Vec<Fact>, FactError> {
    let usual = if one.step.left_percent > 0.0 { Severity::Medium } else { Severity::High };
    let opened = FindingOpened {
        rule: RULE.to_owned(),
        about: about.clone(),
        summary: text(one),
        severity: one.step.severity.unwrap_or(usual),
        owner: one.owner.clone(),
        due: None,
        place: None,
    };
    let subject = subject_of(one, BudgetDeed::Finding);
    let id = format!("finding/{what}/{}", one.since);
    let mut facts = vec![opened.fact(SOURCE, &id, subject.clone(), one.since)?];
    if let Some((at, why)) = one.until {
        let reason = match why {
            Ended::Back => "mended",
            Ended::Policy => "control withdrawn",
            Ended::Promise => "gone",
        };
        let resolved = FindingResolved { reason: reason.to_owned() };
        facts.push(resolved.fact(SOURCE, &format!("{id}/resolved"), subject, at)?);
    }
    Ok(facts)
}

fn freeze(one: &Reached, about: &Subject, id: &str) -> Result<Vec<Fact>, FactError> {
    let proposed = FreezeProposed {
        services: vec![one.service.clone()],
        reason: text(one),
        about: about.clone(),
        policy: Subject::of("budget-policy", &one.policy),
        owner: one.owner.clone(),
    };
    let subject = subject_of(one, BudgetDeed::Freeze);
    let mut facts = vec![proposed.fact(SOURCE, &format!("freeze/{id}"), subject.clone(), one.since)?];
    if let Some((at, why)) = one.until {
        let reason = match why {
            Ended::Back => "budget back",
            Ended::Policy => "policy changed",
            Ended::Promise => "promise withdrawn",
        };
        let lifted = FreezeLifted { reason: reason.to_owned() };
        facts.push(lifted.fact(SOURCE, &format!("freeze/{id}/lifted"), subject, at)?);
    }
    Ok(facts)
}

/// What happened, and what the policy says is to be done.
fn text(one: &Reached) -> String {
    let left = (one.left * 1_000.0).round() / 10.0;
    let what = if one.left <= 0.0 {
        format!("the error budget of {} is spent: {left} % of it are left", one.name)
    } else {
        format!("{left} % of the error budget of {} are left", one.name)
    };
    if one.step.say.is_empty() { what } else { format!("{what}. {}", one.step.say) }
}
