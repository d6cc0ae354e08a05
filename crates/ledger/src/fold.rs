//! Folding: how facts become tables, in the transaction that appends them, and again from the beginning by replay.

use crate::db::Mode;
use crate::error::{LedgerError, Result};
use crate::index;
use crate::ledger::Shared;
use crate::read::Filter;
use crate::recent::Recent;
use crate::schema::Head;
use crate::tx::Tx;
use mainstay_model::Recorded;
use std::sync::PoisonError;

/// What makes tables of facts. The same facts must give the same tables whatever batches they came in: a fold that
/// reads an entity anew from all its facts (`tx.facts_of_subject`) has that by construction, late facts included.
pub trait Fold: Send + Sync {
    /// Name; unique, and never changed.
    fn name(&self) -> &'static str;

    /// Version of what it makes. With a new one its tables are dropped, made again and filled by replay at the next open.
    fn version(&self) -> u32 {
        1
    }

    /// Statements that make its tables and indexes, for both databases (see [`Tx`]).
    fn migrations(&self) -> &[&str];

    /// The tables that it writes, and nobody else does.
    fn tables(&self) -> Vec<&str>;

    /// Folds facts, in the order of the ledger. All of them, and all before them, can be read through `tx`; what is visible
    /// there from the position of the first is what is given, no more and no less.
    ///
    /// A fact that was redacted meanwhile comes with what was retained as its data. After a redaction everything is
    /// replayed, so a fold need not treat it apart.
    ///
    /// # Errors
    /// An error refuses the whole batch: a fact that cannot be understood is to be skipped, not refused.
    fn fold(&self, facts: &[Recorded], tx: &mut Tx<'_>) -> Result<()>;
}

/// Facts that are replayed at a time.
const REPLAY_BATCH: u64 = 10_000;

/// Names and versions of folds as one text, to be compared with the head row's.
pub(crate) fn fingerprint(shared: &Shared) -> String {
    let mut parts: Vec<String> =
        shared.folds.iter().map(|fold| format!("{}:{}", fold.name(), fold.version())).collect();
    parts.sort();
    parts.join(" ")
}

pub(crate) fn fold_all(shared: &Shared, facts: &[Recorded], tx: &mut Tx<'_>) -> Result<()> {
    shared.folds.iter().try_for_each(|fold| fold.fold(facts, tx).map_err(|error| named(fold.name(), error)))
}

/// A fold's error carries its name, except where the database itself is in trouble.
fn named(fold: &str, error: LedgerError) -> LedgerError {
    match error {
        LedgerError::Database { .. } | LedgerError::Refused(_) | LedgerError::Column { .. } => {
            LedgerError::Fold { fold: fold.to_owned(), cause: error.to_string() }
        }
        other => other,
    }
}

/// Makes the tables fit the folds: what is new or of another version is made and filled, what is gone is dropped.
pub(crate) fn ensure(shared: &Shared) -> Result<()> {
    let wanted = fingerprint(shared);
    if shared.pool.run(Mode::Read, |conn| Ok(Head::read(conn)?.folds == wanted))? {
        return Ok(());
    }
    shared.pool.run(Mode::Append, |conn| {
        let mut tx = Tx::new(conn, shared)?;
        let mut stale: Vec<usize> = (0..shared.folds.len()).collect();
        for row in tx.query("SELECT name, version, tables FROM ledger_folds ORDER BY name", &[])? {
            let (name, version, tables) = (row.text(0)?, row.integer(1)?, row.text(2)?);
            let same = |fold: &dyn Fold| {
                fold.name() == name && i64::from(fold.version()) == version && fold.tables().join(" ") == tables
            };
            if let Some(at) = shared.folds.iter().position(|fold| same(fold.as_ref())) {
                stale.retain(|stale| *stale != at);
                continue;
            }
            for table in tables.split_whitespace() {
                tx.execute(&format!("DROP TABLE IF EXISTS {table}"), &[])?;
            }
            tx.execute("DELETE FROM ledger_folds WHERE name = $1", &[name.into()])?;
        }
        for at in &stale {
            let fold = &shared.folds[*at];
            for statement in fold.migrations() {
                tx.execute(statement, &[]).map_err(|error| named(fold.name(), error))?;
            }
            tx.execute(
                "INSERT INTO ledger_folds (name, version, tables) VALUES ($1, $2, $3)",
                &[fold.name().into(), fold.version().into(), fold.tables().join(" ").into()],
            )?;
        }
        replay(shared, &stale, &mut tx)?;
        tx.execute("UPDATE ledger_head SET folds = $1 WHERE id = 1", &[wanted.into()])?;
        Ok(())
    })
}

/// Makes the indexes anew, then empties all tables and fills them again.
pub(crate) fn rebuild(shared: &Shared) -> Result<u64> {
    let _writer = shared.lock_writer();
    shared.cache.clear();
    let outcome = shared.pool.run(Mode::Append, |conn| {
        let mut head = Head::read(conn)?;
        head.covered = index::remake(conn, &shared.cache, head.size, shared.run_entries, &mut head.next_run)?;
        head.write(conn)?;
        let tail = Recent::scan(conn, head.covered, head.size)?;
        let mut tx = Tx::new(conn, shared)?;
        rebuild_in(shared, &mut tx)?;
        Ok((head.size, tail))
    });
    shared.cache.clear();
    let (size, tail) = outcome?;
    *shared.recent.write().unwrap_or_else(PoisonError::into_inner) = tail;
    Ok(size)
}

pub(crate) fn rebuild_in(shared: &Shared, tx: &mut Tx<'_>) -> Result<()> {
    for fold in &shared.folds {
        for table in fold.tables() {
            tx.execute(&format!("DELETE FROM {table}"), &[])?;
        }
    }
    let all: Vec<usize> = (0..shared.folds.len()).collect();
    replay(shared, &all, tx)
}

/// Folds the whole log into the named folds, in batches, each seeing no more than what was there at its time.
fn replay(shared: &Shared, folds: &[usize], tx: &mut Tx<'_>) -> Result<()> {
    if folds.is_empty() {
        return Ok(());
    }
    let size = tx.size();
    let mut from = 0;
    while from < size {
        let until = (from + REPLAY_BATCH).min(size);
        tx.set_size(until);
        let facts = tx.facts(&Filter::new().seqs(from, until))?;
        for at in folds {
            let fold = &shared.folds[*at];
            fold.fold(&facts, tx).map_err(|error| named(fold.name(), error))?;
        }
        from = until;
    }
    tx.set_size(size);
    Ok(())
}
