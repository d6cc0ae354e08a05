//! The course of an escalation as facts: what begins, what each event makes of it, and in which ways people are told.
//!
//! Pure. Whoever runs it writes the facts down before anything is sent, and reads them to go on.

use crate::escalation::{Escalation, Event, Output, Policy, Progress, State, Step, Surroundings, Target};
use crate::{Person, PersonAt, Roster};
use jiff::{SignedDuration, Timestamp};
use mainstay_model::facts::{
    EscalationAdvanced, EscalationBegun, EscalationEvent, EscalationPolicy, EscalationSaid, EscalationStand,
    EscalationState, EscalationStep, EscalationWay,
};
use mainstay_model::{Place, Severity, Subject};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a schedule that is paged by itself, without a policy, leaves people before it pages once more.
const BY_ITSELF_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// Something that happens to an escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// What.
    pub event: EscalationEvent,
    /// Who did it; absent for what time and the alert itself do.
    pub by: Option<String>,
    /// The fact of somebody else that says so.
    pub because: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What decisions are made by.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// People and schedules, as they are now.
    pub roster: &'a Roster,
    /// When nobody is to be told: from, and the first instant behind.
    pub mute: &'a [(Timestamp, Timestamp)],
    /// The channel that mail goes out by, where there is one.
    pub mail: Option<&'a str>,
}

/// The policies that answer for an alert of some labels, or else the schedules that do, as policies of one step.
#[must_use]
pub fn answering(roster: &Roster, labels: &BTreeMap<String, String>) -> Vec<EscalationPolicy> {
    let by_policy: Vec<EscalationPolicy> =
        roster.policies.iter().filter(|policy| policy.answers(labels)).map(|policy| written(roster, policy)).collect();
    if !by_policy.is_empty() {
        return by_policy;
    }
    let answering = roster.schedules.iter().filter(|schedule| schedule.answers(labels));
    answering
        .map(|schedule| EscalationPolicy {
            id: format!("schedule/{}", schedule.id),
            steps: vec![EscalationStep {
                notify: vec![Subject::of("schedule", &schedule.id)],
                wait_s: seconds(BY_ITSELF_WAIT),
            }],
            repeat: 1,
            acknowledge_timeout_s: None,
        })
        .collect()
}

fn written(roster: &Roster, policy: &Policy) -> EscalationPolicy {
    let target = |target: &Target| match target {
        Target::Schedule(id) => Subject::of("schedule", id),
        Target::Person(at) => Subject::of("person", &roster.person(*at).id),
    };
    let step =
        |step: &Step| EscalationStep { notify: step.targets.iter().map(target).collect(), wait_s: seconds(step.wait) };
    EscalationPolicy {
        id: policy.id.clone(),
        steps: policy.steps.iter().map(step).collect(),
        repeat: policy.repeat,
        acknowledge_timeout_s: policy.acknowledge_timeout.map(seconds),
    }
}

fn seconds(length: SignedDuration) -> u64 {
    u64::try_from(length.as_secs()).unwrap_or(0)
}

fn length(seconds: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// Where an escalation stands that begins at a time.
#[must_use]
pub fn first_stand(at: Timestamp) -> EscalationStand {
    EscalationStand {
        state: EscalationState::Running,
        due: Some(at),
        by: None,
        run: 0,
        round: 0,
        step: 0,
        told: false,
        tries: 0,
        muted: None,
        seen: at,
    }
}

/// What an event makes of an escalation of the name `id`: the next of its facts. Nothing where it changes nothing.
#[must_use]
pub fn advance(
    (id, begun): (&str, &EscalationBegun),
    (number, stands): (u32, &EscalationStand),
    happening: &Happening,
    around: Around<'_>,
) -> Option<EscalationAdvanced> {
    let mut roster = around.roster.clone();
    let policy = Arc::new(read_back(&mut roster, &begun.policy));
    let state = state_of(&mut roster, stands);
    let by = roster.number_of(happening.by.as_deref().unwrap_or("nobody"));
    let event = match happening.event {
        EscalationEvent::Due => Event::Tick,
        EscalationEvent::Acknowledged => Event::Acknowledge(by),
        EscalationEvent::Forced => Event::Escalate(by),
        EscalationEvent::Resolved => Event::Resolve,
    };
    let mut escalation = Escalation::resume(id, policy, state, progress_of(stands));
    let surroundings = Surroundings { roster: &roster, maintenance: around.mute };
    let outputs = escalation.apply(&event, happening.at, surroundings);
    let stands_now = stand_of(&roster, &escalation);
    // That time passes is nothing to write down.
    let same = EscalationStand { seen: stands.seen, ..stands_now.clone() } == *stands;
    if outputs.is_empty() && same {
        return None;
    }
    let urgent = begun.severity.is_none_or(|severity| severity >= Severity::High);
    let mail = around.mail;
    let said = outputs.into_iter().filter_map(|output| said(&roster, output, (happening.at, urgent, mail))).collect();
    Some(EscalationAdvanced {
        number: number + 1,
        event: happening.event,
        by: happening.by.clone(),
        because: happening.because.clone(),
        said,
        stands: stands_now,
    })
}

/// The policy as the machine takes it. Who is no longer known stays in it, and is said to be gone when it is their turn.
fn read_back(roster: &mut Roster, policy: &EscalationPolicy) -> Policy {
    let mut target = |subject: &Subject| match subject.kind() {
        "person" => Target::Person(roster.number_of(subject.name())),
        _ => Target::Schedule(subject.name().to_owned()),
    };
    let mut step = |step: &EscalationStep| Step {
        targets: step.notify.iter().map(&mut target).collect(),
        wait: length(step.wait_s),
    };
    Policy {
        id: policy.id.clone(),
        steps: policy.steps.iter().map(&mut step).collect(),
        repeat: policy.repeat,
        answers: Vec::new(),
        acknowledge_timeout: policy.acknowledge_timeout_s.map(length),
        place: Place::file(""),
    }
}

fn state_of(roster: &mut Roster, stands: &EscalationStand) -> State {
    match stands.state {
        EscalationState::Running => State::Running { due: stands.due.unwrap_or(stands.seen) },
        EscalationState::Acknowledged => {
            State::Acknowledged { by: roster.number_of(stands.by.as_deref().unwrap_or("nobody")), until: stands.due }
        }
        EscalationState::Exhausted => State::Exhausted,
        EscalationState::Resolved => State::Resolved,
    }
}

fn progress_of(stands: &EscalationStand) -> Progress {
    Progress {
        run: stands.run,
        round: stands.round,
        step: stands.step as usize,
        is_told: stands.told,
        tries: stands.tries,
        muted: stands.muted,
        seen: stands.seen,
    }
}

fn stand_of(roster: &Roster, escalation: &Escalation) -> EscalationStand {
    let at = escalation.progress();
    let (state, by) = match escalation.state {
        State::Running { .. } => (EscalationState::Running, None),
        State::Acknowledged { by, .. } => (EscalationState::Acknowledged, Some(by)),
        State::Exhausted => (EscalationState::Exhausted, None),
        State::Resolved => (EscalationState::Resolved, None),
    };
    EscalationStand {
        state,
        due: escalation.due(),
        by: by.map(|by| roster.person(by).id.clone()),
        run: at.run,
        round: at.round,
        step: count(at.step),
        told: at.is_told,
        tries: at.tries,
        muted: at.muted,
        seen: at.seen,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn said(
    roster: &Roster,
    output: Output,
    (at, urgent, mail): (Timestamp, bool, Option<&str>),
) -> Option<EscalationSaid> {
    let id = |who: PersonAt| roster.person(who).id.clone();
    let from_one = |step: usize| count(step).saturating_add(1);
    Some(match output {
        Output::Notify { key, person, step, round } => EscalationSaid::Notify {
            key,
            person: id(person),
            name: roster.person(person).name.clone(),
            step: from_one(step),
            round: round.saturating_add(1),
            ways: ways(roster.person(person), at, urgent, mail),
        },
        Output::Skipped { step, round } => {
            EscalationSaid::Skipped { step: from_one(step), round: round.saturating_add(1) }
        }
        Output::Gone { step, person } => EscalationSaid::Gone { step: from_one(step), person: id(person) },
        Output::NoSchedule { step, schedule } => EscalationSaid::NoSchedule { step: from_one(step), schedule },
        Output::Nobody => EscalationSaid::Nobody,
        Output::Muted { until } => EscalationSaid::Muted { until },
        Output::TimedOut(by) => EscalationSaid::TimedOut { by: id(by) },
        Output::Exhausted => EscalationSaid::Exhausted,
        // The event says these.
        Output::Forced(_) | Output::Acknowledged(_) | Output::Resolved => return None,
    })
}

/// The ways in which somebody is told: as they want it, else by mail where there is an address.
fn ways(person: &Person, at: Timestamp, urgent: bool, mail: Option<&str>) -> Vec<EscalationWay> {
    let way = |channel: &str, to: Option<String>, after: SignedDuration| {
        let wanted = at.checked_add(after).unwrap_or(at);
        let quiet_until = if urgent { None } else { person.quiet_until(wanted) };
        EscalationWay { channel: channel.to_owned(), to, at: quiet_until.unwrap_or(wanted), quiet_until }
    };
    if person.contact.is_empty() {
        let usual = mail.zip(person.email.clone());
        return usual.map(|(channel, to)| way(channel, Some(to), SignedDuration::ZERO)).into_iter().collect();
    }
    let mut out: Vec<EscalationWay> = Vec::new();
    for contact in &person.contact {
        let channel = contact.channel.as_str();
        let to = contact.to.clone().or_else(|| person.email.clone().filter(|_| Some(channel) == mail));
        let one = way(channel, to, contact.after);
        // The same address twice would page twice for one step.
        if !out.iter().any(|other| (&other.channel, &other.to) == (&one.channel, &one.to)) {
            out.push(one);
        }
    }
    out
}
