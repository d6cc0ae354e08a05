//! Appending: callers make their facts ready side by side, one thread commits what waits together.

use crate::db::{Conn, Mode, ValueRef};
use crate::entry::{Prepared, SALT_BYTES};
use crate::error::{LedgerError, Result};
use crate::fold;
use crate::history;
use crate::index::{self, KeyHasher};
use crate::known::{find_stored, same_pending, verdict_of};
use crate::ledger::Shared;
use crate::merkle::Hash;
use crate::note;
use crate::recent::{Gathered, Recent};
use crate::schema::Head;
use crate::tree::{self, Edge};
use crate::tx::Tx;
use mainstay_model::{Fact, FactData, Recorded, Timestamp, facts::FactRedacted};
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Facts that are committed together at most; it bounds memory and how long one commit takes. Whoever waits for a commit
/// makes nothing ready meanwhile: a group of all that wait would let the processors take turns instead of working side by
/// side.
const GROUP_FACTS_MAX: usize = 20_000;
/// Facts that are handed to the database at once.
const INSERT_ROWS: usize = 1_000;
/// The checkpoint file is written when nobody appends for so long, and at the latest after so many commits.
const CHECKPOINT_IDLE: Duration = Duration::from_millis(20);
const CHECKPOINT_COMMITS_MAX: u32 = 64;

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppendReport {
    /// Facts that were appended.
    pub new: u64,
    /// Facts that were known already, word for word.
    pub known: u64,
    /// Facts that were refused: position in the batch, and why.
    pub refused: Vec<(usize, String)>,
    /// For each fact of the batch its position in the ledger, new or known; `None` where it was refused.
    pub seqs: Vec<Option<u64>>,
}

struct Request {
    facts: Vec<(usize, Prepared)>,
    report: AppendReport,
    now_us: i64,
    /// When each fact was recorded in the ledger that it was exported from, where that is kept.
    recorded_us: Vec<i64>,
    reply: SyncSender<Answer>,
}

/// What the writer answers with: the report, and the facts, which are freed where they were made.
type Answer = (Result<AppendReport>, Vec<(usize, Prepared)>);

/// The thread that commits.
pub(crate) struct Writer {
    queue: Mutex<Option<Sender<Request>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(shared: Arc<Shared>) -> Result<Self> {
        let (queue, requests) = channel();
        let committer = Committer { shared, conn: None, edge: None, unsaved: 0, checkpoint: String::new(), kept: 0 };
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || committer.run(&requests))
            .map_err(|error| LedgerError::refused(format!("no thread for the writer: {error}")))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Some(thread) })
    }

    pub(crate) fn append(&self, facts: Vec<Fact>, now: Timestamp) -> Result<AppendReport> {
        self.send(prepare(facts, now, false)?)
    }

    /// Appends a redaction and erases what it names, in one transaction.
    pub(crate) fn append_redaction(&self, fact: Fact, now: Timestamp) -> Result<AppendReport> {
        self.send(prepare(vec![fact], now, true)?)
    }

    /// Appends facts of an export with the times at which they were recorded there, none of them later than `now`.
    pub(crate) fn append_recorded(
        &self,
        facts: Vec<Fact>,
        recorded: &[Timestamp],
        now: Timestamp,
    ) -> Result<AppendReport> {
        let mut request = prepare(facts, now, false)?;
        request.recorded_us = recorded.iter().map(|recorded| (*recorded).min(now).as_microsecond()).collect();
        self.send(request)
    }

    fn send(&self, mut request: Request) -> Result<AppendReport> {
        let (reply, answer) = sync_channel(1);
        request.reply = reply;
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        queue.ok_or(LedgerError::Closed)?.send(request).map_err(|_| LedgerError::Closed)?;
        answer.recv().map_err(|_| LedgerError::Closed)?.0
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(thread) = self.thread.take() {
            // The thread ends when the queue does; one that panicked was reported when it did.
            let _ = thread.join();
        }
    }
}

/// Checks every fact and makes it ready, on the caller's thread.
fn prepare(facts: Vec<Fact>, now: Timestamp, redactions: bool) -> Result<Request> {
    let now_us = now.as_microsecond();
    let mut report = AppendReport { seqs: vec![None; facts.len()], ..AppendReport::default() };
    let mut ready = Vec::with_capacity(facts.len());
    let mut salts = vec![0; facts.len() * SALT_BYTES];
    note::random(&mut salts)?;
    let salts = salts.as_chunks::<SALT_BYTES>().0;
    let mut room = String::new();
    for (at, (fact, salt)) in facts.into_iter().zip(salts).enumerate() {
        let checked = fact.check(now).map_err(|error| error.to_string()).and_then(|()| {
            if fact.fact_type == FactRedacted::TYPE && !redactions {
                return Err("a redaction is made by redacting, not by appending".to_owned());
            }
            Prepared::new(fact, *salt, now_us, &mut room).map_err(|error| error.to_string())
        });
        match checked {
            Ok(prepared) => ready.push((at, prepared)),
            Err(reason) => report.refused.push((at, reason)),
        }
    }
    let (reply, _) = sync_channel(1);
    Ok(Request { facts: ready, report, now_us, recorded_us: Vec::new(), reply })
}

struct Committer {
    shared: Arc<Shared>,
    conn: Option<Box<dyn Conn>>,
    edge: Option<Edge>,
    /// Commits since the checkpoint file was written.
    unsaved: u32,
    checkpoint: String,
    /// Entries that the newest checkpoint of the history counts.
    kept: u64,
}

impl Committer {
    fn run(mut self, requests: &Receiver<Request>) {
        loop {
            let first = if self.unsaved == 0 {
                requests.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                requests.recv_timeout(CHECKPOINT_IDLE)
            };
            match first {
                Ok(first) => self.serve(gather(first, requests)),
                Err(RecvTimeoutError::Timeout) => {
                    self.save_checkpoint();
                    if let Some(conn) = &mut self.conn {
                        conn.rest();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.unsaved >= CHECKPOINT_COMMITS_MAX {
                self.save_checkpoint();
            }
        }
        self.save_checkpoint();
    }

    /// Commits a group; where that fails and it was of several requests, each alone, so that one bad batch does not
    /// take others with it.
    fn serve(&mut self, group: Vec<Request>) {
        match self.commit(&group) {
            Ok(reports) => {
                for (request, report) in group.into_iter().zip(reports) {
                    // Whoever asked may have gone; the facts are kept all the same.
                    let _ = request.reply.send((Ok(report), request.facts));
                }
            }
            Err(error) if group.len() == 1 => {
                if let Some(request) = group.into_iter().next() {
                    let _ = request.reply.send((Err(error), request.facts));
                }
            }
            Err(_) => group.into_iter().for_each(|request| self.serve(vec![request])),
        }
    }

    fn commit(&mut self, group: &[Request]) -> Result<Vec<AppendReport>> {
        let shared = Arc::clone(&self.shared);
        let _writer = shared.lock_writer();
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => connect(&shared)?,
        };
        let begun = match conn.begin(Mode::Append) {
            Err(LedgerError::Connection { .. }) => {
                // The server went away while nothing was under way: one new connection is worth a try.
                conn = connect(&shared)?;
                conn.begin(Mode::Append)
            }
            other => other,
        };
        let outcome = begun.and_then(|()| commit_in(conn.as_mut(), &shared, self.edge.take(), group));
        let outcome = outcome.and_then(|done| conn.commit().map(|()| done));
        match outcome {
            Ok(done) => {
                self.conn = Some(conn);
                self.edge = Some(done.edge);
                if let Some(checkpoint) = done.checkpoint {
                    self.checkpoint = checkpoint;
                    self.unsaved += 1;
                }
                let mut recent = shared.recent.write().unwrap_or_else(PoisonError::into_inner);
                match done.recent {
                    Remember::Add(pending) => recent.absorb(pending),
                    Remember::Nothing(size) => *recent = Recent::starting(size),
                }
                Ok(done.reports)
            }
            Err(error) => {
                conn.rollback();
                shared.cache.clear();
                if conn.is_usable() {
                    self.conn = Some(conn);
                }
                Err(error)
            }
        }
    }

    fn save_checkpoint(&mut self) {
        // A file that cannot be written is no reason to refuse facts, which are on disk: it only watches over them, and
        // is written again with the next commit. An older checkpoint is still one of this log.
        if self.unsaved > 0 && crate::disk::replace(&self.shared.checkpoint_path(), self.checkpoint.as_bytes()).is_ok()
        {
            self.unsaved = 0;
            let size = self.edge.as_ref().map_or(0, |edge| edge.size);
            if size >= self.kept + history::STEP && history::add(&self.shared, &self.checkpoint).is_ok() {
                self.kept = size;
            }
        }
    }
}

/// A connection that appends.
fn connect(shared: &Shared) -> Result<Box<dyn Conn>> {
    let mut conn = shared.pool.database().connect(false)?;
    conn.widen()?;
    Ok(conn)
}

/// Takes what else waits, up to the size of a group.
fn gather(first: Request, requests: &Receiver<Request>) -> Vec<Request> {
    let mut facts = first.facts.len();
    let mut group = vec![first];
    while facts < GROUP_FACTS_MAX {
        match requests.try_recv() {
            Ok(request) => {
                facts += request.facts.len();
                group.push(request);
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    group
}

/// What is known once a group is in the transaction.
struct Done {
    reports: Vec<AppendReport>,
    edge: Edge,
    checkpoint: Option<String>,
    recent: Remember,
}

enum Remember {
    Add(Recent),
    /// All was written as runs.
    Nothing(u64),
}

fn commit_in(conn: &mut dyn Conn, shared: &Shared, edge: Option<Edge>, group: &[Request]) -> Result<Done> {
    let mut head = Head::read(conn)?;
    if head.folds != fold::fingerprint(shared) {
        return Err(LedgerError::refused("another version of the program made the tables; restart this one"));
    }
    let edge = match edge {
        Some(edge) if edge.size == head.size => edge,
        // Another process appended meanwhile, or this is the first time.
        _ => Edge::load(conn, head.size)?,
    };
    catch_up(conn, shared, &head)?;
    let count = group.iter().map(|request| request.facts.len()).sum();
    let mut batch = Batch {
        gathered: Gathered::starting(head.size, count),
        known: HashMap::with_capacity_and_hasher(count, BuildHasherDefault::default()),
        before: Vec::with_capacity(count),
        recorded_us: head.recorded_us,
        entries: Vec::with_capacity(count),
        leaves: Vec::with_capacity(count),
        facts: Vec::new(),
        pending: Vec::with_capacity(count),
        redacted: false,
    };
    let mut reports = Vec::with_capacity(group.len());
    for request in group {
        reports.push(batch.add(conn, shared, &head, request)?);
    }
    if batch.entries.is_empty() {
        return Ok(Done { reports, edge, checkpoint: None, recent: Remember::Add(batch.gathered.sorted()) });
    }
    batch.write(conn, shared, &mut head, edge, reports)
}

/// Brings the shared memory of recent entries up to what other processes appended.
fn catch_up(conn: &mut dyn Conn, shared: &Shared, head: &Head) -> Result<()> {
    let mut recent = shared.recent.write().unwrap_or_else(PoisonError::into_inner);
    if recent.from < head.covered || recent.until > head.size {
        *recent = Recent::starting(head.covered);
    }
    if recent.until < head.size {
        let missed = Recent::scan(conn, recent.until, head.size)?;
        recent.absorb(missed);
    }
    Ok(())
}

/// The facts of one commit.
struct Batch<'a> {
    gathered: Gathered,
    /// By identity key where the last fact of the commit that has it stands in `pending`.
    known: HashMap<u64, usize, BuildHasherDefault<KeyHasher>>,
    /// For each of `pending` the one before it that has the same key.
    before: Vec<Option<usize>>,
    recorded_us: i64,
    entries: Vec<Cow<'a, str>>,
    leaves: Vec<Hash>,
    facts: Vec<Recorded>,
    pending: Vec<&'a Prepared>,
    /// Whether data of earlier facts was erased.
    redacted: bool,
}

impl<'a> Batch<'a> {
    fn add(&mut self, conn: &mut dyn Conn, shared: &Shared, head: &Head, request: &'a Request) -> Result<AppendReport> {
        let mut report = request.report.clone();
        let keys: Vec<u64> = request.facts.iter().map(|(_, fact)| fact.keys[0].unwrap_or_default()).collect();
        let stored = find_stored(conn, shared, head, &keys)?;
        for ((at, fact), key) in request.facts.iter().zip(keys) {
            let of_key = std::iter::successors(self.known.get(&key).copied(), |at| self.before[*at]);
            let here = of_key.map(|at| (at, self.pending[at])).find_map(|(at, known)| {
                (known.source() == fact.source() && known.id() == fact.id())
                    .then(|| (head.size + at as u64, same_pending(known, fact, request.now_us)))
            });
            let there = || stored.get(&key).and_then(|rows| verdict_of(rows, fact, request.now_us));
            match here.or_else(there) {
                Some((seq, Ok(()))) => {
                    report.known += 1;
                    report.seqs[*at] = Some(seq);
                }
                Some((_, Err(reason))) => report.refused.push((*at, reason)),
                None => {
                    let recorded_us = request.recorded_us.get(*at).copied().unwrap_or(request.now_us);
                    self.recorded_us = self.recorded_us.max(recorded_us);
                    report.new += 1;
                    report.seqs[*at] = Some(self.gathered.until());
                    self.take(shared, fact, key)?;
                    if let Some(redacted) = FactRedacted::read(&fact.fact) {
                        crate::redact::erase(conn, &redacted)?;
                        self.redacted = true;
                    }
                }
            }
        }
        report.refused.sort_by_key(|(at, _)| *at);
        Ok(report)
    }

    fn take(&mut self, shared: &Shared, fact: &'a Prepared, key: u64) -> Result<()> {
        let seq = self.gathered.until();
        let (entry, leaf) = fact.entry(self.recorded_us);
        self.leaves.push(leaf);
        self.gathered.push(&fact.keys);
        self.before.push(self.known.insert(key, self.pending.len()));
        self.entries.push(entry);
        self.pending.push(fact);
        if !shared.folds.is_empty() {
            let us = self.recorded_us;
            let recorded = Timestamp::from_microsecond(us).map_err(|e| LedgerError::refused(e.to_string()))?;
            self.facts.push(Recorded { seq, recorded, fact: fact.fact.clone() });
        }
        Ok(())
    }

    fn insert(&self, conn: &mut dyn Conn, first: u64) -> Result<()> {
        let sql = "INSERT INTO ledger_facts (seq, entry, data, extensions, salt) VALUES ($1, $2, $3, $4, $5)";
        let mut values = Vec::with_capacity(INSERT_ROWS * 5);
        let mut seqs = first..;
        for (facts, entries) in self.pending.chunks(INSERT_ROWS).zip(self.entries.chunks(INSERT_ROWS)) {
            values.clear();
            for ((fact, entry), seq) in facts.iter().zip(entries).zip(&mut seqs) {
                values.push(ValueRef::Integer(i64::try_from(seq).unwrap_or(i64::MAX)));
                values.push(ValueRef::Text(entry.as_bytes()));
                values.push(ValueRef::Text(fact.data.as_bytes()));
                values.push(fact.extensions.as_ref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())));
                values.push(ValueRef::Blob(&fact.salt));
            }
            conn.insert_flat(sql, 5, &values)?;
        }
        Ok(())
    }

    /// Writes facts, tree, indexes, folded tables and the head, in this order, all in the transaction.
    fn write(
        self,
        conn: &mut dyn Conn,
        shared: &Shared,
        head: &mut Head,
        mut edge: Edge,
        reports: Vec<AppendReport>,
    ) -> Result<Done> {
        self.insert(conn, edge.size)?;
        tree::write_tiles(conn, edge.extend(&self.leaves))?;
        let covered = head.covered;
        let mut pending = self.gathered.sorted();
        if !shared.folds.is_empty() {
            let mut tx = Tx::folding(conn, shared, covered, edge.size, Some(pending));
            if self.redacted {
                // The tables may hold what was erased.
                fold::rebuild_in(shared, &mut tx)?;
            } else {
                fold::fold_all(shared, &self.facts, &mut tx)?;
            }
            pending = tx.into_tail().ok_or(LedgerError::Closed)?;
        }
        head.size = edge.size;
        head.recorded_us = self.recorded_us;
        let recent = if head.size - head.covered >= shared.run_entries {
            let recent = shared.recent.read().unwrap_or_else(PoisonError::into_inner);
            index::flush(conn, &shared.cache, &[&recent, &pending], &mut head.next_run)?;
            head.covered = head.size;
            Remember::Nothing(head.size)
        } else {
            Remember::Add(pending)
        };
        head.checkpoint = shared.sign(head.size, edge.root())?;
        head.verifier = shared.verifier()?.to_text();
        head.write(conn)?;
        Ok(Done { reports, edge, checkpoint: Some(head.checkpoint.clone()), recent })
    }
}
