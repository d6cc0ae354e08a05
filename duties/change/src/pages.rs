//! The pages of changes.

use crate::{Change, ChangeState, Freeze};
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::list::Filter;
use mainstay_kit::ui::listing::{Listed, asked_for, how_many};
use mainstay_kit::ui::parts::{self, Event, Figure, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, ListQuery, Page, Problem};
use mainstay_model::Timestamp;
use mainstay_model::facts::{ChangeFailureLinked, ChangeOutcome, Confidence, FailureKind, Role};
use maud::{Markup, html};

pub(crate) fn pages() -> Vec<Page> {
    vec![
        Page { path: "/changes", navigation: Some((30, "Changes")), least: Role::Viewer, render: list },
        Page { path: "/changes/{id}", navigation: None, least: Role::Viewer, render: one },
    ]
}

const STATES: [ChangeState; 6] = [
    ChangeState::Proposed,
    ChangeState::Approved,
    ChangeState::Started,
    ChangeState::Succeeded,
    ChangeState::Failed,
    ChangeState::Cancelled,
];

fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let listed = Listed::<Change> {
        noun: "changes",
        filters: vec![
            Filter::words("state", "State", &STATES.map(ChangeState::as_str)),
            Filter::words("environment", "Environment", &["production", "staging"]),
            Filter::typed("service", "Service"),
        ],
        sorts: &["id", "state", "environment", "service", "completed", "failures", "facts"],
        usual: "",
        columns: columns(now),
        operation: "change.list",
        brings: "Send your pipeline's deliveries (`mainstay collect github`), or `mainstay.change.completed.v1` facts.",
    };
    let mut figures = Vec::new();
    for (state, name, tone) in
        [(ChangeState::Started, "Running", Tone::Quiet), (ChangeState::Proposed, "Waiting for approval", Tone::Quiet)]
    {
        let count = how_many::<Change>(call, &[("state", state.as_str())])?;
        let href = address::with_query("/changes", [("state", state.as_str())]);
        figures.push(Figure { name, value: format::count(count), href: Some(href), tone });
    }
    let body = html! {
        (parts::figures(&figures))
        (freezes(call, now)?)
        (listed.draw(call, request)?)
    };
    Ok(Content { title: "Changes".to_owned(), body })
}

/// Freezes that the page shows; the operation has all.
const FREEZES_MAX: u64 = 20;

/// Services whose changes should rest, where that is proposed.
fn freezes(call: &Call<'_>, now: Timestamp) -> Result<Markup, Problem> {
    let filters = vec![("state".to_owned(), vec!["proposed".to_owned()])];
    let query = ListQuery { filters, limit: FREEZES_MAX, ..ListQuery::default() };
    let found = call.reader(None)?.list::<Freeze>(&query)?;
    if found.items.is_empty() {
        return Ok(html! {});
    }
    let columns: Vec<Column<'_, Folded<Freeze>>> = vec![
        Column::new("Services", |row: &Folded<Freeze>| {
            html! { @for service in &row.entity.proposed.services { (parts::subject(service)) " " } }
        }),
        Column::new("Why", |row: &Folded<Freeze>| html! { (row.entity.proposed.reason) }),
        Column::new("Since", move |row: &Folded<Freeze>| parts::time(row.entity.since, now)).needs(Room::Medium),
        Column::new("Owner", |row: &Folded<Freeze>| parts::subject_or_none(row.entity.proposed.owner.as_ref()))
            .needs(Room::Wide),
        Column::new("Facts", |row: &Folded<Freeze>| parts::facts_of(&row.key, row.facts.len())).numeric(),
    ];
    Ok(parts::section(
        "freezes",
        "Proposed freezes",
        table("Changes of these services should rest", &columns, &found.items),
    ))
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<Change>>> {
    vec![
        Column::new("Change", |row: &Folded<Change>| {
            let href = address::page(["changes", &row.key]);
            let name = row.key.strip_prefix("change:").unwrap_or(&row.key);
            html! { (parts::link(&href, name)) @if !row.entity.title().is_empty() { div { (row.entity.title()) } } }
        })
        .sorts("id"),
        Column::new("State", |row: &Folded<Change>| state(row.entity.state())).sorts("state"),
        Column::new("Environment", |row: &Folded<Change>| html! { (row.entity.environment().unwrap_or(format::NONE)) })
            .sorts("environment")
            .needs(Room::Medium),
        Column::new("Service", |row: &Folded<Change>| parts::subject_or_none(row.entity.service()))
            .sorts("service")
            .needs(Room::Medium),
        Column::new("Completed", move |row: &Folded<Change>| {
            parts::time_or_none(row.entity.completed.as_ref().map(|(at, _)| *at), now)
        })
        .sorts("completed"),
        Column::new("Failures", |row: &Folded<Change>| blamed(&row.entity.failures)).sorts("failures"),
        Column::new("Facts", |row: &Folded<Change>| parts::facts_of(&row.key, row.facts.len()))
            .sorts("facts")
            .numeric()
            .needs(Room::Wide),
    ]
}

fn state(state: ChangeState) -> Markup {
    let tone = match state {
        ChangeState::Succeeded => Tone::Good,
        ChangeState::Failed => Tone::Bad,
        ChangeState::Started => Tone::Active,
        ChangeState::Proposed | ChangeState::Approved => Tone::Unknown,
        ChangeState::Cancelled => Tone::Quiet,
    };
    parts::status(tone, state.as_str())
}

/// The strongest thing that is said of the failures.
fn blamed(failures: &[ChangeFailureLinked]) -> Markup {
    let count = |confidence| failures.iter().filter(|link| link.confidence == confidence).count();
    match (count(Confidence::Confirmed), count(Confidence::Suspected)) {
        (0, 0) => parts::none(),
        (0, suspected) => parts::status(Tone::Warn, &format!("{suspected} suspected")),
        (confirmed, _) => parts::status(Tone::Bad, &format!("{confirmed} confirmed")),
    }
}

fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<Change>(call, request, "change")?;
    let (change, now) = (&found.entity, call.today());
    let completed = change.completed.as_ref().map(|(_, completed)| completed);
    let commit =
        completed.and_then(|c| c.commit.as_deref()).or(change.proposed.as_ref().and_then(|p| p.commit.as_deref()));
    let requested = change.proposed.as_ref().and_then(|p| p.requested_by.as_ref());
    let link = change.link().map_or_else(parts::none, |link| parts::outside_link(link, link));
    let pairs = [
        ("State", state(change.state())),
        ("Environment", html! { (change.environment().unwrap_or(format::NONE)) }),
        ("Service", parts::subject_or_none(change.service())),
        ("Team", parts::subject_or_none(completed.and_then(|c| c.team.as_ref()))),
        ("Asked for by", html! { (requested.map_or(format::NONE, |by| by.as_str())) }),
        ("Commit", html! { code { (commit.unwrap_or(format::NONE)) } }),
        ("Mends", parts::subject_or_none(completed.and_then(|c| c.remedies.as_ref()))),
        ("Where to look", link),
    ];
    let title = if change.title().is_empty() { found.key.clone() } else { change.title().to_owned() };
    let body = html! {
        (parts::crumbs(&[("/changes", "Changes")]))
        (parts::definitions(&pairs))
        (parts::section("course", "Course", parts::timeline(&course(change), now)))
        (parts::section("failures", "What followed", followed(&change.failures)))
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title, body })
}

fn course(change: &Change) -> Vec<Event> {
    let mut events = Vec::new();
    let mut event = |at: Timestamp, tone, what: Markup| events.push(Event { at, tone, what });
    if let Some(at) = change.proposed_at {
        event(at, Tone::Quiet, html! { "proposed" });
    }
    for (at, approved) in &change.approvals {
        event(*at, Tone::Quiet, html! { "approved by " (approved.by.as_str()) });
    }
    if let Some((at, started)) = &change.started {
        event(*at, Tone::Active, html! { "started in " (started.environment) });
    }
    if let Some((at, completed)) = &change.completed {
        match completed.outcome {
            ChangeOutcome::Succeeded => event(*at, Tone::Good, html! { "succeeded in " (completed.environment) }),
            ChangeOutcome::Failed => event(*at, Tone::Bad, html! { "failed in " (completed.environment) }),
        }
    }
    if let Some((at, cancelled)) = &change.cancelled {
        event(*at, Tone::Quiet, html! { "cancelled" @if !cancelled.reason.is_empty() { ": " (cancelled.reason) } });
    }
    events.sort_by_key(|event| event.at);
    events
}

fn followed(failures: &[ChangeFailureLinked]) -> Markup {
    if failures.is_empty() {
        return html! { p class="note" { "No failure is linked to it." } };
    }
    let columns = [
        Column::new("What", |link: &ChangeFailureLinked| parts::subject(&link.failure)),
        Column::new("Kind", |link: &ChangeFailureLinked| {
            html! { (match link.kind {
                FailureKind::Incident => "incident",
                FailureKind::Rollback => "rollback",
                FailureKind::EmergencyFix => "emergency fix",
            }) }
        }),
        Column::new("How sure", |link: &ChangeFailureLinked| match link.confidence {
            Confidence::Confirmed => parts::status(Tone::Bad, "confirmed"),
            Confidence::Suspected => parts::status(Tone::Warn, "suspected"),
            Confidence::Rejected => parts::status(Tone::Quiet, "ruled out"),
        }),
        Column::new("Said by", |link: &ChangeFailureLinked| {
            html! { (link.by.as_ref().map_or(format::NONE, |by| by.as_str())) }
        }),
    ];
    table("What followed the change", &columns, failures)
}
