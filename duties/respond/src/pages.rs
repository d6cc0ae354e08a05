//! The pages of incidents; those of who is on call in `oncall`.

mod oncall;

use crate::act::incident::lines;
use crate::judge::incident::{Line, Move, may, role_word, update_due};
use crate::{Incident, IncidentState};
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::form::{Button, Field, Kind, form};
use mainstay_kit::ui::list::Filter;
use mainstay_kit::ui::listing::{Listed, asked_for, how_many};
use mainstay_kit::ui::parts::{self, Event, Figure, Tone};
use mainstay_kit::ui::table::{Column, Room};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, Form, Page, Problem};
use mainstay_model::Timestamp;
use mainstay_model::facts::{IncidentClass, IncidentStage, Role};
use maud::{Markup, html};

pub(crate) fn pages() -> Vec<Page> {
    let mut all = vec![
        Page { path: "/incidents", navigation: Some((40, "Incidents")), least: Role::Viewer, render: list },
        Page { path: "/incidents/{id}", navigation: None, least: Role::Viewer, render: one },
    ];
    all.extend(oncall::pages());
    all
}

pub(crate) fn forms() -> Vec<Form> {
    let mut all = oncall::forms();
    all.push(Form { page: "/incidents/{id}", operation: "incident.update", done: "Written down." });
    all
}

fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let states = [IncidentState::Open, IncidentState::Restored, IncidentState::Closed].map(IncidentState::as_str);
    let listed = Listed::<Incident> {
        noun: "incidents",
        filters: vec![
            Filter::words("state", "State", &states),
            Filter::words("severity", "Severity", &["1", "2", "3", "4"]),
            Filter::typed("service", "Service"),
            Filter::typed("team", "Team"),
        ],
        sorts: &["id", "state", "severity", "service", "team", "title", "detected", "restored", "impact_s", "facts"],
        usual: "",
        columns: columns(now),
        operation: "incident.list",
        brings: "Send `mainstay.incident.opened.v1` facts from where incidents are recorded.",
    };
    let open = how_many::<Incident>(call, &[("state", "open")])?;
    let tone = if open > 0 { Tone::Bad } else { Tone::Quiet };
    let href = Some("/incidents?state=open".to_owned());
    let figures = [Figure { name: "Service not back", value: format::count(open), href, tone }];
    let body = html! { (parts::figures(&figures)) (listed.draw(call, request)?) };
    Ok(Content { title: "Incidents".to_owned(), body })
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<Incident>>> {
    let name = |row: &Folded<Incident>| row.key.strip_prefix("incident:").unwrap_or(&row.key).to_owned();
    vec![
        Column::new("Incident", move |row: &Folded<Incident>| {
            html! {
                (parts::link(&address::page(["incidents", &row.key]), &row.entity.record.title))
                div class="soft" { (name(row)) }
            }
        })
        .sorts("title"),
        Column::new("State", |row: &Folded<Incident>| standing(&row.entity)).sorts("state"),
        Column::new("Severity", |row: &Folded<Incident>| html! { (row.entity.severity) }).sorts("severity").numeric(),
        Column::new("Service", |row: &Folded<Incident>| {
            let services = &row.entity.record.services;
            html! {
                (parts::subject_or_none(services.first()))
                @if services.len() > 1 { span class="soft" { " +" (services.len() - 1) } }
            }
        })
        .sorts("service")
        .needs(Room::Medium),
        Column::new("Team", |row: &Folded<Incident>| parts::subject_or_none(row.entity.record.team.as_ref()))
            .sorts("team")
            .needs(Room::Wide),
        Column::new("Detected", move |row: &Folded<Incident>| parts::time(row.entity.detected, now)).sorts("detected"),
        Column::new("Impact", move |row: &Folded<Incident>| impact(&row.entity, now))
            .sorts("impact_s")
            .numeric()
            .needs(Room::Medium),
        Column::new("Facts", |row: &Folded<Incident>| parts::facts_of(&row.key, row.facts.len()))
            .sorts("facts")
            .numeric()
            .needs(Room::Wide),
    ]
}

fn standing(incident: &Incident) -> Markup {
    let class = class_word(incident.class);
    let tone = match incident.state() {
        IncidentState::Open => Tone::Bad,
        IncidentState::Restored => Tone::Good,
        IncidentState::Closed => Tone::Quiet,
    };
    html! {
        (parts::status(tone, incident.state().as_str()))
        @if incident.class != IncidentClass::Real { div class="soft" { (class) } }
    }
}

fn class_word(class: IncidentClass) -> &'static str {
    match class {
        IncidentClass::Real => "of its own",
        IncidentClass::Duplicate => "duplicate",
        IncidentClass::Child => "part of another",
        IncidentClass::FalseAlarm => "false alarm",
        IncidentClass::Planned => "planned work",
    }
}

/// How long service was away; for one that is open, how long it is away by now.
fn impact(incident: &Incident, now: Timestamp) -> Markup {
    match incident.impacted_seconds() {
        Some(seconds) => html! { (format::seconds(seconds)) },
        None if incident.restored().is_none() => {
            let seconds: i64 = incident.spans(now).iter().map(mainstay_model::Span::seconds).sum();
            html! { (format::seconds(seconds.max(0) as f64)) " so far" }
        }
        None => html! { span class="none" title="it was restored before it was detected" { "unclear" } },
    }
}

fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<Incident>(call, request, "incident")?;
    let (incident, now) = (&found.entity, call.today());
    let record = &incident.record;
    let link = record.link.as_deref().map_or_else(parts::none, |link| parts::outside_link(link, link));
    let services = html! {
        @if record.services.is_empty() { (parts::none()) }
        @for service in &record.services { (parts::subject(service)) " " }
    };
    let to_detect = incident.onset.map(|onset| incident.detected.duration_since(onset).as_secs_f64());
    let pairs = [
        ("State", standing(incident)),
        (
            "Progress",
            html! { (incident.progress().as_str()) @if let Some(due) = update_due(incident) {
                div class="soft" { "next update " (parts::distance(due, now)) }
            } },
        ),
        ("Roles", roles(incident)),
        ("Severity", html! { (incident.severity) @if let Some(tier) = &record.tier { ", tier " (tier) } }),
        ("Services", services),
        ("Team", parts::subject_or_none(record.team.as_ref())),
        (
            "Impact began",
            incident
                .onset
                .map_or_else(|| html! { span class="none" { "nobody established it" } }, |at| parts::time(at, now)),
        ),
        ("To detect", html! { (to_detect.map_or(format::NONE.to_owned(), format::seconds)) }),
        ("Impact", impact(incident, now)),
        ("Belongs to", parts::subject_or_none(incident.of.as_ref())),
        (
            "Problem",
            incident.problem.as_ref().map_or_else(|| html! { span class="none" { "not confirmed" } }, parts::subject),
        ),
        ("Where to look", link),
    ];
    let body = html! {
        (parts::crumbs(&[("/incidents", "Incidents")]))
        (parts::definitions(&pairs))
        (deeds(request, incident))
        (parts::section("course", "Timeline", parts::timeline(&course(&lines(call, &found)?), now)))
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title: record.title.clone(), body })
}

fn roles(incident: &Incident) -> Markup {
    let held = incident.roles_held();
    html! {
        @if held.is_empty() { (parts::none()) }
        @for (role, person) in held { div { (person) span class="soft" { " " (role_word(role)) } } }
    }
}

/// The lines of the timeline, as they are drawn.
fn course(lines: &[Line]) -> Vec<Event> {
    let event = |line: &Line| {
        let tone = match line.kind.as_str() {
            "onset" | "alert" => Tone::Warn,
            "detected" | "reopened" => Tone::Bad,
            "restored" => Tone::Good,
            "update" | "decision" | "acknowledged" | "investigating" | "identified" | "mitigated" => Tone::Active,
            _ => Tone::Quiet,
        };
        let who = line.who.as_deref().map(|who| match mainstay_model::Subject::new(who) {
            Ok(subject) => parts::subject(&subject),
            Err(_) => html! { span class="soft" { (who) } },
        });
        let is_said = ["update", "decision", "command", "handoff"].contains(&line.kind.as_str());
        let what = html! { @if is_said { b { (line.kind) } " " } (line.what) @if let Some(who) = who { " " (who) } };
        Event { at: line.at, tone, what }
    };
    lines.iter().map(event).collect()
}

/// What can be written down of an incident that is not closed: a line, and how far it has come.
fn deeds(request: &Request, incident: &Incident) -> Markup {
    let text = |required| Field {
        name: "text",
        label: "What happened",
        hint: "A line for the timeline.",
        kind: Kind::Lines,
        required,
    };
    let moves = [
        ("Investigating", "investigating", Move::Stage(IncidentStage::Investigating)),
        ("Identified", "identified", Move::Stage(IncidentStage::Identified)),
        ("Mitigated", "mitigated", Move::Stage(IncidentStage::Mitigated)),
        ("Restored", "restored", Move::Restored),
        ("Reviewed", "reviewed", Move::Stage(IncidentStage::Reviewed)),
        ("Close", "closed", Move::Closed),
        ("It came back", "reopened", Move::Reopened),
    ];
    let mut buttons = vec![Button { label: "Send as update", sets: Some(("kind", "update")), first: true }];
    let allowed = moves.into_iter().filter(|(_, _, to)| may(incident, *to).is_ok());
    buttons.extend(allowed.map(|(label, state, _)| Button { label, sets: Some(("state", state)), first: false }));
    form(request, "incident.update", &[text(false)], &buttons)
}
