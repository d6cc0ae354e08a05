//! The service catalog: services, teams, systems, and who answers for what.

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Contribution, Entity, Folded, Kind};
use mainstay_model::facts::{EntityDeclared, EntityGone};
use mainstay_model::{FactData, Recorded, Subject};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How far a missing owner or tier is looked for along `partOf`. Real catalogs are three deep; a cycle ends here too.
const PART_OF_DEPTH_MAX: usize = 8;

/// One entity of the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CatalogEntity {
    /// As it is declared, or was last.
    pub declared: EntityDeclared,
    /// Since when it is declared at all.
    pub since: Timestamp,
    /// When it went, unless it is still there.
    pub gone: Option<Timestamp>,
}

impl Entity for CatalogEntity {
    const TABLE: &'static str = "catalog_entity";

    const TYPES: &'static [&'static str] = &[EntityDeclared::TYPE, EntityGone::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("kind", Kind::Text),
        ("title", Kind::Text),
        ("type", Kind::Text),
        ("lifecycle", Kind::Text),
        ("owner", Kind::Text),
        ("tier", Kind::Text),
        ("state", Kind::Text),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let (since, declared) = facts.iter().find_map(|r| Some((r.fact.time, EntityDeclared::read(&r.fact)?)))?;
        let mut out = Self { declared, since, gone: None };
        for Recorded { fact, .. } in facts {
            if let Some(declared) = EntityDeclared::read(fact) {
                (out.declared, out.gone) = (declared, None);
            } else if EntityGone::read(fact).is_some() && fact.time >= since {
                out.gone = Some(fact.time);
            }
        }
        Some(out)
    }

    fn cells(&self) -> Vec<Cell> {
        let declared = &self.declared;
        vec![
            declared.kind.as_str().into(),
            declared.title.as_str().into(),
            declared.entity_type.clone().into(),
            declared.lifecycle.clone().into(),
            declared.owner.as_ref().map_or(Cell::Null, |owner| owner.as_str().into()),
            declared.tier.clone().into(),
            if self.gone.is_some() { "gone" } else { "declared" }.into(),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.since, self.gone.and_then(|at| at.checked_add(SignedDuration::from_micros(1)).ok()))
    }
}

/// Who answers for something, and how important it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// The team.
    pub team: Option<Subject>,
    /// The tier; `1` is the most important.
    pub tier: Option<String>,
}

/// The catalog, to be asked by subject.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    entities: HashMap<String, EntityDeclared>,
}

impl Catalog {
    /// Takes the entities. One that is gone still answers for what it did: past figures keep their owner.
    #[must_use]
    pub fn new(entities: &[Folded<CatalogEntity>]) -> Self {
        let by_key = entities.iter().map(|folded| (folded.key.clone(), folded.entity.declared.clone()));
        Self { entities: by_key.collect() }
    }

    /// The entity of a subject.
    #[must_use]
    pub fn get(&self, subject: &str) -> Option<&EntityDeclared> {
        self.entities.get(subject)
    }

    /// Who answers for a subject: what its entity says, and where it says nothing, what the system says that it is part
    /// of. A team answers for itself. Empty for a subject that the catalog does not know.
    #[must_use]
    pub fn owner_of(&self, subject: &str) -> Owner {
        let mut out = Owner::default();
        let mut here = subject;
        for _ in 0..PART_OF_DEPTH_MAX {
            let Some(entity) = self.entities.get(here) else { break };
            if out.team.is_none() {
                let owned_by = || relation(entity, "ownedBy").cloned();
                let itself = || (entity.kind == "Group").then(|| Subject::new(here).ok()).flatten();
                out.team = entity.owner.clone().or_else(owned_by).or_else(itself);
            }
            if out.tier.is_none() {
                out.tier.clone_from(&entity.tier);
            }
            match relation(entity, "partOf") {
                Some(whole) if out.team.is_none() || out.tier.is_none() => here = whole.as_str(),
                _ => break,
            }
        }
        out
    }

    /// Fills in team and tier of contributions that name a service; what they say themselves stays.
    pub fn fill(&self, contributions: &mut [Contribution]) {
        let mut known: HashMap<String, Owner> = HashMap::new();
        for contribution in contributions {
            let Some(service) = &contribution.service else { continue };
            if contribution.team.is_some() && contribution.tier.is_some() {
                continue;
            }
            if !known.contains_key(service) {
                known.insert(service.clone(), self.owner_of(service));
            }
            let Some(owner) = known.get(service) else { continue };
            if contribution.team.is_none() {
                contribution.team = owner.team.as_ref().map(ToString::to_string);
            }
            if contribution.tier.is_none() {
                contribution.tier.clone_from(&owner.tier);
            }
        }
    }
}

fn relation<'a>(entity: &'a EntityDeclared, kind: &str) -> Option<&'a Subject> {
    entity.relations.iter().find(|relation| relation.relation_type == kind).map(|relation| &relation.target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{fold_all, history};

    fn catalog(facts: &str) -> Catalog {
        Catalog::new(&fold_all(&history(facts).unwrap()))
    }

    fn declared(subject: &str, kind: &str, more: &str) -> String {
        format!(
            "2026-01-01T00:00:00Z entity.declared {subject} {{{more}\"kind\":\"{kind}\",\"entity_ref\":\"r\",\"title\":\"t\"}}\n"
        )
    }

    #[test]
    fn a_service_is_answered_for_by_its_owner_and_has_its_tier() {
        let catalog = catalog(&declared("service:shop", "Component", "\"owner\":\"team:a\",\"tier\":\"1\","));
        let owner = catalog.owner_of("service:shop");
        assert_eq!((owner.team.unwrap().as_str(), owner.tier.as_deref()), ("team:a", Some("1")));
        assert_eq!(catalog.owner_of("service:other"), Owner::default());
    }

    #[test]
    fn what_a_service_does_not_say_its_system_says() {
        let part = "\"tier\":\"2\",\"relations\":[{\"type\":\"partOf\",\"target\":\"system:retail\"}],";
        let facts = declared("service:shop", "Component", part)
            + &declared("system:retail", "System", "\"owner\":\"team:b\",\"tier\":\"3\",");
        let owner = catalog(&facts).owner_of("service:shop");
        assert_eq!((owner.team.unwrap().as_str(), owner.tier.as_deref()), ("team:b", Some("2")));
    }

    #[test]
    fn a_cycle_of_parts_ends() {
        let part = |of: &str| format!("\"relations\":[{{\"type\":\"partOf\",\"target\":\"{of}\"}}],");
        let facts =
            declared("system:a", "System", &part("system:b")) + &declared("system:b", "System", &part("system:a"));
        assert_eq!(catalog(&facts).owner_of("system:a"), Owner::default());
    }

    #[test]
    fn slices_are_filled_and_what_a_contribution_says_itself_stays() {
        let catalog = catalog(&declared("service:shop", "Component", "\"owner\":\"team:a\",\"tier\":\"1\","));
        let mut one = Contribution::counted("x", Timestamp::UNIX_EPOCH, 1.0, 1.0, vec![]);
        one.service = Some("service:shop".to_owned());
        let mut other = one.clone();
        other.team = Some("team:z".to_owned());
        let mut both = [one, other];
        catalog.fill(&mut both);
        assert_eq!(
            both.map(|c| (c.team.unwrap(), c.tier.unwrap())),
            [("team:a".to_owned(), "1".to_owned()), ("team:z".to_owned(), "1".to_owned())]
        );
    }

    #[test]
    fn an_entity_that_comes_back_is_no_longer_gone() {
        let facts = declared("service:shop", "Component", "") + "2026-02-01T00:00:00Z entity.gone service:shop\n";
        let gone = |facts: &str| fold_all::<CatalogEntity>(&history(facts).unwrap())[0].entity.gone.is_some();
        assert!(gone(&facts));
        assert!(!gone(&(facts + &declared("service:shop", "Component", "").replace("2026-01", "2026-03"))));
    }
}
