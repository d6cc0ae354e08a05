//! What needs a second person: asked for by one, answered by another, and bound to exactly what was asked. Waiving a
//! finding is here, erasing a fact in `redact`.

use crate::redact::{self, REDACT};
use crate::{ApprovalRow, FindingRow};
use mainstay_kit::operation::Method;
use mainstay_kit::rights::{Needs, digest, may_answer};
use mainstay_kit::{Call, LIST_ROWS_MAX, ListQuery, Operation, Problem};
use mainstay_model::facts::{ApprovalAnswered, ApprovalRequested, FindingOpened, FindingWaived, Role};
use mainstay_model::{Fact, FactData, FindingState, PrincipalId, Subject, Timestamp, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The action as the decision rights name it.
pub(crate) const WAIVE: &str = "finding.waive";

/// Longest waiver: what is accepted for longer is a decision about the control, not about the finding.
const WAIVER_DAYS_MAX: i64 = 366;

/// Shortest reason, in characters: "ok" tells the next reader nothing.
const REASON_CHARS_MIN: usize = 10;

/// Longest reason, in bytes.
const REASON_BYTES_MAX: usize = 8_000;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Waive {
    /// The finding.
    id: String,
    /// Why it is acceptable.
    reason: String,
    /// Until which day or instant, at most 366 days ahead.
    until: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Answer {
    /// The request.
    id: String,
    /// Yes or no.
    approved: bool,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// What became of a request.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Outcome {
    /// `done`, `waiting` or `rejected`.
    state: String,
    /// The request, where an answer is needed.
    approval: Option<String>,
    /// What happens next.
    next: String,
}

impl Outcome {
    /// What was done at once.
    pub(crate) fn done(next: &str) -> Self {
        Self { state: "done".to_owned(), approval: None, next: next.to_owned() }
    }
}

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        redact::operation(),
        Operation::new(
            "finding.waive",
            (Method::Post, "/v1/findings/{id}/waiver"),
            Role::Engineer,
            "Ask that a finding be accepted for a time",
            waive,
        ),
        Operation::new(
            "approval.answer",
            (Method::Post, "/v1/approvals/{id}/answer"),
            Role::Engineer,
            "Approve or reject what somebody asked for",
            answer,
        ),
    ]
}

fn waive(call: &Call<'_>, ask: Waive) -> Result<Outcome, Problem> {
    let finding = find(call, &ask.id)?;
    let reason = reason_of("finding.reason", &ask.reason)?;
    let until = Window::instant(&ask.until, &call.world.settings.zone)
        .map_err(|e| Problem::malformed("finding.until", e.to_string()))?;
    let days = (until.as_second() - call.now.as_second()) / 86_400;
    if until <= call.now || days > WAIVER_DAYS_MAX {
        return Err(Problem::malformed(
            "finding.until",
            format!("a waiver ends in the future, at most {WAIVER_DAYS_MAX} days ahead"),
        ));
    }
    if call.world.settings.rights.of(WAIVE).needs == Needs::Auto {
        let me = &call.principal.id;
        append(call, vec![waived(call, &finding, (me, me), reason, until)?])?;
        return Ok(Outcome::done("the finding is waived"));
    }
    ask_for(call, WAIVE, Subject::of("finding", &finding), reason, Some(until))
}

/// A reason that says something, without the space around it.
///
/// # Errors
/// It is too short to tell the next reader anything, or too long.
pub(crate) fn reason_of<'r>(code: &str, reason: &'r str) -> Result<&'r str, Problem> {
    let reason = reason.trim();
    if reason.chars().count() < REASON_CHARS_MIN {
        let detail = format!("give a reason that the next reader can judge ({REASON_CHARS_MIN} characters or more)");
        return Err(Problem::malformed(code, detail));
    }
    if reason.len() > REASON_BYTES_MAX {
        let detail = format!("a reason may have at most {REASON_BYTES_MAX} bytes; link to what is longer");
        return Err(Problem::malformed(code, detail));
    }
    Ok(reason)
}

/// Writes down that an action waits for somebody else's answer. The same person asking for the same again adds nothing.
///
/// # Errors
/// The database fails.
pub(crate) fn ask_for(
    call: &Call<'_>,
    action: &str,
    about: Subject,
    reason: &str,
    until: Option<Timestamp>,
) -> Result<Outcome, Problem> {
    let me = &call.principal.id;
    let hash = digest(action, &terms(&about, me, reason, until));
    let id: String = hash.chars().take(16).collect();
    let subject = Subject::of("approval", &id);
    let known = call.reader(None)?.one::<ApprovalRow>(subject.as_str())?;
    let waiting = known.map(|found| found.entity).filter(|row| row.state_at(call.now) == "waiting");
    let expires = match waiting {
        Some(row) => row.request.expires,
        None => {
            let hours = jiff::SignedDuration::from_hours(i64::from(call.world.settings.rights.of(action).expires_h));
            let expires = call.now.checked_add(hours).map_err(|e| Problem::ours("approval.expires", e.to_string()))?;
            let request = ApprovalRequested {
                action: action.to_owned(),
                about,
                digest: hash,
                requested_by: me.clone(),
                expires,
                reason: json!({"reason": reason, "until": until}).to_string(),
            };
            append(call, vec![fact(&request, &format!("requested/{id}/{}", call.now), subject, call.now)?])?;
            expires
        }
    };
    let next = format!("somebody else must approve it by {expires}: mainstay approval approve {id}");
    Ok(Outcome { state: "waiting".to_owned(), approval: Some(id), next })
}

/// What an approval binds: who asked for what, why, and until when.
fn terms(about: &Subject, requested_by: &PrincipalId, reason: &str, until: Option<Timestamp>) -> serde_json::Value {
    json!({"about": about, "requested_by": requested_by, "reason": reason, "until": until})
}

/// Whether whoever calls may answer a request; if not, why. The page asks the same before it shows its form.
///
/// # Errors
/// The reason, as a sentence for people.
pub(crate) fn may_be_answered(call: &Call<'_>, row: &ApprovalRow) -> Result<(), String> {
    let asked = &row.request;
    if ![WAIVE, REDACT].contains(&asked.action.as_str()) {
        return Err(format!("{} is answered where it was asked for", asked.action));
    }
    let (reason, until) = row.terms();
    let now_asked = digest(&asked.action, &terms(&asked.about, &asked.requested_by, &reason, until));
    let right = call.world.settings.rights.of(&asked.action);
    may_answer(&right, &asked.requested_by, (&asked.digest, &now_asked), (asked.expires, call.now), call.principal)
}

fn answer(call: &Call<'_>, ask: Answer) -> Result<Outcome, Problem> {
    let key = Subject::of("approval", ask.id.strip_prefix("approval:").unwrap_or(&ask.id));
    let absent = || Problem::absent("approval.unknown", format!("there is no request {:?}", ask.id));
    let row = call.reader(None)?.one::<ApprovalRow>(key.as_str())?.ok_or_else(absent)?.entity;
    if let Some((_, said)) = &row.answer {
        return Err(Problem::conflict("approval.answered", format!("{} answered it already", said.by)));
    }
    may_be_answered(call, &row).map_err(|reason| call.deny("approval.answer", reason))?;
    let said = ApprovalAnswered {
        by: call.principal.id.clone(),
        approved: ask.approved,
        digest: row.request.digest.clone(),
        reason: ask.reason.trim().to_owned(),
    };
    // The request's time is part of the id, so that one request is answered once, and a later one again.
    let mut out = vec![fact(&said, &format!("answered/{}/{}", key.name(), row.asked), key.clone(), call.now)?];
    let (reason, until) = row.terms();
    let people = (&call.principal.id, &row.request.requested_by);
    let next = match (row.request.action.as_str(), ask.approved) {
        (REDACT, true) => {
            // First what was asked: where it fails, the request still waits, and to erase twice does no harm.
            redact::erase(call, &row.request.about, &reason, people)?;
            "the data is erased"
        }
        (REDACT, false) => "the data stays",
        (_, true) => {
            out.push(waived(call, row.request.about.name(), people, &reason, until.ok_or_else(absent)?)?);
            "the finding is waived"
        }
        (_, false) => "the finding stays open",
    };
    append(call, out)?;
    let state = if ask.approved { "done" } else { "rejected" };
    Ok(Outcome { state: state.to_owned(), approval: Some(key.name().to_owned()), next: next.to_owned() })
}

/// Opens findings again whose waiver has run out.
///
/// # Errors
/// The database fails.
pub(crate) fn expire_waivers(call: &Call<'_>) -> Result<String, Problem> {
    let reader = call.reader(None)?;
    let (mut facts, mut offset) = (Vec::new(), 0);
    let mut waived = Vec::new();
    loop {
        let filters = vec![("state".to_owned(), vec!["waived".to_owned()])];
        let query = ListQuery { filters, offset, limit: LIST_ROWS_MAX, ..ListQuery::default() };
        let page = reader.list::<FindingRow>(&query)?.items;
        offset += page.len() as u64;
        let last = (page.len() as u64) < LIST_ROWS_MAX;
        waived.extend(page);
        if last {
            break;
        }
    }
    for row in &waived {
        let finding = &row.entity.finding;
        let Some(until) = finding.waived_until.filter(|until| *until <= call.now) else { continue };
        let opened = FindingOpened {
            rule: finding.rule.clone(),
            about: finding.subject.clone(),
            summary: finding.summary.clone(),
            severity: finding.severity,
            owner: finding.owner.clone(),
            due: finding.due,
            place: finding.place.clone(),
        };
        // The end of the waiver is the time and part of the id: whichever replica says it, it is the same fact.
        let subject = Subject::of("finding", &finding.id);
        facts.push(fact(&opened, &format!("expired/{}/{until}", finding.id), subject, until)?);
    }
    let count = facts.len();
    append(call, facts)?;
    Ok(format!("{count} waivers ran out"))
}

/// The id of an open finding, as the request names it with or without `finding:`.
fn find(call: &Call<'_>, id: &str) -> Result<String, Problem> {
    let name = id.strip_prefix("finding:").unwrap_or(id);
    let found = call.reader(None)?.one::<FindingRow>(&format!("finding:{name}"))?;
    let row = found.ok_or_else(|| {
        Problem::absent(
            "finding.unknown",
            format!("there is no finding {id:?}; mainstay finding list names those there are"),
        )
    })?;
    if row.entity.finding.state == FindingState::Resolved {
        return Err(Problem::conflict("finding.resolved", "the finding is resolved; there is nothing to waive"));
    }
    Ok(name.to_owned())
}

fn waived(
    call: &Call<'_>,
    finding: &str,
    (by, requested_by): (&PrincipalId, &PrincipalId),
    reason: &str,
    until: Timestamp,
) -> Result<Fact, Problem> {
    let said = FindingWaived { by: by.clone(), requested_by: requested_by.clone(), reason: reason.to_owned(), until };
    fact(&said, &format!("waived/{finding}/{}", call.now), Subject::of("finding", finding), call.now)
}

fn fact(data: &impl FactData, id: &str, subject: Subject, at: Timestamp) -> Result<Fact, Problem> {
    data.fact("mainstay:guard", id, subject, at).map_err(|e| Problem::ours("guard.fact", e.to_string()))
}

fn append(call: &Call<'_>, facts: Vec<Fact>) -> Result<(), Problem> {
    let report = call.append(facts)?;
    match report.refused.into_iter().next() {
        None => Ok(()),
        Some((_, reason)) => Err(Problem::conflict("ledger.refused", reason)),
    }
}
