//! Sources: what was collected from where, when, how whole, and what was wrong with it.

use super::list::Filter;
use super::listing::{Listed, asked_for, how_many};
use super::parts::{self, Figure, Tone};
use super::table::{Column, Room, table};
use super::{address, format, ledger};
use crate::page::{Content, Page, Request};
use crate::{Call, Collection, Folded, Problem};
use jiff::SignedDuration;
use mainstay_model::facts::Role;
use mainstay_model::{Diagnostic, Level, Timestamp};
use maud::{Markup, html};

/// The pages.
#[must_use]
pub fn pages() -> Vec<Page> {
    vec![
        Page { path: "/sources", navigation: Some((95, "Sources")), least: Role::Viewer, render: list },
        Page { path: "/sources/{id}", navigation: None, least: Role::Viewer, render: one },
    ]
}

/// Hours after which a source is stale. A running server says at least hourly that it collected; a nightly job, daily.
const STALE_H: i64 = 26;

fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let listed = Listed::<Collection> {
        noun: "sources",
        filters: vec![
            Filter::values("connector", "Connector", call.reader(None)?.tally::<Collection>("connector")?),
            Filter::words("complete", "Whole", &["yes", "no"]),
            Filter::typed("origin", "Origin"),
        ],
        sorts: &["connector", "origin", "complete", "at", "new_total", "errors"],
        usual: "",
        columns: columns(now),
        operation: "source.list",
        brings: "Collect something: `mainstay collect`, or `mainstay up` in a folder with what is to be read.",
    };
    let incomplete = how_many::<Collection>(call, &[("complete", "no")])?;
    let tone = if incomplete > 0 { Tone::Warn } else { Tone::Quiet };
    let href = Some(address::with_query("/sources", [("complete", "no")]));
    let figures = [
        Figure {
            name: "Sources",
            value: format::count(how_many::<Collection>(call, &[])?),
            href: None,
            tone: Tone::Quiet,
        },
        Figure { name: "Not read wholly", value: format::count(incomplete), href, tone },
    ];
    let body = html! {
        (parts::lede("Where facts come from. What a source could not tell wholly, or has not told for a day, counts as unknown and never as a pass."))
        (parts::figures(&figures))
        (listed.draw(call, request)?)
    };
    Ok(Content { title: "Sources".to_owned(), body })
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<Collection>>> {
    vec![
        Column::new("Origin", |row: &Folded<Collection>| {
            parts::link(&address::page(["sources", &row.key]), &row.entity.last.origin)
        })
        .sorts("origin"),
        Column::new("Connector", |row: &Folded<Collection>| html! { (row.entity.last.connector) }).sorts("connector"),
        Column::new("Outcome", |row: &Folded<Collection>| outcome(&row.entity)).sorts("complete"),
        Column::new("Last collected", move |row: &Folded<Collection>| freshness(row.entity.at, now)).sorts("at"),
        Column::new("Facts", |row: &Folded<Collection>| html! { (format::count(row.entity.new_total)) })
            .sorts("new_total")
            .numeric()
            .needs(Room::Medium),
        Column::new("Errors", |row: &Folded<Collection>| html! { (format::count(row.entity.last.diagnostics[2])) })
            .sorts("errors")
            .numeric()
            .needs(Room::Medium),
    ]
}

fn outcome(collection: &Collection) -> Markup {
    match (collection.last.complete, collection.last.documents) {
        (true, 0) => parts::status(Tone::Quiet, "nothing to read"),
        (true, _) => parts::status(Tone::Good, "whole"),
        (false, 0) => parts::status(Tone::Bad, "failed"),
        (false, _) => parts::status(Tone::Warn, "in part"),
    }
}

/// When it was collected last; one that is too long ago says so in words.
fn freshness(at: Timestamp, now: Timestamp) -> Markup {
    let stale = now.duration_since(at) > SignedDuration::from_hours(STALE_H);
    html! {
        @if stale { (parts::status(Tone::Warn, &format!("stale, {}", format::relative(at, now)))) }
        @else { (parts::time(at, now)) }
    }
}

fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<Collection>(call, request, "source")?;
    let (collection, now) = (&found.entity, call.today());
    let last = &collection.last;
    let [notes, warnings, errors] = last.diagnostics;
    let pairs = [
        ("Connector", html! { (last.connector) }),
        ("Outcome", outcome(collection)),
        ("Collected", freshness(collection.at, now)),
        ("Last whole", parts::time_or_none(collection.complete_at, now)),
        ("Documents", html! { (format::count(last.documents)) }),
        (
            "Facts",
            html! { (format::count(collection.new_total)) " in all, " (format::count(last.new)) " new the last time" },
        ),
        ("Known already", html! { (format::count(last.known)) }),
        ("Refused", html! { (format::count(last.refused)) }),
        ("Diagnostics", html! { (errors) " errors, " (warnings) " warnings, " (notes) " notes" }),
    ];
    let total = notes + warnings + errors;
    let body = html! {
        (parts::crumbs(&[("/sources", "Sources")]))
        (parts::definitions(&pairs))
        (parts::section("diagnostics", "What was wrong", diagnostics(&last.problems, total)))
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title: last.origin.clone(), body })
}

fn diagnostics(problems: &[Diagnostic], total: u64) -> Markup {
    if problems.is_empty() {
        return html! { p class="note" { @if total == 0 { "Nothing." } @else { "The collection kept only their number." } } };
    }
    let columns: Vec<Column<'_, Diagnostic>> = vec![
        Column::new("Level", |d: &Diagnostic| level(d.level)),
        Column::new("Place", |d: &Diagnostic| html! { code { (d.place) } }),
        Column::new("What", |d: &Diagnostic| html! { (d.summary) div class="soft" { code { (d.code) } } }),
        Column::new("Mend", |d: &Diagnostic| html! { (d.help) }).needs(Room::Medium),
    ];
    html! {
        (table("Diagnostics, gravest first", &columns, problems))
        @if total > problems.len() as u64 {
            p class="note" { "The gravest " (problems.len()) " of " (format::count(total)) "; " code { "mainstay collect" } " prints all." }
        }
    }
}

fn level(level: Level) -> Markup {
    match level {
        Level::Error => parts::status(Tone::Bad, "error"),
        Level::Warning => parts::status(Tone::Warn, "warning"),
        Level::Note => parts::status(Tone::Quiet, "note"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_said_nothing_for_more_than_a_day_is_stale_in_words() {
        let now = "2026-11-15T12:00:00Z".parse().unwrap();
        assert!(freshness("2026-11-14T09:00:00Z".parse().unwrap(), now).into_string().contains("stale"));
        assert!(!freshness("2026-11-14T13:00:00Z".parse().unwrap(), now).into_string().contains("stale"));
    }
}
