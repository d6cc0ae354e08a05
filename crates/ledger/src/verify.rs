//! Verifying: that the log is what its checkpoints say, cheaply at start, and entry by entry on demand.

use crate::db::{self, Conn, Mode, ValueRef};
use crate::entry::{self, SALT_BYTES};
use crate::error::{LedgerError, Result};
use crate::history;
use crate::index;
use crate::ledger::Shared;
use crate::merkle::{Hash, leaf_hash, root_of};
use crate::note::{Checkpoint, NoteVerifier};
use crate::schema::Head;
use crate::tree::{self, Edge, TILE_WIDTH, Tiles, tile_key};
use mainstay_model::Digest;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Checks at start, without reading the log: the head's checkpoint is signed and is the tree's, and the checkpoint file
/// beside the database is of a beginning of it.
pub(crate) fn check_start(shared: &Shared) -> Result<()> {
    let mut problems = Vec::new();
    let head = shared.pool.run(Mode::Read, Head::read)?;
    let root = shared.pool.run(Mode::Read, |conn| Tiles::new(conn, head.size).root(head.size))?;
    check_checkpoint(&head, shared.verifier()?, root, &mut problems);
    if let Some(note) = crate::disk::read(&shared.checkpoint_path())? {
        check_seen(
            shared,
            &head,
            shared.verifier()?,
            &String::from_utf8_lossy(&note),
            "the checkpoint file",
            &mut problems,
        )?;
    }
    match problems.into_iter().next() {
        None => Ok(()),
        Some(problem) => Err(LedgerError::Tampered(problem.what)),
    }
}

/// Something that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The entry, where it can be named.
    pub seq: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// Entries that the head counts.
    pub size: u64,
    /// Root computed from the entries themselves.
    pub root: Digest,
    /// Entries whose data was redacted.
    pub redacted: u64,
    /// Problems, the first bad entry first; what cannot be pinned to an entry comes last. Bounded in number.
    pub problems: Vec<Problem>,
}

/// With what to verify.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// The key to trust; without it the one beside the database.
    pub verifier: Option<NoteVerifier>,
    /// Signed checkpoints that were kept elsewhere: the log must begin with what they counted.
    pub checkpoints: Vec<String>,
    /// A folder with the log's files as written earlier (`write_log_files`): where the log was forked, it names the first
    /// entry that differs.
    pub mirror: Option<std::path::PathBuf>,
}

/// Problems that are kept of one verification.
const PROBLEMS_MAX: usize = 1_000;
/// Entries that one thread reads at a time: a tile of tiles.
const CHUNK: u64 = TILE_WIDTH * TILE_WIDTH;
/// Threads that read and hash.
const THREADS_MAX: usize = 8;

/// Reads every entry, recomputes every hash, compares with tree and checkpoints.
pub(crate) fn verify(shared: &Shared, options: &VerifyOptions) -> Result<VerifyReport> {
    let head = shared.pool.run(Mode::Read, Head::read)?;
    let scanned = scan(shared, head.size)?;
    let mut problems = scanned.problems;
    let edge = scanned.edge;
    let root = edge.root();
    let verifier = match (&options.verifier, shared.verifier()) {
        (Some(given), _) => Some(given.clone()),
        (None, Ok(own)) => Some(own.clone()),
        (None, Err(error)) => {
            problems.push(Problem { seq: None, what: format!("no signature could be checked: {error}") });
            None
        }
    };
    if let Some(verifier) = &verifier {
        let good = check_checkpoint(&head, verifier, root, &mut problems);
        if good {
            excuse_entries(&mut problems);
        }
        let file = crate::disk::read(&shared.checkpoint_path())?;
        match &file {
            Some(note) => {
                check_seen(
                    shared,
                    &head,
                    verifier,
                    &String::from_utf8_lossy(note),
                    "the checkpoint file",
                    &mut problems,
                )?;
            }
            None if head.size > 0 => problems.push(Problem {
                seq: None,
                what: "the checkpoint file beside the database is missing, so a rollback could not be seen".to_owned(),
            }),
            None => {}
        }
        for note in &options.checkpoints {
            check_seen(shared, &head, verifier, note, "a checkpoint that was given", &mut problems)?;
        }
    }
    if let Some(mirror) = &options.mirror {
        check_mirror(shared, head.size, mirror, &mut problems)?;
    }
    check_bounds(shared, head.size, &mut problems)?;
    for what in shared.pool.run(Mode::Read, |conn| {
        let covered = Head::read(conn)?.covered;
        index::check(conn, covered)
    })? {
        problems.push(Problem { seq: None, what });
    }
    check_redactions(shared, &scanned.redacted, &mut problems)?;
    problems.sort_by_key(|problem| problem.seq.unwrap_or(u64::MAX));
    problems.dedup();
    problems.truncate(PROBLEMS_MAX);
    Ok(VerifyReport { size: head.size, root: Digest(root), redacted: scanned.redacted.len() as u64, problems })
}

/// The marker of a problem that lies in an entry or in the tree, which only the root decides.
const ENTRY_CHANGED: &str = "its entry is not what was recorded";
const TREE_CHANGED: &str = "the tree's hash of it is damaged; the entry itself is as it was recorded";

/// Where the root over the entries is the one that was signed, a hash that differs is the tree's fault.
fn excuse_entries(problems: &mut [Problem]) {
    for problem in problems.iter_mut().filter(|problem| problem.what.starts_with(ENTRY_CHANGED)) {
        TREE_CHANGED.clone_into(&mut problem.what);
    }
}

/// Whether the head's checkpoint is signed and of this root.
fn check_checkpoint(head: &Head, verifier: &NoteVerifier, root: Hash, problems: &mut Vec<Problem>) -> bool {
    let mut say = |what: String| problems.push(Problem { seq: None, what });
    if head.checkpoint.is_empty() {
        if head.size > 0 {
            say(format!("the ledger has {} entries and no checkpoint", head.size));
        }
        return false;
    }
    match Checkpoint::open(&head.checkpoint, verifier) {
        Err(error) => say(format!("the ledger's checkpoint does not check: {error}")),
        Ok(signed) if signed.size != head.size => {
            say(format!("the ledger counts {} entries, its signed checkpoint {}", head.size, signed.size));
        }
        Ok(signed) if signed.root != root => {
            say(format!("the root of the {} entries is not the one that was signed", head.size));
        }
        Ok(_) => return true,
    }
    false
}

/// Whether the log begins with what a checkpoint seen earlier counted.
fn check_seen(
    shared: &Shared,
    head: &Head,
    verifier: &NoteVerifier,
    note: &str,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    let seen = match Checkpoint::open(note, verifier) {
        Ok(seen) => seen,
        Err(error) => {
            problems.push(Problem { seq: None, what: format!("{name} does not check: {error}") });
            return Ok(());
        }
    };
    if seen.size > head.size {
        let what = format!(
            "the log was rolled back: {name} counts {} entries, the ledger {}; this is the first that is lost",
            seen.size, head.size
        );
        problems.push(Problem { seq: Some(head.size), what });
        return Ok(());
    }
    match shared.pool.run(Mode::Read, |conn| Tiles::new(conn, head.size).root(seen.size)) {
        Ok(root) if root == seen.root => {}
        Ok(_) => {
            let (from, to) = history::first_differing(shared, verifier, head.size, seen.size)?;
            let first = if from == to { format!("is {from}") } else { format!("is one of {from} to {to}") };
            problems.push(Problem {
                seq: (from == to).then_some(from),
                what: format!(
                    "the log was forked: its first {} entries are not those that {name} counted; the first that differs {first}",
                    seen.size
                ),
            });
        }
        Err(LedgerError::Tampered(what)) => problems.push(Problem { seq: None, what }),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Compares the leaves with those of a copy of the log's files, tile by tile, up to the first that differs.
fn check_mirror(shared: &Shared, size: u64, folder: &std::path::Path, problems: &mut Vec<Problem>) -> Result<()> {
    for index in 0..u64::MAX {
        let Some(theirs) = crate::prove::mirrored_tile(folder, index)? else { return Ok(()) };
        let first = index * TILE_WIDTH;
        let ours = if first < size {
            shared.pool.run(Mode::Read, |conn| tree::read_tile(conn, tile_key(0, index)))?.unwrap_or_default()
        } else {
            Vec::new()
        };
        let differs =
            theirs.iter().enumerate().find(|(at, hash)| ours.get(*at) != Some(hash) || first + *at as u64 >= size);
        if let Some((at, _)) = differs {
            let what = "it is not the entry that the copy of the log holds".to_owned();
            problems.push(Problem { seq: Some(first + at as u64), what });
            return Ok(());
        }
    }
    Ok(())
}

/// Rows outside of the log's range belong to nothing.
fn check_bounds(shared: &Shared, size: u64, problems: &mut Vec<Problem>) -> Result<()> {
    let sql = "SELECT MIN(seq), MAX(seq) FROM ledger_facts";
    let row = shared.pool.run(Mode::Read, |conn| {
        // Appending goes on meanwhile; only what the head of this view does not count is too much.
        let now = Head::read(conn)?.size.max(size);
        Ok((now, db::query_one(conn, sql, &[])?))
    })?;
    let (now, Some(row)) = row else { return Ok(()) };
    if row.integer_or_null(0)?.is_some_and(|first| first < 0) {
        problems.push(Problem { seq: None, what: "there is an entry with a negative sequence number".to_owned() });
    }
    if let Some(last) = row.integer_or_null(1)?.and_then(|last| u64::try_from(last).ok()).filter(|last| *last >= now) {
        problems.push(Problem {
            seq: Some(now),
            what: format!("entries up to {last} follow behind the end that was signed"),
        });
    }
    Ok(())
}

/// An entry without its data must have been redacted by a fact, and hold what that fact retained; and the other way round.
fn check_redactions(shared: &Shared, redacted: &[u64], problems: &mut Vec<Problem>) -> Result<()> {
    let named = match shared.read(crate::redact::redactions) {
        Ok(named) => named,
        Err(LedgerError::Damaged { seq, what }) => {
            problems.push(Problem { seq: Some(seq), what });
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for seq in redacted {
        if !named.contains_key(seq) {
            problems.push(Problem {
                seq: Some(*seq),
                what: "its data is gone, and no fact says that it was redacted".to_owned(),
            });
        }
    }
    for (seq, retained) in named {
        let row = shared.pool.run(Mode::Read, |conn| {
            let sql = "SELECT data, extensions, salt FROM ledger_facts WHERE seq = $1";
            db::query_one(conn, sql, &[seq.into()])
        })?;
        let good =
            row.is_some_and(|row| row.is_null(2) && row.is_null(1) && row.text(0).is_ok_and(|data| data == retained));
        if !good {
            problems.push(Problem {
                seq: Some(seq),
                what: "it was redacted, but does not hold what was retained".to_owned(),
            });
        }
    }
    Ok(())
}

/// What reading all entries gave.
struct Scanned {
    edge: Edge,
    redacted: Vec<u64>,
    problems: Vec<Problem>,
}

/// What reading one chunk gave.
#[derive(Default)]
struct Chunk {
    number: u64,
    /// Roots of its full tiles, then the leaves behind them.
    roots: Vec<Hash>,
    rest: Vec<Hash>,
    redacted: Vec<u64>,
    problems: Vec<Problem>,
}

fn scan(shared: &Shared, size: u64) -> Result<Scanned> {
    let next = AtomicU64::new(0);
    let done: Mutex<Vec<Chunk>> = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number * CHUNK >= size {
                return Ok(());
            }
            let chunk = shared.pool.run(Mode::Read, |conn| read_chunk(conn, number, size))?;
            done.lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(THREADS_MAX);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles.into_iter().try_for_each(|handle| handle.join().map_err(|_| LedgerError::Closed)?)
    })?;
    let mut chunks = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    chunks.sort_by_key(|chunk| chunk.number);
    let (mut roots, mut rest, mut redacted, mut problems) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for chunk in chunks {
        roots.extend(chunk.roots);
        rest = chunk.rest;
        redacted.extend(chunk.redacted);
        problems.extend(chunk.problems);
    }
    let edge = shared.pool.run(Mode::Read, |conn| check_upper(conn, size, roots, rest, &mut problems))?;
    Ok(Scanned { edge, redacted, problems })
}

/// Reads the entries of a chunk; what the database itself cannot read is a problem at that place.
fn read_chunk(conn: &mut dyn Conn, number: u64, size: u64) -> Result<Chunk> {
    let (first, behind) = (number * CHUNK, ((number + 1) * CHUNK).min(size));
    let mut chunk = Chunk { number, ..Chunk::default() };
    let stored = read_hashes(conn, first, behind, &mut chunk.problems)?;
    let mut leaves: Vec<Hash> = Vec::with_capacity(usize::try_from(TILE_WIDTH).unwrap_or(256));
    let mut next = first;
    let sql = "SELECT seq, entry, data, extensions, salt FROM ledger_facts WHERE seq >= $1 AND seq < $2 ORDER BY seq";
    let outcome = conn.each_ref(sql, &[first.into(), behind.into()], &mut |values| {
        let ValueRef::Integer(seq) = values[0] else { return Ok(true) };
        let seq = u64::try_from(seq).unwrap_or(0);
        while next < seq {
            chunk.missing(next, &mut leaves);
            next += 1;
        }
        let leaf = chunk.judge(seq, values, stored.get((seq - first) as usize), &stored);
        chunk.push(leaf, &mut leaves);
        next = seq + 1;
        Ok(true)
    });
    match outcome {
        Err(LedgerError::Tampered(what) | LedgerError::Database { cause: what, .. }) => {
            chunk.problems.push(Problem { seq: Some(next), what: format!("the database cannot read it: {what}") });
        }
        other => other?,
    }
    while next < behind {
        chunk.missing(next, &mut leaves);
        next += 1;
    }
    chunk.rest = leaves;
    Ok(chunk)
}

/// The stored leaf hashes of a range; tiles that are cut short or gone leave gaps of `None`.
fn read_hashes(conn: &mut dyn Conn, first: u64, behind: u64, problems: &mut Vec<Problem>) -> Result<Vec<Option<Hash>>> {
    let mut hashes = vec![None; (behind - first) as usize];
    let (low, high) = (first / TILE_WIDTH, behind.div_ceil(TILE_WIDTH));
    let sql = "SELECT id, hashes FROM ledger_tiles WHERE id >= $1 AND id < $2 ORDER BY id";
    conn.each_ref(sql, &[tile_key(0, low).into(), tile_key(0, high).into()], &mut |values| {
        let (ValueRef::Integer(id), ValueRef::Blob(bytes)) = (values[0], values[1]) else { return Ok(true) };
        let start = (u64::try_from(id).unwrap_or(0) * TILE_WIDTH - first) as usize;
        for (at, hash) in bytes.as_chunks::<32>().0.iter().enumerate() {
            if let Some(place) = hashes.get_mut(start + at) {
                *place = Some(*hash);
            }
        }
        Ok(true)
    })?;
    if let Some(at) = hashes.iter().position(Option::is_none) {
        problems.push(Problem { seq: Some(first + at as u64), what: "the tree has no hash of it".to_owned() });
    }
    Ok(hashes)
}

impl Chunk {
    fn say(&mut self, seq: u64, what: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { seq: Some(seq), what: what.into() });
        }
    }

    fn missing(&mut self, seq: u64, leaves: &mut Vec<Hash>) {
        self.say(seq, "it is missing");
        self.push([0; 32], leaves);
    }

    fn push(&mut self, leaf: Hash, leaves: &mut Vec<Hash>) {
        leaves.push(leaf);
        if leaves.len() as u64 == TILE_WIDTH {
            self.roots.push(root_of(leaves));
            leaves.clear();
        }
    }

    /// Judges one row and gives the hash of its entry.
    fn judge(
        &mut self,
        seq: u64,
        values: &[ValueRef<'_>],
        stored: Option<&Option<Hash>>,
        all: &[Option<Hash>],
    ) -> Hash {
        let (ValueRef::Text(entry), ValueRef::Text(data)) = (values[1], values[2]) else {
            self.say(seq, "its row holds no text");
            return [0; 32];
        };
        let leaf = leaf_hash(entry);
        if let Some(Some(stored)) = stored
            && *stored != leaf
        {
            match all.iter().position(|other| *other == Some(leaf)) {
                Some(at) => {
                    self.say(seq, format!("{ENTRY_CHANGED}: here stands entry {}", self.number * CHUNK + at as u64))
                }
                None => self.say(seq, ENTRY_CHANGED),
            }
            return leaf;
        }
        let extensions = match values[3] {
            ValueRef::Text(text) => Some(text),
            ValueRef::Null => None,
            _ => {
                self.say(seq, "its extensions are no text");
                return leaf;
            }
        };
        match values[4] {
            ValueRef::Null => self.redacted.push(seq),
            ValueRef::Blob(salt) if salt.len() == SALT_BYTES => {
                if !entry::states_digest(entry, &entry::digest(salt, data, extensions)) {
                    self.say(seq, "its data is not what was recorded");
                }
            }
            _ => self.say(seq, "its salt is not what was recorded"),
        }
        leaf
    }
}

/// Compares the upper levels of the tree with what follows from the entries, and gives the tree's edge.
fn check_upper(
    conn: &mut dyn Conn,
    size: u64,
    roots: Vec<Hash>,
    rest: Vec<Hash>,
    problems: &mut Vec<Problem>,
) -> Result<Edge> {
    let width = TILE_WIDTH as usize;
    let mut partial = vec![rest];
    let (mut level, mut nodes) = (1, roots);
    let mut span = TILE_WIDTH;
    while !nodes.is_empty() {
        for (index, wanted) in nodes.chunks(width).enumerate() {
            let stored = tree::read_tile(conn, tile_key(level, index as u64))?.unwrap_or_default();
            let bad = wanted.iter().enumerate().find(|(at, hash)| stored.get(*at) != Some(hash));
            if let Some((at, _)) = bad {
                let first = (index * width + at) as u64 * span;
                // An entry below that is bad itself explains it.
                let explained = problems.iter().any(|p| p.seq.is_some_and(|seq| (first..first + span).contains(&seq)));
                if !explained {
                    let what = format!(
                        "tile {level}/{index} of the tree does not follow from entries {first} to {}",
                        first + span - 1
                    );
                    problems.push(Problem { seq: Some(first), what });
                }
            }
        }
        let above: Vec<Hash> = nodes.chunks_exact(width).map(root_of).collect();
        partial.push(nodes[nodes.len() / width * width..].to_vec());
        (nodes, level, span) = (above, level + 1, span * TILE_WIDTH);
    }
    Ok(Edge::of(size, partial))
}
