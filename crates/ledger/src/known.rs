//! Knowing a fact again: what is stored under its source and id, and whether it says the same.

use crate::db::Conn;
use crate::entry::{Header, Prepared, Stored};
use crate::error::Result;
use crate::index::{Kind, seq_of, span};
use crate::ledger::Shared;
use crate::schema::Head;
use crate::tx::Tx;
use std::collections::HashMap;
use std::sync::PoisonError;

/// The stored rows that share a key with a fact to be appended, by key.
pub(crate) type ByKey = HashMap<u64, Vec<Stored>>;

pub(crate) fn find_stored(conn: &mut dyn Conn, shared: &Shared, head: &Head, keys: &[u64]) -> Result<ByKey> {
    let runs = shared.cache.runs(conn, Kind::Identity)?;
    let mut found = Vec::new();
    for run in &runs {
        for key in keys {
            if run.may_hold(conn, *key)? {
                run.find(conn, span(*key, *key), &mut found)?;
            }
        }
    }
    {
        let recent = shared.recent.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .filter(|key| recent.may_hold(**key))
            .for_each(|key| recent.find(Kind::Identity, span(*key, *key), &mut found));
    }
    let mut by_seq: HashMap<u64, u64> = HashMap::new();
    for pair in found {
        by_seq.insert(seq_of(pair), (pair >> 64) as u64);
    }
    let mut seqs: Vec<u64> = by_seq.keys().copied().collect();
    seqs.sort_unstable();
    let mut by_key = ByKey::new();
    let mut tx = Tx::folding(conn, shared, head.covered, head.size, None);
    tx.rows_apart(&seqs, false, &mut |stored| {
        by_key.entry(by_seq[&stored.seq]).or_default().push(stored);
        Ok(true)
    })?;
    Ok(by_key)
}

/// Finds the row of the fact's identity among those of its key and compares it.
pub(crate) fn verdict_of(rows: &[Stored], fact: &Prepared, now_us: i64) -> Option<(u64, Result<(), String>)> {
    rows.iter().find_map(|row| {
        let header = row.header().ok()?;
        (header.source == fact.source() && header.id == fact.id())
            .then(|| (row.seq, same_stored(row, &header, fact, now_us)))
    })
}

fn differs(what: &str, seq: Option<u64>) -> Result<(), String> {
    let place = seq.map_or(String::new(), |seq| format!(" (entry {seq})"));
    Err(format!("its source and id are known{place} with another {what}"))
}

/// Whether the known fact says the same. A fact that came without a time happened when it was learned (`now`), which is
/// another instant each time it is sent; that is no difference.
fn same_stored(row: &Stored, header: &Header<'_>, fact: &Prepared, now_us: i64) -> Result<(), String> {
    let seq = Some(row.seq);
    if header.fact_type != fact.fact_type() {
        return differs("type", seq);
    }
    if header.subject != fact.subject() {
        return differs("subject", seq);
    }
    if header.time_us != fact.time_us && fact.time_us != now_us {
        return differs("time", seq);
    }
    // What was erased cannot be compared, and must not come back.
    if row.salt.is_some() && row.data != fact.data {
        return differs("data", seq);
    }
    if row.salt.is_some() && row.extensions != fact.extensions {
        return differs("set of extensions", seq);
    }
    Ok(())
}

pub(crate) fn same_pending(known: &Prepared, fact: &Prepared, now_us: i64) -> Result<(), String> {
    if known.fact_type() != fact.fact_type() {
        return differs("type", None);
    }
    if known.subject() != fact.subject() {
        return differs("subject", None);
    }
    if known.time_us != fact.time_us && fact.time_us != now_us {
        return differs("time", None);
    }
    if known.data != fact.data || known.extensions != fact.extensions {
        return differs("content", None);
    }
    Ok(())
}
