//! The pages of backups.

use crate::{BackupPromise, BackupRun};
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::list::{Filter, whole};
use mainstay_kit::ui::listing::{Listed, asked_for};
use mainstay_kit::ui::parts::{self, Event, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, ListQuery, Page, Problem};
use mainstay_model::facts::Role;
use mainstay_model::{Promise, PromiseKind, Timestamp};
use maud::{Markup, html};

pub(crate) fn pages() -> Vec<Page> {
    vec![
        Page { path: "/backups", navigation: Some((60, "Backups")), least: Role::Viewer, render: list },
        Page { path: "/backups/{id}", navigation: None, least: Role::Viewer, render: one },
    ]
}

/// Promises shown above the runs.
const PROMISES_MAX: u64 = 100;

fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let listed = Listed::<BackupRun> {
        noun: "backup runs",
        filters: vec![
            Filter::words("outcome", "Outcome", &["complete", "partial", "failed", "damaged"]),
            Filter::typed("job", "Job"),
            Filter::typed("target", "Target"),
        ],
        sorts: &["id", "job", "outcome", "target", "started", "finished", "bytes", "took_s", "verified", "facts"],
        usual: "",
        columns: columns(now),
        operation: "backup.list",
        brings: "Read a repository: `mainstay collect restic`, or send `mainstay.backup.finished.v1` facts.",
    };
    let body = html! {
        (parts::section("promises", "Promises", promises(call)?))
        (parts::section("runs", "Runs", listed.draw(call, request)?))
    };
    Ok(Content { title: "Backups".to_owned(), body })
}

/// What was promised, with the newest run of each job: a run that never started is in no log, so it shows only here.
fn promises(call: &Call<'_>) -> Result<Markup, Problem> {
    let reader = call.reader(None)?;
    let query = ListQuery {
        filters: vec![("state".to_owned(), vec!["made".to_owned()])],
        sort: Some(("job".to_owned(), false)),
        limit: PROMISES_MAX,
        ..ListQuery::default()
    };
    let found = reader.list::<BackupPromise>(&query)?;
    if found.items.is_empty() {
        return Ok(parts::empty(
            "No backups are promised.",
            "A promise with a schedule lets Mainstay see a run that never started.",
        ));
    }
    let mut rows: Vec<(Promise, Option<Folded<BackupRun>>)> = Vec::new();
    for folded in &found.items {
        let Some(promise) = folded.entity.current() else { continue };
        let PromiseKind::BackupSchedule { job, .. } = &promise.kind else { continue };
        rows.push((promise.clone(), reader.newest::<BackupRun>("job", job)?));
    }
    let now = call.today();
    let columns = [
        Column::new("Job", |(promise, _): &(Promise, Option<Folded<BackupRun>>)| match &promise.kind {
            PromiseKind::BackupSchedule { job, .. } => parts::link(&address::with_query("/backups", [("job", whole(job).as_str())]), job),
            _ => parts::none(),
        }),
        Column::new("Of", |(promise, _): &(Promise, Option<Folded<BackupRun>>)| parts::subject(&promise.subject)).needs(Room::Medium),
        Column::new("Schedule", |(promise, _): &(Promise, Option<Folded<BackupRun>>)| match &promise.kind {
            PromiseKind::BackupSchedule { schedule, zone, window_min, .. } => {
                html! { code { (schedule) } span class="soft" { " " (zone) ", within " (format::seconds(f64::from(*window_min) * 60.0)) } }
            }
            _ => parts::none(),
        })
        .needs(Room::Medium),
        Column::new("Last run", move |(_, run): &(Promise, Option<Folded<BackupRun>>)| match run {
            Some(run) => html! { a href=(address::page(["backups", &run.key])) { (parts::distance(run.entity.finished, now)) } },
            None => html! { span class="none" { "never" } },
        }),
        Column::new("Outcome", |(_, run): &(Promise, Option<Folded<BackupRun>>)| match run {
            Some(run) => outcome(&run.entity),
            None => parts::status(Tone::Bad, "no run"),
        }),
    ];
    Ok(table("Promised backups", &columns, &rows))
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<BackupRun>>> {
    vec![
        Column::new("Run", |row: &Folded<BackupRun>| {
            let name = row.key.strip_prefix("backup:").unwrap_or(&row.key);
            parts::link(&address::page(["backups", &row.key]), name)
        })
        .sorts("id"),
        Column::new("Outcome", |row: &Folded<BackupRun>| outcome(&row.entity)).sorts("outcome"),
        Column::new("Target", |row: &Folded<BackupRun>| parts::subject_or_none(row.entity.run.target.as_ref()))
            .sorts("target")
            .needs(Room::Medium),
        Column::new("Finished", move |row: &Folded<BackupRun>| parts::time(row.entity.finished, now)).sorts("finished"),
        Column::new("Took", |row: &Folded<BackupRun>| took(&row.entity)).sorts("took_s").numeric().needs(Room::Medium),
        Column::new("Size", |row: &Folded<BackupRun>| {
            html! { (row.entity.run.bytes.map_or(format::NONE.to_owned(), format::bytes)) }
        })
        .sorts("bytes")
        .numeric()
        .needs(Room::Medium),
        Column::new("Verified", |row: &Folded<BackupRun>| verified(&row.entity)).sorts("verified").needs(Room::Wide),
        Column::new("Facts", |row: &Folded<BackupRun>| parts::facts_of(&row.key, row.facts.len()))
            .sorts("facts")
            .numeric()
            .needs(Room::Wide),
    ]
}

fn outcome(run: &BackupRun) -> Markup {
    let tone = match run.outcome_word() {
        "complete" => Tone::Good,
        "partial" => Tone::Warn,
        _ => Tone::Bad,
    };
    parts::status(tone, run.outcome_word())
}

fn took(run: &BackupRun) -> Markup {
    html! { (format::seconds(run.finished.duration_since(run.run.started).as_secs_f64().max(0.0))) }
}

fn verified(run: &BackupRun) -> Markup {
    match run.checks.last() {
        None => html! { span class="none" { "not verified" } },
        Some((_, true)) => parts::status(Tone::Good, "intact"),
        Some((_, false)) => parts::status(Tone::Bad, "damaged"),
    }
}

fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<BackupRun>(call, request, "backup run")?;
    let (run, now) = (&found.entity, call.today());
    let job = address::with_query("/backups", [("job", whole(&run.run.job).as_str())]);
    let pairs = [
        ("Outcome", outcome(run)),
        ("Job", parts::link(&job, &run.run.job)),
        ("Target", parts::subject_or_none(run.run.target.as_ref())),
        ("Took", took(run)),
        ("Size", html! { (run.run.bytes.map_or(format::NONE.to_owned(), format::bytes)) }),
        ("Unreadable files", html! { (format::count(run.run.unreadable)) }),
        ("Snapshot", html! { code { (run.run.snapshot.as_deref().unwrap_or(format::NONE)) } }),
        ("Verified", verified(run)),
    ];
    let mut events = vec![Event { at: run.run.started, tone: Tone::Active, what: html! { "began" } }];
    let tone = if run.outcome_word() == "complete" { Tone::Good } else { Tone::Bad };
    events.push(Event { at: run.finished, tone, what: html! { "ended: " (run.outcome_word()) } });
    for (at, intact) in &run.checks {
        let (tone, word) =
            if *intact { (Tone::Good, "checked: can be read back") } else { (Tone::Bad, "checked: damaged") };
        events.push(Event { at: *at, tone, what: html! { (word) } });
    }
    events.sort_by_key(|event| event.at);
    let body = html! {
        (parts::crumbs(&[("/backups", "Backups")]))
        (parts::definitions(&pairs))
        (parts::section("course", "Course", parts::timeline(&events, now)))
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title: found.key.strip_prefix("backup:").unwrap_or(&found.key).to_owned(), body })
}
