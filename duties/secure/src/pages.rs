//! The pages of vulnerabilities.

use crate::{PairState, VulnerablePair};
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::list::Filter;
use mainstay_kit::ui::listing::{Listed, asked_for, how_many};
use mainstay_kit::ui::parts::{self, Event, Figure, Tone};
use mainstay_kit::ui::table::{Column, Room};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, Page, Problem};
use mainstay_model::facts::Role;
use mainstay_model::{Severity, Timestamp};
use maud::{Markup, html};

pub(crate) fn pages() -> Vec<Page> {
    vec![
        Page { path: "/vulnerabilities", navigation: Some((70, "Vulnerabilities")), least: Role::Viewer, render: list },
        Page { path: "/vulnerabilities/{id}", navigation: None, least: Role::Viewer, render: one },
    ]
}

fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let listed = Listed::<VulnerablePair> {
        noun: "vulnerabilities",
        filters: vec![
            Filter::words("state", "State", &[PairState::Open.as_str(), PairState::Fixed.as_str()]),
            Filter::words("severity", "Severity", &Severity::ALL.map(Severity::as_str)),
            Filter::typed("asset", "Asset"),
        ],
        sorts: &["vulnerability", "severity", "asset", "packages", "state", "first_seen", "fixed", "facts"],
        usual: "",
        columns: columns(now),
        operation: "vulnerability.list",
        brings: "Read a scanner's report: `mainstay collect trivy report.json`.",
    };
    let mut figures = Vec::new();
    for severity in [Severity::Critical, Severity::High, Severity::Medium] {
        let word = severity.as_str();
        let count = how_many::<VulnerablePair>(call, &[("state", "open"), ("severity", word)])?;
        let tone = if count > 0 && severity == Severity::Critical { Tone::Bad } else { Tone::Quiet };
        let href = address::with_query("/vulnerabilities", [("state", "open"), ("severity", word)]);
        let name = match severity {
            Severity::Critical => "Open, critical",
            Severity::High => "Open, high",
            _ => "Open, medium",
        };
        figures.push(Figure { name, value: format::count(count), href: Some(href), tone });
    }
    let body = html! { (parts::figures(&figures)) (listed.draw(call, request)?) };
    Ok(Content { title: "Vulnerabilities".to_owned(), body })
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<VulnerablePair>>> {
    vec![
        Column::new("Vulnerability", |row: &Folded<VulnerablePair>| {
            let found = &row.entity.found;
            html! {
                (parts::link(&address::page(["vulnerabilities", &row.key]), &found.vulnerability))
                @if !found.title.is_empty() { div class="soft" { (found.title) } }
            }
        })
        .sorts("vulnerability"),
        Column::new("Severity", |row: &Folded<VulnerablePair>| parts::severity(row.entity.found.severity))
            .sorts("severity"),
        Column::new("Asset", |row: &Folded<VulnerablePair>| parts::subject(&row.entity.found.asset)).sorts("asset"),
        Column::new("Packages", |row: &Folded<VulnerablePair>| html! { (row.entity.found.packages.join(", ")) })
            .sorts("packages")
            .needs(Room::Wide),
        Column::new("State", move |row: &Folded<VulnerablePair>| state(&row.entity, now)).sorts("state"),
        Column::new("First seen", move |row: &Folded<VulnerablePair>| parts::time(row.entity.first_seen, now))
            .sorts("first_seen")
            .needs(Room::Medium),
        Column::new("Fixed", move |row: &Folded<VulnerablePair>| parts::time_or_none(row.entity.fixed, now))
            .sorts("fixed")
            .needs(Room::Wide),
        Column::new("Facts", |row: &Folded<VulnerablePair>| parts::facts_of(&row.key, row.facts.len()))
            .sorts("facts")
            .numeric()
            .needs(Room::Wide),
    ]
}

fn state(pair: &VulnerablePair, now: Timestamp) -> Markup {
    match pair.state() {
        PairState::Fixed => parts::status(Tone::Good, "fixed"),
        PairState::Open if pair.is_accepted(now) => parts::status(Tone::Warn, "open, accepted"),
        PairState::Open => parts::status(Tone::Bad, "open"),
    }
}

fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let shown = asked_for::<VulnerablePair>(call, request, "vulnerability")?;
    let (pair, now) = (&shown.entity, call.today());
    let found = &pair.found;
    let text = |items: &[String]| {
        if items.is_empty() {
            parts::none()
        } else {
            html! { (items.join(", ")) }
        }
    };
    let end = pair.fixed.unwrap_or(now);
    let pairs = [
        ("State", state(pair, now)),
        ("Severity", parts::severity(found.severity)),
        ("Asset", parts::subject(&found.asset)),
        ("Open for", html! { (format::seconds(end.duration_since(pair.first_seen).as_secs_f64().max(0.0))) }),
        ("Packages", text(&found.packages)),
        ("Fixed in", text(&found.fixed_in)),
        ("Came back", html! { (pair.reopened) @if pair.reopened == 1 { " time" } @else { " times" } }),
        ("Scanner", html! { (if found.scanner.is_empty() { format::NONE } else { &found.scanner }) }),
    ];
    let body = html! {
        (parts::crumbs(&[("/vulnerabilities", "Vulnerabilities")]))
        @if !found.title.is_empty() { (parts::lede(&found.title)) }
        (parts::definitions(&pairs))
        (parts::section("course", "Course", parts::timeline(&course(pair), now)))
        (ledger::facts_about(call, &shown.key)?)
    };
    Ok(Content { title: format!("{} on {}", found.vulnerability, found.asset.name()), body })
}

fn course(pair: &VulnerablePair) -> Vec<Event> {
    let mut events = vec![Event { at: pair.first_seen, tone: Tone::Bad, what: html! { "seen first" } }];
    if pair.last_found > pair.first_seen {
        events.push(Event { at: pair.last_found, tone: Tone::Bad, what: html! { "seen last" } });
    }
    for (at, accepted) in &pair.accepted {
        let what = html! { "risk accepted by " (accepted.by.as_str()) " until " (format::day(accepted.until)) ": " (accepted.reason) };
        events.push(Event { at: *at, tone: Tone::Warn, what });
    }
    if let Some(at) = pair.fixed {
        events.push(Event { at, tone: Tone::Good, what: html! { "a scan verified that it is gone" } });
    }
    events.sort_by_key(|event| event.at);
    events
}
