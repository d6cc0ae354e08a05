//! The tables of the ledger itself, the head row, and the list of migrations.

use crate::db::{self, Conn};
use crate::error::{LedgerError, Result};
use crate::value::Value;

/// All migrations in order; one that was released never changes.
const MIGRATIONS: &[&[&str]] = &[
    &[
        // The log. `entry` is the leaf (see `entry.rs`); `data` and `extensions` are the payload, or where `salt` is null
        // what was retained of it.
        "CREATE TABLE ledger_facts (seq BIGINT PRIMARY KEY, entry TEXT NOT NULL, data TEXT NOT NULL, extensions TEXT, salt BYTEA)",
        // The tree: `id` is level * 2^48 + index.
        "CREATE TABLE ledger_tiles (id BIGINT PRIMARY KEY, hashes BYTEA NOT NULL)",
        // The indexes (see `index.rs`): `id` of a page is run * 2^24 + page.
        "CREATE TABLE ledger_runs (id BIGINT PRIMARY KEY, kind BIGINT NOT NULL, level BIGINT NOT NULL, fences BYTEA NOT NULL, bloom BYTEA NOT NULL, digest BYTEA NOT NULL)",
        "CREATE TABLE ledger_run_pages (id BIGINT PRIMARY KEY, entries BYTEA NOT NULL)",
        // What was folded into which tables.
        "CREATE TABLE ledger_folds (name TEXT PRIMARY KEY, version BIGINT NOT NULL, tables TEXT NOT NULL)",
        // One row: how long the log is. Whoever locks it may append.
        "CREATE TABLE ledger_head (id BIGINT PRIMARY KEY, size BIGINT NOT NULL, covered BIGINT NOT NULL, recorded BIGINT NOT NULL, next_run BIGINT NOT NULL, checkpoint TEXT NOT NULL, verifier TEXT NOT NULL, folds TEXT NOT NULL)",
        "INSERT INTO ledger_head (id, size, covered, recorded, next_run, checkpoint, verifier, folds) VALUES (1, 0, 0, 0, 1, '', '', '')",
    ],
    &[
        // Erasures whose bytes the database may still hold in free pages or in its own log (see `redact.rs`).
        "ALTER TABLE ledger_head ADD COLUMN unscrubbed BIGINT NOT NULL DEFAULT 0",
    ],
];

/// The head row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Entries of the log.
    pub size: u64,
    /// Entries that the runs of the indexes hold.
    pub covered: u64,
    /// When the last entry was recorded; the next is never earlier.
    pub recorded_us: i64,
    pub next_run: i64,
    /// Signed checkpoint of `size`; empty before the first.
    pub checkpoint: String,
    /// The key that signs, as text; empty before the first.
    pub verifier: String,
    /// Names and versions of the folds whose tables are filled.
    pub folds: String,
}

impl Head {
    pub(crate) fn read(conn: &mut dyn Conn) -> Result<Self> {
        let sql = "SELECT size, covered, recorded, next_run, checkpoint, verifier, folds FROM ledger_head WHERE id = 1";
        let row =
            db::query_one(conn, sql, &[])?.ok_or_else(|| LedgerError::Tampered("its head is missing".to_owned()))?;
        Ok(Self {
            size: row.unsigned(0)?,
            covered: row.unsigned(1)?,
            recorded_us: row.integer(2)?,
            next_run: row.integer(3)?,
            checkpoint: row.text(4)?.to_owned(),
            verifier: row.text(5)?.to_owned(),
            folds: row.text(6)?.to_owned(),
        })
    }

    pub(crate) fn write(&self, conn: &mut dyn Conn) -> Result<()> {
        conn.execute(
            "UPDATE ledger_head SET size = $1, covered = $2, recorded = $3, next_run = $4, checkpoint = $5, verifier = $6, folds = $7 WHERE id = 1",
            &[
                self.size.into(),
                self.covered.into(),
                self.recorded_us.into(),
                self.next_run.into(),
                Value::Text(self.checkpoint.clone()),
                Value::Text(self.verifier.clone()),
                Value::Text(self.folds.clone()),
            ],
        )?;
        Ok(())
    }
}

/// The version that the database has; 0 for an empty one.
pub(crate) fn version(conn: &mut dyn Conn) -> Result<usize> {
    let row = db::query_one(conn, "SELECT MAX(version) FROM ledger_schema", &[])?;
    let version = row.map_or(Ok(None), |row| row.integer_or_null(0))?.unwrap_or(0);
    usize::try_from(version).map_err(|_| LedgerError::Tampered("its schema version is negative".to_owned()))
}

/// Brings the schema to the newest version. A database of a later version is refused, never touched.
pub(crate) fn migrate(conn: &mut dyn Conn) -> Result<()> {
    conn.execute("CREATE TABLE IF NOT EXISTS ledger_schema (version BIGINT PRIMARY KEY)", &[])?;
    let have = version(conn)?;
    if have > MIGRATIONS.len() {
        return Err(LedgerError::refused(format!(
            "the ledger has schema {have}; this program knows {}",
            MIGRATIONS.len()
        )));
    }
    for (at, statements) in MIGRATIONS.iter().enumerate().skip(have) {
        for statement in *statements {
            conn.execute(statement, &[])?;
        }
        conn.execute("INSERT INTO ledger_schema (version) VALUES ($1)", &[(at as u64 + 1).into()])?;
    }
    Ok(())
}
