//! The pages of alerts and objectives.

mod objectives;

use crate::api::{LoadRow, QualityAnswer, RuleRow};
use crate::{AlertClass, AlertEpisode};
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::list::Filter;
use mainstay_kit::ui::listing::{Listed, asked_for};
use mainstay_kit::ui::parts::{self, Event, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, Page, Problem};
use mainstay_model::facts::{AlertEvidence, Role};
use mainstay_model::{Severity, Timestamp};
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(crate) fn pages() -> Vec<Page> {
    vec![
        Page { path: "/alerts", navigation: Some((50, "Alerts")), least: Role::Viewer, render: list },
        // Of its own: it looks at every episode of ninety days, where the list looks at fifty.
        Page { path: "/alerts/quality", navigation: None, least: Role::Viewer, render: worth },
        Page { path: "/alerts/{id}", navigation: None, least: Role::Viewer, render: one },
        Page { path: "/slo", navigation: Some((45, "Objectives")), least: Role::Viewer, render: objectives::list },
        Page { path: "/slo/{id}", navigation: None, least: Role::Viewer, render: objectives::one },
    ]
}

const CLASSES: [AlertClass; 7] = [
    AlertClass::Actionable,
    AlertClass::Noise,
    AlertClass::Unclassified,
    AlertClass::Silenced,
    AlertClass::NotNotified,
    AlertClass::Watchdog,
    AlertClass::Test,
];

fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let listed = Listed::<AlertEpisode> {
        noun: "alert episodes",
        filters: vec![
            Filter::words("class", "Class", &CLASSES.map(AlertClass::as_str)),
            Filter::words("severity", "Severity", &Severity::ALL.map(Severity::as_str)),
            Filter::typed("rule", "Rule"),
            Filter::typed("service", "Service"),
        ],
        sorts: &["id", "rule", "class", "severity", "service", "team", "fired", "resolved", "lasted_s", "facts"],
        usual: "",
        columns: columns(now),
        operation: "alert.list",
        brings: "Point Alertmanager's webhook here, or read it: `mainstay collect alertmanager http://...`.",
    };
    let lede = "An episode runs from its first firing to its end, however often it was repeated.";
    let body = html! {
        (parts::lede(lede))
        p { (parts::link("/alerts/quality", "Which rules are not worth their pages, and whom they wake")) }
        (listed.draw(call, request)?)
    };
    Ok(Content { title: "Alerts".to_owned(), body })
}

/// What alerts cost, and whom.
fn worth(call: &Call<'_>, _: &Request) -> Result<Content, Problem> {
    let worth = crate::api::ask_quality(call, crate::api::QualityAsk::default())?;
    let lede = "What was told in ninety days, by rule and by person; `mainstay alert quality` cites every episode.";
    let body = html! {
        (parts::lede(lede))
        (parts::section("quality", "Not worth their pages", quality(&worth)))
        @if !worth.workload.is_empty() { (parts::section("load", "Who was told", load(&worth.workload))) }
    };
    Ok(Content { title: "Alert quality".to_owned(), body })
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<AlertEpisode>>> {
    vec![
        Column::new("Rule", |row: &Folded<AlertEpisode>| {
            let summary = row.entity.alert.annotations.get("summary");
            html! {
                (parts::link(&address::page(["alerts", &row.key]), &row.entity.alert.rule))
                @if let Some(summary) = summary { div class="soft" { (summary) } }
            }
        })
        .sorts("rule"),
        Column::new("Class", |row: &Folded<AlertEpisode>| class(row.entity.class())).sorts("class"),
        Column::new("Severity", |row: &Folded<AlertEpisode>| {
            row.entity.alert.severity.map_or_else(parts::none, parts::severity)
        })
        .sorts("severity")
        .needs(Room::Medium),
        Column::new("Service", |row: &Folded<AlertEpisode>| parts::subject_or_none(row.entity.alert.service.as_ref()))
            .sorts("service")
            .needs(Room::Medium),
        Column::new("Team", |row: &Folded<AlertEpisode>| parts::subject_or_none(row.entity.alert.team.as_ref()))
            .sorts("team")
            .needs(Room::Wide),
        Column::new("Fired", move |row: &Folded<AlertEpisode>| parts::time(row.entity.fired, now)).sorts("fired"),
        Column::new("Lasted", |row: &Folded<AlertEpisode>| lasted(&row.entity)).sorts("lasted_s").needs(Room::Medium),
        Column::new("Facts", |row: &Folded<AlertEpisode>| parts::facts_of(&row.key, row.facts.len()))
            .sorts("facts")
            .numeric()
            .needs(Room::Wide),
    ]
}

/// Rules by what they cost for nothing, over the usual time, each with the newest of the episodes that show it.
fn quality(worth: &QualityAnswer) -> Markup {
    let advised: Vec<&RuleRow> = worth.rules.iter().filter(|rule| rule.advice.is_some()).collect();
    if advised.is_empty() {
        return parts::empty(
            "Nothing is to be said",
            "Five episodes that somebody was told of are the least that says something of a rule.",
        );
    }
    let text = |of: &Option<String>| html! { (of.as_deref().unwrap_or_default()) };
    let columns: Vec<Column<'_, &RuleRow>> = vec![
        Column::new("Advice", move |row: &&RuleRow| text(&row.advice)),
        Column::new("Rule", |row: &&RuleRow| {
            parts::link(&address::with_query("/alerts", [("rule", row.rule.as_str())]), &row.rule)
        }),
        Column::new(
            "Pages a week",
            |row: &&RuleRow| html! { (format::decimal(row.pages_a_week.unwrap_or_default(), 1)) },
        )
        .numeric(),
        Column::new("Why", move |row: &&RuleRow| text(&row.why)).needs(Room::Medium),
        Column::new("Episodes", |row: &&RuleRow| {
            html! {
                @for key in row.cited.iter().rev().take(CITED_MAX) {
                    (parts::link(&address::page(["alerts", key]), &cited(key))) " "
                }
                @if row.cited.len() > CITED_MAX { span class="soft" { "and " (row.cited.len() - CITED_MAX) } }
            }
        })
        .needs(Room::Wide),
    ];
    table(&format!("Since {}", format::day(worth.from)), &columns, &advised)
}

/// How many episodes of an advice the page links to; the operation names all.
const CITED_MAX: usize = 3;

/// The start of an episode, which is the end of its id.
fn cited(key: &str) -> String {
    key.rsplit('/').next().and_then(|at| at.parse::<Timestamp>().ok()).map_or_else(|| key.to_owned(), format::minute)
}

fn load(rows: &[LoadRow]) -> Markup {
    let columns: Vec<Column<'_, LoadRow>> = vec![
        Column::new("Who", |row: &LoadRow| html! { (row.who) }),
        Column::new("Pages", |row: &LoadRow| html! { (row.pages) }).numeric(),
        Column::new("Outside of working hours", |row: &LoadRow| html! { (row.off_hours) }).numeric(),
    ];
    table("Pages, by whoever acknowledged them, or the receiver", &columns, rows)
}

fn class(class: AlertClass) -> Markup {
    let tone = match class {
        AlertClass::Actionable => Tone::Good,
        AlertClass::Noise => Tone::Bad,
        AlertClass::Unclassified => Tone::Unknown,
        AlertClass::Watchdog | AlertClass::Test | AlertClass::Silenced | AlertClass::NotNotified => Tone::Quiet,
    };
    parts::status(tone, class.as_str())
}

fn lasted(episode: &AlertEpisode) -> Markup {
    match episode.resolved {
        Some(at) => html! { (format::seconds(at.duration_since(episode.fired).as_secs_f64().max(0.0))) },
        None => parts::status(Tone::Active, "firing"),
    }
}

fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<AlertEpisode>(call, request, "alert episode")?;
    let (episode, now) = (&found.entity, call.today());
    let alert = &episode.alert;
    let link =
        alert.link.as_deref().map_or_else(parts::none, |link| parts::outside_link(link, "the rule's expression"));
    let runbook = alert.annotations.get("runbook_url").map_or_else(parts::none, |link| parts::outside_link(link, link));
    let pairs = [
        ("Class", class(episode.class())),
        ("Severity", alert.severity.map_or_else(parts::none, parts::severity)),
        ("Service", parts::subject_or_none(alert.service.as_ref())),
        ("Team", parts::subject_or_none(alert.team.as_ref())),
        ("Lasted", lasted(episode)),
        ("Fingerprint", html! { code { (alert.fingerprint) } }),
        ("Rule", link),
        ("Runbook", runbook),
    ];
    let body = html! {
        (parts::crumbs(&[("/alerts", "Alerts")]))
        (parts::definitions(&pairs))
        (parts::section("course", "Course", parts::timeline(&course(episode), now)))
        (parts::section("labels", "Labels", named(&alert.labels)))
        @if !alert.annotations.is_empty() { (parts::section("annotations", "Annotations", named(&alert.annotations))) }
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title: alert.rule.clone(), body })
}

fn named(texts: &BTreeMap<String, String>) -> Markup {
    let pairs: Vec<(&str, Markup)> = texts.iter().map(|(name, text)| (name.as_str(), html! { (text) })).collect();
    parts::definitions(&pairs)
}

fn course(episode: &AlertEpisode) -> Vec<Event> {
    let mut events = vec![Event { at: episode.fired, tone: Tone::Warn, what: html! { "fired" } }];
    let mut event = |at: Timestamp, tone, what: Markup| events.push(Event { at, tone, what });
    for (at, notified) in &episode.notified {
        event(*at, Tone::Quiet, html! { "told " (notified.receiver) });
    }
    for (at, acknowledged) in &episode.acknowledged {
        event(*at, Tone::Quiet, html! { "acknowledged by " (acknowledged.by.as_str()) });
    }
    for (at, acted) in &episode.acted {
        let by = acted.by.as_ref().map(|by| by.as_str());
        let what = html! {
            (evidence(acted.evidence))
            @if let Some(reference) = &acted.reference { " " (parts::subject(reference)) }
            @if let Some(by) = by { span class="soft" { " " (by) } }
        };
        event(*at, Tone::Active, what);
    }
    for (at, silence) in &episode.silences {
        event(*at, Tone::Quiet, html! { "silenced until " (format::minute(silence.until)) });
    }
    if let Some(at) = episode.resolved {
        event(at, Tone::Good, html! { "resolved" });
    }
    events.sort_by_key(|event| event.at);
    events
}

fn evidence(evidence: AlertEvidence) -> &'static str {
    match evidence {
        AlertEvidence::Incident => "incident declared",
        AlertEvidence::Ticket => "ticket opened",
        AlertEvidence::Change => "change made",
        AlertEvidence::Runbook => "runbook run",
        AlertEvidence::Useful => "responder says it needed action",
        AlertEvidence::Noise => "responder says it needed none",
    }
}
