//! Findings: the list, and one with what a person needs to act on it.

use crate::FindingRow;
use crate::act::WAIVE;
use mainstay_kit::page::{Content, Request};
use mainstay_kit::rights::Needs;
use mainstay_kit::ui::form::{Button, Field, Kind, form};
use mainstay_kit::ui::list::{Filter, whole};
use mainstay_kit::ui::listing::{Listed, asked_for, how_many};
use mainstay_kit::ui::parts::{self, Event, Figure, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, ListQuery, Problem};
use mainstay_model::{FindingState, Severity, Timestamp};
use maud::{Markup, html};

pub(super) fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let listed = Listed::<FindingRow> {
        noun: "findings",
        filters: vec![
            Filter::words("state", "State", &["open", "waived", "resolved"]),
            Filter::words("severity", "Severity", &Severity::ALL.map(Severity::as_str)),
            Filter::typed("rule", "Control or promise"),
            Filter::typed("owner", "Owner"),
        ],
        sorts: &["state", "severity", "rule", "subject", "owner", "opened", "due"],
        usual: "",
        columns: columns(now),
        operation: "finding.list",
        brings: "Collect what should be judged: `mainstay collect terraform`, or try `mainstay scan`.",
    };
    let mut figures = Vec::new();
    let severities =
        [(Severity::Critical, "Open, critical"), (Severity::High, "Open, high"), (Severity::Medium, "Open, medium")];
    for (severity, name) in severities {
        let count = how_many::<FindingRow>(call, &[("state", "open"), ("severity", severity.as_str())])?;
        let tone = if count > 0 && severity == Severity::Critical { Tone::Bad } else { Tone::Quiet };
        let href = address::with_query("/findings", [("state", "open"), ("severity", severity.as_str())]);
        figures.push(Figure { name, value: format::count(count), href: Some(href), tone });
    }
    let waived = how_many::<FindingRow>(call, &[("state", "waived")])?;
    let href = Some("/findings?state=waived".to_owned());
    figures.push(Figure { name: "Waived", value: format::count(waived), href, tone: Tone::Quiet });
    let body = html! { (parts::figures(&figures)) (listed.draw(call, request)?) };
    Ok(Content { title: "Findings".to_owned(), body })
}

fn columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<FindingRow>>> {
    vec![
        Column::new("Finding", |row: &Folded<FindingRow>| {
            let finding = &row.entity.finding;
            html! {
                (parts::link(&address::page(["findings", &row.key]), &finding.summary))
                div class="soft" { (finding.rule) }
            }
        })
        .sorts("rule"),
        Column::new("Severity", |row: &Folded<FindingRow>| parts::severity(row.entity.finding.severity))
            .sorts("severity"),
        Column::new("About", |row: &Folded<FindingRow>| parts::subject(&row.entity.finding.subject)).sorts("subject"),
        Column::new("Owner", |row: &Folded<FindingRow>| parts::subject_or_none(row.entity.finding.owner.as_ref()))
            .sorts("owner")
            .needs(Room::Medium),
        Column::new("State", move |row: &Folded<FindingRow>| state(&row.entity, now)).sorts("state"),
        Column::new("Opened", move |row: &Folded<FindingRow>| parts::time(row.entity.finding.opened, now))
            .sorts("opened")
            .needs(Room::Wide),
        Column::new("Due", move |row: &Folded<FindingRow>| due(&row.entity, now)).sorts("due").needs(Room::Medium),
    ]
}

fn state(row: &FindingRow, now: Timestamp) -> Markup {
    match row.state_at(now) {
        FindingState::Open => parts::status(Tone::Bad, "open"),
        FindingState::Waived => parts::status(Tone::Warn, "waived"),
        FindingState::Resolved => parts::status(Tone::Good, "resolved"),
    }
}

/// The due date of what is still open; overdue is said in words.
fn due(row: &FindingRow, now: Timestamp) -> Markup {
    match row.finding.due {
        Some(due) if row.state_at(now) == FindingState::Open && due <= now => {
            parts::status(Tone::Bad, &format!("overdue, {}", format::relative(due, now)))
        }
        Some(due) => parts::distance(due, now),
        None => parts::none(),
    }
}

/// The findings about one subject, for its own page.
pub(super) fn about(call: &Call<'_>, subject: &str) -> Result<Markup, Problem> {
    let filters = vec![("subject".to_owned(), vec![subject.to_owned()])];
    let query = ListQuery { filters, limit: 100, ..ListQuery::default() };
    let found = call.reader(None)?.list::<FindingRow>(&query)?;
    if found.items.is_empty() {
        return Ok(html! { p class="note" { "No finding is about it." } });
    }
    let mut columns = columns(call.today());
    columns.remove(2);
    Ok(table("Findings", &columns, &found.items))
}

pub(super) fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<FindingRow>(call, request, "finding")?;
    let (row, now) = (&found.entity, call.today());
    let finding = &row.finding;
    let place = finding.place.as_ref().map_or_else(parts::none, |place| html! { code { (place) } });
    let pairs = [
        ("State", state(row, now)),
        ("Severity", parts::severity(finding.severity)),
        ("About", parts::subject(&finding.subject)),
        ("Owner", parts::subject_or_none(finding.owner.as_ref())),
        (
            "Control",
            parts::link(&address::with_query("/findings", [("rule", whole(&finding.rule).as_str())]), &finding.rule),
        ),
        ("Due", due(row, now)),
        ("In", place),
        ("Id", html! { code { (finding.id) } }),
    ];
    let body = html! {
        (parts::crumbs(&[("/findings", "Findings")]))
        (parts::definitions(&pairs))
        (parts::section("course", "Course", parts::timeline(&course(row), now)))
        (parts::section("mend", "What to do", what_to_do(row)))
        @if row.state_at(now) != FindingState::Resolved {
            (parts::section("waiver", "Accept it for a time", accept(call, request)))
        }
        @if let Some(requests) = super::approvals::about(call, &found.key)? { (parts::section("requests", "Requests", requests)) }
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title: finding.summary.clone(), body })
}

fn course(row: &FindingRow) -> Vec<Event> {
    let finding = &row.finding;
    let mut events = vec![Event { at: finding.opened, tone: Tone::Bad, what: html! { "opened" } }];
    if let Some((at, waived)) = &row.waiver {
        let what = html! {
            "waived by " (waived.by.as_str()) " until " (format::day(waived.until)) ": " (waived.reason)
            span class="soft" { " asked for by " (waived.requested_by.as_str()) }
        };
        events.push(Event { at: *at, tone: Tone::Warn, what });
    }
    if let Some(at) = finding.resolved {
        let reason = row.reason.as_deref().unwrap_or_default();
        events.push(Event {
            at,
            tone: Tone::Good,
            what: html! { "resolved" @if !reason.is_empty() { ": " (reason) } },
        });
    }
    events.sort_by_key(|event| event.at);
    events
}

/// Why it matters and how to mend it, where the rule is a control that comes with the program.
fn what_to_do(row: &FindingRow) -> Markup {
    let rule = &row.finding.rule;
    let name = format!("/{rule}.md");
    let file = mainstay_policy::built_in().into_iter().find(|file| file.path.ends_with(&name));
    let engine = file.map(|file| mainstay_policy::Engine::load(&[file]).0);
    match engine.as_ref().and_then(|engine| engine.control(rule)) {
        Some(control) => html! { (written(&control.why)) (written(&control.fix)) },
        None => html! { p { "Why it matters and how to mend it: " code { "mainstay control show " (rule) } } },
    }
}

/// A control's own text: paragraphs, and the blocks that are set as they stand. The rule is for machines and stays out.
fn written(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split("```").enumerate() {
            @if at % 2 == 1 {
                @let (language, block) = part.split_once('\n').unwrap_or(("", part));
                @if !language.starts_with("rule") {
                    pre class="json" tabindex="0" role="region" aria-label="How to mend it" { code { (block.trim_end()) } }
                }
            } @else {
                @for paragraph in part.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
                    p { (parts::prose(paragraph.trim())) }
                }
            }
        }
    }
}

/// The form that asks for a waiver; the operation behind it is that of `mainstay finding waive`.
fn accept(call: &Call<'_>, request: &Request) -> Markup {
    let fields = [
        Field {
            name: "reason",
            label: "Reason",
            hint: "Why it is acceptable, for the next reader; 10 characters or more.",
            kind: Kind::Lines,
            required: true,
        },
        Field { name: "until", label: "Until", hint: "At most 366 days ahead.", kind: Kind::Day, required: true },
    ];
    let alone = call.world.settings.rights.of(WAIVE).needs == Needs::Auto;
    html! {
        p class="note" {
            @if alone { "By the decision rights it holds at once." }
            @else { "Somebody else with the authority answers; until then the finding stays open." }
        }
        (form(request, WAIVE, &fields, &[Button { label: "Ask for a waiver", sets: None, first: true }]))
    }
}
