//! The scorecard, and a page for each KPI: its value, how it moves, and everything that made it.

use crate::api::{Card, KpiAsk, card, find, moment, scorecard, span};
use mainstay_kit::page::{Content, Request};
use mainstay_kit::scorecard::{Ask, contributions, value};
use mainstay_kit::ui::chart::{Chart, Series, spark};
use mainstay_kit::ui::parts::{self, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format};
use mainstay_kit::{Better, Call, Contribution, Kpi, KpiValue, Page, Problem, Standing, Unit};
use mainstay_model::facts::Role;
use mainstay_model::{Span, Timestamp, Window};
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(crate) fn pages() -> Vec<Page> {
    vec![
        Page { path: "/", navigation: Some((0, "Scorecard")), least: Role::Viewer, render: overview },
        Page { path: "/kpis/{id}", navigation: None, least: Role::Viewer, render: one },
    ]
}

/// Contributions on a page of a KPI.
const ROWS: usize = 50;

/// Facts that are linked from one row.
const FACT_LINKS: usize = 3;

/// Months in the chart of a KPI.
const MONTHS: usize = 12;

fn asked(request: &Request) -> KpiAsk {
    let text =
        |name: &str| request.query.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    KpiAsk { from: text("from"), to: text("to"), as_of: text("as_of"), by: None }
}

fn overview(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let ask = asked(request);
    let found = scorecard(call, &ask)?;
    let window = text_of(call, Span { from: found.from, to: found.to });
    let count = |met: Option<bool>| {
        found.kpis.iter().filter(|card| card.value.is_some() && card.met == met).count().to_string()
    };
    let figure = |name, met, tone| parts::Figure { name, value: count(met), href: None, tone };
    let without = found.kpis.iter().filter(|card| card.value.is_none()).count().to_string();
    let figures = [
        figure("Met", Some(true), Tone::Good),
        figure("Not met", Some(false), Tone::Bad),
        figure("No target", None, Tone::Quiet),
        parts::Figure { name: "No data", value: without, href: None, tone: Tone::Unknown },
    ];
    let download = |format| address::with_query("/v1/kpis", window_pairs(&ask).chain([("format", format)]));
    let body = html! {
        (parts::lede(&format!("{window}, from {} facts. Each figure opens what made it.", format::count(found.known))))
        (parts::figures(&figures))
        (choose(call, "/", &ask, (found.from, found.to), None))
        (table("The nineteen KPIs", &overview_columns(&ask), &found.kpis))
        div class="foot" {
            p class="note" { "A dash is no data, never zero. The dotted line of a trend is the target." }
            span class="downloads" { "Download " a href=(download("csv")) download="kpis.csv" { "CSV" } " " a href=(download("json")) download="kpis.json" { "JSON" } }
        }
    };
    Ok(Content { title: "Scorecard".to_owned(), body })
}

fn overview_columns<'a>(ask: &'a KpiAsk) -> Vec<Column<'a, Card>> {
    let href = |card: &Card| address::with_query(&address::page(["kpis", &card.id]), window_pairs(ask));
    vec![
        Column::new("KPI", move |card: &Card| {
            html! { span class="kpi" { span class="number" { (card.number) } (parts::link(&href(card), &card.name)) } }
        }),
        Column::new("Value", move |card: &Card| match card.value {
            Some(value) => html! { a class="value" href=(href(card)) { (format::value(card.unit, value)) } },
            None => parts::none(),
        })
        .numeric(),
        Column::new("Target", |card: &Card| target(card)).numeric().needs(Room::Medium),
        Column::new("Standing", |card: &Card| standing(card)),
        Column::new("12 months", |card: &Card| {
            let values: Vec<Option<f64>> = card.trend.iter().map(|point| point.value).collect();
            spark(&values, card.target, &spoken(card.unit, &values))
        }),
        Column::new("Made of", |card: &Card| made_of(card)).numeric().needs(Room::Medium),
        Column::new("Unknown or what is missing", |card: &Card| missing(card)).needs(Room::Wide),
    ]
}

/// The trend in words, for whoever does not see the line.
fn spoken(unit: Unit, values: &[Option<f64>]) -> String {
    let text = |value: &Option<f64>| value.map_or_else(|| "no data".to_owned(), |value| format::value(unit, value));
    format!("By month, oldest first: {}", values.iter().map(text).collect::<Vec<_>>().join(", "))
}

fn target(card: &Card) -> Markup {
    let Some(target) = card.target else { return html! { span class="none" { (trend_word(card.better)) } } };
    let sign = if card.better == Better::Lower { "≤" } else { "≥" };
    html! { (sign) " " (format::value(card.unit, target)) }
}

fn trend_word(better: Better) -> &'static str {
    if better == Better::Lower { "falling" } else { "rising" }
}

fn standing(card: &Card) -> Markup {
    match (card.value, card.met) {
        (None, _) => parts::status(Tone::Unknown, "no data"),
        (_, Some(true)) => parts::status(Tone::Good, "met"),
        (_, Some(false)) => parts::status(Tone::Bad, "not met"),
        (_, None) => parts::status(Tone::Quiet, "no target"),
    }
}

/// A share tells its numerator and denominator; a mean tells of how many it is one.
fn made_of(card: &Card) -> Markup {
    if card.value.is_none() {
        return parts::none();
    }
    let denominator = format::decimal(card.denominator, 1);
    match card.unit {
        Unit::Ratio => html! { (format::decimal(card.numerator, 1)) " of " (denominator) },
        _ => html! { (denominator) },
    }
}

fn missing(card: &Card) -> Markup {
    if card.value.is_none() {
        return html! { span class="soft" { (parts::prose(&card.needs)) } };
    }
    if card.unknown == 0 {
        parts::none()
    } else {
        html! { (format::count(card.unknown)) " unknown" }
    }
}

/// The window as people say it: whole days in the scorecard's zone, the last one included.
fn text_of(call: &Call<'_>, span: Span) -> String {
    let day = |at: Timestamp| at.to_zoned(call.world.settings.zone.clone()).strftime("%-d %b %Y").to_string();
    let last = Timestamp::from_second(span.to.as_second() - 1).unwrap_or(span.from);
    format!("{} to {}", day(span.from), day(last))
}

fn window_pairs(ask: &KpiAsk) -> impl Iterator<Item = (&str, &str)> {
    [
        ("from", ask.from.as_deref().unwrap_or_default()),
        ("to", ask.to.as_deref().unwrap_or_default()),
        ("as_of", ask.as_of.as_deref().unwrap_or_default()),
    ]
    .into_iter()
}

/// The form that chooses the window and, where wanted, the slices.
fn choose(call: &Call<'_>, path: &str, ask: &KpiAsk, (from, to): (Timestamp, Timestamp), by: Option<&str>) -> Markup {
    let day = |at: Timestamp| at.to_zoned(call.world.settings.zone.clone()).strftime("%Y-%m-%d").to_string();
    let shown = |given: &Option<String>, at: Timestamp| given.clone().unwrap_or_else(|| day(at));
    let chosen = ask.from.is_some() || ask.to.is_some() || ask.as_of.is_some();
    html! {
        form class="filters" method="get" action=(path) aria-label="Window" {
            label { span { "From" } input type="text" name="from" value=(shown(&ask.from, from)) size="12" inputmode="numeric" autocomplete="off"; }
            label { span { "To, not included" } input type="text" name="to" value=(shown(&ask.to, to)) size="12" inputmode="numeric" autocomplete="off"; }
            label { span { "As known on" } input type="text" name="as_of" value=(ask.as_of.as_deref().unwrap_or_default()) placeholder="today" size="12" autocomplete="off"; }
            @if let Some(by) = by { input type="hidden" name="by" value=(by); }
            button type="submit" { "Apply" }
            @if chosen { a class="clear" href=(path) { "Last 30 days" } }
        }
    }
}

fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let id = request.parameters.get("id").map_or("", String::as_str);
    let kpi = find(call, id)?;
    let ask = asked(request);
    let by = request.query.get("by").map_or("team", String::as_str);
    let found = card(call, kpi, &KpiAsk { by: Some(by.to_owned()), ..ask.clone() })?;
    let span = span(call, &ask)?;
    let reader = call.reader(ask.as_of.as_deref())?;
    let all = contributions(call, &reader, kpi, Ask { span, as_of: moment(call, &ask)? })?;
    let path = address::page(["kpis", &found.id]);
    let body = html! {
        (parts::crumbs(&[("/", "Scorecard")]))
        (choose(call, &path, &ask, (span.from, span.to), Some(by)))
        (summary(&found, &text_of(call, span)))
        @if found.value.is_none() && all.as_ref().is_none_or(|all| all.is_empty()) {
            (parts::empty("No data in this window.", &found.needs))
        }
        @if let Some(all) = &all {
            (parts::section("trend", "Twelve months", trend(call, kpi, &ask, span)?))
            (parts::section("slices", "Slices", slices(&found, &ask, by, all)))
            (parts::section("made-of", "What made it", contributing(request, &ask, &path, &found, all, call.today())))
        }
    };
    Ok(Content { title: found.name, body })
}

fn summary(card: &Card, window: &str) -> Markup {
    let amount = |value: f64| format::value(card.unit, value);
    let figure = card.value.map_or_else(parts::none, |value| html! { strong class="value" { (amount(value)) } });
    let sum = |value: f64| if card.unit == Unit::Ratio { format::decimal(value, 2) } else { amount(value) };
    let mut pairs = vec![
        ("Value", html! { (figure) " " (standing(card)) }),
        ("Target", target(card)),
        ("Window", html! { (window) }),
        ("Numerator", html! { (sum(card.numerator)) }),
        ("Denominator", html! { (format::decimal(card.denominator, 2)) }),
        (
            "95 % interval",
            card.interval.map_or_else(parts::none, |(low, high)| html! { (amount(low)) " to " (amount(high)) }),
        ),
    ];
    for (name, label) in [("median", "Median"), ("p90", "90th percentile"), ("suspected", "If all suspected")] {
        if let Some(value) = card.details.get(name) {
            pairs.push((label, html! { (amount(*value)) }));
        }
    }
    pairs.push(("Excluded", reasons(&card.excluded)));
    pairs.push(("Unknown", reasons(&card.unknown_why)));
    pairs.push(("Facts", html! { a href="#made-of" { (format::count(card.facts_total)) } }));
    pairs.push(("Definition", html! { "version " (card.version) ", duty " (card.duty) }));
    parts::definitions(&pairs)
}

/// Counts by their reason.
fn reasons(reasons: &BTreeMap<String, u64>) -> Markup {
    if reasons.is_empty() {
        return html! { "0" };
    }
    html! { @for (at, (why, count)) in reasons.iter().enumerate() { @if at > 0 { ", " } (format::count(*count)) " " (why) } }
}

/// The chart of the calendar months that end with the window's.
fn trend(call: &Call<'_>, kpi: &Kpi, ask: &KpiAsk, span: Span) -> Result<Markup, Problem> {
    let reader = call.reader(ask.as_of.as_deref())?;
    let as_of = moment(call, ask)?;
    let last = Timestamp::from_second(span.to.as_second() - 1).unwrap_or(span.from);
    let mut points = Vec::with_capacity(MONTHS);
    let mut values: Vec<Option<KpiValue>> = Vec::with_capacity(MONTHS);
    for month in Window::months_back(last, &call.world.settings.zone, MONTHS) {
        let label = month.span.from.to_zoned(call.world.settings.zone.clone()).strftime("%b %y").to_string();
        points.push((month.span.from, label));
        values.push(value(call, &reader, kpi, Ask { span: month.span, as_of })?);
    }
    let band: Vec<Option<(f64, f64)>> =
        values.iter().map(|value| value.as_ref().and_then(|value| value.interval)).collect();
    let chart = Chart {
        id: "chart",
        title: &format!("{} by month", kpi.spec.name),
        unit: kpi.spec.unit,
        suffix: "",
        bars: false,
        points,
        series: vec![Series {
            name: "Value",
            values: values.iter().map(|value| value.as_ref().and_then(|value| value.value)).collect(),
        }],
        target: kpi.spec.target,
        band: band.iter().any(Option::is_some).then_some(band),
    };
    Ok(chart.draw())
}

fn slices(card: &Card, ask: &KpiAsk, by: &str, all: &[Contribution]) -> Markup {
    let path = address::page(["kpis", &card.id]);
    let mut names = vec!["service", "team", "tier"];
    if let Some((own, _)) = all.iter().find_map(|one| one.slice.as_ref()) {
        names.push(own);
    }
    let columns = [
        Column::new("Slice", |slice: &crate::api::Slice| match mainstay_model::Subject::new(slice.slice.as_str()) {
            Ok(subject) => parts::subject(&subject),
            Err(_) => html! { (slice.slice) },
        }),
        Column::new("Value", |slice: &crate::api::Slice| {
            html! { @match slice.value { Some(value) => { (format::value(card.unit, value)) } None => { (format::NONE) } } }
        })
        .numeric(),
        Column::new("Denominator", |slice: &crate::api::Slice| html! { (format::decimal(slice.denominator, 2)) }).numeric(),
        Column::new("95 % interval", |slice: &crate::api::Slice| match slice.interval {
            Some((low, high)) => html! { (format::value(card.unit, low)) " to " (format::value(card.unit, high)) },
            None => parts::none(),
        })
        .numeric()
        .needs(Room::Medium),
    ];
    html! {
        nav class="tabs" aria-label="Slice by" {
            @for name in names {
                @let href = address::with_query(&path, window_pairs(ask).chain([("by", name)]));
                a href={ (href) "#slices" } aria-current=[(name == by).then_some("true")] { "By " (name) }
            }
        }
        @if card.slices.is_empty() { p class="note" { "Nothing to slice." } } @else { (table("Slices", &columns, &card.slices)) }
    }
}

/// Every entity that adds to the value, with its facts.
fn contributing(
    request: &Request,
    ask: &KpiAsk,
    path: &str,
    card: &Card,
    all: &[Contribution],
    now: Timestamp,
) -> Markup {
    let chosen = request.query.get("standing").map_or("", String::as_str);
    let word = |one: &Contribution| match one.standing {
        Standing::Counted => "counted",
        Standing::Excluded(_) => "excluded",
        Standing::Unknown(_) => "unknown",
    };
    let mut rows: Vec<&Contribution> = all.iter().filter(|one| chosen.is_empty() || word(one) == chosen).collect();
    // What counts comes first, and of that what adds most; then what cannot be told; then what was left out.
    let rank = |one: &Contribution| match one.standing {
        Standing::Counted => 0,
        Standing::Unknown(_) => 1,
        Standing::Excluded(_) => 2,
    };
    rows.sort_by(|a, b| {
        let size = || b.numerator.total_cmp(&a.numerator);
        rank(a).cmp(&rank(b)).then_with(size).then_with(|| b.at.cmp(&a.at)).then_with(|| a.entity.cmp(&b.entity))
    });
    let last = rows.len().div_ceil(ROWS).max(1);
    let page = request.query.get("page").and_then(|text| text.parse::<usize>().ok()).unwrap_or(1).clamp(1, last);
    let shown: Vec<&Contribution> = rows.iter().skip((page - 1) * ROWS).take(ROWS).copied().collect();
    let by = request.query.get("by").map_or("", String::as_str);
    let here = |standing: &str, page: usize| {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let pairs = window_pairs(ask).chain([("by", by), ("standing", standing), ("page", page.as_str())]);
        address::with_query(path, pairs) + "#made-of"
    };
    let operation = format!("/v1/kpis/{}/contributions", address::segment(&card.id));
    let download = |format| address::with_query(&operation, window_pairs(ask).chain([("format", format)]));
    html! {
        nav class="tabs" aria-label="Standing" {
            @for (standing, label) in [("", "All"), ("counted", "Counted"), ("excluded", "Excluded"), ("unknown", "Unknown")] {
                @let count = all.iter().filter(|one| standing.is_empty() || word(one) == standing).count();
                a href=(here(standing, 1)) aria-current=[(standing == chosen).then_some("true")] { (label) " " (format::count(count as u64)) }
            }
        }
        @if shown.is_empty() {
            p class="note" { "None in this window." }
        } @else {
            (table("What made the value", &contribution_columns(card.unit, now), shown.iter()))
        }
        div class="foot" {
            nav class="pager" aria-label="Pages of contributions" {
                @if page > 1 { a href=(here(chosen, page - 1)) rel="prev" { "← Previous" } }
                @if last > 1 { span { "Page " (page) " of " (last) } }
                @if page < last { a href=(here(chosen, page + 1)) rel="next" { "Next →" } }
            }
            @if !all.is_empty() {
                span class="downloads" { "Download " a href=(download("csv")) download="contributions.csv" { "CSV" } " " a href=(download("json")) download="contributions.json" { "JSON" } }
            }
        }
    }
}

fn contribution_columns<'a>(unit: Unit, now: Timestamp) -> Vec<Column<'a, &'a Contribution>> {
    let sum =
        move |value: f64| if unit == Unit::Ratio { format::decimal(value, 2) } else { format::value(unit, value) };
    let subject = |text: &Option<String>| match text.as_deref().map(mainstay_model::Subject::new) {
        Some(Ok(subject)) => parts::subject(&subject),
        _ => html! { (text.as_deref().unwrap_or(format::NONE)) },
    };
    vec![
        Column::new("Entity", |one: &&Contribution| match mainstay_model::Subject::new(one.entity.as_str()) {
            Ok(subject) => parts::subject(&subject),
            Err(_) => html! { (one.entity) },
        }),
        Column::new("At", move |one: &&Contribution| parts::time(one.at, now)).needs(Room::Medium),
        Column::new("Standing", |one: &&Contribution| match one.standing {
            Standing::Counted => parts::status(Tone::Quiet, "counted"),
            Standing::Excluded(why) => html! { (parts::status(Tone::Quiet, "excluded")) ": " (why) },
            Standing::Unknown(why) => html! { (parts::status(Tone::Unknown, "unknown")) ": " (why) },
        }),
        Column::new("Numerator", move |one: &&Contribution| html! { (sum(one.numerator)) }).numeric(),
        Column::new("Denominator", |one: &&Contribution| html! { (format::decimal(one.denominator, 2)) })
            .numeric()
            .needs(Room::Medium),
        Column::new("Service", move |one: &&Contribution| subject(&one.service)).needs(Room::Wide),
        Column::new("Team", move |one: &&Contribution| subject(&one.team)).needs(Room::Wide),
        Column::new("Facts", |one: &&Contribution| parts::fact_links(&one.facts, FACT_LINKS)),
    ]
}
