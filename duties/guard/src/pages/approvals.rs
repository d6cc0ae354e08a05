//! Approvals: what waits for an answer, and one request with the form that answers it.

use crate::ApprovalRow;
use crate::act::may_be_answered;
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::form::{Button, Field, Kind, form};
use mainstay_kit::ui::list::Filter;
use mainstay_kit::ui::listing::{Listed, asked_for};
use mainstay_kit::ui::parts::{self, Event, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, ListQuery, Problem};
use mainstay_model::Timestamp;
use maud::{Markup, html};

pub(super) fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let listed = Listed::<ApprovalRow> {
        noun: "requests",
        filters: vec![
            Filter::words("state", "State", &["waiting", "approved", "rejected"]),
            Filter::typed("about", "About"),
            Filter::typed("requested_by", "Asked by"),
        ],
        sorts: &["action", "state", "about", "requested_by", "asked", "expires", "answered_by"],
        usual: "",
        columns: columns(call.now),
        operation: "approval.list",
        brings: "Somebody asks for one on the page of a finding, or with `mainstay finding waive`.",
    };
    let body = html! {
        (parts::lede("What somebody asked for and somebody else must answer. Nobody answers their own request, and an answer counts for exactly what was asked."))
        (listed.draw(call, request)?)
    };
    Ok(Content { title: "Approvals".to_owned(), body })
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<ApprovalRow>>> {
    vec![
        Column::new("Request", |row: &Folded<ApprovalRow>| {
            let (reason, _) = row.entity.terms();
            html! {
                (parts::link(&address::page(["approvals", &row.key]), &row.entity.request.action))
                div class="soft" { (format::shortened(&reason, REASON_CHARS)) }
            }
        })
        .sorts("action"),
        Column::new("State", move |row: &Folded<ApprovalRow>| state(&row.entity, now)).sorts("state"),
        Column::new("About", |row: &Folded<ApprovalRow>| parts::subject(&row.entity.request.about))
            .sorts("about")
            .needs(Room::Medium),
        Column::new("Asked by", |row: &Folded<ApprovalRow>| html! { (row.entity.request.requested_by.as_str()) })
            .sorts("requested_by"),
        Column::new("Asked", move |row: &Folded<ApprovalRow>| parts::time(row.entity.asked, now))
            .sorts("asked")
            .needs(Room::Wide),
        Column::new("Expires", move |row: &Folded<ApprovalRow>| parts::distance(row.entity.request.expires, now))
            .sorts("expires")
            .needs(Room::Medium),
        Column::new("Answered by", |row: &Folded<ApprovalRow>| match &row.entity.answer {
            Some((_, said)) => html! { (said.by.as_str()) },
            None => parts::none(),
        })
        .sorts("answered_by")
        .needs(Room::Wide),
    ]
}

/// A reason is cut to this in a list; its own page shows all of it.
const REASON_CHARS: usize = 90;

fn state(row: &ApprovalRow, now: Timestamp) -> Markup {
    let word = row.state_at(now);
    let tone = match word {
        "waiting" => Tone::Active,
        "approved" => Tone::Good,
        "rejected" => Tone::Bad,
        _ => Tone::Quiet,
    };
    parts::status(tone, word)
}

/// What was asked about one subject, for its own page; nothing where nobody asked.
pub(super) fn about(call: &Call<'_>, subject: &str) -> Result<Option<Markup>, Problem> {
    let filters = vec![("about".to_owned(), vec![subject.to_owned()])];
    let query = ListQuery { filters, limit: 20, ..ListQuery::default() };
    let found = call.reader(None)?.list::<ApprovalRow>(&query)?;
    let mut columns = columns(call.now);
    columns.remove(2);
    Ok((!found.items.is_empty()).then(|| table("Requests", &columns, &found.items)))
}

pub(super) fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<ApprovalRow>(call, request, "request")?;
    let (row, now) = (&found.entity, call.now);
    let (reason, until) = row.terms();
    let pairs = [
        ("State", state(row, now)),
        ("Action", html! { code { (row.request.action) } }),
        ("About", parts::subject(&row.request.about)),
        ("Asked by", html! { (row.request.requested_by.as_str()) }),
        ("Until", parts::time_or_none(until, now)),
        ("Expires", parts::time(row.request.expires, now)),
        ("Reason", html! { (reason) }),
        ("Digest", html! { span class="hash" { (row.request.digest) } }),
    ];
    let body = html! {
        (parts::crumbs(&[("/approvals", "Approvals")]))
        (parts::definitions(&pairs))
        @if row.state_at(now) == "waiting" { (parts::section("answer", "Answer", answer(call, request, row))) }
        (parts::section("course", "Course", parts::timeline(&course(row), now)))
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title: format!("Request: {}", row.request.action), body })
}

/// The form, or why whoever looks cannot answer: the same judgement as the operation's.
fn answer(call: &Call<'_>, request: &Request, row: &ApprovalRow) -> Markup {
    if let Err(reason) = may_be_answered(call, row) {
        return html! {
            p class="note" { (parts::status(Tone::Quiet, &reason)) }
            p class="note" { (parts::prose("Who may answer is set by the decision rights; an administrator admits people with `mainstay user add NAME --role approver`.")) }
        };
    }
    let reason =
        Field { name: "reason", label: "Reason", hint: "Kept with the answer.", kind: Kind::Lines, required: false };
    let buttons = [
        Button { label: "Approve", sets: Some(("approved", "true")), first: true },
        Button { label: "Reject", sets: Some(("approved", "false")), first: false },
    ];
    form(request, "approval.answer", &[reason], &buttons)
}

fn course(row: &ApprovalRow) -> Vec<Event> {
    let what = html! { "asked for by " (row.request.requested_by.as_str()) };
    let mut events = vec![Event { at: row.asked, tone: Tone::Active, what }];
    if let Some((at, said)) = &row.answer {
        let (tone, word) = if said.approved { (Tone::Good, "approved") } else { (Tone::Bad, "rejected") };
        let what = html! { (word) " by " (said.by.as_str()) @if !said.reason.trim().is_empty() { ": " (said.reason) } };
        events.push(Event { at: *at, tone, what });
    }
    events
}
