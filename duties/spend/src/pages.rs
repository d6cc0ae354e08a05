//! The page of spend: what a window cost, by day and by part, beside the window before it.

use crate::SpendDay;
use crate::sums::{DaySum, PARTS, within};
use jiff::SignedDuration;
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::chart::{Chart, Series};
use mainstay_kit::ui::list::{self, Filter};
use mainstay_kit::ui::listing::Listed;
use mainstay_kit::ui::parts::{self, Figure, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format};
use mainstay_kit::{Call, Folded, Page, Problem, Unit};
use mainstay_model::facts::Role;
use mainstay_model::{Currency, Decimal, Money, Span, Subject, Timestamp};
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(crate) fn pages() -> Vec<Page> {
    vec![Page { path: "/spend", navigation: Some((80, "Spend")), least: Role::Viewer, render: overview }]
}

/// Windows on offer, in days; the first is the usual one.
const WINDOWS: [i64; 3] = [30, 60, 90];

fn overview(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let text = |name: &str| request.query.get(name).map_or("", |value| value.trim());
    let days = text("days").parse().ok().filter(|days| WINDOWS.contains(days)).unwrap_or(WINDOWS[0]);
    let by = PARTS.iter().find(|part| **part == text("by")).unwrap_or(&PARTS[0]);
    let window = window(call.today(), days);
    let before = Span { from: back(window.from, days), to: window.from };
    let (then, now): (Vec<DaySum>, Vec<DaySum>) =
        within(call, Span { from: before.from, to: window.to }, by)?.into_iter().partition(|sum| sum.day < window.from);
    let currency = main_currency(&now);
    let body = html! {
        (tabs(days, by))
        @if let Some(currency) = currency {
            (figures(&now, &then, currency, days))
            (by_day(&now, window, currency).draw())
            (parts::section("parts", "By part", by_part(&now, &then, currency, days, by)))
            (parts::section("days", "Days", listed(call, request)?))
        } @else {
            (parts::empty("No cost is known in this window.", "Read a bill: `mainstay collect focus bill.csv`."))
        }
    };
    Ok(Content { title: "Spend".to_owned(), body })
}

/// Whole days in UTC, as bills count them, that end with today.
fn window(today: Timestamp, days: i64) -> Span {
    let seconds = today.as_second().div_euclid(86_400) * 86_400 + 86_400;
    let to = Timestamp::from_second(seconds).unwrap_or(today);
    Span { from: back(to, days), to }
}

fn back(at: Timestamp, days: i64) -> Timestamp {
    at.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
}

/// The currency that most is paid in. Amounts of others are never added to it; they are named beside it.
fn main_currency(days: &[DaySum]) -> Option<Currency> {
    let mut sums: BTreeMap<Currency, Decimal> = BTreeMap::new();
    for day in days.iter().filter(|day| day.is_whole()) {
        *sums.entry(day.currency).or_default() += day.effective;
    }
    sums.into_iter().max_by_key(|(_, sum)| *sum).map(|(currency, _)| currency)
}

fn total<'a>(days: impl IntoIterator<Item = &'a DaySum>, currency: Currency) -> Decimal {
    days.into_iter().filter(|day| day.currency == currency).map(|day| day.effective).sum()
}

fn whole(days: &[DaySum]) -> impl Iterator<Item = &DaySum> {
    days.iter().filter(|day| day.is_whole())
}

fn tabs(days: i64, by: &str) -> Markup {
    html! {
        nav class="tabs" aria-label="Window" {
            @for window in WINDOWS {
                @let text = window.to_string();
                a href=(address::with_query("/spend", [("days", text.as_str()), ("by", by)])) aria-current=[(window == days).then_some("true")] { (window) " days" }
            }
        }
    }
}

fn figures(now: &[DaySum], then: &[DaySum], currency: Currency, days: i64) -> Markup {
    let show = |amount| format::money(&Money { amount, currency });
    let (sum, earlier) = (total(whole(now), currency), total(whole(then), currency));
    let figure = |name, value| Figure { name, value, href: None, tone: Tone::Quiet };
    let unallocated = total(now.iter().filter(|day| day.part == "team" && day.name.is_empty()), currency);
    let restated = whole(now).map(|day| day.restated).sum();
    let others: u64 = whole(now).filter(|day| day.currency != currency).map(|day| day.places).sum();
    html! {
        (parts::figures(&[
            figure("Effective cost", show(sum)),
            figure("Days before", show(earlier)),
            figure("Change", change(sum, earlier)),
            figure("Without a team", show(unallocated)),
            figure("Restated", format::count(restated)),
        ]))
        p class="note" { "The last " (days) " days up to today, in " (currency) ", prepayments spread."
            @if others > 0 { " " (others) " days of other currencies are not added." }
        }
    }
}

/// How much more or less, in per cent; nothing to compare with is no data.
fn change(now: Decimal, then: Decimal) -> String {
    if then.is_zero() {
        return format::NONE.to_owned();
    }
    let share = number((now - then) / then);
    let sign = if share > 0.0 { "+" } else { "" };
    format!("{sign}{}", format::ratio(share))
}

/// For drawing only; sums are made of decimals.
fn number(amount: Decimal) -> f64 {
    amount.to_string().parse().unwrap_or(f64::NAN)
}

fn by_day(days: &[DaySum], window: Span, currency: Currency) -> Chart<'static> {
    let mut sums: BTreeMap<Timestamp, Decimal> = BTreeMap::new();
    for day in whole(days).filter(|day| day.currency == currency) {
        *sums.entry(day.day).or_default() += day.effective;
    }
    let mut points = Vec::new();
    let mut values = Vec::new();
    let mut at = window.from;
    while at < window.to {
        points.push((at, at.strftime("%-d %b").to_string()));
        values.push(sums.get(&at).copied().map(number));
        at = at.checked_add(SignedDuration::from_hours(24)).unwrap_or(window.to);
    }
    let series = vec![Series { name: "Effective cost", values }];
    Chart {
        id: "by-day",
        title: "Effective cost by day",
        unit: Unit::Money,
        suffix: currency_word(currency),
        bars: true,
        points,
        series,
        target: None,
        band: None,
    }
}

/// The usual currencies as words that live as long as the program; another one is named in the text above the chart.
fn currency_word(currency: Currency) -> &'static str {
    match currency.as_str() {
        "EUR" => "EUR",
        "USD" => "USD",
        "GBP" => "GBP",
        "CHF" => "CHF",
        _ => "",
    }
}

/// One part of the cost.
struct Part {
    name: Option<String>,
    now: Decimal,
    then: Decimal,
    days: u64,
}

fn by_part(now: &[DaySum], then: &[DaySum], currency: Currency, days: i64, by: &str) -> Markup {
    let mut sums: BTreeMap<Option<String>, (Decimal, Decimal, u64)> = BTreeMap::new();
    let ours = |day: &&DaySum| day.part == by && day.currency == currency;
    let name = |day: &DaySum| (!day.name.is_empty()).then(|| day.name.clone());
    for day in now.iter().filter(ours) {
        let entry = sums.entry(name(day)).or_default();
        entry.0 += day.effective;
        entry.2 += day.places;
    }
    for day in then.iter().filter(ours) {
        sums.entry(name(day)).or_default().1 += day.effective;
    }
    let mut rows: Vec<Part> =
        sums.into_iter().map(|(name, (now, then, days))| Part { name, now, then, days }).collect();
    rows.sort_by(|a, b| b.now.cmp(&a.now).then_with(|| a.name.cmp(&b.name)));
    let all = total(whole(now), currency);
    let text = days.to_string();
    html! {
        nav class="tabs" aria-label="Part by" {
            @for part in PARTS {
                a href={ (address::with_query("/spend", [("days", text.as_str()), ("by", part)])) "#parts" } aria-current=[(part == by).then_some("true")] { "By " (part) }
            }
        }
        (table("Effective cost by part", &part_columns(by, currency, all), &rows))
    }
}

fn part_columns<'a>(by: &'a str, currency: Currency, all: Decimal) -> Vec<Column<'a, Part>> {
    let show = move |amount| format::money(&Money { amount, currency });
    let named = move |part: &Part| match (&part.name, by) {
        (None, _) => html! { span class="none" { "without a team" } },
        (Some(name), "team") => match Subject::new(name.as_str()) {
            Ok(subject) => parts::subject(&subject),
            Err(_) => html! { (name) },
        },
        (Some(name), _) => {
            html! { a href={ (address::with_query("/spend", [(by, list::whole(name).as_str())])) "#days" } { (name) } }
        }
    };
    vec![
        Column::new("Part", named),
        Column::new("Cost", move |part: &Part| html! { (show(part.now)) }).numeric(),
        Column::new("Share", move |part: &Part| {
            html! { @if all.is_zero() { (format::NONE) } @else { (format::ratio(number(part.now / all))) } }
        })
        .numeric()
        .needs(Room::Medium),
        Column::new("Days before", move |part: &Part| html! { (show(part.then)) }).numeric().needs(Room::Medium),
        Column::new("Change", |part: &Part| html! { (change(part.now, part.then)) }).numeric(),
        Column::new("Measured", |part: &Part| html! { (format::count(part.days)) }).numeric().needs(Room::Wide),
    ]
}

fn listed(call: &Call<'_>, request: &Request) -> Result<Markup, Problem> {
    let listed = Listed::<SpendDay> {
        noun: "days",
        filters: vec![
            Filter::typed("service", "Service"),
            Filter::typed("account", "Account"),
            Filter::typed("provider", "Provider"),
            Filter::typed("team", "Team"),
        ],
        sorts: &["day", "provider", "account", "service", "team"],
        usual: "",
        columns: day_columns(),
        operation: "spend.list",
        brings: "Read a bill: `mainstay collect focus bill.csv`.",
    };
    listed.draw(call, request)
}

fn day_columns<'a>() -> Vec<Column<'a, Folded<SpendDay>>> {
    vec![
        Column::new("Day", |row: &Folded<SpendDay>| html! { a href=(parts::subject_href(&row.key)) { (format::day(row.entity.spend.day)) } }).sorts("day"),
        Column::new("Service", |row: &Folded<SpendDay>| html! { (row.entity.spend.service) }).sorts("service"),
        Column::new("Account", |row: &Folded<SpendDay>| html! { (row.entity.spend.account) }).sorts("account").needs(Room::Medium),
        Column::new("Provider", |row: &Folded<SpendDay>| html! { (row.entity.spend.provider) }).sorts("provider").needs(Room::Wide),
        Column::new("Team", |row: &Folded<SpendDay>| parts::subject_or_none(row.entity.spend.team.as_ref())).sorts("team").needs(Room::Medium),
        Column::new("Effective", |row: &Folded<SpendDay>| html! { (format::money(&row.entity.spend.effective)) }).numeric(),
        Column::new("Billed", |row: &Folded<SpendDay>| html! { (format::money(&row.entity.spend.billed)) }).numeric().needs(Room::Wide),
        Column::new("Facts", |row: &Folded<SpendDay>| parts::facts_of(&row.key, row.facts.len())).numeric().needs(Room::Wide),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_whole_days_with_today_in_it() {
        let window = window("2026-11-23T19:00:00Z".parse().unwrap(), 30);
        assert_eq!(
            (window.from.to_string(), window.to.to_string()),
            ("2026-10-25T00:00:00Z".to_owned(), "2026-11-24T00:00:00Z".to_owned())
        );
    }

    #[test]
    fn a_change_against_nothing_is_no_figure() {
        assert_eq!(change(Decimal::ONE, Decimal::ZERO), format::NONE);
        assert_eq!(change(Decimal::from(3), Decimal::from(2)), "+50\u{202f}%");
        assert_eq!(change(Decimal::from(1), Decimal::from(2)), "−50\u{202f}%");
    }
}
