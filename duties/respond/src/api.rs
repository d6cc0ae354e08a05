//! What is asked of escalations and of who is on call, and what people do with them.

use crate::act::{Oncall, escalate};
use crate::tables::Escalation;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mainstay_kit::lists::{list_operation, show};
use mainstay_kit::operation::Method;
use mainstay_kit::{Call, Folded, Operation, Problem};
use mainstay_model::Window;
use mainstay_model::facts::{EscalationEvent, Role};
use mainstay_oncall::{Schedule, expand};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far ahead gaps are looked for where nobody says.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 28);

/// How far back a shift that holds now is looked for.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 60);

pub(crate) fn operations() -> Vec<Operation> {
    let columns = &["id", "state", "reached", "severity", "title", "told", "policy", "begun", "due"];
    vec![
        list_operation::<Escalation>("escalation.list", "/v1/escalations", "Escalations, newest first", columns),
        Operation::new(
            "escalation.show",
            (Method::Get, "/v1/escalations/{id}"),
            Role::Viewer,
            "One escalation with its steps, receipts and facts; or that of an alert",
            |call, ask: mainstay_kit::lists::OneAsk| {
                let id = if ask.as_of.is_some() { ask.id } else { escalate::find(call, &ask.id)?.key };
                show::<Escalation>(call, mainstay_kit::lists::OneAsk { id, as_of: ask.as_of })
            },
        ),
        Operation::new(
            "escalation.acknowledge",
            (Method::Post, "/v1/escalations/{id}/acknowledgement"),
            Role::Responder,
            "Say that one has it: nobody else is told",
            |call, ask: EscalationAsk| done(escalate::deed(call, &ask.id, EscalationEvent::Acknowledged)?),
        ),
        Operation::new(
            "escalation.force",
            (Method::Post, "/v1/escalations/{id}/step"),
            Role::Responder,
            "Tell the next step at once",
            |call, ask: EscalationAsk| done(escalate::deed(call, &ask.id, EscalationEvent::Forced)?),
        ),
        Operation::new(
            "oncall.show",
            (Method::Get, "/v1/oncall"),
            Role::Viewer,
            "Who is on call by the schedules in the ledger, and when nobody will be",
            |call, ask: OncallAsk| oncall(call, &ask),
        )
        .with_columns(&["schedule", "on_call", "until", "next_gap", "gap_hours"]),
    ]
}

/// Which escalation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EscalationAsk {
    /// Its id, or that of its alert.
    id: String,
}

/// Where an escalation stands after what was done.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Done {
    /// Its id.
    id: String,
    /// Its state.
    state: String,
    /// Who has it.
    by: Option<String>,
    /// Who has been told so far.
    told: Vec<String>,
    /// When something happens next by itself.
    due: Option<Timestamp>,
}

#[expect(clippy::unnecessary_wraps, reason = "an operation answers or fails")]
fn done(one: Folded<Escalation>) -> Result<Done, Problem> {
    let stands = one.entity.stands();
    let mut told: Vec<String> = Vec::new();
    for notice in one.entity.notices() {
        if !told.iter().any(|known| known == notice.person) {
            told.push(notice.person.to_owned());
        }
    }
    Ok(Done { id: one.key, state: stands.state.as_str().to_owned(), by: stands.by, told, due: stands.due })
}

/// When.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OncallAsk {
    /// A day or an instant; now where absent.
    #[serde(default)]
    pub at: Option<String>,
}

/// Who is on call.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OncallAnswer {
    /// When.
    pub at: Timestamp,
    /// The schedules.
    pub schedules: Vec<OnCall>,
}

/// Who is on call in a schedule.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnCall {
    /// The schedule.
    pub schedule: String,
    /// Its zone.
    pub zone: String,
    /// Who is on call, in a line.
    pub on_call: String,
    /// Who is on call.
    pub people: Vec<String>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Who comes then.
    pub next: Vec<String>,
    /// When nobody is on call the next time, in four weeks from then.
    pub next_gap: Option<Timestamp>,
    /// How many hours of these weeks nobody is on call.
    pub gap_hours: f64,
    /// All of these gaps: from, and the first instant behind.
    pub gaps: Vec<(Timestamp, Timestamp)>,
}

/// Who is on call, and the gaps ahead.
///
/// # Errors
/// The database fails, or the time is none.
pub(crate) fn oncall(call: &Call<'_>, ask: &OncallAsk) -> Result<OncallAnswer, Problem> {
    let at = match ask.at.as_deref().filter(|text| !text.is_empty()) {
        None => call.today(),
        Some(text) => Window::instant(text, &call.world.settings.zone)
            .map_err(|e| Problem::malformed("oncall.time", e.to_string()))?,
    };
    let wrong = |e: jiff::Error| Problem::malformed("oncall.time", e.to_string());
    let (from, to) = (at.checked_sub(BACK).map_err(wrong)?, at.checked_add(AHEAD).map_err(wrong)?);
    let oncall = Oncall::load(&call.reader(None)?)?;
    let one = |schedule: &Schedule| {
        let expansion = expand(&oncall.roster, schedule, from, to);
        let names = |people: &[mainstay_oncall::PersonAt]| -> Vec<String> {
            people.iter().map(|who| oncall.roster.person(*who).name.clone()).collect()
        };
        let people = names(&expansion.on_duty(at));
        let until = expansion.shifts.iter().filter(|shift| shift.start <= at && at < shift.end).map(|s| s.end).min();
        let gaps: Vec<(Timestamp, Timestamp)> =
            expansion.gaps.iter().filter(|gap| gap.end > at).map(|gap| (gap.start.max(at), gap.end)).collect();
        let hours: f64 = gaps.iter().map(|(from, to)| to.duration_since(*from).as_secs_f64() / 3_600.0).sum();
        OnCall {
            schedule: schedule.id.clone(),
            zone: zone_name(&schedule.zone),
            on_call: if people.is_empty() { "nobody".to_owned() } else { people.join(", ") },
            people,
            until,
            next: until.map_or_else(Vec::new, |until| names(&expansion.on_duty(until))),
            next_gap: gaps.first().map(|(from, _)| *from),
            gap_hours: (hours * 100.0).round() / 100.0,
            gaps,
        }
    };
    Ok(OncallAnswer { at, schedules: oncall.roster.schedules.iter().map(one).collect() })
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}
