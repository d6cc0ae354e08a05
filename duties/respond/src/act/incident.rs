//! What people do with incidents: declare them, move them on, write into their timeline, and read it.

use super::{SOURCE, fact};
use crate::judge::alert::Alert;
use crate::judge::incident::{Line, Move, may, own_lines, summary, update_due};
use crate::tables::{Escalation, Incident};
use jiff::SignedDuration;
use mainstay_estate::{Catalog, CatalogEntity};
use mainstay_kit::operation::Method;
use mainstay_kit::{Call, Folded, Operation, Problem};
use mainstay_ledger::Filter;
use mainstay_model::facts::{
    AlertActedOn, AlertEvidence, AlertFired, AlertResolved, ChangeCompleted, ChangeOutcome, IncidentClass,
    IncidentClassified, IncidentClosed, IncidentNoteKind, IncidentNoted, IncidentOnsetEstablished, IncidentOpened,
    IncidentProgressed, IncidentReopened, IncidentRestored, IncidentRole, IncidentRoleGiven, IncidentSeverityChanged,
    IncidentStage, Role,
};
use mainstay_model::{Fact, FactData, Severity, Subject, Timestamp, Window};
use mainstay_outside::sha256_hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How long before its detection what happened may belong to an incident.
const BEFORE: SignedDuration = SignedDuration::from_hours(2);
/// How long after its restoration.
const AFTER: SignedDuration = SignedDuration::from_hours(1);
/// Lines that are gathered from elsewhere, at most.
const GATHERED_MAX: usize = 500;
/// Longest title in characters.
const TITLE_CHARS_MAX: usize = 200;
/// Longest note in bytes.
const NOTE_BYTES_MAX: usize = 8_000;

pub(crate) fn operations() -> Vec<Operation> {
    let path = |path| (Method::Post, path);
    vec![
        Operation::new(
            "incident.declare",
            path("/v1/incidents"),
            Role::Responder,
            "Declare an incident, on an alert or without one",
            declare,
        ),
        Operation::new(
            "alert.declare",
            path("/v1/alerts/{id}/incident"),
            Role::Responder,
            "Declare an incident on an alert, or on that of an escalation",
            |call, ask: OneIncident| declare(call, Declare { alert: Some(ask.id), ..Declare::default() }),
        ),
        Operation::new(
            "incident.update",
            path("/v1/incidents/{id}/updates"),
            Role::Responder,
            "Move an incident on, write into its timeline, give roles",
            update,
        ),
        Operation::new(
            "incident.timeline",
            (Method::Get, "/v1/incidents/{id}/timeline"),
            Role::Viewer,
            "All that happened in an incident, with alerts and changes around it",
            timeline,
        )
        .with_columns(&["at", "kind", "what", "who"]),
        Operation::new(
            "incident.summary",
            (Method::Get, "/v1/incidents/{id}/summary"),
            Role::Viewer,
            "An incident in a few sentences, from its facts alone",
            summarise,
        ),
    ]
}

/// What is declared.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Declare {
    /// What it is, in a line; the alert's title where absent.
    #[serde(default)]
    title: Option<String>,
    /// 1 (worst) to 4; from the alert's severity where absent.
    #[serde(default)]
    severity: Option<u8>,
    /// What is hit: `service:checkout` or `checkout`; the alert's service where absent.
    #[serde(default)]
    services: Vec<String>,
    /// Who answers for it; the service's owner where absent.
    #[serde(default)]
    team: Option<String>,
    /// The alert, or its escalation, on which it is declared.
    #[serde(default)]
    alert: Option<String>,
    /// When it was detected; when the alert began, else now, where absent.
    #[serde(default)]
    detected: Option<String>,
}

/// What became of a deed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Deed {
    /// The incident.
    id: String,
    /// Where it stands.
    progress: String,
    /// Its severity.
    severity: u8,
    /// When the next update is due.
    update_due: Option<Timestamp>,
}

fn deed(call: &Call<'_>, key: &str) -> Result<Deed, Problem> {
    let found = find(call, key)?;
    let entity = &found.entity;
    Ok(Deed {
        id: found.key.clone(),
        progress: entity.progress().as_str().to_owned(),
        severity: entity.severity,
        update_due: update_due(entity),
    })
}

fn malformed(code: &str, detail: impl Into<String>) -> Problem {
    Problem::malformed(code, detail.into())
}

/// The alert of an id, which may be that of an escalation.
fn alert_of(call: &Call<'_>, id: &str) -> Result<(Subject, Alert), Problem> {
    let named = if let Some(found) =
        call.reader(None)?.one::<Escalation>(&format!("escalation:{}", id.strip_prefix("escalation:").unwrap_or(id)))?
    {
        found.entity.begun.alert
    } else {
        Subject::of("alert", id.strip_prefix("alert:").unwrap_or(id))
    };
    let facts = call.world.ledger.facts(&Filter::new().of_subject(named.clone()))?;
    let absent = || {
        Problem::absent(
            "incident.alert",
            format!("there is no alert {id:?}; mainstay alert list names those there are"),
        )
    };
    Ok((named, Alert::of(facts, SOURCE).ok_or_else(absent)?))
}

fn declare(call: &Call<'_>, ask: Declare) -> Result<Deed, Problem> {
    let on = ask.alert.as_deref().filter(|id| !id.is_empty()).map(|id| alert_of(call, id)).transpose()?;
    let title = ask.title.as_deref().map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned);
    let title = title.or_else(|| on.as_ref().map(|(_, alert)| alert.title()));
    let title = title.ok_or_else(|| malformed("incident.title", "say what it is, in a line, or name the alert"))?;
    if title.chars().count() > TITLE_CHARS_MAX && ask.title.is_some() {
        return Err(malformed(
            "incident.title",
            format!("a title may have {TITLE_CHARS_MAX} characters; write the rest as a note"),
        ));
    }
    let severity =
        severity_of(ask.severity.or_else(|| on.as_ref().map(|(_, alert)| severity_of_alert(alert.fired.severity))))?;
    let mut services = Vec::new();
    for name in ask.services.iter().filter(|name| !name.trim().is_empty()) {
        services.push(named("service", name)?);
    }
    if services.is_empty() {
        services.extend(on.as_ref().and_then(|(_, alert)| alert.fired.service.clone()));
    }
    let catalog = Catalog::new(&call.reader(None)?.all::<CatalogEntity>(None)?);
    let owner = services.first().map(|service| catalog.owner_of(service.as_str()));
    let team = match ask.team.as_deref().filter(|team| !team.is_empty()) {
        Some(team) => Some(named("team", team)?),
        None => owner.as_ref().and_then(|owner| owner.team.clone()),
    };
    let detected = match ask.detected.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => Some(instant(call, text)?),
        None => on.as_ref().map(|(_, alert)| alert.since),
    };
    if detected.is_some_and(|at| at > call.now) {
        return Err(malformed("incident.detected", "what is detected lies in the past"));
    }
    let record = IncidentOpened {
        title: title.chars().take(TITLE_CHARS_MAX).collect(),
        severity,
        services,
        team,
        tier: owner.and_then(|owner| owner.tier),
        detected,
        link: None,
    };
    // One alert makes one incident, however often somebody presses the button.
    let name = match &on {
        Some((subject, _)) => sha256_hex(subject.as_str().as_bytes())[..10].to_owned(),
        None => {
            sha256_hex(format!("{}\n{}\n{}", call.principal.id, call.now, record.title).as_bytes())[..10].to_owned()
        }
    };
    let about = Subject::of("incident", &name);
    if let Some((_, alert)) = &on
        && call.reader(None)?.one::<Incident>(about.as_str())?.is_some()
    {
        let detail = format!("{about} was declared on this alert of {} already", alert.fired.rule);
        return Err(Problem::conflict("incident.declared", detail));
    }
    let mut facts = vec![fact(&record, &format!("{about}/opened"), about.clone(), call.now)?];
    if let Some((subject, _)) = on {
        facts.push(acted(call, &about, &subject)?);
    }
    append(call, facts)?;
    deed(call, about.as_str())
}

fn acted(call: &Call<'_>, incident: &Subject, alert: &Subject) -> Result<Fact, Problem> {
    let acted = AlertActedOn {
        evidence: AlertEvidence::Incident,
        reference: Some(incident.clone()),
        by: Some(call.principal.id.clone()),
    };
    fact(&acted, &format!("{incident}/on/{alert}"), alert.clone(), call.now)
}

fn append(call: &Call<'_>, facts: Vec<Fact>) -> Result<(), Problem> {
    match call.append(facts)?.refused.into_iter().next() {
        None => Ok(()),
        Some((_, reason)) => Err(Problem::conflict("ledger.refused", reason)),
    }
}

fn severity_of(severity: Option<u8>) -> Result<u8, Problem> {
    severity.filter(|severity| (1..=4).contains(severity)).ok_or_else(|| {
        malformed("incident.severity", "a severity is 1 (worst), 2, 3 or 4; docs/incidents.md says what they mean")
    })
}

const fn severity_of_alert(severity: Option<Severity>) -> u8 {
    match severity {
        Some(Severity::Critical) => 1,
        Some(Severity::High) | None => 2,
        Some(Severity::Medium) => 3,
        Some(Severity::Low | Severity::Info) => 4,
    }
}

/// A subject by its name, or whole.
fn named(kind: &str, text: &str) -> Result<Subject, Problem> {
    let whole = if text.contains(':') { text.trim().to_owned() } else { format!("{kind}:{}", text.trim()) };
    Subject::new(whole).map_err(|e| malformed("incident.subject", e.to_string()))
}

fn instant(call: &Call<'_>, text: &str) -> Result<Timestamp, Problem> {
    Window::instant(text, &call.world.settings.zone).map_err(|e| malformed("incident.time", e.to_string()))
}

/// What is done with an incident; several things at once, in the order of the fields.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Update {
    /// The incident.
    id: String,
    /// acknowledged, investigating, identified, mitigated, restored, reopened, reviewed or closed.
    #[serde(default)]
    state: Option<String>,
    /// The severity that it turned out to have, 1 to 4.
    #[serde(default)]
    severity: Option<u8>,
    /// Who takes a role.
    #[serde(default)]
    person: Option<String>,
    /// The role: commander, deputy, scribe, liaison or expert.
    #[serde(default)]
    role: Option<IncidentRole>,
    /// The incident that it is merged into.
    #[serde(default)]
    merge_into: Option<String>,
    /// The incident that it is a part of.
    #[serde(default)]
    child_of: Option<String>,
    /// When impact began.
    #[serde(default)]
    onset: Option<String>,
    /// A further alert that belongs to it.
    #[serde(default)]
    alert: Option<String>,
    /// A line for the timeline; with a change of severity the reason.
    #[serde(default)]
    text: Option<String>,
    /// What kind of line: note, update, decision, command or handoff.
    #[serde(default)]
    kind: Option<IncidentNoteKind>,
    /// When it happened, where that was earlier.
    #[serde(default)]
    at: Option<String>,
}

fn update(call: &Call<'_>, ask: Update) -> Result<Deed, Problem> {
    let found = find(call, &ask.id)?;
    let about = Subject::new(found.key.clone()).map_err(|e| Problem::ours("incident.subject", e.to_string()))?;
    let at = ask.at.as_deref().filter(|text| !text.is_empty()).map(|text| instant(call, text)).transpose()?;
    let at = at.unwrap_or(call.now);
    if at > call.now {
        return Err(malformed("incident.time", "what is written down has happened; `at` lies ahead"));
    }
    let mut facts = Vec::new();
    let by = Some(call.principal.id.clone());
    // Who sends the same twice at the same moment says it once.
    let mut say = |data: Fact| facts.push(data);
    let id = |what: &str| format!("{about}/{what}/{}/{}", call.principal.id, call.now);
    if let Some(state) = ask.state.as_deref().filter(|state| !state.is_empty()) {
        let to = read_move(state)?;
        may(&found.entity, to).map_err(|why| Problem::conflict("incident.state", why))?;
        say(match to {
            Move::Stage(stage) => fact(&IncidentProgressed { stage, by: by.clone() }, &id(state), about.clone(), at)?,
            Move::Restored => fact(&IncidentRestored {}, &id(state), about.clone(), at)?,
            Move::Reopened => fact(&IncidentReopened {}, &id(state), about.clone(), at)?,
            Move::Closed => fact(&IncidentClosed {}, &id(state), about.clone(), at)?,
        });
    }
    let text = ask.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.len() > NOTE_BYTES_MAX) {
        return Err(malformed(
            "incident.text",
            format!("a line may have {NOTE_BYTES_MAX} bytes; link to what is longer"),
        ));
    }
    if ask.severity.is_some() {
        let severity = severity_of(ask.severity)?;
        let changed = IncidentSeverityChanged { severity, reason: text.unwrap_or_default().to_owned(), by: by.clone() };
        say(fact(&changed, &id("severity"), about.clone(), at)?);
    }
    match (ask.role, ask.person.as_deref().filter(|person| !person.is_empty())) {
        (None, None) => {}
        (Some(role), Some(person)) => {
            let given = IncidentRoleGiven { role, person: person.to_owned(), leaves: false, by: by.clone() };
            say(fact(&given, &id("role"), about.clone(), at)?);
        }
        _ => return Err(malformed("incident.role", "a role is given with both `role` and `person`")),
    }
    for (class, other) in [(IncidentClass::Duplicate, &ask.merge_into), (IncidentClass::Child, &ask.child_of)] {
        let Some(other) = other.as_deref().filter(|other| !other.is_empty()) else { continue };
        let of = find(call, other)?;
        if of.key == found.key || of.entity.of.as_ref().is_some_and(|of| of.as_str() == found.key) {
            return Err(Problem::conflict("incident.circle", "an incident is no part of itself"));
        }
        let of = Subject::new(of.key).map_err(|e| Problem::ours("incident.subject", e.to_string()))?;
        say(fact(&IncidentClassified { class, of: Some(of) }, &id("class"), about.clone(), at)?);
    }
    if let Some(text) = ask.onset.as_deref().filter(|text| !text.is_empty()) {
        let onset = IncidentOnsetEstablished { onset: Some(instant(call, text)?), evidence: "report".to_owned() };
        say(fact(&onset, &id("onset"), about.clone(), at)?);
    }
    if let Some(alert) = ask.alert.as_deref().filter(|alert| !alert.is_empty()) {
        let (subject, _) = alert_of(call, alert)?;
        say(acted(call, &about, &subject)?);
    }
    if let Some(text) = text.filter(|_| ask.severity.is_none()) {
        let note = IncidentNoted { text: text.to_owned(), by, kind: ask.kind };
        say(fact(&note, &id("noted"), about.clone(), at)?);
    }
    if facts.is_empty() {
        return Err(malformed(
            "incident.update",
            "nothing is said: give a state, a text, a role, a severity or an alert",
        ));
    }
    append(call, facts)?;
    deed(call, &found.key)
}

fn read_move(state: &str) -> Result<Move, Problem> {
    Ok(match state {
        "acknowledged" => Move::Stage(IncidentStage::Acknowledged),
        "investigating" => Move::Stage(IncidentStage::Investigating),
        "identified" => Move::Stage(IncidentStage::Identified),
        "mitigated" => Move::Stage(IncidentStage::Mitigated),
        "reviewed" => Move::Stage(IncidentStage::Reviewed),
        "restored" => Move::Restored,
        "reopened" => Move::Reopened,
        "closed" => Move::Closed,
        other => {
            let detail = format!(
                "{other:?} is no state; there are acknowledged, investigating, identified, mitigated, restored, reopened, reviewed and closed"
            );
            return Err(malformed("incident.state", detail));
        }
    })
}

fn find(call: &Call<'_>, id: &str) -> Result<Folded<Incident>, Problem> {
    let name = id.strip_prefix("incident:").unwrap_or(id);
    call.reader(None)?.one::<Incident>(&format!("incident:{name}"))?.ok_or_else(|| {
        Problem::absent(
            "incident.unknown",
            format!("there is no incident {id:?}; mainstay incident list names those there are"),
        )
    })
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneIncident {
    /// Its id.
    id: String,
}

/// A timeline.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Timeline {
    /// Its lines, by time.
    lines: Vec<Line>,
}

/// A summary.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Summary {
    /// The text.
    text: String,
}

fn timeline(call: &Call<'_>, ask: OneIncident) -> Result<Timeline, Problem> {
    let found = find(call, &ask.id)?;
    Ok(Timeline { lines: lines(call, &found)? })
}

fn summarise(call: &Call<'_>, ask: OneIncident) -> Result<Summary, Problem> {
    let found = find(call, &ask.id)?;
    let name = found.key.strip_prefix("incident:").unwrap_or(&found.key);
    Ok(Summary { text: summary(name, &found.entity, &lines(call, &found)?, call.today()) })
}

/// All that happened in and around an incident: its own facts, alerts that were linked to it or are of its services, and changes of
/// these. What arrives late stands where it belongs.
///
/// # Errors
/// The database fails.
pub(crate) fn lines(call: &Call<'_>, found: &Folded<Incident>) -> Result<Vec<Line>, Problem> {
    let incident = &found.entity;
    let begun = incident.onset.unwrap_or(incident.detected).min(incident.detected);
    let from = begun.checked_sub(BEFORE).unwrap_or(begun);
    let over = incident.restored().unwrap_or_else(|| call.today());
    let to = over.checked_add(AFTER).unwrap_or(over).max(from);
    let mut filter = Filter::new().between(from, to);
    for name in [AlertFired::TYPE, AlertResolved::TYPE, AlertActedOn::TYPE, ChangeCompleted::TYPE] {
        filter = filter.of_type(name);
    }
    let facts = call.world.ledger.facts(&filter)?;
    let linked: BTreeSet<&Subject> = facts
        .iter()
        .filter(|one| {
            AlertActedOn::read(&one.fact)
                .is_some_and(|acted| acted.reference.is_some_and(|of| of.as_str() == found.key))
        })
        .filter_map(|one| one.fact.subject.as_ref())
        .collect();
    let of_service = |service: Option<&Subject>| service.is_some_and(|one| incident.record.services.contains(one));
    let mut out = own_lines(incident);
    let mut alerts: BTreeSet<&Subject> = BTreeSet::new();
    for one in &facts {
        let (fact, Some(subject)) = (&one.fact, &one.fact.subject) else { continue };
        if out.len() >= GATHERED_MAX {
            break;
        }
        if let Some(fired) = AlertFired::read(fact) {
            if linked.contains(subject) || of_service(fired.service.as_ref()) {
                alerts.insert(subject);
                out.push(Line::new(fact.time, "alert", format!("{} fires", fired.rule), Some(subject.to_string())));
            }
        } else if AlertResolved::read(fact).is_some() && alerts.contains(subject) {
            out.push(Line::new(fact.time, "resolved", "the alert is over", Some(subject.to_string())));
        } else if let Some(done) = ChangeCompleted::read(fact)
            && of_service(done.service.as_ref())
        {
            let what = format!("a change of {} {}", done.environment, outcome_word(done.outcome));
            out.push(Line::new(fact.time, "change", what, Some(subject.to_string())));
        }
    }
    out.sort_by_key(|line| line.at);
    Ok(out)
}

const fn outcome_word(outcome: ChangeOutcome) -> &'static str {
    match outcome {
        ChangeOutcome::Succeeded => "succeeded",
        ChangeOutcome::Failed => "failed",
    }
}
