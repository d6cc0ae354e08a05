//! The ledger: opening it, and the operations of its callers.

use crate::append::{AppendReport, Writer};
use crate::db::{Database, Mode, Pool};
use crate::disk;
use crate::error::{LedgerError, Result};
use crate::fold::{self, Fold};
use crate::index::{RECENT_MAX, RunCache};
use crate::merkle::Hash;
use crate::note::{Checkpoint, NoteSigner, NoteVerifier};
use crate::read::Filter;
use crate::recent::Recent;
use crate::schema::{self, Head};
use crate::tree::Tiles;
use crate::tx::Tx;
use mainstay_model::{Digest, Fact, Recorded, Subject, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// How a ledger is opened.
pub struct Options {
    /// Where the facts are.
    pub database: Database,
    /// Folder of the files beside the database: the signing key (`ledger.key`) and the latest checkpoint (`checkpoint`).
    /// Replicas of one PostgreSQL ledger need the same key in theirs.
    pub folder: PathBuf,
    /// Name of the log, part of every checkpoint; of the form of a URL without scheme.
    pub origin: String,
    /// What makes tables of the facts.
    pub folds: Vec<Arc<dyn Fold>>,
    /// Entries of a new run of the indexes; other than the default only for tests, so that a small ledger has many runs.
    pub run_entries: u64,
    /// Open for reading only: nothing is made, migrated or folded.
    pub read_only: bool,
}

impl Options {
    /// A ledger in one folder: SQLite in `ledger.db`, the key and the checkpoint beside it.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let database = Database::Sqlite(folder.join("ledger.db"));
        Self {
            database,
            folder,
            origin: "mainstay.local/ledger".to_owned(),
            folds: Vec::new(),
            run_entries: RECENT_MAX,
            read_only: false,
        }
    }

    /// A ledger in PostgreSQL, with the key and the checkpoint in a folder.
    #[must_use]
    pub fn postgres(url: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self { database: Database::Postgres(url.into()), ..Self::in_folder(folder) }
    }

    /// With these folds.
    #[must_use]
    pub fn folds(mut self, folds: Vec<Arc<dyn Fold>>) -> Self {
        self.folds = folds;
        self
    }
}

/// What the threads of a ledger share.
pub(crate) struct Shared {
    pub pool: Pool,
    pub cache: RunCache,
    pub recent: RwLock<Recent>,
    pub folds: Vec<Arc<dyn Fold>>,
    pub signer: Option<NoteSigner>,
    pub folder: PathBuf,
    pub run_entries: u64,
    /// Held by whoever writes in this process, so that waiting is fair and short instead of the database's polling.
    writer: Mutex<()>,
}

impl Shared {
    pub(crate) fn lock_writer(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn verifier(&self) -> Result<&NoteVerifier> {
        let signer = self.signer.as_ref();
        let missing = || LedgerError::refused(format!("there is no signing key in {}", self.folder.display()));
        signer.map(NoteSigner::verifier).ok_or_else(missing)
    }

    /// Signs a checkpoint.
    pub(crate) fn sign(&self, size: u64, root: Hash) -> Result<String> {
        let origin = self.verifier()?.name().to_owned();
        let signer = self.signer.as_ref().ok_or(LedgerError::Closed)?;
        Ok(signer.sign(&Checkpoint { origin, size, root }.to_text()))
    }

    pub(crate) fn checkpoint_path(&self) -> PathBuf {
        self.folder.join("checkpoint")
    }

    pub(crate) fn read<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.pool.run(Mode::Read, |conn| work(&mut Tx::new(conn, self)?))
    }
}

/// The append-only, tamper-evident store of facts. Every call blocks; call it off asynchronous threads.
pub struct Ledger {
    shared: Arc<Shared>,
    writer: Option<Writer>,
}

impl Ledger {
    /// Opens a ledger, making it where there is none; checks that it is what its latest checkpoints say, brings schema
    /// and tables up to date.
    ///
    /// # Errors
    /// The database cannot be opened, or the log was rolled back, forked or cut ([`LedgerError::Tampered`]).
    pub fn open(options: Options) -> Result<Self> {
        let key = options.folder.join("ledger.key");
        if !options.read_only {
            disk::make_folder(&options.folder)?;
        } else if let Database::Sqlite(file) = &options.database
            && !disk::is_there(file)
        {
            return Err(no_ledger(&options.folder.display().to_string()));
        }
        let pool = Pool::new(options.database, options.read_only);
        if !options.read_only {
            pool.run(Mode::Write, schema::migrate)?;
        }
        let head = pool.run(Mode::Read, Head::read).map_err(|error| match error {
            // A database in which nothing was made yet, asked by whoever may not make anything.
            LedgerError::Database { cause, .. } if options.read_only && cause.contains("ledger_head") => {
                no_ledger("the database")
            }
            other => other,
        })?;
        let signer = if options.read_only || head.size > 0 {
            NoteSigner::load(&key, &options.origin)?
        } else {
            Some(NoteSigner::load_or_make(&key, &options.origin)?)
        };
        check_key(&head, signer.as_ref(), &key, options.read_only)?;
        let shared = Arc::new(Shared {
            pool,
            cache: RunCache::default(),
            recent: RwLock::new(Recent::default()),
            folds: options.folds,
            signer,
            folder: options.folder,
            run_entries: options.run_entries.max(1),
            writer: Mutex::new(()),
        });
        if options.read_only {
            return Ok(Self { shared, writer: None });
        }
        crate::verify::check_start(&shared)?;
        match crate::redact::scrub(&shared) {
            // Whoever reads now is done some day, and the note stays until then.
            Err(LedgerError::Busy(_)) => {}
            other => other?,
        }
        first_checkpoint(&shared, &head)?;
        let recent = shared.pool.run(Mode::Read, |conn| {
            let head = Head::read(conn)?;
            Recent::scan(conn, head.covered, head.size)
        })?;
        *shared.recent.write().unwrap_or_else(PoisonError::into_inner) = recent;
        fold::ensure(&shared)?;
        let writer = Some(Writer::start(Arc::clone(&shared))?);
        Ok(Self { shared, writer })
    }

    /// Appends facts; what is acknowledged is on disk. Facts that are known already change nothing; a fact that is
    /// malformed, or has a known id with other content, is refused and reported, and the rest still counts.
    ///
    /// `now` becomes the time of recording (never earlier than the entry before). Many threads may append at once: what
    /// waits together is committed together.
    ///
    /// # Errors
    /// The database fails, or a fold does; then nothing of the batch is kept, except where the connection was lost during
    /// the commit. Appending the same again is always safe.
    pub fn append(&self, facts: Vec<Fact>, now: Timestamp) -> Result<AppendReport> {
        self.writer
            .as_ref()
            .ok_or_else(|| LedgerError::ReadOnly("it was opened for reading".to_owned()))?
            .append(facts, now)
    }

    /// Runs work in one unchanging view of facts and tables.
    ///
    /// # Errors
    /// The database fails, or the work does.
    pub fn read<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.shared.read(work)
    }

    /// Runs work that writes what is not folded, and only that: leases, sessions, credentials. It excludes appending in
    /// this process while it runs, so it must be short.
    ///
    /// # Errors
    /// The database fails, or the work does; then nothing of it is kept.
    pub fn operational<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let _writer = self.shared.lock_writer();
        self.shared.pool.run(Mode::Write, |conn| work(&mut Tx::new(conn, &self.shared)?))
    }

    /// The facts that match.
    ///
    /// # Errors
    /// The database fails, or an entry is damaged.
    pub fn facts(&self, filter: &Filter) -> Result<Vec<Recorded>> {
        self.read(|tx| tx.facts(filter))
    }

    /// Calls `each` with every fact that matches, holding few at a time; it answers whether to go on.
    ///
    /// # Errors
    /// The database fails, an entry is damaged, or `each` fails.
    pub fn facts_each(&self, filter: &Filter, each: &mut dyn FnMut(Recorded) -> Result<bool>) -> Result<()> {
        self.read(|tx| tx.facts_each(filter, each))
    }

    /// All facts about the subjects, as they were recorded.
    ///
    /// # Errors
    /// The database fails, or an entry is damaged.
    pub fn facts_of_subjects(&self, subjects: &[Subject]) -> Result<Vec<Recorded>> {
        self.read(|tx| tx.facts_of_subjects(subjects))
    }

    /// The fact at a position.
    ///
    /// # Errors
    /// The database fails, or the entry is damaged.
    pub fn fact(&self, seq: u64) -> Result<Option<Recorded>> {
        self.read(|tx| tx.fact(seq))
    }

    /// The fact of a source and id.
    ///
    /// # Errors
    /// The database fails, or the entry is damaged.
    pub fn fact_by_id(&self, source: &str, id: &str) -> Result<Option<Recorded>> {
        self.read(|tx| tx.fact_by_id(source, id))
    }

    /// How many entries were known at an instant.
    ///
    /// # Errors
    /// The database fails, or an entry is damaged.
    pub fn seq_as_of(&self, recorded: Timestamp) -> Result<u64> {
        self.read(|tx| tx.seq_as_of(recorded))
    }

    /// Number of entries.
    ///
    /// # Errors
    /// The database fails.
    pub fn size(&self) -> Result<u64> {
        self.shared.pool.run(Mode::Read, |conn| Ok(Head::read(conn)?.size))
    }

    /// Root of the tree, now or when the ledger had a size.
    ///
    /// # Errors
    /// The database fails, the ledger is smaller, or the tree is damaged.
    pub fn root(&self, size: Option<u64>) -> Result<Digest> {
        self.shared.pool.run(Mode::Read, |conn| {
            let have = Head::read(conn)?.size;
            Tiles::new(conn, have).root(size.unwrap_or(have)).map(Digest)
        })
    }

    /// The latest signed checkpoint, as a note.
    ///
    /// # Errors
    /// The database fails, or there is no signing key.
    pub fn checkpoint(&self) -> Result<String> {
        let note = self.shared.pool.run(Mode::Read, |conn| Ok(Head::read(conn)?.checkpoint))?;
        if note.is_empty() { self.shared.sign(0, crate::merkle::empty_root()) } else { Ok(note) }
    }

    /// The key that checks checkpoints; give it to whoever is to verify without trusting this machine.
    ///
    /// # Errors
    /// There is no signing key.
    pub fn verifier(&self) -> Result<NoteVerifier> {
        self.shared.verifier().cloned()
    }

    /// Makes the indexes anew from the log, empties all folded tables and fills them again by replay; gives the number of facts replayed.
    ///
    /// # Errors
    /// The database or a fold fails; then the tables stay as they were.
    pub fn rebuild(&self) -> Result<u64> {
        if self.writer.is_none() {
            return Err(LedgerError::ReadOnly("it was opened for reading".to_owned()));
        }
        fold::rebuild(&self.shared)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn writer(&self) -> Option<&Writer> {
        self.writer.as_ref()
    }
}

fn no_ledger(place: &str) -> LedgerError {
    LedgerError::refused(format!(
        "there is no ledger in {place}; mainstay collect makes one, and --data names another folder"
    ))
}

/// A new ledger starts with the checkpoint of nothing beside it, so that a missing file always means something.
fn first_checkpoint(shared: &Shared, head: &Head) -> Result<()> {
    let path = shared.checkpoint_path();
    if head.size > 0 || disk::read(&path)?.is_some() {
        return Ok(());
    }
    disk::replace(&path, shared.sign(0, crate::merkle::empty_root())?.as_bytes())
}

/// Whoever appends must hold the key that signed before: with another one the log could be forked unseen.
fn check_key(head: &Head, signer: Option<&NoteSigner>, path: &Path, read_only: bool) -> Result<()> {
    if head.verifier.is_empty() || signer.is_some_and(|signer| signer.verifier().to_text() == head.verifier) {
        return Ok(());
    }
    if read_only && signer.is_none() {
        return Ok(());
    }
    let path = path.display();
    let why = if signer.is_none() {
        format!("{path} is missing; copy it from the folder of who appends to this ledger")
    } else {
        format!("{path} is another key, or the origin changed")
    };
    Err(LedgerError::refused(format!("the ledger's checkpoints are signed by {}, but {why}", head.verifier)))
}
