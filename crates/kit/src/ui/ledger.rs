//! The pages of the ledger: the facts, newest first, and one fact with its proof and what it changed.

use super::list::{Filter as Choice, ListState};
use super::parts::{self, Tone};
use super::table::{Column, Room, table};
use super::{address, format};
use crate::page::{Content, Page, Request};
use crate::{Call, Problem, record};
use mainstay_ledger::{Filter, Order, Proof};
use mainstay_model::facts::Role;
use mainstay_model::{Recorded, Subject, Timestamp, fact_type, fact_types};
use maud::{Markup, html};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The pages.
#[must_use]
pub fn pages() -> Vec<Page> {
    vec![
        Page { path: "/ledger", navigation: Some((100, "Ledger")), least: Role::Viewer, render: list },
        Page { path: "/ledger/{seq}", navigation: None, least: Role::Viewer, render: one },
    ]
}

/// Facts on a page.
const ROWS: u64 = 50;

/// The facts that match the query, newest first. Paging goes by position and not by count, so that the last page of a
/// ledger of millions costs what the first one costs.
fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let text = |name: &str| request.query.get(name).map_or("", |value| value.trim());
    let types = fact_types().iter().map(|info| (info.name.to_owned(), short(info.name).to_owned())).collect();
    let choices = [Choice { key: "type", label: "Type", options: types }];
    let state = ListState::read(&request.path, &request.query, &choices, &[], "");
    let (subject, source) = (text("subject"), text("source"));
    let before = text("before").parse::<u64>().ok();
    let size = call.world.ledger.size()?;
    let found = if let Ok(seq) = state.search.parse::<u64>() {
        call.world.ledger.fact(seq)?.into_iter().collect()
    } else {
        facts(call, &state, (subject, source), before)?
    };
    let older = found.last().filter(|_| found.len() as u64 == ROWS).map(|last| last.seq).filter(|seq| *seq > 0);
    let here = |before: &str| {
        let kind = state.filters.get("type").map_or("", String::as_str);
        address::with_query("/ledger", [("type", kind), ("subject", subject), ("source", source), ("before", before)])
    };
    let body = html! {
        (parts::lede(&format!("{} facts in one append-only log. Each can be proved to be in it.", format::count(size))))
        (choose(&state, subject, source))
        @if found.is_empty() {
            (nothing(&state, subject, source))
        } @else {
            (table("Facts, newest first", &columns(call.today()), &found))
        }
        div class="foot" {
            nav class="pager" aria-label="Pages of facts" {
                @if before.is_some() { a href=(here("")) { "Newest" } }
                @if let Some(seq) = older { a href=(here(&seq.to_string())) rel="next" { "Older →" } }
            }
            (downloads(&state, subject, source, before))
        }
    };
    Ok(Content { title: "Ledger".to_owned(), body })
}

fn facts(
    call: &Call<'_>,
    state: &ListState,
    (subject, source): (&str, &str),
    before: Option<u64>,
) -> Result<Vec<Recorded>, Problem> {
    let mut filter = Filter { seq_to: before, limit: Some(ROWS), ..Filter::new() };
    if let Some(kind) = state.filters.get("type") {
        filter = filter.of_type(kind.as_str());
    }
    if !source.is_empty() {
        filter.source = Some(source.to_owned());
    }
    // What is typed into the search is a position or a subject; the log has no other index.
    let about = if subject.is_empty() { state.search.as_str() } else { subject };
    if !about.is_empty() {
        match Subject::new(about) {
            Ok(subject) => filter = filter.of_subject(subject),
            Err(_) => return Ok(Vec::new()),
        }
    }
    Ok(call.world.ledger.facts(&filter.order(Order::RecordedDesc))?)
}

fn choose(state: &ListState, subject: &str, source: &str) -> Markup {
    let chosen = state.filters.get("type").map_or("", String::as_str);
    html! {
        form class="filters" method="get" action="/ledger" role="search" aria-label="Filter facts" {
            label class="search" {
                span { "Position or subject" }
                input type="search" name="q" value=(if state.search.is_empty() { subject } else { &state.search })
                    placeholder="incident:INC-7" autocomplete="off" spellcheck="false" data-search;
            }
            label {
                span { "Type" }
                select name="type" {
                    option value="" { "Any" }
                    @for info in fact_types() { option value=(info.name) selected[info.name == chosen] { (short(info.name)) } }
                }
            }
            label { span { "Source" } input type="text" name="source" value=(source) autocomplete="off" spellcheck="false"; }
            button type="submit" { "Apply" }
            @if state.narrowed() || !subject.is_empty() || !source.is_empty() { a class="clear" href="/ledger" { "Clear" } }
        }
    }
}

fn nothing(state: &ListState, subject: &str, source: &str) -> Markup {
    if state.narrowed() || !subject.is_empty() || !source.is_empty() {
        return parts::empty(
            "No facts match.",
            "Search by position (`1204`) or by whole subject (`service:checkout`).",
        );
    }
    parts::empty("No facts yet.", "Collect something: `mainstay collect`, or send CloudEvents to `POST /v1/facts`.")
}

fn downloads(state: &ListState, subject: &str, source: &str, before: Option<u64>) -> Markup {
    let kind = state.filters.get("type").map_or("", String::as_str);
    let about = if subject.is_empty() { state.search.as_str() } else { subject };
    let before = before.map_or_else(String::new, |seq| seq.to_string());
    let link = |format: &str| {
        let pairs = [("type", kind), ("subject", about), ("source", source), ("before", &before), ("limit", "1000")];
        address::with_query("/v1/facts", pairs.into_iter().chain([("format", format)]))
    };
    html! {
        span class="downloads" {
            "Download " a href=(link("csv")) download="facts.csv" { "CSV" } " " a href=(link("json")) download="facts.json" { "JSON" }
        }
    }
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Recorded>> {
    vec![
        Column::new(
            "Fact",
            |r: &Recorded| html! { a href={ "/ledger/" (r.seq) } { "#" (r.seq) " " (short(&r.fact.fact_type)) } },
        ),
        Column::new("Subject", |r: &Recorded| parts::subject_or_none(r.fact.subject.as_ref())),
        Column::new("Happened", move |r: &Recorded| parts::time(r.fact.time, now)),
        Column::new("Recorded", move |r: &Recorded| parts::time(r.recorded, now)).needs(Room::Wide),
        Column::new("Source", |r: &Recorded| html! { span class="soft" { (r.fact.source) } }).needs(Room::Medium),
    ]
}

/// A table of the facts of one subject, for the subject's own page.
///
/// # Errors
/// The database fails.
pub fn facts_about(call: &Call<'_>, subject: &str) -> Result<Markup, Problem> {
    let Ok(about) = Subject::new(subject) else { return Ok(html! {}) };
    let filter = Filter { limit: Some(ROWS), ..Filter::new() }.of_subject(about).order(Order::RecordedDesc);
    let found = call.world.ledger.facts(&filter)?;
    let now = call.today();
    let mut columns = columns(now);
    columns.remove(1);
    let more = address::with_query("/ledger", [("subject", subject)]);
    let body = html! {
        @if found.is_empty() { (parts::empty("No facts are about this.", "")) } @else { (table("Facts", &columns, &found)) }
        @if found.len() as u64 == ROWS { p class="note" { "These are the newest. " a href=(more) { "All of them" } } }
    };
    Ok(parts::section("facts", "Facts", body))
}

/// The name of a type of ours without prefix and version.
fn short(name: &str) -> &str {
    let Some(rest) = name.strip_prefix("mainstay.") else { return name };
    rest.rsplit_once(".v").map_or(rest, |(stem, _)| stem)
}

/// One fact: its envelope, what it says, what it changed, and the proof.
fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let id = request.parameters.get("seq").map_or("", String::as_str);
    let recorded = record::find(call, id)?;
    let (fact, now) = (&recorded.fact, call.today());
    let size = call.world.ledger.size()?;
    let neighbours = html! {
        nav class="pager" aria-label="Neighbours" {
            @if recorded.seq > 0 { a href={ "/ledger/" (recorded.seq - 1) } rel="prev" { "← #" (recorded.seq - 1) } }
            @if recorded.seq + 1 < size { a href={ "/ledger/" (recorded.seq + 1) } rel="next" { "#" (recorded.seq + 1) " →" } }
            a href={ "/v1/facts/" (recorded.seq) } { "JSON" }
        }
    };
    let mut envelope = vec![
        ("Type", html! { code { (fact.fact_type) } }),
        ("Subject", parts::subject_or_none(fact.subject.as_ref())),
        (
            "Happened",
            html! { time datetime=(fact.time) title=(format::relative(fact.time, now)) { (format::exact(fact.time)) } },
        ),
        ("Recorded", html! { time datetime=(recorded.recorded) { (format::exact(recorded.recorded)) } }),
        (
            "Source",
            html! { a href=(address::with_query("/ledger", [("source", fact.source.as_str())])) { (fact.source) } },
        ),
        ("Id", html! { code { (fact.id.as_str()) } }),
    ];
    for (name, value) in &fact.extensions {
        envelope.push((name, html! { code { (crate::answer::plain(value)) } }));
    }
    let body = html! {
        (parts::crumbs(&[("/ledger", "Ledger")]))
        (parts::definitions(&envelope))
        (neighbours)
        (parts::section("said", "What it says", parts::json(&fact.data, "Data of the fact")))
        (parts::section("changed", "What it changed", changed(call, &recorded)))
        (parts::section("proof", "Proof", proved(call, &recorded)?))
    };
    Ok(Content { title: format!("Fact #{} {}", recorded.seq, short(&fact.fact_type)), body })
}

/// The entity before and after the fact, by the same operation that shows it to everybody, asked as of two positions.
fn changed(call: &Call<'_>, recorded: &Recorded) -> Markup {
    let Some(subject) = &recorded.fact.subject else {
        return html! { p { "It names no subject, so nothing folds it. It is kept, and it can be proved." } };
    };
    if fact_type(&recorded.fact.fact_type).is_none() {
        return html! { p { "Nothing here folds this type. It is kept, and it can be proved." } };
    }
    let at = |count: u64| state_at(call, subject, count);
    let (before, after) = (at(recorded.seq), at(recorded.seq + 1));
    let what = html! { (parts::subject(subject)) };
    if before.is_null() && after.is_null() {
        return html! { p { "It makes nothing whole of " (what) " by itself: what it adds to is not known yet, or it is another's." } };
    }
    let changes = differences(&before, &after);
    if changes.is_empty() {
        return html! { p { "What is known of " (what) " stayed as it was." } };
    }
    let columns = [
        Column::new("Field", |c: &Difference| html! { code { (c.path) } }),
        Column::new("Before", |c: &Difference| shown(c.before.as_ref())),
        Column::new("After", |c: &Difference| shown(c.after.as_ref())),
    ];
    html! { p { "In what is known of " (what) ":" } (table("What the fact changed", &columns, &changes)) }
}

fn shown(value: Option<&Value>) -> Markup {
    match value {
        None | Some(Value::Null) => parts::none(),
        Some(value) => {
            let text: String = crate::answer::plain(value).chars().take(200).collect();
            html! { (text) }
        }
    }
}

/// What was known of a subject when the ledger had so many entries; null where that is nothing.
fn state_at(call: &Call<'_>, subject: &Subject, count: u64) -> Value {
    let own = format!("{}.show", subject.kind());
    let ids = [own.as_str(), "estate.show", "service.show", "source.show", "promise.show", "bill.show"];
    let input = json!({ "id": subject.as_str(), "as_of": count.to_string() });
    let mut operations = ids.iter().filter_map(|id| call.world.operation(id));
    let answer = operations.find_map(|operation| operation.run(call, input.clone()).ok());
    answer.and_then(|mut answer| answer.get_mut("state").map(Value::take)).unwrap_or(Value::Null)
}

/// One field that differs.
#[derive(Debug, PartialEq)]
struct Difference {
    path: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// Most differences that are shown.
const DIFFERENCES_MAX: usize = 60;

fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    flatten("", before, &mut old);
    flatten("", after, &mut new);
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let differ = paths.into_iter().filter(|path| old.get(*path) != new.get(*path));
    let difference = |path: &String| Difference {
        path: path.clone(),
        before: old.get(path).cloned(),
        after: new.get(path).cloned(),
    };
    differ.take(DIFFERENCES_MAX).map(difference).collect()
}

/// Plain values by their path. Nothing is the same as null.
fn flatten(path: &str, value: &Value, out: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Null => {}
        Value::Object(map) => map.iter().for_each(|(name, value)| flatten(&below(name), value, out)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| flatten(&below(&at.to_string()), value, out))
        }
        plain => {
            out.insert(path.to_owned(), plain.clone());
        }
    }
}

/// The proof that the fact is in the log, checked before it is shown.
fn proved(call: &Call<'_>, recorded: &Recorded) -> Result<Markup, Problem> {
    let proof = call.world.ledger.prove(recorded.seq)?;
    let checked = call.world.ledger.verifier().and_then(|key| proof.check(&key));
    let standing = match &checked {
        Ok(checkpoint) => {
            let text = format!(
                "holds: this is entry {} of the {} that the checkpoint signs",
                recorded.seq,
                format::count(checkpoint.size)
            );
            parts::status(Tone::Good, &text)
        }
        Err(error) => parts::status(Tone::Bad, &format!("does not hold: {error}")),
    };
    let command = format!("mainstay ledger prove {}", recorded.seq);
    Ok(html! {
        p { (standing) }
        p class="note" { "Anybody can check it without Mainstay: write it with " code { (command) } " and run the script in " code { "examples/verify" } "." }
        (proof_parts(&proof))
    })
}

fn proof_parts(proof: &Proof) -> Markup {
    html! {
        details {
            summary { "Entry, path of " (proof.inclusion.len()) " hashes, and signed checkpoint" }
            h3 { "Entry" }
            pre class="json" tabindex="0" role="region" aria-label="Entry" { code { (proof.entry) } }
            h3 { "Path from the leaf to the root" }
            ol class="hashes" { @for hash in &proof.inclusion { li class="hash" { (hash) } } }
            h3 { "Checkpoint" }
            pre class="json" tabindex="0" role="region" aria-label="Checkpoint" { code { (proof.checkpoint) } }
            h3 { "Key that checks it" }
            p class="hash" { (proof.verifier) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({ "state": "open", "times": ["a"], "same": 1, "gone": { "x": 1 } });
        let after = json!({ "state": "closed", "times": ["a", "b"], "same": 1, "gone": null });
        let told: Vec<String> = differences(&before, &after).into_iter().map(|d| d.path).collect();
        assert_eq!(told, ["gone.x", "state", "times.1"]);
        assert!(differences(&before, &before).is_empty());
    }

    #[test]
    fn our_types_are_named_without_prefix_and_version() {
        assert_eq!(short("mainstay.incident.opened.v1"), "incident.opened");
        assert_eq!(short("com.example.note"), "com.example.note");
    }
}
