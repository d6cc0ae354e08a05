//! Who answers for the services that make objectives, by the catalog of the ledger.

use crate::Context;
use mainstay_estate::{Catalog, CatalogEntity, Owner};
use mainstay_kit::{Folded, Problem};
use mainstay_model::Subject;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Entities that one service leads to: its system, the system's, and so on.
const DEPTH_MAX: usize = 8;

/// Owner and tier of services; empty where there is no ledger, which is not made for this.
pub fn of<'s>(context: &Context, services: impl Iterator<Item = &'s str>) -> Result<BTreeMap<String, Owner>, Problem> {
    let global = &context.global;
    let is_there =
        global.server.is_some() || global.database.is_some() || mainstay_outside::files::is_folder(&global.data);
    if !is_there {
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
