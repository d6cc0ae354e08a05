//! The connection to either database: a small common trait, a pool of readers, and transactions.

use crate::error::{LedgerError, Result};
use crate::value::{Row, Value};
use std::sync::{Mutex, PoisonError};

/// Where the ledger is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file; it is made if it does not exist.
    Sqlite(std::path::PathBuf),
    /// A PostgreSQL server as a `postgres://` URL; the database must exist.
    Postgres(String),
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One unchanging view; nothing may be written.
    Read,
    /// Appending: nobody else may append meanwhile.
    Append,
    /// Writing what is not folded (leases, credentials).
    Write,
}

/// A value as the driver lends it, so that streaming a million rows allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ValueRef<'a> {
    Null,
    Integer(i64),
    Real(f64),
    /// Text; not checked to be UTF-8, because a damaged database must be readable to be judged.
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

impl ValueRef<'_> {
    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(value) => Value::Integer(value),
            Self::Real(value) => Value::Real(value),
            Self::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
            Self::Blob(bytes) => Value::Blob(bytes.to_vec()),
        }
    }
}

/// What a row handler is called with; it answers whether to go on.
pub(crate) type EachRef<'a> = &'a mut dyn FnMut(&[ValueRef<'_>]) -> Result<bool>;

/// One connection.
pub(crate) trait Conn: Send {
    fn begin(&mut self, mode: Mode) -> Result<()>;
    fn commit(&mut self) -> Result<()>;
    /// Rolls back; a failure leaves the connection broken, which `is_usable` then says.
    fn rollback(&mut self);
    fn is_usable(&self) -> bool;
    fn each_ref(&mut self, sql: &str, params: &[Value], each: EachRef<'_>) -> Result<()>;
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64>;
    /// Runs an `INSERT` for rows that lie flat one behind the other; for the log itself, where copying would cost.
    fn insert_flat(&mut self, sql: &str, width: usize, values: &[ValueRef<'_>]) -> Result<u64>;
    fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<u64>;
    /// Makes room for what a large commit changes.
    fn widen(&mut self) -> Result<()> {
        Ok(())
    }
    /// Gives back what was needed for the last commits, because nobody appends.
    fn rest(&mut self) {}
    /// Writes what the database may still hold of erased rows over, as far as the database can.
    fn scrub(&mut self) -> Result<()>;
}

/// Reads all rows.
pub(crate) fn query(conn: &mut dyn Conn, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    conn.each_ref(sql, params, &mut |values| {
        rows.push(Row(values.iter().map(|value| value.to_value()).collect()));
        Ok(true)
    })?;
    Ok(rows)
}

/// Reads the first row.
pub(crate) fn query_one(conn: &mut dyn Conn, sql: &str, params: &[Value]) -> Result<Option<Row>> {
    let mut first = None;
    conn.each_ref(sql, params, &mut |values| {
        first = Some(Row(values.iter().map(|value| value.to_value()).collect()));
        Ok(false)
    })?;
    Ok(first)
}

impl Database {
    pub(crate) fn connect(&self, read_only: bool) -> Result<Box<dyn Conn>> {
        match self {
            Self::Sqlite(path) => Ok(Box::new(crate::sqlite::SqliteConn::open(path, read_only)?)),
            Self::Postgres(url) => Ok(Box::new(crate::pg::PgConn::connect(url)?)),
        }
    }
}

/// Connections that are kept open between uses; each holds a cache of pages of its own.
const POOL_IDLE_MAX: usize = 4;

/// Readers: taken when needed, given back when done.
pub(crate) struct Pool {
    database: Database,
    read_only: bool,
    idle: Mutex<Vec<Box<dyn Conn>>>,
}

impl Pool {
    pub(crate) fn new(database: Database, read_only: bool) -> Self {
        Self { database, read_only, idle: Mutex::new(Vec::new()) }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Runs work on a connection inside a transaction of the mode; an error rolls back.
    pub(crate) fn run<T>(&self, mode: Mode, work: impl FnOnce(&mut dyn Conn) -> Result<T>) -> Result<T> {
        let mut conn = self.take(mode)?;
        let outcome = work(conn.as_mut()).and_then(|value| conn.commit().map(|()| value));
        if outcome.is_err() {
            conn.rollback();
        }
        if conn.is_usable() {
            self.give_back(conn);
        }
        outcome
    }

    /// A connection with its transaction begun. An idle one whose server went away meanwhile is replaced once.
    fn take(&self, mode: Mode) -> Result<Box<dyn Conn>> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut conn) = idle {
            match conn.begin(mode) {
                Ok(()) => return Ok(conn),
                Err(LedgerError::Connection { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut conn = self.database.connect(self.read_only)?;
        conn.begin(mode)?;
        Ok(conn)
    }

    fn give_back(&self, conn: Box<dyn Conn>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < POOL_IDLE_MAX {
            idle.push(conn);
        }
    }
}
