//! From what exists to what changed: the pure step that makes transitions of a snapshot.

use crate::identity::{content_digest, fact_id};
use crate::{Family, Snapshot, SnapshotItem};
use jiff::Timestamp;
use mainstay_model::{Digest, Fact, FactId, Severity, Subject};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The newest statement of one source about one subject in one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: FactId,
    /// Its type.
    pub fact_type: String,
    /// Digest of what it says.
    pub digest: Digest,
    /// Its event time.
    pub time: Timestamp,
    /// How grave it is, where it says so.
    pub severity: Option<Severity>,
}

impl Known {
    /// What a fact leaves behind.
    #[must_use]
    pub fn of(fact: &Fact) -> Self {
        Self {
            id: fact.id.clone(),
            fact_type: fact.fact_type.clone(),
            digest: content_digest(&fact.data),
            time: fact.time,
            severity: fact.data.get("severity").and_then(Value::as_str).and_then(Severity::from_word),
        }
    }
}

/// What is known of a source: by subject and name of the family.
pub type KnownMap = BTreeMap<(Subject, String), Known>;

/// The family of a fact, for those that keep [`Known`]s; `None` for facts about events, which replace nothing.
#[must_use]
pub fn family_of(fact: &Fact) -> Option<&'static str> {
    Family::of(&fact.fact_type, &fact.data).map(Family::name)
}

/// The key and the entry that a fact leaves in the [`KnownMap`] of its source.
#[must_use]
pub fn known_of(fact: &Fact) -> Option<((Subject, String), Known)> {
    let family = family_of(fact)?.to_owned();
    let subject = fact.subject.clone()?;
    Some(((subject, family), Known::of(fact)))
}

/// The facts that lead from what is known to what a snapshot shows, in the order of their subjects.
///
/// Unchanged things give nothing. A new or changed one gives its fact, a vanished one (in a complete snapshot) the
/// snapshot's `gone`. The id is a digest of type, subject, content and the id of the statement that it replaces: a thing
/// that goes from A to B and back to A gives three facts, and reading the same twice gives none.
///
/// `known` holds the newest statement of the snapshot's scope (its `source`) alone. What is known from a later time than
/// the snapshot's stays: an old report that is read late takes nothing back.
#[must_use]
pub fn reconcile(snapshot: &Snapshot, known: &KnownMap) -> Vec<Fact> {
    let mut items: BTreeMap<&Subject, (&SnapshotItem, Digest)> = BTreeMap::new();
    for item in &snapshot.items {
        let digest = content_digest(&item.data);
        // Of two different statements about one thing the one with the greater digest counts, so that order does not.
        let entry = items.entry(&item.subject).or_insert((item, digest));
        if digest > entry.1 {
            *entry = (item, digest);
        }
    }
    let mut facts = Vec::new();
    for (subject, (item, digest)) in &items {
        let before = known.get(&((*subject).clone(), snapshot.family.clone()));
        let same = before.is_some_and(|known| known.fact_type == item.fact_type && known.digest == *digest);
        if !same && !is_later(before, snapshot) {
            let fact = transition(snapshot, subject, &item.fact_type, &item.data, before);
            // What replaces a statement must stand behind it: a day restated later is told when it was restated.
            let since = item.since.filter(|since| before.is_none_or(|known| known.time < *since));
            facts.push(Fact { time: since.unwrap_or(snapshot.at), ..fact });
        }
    }
    if let (true, Some(gone)) = (snapshot.complete, &snapshot.gone) {
        for ((subject, family), before) in known {
            let present = *family != snapshot.family || items.contains_key(subject);
            let seen = before.severity.is_none_or(|one| snapshot.shows.as_ref().is_none_or(|all| all.contains(&one)));
            if !present && seen && before.fact_type != gone.fact_type && !is_later(Some(before), snapshot) {
                facts.push(transition(snapshot, subject, &gone.fact_type, &gone.data, Some(before)));
            }
        }
    }
    facts.sort_by(|a, b| a.subject.cmp(&b.subject));
    facts
}

fn is_later(known: Option<&Known>, snapshot: &Snapshot) -> bool {
    known.is_some_and(|known| known.time > snapshot.at)
}

fn transition(snapshot: &Snapshot, subject: &Subject, fact_type: &str, data: &Value, before: Option<&Known>) -> Fact {
    let digest = content_digest(data).to_string();
    let previous = before.map_or("", |known| known.id.as_str());
    Fact {
        id: fact_id(&[fact_type, subject.as_str(), &digest, previous]),
        source: snapshot.scope.clone(),
        fact_type: fact_type.to_owned(),
        subject: Some(subject.clone()),
        time: snapshot.at,
        data: data.clone(),
        extensions: Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_model::facts::Aspect;
    use serde_json::json;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_793_491_200 + minute * 60).unwrap()
    }

    fn snapshot(minute: i64, things: &[(&str, u32)]) -> Snapshot {
        let mut snapshot = Snapshot::new("terraform:prod", Family::Resource(Aspect::Live), at(minute));
        snapshot.items = things
            .iter()
            .map(|(name, value)| SnapshotItem {
                subject: Subject::of("tf", name),
                fact_type: "mainstay.resource.observed.v1".to_owned(),
                data: json!({"aspect": "live", "type": "t", "name": name, "attributes": {"value": value}}),
                since: None,
            })
            .collect();
        snapshot
    }

    fn learn(known: &mut KnownMap, facts: &[Fact]) {
        known.extend(facts.iter().filter_map(known_of));
    }

    fn said(facts: &[Fact]) -> Vec<String> {
        let verb = |fact: &Fact| if fact.fact_type.contains("gone") { "gone" } else { "seen" };
        facts.iter().map(|fact| format!("{} {}", verb(fact), fact.subject.as_ref().unwrap().name())).collect()
    }

    #[test]
    fn the_same_twice_gives_nothing_and_a_change_gives_one_fact() {
        let mut known = KnownMap::new();
        let first = reconcile(&snapshot(0, &[("a", 1), ("b", 1)]), &known);
        assert_eq!(said(&first), ["seen a", "seen b"]);
        learn(&mut known, &first);
        assert!(reconcile(&snapshot(1, &[("b", 1), ("a", 1)]), &known).is_empty());
        assert_eq!(said(&reconcile(&snapshot(1, &[("a", 1), ("b", 2)]), &known)), ["seen b"]);
    }

    #[test]
    fn there_and_back_is_three_facts_with_ids_of_their_own() {
        let mut known = KnownMap::new();
        let mut ids = std::collections::BTreeSet::new();
        for (minute, value) in [(0, 1), (1, 2), (2, 1), (3, 2)] {
            let facts = reconcile(&snapshot(minute, &[("a", value)]), &known);
            assert_eq!(facts.len(), 1);
            ids.insert(facts[0].id.clone());
            learn(&mut known, &facts);
        }
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn only_a_complete_snapshot_makes_things_vanish_and_only_once() {
        let mut known = KnownMap::new();
        learn(&mut known, &reconcile(&snapshot(0, &[("a", 1), ("b", 1)]), &KnownMap::new()));
        let mut partial = snapshot(1, &[("a", 1)]);
        partial.complete = false;
        assert!(reconcile(&partial, &known).is_empty());
        let gone = reconcile(&snapshot(1, &[("a", 1)]), &known);
        assert_eq!(said(&gone), ["gone b"]);
        assert_eq!(gone[0].data, json!({"aspect": "live"}));
        learn(&mut known, &gone);
        assert!(reconcile(&snapshot(2, &[("a", 1)]), &known).is_empty());
        assert_eq!(said(&reconcile(&snapshot(3, &[("a", 1), ("b", 1)]), &known)), ["seen b"]);
    }

    #[test]
    fn an_old_report_that_is_read_late_takes_nothing_back() {
        let mut known = KnownMap::new();
        learn(&mut known, &reconcile(&snapshot(10, &[("a", 2)]), &KnownMap::new()));
        assert!(reconcile(&snapshot(5, &[("a", 1)]), &known).is_empty());
        assert!(reconcile(&snapshot(5, &[]), &known).is_empty());
    }

    /// Replays histories drawn from a seed against a plain model: the set of things with their values.
    #[test]
    fn in_any_history_what_is_known_equals_what_the_last_complete_snapshot_showed() {
        let mut seed = 7_u64;
        let mut draw = |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % n
        };
        const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
        for _ in 0..300 {
            let (mut known, mut model, mut ids) = (KnownMap::new(), BTreeMap::new(), std::collections::BTreeSet::new());
            for minute in 0..12 {
                let mut things: Vec<(&str, u32)> = Vec::new();
                for name in NAMES {
                    if draw(3) > 0 {
                        things.push((name, u32::try_from(draw(3)).unwrap()));
                    }
                }
                let complete = draw(4) > 0;
                if complete {
                    model.clear();
                }
                model.extend(things.iter().copied());
                let rotation = usize::try_from(draw(6)).unwrap() % things.len().max(1);
                let mut shuffled = things.clone();
                shuffled.rotate_left(rotation);
                let (mut straight, mut turned) = (snapshot(minute, &things), snapshot(minute, &shuffled));
                (straight.complete, turned.complete) = (complete, complete);
                let facts = reconcile(&straight, &known);
                assert_eq!(facts, reconcile(&turned, &known), "order must not count");
                assert!(facts.iter().all(|fact| ids.insert(fact.id.clone())), "ids must not repeat");
                learn(&mut known, &facts);
                assert!(reconcile(&turned, &known).is_empty(), "the same again must give nothing");
                let alive = known.values().filter(|known| !known.fact_type.contains("gone")).count();
                assert_eq!(alive, model.len());
            }
        }
    }
}
