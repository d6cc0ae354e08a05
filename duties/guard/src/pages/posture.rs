//! Posture: how well the controls are kept, by service, team, control or framework, now and over time.

use crate::ReviewRow;
use crate::duty::{PostureAsk, Step, posture_of};
use crate::posture::{By, NONE, Posture, Row};
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::chart::{Chart, Series, spark};
use mainstay_kit::ui::listing::how_many;
use mainstay_kit::ui::parts::{self, Figure, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format};
use mainstay_kit::{Call, Problem, Unit};
use mainstay_model::{Subject, Timestamp};
use maud::{Markup, html};

const PATH: &str = "/guard";

/// Rows on the page; the operation gives all.
const ROWS_MAX: usize = 50;

pub(super) fn page(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let word = |name: &str| request.query.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let by = By::ALL.into_iter().find(|by| Some(by.as_str()) == word("by")).unwrap_or_default();
    let step = Step::ALL.into_iter().find(|step| Some(step.as_str()) == word("step")).unwrap_or_default();
    let found = posture_of(call, &PostureAsk { by, step, as_of: None })?;
    let target = call.world.kpis.iter().find(|kpi| kpi.spec.id == "policy-compliance").and_then(|kpi| kpi.spec.target);
    let body = html! {
        (parts::lede("How well the controls are kept. The share is KPI 8: resources that pass every key control that applies to them."))
        (parts::figures(&figures(call, &found, target)?))
        @if found.items.is_empty() && found.share.iter().all(Option::is_none) {
            (parts::empty("Nothing was judged yet.", "Collect what should be judged: `mainstay collect terraform`, or try `mainstay scan`."))
        } @else {
            (parts::section("course", "Over time", course(call, &found, (by, step), target)))
            (parts::section("slices", "Slices", slices(&found, (by, step), target)))
        }
    };
    Ok(Content { title: "Guard".to_owned(), body })
}

fn figures(call: &Call<'_>, found: &Posture, target: Option<f64>) -> Result<Vec<Figure<'static>>, Problem> {
    let share = found.share.last().copied().flatten();
    let tone = match (share, target) {
        (None, _) => Tone::Unknown,
        (Some(share), Some(target)) if share >= target => Tone::Good,
        (Some(_), Some(_)) => Tone::Bad,
        (Some(_), None) => Tone::Quiet,
    };
    let value = share.map_or(format::NONE.to_owned(), |share| format::value(Unit::Ratio, share));
    let last = |of: &[u64]| of.last().copied().unwrap_or(0);
    let figure =
        |name, count: u64, href: String, tone| Figure { name, value: format::count(count), href: Some(href), tone };
    let stopped = how_many::<ReviewRow>(call, &[("gate", "stopped")])?;
    let reviewed = how_many::<ReviewRow>(call, &[])?;
    Ok(vec![
        Figure { name: "Comply (KPI 8)", value, href: Some(address::page(["kpis", "policy-compliance"])), tone },
        figure("Findings open", last(&found.open), address::with_query("/findings", [("state", "open")]), Tone::Quiet),
        figure("Waived", last(&found.waived), address::with_query("/findings", [("state", "waived")]), Tone::Quiet),
        figure("Plans reviewed", reviewed, "/plans".to_owned(), Tone::Quiet),
        figure("Plans stopped", stopped, address::with_query("/plans", [("gate", "stopped")]), Tone::Quiet),
    ])
}

fn tabs(label: &str, anchor: &str, words: &[(&'static str, String)], current: &str, other: (&str, &str)) -> Markup {
    html! {
        nav class="tabs" aria-label=(label) {
            @for (word, text) in words {
                @let href = address::with_query(PATH, [(anchor, *word), other]);
                a href={ (href) "#" (if anchor == "by" { "slices" } else { "course" }) } aria-current=[(*word == current).then_some("true")] { (text) }
            }
        }
    }
}

fn course(call: &Call<'_>, found: &Posture, (by, step): (By, Step), target: Option<f64>) -> Markup {
    let words: Vec<(&'static str, String)> =
        Step::ALL.iter().map(|step| (step.as_str(), step.title().to_owned())).collect();
    let form = if step == Step::Month { "%b %y" } else { "%-d %b" };
    let day = |at: &Timestamp| at.to_zoned(call.world.settings.zone.clone()).strftime(form).to_string();
    let points = || found.times.iter().map(|at| (*at, day(at))).collect::<Vec<_>>();
    let counts = |of: &[u64]| of.iter().map(|count| Some(*count as f64)).collect();
    let share = Chart {
        id: "share",
        title: "Resources that comply (KPI 8)",
        unit: Unit::Ratio,
        suffix: "",
        bars: false,
        points: points(),
        series: vec![Series { name: "Comply", values: found.share.clone() }],
        target,
        band: None,
    };
    let findings = Chart {
        id: "findings",
        title: "Findings of controls",
        unit: Unit::Count,
        suffix: "",
        bars: false,
        points: points(),
        series: vec![
            Series { name: "Open", values: counts(&found.open) },
            Series { name: "Waived", values: counts(&found.waived) },
        ],
        target: None,
        band: None,
    };
    html! {
        (tabs("Step", "step", &words, step.as_str(), ("by", by.as_str())))
        h3 { "Resources that comply" }
        (share.draw())
        h3 { "Findings of controls" }
        (findings.draw())
    }
}

fn slices(found: &Posture, (by, step): (By, Step), target: Option<f64>) -> Markup {
    let words: Vec<(&'static str, String)> =
        By::ALL.iter().map(|by| (by.as_str(), format!("By {}", by.as_str()))).collect();
    let shown = found.items.len().min(ROWS_MAX);
    let more = address::with_query("/v1/posture", [("by", by.as_str()), ("step", step.as_str())]);
    html! {
        (tabs("Slice by", "by", &words, by.as_str(), ("step", step.as_str())))
        @if found.items.is_empty() { p class="note" { "Nothing to slice." } } @else {
            (table("Slices", &columns(by, target), &found.items[..shown]))
        }
        div class="foot" {
            p class="note" {
                @if shown < found.items.len() { (format::count(shown as u64)) " of " (format::count(found.items.len() as u64)) " are shown. " }
                @match by {
                    By::Service | By::Team => { "Of resources. What is stale or undecided is unknown and not kept; what nobody judged is unknown and in no sum. A dash is no data, never zero." }
                    By::Control | By::Framework => { "Of verdicts. A resource may keep one control and break another, so that these shares are no part of KPI 8." }
                }
            }
            span class="downloads" { "Download " a href=(more) download="posture.json" { "JSON" } }
        }
    }
}

fn columns<'a>(by: By, target: Option<f64>) -> Vec<Column<'a, Row>> {
    let mut columns = vec![
        Column::new(heading(by), move |row: &Row| name(by, row)),
        Column::new("Kept", |row: &Row| match row.share {
            Some(share) => html! { (format::value(Unit::Ratio, share)) },
            None => parts::none(),
        })
        .numeric(),
        Column::new("Of", |row: &Row| html! { (format::count(row.kept)) " of " (format::count(row.counted)) })
            .numeric()
            .needs(Room::Medium),
        Column::new("Unknown", |row: &Row| html! { (format::count(row.unknown)) }).numeric().needs(Room::Wide),
    ];
    if by == By::Framework {
        columns.push(
            Column::new("Controls broken", |row: &Row| match row.controls {
                Some((all, broken)) => html! { (format::count(broken)) " of " (format::count(all)) },
                None => parts::none(),
            })
            .numeric(),
        );
    }
    columns.push(Column::new("Open", move |row: &Row| open(by, row)).numeric());
    columns.push(Column::new("Waived", |row: &Row| html! { (format::count(row.waived)) }).numeric().needs(Room::Wide));
    if matches!(by, By::Service | By::Team) {
        columns.push(
            Column::new("Kept over time", move |row: &Row| {
                let spoken = spoken(&row.share_over_time, |value| format::value(Unit::Ratio, value));
                spark(&row.share_over_time, target, &spoken)
            })
            .needs(Room::Medium),
        );
    }
    columns.push(
        Column::new("Open over time", |row: &Row| {
            let values: Vec<Option<f64>> = row.open_over_time.iter().map(|count| Some(*count as f64)).collect();
            spark(&values, None, &spoken(&values, |value| format::decimal(value, 0)))
        })
        .needs(Room::Medium),
    );
    columns
}

const fn heading(by: By) -> &'static str {
    match by {
        By::Service => "Service",
        By::Team => "Team",
        By::Control => "Control",
        By::Framework => "Framework",
    }
}

/// The course in words, for whoever does not see the line.
fn spoken(values: &[Option<f64>], text: impl Fn(f64) -> String) -> String {
    let text = |value: &Option<f64>| value.map_or_else(|| "no data".to_owned(), &text);
    format!("Oldest first: {}", values.iter().map(text).collect::<Vec<_>>().join(", "))
}

fn name(by: By, row: &Row) -> Markup {
    if row.slice == NONE {
        return html! { span class="none" { "no " (by.as_str()) } };
    }
    match (by, Subject::new(row.slice.as_str())) {
        (By::Service | By::Team, Ok(subject)) => parts::subject(&subject),
        (By::Control, _) => html! {
            (row.title.as_deref().unwrap_or(&row.slice))
            div class="soft" {
                (row.slice)
                @if let Some(severity) = row.severity { " " (parts::severity(severity)) }
            }
        },
        _ => html! { (row.slice) },
    }
}

fn open(by: By, row: &Row) -> Markup {
    let count = format::count(row.open);
    match by {
        By::Control if row.open > 0 => {
            let rule = mainstay_kit::ui::list::whole(&row.slice);
            parts::link(&address::with_query("/findings", [("state", "open"), ("rule", rule.as_str())]), &count)
        }
        _ => html! { (count) },
    }
}
