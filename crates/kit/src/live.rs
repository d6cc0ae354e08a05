//! What each entity adds in the windows that are not over, so that a new fact replaces what its entity added and nothing
//! else is computed anew.

use crate::by_entity::ByEntity;
use crate::moves::{Moves, Reads};
use crate::sum::{Adding, Sum};
use crate::{Contribution, KpiValue, Measure, Problem, Query, Reader, Standing};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Contributions that are held at most, of all windows together: some 30 MB.
const PARTS_MAX: usize = 200_000;
/// Windows of one KPI that are held: the last thirty days and the present month.
const WINDOWS_MAX: usize = 2;
/// Moved entities that are looked at one by one; where more moved, reading all of them costs less.
const MOVED_MAX: usize = 200;

/// What of a contribution is held.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    entity: Box<str>,
    facts: Box<[u64]>,
    numerator: f64,
    denominator: f64,
    suspected: f64,
    standing: Standing,
    /// Which of its KPI's kinds the entity is of.
    rank: u8,
}

impl Part {
    pub(crate) fn new(rank: u8, entity: &str, one: Contribution) -> Self {
        let Contribution { numerator, denominator, suspected, standing, facts, .. } = one;
        Self { entity: entity.into(), facts: facts.into(), numerator, denominator, suspected, standing, rank }
    }

    /// Where it stands among others.
    pub(crate) fn place(&self) -> (u8, &str) {
        (self.rank, &self.entity)
    }

    fn adding(&self) -> Adding<'_> {
        Adding {
            standing: self.standing,
            numerator: self.numerator,
            denominator: self.denominator,
            suspected: self.suspected,
            facts: &self.facts,
        }
    }
}

/// A KPI in a window, entity by entity.
pub(crate) struct Live<K> {
    pub key: K,
    pub reads: Arc<Reads>,
    /// Sorted by place.
    pub parts: Vec<Part>,
    /// Entities of which others must be looked at as well.
    pub tied: BTreeSet<Box<str>>,
    /// Entries of the ledger that it holds for.
    pub size: u64,
}

impl<K> Live<K> {
    /// Brings it up to `size` entries and gives the value; nothing where too much moved, or something else than entities.
    pub(crate) fn catch_up(
        &mut self,
        reader: &Reader<'_>,
        moves: &Moves,
        (kinds, measure): (&[ByEntity], Measure),
        query: &Query,
        size: u64,
    ) -> Result<Option<KpiValue>, Problem> {
        let ledger = reader.ledger();
        for table in self.reads.tables().filter(|table| kinds.iter().all(|by| by.table() != *table)) {
            if moves.of(ledger, table, (self.size, size))?.is_none_or(|moved| !moved.is_empty()) {
                return Ok(None);
            }
        }
        for (by, rank) in kinds.iter().zip(0..) {
            let Some(moved) = moves.of(ledger, by.table(), (self.size, size))? else { return Ok(None) };
            if moved.len() > MOVED_MAX || moved.iter().any(|key| self.tied.contains(key)) {
                return Ok(None);
            }
            if moved.is_empty() {
                continue;
            }
            let prepared = by.prepare(reader)?;
            for key in moved {
                let row = prepared.row(reader, &key)?;
                let touches =
                    row.filter(|(_, (from, to))| *from < query.window.to && to.is_none_or(|to| to > query.window.from));
                let mut new = Vec::new();
                if let Some((entity, _)) = touches {
                    if prepared.tie(&entity).is_some() {
                        return Ok(None);
                    }
                    let contributions = prepared.alone(&entity, query);
                    new.extend(contributions.into_iter().map(|one| Part::new(rank, &key, one)));
                }
                let from = self.parts.partition_point(|part| part.place() < (rank, &key));
                let count = self.parts[from..].iter().take_while(|part| part.place() == (rank, &key)).count();
                self.parts.splice(from..from + count, new);
            }
        }
        self.size = size;
        let mut sum = Sum::of(measure);
        self.parts.iter().for_each(|part| sum.add(&part.adding()));
        Ok(Some(sum.value()))
    }
}

/// The windows that are held, those asked for last at the end.
pub(crate) struct Lives<K>(Vec<Live<K>>);

impl<K> Default for Lives<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq> Lives<K> {
    /// Takes one out, to be put back when it is up to date.
    pub(crate) fn take(&mut self, key: &K) -> Option<Live<K>> {
        let at = self.0.iter().position(|live| live.key == *key)?;
        Some(self.0.remove(at))
    }

    /// Keeps one; what was not asked for longest goes where it is too many, of this KPI (`same`) or in all.
    pub(crate) fn keep(&mut self, mut live: Live<K>, same: impl Fn(&K) -> bool) {
        live.parts.shrink_to_fit();
        let others = self.0.iter().filter(|other| same(&other.key)).count();
        if others >= WINDOWS_MAX
            && let Some(oldest) = self.0.iter().position(|other| same(&other.key))
        {
            self.0.remove(oldest);
        }
        self.0.push(live);
        let mut held: usize = self.0.iter().map(|live| live.parts.len()).sum();
        while held > PARTS_MAX && !self.0.is_empty() {
            held -= self.0.remove(0).parts.len();
        }
    }
}
