//! The pages of objectives: what is left of each budget, how it came to that, and what follows.

use crate::judge::budget::{Ended, Reached, reached};
use crate::{BudgetPolicy, Objective, PlannedWork};
use jiff::SignedDuration;
use mainstay_estate::{Catalog, CatalogEntity, Owner};
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::chart::{Chart, Series};
use mainstay_kit::ui::list::Filter;
use mainstay_kit::ui::listing::{Listed, asked_for};
use mainstay_kit::ui::parts::{self, Event, Figure, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format, ledger, listing};
use mainstay_kit::{Call, Folded, Problem, Reader, Unit};
use mainstay_model::facts::{BudgetBurn, BudgetDeed, BudgetMeasured, BudgetState, BudgetUnit};
use mainstay_model::{PromiseKind, Span, Subject, Timestamp};
use maud::{Markup, html};

const STATES: [&str; 6] = ["exhausted", "burning", "unknown", "kept", "not measured", "withdrawn"];

/// Measurements that the chart of one objective shows; the ledger has all.
const COURSE_MAX: usize = 500;

/// How many days of planned work are looked at, back and ahead.
const WORK_DAYS: i64 = 90;

pub(super) fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let catalog = catalog(&call.reader(None)?)?;
    let listed = Listed::<Objective> {
        noun: "objectives",
        filters: vec![Filter::words("state", "State", &STATES), Filter::typed("service", "Service")],
        sorts: &[
            "id",
            "state",
            "service",
            "name",
            "percent",
            "good",
            "left",
            "gone_in_s",
            "covered",
            "measured",
            "facts",
        ],
        usual: "left",
        columns: columns(&catalog, now),
        operation: "objective.list",
        brings: "Put files of OpenSLO, Sloth or Pyrra into the folder, and name the metrics engine in `mainstay.toml`.",
    };
    let lede = "What is left of each error budget, as it was measured last; what was not recorded counts neither as good nor as bad.";
    let body = html! {
        (parts::lede(lede))
        (figures(call)?)
        (listed.draw(call, request)?)
    };
    Ok(Content { title: "Objectives".to_owned(), body })
}

fn catalog(reader: &Reader<'_>) -> Result<Catalog, Problem> {
    Ok(Catalog::new(&reader.all::<CatalogEntity>(None)?))
}

/// How many objectives stand where, each a link to those.
fn figures(call: &Call<'_>) -> Result<Markup, Problem> {
    let mut figures = Vec::new();
    for (state, name) in [("exhausted", "Exhausted"), ("burning", "Burning"), ("unknown", "Unknown"), ("kept", "Kept")]
    {
        let count = listing::how_many::<Objective>(call, &[("state", state)])?;
        let tone = if count == 0 { Tone::Quiet } else { tone(state) };
        let href = Some(address::with_query("/slo", [("state", state)]));
        figures.push(Figure { name, value: format::count(count), href, tone });
    }
    Ok(parts::figures(&figures))
}

fn columns<'a>(catalog: &'a Catalog, now: Timestamp) -> Vec<Column<'a, Folded<Objective>>> {
    let last = |row: &Folded<Objective>| row.entity.last.clone();
    vec![
        Column::new("Objective", |row: &Folded<Objective>| {
            let promise = row.entity.newest();
            let name = promise.map_or_else(|| row.key.clone(), |promise| named(&promise.kind));
            html! {
                (parts::link(&address::page(["slo", &row.key]), &name))
                @if let Some(promise) = promise { div { (parts::subject(&promise.subject)) } }
            }
        })
        .sorts("name"),
        Column::new("State", |row: &Folded<Objective>| parts::status(tone(row.entity.word()), row.entity.word()))
            .sorts("state"),
        Column::new("Budget left", move |row: &Folded<Objective>| share(last(row).and_then(|last| last.left)))
            .sorts("left")
            .numeric(),
        Column::new("Burn", move |row: &Folded<Objective>| burn(last(row).as_ref())).numeric().needs(Room::Medium),
        Column::new("Gone in", move |row: &Folded<Objective>| gone_in(last(row).as_ref()))
            .sorts("gone_in_s")
            .numeric()
            .needs(Room::Medium),
        Column::new("Good", move |row: &Folded<Objective>| good(last(row).and_then(|last| last.good)))
            .sorts("good")
            .numeric()
            .needs(Room::Medium),
        Column::new("Target", |row: &Folded<Objective>| html! { (row.entity.newest().map_or_else(String::new, |promise| target(&promise.kind))) })
            .sorts("percent")
            .numeric()
            .needs(Room::Wide),
        Column::new("Seen", move |row: &Folded<Objective>| share(last(row).map(|last| last.covered)))
            .sorts("covered")
            .numeric()
            .needs(Room::Wide),
        Column::new("Owner", |row: &Folded<Objective>| {
            let owner = row.entity.newest().map(|promise| catalog.owner_of(promise.subject.as_str())).unwrap_or_default();
            html! {
                (parts::subject_or_none(owner.team.as_ref()))
                @if let Some(tier) = owner.tier { div class="soft" { "tier " (tier) } }
            }
        })
        .needs(Room::Medium),
        Column::new("Measured", move |row: &Folded<Objective>| parts::time_or_none(last(row).map(|last| last.until), now))
            .sorts("measured")
            .needs(Room::Wide),
        Column::new("Facts", |row: &Folded<Objective>| parts::facts_of(&row.key, row.facts.len()))
            .sorts("facts")
            .numeric()
            .needs(Room::Medium),
    ]
}

fn tone(state: &str) -> Tone {
    match state {
        "kept" => Tone::Good,
        "burning" => Tone::Warn,
        "exhausted" => Tone::Bad,
        "unknown" | "not measured" => Tone::Unknown,
        _ => Tone::Quiet,
    }
}

fn named(kind: &PromiseKind) -> String {
    match kind {
        PromiseKind::ServiceLevel { name, .. } => name.clone(),
        _ => String::new(),
    }
}

fn target(kind: &PromiseKind) -> String {
    match kind {
        PromiseKind::ServiceLevel { percent, .. } => format!("{percent}\u{202f}%"),
        _ => String::new(),
    }
}

fn share(share: Option<f64>) -> Markup {
    share.map_or_else(unknown, |share| html! { (format::ratio(share)) })
}

/// The share that was good, with as many digits as objectives have nines.
fn good(share: Option<f64>) -> Markup {
    let Some(share) = share else { return unknown() };
    let text = format::decimal(share * 100.0, 3);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text.as_str() };
    html! { (text) "\u{202f}%" }
}

fn unknown() -> Markup {
    parts::status(Tone::Unknown, "unknown")
}

/// The burn of the shortest window that holds enough events.
fn burn(last: Option<&BudgetMeasured>) -> Markup {
    let Some(last) = last else { return parts::none() };
    match last.burns.iter().find(|burn| burn.rate.is_some() && !burn.few) {
        Some(burn) => html! { (rate(burn)) span class="soft" { " in " (burn.window) } },
        None => unknown(),
    }
}

fn rate(burn: &BudgetBurn) -> String {
    burn.rate.map_or_else(|| "unknown".to_owned(), |rate| format::decimal(rate, 2))
}

fn gone_in(last: Option<&BudgetMeasured>) -> Markup {
    match last {
        None => parts::none(),
        Some(BudgetMeasured { gone_in_s: Some(seconds), .. }) => {
            #[expect(clippy::cast_precision_loss, reason = "a time for people")]
            let seconds = *seconds as f64;
            html! { (format::seconds(seconds)) }
        }
        Some(last) if last.left.is_some_and(|left| left <= 0.0) => html! { "gone" },
        Some(last) if last.state == BudgetState::Unknown => unknown(),
        Some(_) => html! { "lasts" },
    }
}

pub(super) fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<Objective>(call, request, "objective")?;
    let (objective, now) = (&found.entity, call.today());
    let Some(promise) = objective.newest() else {
        return Err(Problem::absent("objective.unknown", format!("{} is no objective", found.key)));
    };
    let reader = call.reader(None)?;
    let catalog = catalog(&reader)?;
    let owner = catalog.owner_of(promise.subject.as_str());
    let body = html! {
        (parts::crumbs(&[("/slo", "Objectives")]))
        (parts::definitions(&definitions(objective, &owner, now)))
        @if let Some(last) = &objective.last { (parts::section("burns", "How fast it burns", burns(last))) }
        @if objective.course.len() > 1 { (parts::section("course", "What was left", course(objective))) }
        (parts::section("policy", "What followed", followed(&reader, &found, &catalog, now)?))
        (work(&reader, &promise.subject, now)?)
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title: format!("{} of {}", named(&promise.kind), promise.subject.name()), body })
}

fn definitions<'a>(objective: &Objective, owner: &Owner, now: Timestamp) -> Vec<(&'a str, Markup)> {
    let Some(promise) = objective.newest() else { return Vec::new() };
    let PromiseKind::ServiceLevel { percent, window, indicator, spec, .. } = &promise.kind else { return Vec::new() };
    let last = objective.last.as_ref();
    let mut pairs = vec![
        ("State", parts::status(tone(objective.word()), objective.word())),
        ("Budget left", left(last)),
        ("Gone in", gone_in(last)),
        ("Good", good(last.and_then(|last| last.good))),
        ("Objective", html! { (percent) "\u{202f}% over " (window) }),
        ("Service", parts::subject(&promise.subject)),
        ("Owner", parts::subject_or_none(owner.team.as_ref())),
        ("Tier", owner.tier.as_ref().map_or_else(parts::none, |tier| html! { (tier) })),
    ];
    if let Some(last) = last {
        pairs.push(("Counted", counted(last)));
        pairs.push((
            "Seen",
            html! { (format::ratio(last.covered)) " of the window" @if last.excluded_s > 0 { ", maintenance apart" } },
        ));
        pairs.push(("Window", html! { (parts::time(last.from, now)) " to " (parts::time(last.until, now)) }));
        if let Some(series) = &last.series {
            pairs.push(("Series", html! { code { (series) } span class="soft" { " has least left" } }));
        }
        for note in &last.notes {
            pairs.push(("Note", html! { (note) }));
        }
    }
    pairs.push(("Bad is", html! { code { (indicator.trim()) } span class="soft" { " " (spec) } }));
    pairs
}

fn left(last: Option<&BudgetMeasured>) -> Markup {
    let Some(last) = last else { return unknown() };
    let count = last.left_count.map(|count| amount(count, last.counts));
    html! { (share(last.left)) @if let Some(count) = count { span class="soft" { " " (count) } } }
}

fn counted(last: &BudgetMeasured) -> Markup {
    match (last.bad, last.total) {
        (Some(bad), Some(total)) => {
            let bad = match last.counts {
                BudgetUnit::Events => format::decimal(bad, 0),
                BudgetUnit::Seconds => amount(bad, last.counts),
            };
            html! { (bad) " bad of " (amount(total, last.counts)) }
        }
        _ => html! { "shares only: the indicator does not tell how many events there are" },
    }
}

fn amount(number: f64, unit: BudgetUnit) -> String {
    match unit {
        BudgetUnit::Events => format!("{} events", format::decimal(number, 0)),
        BudgetUnit::Seconds if number < 0.0 => format!("-{}", format::seconds(-number)),
        BudgetUnit::Seconds => format::seconds(number),
    }
}

fn burns(last: &BudgetMeasured) -> Markup {
    let columns: Vec<Column<'_, BudgetBurn>> = vec![
        Column::new("Window", |burn: &BudgetBurn| html! { (burn.window) }),
        Column::new("Times faster than allowed", |burn: &BudgetBurn| match burn.rate {
            Some(_) => html! { (rate(burn)) },
            None => unknown(),
        })
        .numeric(),
        Column::new("Events", |burn: &BudgetBurn| {
            if burn.few {
                parts::status(Tone::Unknown, "too few for an alert")
            } else {
                html! { "enough" }
            }
        }),
    ];
    table("Burn rates at the last measurement", &columns, &last.burns)
}

fn course(objective: &Objective) -> Markup {
    let from = objective.course.len().saturating_sub(COURSE_MAX);
    let shown = &objective.course[from..];
    Chart {
        id: "left",
        title: "Share of the error budget that was left, at each measurement",
        unit: Unit::Ratio,
        suffix: "",
        bars: false,
        points: shown.iter().map(|(at, ..)| (*at, format::minute(*at))).collect(),
        series: vec![Series { name: "Left", values: shown.iter().map(|(_, _, left)| *left).collect() }],
        target: Some(0.0),
        band: None,
    }
    .draw()
}

/// What policies asked for when the budget ran low.
fn followed(
    reader: &Reader<'_>,
    objective: &Folded<Objective>,
    catalog: &Catalog,
    now: Timestamp,
) -> Result<Markup, Problem> {
    let policies = reader.all::<BudgetPolicy>(None)?;
    let owner = |service: &Subject| catalog.owner_of(service.as_str());
    let mut all = reached(std::slice::from_ref(objective), &policies, &owner);
    if all.is_empty() {
        let what =
            if policies.is_empty() { "No policy says what is to happen." } else { "No step of a policy was reached." };
        return Ok(parts::empty(
            what,
            "A file with `version: mainstay/budget-policy/v1` says what happens at 50 % and at 0 %.",
        ));
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.since));
    let events: Vec<Event> = all.iter().map(event).collect();
    Ok(parts::timeline(&events, now))
}

fn event(one: &Reached) -> Event {
    let ended = one.until.map(|(at, why)| {
        let why = match why {
            Ended::Back => "more was left again",
            Ended::Policy => "the policy changed",
            Ended::Promise => "the promise was withdrawn",
        };
        format!(", until {}: {why}", format::minute(at))
    });
    let what = html! {
        "at or below " (one.step.left_percent) "\u{202f}% (" (one.policy) "): "
        @for (at, deed) in one.step.deeds.iter().enumerate() {
            @if at > 0 { ", " }
            (parts::link(&facts_of(one, *deed), deed.as_str()))
        }
        @if let Some(ended) = &ended { span class="soft" { (ended) } }
    };
    let tone = if one.until.is_some() { Tone::Quiet } else { Tone::Warn };
    Event { at: one.since, tone, what }
}

/// Where what was done can be read: a finding has a page, the others have facts.
fn facts_of(one: &Reached, deed: BudgetDeed) -> String {
    let subject = crate::act::budget::subject_of(one, deed);
    match deed {
        BudgetDeed::Finding => parts::subject_href(subject.as_str()),
        BudgetDeed::Note | BudgetDeed::Freeze => address::with_query("/ledger", [("subject", subject.as_str())]),
    }
}

/// Planned work of the service, of the last months and ahead.
fn work(reader: &Reader<'_>, service: &Subject, now: Timestamp) -> Result<Markup, Problem> {
    let reach = SignedDuration::from_hours(24 * WORK_DAYS);
    let span = Span { from: now.saturating_sub(reach).unwrap_or(now), to: now.saturating_add(reach).unwrap_or(now) };
    let mut all = reader.all::<PlannedWork>(Some(span))?;
    all.retain(|work| work.entity.newest.services.contains(service));
    if all.is_empty() {
        return Ok(html! {});
    }
    let columns: Vec<Column<'_, Folded<PlannedWork>>> = vec![
        Column::new("Work", |row: &Folded<PlannedWork>| html! { (row.entity.newest.title) }),
        Column::new("From", move |row: &Folded<PlannedWork>| parts::time(row.entity.newest.from, now)),
        Column::new("Until", move |row: &Folded<PlannedWork>| parts::time(row.entity.newest.until, now))
            .needs(Room::Medium),
        Column::new("State", |row: &Folded<PlannedWork>| {
            let is_out = row.entity.announced.is_some();
            parts::status(if is_out { Tone::Good } else { Tone::Warn }, row.entity.word())
        }),
        Column::new("Facts", |row: &Folded<PlannedWork>| parts::facts_of(&row.key, row.facts.len())).numeric(),
    ];
    Ok(parts::section(
        "work",
        "Planned work",
        table("Left out of the budget where it was announced in time", &columns, &all),
    ))
}
