//! The estate: resources and catalog as tables, and one thing with all that is known of it.

use super::{findings, graph};
use crate::{EstateResource, Sighting};
use mainstay_estate::CatalogEntity;
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::list::{Filter, whole};
use mainstay_kit::ui::listing::Listed;
use mainstay_kit::ui::parts::{self, Tone};
use mainstay_kit::ui::table::{Column, Room, table};
use mainstay_kit::ui::{address, format, ledger};
use mainstay_kit::{Call, Folded, ListQuery, Problem};
use mainstay_model::facts::ResourceJudged;
use mainstay_model::{Subject, Timestamp, Verdict};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The three views of the estate.
pub(super) fn views(current: &str) -> Markup {
    html! {
        nav class="tabs" aria-label="Views of the estate" {
            @for (href, label) in [("/estate", "Resources"), ("/estate/catalog", "Catalog"), ("/estate/graph", "Graph")] {
                a href=(href) aria-current=[(href == current).then_some("page")] { (label) }
            }
        }
    }
}

pub(super) fn resources(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let now = call.today();
    let reader = call.reader(None)?;
    let listed = Listed::<EstateResource> {
        noun: "resources",
        filters: vec![
            Filter::values("type", "Type", reader.tally::<EstateResource>("type")?),
            Filter::values("environment", "Environment", reader.tally::<EstateResource>("environment")?),
            Filter::typed("service", "Service"),
            Filter::typed("owner", "Owner"),
            Filter::words("drifted", "Drifted", &["yes", "no"]),
        ],
        sorts: &["id", "type", "name", "environment", "service", "owner", "sides", "drifted", "failing"],
        usual: "name",
        columns: resource_columns(now),
        operation: "estate.list",
        brings: "Collect what describes it: `mainstay collect terraform`, `mainstay collect kubernetes`.",
    };
    let body = html! { (views("/estate")) (listed.draw(call, request)?) };
    Ok(Content { title: "Estate".to_owned(), body })
}

fn resource_columns<'a>(now: Timestamp) -> Vec<Column<'a, Folded<EstateResource>>> {
    vec![
        Column::new("Resource", |row: &Folded<EstateResource>| {
            html! {
                (parts::link(&address::page(["estate", &row.key]), &row.entity.best().name))
                div class="soft" { (row.entity.best().resource_type) }
            }
        })
        .sorts("name"),
        Column::new("Sides", |row: &Folded<EstateResource>| sides(&row.entity)).sorts("sides"),
        Column::new("Environment", |row: &Folded<EstateResource>| {
            html! { (row.entity.best().environment.as_deref().unwrap_or(format::NONE)) }
        })
        .sorts("environment")
        .needs(Room::Medium),
        Column::new("Service", |row: &Folded<EstateResource>| {
            parts::subject_or_none(row.entity.best().service.as_ref())
        })
        .sorts("service")
        .needs(Room::Medium),
        Column::new("Owner", |row: &Folded<EstateResource>| parts::subject_or_none(row.entity.best().owner.as_ref()))
            .sorts("owner")
            .needs(Room::Wide),
        Column::new("Drift", move |row: &Folded<EstateResource>| drift(&row.entity, now))
            .sorts("drifted")
            .needs(Room::Medium),
        Column::new("Controls", |row: &Folded<EstateResource>| controls(&row.entity)).sorts("failing"),
    ]
}

/// Which sides of a resource are known: what the code says, what a plan would make of it, what is there.
fn sides(resource: &EstateResource) -> Markup {
    let sides = [("declared", &resource.declared), ("planned", &resource.planned), ("live", &resource.live)];
    let known: Vec<&str> = sides.iter().filter(|(_, side)| side.is_some()).map(|(name, _)| *name).collect();
    if known.is_empty() {
        html! { span class="none" { "gone" } }
    } else {
        html! { (known.join(", ")) }
    }
}

fn drift(resource: &EstateResource, now: Timestamp) -> Markup {
    if resource.drifted_at(now) { parts::status(Tone::Bad, "drifted") } else { parts::none() }
}

/// What the controls say together, with the number of those that fail.
fn controls(resource: &EstateResource) -> Markup {
    let Some(judged) = resource.judgement() else {
        return html! { span class="none" { "not judged" } };
    };
    let count = |verdict| judged.verdicts.values().filter(|v| **v == verdict).count();
    match (count(Verdict::Fail), count(Verdict::Unknown)) {
        (0, 0) => parts::status(Tone::Good, "pass"),
        (0, unknown) => parts::status(Tone::Unknown, &format!("{unknown} unknown")),
        (fail, _) => parts::status(Tone::Bad, &format!("{fail} fail")),
    }
}

pub(super) fn catalog(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let reader = call.reader(None)?;
    let listed = Listed::<CatalogEntity> {
        noun: "catalog entities",
        filters: vec![
            Filter::values("kind", "Kind", reader.tally::<CatalogEntity>("kind")?),
            Filter::values("tier", "Tier", reader.tally::<CatalogEntity>("tier")?),
            Filter::values("lifecycle", "Lifecycle", reader.tally::<CatalogEntity>("lifecycle")?),
            Filter::typed("owner", "Owner"),
        ],
        sorts: &["title", "kind", "type", "lifecycle", "owner", "tier", "state"],
        usual: "title",
        columns: catalog_columns(),
        operation: "service.list",
        brings: "Read your service catalog: `mainstay collect backstage catalog-info.yaml`.",
    };
    let body = html! { (views("/estate/catalog")) (listed.draw(call, request)?) };
    Ok(Content { title: "Estate".to_owned(), body })
}

fn catalog_columns<'a>() -> Vec<Column<'a, Folded<CatalogEntity>>> {
    vec![
        Column::new("Name", |row: &Folded<CatalogEntity>| {
            let declared = &row.entity.declared;
            html! {
                (parts::link(&address::page(["estate", &row.key]), &declared.title))
                @if !declared.description.is_empty() { div class="soft" { (declared.description) } }
            }
        })
        .sorts("title"),
        Column::new("Kind", |row: &Folded<CatalogEntity>| {
            let declared = &row.entity.declared;
            html! { (declared.kind) @if let Some(kind) = &declared.entity_type { span class="soft" { ", " (kind) } } }
        })
        .sorts("kind"),
        Column::new(
            "Tier",
            |row: &Folded<CatalogEntity>| html! { (row.entity.declared.tier.as_deref().unwrap_or(format::NONE)) },
        )
        .sorts("tier")
        .numeric(),
        Column::new("Owner", |row: &Folded<CatalogEntity>| parts::subject_or_none(row.entity.declared.owner.as_ref()))
            .sorts("owner")
            .needs(Room::Medium),
        Column::new("Lifecycle", |row: &Folded<CatalogEntity>| {
            html! { (row.entity.declared.lifecycle.as_deref().unwrap_or(format::NONE)) }
        })
        .sorts("lifecycle")
        .needs(Room::Medium),
        Column::new("State", |row: &Folded<CatalogEntity>| {
            if row.entity.gone.is_some() {
                parts::status(Tone::Quiet, "gone")
            } else {
                parts::status(Tone::Good, "declared")
            }
        })
        .sorts("state")
        .needs(Room::Wide),
    ]
}

/// One thing: a resource, an entity of the catalog, or anything else that facts speak of.
pub(super) fn one(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let id = request.parameters.get("id").map_or("", String::as_str);
    let subject = Subject::new(id)
        .map_err(|e| Problem::absent("estate.unknown", format!("{e}; search the estate for a name")))?;
    let reader = call.reader(None)?;
    let (resource, entity) = (reader.one::<EstateResource>(id)?, reader.one::<CatalogEntity>(id)?);
    let title = match (&entity, &resource) {
        (Some(entity), _) => entity.entity.declared.title.clone(),
        (None, Some(resource)) => resource.entity.best().name.clone(),
        (None, None) => subject.name().to_owned(),
    };
    let unknown = resource.is_none() && entity.is_none();
    let body = html! {
        (parts::crumbs(&[("/estate", "Estate")]))
        p class="lede" { code { (id) } }
        @if unknown { p class="note" { "Neither code, inventory nor catalog describes it. Others may mention it: " a href=(address::with_query("/estate", [("q", subject.name())])) { "search for it" } "." } }
        @if let Some(entity) = &entity { (catalog_part(call, entity)?) }
        @if let Some(resource) = &resource { (resource_part(call, resource)?) }
        @if !unknown {
            (parts::section("findings", "Findings", findings::about(call, id)?))
            (parts::section("around", "Around it", graph::around(call, id, entity.as_ref(), resource.as_ref())?))
        }
        (ledger::facts_about(call, id)?)
    };
    Ok(Content { title, body })
}

/// Resources of a service that its page lists.
const RESOURCES_MAX: u64 = 50;

fn catalog_part(call: &Call<'_>, entity: &Folded<CatalogEntity>) -> Result<Markup, Problem> {
    let declared = &entity.entity.declared;
    let place = declared.place.as_ref().map_or_else(parts::none, |place| html! { code { (place) } });
    let kind = html! { (declared.kind) @if let Some(kind) = &declared.entity_type { ", " (kind) } };
    let pairs = [
        ("Kind", kind),
        ("Owner", parts::subject_or_none(declared.owner.as_ref())),
        ("Tier", html! { (declared.tier.as_deref().unwrap_or(format::NONE)) }),
        ("Lifecycle", html! { (declared.lifecycle.as_deref().unwrap_or(format::NONE)) }),
        ("Reference", html! { code { (declared.entity_ref) } }),
        ("Declared in", place),
    ];
    let filters = vec![("service".to_owned(), vec![entity.key.clone()])];
    let query =
        ListQuery { filters, sort: Some(("name".to_owned(), false)), limit: RESOURCES_MAX, ..ListQuery::default() };
    let owned = call.reader(None)?.list::<EstateResource>(&query)?;
    let all = address::with_query("/estate", [("service", whole(&entity.key).as_str())]);
    let mut columns = resource_columns(call.today());
    // Service and owner are those of the page.
    columns.drain(3..5);
    Ok(html! {
        @if !declared.description.is_empty() { p class="lede" { (declared.description) } }
        (parts::definitions(&pairs))
        @if !owned.items.is_empty() {
            (parts::section("resources", "Resources", table("Resources of the service", &columns, &owned.items)))
            @if owned.total > RESOURCES_MAX { p class="note" { a href=(all) { "All " (format::count(owned.total)) } } }
        }
    })
}

fn resource_part(call: &Call<'_>, folded: &Folded<EstateResource>) -> Result<Markup, Problem> {
    let (resource, now) = (&folded.entity, call.today());
    let best = resource.best();
    let drifted = match (&resource.drift, resource.drifted_at(now)) {
        (Some(drift), true) => html! { (parts::status(Tone::Bad, "drifted")) " in " (drift.attributes.join(", ")) },
        (_, true) => parts::status(Tone::Bad, "drifted"),
        _ => parts::status(Tone::Good, "agrees with its code, as far as is known"),
    };
    let place = best.place.as_ref().or(resource.declared.as_ref().and_then(|side| side.resource.place.as_ref()));
    let text = |text: &Option<String>| html! { (text.as_deref().unwrap_or(format::NONE)) };
    let pairs = [
        ("Type", html! { code { (best.resource_type) } }),
        ("Sides", sides(resource)),
        ("Environment", text(&best.environment)),
        ("Service", parts::subject_or_none(best.service.as_ref())),
        ("Owner", parts::subject_or_none(best.owner.as_ref())),
        ("Address", html! { code { (best.address.as_deref().unwrap_or(format::NONE)) } }),
        ("Managed by", text(&best.managed_by)),
        ("Controlled by", parts::subject_or_none(best.controlled_by.as_ref())),
        ("The same as", parts::subject_or_none(resource.same_as.as_ref())),
        ("Declared in", place.map_or_else(parts::none, |place| html! { code { (place) } })),
        ("Drift", drifted),
    ];
    let judged = resource.judged_live.as_ref().or(resource.judged_declared.as_ref());
    Ok(html! {
        (parts::definitions(&pairs))
        @if let Some(judged) = judged { (parts::section("controls", "Controls", verdicts(judged, now))) }
        (parts::section("attributes", "Attributes", attributes(resource)))
    })
}

fn verdicts(judged: &ResourceJudged, now: Timestamp) -> Markup {
    // What fails comes first, what passes last.
    let rank = |verdict: Verdict| match verdict {
        Verdict::Fail => 0,
        Verdict::Unknown => 1,
        Verdict::Waived => 2,
        Verdict::Pass => 3,
    };
    let mut rows: Vec<(&String, Verdict, bool)> =
        judged.verdicts.iter().map(|(control, verdict)| (control, *verdict, judged.key.contains(control))).collect();
    rows.sort_by_key(|(control, verdict, _)| (rank(*verdict), (*control).clone()));
    let columns = [
        Column::new("Control", |(control, ..): &(&String, Verdict, bool)| {
            parts::link(&address::with_query("/findings", [("rule", whole(control).as_str())]), control)
        }),
        Column::new("Verdict", |(_, verdict, _): &(&String, Verdict, bool)| {
            let tone = match verdict {
                Verdict::Pass => Tone::Good,
                Verdict::Fail => Tone::Bad,
                Verdict::Unknown => Tone::Unknown,
                Verdict::Waived => Tone::Warn,
            };
            parts::status(tone, verdict.as_str())
        }),
        Column::new("Key control", |(.., key): &(&String, Verdict, bool)| {
            if *key {
                html! { "yes" }
            } else {
                parts::none()
            }
        }),
    ];
    html! {
        (table("Verdicts of the controls", &columns, &rows))
        p class="note" { "Judged as it was observed at " (parts::time(judged.observed, now)) "." }
    }
}

/// The attributes of the three sides beside each other; what differs is said in words.
fn attributes(resource: &EstateResource) -> Markup {
    let sides: Vec<(&str, &Sighting)> =
        [("Declared", &resource.declared), ("Planned", &resource.planned), ("Live", &resource.live)]
            .into_iter()
            .filter_map(|(name, side)| Some((name, side.as_ref()?)))
            .collect();
    let mut rows: BTreeMap<&str, Vec<Option<String>>> = BTreeMap::new();
    for (at, (_, side)) in sides.iter().enumerate() {
        for (name, value) in &side.resource.attributes {
            rows.entry(name).or_insert_with(|| vec![None; sides.len()])[at] = Some(mainstay_kit::answer::plain(value));
        }
    }
    if rows.is_empty() {
        return html! { p class="note" { "No attribute is kept." } };
    }
    html! {
        div class="scroll" role="region" aria-label="Attributes" tabindex="0" {
            table {
                caption { "Attributes by side" }
                thead { tr {
                    th scope="col" { "Attribute" }
                    @for (name, _) in &sides { th scope="col" { (name) } }
                    @if sides.len() > 1 { th scope="col" { "Same" } }
                } }
                tbody {
                    @for (name, values) in &rows {
                        tr {
                            th scope="row" { code { (name) } }
                            @for value in values { td { (value.as_deref().unwrap_or(format::NONE)) } }
                            @if sides.len() > 1 {
                                td { @if values.windows(2).all(|pair| pair[0] == pair[1]) { (parts::none()) } @else { (parts::status(Tone::Warn, "differs")) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
