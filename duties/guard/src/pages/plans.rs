//! Reviewed plans: the list, and one with its steps and its risk.

use crate::ReviewRow;
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::list::Filter;
use mainstay_kit::ui::listing::{Listed, asked_for, how_many};
use mainstay_kit::ui::parts::{self, Figure, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, Problem};
use mainstay_model::facts::{PlanReviewed, ReviewedStep, RiskFactor};
use maud::{Markup, html};

pub(super) fn list(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let listed = Listed::<ReviewRow> {
        noun: "reviewed plans",
        filters: vec![Filter::words("gate", "Gate", &["through", "stopped"]), Filter::typed("plan", "Plan")],
        sorts: &["plan", "gate", "risk", "reviewed"],
        usual: "",
        columns: vec![
            Column::new("Plan", |row: &Folded<ReviewRow>| {
                html! {
                    (parts::link(&address::page(["plans", &row.key]), &row.entity.review.plan))
                    div class="soft" { (counts(&row.entity.review)) }
                }
            })
            .sorts("plan"),
            Column::new("Gate", |row: &Folded<ReviewRow>| gate(&row.entity)).sorts("gate"),
            Column::new("Risk", |row: &Folded<ReviewRow>| risk(row.entity.review.risk)).sorts("risk"),
            Column::new("Cost a month", |row: &Folded<ReviewRow>| cost(&row.entity.review)).needs(Room::Medium),
            Column::new("By", |row: &Folded<ReviewRow>| html! { (row.entity.review.by.as_str()) }).needs(Room::Wide),
            Column::new("Reviewed", move |row: &Folded<ReviewRow>| parts::time(row.entity.at, now))
                .sorts("reviewed")
                .needs(Room::Medium),
        ],
        operation: "plan.list",
        brings: "Review one: `terraform show -json plan.out | mainstay plan review -`.",
    };
    let mut figures = Vec::new();
    for (value, name, tone) in [("stopped", "Stopped by the gate", Tone::Warn), ("through", "Let through", Tone::Quiet)]
    {
        let count = how_many::<ReviewRow>(call, &[("gate", value)])?;
        let tone = if count > 0 { tone } else { Tone::Quiet };
        let href = Some(address::with_query("/plans", [("gate", value)]));
        figures.push(Figure { name, value: format::count(count), href, tone });
    }
    let body = html! { (parts::figures(&figures)) (listed.draw(call, request)?) };
    Ok(Content { title: "Plans".to_owned(), body })
}

fn counts(review: &PlanReviewed) -> String {
    // The order of danger, whatever the order of the words.
    let order = ["destroy", "replace", "update", "forget", "create", "import", "move"];
    let known = order.iter().filter_map(|action| Some(format!("{} to {action}", review.counts.get(*action)?)));
    let text = known.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "nothing changes".to_owned() } else { text }
}

fn gate(row: &ReviewRow) -> Markup {
    match (row.gate(), row.review.complete) {
        ("through", true) => parts::status(Tone::Good, "through"),
        ("through", false) => parts::status(Tone::Warn, "through, not whole"),
        _ => parts::status(Tone::Bad, "stopped"),
    }
}

fn risk(points: u32) -> Markup {
    let tone = match points {
        0..=19 => Tone::Good,
        20..=44 => Tone::Quiet,
        45..=69 => Tone::Warn,
        _ => Tone::Bad,
    };
    parts::status(tone, &format!("{points} of 100"))
}

fn cost(review: &PlanReviewed) -> Markup {
    let sums: Vec<String> = review.cost.iter().map(ToString::to_string).collect();
    match (sums.is_empty(), review.unpriced) {
        (true, _) => parts::none(),
        (false, 0) => html! { (sums.join(", ")) },
        (false, unpriced) => html! { (sums.join(", ")) div class="soft" { (unpriced) " without a price" } },
    }
}

pub(super) fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let found = asked_for::<ReviewRow>(call, request, "plan")?;
    let (row, now) = (&found.entity, call.today());
    let review = &row.review;
    let services = html! {
        @for service in &review.services { div { (parts::subject(service)) } }
        @if review.services.is_empty() { (parts::none()) }
    };
    let broken: Vec<String> =
        review.breaks.iter().rev().map(|(severity, count)| format!("{count} {}", severity.as_str())).collect();
    let pairs = [
        ("Gate", gate(row)),
        ("Risk", risk(review.risk)),
        ("Does", html! { (counts(review)) }),
        ("Services touched", services),
        (
            "Controls it breaks",
            if broken.is_empty() {
                parts::none()
            } else {
                html! { (broken.join(", ")) }
            },
        ),
        ("Cost a month", cost(review)),
        ("Reviewed", html! { (parts::time(row.at, now)) " by " (review.by.as_str()) }),
        ("Digest", html! { code { (review.digest) } }),
    ];
    let why = html! { @for why in &review.blocked { p { (why) } } };
    let drift = html! { @for address in &review.drift { div { code { (address) } } } };
    let body = html! {
        (parts::crumbs(&[("/plans", "Plans")]))
        (parts::definitions(&pairs))
        @if !review.blocked.is_empty() { (parts::section("stopped", "Why the gate stopped it", why)) }
        (parts::section("steps", "Steps, the most dangerous first", table("Steps", &step_columns(), &review.steps)))
        @if !review.factors.is_empty() {
            (parts::section("risk", "What the risk is made of", table("Risk", &factor_columns(), &review.factors)))
        }
        @if !review.drift.is_empty() { (parts::section("drift", "Changed outside", drift)) }
        (ledger::facts_about(call, &found.key)?)
    };
    Ok(Content { title: review.plan.clone(), body })
}

fn step_columns<'a>() -> Vec<Column<'a, ReviewedStep>> {
    vec![
        Column::new("Step", |step: &ReviewedStep| {
            let tone = match step.action.as_str() {
                "destroy" | "replace" => Tone::Bad,
                "update" | "forget" => Tone::Warn,
                _ => Tone::Quiet,
            };
            parts::status(tone, &step.action)
        }),
        Column::new("Object", |step: &ReviewedStep| html! { code { (step.address) } }),
        Column::new("What to know", |step: &ReviewedStep| {
            html! {
                @if let Some(data) = &step.data { div { "Data: " (data) } }
                @if let Some(outage) = &step.outage { div { "Outage: " (outage) } }
                @for why in &step.why { div class="soft" { (why) } }
            }
        }),
    ]
}

fn factor_columns<'a>() -> Vec<Column<'a, RiskFactor>> {
    vec![
        Column::new("Points", |factor: &RiskFactor| html! { (factor.points) }),
        Column::new("Factor", |factor: &RiskFactor| html! { (factor.name) }),
        Column::new("Why", |factor: &RiskFactor| html! { (factor.why) }),
    ]
}
