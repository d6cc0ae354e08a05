//! A transaction as callers see it: statements, and the facts that are visible in it.

use crate::db::{self, Conn};
use crate::error::Result;
use crate::index::{Kind, Pair};
use crate::ledger::Shared;
use crate::recent::Recent;
use crate::schema::Head;
use crate::value::{Row, Value};
use std::sync::PoisonError;

/// A transaction on the ledger's database: one unchanging view of facts and tables, plus what it writes itself.
///
/// Statements are written once for both databases: placeholders `$1`, `$2` ..., types `BIGINT`, `TEXT`,
/// `DOUBLE PRECISION`, `BYTEA`, and otherwise what SQLite and PostgreSQL have in common (`INSERT ... ON CONFLICT (...)
/// DO UPDATE`, `RETURNING`, window functions, `WITH`). Times are microseconds since 1970, truth values 0 and 1. Give
/// `ORDER BY` wherever order matters.
pub struct Tx<'a> {
    pub(crate) conn: &'a mut dyn Conn,
    pub(crate) shared: &'a Shared,
    /// Entries that the runs of the indexes hold.
    covered: u64,
    /// Entries that are visible.
    size: u64,
    /// The last entries, where the shared memory of them does not fit this view; read when first needed.
    tail: Option<Recent>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(conn: &'a mut dyn Conn, shared: &'a Shared) -> Result<Self> {
        let head = Head::read(conn)?;
        Ok(Self { conn, shared, covered: head.covered, size: head.size, tail: None })
    }

    /// A view for folding: the entries below `size`, of which `tail` is being appended.
    pub(crate) fn folding(
        conn: &'a mut dyn Conn,
        shared: &'a Shared,
        covered: u64,
        size: u64,
        tail: Option<Recent>,
    ) -> Self {
        Self { conn, shared, covered, size, tail }
    }

    pub(crate) fn into_tail(self) -> Option<Recent> {
        self.tail
    }

    pub(crate) fn set_size(&mut self, size: u64) {
        self.size = size;
    }

    /// Number of entries that are visible; also the sequence number that the next fact will get.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// The database refuses the statement.
    pub fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        db::query(self.conn, sql, params)
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// The database refuses the statement.
    pub fn query_one(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>> {
        db::query_one(self.conn, sql, params)
    }

    /// Calls `each` with every row, holding one at a time; it answers whether to go on.
    ///
    /// # Errors
    /// The database refuses the statement, or `each` fails.
    pub fn query_each(&mut self, sql: &str, params: &[Value], each: &mut dyn FnMut(Row) -> Result<bool>) -> Result<()> {
        self.conn.each_ref(sql, params, &mut |values| each(Row(values.iter().map(|value| value.to_value()).collect())))
    }

    /// Runs a statement and gives the number of rows that it changed.
    ///
    /// # Errors
    /// The database refuses the statement.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        self.conn.execute(sql, params)
    }

    /// Runs a statement for every row of parameters: prepared once, and for PostgreSQL, where the statement is a plain
    /// `INSERT INTO t (...) VALUES ($1, ...)` with or without `ON CONFLICT`, many rows at a time.
    ///
    /// # Errors
    /// The database refuses the statement.
    pub fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<u64> {
        if rows.is_empty() { Ok(0) } else { self.conn.execute_many(sql, rows) }
    }

    /// The pairs of an index within the bounds that this view holds, by key, then sequence.
    pub(crate) fn find(&mut self, kind: Kind, bounds: &[(Pair, Pair)]) -> Result<Vec<Pair>> {
        let mut found = Vec::new();
        for run in self.shared.cache.runs(self.conn, kind)? {
            for span in bounds {
                if span.0 >> 64 == span.1 >> 64
                    && kind != Kind::TypeTime
                    && !run.may_hold(self.conn, (span.0 >> 64) as u64)?
                {
                    continue;
                }
                run.find(self.conn, *span, &mut found)?;
            }
        }
        self.find_recent(kind, bounds, &mut found)?;
        let size = u128::from(self.size);
        found.retain(|pair| pair & u128::from(u64::MAX) < size);
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Adds what the runs of this view do not hold yet.
    fn find_recent(&mut self, kind: Kind, bounds: &[(Pair, Pair)], found: &mut Vec<Pair>) -> Result<()> {
        let held_until = {
            let recent = self.shared.recent.read().unwrap_or_else(PoisonError::into_inner);
            // Where the memory was written as a run after this view began, it does not reach back far enough.
            if recent.from <= self.covered && recent.until >= self.covered {
                bounds.iter().for_each(|span| recent.find(kind, *span, found));
                recent.until
            } else {
                self.covered
            }
        };
        let reaches = |tail: &Recent| tail.from <= held_until && tail.until >= self.size;
        if held_until < self.size && !self.tail.as_ref().is_some_and(reaches) {
            self.tail = Some(Recent::scan(self.conn, held_until, self.size)?);
        }
        if let Some(tail) = &self.tail {
            bounds.iter().for_each(|span| tail.find(kind, *span, found));
        }
        Ok(())
    }
}
