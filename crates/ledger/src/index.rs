//! Finding facts by identity, by subject, and by type and time, at a cost of appending that does not grow.
//!
//! An ordinary index over 10,000,000 random keys rewrites nearly one page for each key appended. Here keys of the last few
//! ten thousand entries are held in memory ([`Recent`], rebuilt from the facts themselves), then written as a sorted,
//! immutable run; eight runs of a level are merged into one of the next. So every byte of an index is written
//! sequentially, a few times in all. A lookup asks every run; Bloom filters spare most of that for new identities.
//!
//! A key is 64 bits and leads to candidates only: who asks compares the fact itself.

use crate::bloom::Bloom;
use crate::db::{self, Conn};
use crate::error::{LedgerError, Result};
use crate::recent::{Recent, merged};
use crate::value::Value;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::hash::Hasher;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Recent entries that are written as a run once there are so many.
pub(crate) const RECENT_MAX: u64 = 65_536;
/// Runs of a level that are merged into one of the next.
const FAN_OUT: usize = 8;
/// Pairs of a page: 4,000 bytes, which fits a page of SQLite.
const PAGE_PAIRS: usize = 250;
/// Bits of the page's number in its key.
const PAGE_BITS: u32 = 24;
/// Pages written in one statement.
const PAGES_BATCH: usize = 64;

/// What is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Identity,
    Subject,
    TypeTime,
}

const KINDS: [Kind; 3] = [Kind::Identity, Kind::Subject, Kind::TypeTime];

/// A key and a sequence number in one, ordered by key, then sequence.
pub(crate) type Pair = u128;

pub(crate) fn pair(key: u64, seq: u64) -> Pair {
    u128::from(key) << 64 | u128::from(seq)
}

pub(crate) fn seq_of(pair: Pair) -> u64 {
    (pair & u128::from(u64::MAX)) as u64
}

/// All pairs of the keys `[low, high]`.
pub(crate) fn span(low: u64, high: u64) -> (Pair, Pair) {
    (pair(low, 0), pair(high, u64::MAX))
}

/// Bytes of a text that is hashed in one piece.
const PIECE_BYTES: usize = 256;

/// Each part ends in a line feed: no attribute holds a control character, so parts cannot run into each other.
fn hash64(parts: &[&str]) -> u64 {
    let bytes: usize = parts.iter().map(|part| part.len() + 1).sum();
    let hash: [u8; 32] = if bytes <= PIECE_BYTES {
        // In one piece, because handing a hasher many small ones costs as much as hashing them.
        let (mut piece, mut at) = ([b'\n'; PIECE_BYTES], 0);
        for part in parts {
            piece[at..at + part.len()].copy_from_slice(part.as_bytes());
            at += part.len() + 1;
        }
        Sha256::digest(&piece[..bytes]).into()
    } else {
        let hasher = parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part).chain_update(b"\n"));
        hasher.finalize().into()
    };
    u64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
}

pub(crate) fn identity_key(source: &str, id: &str) -> u64 {
    hash64(&[source, id])
}

pub(crate) fn subject_key(subject: &str) -> u64 {
    hash64(&[subject])
}

/// 16 bits of the type, then the time in steps of 4.096 ms from the middle of 48 bits, which holds years -9999 to 9999.
pub(crate) fn type_time_key(fact_type: &str, time_us: i64) -> u64 {
    let step = (time_us >> 12) + (1 << 47);
    hash64(&[fact_type]) >> 48 << 48 | u64::try_from(step).unwrap_or(0).min((1 << 48) - 1)
}

/// Keys are hashes already; hashing them again would cost for nothing.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// The keys under which a fact is found: identity, subject where it has one, type and time.
pub(crate) type Keys = [Option<u64>; 3];

/// The keys of a fact.
pub(crate) fn keys(source: &str, id: &str, subject: Option<&str>, fact_type: &str, time_us: i64) -> Keys {
    [Some(hash64(&[source, id])), subject.map(subject_key), Some(type_time_key(fact_type, time_us))]
}

/// What is known of a run; runs never change, so this is kept in memory once read.
pub(crate) struct Run {
    id: i64,
    level: i64,
    /// First key of each page.
    fences: Vec<u64>,
    bloom: OnceLock<Bloom>,
}

/// The runs that were read already.
#[derive(Default)]
pub(crate) struct RunCache(Mutex<HashMap<i64, Arc<Run>>>);

impl RunCache {
    /// The runs of a kind as the connection's view has them.
    pub(crate) fn runs(&self, conn: &mut dyn Conn, kind: Kind) -> Result<Vec<Arc<Run>>> {
        let rows =
            db::query(conn, "SELECT id, level FROM ledger_runs WHERE kind = $1 ORDER BY id", &[(kind as i64).into()])?;
        let mut runs = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, level) = (row.integer(0)?, row.integer(1)?);
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
            let run = match known {
                Some(run) => run,
                None => {
                    let fences = db::query_one(conn, "SELECT fences FROM ledger_runs WHERE id = $1", &[id.into()])?;
                    let fences = fences.ok_or_else(|| LedgerError::Tampered(format!("index run {id} vanished")))?;
                    let fences =
                        fences.blob(0)?.as_chunks::<8>().0.iter().map(|raw| u64::from_be_bytes(*raw)).collect();
                    self.keep(Run { id, level, fences, bloom: OnceLock::new() })
                }
            };
            runs.push(run);
        }
        Ok(runs)
    }

    fn keep(&self, run: Run) -> Arc<Run> {
        let run = Arc::new(run);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(run.id, Arc::clone(&run));
        run
    }

    /// Forgets everything: after a rollback a number may be used again for another run.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets runs that were merged away.
    fn forget(&self, ids: &[i64]) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.iter().for_each(|id| drop(cache.remove(id)));
    }
}

impl Run {
    /// Whether the run may hold the key; false is certain.
    pub(crate) fn may_hold(&self, conn: &mut dyn Conn, key: u64) -> Result<bool> {
        if let Some(bloom) = self.bloom.get() {
            return Ok(bloom.may_hold(key));
        }
        let row = db::query_one(conn, "SELECT bloom FROM ledger_runs WHERE id = $1", &[self.id.into()])?;
        let row = row.ok_or_else(|| LedgerError::Tampered(format!("index run {} vanished", self.id)))?;
        let bloom = Bloom::from_bytes(row.blob(0)?);
        Ok(self.bloom.get_or_init(|| bloom).may_hold(key))
    }

    fn page_key(&self, page: usize) -> i64 {
        self.id << PAGE_BITS | i64::try_from(page).unwrap_or(0)
    }

    /// Adds the pairs within the bounds.
    pub(crate) fn find(&self, conn: &mut dyn Conn, (low, high): (Pair, Pair), out: &mut Vec<Pair>) -> Result<()> {
        let first = self.fences.partition_point(|fence| *fence < (low >> 64) as u64).saturating_sub(1);
        let behind = self.fences.partition_point(|fence| *fence <= (high >> 64) as u64);
        if first >= behind {
            return Ok(());
        }
        let sql = "SELECT entries FROM ledger_run_pages WHERE id >= $1 AND id < $2 ORDER BY id";
        conn.each_ref(sql, &[self.page_key(first).into(), self.page_key(behind).into()], &mut |values| {
            let pairs = page(values.first())?;
            let from = pairs.partition_point(|raw| u128::from_be_bytes(*raw) < low);
            let within = pairs[from..].iter().map(|raw| u128::from_be_bytes(*raw)).take_while(|pair| *pair <= high);
            out.extend(within);
            Ok(true)
        })
    }
}

fn page<'a>(value: Option<&db::ValueRef<'a>>) -> Result<&'a [[u8; 16]]> {
    match value {
        Some(db::ValueRef::Blob(bytes)) => Ok(bytes.as_chunks::<16>().0),
        _ => Err(LedgerError::Tampered("a page of an index is no page".to_owned())),
    }
}

/// Writes recent entries, and those that follow them, as runs and merges what has become many. `next_run` is the next
/// free number.
pub(crate) fn flush(conn: &mut dyn Conn, cache: &RunCache, recent: &[&Recent], next_run: &mut i64) -> Result<()> {
    for kind in KINDS {
        let parts = recent.iter().map(|recent| recent.all(kind));
        let pairs = parts.fold(Vec::new(), |all, part| merged(all, &part));
        if pairs.is_empty() {
            continue;
        }
        let mut writer = RunWriter::new(kind, 0, pairs.len(), next_run);
        for pair in pairs {
            writer.push(conn, pair)?;
        }
        writer.finish(conn)?;
        while merge(conn, cache, kind, next_run)? {}
    }
    Ok(())
}

/// Merges the runs of the lowest level that has too many; answers whether there was one.
fn merge(conn: &mut dyn Conn, cache: &RunCache, kind: Kind, next_run: &mut i64) -> Result<bool> {
    let runs = cache.runs(conn, kind)?;
    let many = |level: &i64| runs.iter().filter(|run| run.level == *level).count() >= FAN_OUT;
    let Some(level) = (0..64).find(many) else { return Ok(false) };
    let old: Vec<Arc<Run>> = runs.into_iter().filter(|run| run.level == level).collect();
    let pairs_max = old.iter().map(|run| run.fences.len() * PAGE_PAIRS).sum();
    let mut writer = RunWriter::new(kind, level + 1, pairs_max, next_run);
    let mut cursors = Vec::new();
    let mut heap = std::collections::BinaryHeap::new();
    for run in &old {
        let mut cursor = Cursor { run, page: 0, pairs: Vec::new(), at: 0 };
        if let Some(pair) = cursor.next(conn)? {
            heap.push(std::cmp::Reverse((pair, cursors.len())));
        }
        cursors.push(cursor);
    }
    while let Some(std::cmp::Reverse((pair, from))) = heap.pop() {
        writer.push(conn, pair)?;
        if let Some(pair) = cursors[from].next(conn)? {
            heap.push(std::cmp::Reverse((pair, from)));
        }
    }
    writer.finish(conn)?;
    for run in &old {
        let (first, behind) = (run.page_key(0), run.page_key(run.fences.len()));
        conn.execute("DELETE FROM ledger_run_pages WHERE id >= $1 AND id < $2", &[first.into(), behind.into()])?;
        conn.execute("DELETE FROM ledger_runs WHERE id = $1", &[run.id.into()])?;
    }
    cache.forget(&old.iter().map(|run| run.id).collect::<Vec<_>>());
    Ok(true)
}

struct Cursor<'a> {
    run: &'a Run,
    page: usize,
    pairs: Vec<Pair>,
    at: usize,
}

impl Cursor<'_> {
    fn next(&mut self, conn: &mut dyn Conn) -> Result<Option<Pair>> {
        if self.at == self.pairs.len() {
            if self.page == self.run.fences.len() {
                return Ok(None);
            }
            let key = self.run.page_key(self.page);
            let pairs = &mut self.pairs;
            pairs.clear();
            conn.each_ref("SELECT entries FROM ledger_run_pages WHERE id = $1", &[key.into()], &mut |values| {
                pairs.extend(page(values.first())?.iter().map(|raw| u128::from_be_bytes(*raw)));
                Ok(true)
            })?;
            (self.page, self.at) = (self.page + 1, 0);
        }
        let pair = self.pairs.get(self.at).copied();
        self.at += 1;
        pair.map(Some).ok_or_else(|| LedgerError::Tampered(format!("index run {} has lost a page", self.run.id)))
    }
}

struct RunWriter {
    kind: Kind,
    run: Run,
    bloom: Bloom,
    page: Vec<u8>,
    rows: Vec<Vec<Value>>,
    /// Over the pages, then the fences, then the filter.
    digest: Sha256,
}

impl RunWriter {
    fn new(kind: Kind, level: i64, pairs_max: usize, next_run: &mut i64) -> Self {
        let id = *next_run;
        *next_run += 1;
        // Times are looked up by range, where a filter cannot help.
        let bloom = Bloom::new(if kind == Kind::TypeTime { 0 } else { pairs_max });
        let run = Run { id, level, fences: Vec::new(), bloom: OnceLock::new() };
        Self { kind, run, bloom, page: Vec::with_capacity(PAGE_PAIRS * 16), rows: Vec::new(), digest: Sha256::new() }
    }

    fn push(&mut self, conn: &mut dyn Conn, pair: Pair) -> Result<()> {
        let key = (pair >> 64) as u64;
        if self.page.is_empty() {
            self.run.fences.push(key);
        }
        self.bloom.add(key);
        self.page.extend_from_slice(&pair.to_be_bytes());
        if self.page.len() == PAGE_PAIRS * 16 { self.end_page(conn) } else { Ok(()) }
    }

    fn end_page(&mut self, conn: &mut dyn Conn) -> Result<()> {
        let key = self.run.page_key(self.run.fences.len() - 1);
        self.digest.update(&self.page);
        self.rows.push(vec![key.into(), Value::Blob(std::mem::take(&mut self.page))]);
        if self.rows.len() == PAGES_BATCH { self.write_rows(conn) } else { Ok(()) }
    }

    fn write_rows(&mut self, conn: &mut dyn Conn) -> Result<()> {
        conn.execute_many("INSERT INTO ledger_run_pages (id, entries) VALUES ($1, $2)", &self.rows)?;
        self.rows.clear();
        Ok(())
    }

    fn finish(mut self, conn: &mut dyn Conn) -> Result<()> {
        if !self.page.is_empty() {
            self.end_page(conn)?;
        }
        self.write_rows(conn)?;
        let fences: Vec<u8> = self.run.fences.iter().flat_map(|fence| fence.to_be_bytes()).collect();
        let bloom = self.bloom.to_bytes();
        let digest = self.digest.chain_update(&fences).chain_update(&bloom).finalize();
        let row = [
            self.run.id.into(),
            (self.kind as i64).into(),
            self.run.level.into(),
            fences.into(),
            bloom.into(),
            digest.to_vec().into(),
        ];
        let sql = "INSERT INTO ledger_runs (id, kind, level, fences, bloom, digest) VALUES ($1, $2, $3, $4, $5, $6)";
        conn.execute(sql, &row)?;
        Ok(())
    }
}

/// Checks every run against its digest, and that all entries are in some run; gives what is wrong.
pub(crate) fn check(conn: &mut dyn Conn, covered: u64) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut held = 0;
    let runs = db::query(conn, "SELECT id, kind, fences, bloom, digest FROM ledger_runs ORDER BY id", &[])?;
    for row in runs {
        let (id, kind) = (row.integer(0)?, row.integer(1)?);
        let (fences, bloom, wanted) = (row.blob(2)?, row.blob(3)?, row.blob(4)?);
        let (mut digest, mut pairs) = (Sha256::new(), 0);
        let sql = "SELECT entries FROM ledger_run_pages WHERE id >= $1 AND id < $2 ORDER BY id";
        conn.each_ref(sql, &[(id << PAGE_BITS).into(), ((id + 1) << PAGE_BITS).into()], &mut |values| {
            let entries = page(values.first())?.as_flattened();
            pairs += entries.len() as u64 / 16;
            digest.update(entries);
            Ok(true)
        })?;
        if digest.chain_update(fences).chain_update(bloom).finalize().as_slice() != wanted {
            problems.push(format!("run {id} of the indexes is damaged; rebuilding makes the indexes anew"));
        }
        held += if kind == Kind::Identity as i64 { pairs } else { 0 };
    }
    if held != covered {
        problems.push(format!("the indexes hold {held} entries instead of {covered}; rebuilding makes them anew"));
    }
    Ok(problems)
}

/// Makes all runs anew from the facts, as many as there are full ones; gives how many entries they hold.
pub(crate) fn remake(
    conn: &mut dyn Conn,
    cache: &RunCache,
    size: u64,
    run_entries: u64,
    next_run: &mut i64,
) -> Result<u64> {
    conn.execute("DELETE FROM ledger_runs", &[])?;
    conn.execute("DELETE FROM ledger_run_pages", &[])?;
    let mut from = 0;
    while size - from >= run_entries {
        let recent = Recent::scan(conn, from, from + run_entries)?;
        flush(conn, cache, &[&recent], next_run)?;
        from += run_entries;
    }
    Ok(from)
}
