//! Findings of alerts that reach nobody: whoever would have been paged cannot miss it themselves.

use super::{SOURCE, fact};
use crate::judge::alert::Alert;
use crate::tables::{Escalation, Reach};
use mainstay_kit::{Call, Folded, Problem};
use mainstay_ledger::Filter;
use mainstay_model::facts::{FindingOpened, FindingResolved};
use mainstay_model::{FactData, Severity, Subject, Timestamp};

/// An escalation reached nobody: the finding is about its policy.
const NOBODY: &str = "respond.escalation-reaches-nobody";

/// No policy and no schedule answers for an alert that is worth a page.
const UNANSWERED: &str = "respond.alert-without-policy";

/// Opens a finding where an escalation reached nobody, and resolves it when one of the same policy reaches somebody.
///
/// # Errors
/// The database fails.
pub fn judge(call: &Call<'_>, one: &Folded<Escalation>) -> Result<(), Problem> {
    let begun = &one.entity.begun;
    let about = Subject::of("escalation-policy", &begun.policy.id);
    match one.entity.reach() {
        Reach::Pending => Ok(()),
        Reach::Nobody(at) => {
            let summary = format!("{} reached nobody by the policy {}", begun.title, begun.policy.id);
            let opened = opened(NOBODY, about, summary, Severity::Critical, begun.team.clone());
            say(call, &opened, &format!("{NOBODY}/{}", one.key), at, NOBODY, &begun.policy.id)
        }
        Reach::Somebody(at) => resolve(call, NOBODY, &begun.policy.id, &one.key, at),
    }
}

/// Opens a finding where nothing answers for an alert that is worth a page.
///
/// # Errors
/// The database fails.
pub fn unanswered(call: &Call<'_>, alert: &Alert) -> Result<(), Problem> {
    let fired = &alert.fired;
    if fired.severity.is_some_and(|severity| severity < Severity::High) {
        return Ok(());
    }
    let about = Subject::of("alert-rule", &fired.rule);
    let summary = format!("an alert of {} fired, and no policy and no schedule answers for it", fired.rule);
    let opened = opened(UNANSWERED, about, summary, Severity::High, fired.team.clone());
    let id = format!("{UNANSWERED}/{}/{}", fired.rule, alert.since);
    say(call, &opened, &id, alert.since, UNANSWERED, &fired.rule)
}

/// Resolves the finding of a rule that something answers for now.
///
/// # Errors
/// The database fails.
pub fn answered(call: &Call<'_>, alert: &Alert) -> Result<(), Problem> {
    resolve(call, UNANSWERED, &alert.fired.rule, &alert.since.to_string(), call.now)
}

fn opened(rule: &str, about: Subject, summary: String, severity: Severity, owner: Option<Subject>) -> FindingOpened {
    FindingOpened { rule: rule.to_owned(), about, summary, severity, owner, due: None, place: None }
}

fn say(
    call: &Call<'_>,
    opened: &FindingOpened,
    id: &str,
    at: Timestamp,
    rule: &str,
    name: &str,
) -> Result<(), Problem> {
    let subject = Subject::of("finding", &format!("{rule}/{name}"));
    let opened = fact(opened, id, subject, at)?;
    if call.world.ledger.fact_by_id(SOURCE, opened.id.as_str())?.is_none() {
        call.append(vec![opened])?;
    }
    Ok(())
}

/// Resolves a finding that is open, because of what happened then.
fn resolve(call: &Call<'_>, rule: &str, name: &str, because: &str, at: Timestamp) -> Result<(), Problem> {
    let subject = Subject::of("finding", &format!("{rule}/{name}"));
    let mut facts = call.world.ledger.facts(&Filter::new().of_subject(subject.clone()))?;
    facts.retain(|one| [FindingOpened::TYPE, FindingResolved::TYPE].contains(&one.fact.fact_type.as_str()));
    let Some(last) = facts.iter().max_by_key(|one| (one.fact.time, one.seq)) else { return Ok(()) };
    if last.fact.fact_type != FindingOpened::TYPE || last.fact.time > at {
        return Ok(());
    }
    let resolved = FindingResolved { reason: "mended".to_owned() };
    let id = format!("{rule}/{name}/mended/{because}/{}", last.fact.time);
    call.append(vec![fact(&resolved, &id, subject, at)?])?;
    Ok(())
}
