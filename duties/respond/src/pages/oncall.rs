//! Who is on call, when nobody will be, and the escalations with what became of each message.

use crate::api::{OnCall, OncallAsk, oncall};
use crate::judge::delivery::outstanding;
use crate::tables::{Escalation, Reach};
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::form::{Button, form};
use mainstay_kit::ui::list::Filter;
use mainstay_kit::ui::listing::{Listed, asked_for, how_many};
use mainstay_kit::ui::parts::{self, Event, Figure, Tone};
use mainstay_kit::ui::table::{Column, Room};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, Form, Page, Problem};
use mainstay_model::Timestamp;
use mainstay_model::facts::{
    DeliveryOutcome, EscalationAdvanced, EscalationDelivered, EscalationEvent, EscalationSaid, EscalationState, Role,
};
use maud::{Markup, html};

/// Gaps that are shown of one schedule.
const GAPS_MAX: usize = 5;

pub(crate) fn pages() -> Vec<Page> {
    let page = |path, navigation, render| Page { path, navigation, least: Role::Viewer, render };
    vec![page("/oncall", Some((42, "On call")), list), page("/escalations/{id}", None, one)]
}

pub(crate) fn forms() -> Vec<Form> {
    let form = |operation, done| Form { page: "/escalations/{id}", operation, done };
    vec![
        form("escalation.acknowledge", "Written down: nobody else is told."),
        form("escalation.force", "Written down: the next step is told."),
        form("alert.declare", "An incident is declared on this alert; it stands among the incidents."),
    ]
}

fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let answer = oncall(call, &OncallAsk::default())?;
    let running = how_many::<Escalation>(call, &[("state", "running")])?;
    let unreached = how_many::<Escalation>(call, &[("reached", "nobody")])?;
    let empty = answer.schedules.iter().filter(|one| one.people.is_empty()).count() as u64;
    let figure = |name, count: u64, href: Option<&str>, bad| Figure {
        name,
        value: format::count(count),
        href: href.map(str::to_owned),
        tone: if count > 0 { bad } else { Tone::Quiet },
    };
    let figures = [
        figure("Schedules without anybody now", empty, None, Tone::Bad),
        figure("Running escalations", running, Some("/oncall?state=running"), Tone::Active),
        figure("Reached nobody", unreached, Some("/oncall?reached=nobody"), Tone::Bad),
    ];
    let schedules = if answer.schedules.is_empty() {
        parts::empty("There is no schedule", "Write one as in docs/oncall.md and collect it.")
    } else {
        html! { div class="cards" { @for one in &answer.schedules { (schedule(one, now)) } } }
    };
    let body = html! {
        (parts::figures(&figures))
        (parts::section("now", "On call now", schedules))
        (parts::section("escalations", "Escalations", listed(now).draw(call, request)?))
    };
    Ok(Content { title: "On call".to_owned(), body })
}

fn schedule(one: &OnCall, now: Timestamp) -> Markup {
    let who = if one.people.is_empty() {
        parts::status(Tone::Bad, "nobody")
    } else {
        html! { (one.on_call) }
    };
    let next = if one.next.is_empty() { "nobody".to_owned() } else { one.next.join(", ") };
    let pairs = [
        ("On call", who),
        ("Until", parts::time_or_none(one.until, now)),
        ("Then", html! { (if one.until.is_some() { next } else { format::NONE.to_owned() }) }),
        ("Gaps in four weeks", gaps(one, now)),
    ];
    html! {
        section class="card" {
            h3 { (one.schedule) span class="soft" { " " (one.zone) } }
            (parts::definitions(&pairs))
        }
    }
}

fn gaps(one: &OnCall, now: Timestamp) -> Markup {
    if one.gaps.is_empty() {
        return parts::status(Tone::Good, "none");
    }
    html! {
        (parts::status(Tone::Warn, &format!("{} hours", one.gap_hours)))
        @for (from, to) in one.gaps.iter().take(GAPS_MAX) { div class="soft" { (parts::time(*from, now)) " to " (parts::time(*to, now)) } }
        @if one.gaps.len() > GAPS_MAX { div class="soft" { "and " (one.gaps.len() - GAPS_MAX) " more" } }
    }
}

fn listed<'a>(now: Timestamp) -> Listed<'a, Escalation> {
    let states = ["running", "acknowledged", "exhausted", "resolved"];
    Listed::<Escalation> {
        noun: "escalations",
        filters: vec![
            Filter::words("state", "State", &states),
            Filter::words("reached", "Reached", &["somebody", "pending", "nobody"]),
            Filter::typed("service", "Service"),
            Filter::typed("team", "Team"),
        ],
        sorts: &["title", "state", "reached", "severity", "policy", "begun"],
        usual: "",
        columns: columns(now),
        operation: "escalation.list",
        brings: "An alert that a policy or a schedule answers for begins one; docs/oncall.md has how.",
    }
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<Escalation>>> {
    vec![
        Column::new("Alert", |row: &Folded<Escalation>| {
            let begun = &row.entity.begun;
            html! {
                (parts::link(&address::page(["escalations", &row.key]), &format::shortened(&begun.title, 90)))
                @if let Some(severity) = begun.severity { div class="soft" { (parts::severity(severity)) } }
            }
        })
        .sorts("title"),
        Column::new("State", |row: &Folded<Escalation>| state(&row.entity)).sorts("state"),
        Column::new("Told", |row: &Folded<Escalation>| told(&row.entity)),
        Column::new("Policy", |row: &Folded<Escalation>| html! { (row.entity.begun.policy.id) })
            .sorts("policy")
            .needs(Room::Wide),
        Column::new("Begun", move |row: &Folded<Escalation>| parts::time(row.entity.at, now))
            .sorts("begun")
            .needs(Room::Medium),
    ]
}

fn state(escalation: &Escalation) -> Markup {
    let stands = escalation.stands();
    let tone = match stands.state {
        EscalationState::Running => Tone::Active,
        EscalationState::Acknowledged => Tone::Good,
        EscalationState::Exhausted => Tone::Bad,
        EscalationState::Resolved => Tone::Quiet,
    };
    html! {
        (parts::status(tone, stands.state.as_str()))
        @if let Some(by) = stands.by { div class="soft" { "by " (by) } }
    }
}

fn told(escalation: &Escalation) -> Markup {
    let mut people: Vec<&str> = Vec::new();
    for notice in escalation.notices() {
        if !people.contains(&notice.person) {
            people.push(notice.person);
        }
    }
    html! {
        @if people.is_empty() { (parts::none()) } @else { (people.join(", ")) }
        @if matches!(escalation.reach(), Reach::Nobody(_)) { div { (parts::status(Tone::Bad, "reached nobody")) } }
    }
}

fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<Escalation>(call, request, "escalation")?;
    let (escalation, now) = (&found.entity, call.today());
    let begun = &escalation.begun;
    let stands = escalation.stands();
    let link = begun.link.as_deref().map_or_else(parts::none, |link| parts::outside_link(link, link));
    let pairs = [
        ("State", state(escalation)),
        ("Severity", begun.severity.map_or_else(parts::none, parts::severity)),
        ("Alert", parts::subject(&begun.alert)),
        ("Service", parts::subject_or_none(begun.service.as_ref())),
        ("Team", parts::subject_or_none(begun.team.as_ref())),
        ("Told", told(escalation)),
        ("Next step", parts::time_or_none(stands.due, now)),
        ("What to do", link),
        (
            "Policy",
            html! { (begun.policy.id) div class="soft" { code { (begun.digest.get(..16).unwrap_or_default()) } } },
        ),
    ];
    let button = |label, first| [Button { label, sets: None, first }];
    let deeds = html! {
        @if stands.state != EscalationState::Resolved {
            (form(request, "escalation.acknowledge", &[], &button("I have it", true)))
            (form(request, "escalation.force", &[], &button("Tell the next step now", false)))
        }
        (form(request, "alert.declare", &[], &button("Declare an incident", false)))
    };
    let body = html! {
        (parts::crumbs(&[("/oncall", "On call")]))
        div class="deeds" { (deeds) }
        (parts::definitions(&pairs))
        (parts::section("course", "Course", parts::timeline(&course(&found), now)))
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title: begun.title.clone(), body })
}

/// Decisions, receipts, and what is still to be sent.
fn course(found: &Folded<Escalation>) -> Vec<Event> {
    let escalation = &found.entity;
    let mut events = vec![Event { at: escalation.at, tone: Tone::Bad, what: html! { "begun" } }];
    for (at, step) in &escalation.course {
        events.extend(decision(step).into_iter().map(|(tone, what)| Event { at: *at, tone, what }));
    }
    for (at, receipt) in &escalation.receipts {
        events.push(Event { at: *at, tone: tone_of(receipt.outcome), what: received(receipt) });
    }
    let name = found.key.split_once(':').map_or(found.key.as_str(), |(_, name)| name);
    for one in outstanding(name, escalation, |_| false) {
        let what = html! { "to be sent by " (one.channel) " to " (one.person) @if one.attempt > 1 { ", attempt " (one.attempt) } };
        events.push(Event { at: one.due, tone: Tone::Active, what });
    }
    events.sort_by_key(|event| event.at);
    events
}

const fn tone_of(outcome: DeliveryOutcome) -> Tone {
    match outcome {
        DeliveryOutcome::Sent => Tone::Good,
        DeliveryOutcome::Failed => Tone::Warn,
        DeliveryOutcome::Refused | DeliveryOutcome::GivenUp => Tone::Bad,
    }
}

fn received(receipt: &EscalationDelivered) -> Markup {
    html! {
        (receipt.outcome.as_str()) " by " (receipt.channel) " to " (receipt.person)
        @if !receipt.answer.is_empty() { span class="soft" { " " (receipt.answer) } }
    }
}

fn decision(step: &EscalationAdvanced) -> Vec<(Tone, Markup)> {
    let by = step.by.as_deref().unwrap_or("somebody");
    let mut out = Vec::new();
    match step.event {
        EscalationEvent::Due => {}
        EscalationEvent::Acknowledged => out.push((Tone::Good, html! { (by) " has it" })),
        EscalationEvent::Forced => out.push((Tone::Active, html! { (by) " wanted the next step" })),
        EscalationEvent::Resolved => out.push((Tone::Good, html! { "the alert is over" })),
    }
    out.extend(step.said.iter().map(said));
    out
}

fn said(said: &EscalationSaid) -> (Tone, Markup) {
    match said {
        EscalationSaid::Notify { name, step, round, ways, .. } => {
            let tone = if ways.is_empty() { Tone::Bad } else { Tone::Active };
            let what = html! {
                "step " (step) @if *round > 1 { ", round " (round) } ": " (name)
                @if ways.is_empty() { ", to whom no way is known" }
                @for way in ways {
                    span class="soft" { " " (way.channel) @if way.quiet_until.is_some() { " after quiet hours" } }
                }
            };
            (tone, what)
        }
        EscalationSaid::Skipped { step, round } => (
            Tone::Warn,
            html! { "step " (step) @if *round > 1 { ", round " (round) } " has nobody and is passed over" },
        ),
        EscalationSaid::Gone { step, person } => {
            (Tone::Warn, html! { "step " (step) " names " (person) ", who is no longer there" })
        }
        EscalationSaid::NoSchedule { step, schedule } => {
            (Tone::Warn, html! { "step " (step) " names the schedule " (schedule) ", which there is not" })
        }
        EscalationSaid::Nobody => (Tone::Bad, html! { "no step has anybody; it is tried again" }),
        EscalationSaid::Muted { until } => (Tone::Quiet, html! { "muted until " (format::minute(*until)) }),
        EscalationSaid::TimedOut { by } => (Tone::Warn, html! { "what " (by) " said ran out; the steps begin anew" }),
        EscalationSaid::Exhausted => (Tone::Bad, html! { "all was done, and nobody acknowledged" }),
    }
}
