//! SQLite: WAL, every commit synced, one writer.

use crate::db::{Conn, EachRef, Mode, ValueRef};
use crate::error::{LedgerError, Result};
use crate::sql;
use crate::value::Value;
use crate::writeback::WriteBack;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How long a statement waits for another process that writes.
const BUSY_MS: u32 = 15_000;
/// Statements kept prepared on a connection.
const PREPARED_MAX: usize = 128;

/// Settings of a connection. Pages of 8 KiB hold a dozen facts, and a commit of one fact still writes little; the size
/// counts only when the file is made. The cache of pages is small, because each connection has one, and what the system
/// keeps of the file is nearly as near. `secure_delete` zeroes what is deleted where that costs no further write; redaction
/// does the rest (`scrub`).
const SETTINGS: &str = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = -4096; PRAGMA secure_delete = FAST;";

/// Settings of a connection that only reads; the query shows at once whether it can.
const READER_SETTINGS: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -4096; SELECT COUNT(*) FROM sqlite_schema;";

/// Whether a write-ahead log lies beside the database that holds something.
fn waits(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

pub(crate) struct SqliteConn {
    /// Only on the connection that appends; it goes first, because it uses the same file.
    write_back: Option<WriteBack>,
    conn: Connection,
    texts: HashMap<String, Arc<str>>,
}

/// A connection that writes.
pub(crate) fn connection(path: &Path) -> Result<Connection> {
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    connect(path, access, SETTINGS)
}

fn connect(path: &Path, access: OpenFlags, settings: &str) -> Result<Connection> {
    let what = || format!("opening {}", path.display());
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| map(&what(), error))?;
    conn.busy_timeout(std::time::Duration::from_millis(u64::from(BUSY_MS))).map_err(|e| map(&what(), e))?;
    conn.set_prepared_statement_cache_capacity(PREPARED_MAX);
    conn.execute_batch(settings).map_err(|error| map(&what(), error))?;
    Ok(conn)
}

impl SqliteConn {
    pub(crate) fn open(path: &Path, read_only: bool) -> Result<Self> {
        match Self::open_as(path, read_only) {
            // Reading needs a file of locks beside the database. Where none can be made, nobody can write either; if no
            // log waits to be written back, the file is whole and can be read as it is.
            Err(LedgerError::ReadOnly(_)) if read_only && path.is_file() && !waits(path) => {
                let text = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
                Self::open_as(Path::new(&format!("file:{text}?immutable=1")), true)
            }
            other => other,
        }
    }

    fn open_as(path: &Path, read_only: bool) -> Result<Self> {
        let conn = if read_only {
            connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI, READER_SETTINGS)?
        } else {
            connection(path)?
        };
        Ok(Self { write_back: None, conn, texts: HashMap::new() })
    }

    fn text(&mut self, sql: &str) -> Arc<str> {
        if let Some(text) = self.texts.get(sql) {
            return Arc::clone(text);
        }
        let text: Arc<str> = sql::for_sqlite(sql).into();
        if self.texts.len() < PREPARED_MAX * 4 {
            self.texts.insert(sql.to_owned(), Arc::clone(&text));
        }
        text
    }

    fn plain(&self, sql: &str) -> Result<()> {
        self.conn.execute_batch(sql).map_err(|error| map(sql, error))
    }
}

impl Conn for SqliteConn {
    fn begin(&mut self, mode: Mode) -> Result<()> {
        self.plain(if mode == Mode::Read { "BEGIN" } else { "BEGIN IMMEDIATE" })
    }

    fn commit(&mut self) -> Result<()> {
        self.plain("COMMIT")?;
        if let Some(write_back) = &mut self.write_back {
            write_back.committed(&self.conn);
        }
        Ok(())
    }

    fn rollback(&mut self) {
        if !self.conn.is_autocommit() {
            // A failure shows in `is_usable`: the transaction is still open then.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }

    fn is_usable(&self) -> bool {
        self.conn.is_autocommit()
    }

    fn each_ref(&mut self, sql: &str, params: &[Value], each: EachRef<'_>) -> Result<()> {
        let text = self.text(sql);
        let mut statement = self.conn.prepare_cached(&text).map_err(|error| map(sql, error))?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(|error| map(sql, error))?;
        while let Some(row) = rows.next().map_err(|error| map(sql, error))? {
            let mut values = [ValueRef::Null; COLUMNS_MAX];
            let mut many;
            let values = if columns <= COLUMNS_MAX {
                &mut values[..columns]
            } else {
                many = vec![ValueRef::Null; columns];
                &mut many[..]
            };
            for (at, value) in values.iter_mut().enumerate() {
                *value = lent(row.get_ref(at).map_err(|error| map(sql, error))?);
            }
            if !each(values)? {
                break;
            }
        }
        Ok(())
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        let text = self.text(sql);
        let mut statement = self.conn.prepare_cached(&text).map_err(|error| map(sql, error))?;
        let changed = statement.execute(rusqlite::params_from_iter(params)).map_err(|error| map(sql, error))?;
        Ok(changed as u64)
    }

    fn insert_flat(&mut self, sql: &str, width: usize, values: &[ValueRef<'_>]) -> Result<u64> {
        let text = self.text(sql);
        let mut statement = self.conn.prepare_cached(&text).map_err(|error| map(sql, error))?;
        let mut changed = 0;
        for row in values.chunks(width) {
            changed += statement.execute(rusqlite::params_from_iter(row)).map_err(|error| map(sql, error))? as u64;
        }
        Ok(changed)
    }

    fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<u64> {
        let text = self.text(sql);
        let mut statement = self.conn.prepare_cached(&text).map_err(|error| map(sql, error))?;
        let mut changed = 0;
        for row in rows {
            changed += statement.execute(rusqlite::params_from_iter(row)).map_err(|error| map(sql, error))? as u64;
        }
        Ok(changed)
    }

    fn widen(&mut self) -> Result<()> {
        // With less, pages are written before they are full, and then again.
        self.plain("PRAGMA cache_size = -16384")?;
        let path = self.conn.path().map(PathBuf::from).unwrap_or_default();
        let write_back =
            WriteBack::of(&mut self.conn, path).map_err(|error| map("PRAGMA wal_autocheckpoint", error))?;
        self.write_back = Some(write_back);
        Ok(())
    }

    fn rest(&mut self) {
        // Where that fails, the memory stays until the next time.
        let _ = self.conn.execute_batch("PRAGMA shrink_memory");
        if let Some(write_back) = &mut self.write_back {
            write_back.rest();
        }
    }

    fn scrub(&mut self) -> Result<()> {
        // Free pages and gaps may hold what was erased, of the row itself or of tables folded from it: the file is
        // written anew without them. The write-ahead log holds it until it is cut off.
        self.plain("VACUUM")?;
        let mut busy = false;
        self.each_ref("PRAGMA wal_checkpoint(TRUNCATE)", &[], &mut |row| {
            busy = row.first() != Some(&ValueRef::Integer(0));
            Ok(true)
        })?;
        if busy {
            return Err(LedgerError::Busy("another process reads what is to be written over".to_owned()));
        }
        Ok(())
    }
}

/// Rows up to this many columns are read without allocating.
const COLUMNS_MAX: usize = 16;

fn lent(value: rusqlite::types::ValueRef<'_>) -> ValueRef<'_> {
    match value {
        rusqlite::types::ValueRef::Null => ValueRef::Null,
        rusqlite::types::ValueRef::Integer(value) => ValueRef::Integer(value),
        rusqlite::types::ValueRef::Real(value) => ValueRef::Real(value),
        rusqlite::types::ValueRef::Text(bytes) => ValueRef::Text(bytes),
        rusqlite::types::ValueRef::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

impl ToSql for ValueRef<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => rusqlite::types::ValueRef::Null,
            Self::Integer(value) => rusqlite::types::ValueRef::Integer(*value),
            Self::Real(value) => rusqlite::types::ValueRef::Real(*value),
            Self::Text(bytes) => rusqlite::types::ValueRef::Text(bytes),
            Self::Blob(bytes) => rusqlite::types::ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => rusqlite::types::ValueRef::Null,
            Self::Integer(value) => rusqlite::types::ValueRef::Integer(*value),
            Self::Real(value) => rusqlite::types::ValueRef::Real(*value),
            Self::Text(text) => rusqlite::types::ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => rusqlite::types::ValueRef::Blob(bytes),
        }))
    }
}

/// Says in our words what SQLite said in its own.
fn map(what: &str, error: rusqlite::Error) -> LedgerError {
    let cause = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => LedgerError::Full(cause),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            LedgerError::ReadOnly(format!("{cause} ({what})"))
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Busy(cause),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            LedgerError::Tampered(format!("SQLite cannot read its file: {cause}"))
        }
        _ => LedgerError::Database { what: what.to_owned(), cause },
    }
}
