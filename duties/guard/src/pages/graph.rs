//! The estate drawn: the catalog's services and systems, or the resources of one service, and what is around one thing.

use super::estate::views;
use crate::{EstateResource, FindingRow};
use mainstay_estate::CatalogEntity;
use mainstay_kit::page::{Content, Request};
use mainstay_kit::ui::graph::{Edge, NODES_MAX, Node, graph};
use mainstay_kit::ui::{address, parts};
use mainstay_kit::{Call, Entity, Folded, LIST_ROWS_MAX, ListQuery, Problem};
use mainstay_model::Subject;
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

/// Relations that say again, from the other end, what another one says.
const INVERSE: &[&str] =
    &["ownerOf", "hasPart", "dependencyOf", "hasMember", "parentOf", "apiProvidedBy", "apiConsumedBy"];

/// What the drawing of the whole estate can show.
const WHATS: [(&str, &str); 3] =
    [("services", "Services and systems"), ("ownership", "Who owns what"), ("resources", "Resources")];

/// Steps from the thing that a drawing is about.
const STEPS: usize = 2;

/// A thing in the making of a drawing: what the node shows, and where its arrows lead.
struct Thing {
    label: String,
    kind: String,
    leads: Vec<(String, Subject)>,
}

pub(super) fn whole(call: &Call<'_>, request: &Request) -> Result<Content, Problem> {
    let text = |name: &str| request.query.get(name).map_or("", |value| value.trim());
    let what = WHATS.iter().find(|(key, _)| *key == text("what")).map_or("services", |(key, _)| *key);
    let (environment, service) = (text("environment"), text("service"));
    let things = match what {
        "resources" => resources(call, environment, service)?,
        _ => catalog(call, what)?,
    };
    let (drawn, left_out) = drawing(call, &things.0, None, things.1)?;
    let title = WHATS.iter().find(|(key, _)| *key == what).map_or("Estate", |(_, label)| *label);
    let body = html! {
        (views("/estate/graph"))
        form class="filters" method="get" action="/estate/graph" role="search" aria-label="What to draw" {
            label { span { "Show" } select name="what" { @for (key, label) in WHATS { option value=(key) selected[key == what] { (label) } } } }
            @if what == "resources" {
                label { span { "Environment" } input type="text" name="environment" value=(environment) autocomplete="off"; }
                label { span { "Service" } input type="text" name="service" value=(service) autocomplete="off"; }
            }
            button type="submit" { "Apply" }
        }
        @if drawn.0.is_empty() {
            (parts::empty("Nothing to draw.", "Read your service catalog: `mainstay collect backstage catalog-info.yaml`, or your code: `mainstay collect terraform`."))
        } @else {
            (graph(title, &drawn.0, &drawn.1, left_out))
        }
    };
    Ok(Content { title: "Estate".to_owned(), body })
}

type Things = BTreeMap<String, Thing>;

fn page<T: Entity>(call: &Call<'_>, filters: Vec<(String, Vec<String>)>) -> Result<(Vec<Folded<T>>, usize), Problem> {
    let query =
        ListQuery { filters, sort: Some(("id".to_owned(), false)), limit: LIST_ROWS_MAX, ..ListQuery::default() };
    let found = call.reader(None)?.list::<T>(&query)?;
    let unread = usize::try_from(found.total).unwrap_or(usize::MAX).saturating_sub(found.items.len());
    Ok((found.items, unread))
}

fn one_of(column: &str, value: &str) -> Option<(String, Vec<String>)> {
    (!value.is_empty()).then(|| (column.to_owned(), vec![value.to_owned()]))
}

fn resources(call: &Call<'_>, environment: &str, service: &str) -> Result<(Things, usize), Problem> {
    let filters = one_of("environment", environment).into_iter().chain(one_of("service", service)).collect();
    let (found, unread) = page::<EstateResource>(call, filters)?;
    Ok((found.iter().map(|folded| (folded.key.clone(), of_resource(&folded.entity))).collect(), unread))
}

fn catalog(call: &Call<'_>, what: &str) -> Result<(Things, usize), Problem> {
    let (found, unread) = page::<CatalogEntity>(call, one_of("state", "declared").into_iter().collect())?;
    let wanted = |kind: &str| match what {
        "ownership" => !matches!(kind, "Location" | "User" | "API"),
        _ => !matches!(kind, "Location" | "User" | "Group"),
    };
    let things = found.iter().filter(|folded| wanted(&folded.entity.declared.kind)).map(|folded| {
        let mut thing = of_entity(&folded.entity);
        thing.leads.retain(|(kind, _)| (kind == "ownedBy") == (what == "ownership") || kind == "childOf");
        (folded.key.clone(), thing)
    });
    Ok((things.collect(), unread))
}

fn of_resource(resource: &EstateResource) -> Thing {
    let best = resource.best();
    let mut leads: Vec<(String, Subject)> =
        best.references.iter().map(|to| ("references".to_owned(), to.clone())).collect();
    leads.extend(best.controlled_by.iter().map(|to| ("controlled by".to_owned(), to.clone())));
    leads.extend(best.service.iter().map(|to| ("part of".to_owned(), to.clone())));
    leads.extend(resource.same_as.iter().map(|to| ("same as".to_owned(), to.clone())));
    Thing { label: best.name.clone(), kind: best.resource_type.clone(), leads }
}

fn of_entity(entity: &CatalogEntity) -> Thing {
    let declared = &entity.declared;
    let stated = declared.relations.iter().filter(|relation| !INVERSE.contains(&relation.relation_type.as_str()));
    let mut leads: Vec<(String, Subject)> =
        stated.map(|relation| (relation.relation_type.clone(), relation.target.clone())).collect();
    if let Some(owner) = declared.owner.as_ref().filter(|_| !leads.iter().any(|(kind, _)| kind == "ownedBy")) {
        leads.push(("ownedBy".to_owned(), owner.clone()));
    }
    let kind = declared.entity_type.clone().unwrap_or_else(|| declared.kind.to_lowercase());
    let kind = declared.tier.as_ref().map_or(kind.clone(), |tier| format!("{kind}, tier {tier}"));
    Thing { label: declared.title.clone(), kind, leads }
}

type Drawing = (Vec<Node>, Vec<Edge>);

/// Nodes and arrows of the things: those with most arrows where there are too many.
fn drawing(call: &Call<'_>, things: &Things, centre: Option<&str>, unread: usize) -> Result<(Drawing, usize), Problem> {
    let mut degree: BTreeMap<&str, usize> = things.keys().map(|key| (key.as_str(), 0)).collect();
    let mut edges = Vec::new();
    for (from, thing) in things {
        for (label, to) in &thing.leads {
            if to.as_str() != from && things.contains_key(to.as_str()) {
                edges.push(Edge { from: from.clone(), to: to.as_str().to_owned(), label: label.clone() });
                *degree.entry(from).or_default() += 1;
                *degree.entry(to.as_str()).or_default() += 1;
            }
        }
    }
    let mut keys: Vec<&String> = things.keys().collect();
    keys.sort_by_key(|key| (centre != Some(key.as_str()), std::cmp::Reverse(degree[key.as_str()])));
    let left_out = keys.len().saturating_sub(NODES_MAX) + unread;
    keys.truncate(NODES_MAX);
    let wrong = open_findings(call)?;
    let node = |key: &String| {
        let thing = &things[key];
        let wrong = wrong
            .get(key)
            .map(|count| if *count == 1 { "1 open finding".to_owned() } else { format!("{count} open findings") });
        Node {
            id: key.clone(),
            label: thing.label.clone(),
            kind: thing.kind.clone(),
            href: address::page(["estate", key]),
            wrong,
            centre: centre == Some(key.as_str()),
        }
    };
    Ok(((keys.into_iter().map(node).collect(), edges), left_out))
}

/// Open findings by what they are about.
fn open_findings(call: &Call<'_>) -> Result<BTreeMap<String, usize>, Problem> {
    let (found, _) = page::<FindingRow>(call, one_of("state", "open").into_iter().collect())?;
    let mut counts = BTreeMap::new();
    for folded in found {
        *counts.entry(folded.entity.finding.subject.to_string()).or_default() += 1;
    }
    Ok(counts)
}

/// What lies at most two steps from one thing, in either direction.
pub(super) fn around(
    call: &Call<'_>,
    id: &str,
    entity: Option<&Folded<CatalogEntity>>,
    resource: Option<&Folded<EstateResource>>,
) -> Result<Markup, Problem> {
    let mut all: Things =
        page::<CatalogEntity>(call, Vec::new())?.0.iter().map(|f| (f.key.clone(), of_entity(&f.entity))).collect();
    // Of resources only those of the same service: the table has them by service, and the others are rarely near.
    let service = entity
        .map(|entity| entity.key.clone())
        .or_else(|| resource?.entity.best().service.as_ref().map(ToString::to_string));
    if let Some(service) = service {
        let (found, _) = page::<EstateResource>(call, one_of("service", &service).into_iter().collect())?;
        all.extend(found.iter().map(|f| (f.key.clone(), of_resource(&f.entity))));
    }
    if let Some(resource) = resource {
        for (_, to) in of_resource(&resource.entity).leads {
            if let Some(near) = call.reader(None)?.one::<EstateResource>(to.as_str())? {
                all.insert(near.key.clone(), of_resource(&near.entity));
            }
        }
        all.insert(resource.key.clone(), of_resource(&resource.entity));
    }
    let near = near(&all, id);
    all.retain(|key, _| near.contains(key));
    if all.len() < 2 {
        return Ok(html! { p class="note" { "Nothing is known to be related to it." } });
    }
    let ((nodes, edges), left_out) = drawing(call, &all, Some(id), 0)?;
    Ok(graph("Around it", &nodes, &edges, left_out))
}

/// Who is within reach. A team or another crossroads is shown but not passed through, else everything would be near.
fn near(all: &Things, id: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([id.to_owned()]);
    let mut edge = vec![id.to_owned()];
    for _ in 0..STEPS {
        let mut next = Vec::new();
        for here in edge.iter().filter(|here| here.as_str() == id || !is_crossroads(here)) {
            let out = all.get(here).into_iter().flat_map(|thing| thing.leads.iter().map(|(_, to)| to.to_string()));
            let back = all
                .iter()
                .filter(|(_, thing)| thing.leads.iter().any(|(_, to)| to.as_str() == here))
                .map(|(key, _)| key.clone());
            next.extend(out.chain(back).filter(|key| all.contains_key(key)));
        }
        next.retain(|key| found.insert(key.clone()));
        edge = next;
    }
    found
}

fn is_crossroads(key: &str) -> bool {
    matches!(key.split(':').next(), Some("team" | "group" | "domain" | "system"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn things(arrows: &[(&str, &str)]) -> Things {
        let mut all = Things::new();
        for (from, to) in arrows {
            let thing = |key: &str| Thing { label: key.to_owned(), kind: String::new(), leads: Vec::new() };
            all.entry((*to).to_owned()).or_insert_with(|| thing(to));
            let lead = ("dependsOn".to_owned(), Subject::new(*to).unwrap());
            all.entry((*from).to_owned()).or_insert_with(|| thing(from)).leads.push(lead);
        }
        all
    }

    #[test]
    fn two_steps_in_either_direction_are_near_and_three_are_not() {
        let all = things(&[
            ("service:a", "service:b"),
            ("service:b", "service:c"),
            ("service:c", "service:d"),
            ("service:z", "service:a"),
        ]);
        let found = near(&all, "service:a");
        assert_eq!(
            found.iter().map(String::as_str).collect::<Vec<_>>(),
            ["service:a", "service:b", "service:c", "service:z"]
        );
    }

    #[test]
    fn a_shared_team_does_not_make_its_services_neighbours() {
        let all = things(&[("service:a", "team:t"), ("service:b", "team:t")]);
        assert_eq!(near(&all, "service:a").len(), 2);
        assert_eq!(near(&all, "team:t").len(), 3);
    }

    #[test]
    fn a_circle_ends() {
        let all = things(&[("service:a", "service:b"), ("service:b", "service:a")]);
        assert_eq!(near(&all, "service:a").len(), 2);
    }
}
