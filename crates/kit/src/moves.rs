//! What new facts move, so that a remembered figure is computed anew only where it must be.
//!
//! A figure depends on the entities of some tables whose spans touch its window. A new fact folds into the entity of its
//! subject, and so can only change figures that see this entity as it was before or as it is after. Both follow from the
//! ledger itself, by folding the subject's facts without and with the new one; so nothing is kept beside the ledger, and
//! what another process appended counts the same.

use crate::EntityKind;
use mainstay_ledger::{Filter, Ledger, LedgerError};
use mainstay_model::facts::FactRedacted;
use mainstay_model::{FactData, Recorded, Span, Subject, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// New facts that are looked at; where there are more, every figure is computed anew, which costs less.
const CATCH_UP_MAX: u64 = 2_000;
/// New facts of one subject that are folded one by one; where there are more, the subject counts as moved at all times.
const STEPS_MAX: usize = 8;
/// Moves that are remembered.
const MOVES_MAX: usize = 20_000;

/// The keys of entities that moved.
pub(crate) type Keys = BTreeSet<Box<str>>;

/// From when to when an entity can matter; `None` is for ever.
pub(crate) type Reach = (Timestamp, Option<Timestamp>);

/// What was read to compute a figure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// Tables, each with the span whose entities were read; `None` for all entities.
    tables: BTreeMap<&'static str, Option<Span>>,
    /// Whether something was read that no table and span describes.
    beyond: bool,
}

impl Reads {
    /// Notes that the entities of a table that touch the span were read, or all.
    pub(crate) fn note(&mut self, table: &'static str, span: Option<Span>) {
        let both = match self.tables.get(table) {
            None => span,
            Some(known) => known.zip(span).map(|(a, b)| Span { from: a.from.min(b.from), to: a.to.max(b.to) }),
        };
        self.tables.insert(table, both);
    }

    /// Notes that something else was read.
    pub(crate) fn note_beyond(&mut self) {
        self.beyond = true;
    }

    /// Notes what others noted as well.
    pub(crate) fn absorb(&mut self, other: &Self) {
        other.tables.iter().for_each(|(table, span)| self.note(table, *span));
        self.beyond |= other.beyond;
    }

    /// The tables of which something was read.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.tables.keys().copied()
    }

    fn sees(&self, moved: &Moved) -> bool {
        self.tables.get(moved.table).is_some_and(|span| {
            let (first, end) = moved.reach;
            span.is_none_or(|span| first < span.to && end.is_none_or(|end| end > span.from))
        })
    }
}

/// An entity of a table changed with a fact; before or after it mattered within the reach.
struct Moved {
    seq: u64,
    table: &'static str,
    key: Box<str>,
    reach: Reach,
}

/// The moves that the facts `[from, until)` made.
#[derive(Default)]
struct Log {
    from: u64,
    until: u64,
    moved: VecDeque<Moved>,
}

/// What moved lately.
#[derive(Default)]
pub(crate) struct Moves {
    kinds: Vec<EntityKind>,
    log: Mutex<Log>,
}

impl Moves {
    /// Watches the tables of these kinds.
    pub(crate) fn watching(kinds: Vec<EntityKind>) -> Self {
        Self { kinds, log: Mutex::default() }
    }

    /// Whether a figure that was computed from these reads when the ledger had `then` entries may be another with `now`
    /// entries. Where `fixed`, it was computed from facts known at an earlier time, which new facts leave as they were.
    pub(crate) fn touch(
        &self,
        ledger: &Ledger,
        reads: &Reads,
        fixed: bool,
        (then, now): (u64, u64),
    ) -> Result<bool, LedgerError> {
        if then >= now {
            return Ok(then > now);
        }
        let log = self.log_until(ledger, now)?;
        if then < log.from {
            return Ok(true);
        }
        if fixed {
            return Ok(false);
        }
        if reads.beyond || !reads.tables.keys().all(|table| self.watches(table)) {
            return Ok(true);
        }
        let first = log.moved.partition_point(|moved| moved.seq < then);
        Ok(log.moved.range(first..).any(|moved| moved.seq < now && reads.sees(moved)))
    }

    /// The entities of a table that moved while the ledger grew from `then` to `now` entries; `None` where that cannot be
    /// told.
    pub(crate) fn of(
        &self,
        ledger: &Ledger,
        table: &str,
        (then, now): (u64, u64),
    ) -> Result<Option<Keys>, LedgerError> {
        if then > now || !self.watches(table) {
            return Ok(None);
        }
        let log = self.log_until(ledger, now)?;
        if then < log.from {
            return Ok(None);
        }
        let first = log.moved.partition_point(|moved| moved.seq < then);
        let moved = log.moved.range(first..).filter(|moved| moved.seq < now && moved.table == table);
        Ok(Some(moved.map(|moved| moved.key.clone()).collect()))
    }

    fn watches(&self, table: &str) -> bool {
        self.kinds.iter().any(|kind| kind.table() == table)
    }

    /// The log, which reaches up to `now` entries at least.
    fn log_until(&self, ledger: &Ledger, now: u64) -> Result<MutexGuard<'_, Log>, LedgerError> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.until < now {
            self.catch_up(ledger, &mut log, now)?;
        }
        Ok(log)
    }

    /// Makes sure that what moves from `size` entries on will be known, before something is computed from so many.
    pub(crate) fn follow(&self, size: u64) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.until + CATCH_UP_MAX < size {
            *log = Log { from: size, until: size, moved: VecDeque::new() };
        }
    }

    /// Looks at the facts up to `now`; where they are too many, or one erased what others said, the log begins anew.
    fn catch_up(&self, ledger: &Ledger, log: &mut Log, now: u64) -> Result<(), LedgerError> {
        let begin_anew = |log: &mut Log| *log = Log { from: now, until: now, moved: VecDeque::new() };
        if now - log.until > CATCH_UP_MAX {
            begin_anew(log);
            return Ok(());
        }
        let new = ledger.facts(&Filter::new().seqs(log.until, now))?;
        if new.iter().any(|recorded| recorded.fact.fact_type == FactRedacted::TYPE) {
            begin_anew(log);
            return Ok(());
        }
        let mut moved = Vec::new();
        for kind in &self.kinds {
            moved.extend(moves_of(ledger, kind, &new, (log.until, now))?);
        }
        moved.sort_by_key(|moved| moved.seq);
        log.moved.extend(moved);
        log.until = now;
        while log.moved.len() > MOVES_MAX {
            // What is forgotten cannot be told any more: figures older than that are computed anew.
            log.from = log.moved.pop_front().map_or(log.from, |moved| moved.seq + 1);
        }
        Ok(())
    }
}

/// What the new facts `[then, now)` moved among the entities of a kind.
fn moves_of(
    ledger: &Ledger,
    kind: &EntityKind,
    new: &[Recorded],
    (then, now): (u64, u64),
) -> Result<Vec<Moved>, LedgerError> {
    let of_kind = new.iter().filter(|recorded| kind.types().contains(&recorded.fact.fact_type.as_str()));
    let subjects: BTreeSet<&Subject> = of_kind.filter_map(|recorded| recorded.fact.subject.as_ref()).collect();
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter {
        types: kind.types().iter().map(|name| (*name).to_owned()).collect(),
        subjects: subjects.into_iter().cloned().collect(),
        ..Filter::new()
    };
    let mut moved = Vec::new();
    for (key, facts) in crate::store::by_subject(ledger.facts(&filter.as_of_size(now))?) {
        moved.extend(steps(kind, &key, &facts, then));
    }
    Ok(moved)
}

/// The moves of one entity, of which all facts are given in the order of the ledger: one for each from `then` on.
fn steps(kind: &EntityKind, key: &str, facts: &[Recorded], then: u64) -> Vec<Moved> {
    let known = facts.partition_point(|recorded| recorded.seq < then);
    let new = &facts[known..];
    let moved = |seq: u64, reach: Reach| Moved { seq, table: kind.table(), key: key.into(), reach };
    if new.len() > STEPS_MAX {
        return new.iter().map(|recorded| moved(recorded.seq, (Timestamp::MIN, None))).collect();
    }
    let mut before = kind.reach(key, facts[..known].to_vec());
    let mut out = Vec::with_capacity(new.len());
    for (at, recorded) in new.iter().enumerate() {
        let after = kind.reach(key, facts[..=known + at].to_vec());
        out.extend(joined(before, after).map(|reach| moved(recorded.seq, reach)));
        before = after;
    }
    out
}

/// The reach that covers both.
fn joined(one: Option<Reach>, other: Option<Reach>) -> Option<Reach> {
    match (one, other) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.zip(b.1).map(|(a, b)| a.max(b)))),
        (one, other) => one.or(other),
    }
}
