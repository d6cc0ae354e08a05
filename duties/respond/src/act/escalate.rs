//! The job that drives escalations, and the deeds of people on them.

use super::{Oncall, SOURCE, escalation_id, fact, is_fired, mail_channel, send, unreached};
use crate::judge::alert::{Alert, maintenances, mute};
use crate::judge::delivery::{next_due, outstanding};
use crate::tables::Escalation;
use jiff::SignedDuration;
use mainstay_kit::{Call, Folded, ListQuery, Problem};
use mainstay_ledger::Filter;
use mainstay_model::facts::{
    AlertAcknowledged, AlertFired, AlertResolved, AlertSilenced, EscalationAdvanced, EscalationEvent, EscalationState,
    MaintenanceAnnounced, MaintenanceCancelled, OncallDeclared, OncallWithdrawn,
};
use mainstay_model::{Fact, FactData, Recorded, Span, Subject, Timestamp};
use mainstay_oncall::course::{Around, Happening, advance, answering};
use mainstay_outside::sha256_hex;
use serde_json::json;
use std::collections::BTreeSet;

/// The job.
pub const JOB: &str = "respond.escalations";

/// An alert that began to fire longer ago than this when it was first looked at pages nobody: it comes from an archive.
const FIRED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// How often somebody's deed is tried anew where others decided at the same moment.
const TRIES_MAX: usize = 5;

/// What is new since the last run.
struct News {
    /// Alerts that began to fire, newest statement last.
    fired: Vec<Subject>,
    /// Alerts of which something else is known now; `None` for all.
    moved: Option<BTreeSet<Subject>>,
}

/// Begins escalations, takes steps that are due, and sends what is to be sent.
///
/// # Errors
/// The database fails.
pub fn run(call: &Call<'_>) -> Result<String, Problem> {
    if call.world.settings.today.is_some() {
        // The ledger is looked at as of a day of the past: nobody is paged.
        return Ok(String::new());
    }
    let size = call.world.ledger.size()?;
    let hint = call.world.hint(JOB);
    let (seen, due) = hint.as_ref().map_or((None, None), |hint| (hint["seen"].as_u64(), hint["due"].as_i64()));
    if seen == Some(size) && due.is_none_or(|due| call.now.as_microsecond() < due) {
        return Ok(String::new());
    }
    let reader = call.reader(None)?;
    let oncall = Oncall::load(&reader)?;
    let news = news(call, seen, size)?;
    let begun = if oncall.is_declared { begin(call, &oncall, &news.fired)? } else { 0 };
    let stepped = step(call, &oncall, news.moved.as_ref())?;
    let (sent, due) = send_due(call)?;
    let due = due.map(Timestamp::as_microsecond);
    call.world.set_hint(JOB, json!({"seen": size, "due": due}));
    if begun + stepped + sent == 0 {
        return Ok(String::new());
    }
    Ok(format!("{begun} escalations begun, {stepped} decisions, {sent} messages"))
}

/// What came into the ledger between two sizes that may matter; all of the last day where nothing is known of an earlier run.
fn news(call: &Call<'_>, seen: Option<u64>, size: u64) -> Result<News, Problem> {
    let ledger = &call.world.ledger;
    let lately = call.now.checked_sub(FIRED_WITHIN).unwrap_or(Timestamp::MIN);
    let all = || -> Result<News, Problem> {
        let filter = Filter { from: Some(lately), ..Filter::new().of_type(AlertFired::TYPE).as_of_size(size) };
        let fired = ledger.facts(&filter)?.into_iter().filter_map(|recorded| recorded.fact.subject).collect();
        Ok(News { fired, moved: None })
    };
    let Some(seen) = seen else { return all() };
    let mut filter = Filter::new().seqs(seen, size);
    for name in [
        AlertFired::TYPE,
        AlertResolved::TYPE,
        AlertAcknowledged::TYPE,
        AlertSilenced::TYPE,
        OncallDeclared::TYPE,
        OncallWithdrawn::TYPE,
        MaintenanceAnnounced::TYPE,
        MaintenanceCancelled::TYPE,
    ] {
        filter = filter.of_type(name);
    }
    let facts = ledger.facts(&filter)?;
    let is_oncall =
        |recorded: &Recorded| [OncallDeclared::TYPE, OncallWithdrawn::TYPE].contains(&recorded.fact.fact_type.as_str());
    // A new policy may answer for what nothing answered for.
    if facts.iter().any(is_oncall) {
        return all();
    }
    let subject = |recorded: &Recorded| recorded.fact.subject.clone();
    let fired = facts.iter().filter(|one| is_fired(one) && one.fact.time >= lately).filter_map(subject).collect();
    Ok(News { fired, moved: Some(facts.iter().filter_map(subject).collect()) })
}

/// Begins what is to begin; how many did.
fn begin(call: &Call<'_>, oncall: &Oncall, fired: &[Subject]) -> Result<usize, Problem> {
    let reader = call.reader(None)?;
    let mut facts = Vec::new();
    let mut seen = BTreeSet::new();
    for subject in fired.iter().filter(|subject| seen.insert((*subject).clone())) {
        let of_alert = call.world.ledger.facts(&Filter::new().of_subject(subject.clone()))?;
        let Some(alert) = Alert::of(of_alert, SOURCE).filter(Alert::is_real) else { continue };
        if alert.resolved.is_some() {
            continue;
        }
        let policies = answering(&oncall.roster, &alert.labels());
        if policies.is_empty() {
            unreached::unanswered(call, &alert)?;
        } else {
            unreached::answered(call, &alert)?;
        }
        for policy in policies {
            let id = escalation_id(subject, &policy.id);
            let about = Subject::of("escalation", &id);
            if reader.one::<Escalation>(about.as_str())?.is_some() {
                continue;
            }
            let written = serde_json::to_string(&policy).unwrap_or_default();
            let begun = alert.begun(subject, policy, sha256_hex(written.as_bytes()));
            facts.push(fact(&begun, &format!("{id}/begun"), about, call.now)?);
        }
    }
    if facts.is_empty() {
        return Ok(0);
    }
    // Where another replica began one at the same moment, its fact stands and ours is refused.
    Ok(usize::try_from(call.append(facts)?.new).unwrap_or(usize::MAX))
}

/// The escalations that are not over, or only just.
fn open(call: &Call<'_>) -> Result<Vec<Folded<Escalation>>, Problem> {
    let behind = call.now.checked_add(SignedDuration::from_micros(1)).unwrap_or(call.now);
    call.reader(None)?.all::<Escalation>(Some(Span { from: call.now, to: behind }))
}

/// Takes in what happened to alerts, and the steps that are due; how many decisions that made.
fn step(call: &Call<'_>, oncall: &Oncall, moved: Option<&BTreeSet<Subject>>) -> Result<usize, Problem> {
    let mut facts = Vec::new();
    let mut planned = None;
    for one in open(call)? {
        let stands = one.entity.stands();
        let is_moved = moved.is_none_or(|moved| moved.contains(&one.entity.begun.alert));
        let is_due = stands.due.is_some_and(|due| due <= call.now);
        if stands.state == EscalationState::Resolved || !(is_moved || is_due) {
            continue;
        }
        let filter = Filter::new().of_subject(one.entity.begun.alert.clone());
        let alert = Alert::of(call.world.ledger.facts(&filter)?, SOURCE);
        let happenings = happenings(&one.entity, alert.as_ref(), call.now);
        if happenings.is_empty() {
            continue;
        }
        if planned.is_none() {
            planned = Some(known_maintenances(call)?);
        }
        let silences = alert.map_or_else(Vec::new, |alert| alert.silences);
        let mute = mute(one.entity.begun.service.as_ref(), planned.as_deref().unwrap_or(&[]), &silences);
        let around = Around { roster: &oncall.roster, mute: &mute, mail: mail_channel(&call.world.channels) };
        facts.extend(decisions(&one, &happenings, around)?);
    }
    let count = facts.len();
    if count > 0 {
        call.append(facts)?;
    }
    Ok(count)
}

fn known_maintenances(call: &Call<'_>) -> Result<Vec<MaintenanceAnnounced>, Problem> {
    let filter = Filter::new().of_type(MaintenanceAnnounced::TYPE).of_type(MaintenanceCancelled::TYPE);
    Ok(maintenances(call.world.ledger.facts(&filter)?))
}

/// What happened to an escalation that it does not know of.
fn happenings(escalation: &Escalation, alert: Option<&Alert>, now: Timestamp) -> Vec<Happening> {
    let stands = escalation.stands();
    let at = to_microsecond(now);
    let happening = |event, by: Option<String>, because: Option<String>| Happening { event, by, because, at };
    let mut out = Vec::new();
    if let Some(alert) = alert {
        if alert.resolved.is_some() {
            return vec![happening(EscalationEvent::Resolved, None, None)];
        }
        let is_known =
            |because: &str| escalation.course.iter().any(|(_, step)| step.because.as_deref() == Some(because));
        // Who had seen it before it began has said so of another escalation, or before anybody was told.
        for (_, by, because) in alert.seen.iter().filter(|(_, _, because)| !is_known(because)) {
            out.push(happening(EscalationEvent::Acknowledged, Some(by.clone()), Some(because.clone())));
        }
    }
    if out.is_empty() && stands.due.is_some_and(|due| due <= now) {
        out.push(happening(EscalationEvent::Due, None, None));
    }
    out
}

/// A time as the ledger keeps times.
fn to_microsecond(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// The facts that happenings make, one behind the other.
fn decisions(one: &Folded<Escalation>, happenings: &[Happening], around: Around<'_>) -> Result<Vec<Fact>, Problem> {
    let about = Subject::new(one.key.clone()).map_err(|e| Problem::ours("respond.subject", e.to_string()))?;
    let (mut number, mut stands) = (one.entity.number(), one.entity.stands());
    let mut facts = Vec::new();
    for happening in happenings {
        let Some(next) = advance((about.name(), &one.entity.begun), (number, &stands), happening, around) else {
            continue;
        };
        facts.push(decided(&next, &about, happening.at)?);
        (number, stands) = (next.number, next.stands);
    }
    Ok(facts)
}

fn decided(next: &EscalationAdvanced, about: &Subject, at: Timestamp) -> Result<Fact, Problem> {
    fact(next, &format!("{}/{}", about.name(), next.number), about.clone(), at)
}

/// Sends what is due; how many messages went out, and when something is due next.
fn send_due(call: &Call<'_>) -> Result<(usize, Option<Timestamp>), Problem> {
    let now = call.world.now();
    let mut due = Vec::new();
    let mut next: Option<Timestamp> = None;
    for one in open(call)? {
        let keeps =
            |channel: &str| call.world.channels.iter().any(|known| known.id == channel && known.kind.keeps_alerts());
        let name = one.key.split_once(':').map_or(one.key.as_str(), |(_, name)| name);
        let all = outstanding(name, &one.entity, keeps);
        unreached::judge(call, &one)?;
        next = [next, next_due(&one.entity, &all)].into_iter().flatten().min();
        due.extend(all.into_iter().filter(|delivery| delivery.due <= now).map(|delivery| (one.clone(), delivery)));
    }
    let sent = due.len();
    send::all(call, due)?;
    // What was sent may be due again, or have reached nobody: the next run looks anew.
    Ok((sent, if sent > 0 { Some(now) } else { next }))
}

/// Does something to an escalation in somebody's name.
///
/// # Errors
/// There is no such escalation, it is over, or the database fails.
pub fn deed(call: &Call<'_>, id: &str, event: EscalationEvent) -> Result<Folded<Escalation>, Problem> {
    for _ in 0..TRIES_MAX {
        let one = find(call, id)?;
        if one.entity.stands().state == EscalationState::Resolved {
            return Err(Problem::conflict("escalation.over", "the alert is over; there is nothing left to do"));
        }
        let oncall = Oncall::load(&call.reader(None)?)?;
        let by = Some(call.principal.id.to_string());
        let happening = Happening { event, by, because: None, at: to_microsecond(call.now) };
        let around = Around { roster: &oncall.roster, mute: &[], mail: mail_channel(&call.world.channels) };
        let mut facts = decisions(&one, &[happening], around)?;
        if event == EscalationEvent::Acknowledged && !facts.is_empty() {
            let seen = AlertAcknowledged { by: call.principal.id.clone() };
            let alert = one.entity.begun.alert.clone();
            facts.push(fact(&seen, &format!("{}/{}/seen", one.key, one.entity.number() + 1), alert, call.now)?);
        }
        if call.append(facts)?.refused.is_empty() {
            return find(call, id);
        }
    }
    Err(Problem::conflict("escalation.busy", "others decide on it at this moment; look at it and try again"))
}

/// The escalation of an id, or the newest one of an alert.
///
/// # Errors
/// There is none, or the database fails.
pub fn find(call: &Call<'_>, id: &str) -> Result<Folded<Escalation>, Problem> {
    let reader = call.reader(None)?;
    let name = id.strip_prefix("escalation:").unwrap_or(id);
    if let Some(found) = reader.one::<Escalation>(&format!("escalation:{name}"))? {
        return Ok(found);
    }
    let alert = if id.starts_with("alert:") { id.to_owned() } else { format!("alert:{id}") };
    let absent = || {
        let detail = format!("there is no escalation {id:?}; mainstay escalation list names those there are");
        Problem::absent("escalation.unknown", detail)
    };
    reader.newest::<Escalation>("alert", &alert)?.ok_or_else(absent)
}

/// How many escalations stand where, for a page.
///
/// # Errors
/// The database fails.
pub fn running(call: &Call<'_>) -> Result<Vec<Folded<Escalation>>, Problem> {
    let reader = call.reader(None)?;
    let mut out = Vec::new();
    for state in [EscalationState::Running, EscalationState::Exhausted, EscalationState::Acknowledged] {
        let filters = vec![("state".to_owned(), vec![state.as_str().to_owned()])];
        out.extend(reader.list::<Escalation>(&ListQuery { filters, limit: 200, ..ListQuery::default() })?.items);
    }
    Ok(out)
}
