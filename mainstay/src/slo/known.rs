//! What the ledger knows of the services that make objectives: who answers for them, and which work is planned.

use crate::Context;
use mainstay_estate::{Catalog, CatalogEntity, Owner};
use mainstay_kit::{Folded, Problem};
use mainstay_model::Subject;
use mainstay_model::facts::MaintenanceAnnounced;
use mainstay_slo::Maintenance;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Entities that one service leads to: its system, the system's, and so on.
const DEPTH_MAX: usize = 8;

/// Planned work that is looked at: the newest so many announcements.
const WORK_MAX: usize = 1_000;

/// Whether there is a ledger to ask; none is made for this.
fn is_there(context: &Context) -> bool {
    let global = &context.global;
    global.server.is_some() || global.database.is_some() || mainstay_outside::files::is_folder(&global.data)
}

/// Maintenance that was announced in time; none where there is no ledger.
pub fn planned(context: &Context) -> Result<Vec<Maintenance>, Problem> {
    if !is_there(context) {
        return Ok(Vec::new());
    }
    let input = json!({"where": ["state=announced"], "limit": WORK_MAX});
    let answer = crate::commands::asking(context)?("maintenance.list", &input)?;
    let rows = answer["items"].as_array().into_iter().flatten();
    Ok(rows.filter_map(work).collect())
}

fn work(row: &Value) -> Option<Maintenance> {
    let text = |name: &str| row[name].as_str();
    let time = |name: &str| text(name)?.parse().ok();
    let services = text("services")?.split(' ').filter_map(|service| Subject::new(service).ok()).collect();
    let title = text("title").unwrap_or_default().to_owned();
    let said = MaintenanceAnnounced { title, from: time("from")?, until: time("until")?, services, by: None };
    Some(Maintenance { id: text("id")?.to_owned(), announced: time("announced")?, said, place: None })
}

/// Owner and tier of services; empty where there is no ledger.
pub fn owners<'s>(
    context: &Context,
    services: impl Iterator<Item = &'s str>,
) -> Result<BTreeMap<String, Owner>, Problem> {
    if !is_there(context) {
        return Ok(BTreeMap::new());
    }
    let ask = crate::commands::asking(context)?;
    let mut entities: BTreeMap<String, Folded<CatalogEntity>> = BTreeMap::new();
    let services: BTreeSet<&str> = services.collect();
    for service in &services {
        let mut next = Some(subject(service));
        for _ in 0..DEPTH_MAX {
            let Some(key) = next.take().filter(|key| !entities.contains_key(key)) else { break };
            let answer = match ask("service.show", &json!({ "id": key })) {
                Ok(answer) => answer,
                Err(problem) if problem.status == 404 => break,
                Err(problem) => return Err(problem),
            };
            let Ok(entity) = serde_json::from_value::<CatalogEntity>(answer["state"].clone()) else { break };
            let whole = entity.declared.relations.iter().find(|relation| relation.relation_type == "partOf");
            next = whole.map(|relation| relation.target.to_string());
            entities.insert(key.clone(), Folded { key, entity, facts: Vec::new() });
        }
    }
    let catalog = Catalog::new(&entities.into_values().collect::<Vec<_>>());
    Ok(services.into_iter().map(|service| (service.to_owned(), catalog.owner_of(&subject(service)))).collect())
}

fn subject(service: &str) -> String {
    Subject::of("service", service).to_string()
}
