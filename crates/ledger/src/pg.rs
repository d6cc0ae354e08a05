//! PostgreSQL, through the synchronous client. It runs a small runtime of its own, so it must be called from threads
//! that are not inside an asynchronous runtime.

use crate::db::{Conn, EachRef, Mode, ValueRef};
use crate::error::{LedgerError, Result};
use crate::sql::{self, Insert};
use crate::tls;
use crate::value::Value;
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type};
use postgres::{Client, Statement};
use std::collections::{HashMap, HashSet};
use std::error::Error;

/// Most rows of one multi-row statement; with the parameter limit below it bounds its size.
const ROWS_MAX: usize = 512;
/// Most parameters of one statement; the protocol's count has 16 bits.
const PARAMETERS_MAX: usize = 32_000;
/// Statements kept prepared on a connection.
const PREPARED_MAX: usize = 256;

pub(crate) struct PgConn {
    client: Client,
    prepared: HashMap<String, Statement>,
    usable: bool,
}

impl PgConn {
    pub(crate) fn connect(url: &str) -> Result<Self> {
        let address = tls::Address::parse(url)?;
        let what = format!("connecting to {}", address.hosts());
        let mut client = address.config.connect(address.tls()?).map_err(|error| match address.explain(&error) {
            Some(cause) => LedgerError::Connection { what: what.clone(), cause },
            None => map(&what, &error),
        })?;
        client
            .batch_execute("SET client_min_messages = warning; SET timezone = 'UTC'")
            .map_err(|error| map(&what, &error))?;
        Ok(Self { client, prepared: HashMap::new(), usable: true })
    }

    fn statement(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&sql::for_postgres(sql)).map_err(|error| map(sql, &error))?;
        if self.prepared.len() >= PREPARED_MAX {
            self.prepared.clear();
        }
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn plain(&mut self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).map_err(|error| map(sql, &error))
    }

    fn insert_chunk(&mut self, insert: &Insert, rows: &[Vec<Value>]) -> Result<u64> {
        let mut params: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(rows.len() * insert.width());
        for row in rows {
            for at in insert.order() {
                let value = row.get(*at).ok_or_else(|| LedgerError::refused("a row has too few values"))?;
                params.push(value);
            }
        }
        self.insert_rows(insert, &params)
    }

    fn insert_rows(&mut self, insert: &Insert, params: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        let mut changed = 0;
        let mut rest = params;
        let most = ROWS_MAX.min(PARAMETERS_MAX / insert.width().max(1)).max(1);
        while !rest.is_empty() {
            // Powers of two, so that few statements are prepared whatever the batch sizes are.
            let count = rest.len() / insert.width();
            let count = if count >= most { most } else { 1 << count.max(1).ilog2() };
            let (now, later) = rest.split_at(count * insert.width());
            let statement = self.statement(&insert.statement(count))?;
            changed += self.client.execute(&statement, now).map_err(|error| map("inserting rows", &error))?;
            rest = later;
        }
        Ok(changed)
    }
}

impl Conn for PgConn {
    fn begin(&mut self, mode: Mode) -> Result<()> {
        self.plain(match mode {
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Append | Mode::Write => "BEGIN",
        })?;
        if mode == Mode::Append {
            // The one lock that orders replicas: whoever holds the head row may give out sequence numbers.
            self.plain("SELECT 1 FROM ledger_head WHERE id = 1 FOR UPDATE")?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.plain("COMMIT")
    }

    fn rollback(&mut self) {
        if self.client.batch_execute("ROLLBACK").is_err() {
            self.usable = false;
        }
    }

    fn is_usable(&self) -> bool {
        self.usable && !self.client.is_closed()
    }

    fn each_ref(&mut self, sql: &str, params: &[Value], each: EachRef<'_>) -> Result<()> {
        let statement = self.statement(sql)?;
        let mut rows = self.client.query_raw(&statement, params).map_err(|error| map(sql, &error))?;
        let mut outcome = Ok(());
        while let Some(row) = rows.next().map_err(|error| map(sql, &error))? {
            let values: Result<Vec<Cell<'_>>, _> = (0..row.len()).map(|at| row.try_get::<_, Cell<'_>>(at)).collect();
            let values = values.map_err(|error| map(sql, &error))?;
            let lent: Vec<ValueRef<'_>> = values.iter().map(|cell| cell.0).collect();
            match each(&lent) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        outcome
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        let statement = self.statement(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.client.execute(&statement, &params).map_err(|error| map(sql, &error))
    }

    fn insert_flat(&mut self, sql: &str, width: usize, values: &[ValueRef<'_>]) -> Result<u64> {
        let insert = Insert::parse(sql).filter(|insert| insert.width() == width && insert.key.is_empty());
        let insert = insert.ok_or_else(|| LedgerError::refused(format!("{sql} is not a plain insert")))?;
        let params: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.insert_rows(&insert, &params)
    }

    fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<u64> {
        let Some(insert) = Insert::parse(sql).filter(|_| rows.len() > 1) else {
            return rows.iter().try_fold(0, |sum, row| Ok(sum + self.execute(sql, row)?));
        };
        if insert.key.is_empty() {
            return self.insert_chunk(&insert, rows);
        }
        // "ON CONFLICT DO UPDATE" may touch a row once in a statement: a repeated key starts the next chunk.
        let (mut changed, mut start, mut seen) = (0, 0, HashSet::new());
        for (at, row) in rows.iter().enumerate() {
            let key: Vec<String> = insert.key.iter().map(|k| format!("{:?}", row.get(*k))).collect();
            if !seen.insert(key.clone()) {
                changed += self.insert_chunk(&insert, &rows[start..at])?;
                start = at;
                seen.clear();
                seen.insert(key);
            }
        }
        Ok(changed + self.insert_chunk(&insert, &rows[start..])?)
    }

    fn scrub(&mut self) -> Result<()> {
        self.plain("VACUUM ledger_facts")
    }
}

/// A value of whatever type a result has.
struct Cell<'a>(ValueRef<'a>);

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::BOOL => ValueRef::Integer(i64::from(bool::from_sql(ty, raw)?)),
            Type::INT2 => ValueRef::Integer(i64::from(i16::from_sql(ty, raw)?)),
            Type::INT4 => ValueRef::Integer(i64::from(i32::from_sql(ty, raw)?)),
            Type::INT8 => ValueRef::Integer(i64::from_sql(ty, raw)?),
            Type::FLOAT4 => ValueRef::Real(f64::from(f32::from_sql(ty, raw)?)),
            Type::FLOAT8 => ValueRef::Real(f64::from_sql(ty, raw)?),
            Type::NUMERIC => numeric(raw)?,
            Type::BYTEA => ValueRef::Blob(raw),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => ValueRef::Text(raw),
            _ => return Err(format!("a column of type {ty} is not in the common subset").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(ValueRef::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Reads PostgreSQL's binary NUMERIC, which `SUM` over BIGINT gives: a whole number where it is one, else a real.
/// Form: count of base-10000 digits, weight of the first, sign, display scale, digits; each 16 bits.
fn numeric(raw: &[u8]) -> Result<ValueRef<'static>, Box<dyn Error + Sync + Send>> {
    let words: Vec<i16> = raw.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect();
    let [_, weight, sign, _, digits @ ..] = words.as_slice() else {
        return Err("a NUMERIC is cut off".into());
    };
    if *sign != 0 && *sign != 0x4000 {
        return Err("a NUMERIC is not a number".into());
    }
    let negative = *sign == 0x4000;
    let whole = i32::from(*weight) + 1;
    if (whole as usize) >= digits.len() && (0..=4).contains(&whole) {
        let at = |i: i32| i64::from(usize::try_from(i).ok().and_then(|i| digits.get(i)).copied().unwrap_or(0));
        let value = (0..whole).fold(0_i64, |sum, i| sum * 10_000 + at(i));
        return Ok(ValueRef::Integer(if negative { -value } else { value }));
    }
    let mut value = 0.0;
    for (at, digit) in digits.iter().enumerate() {
        let power = i32::from(*weight) - i32::try_from(at)?;
        value += f64::from(*digit) * 10_000_f64.powi(power);
    }
    Ok(ValueRef::Real(if negative { -value } else { value }))
}

impl ToSql for ValueRef<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Integer(value), &Type::INT8) => value.to_sql(ty, out),
            (Self::Integer(value), &Type::INT4) => i32::try_from(*value)?.to_sql(ty, out),
            (Self::Integer(value), &Type::INT2) => i16::try_from(*value)?.to_sql(ty, out),
            (Self::Integer(value), &Type::BOOL) => (*value != 0).to_sql(ty, out),
            #[expect(clippy::cast_precision_loss, reason = "a column of reals accepts the precision of a real")]
            (Self::Integer(value), &Type::FLOAT8) => (*value as f64).to_sql(ty, out),
            (Self::Integer(value), &Type::TEXT | &Type::VARCHAR | &Type::UNKNOWN) => value.to_string().to_sql(ty, out),
            (Self::Real(value), &Type::FLOAT8) => value.to_sql(ty, out),
            (Self::Text(value), &Type::TEXT | &Type::VARCHAR | &Type::BPCHAR | &Type::NAME | &Type::UNKNOWN) => {
                std::str::from_utf8(value)?.to_sql(ty, out)
            }
            (Self::Blob(value), &Type::BYTEA) => value.to_sql(ty, out),
            _ => Err(format!("{} does not fit a parameter of type {ty}", self.to_value().kind()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.lend().to_sql(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

/// Says in our words what PostgreSQL said in its own. The URL is never part of it: it may hold a password.
fn map(what: &str, error: &postgres::Error) -> LedgerError {
    let (what, Some(db)) = (what.to_owned(), error.as_db_error()) else {
        let cause = tls::innermost(error);
        let broken = error.is_closed() || error.source().is_some_and(|s| s.is::<std::io::Error>());
        let what = what.to_owned();
        return if broken { LedgerError::Connection { what, cause } } else { LedgerError::Database { what, cause } };
    };
    let cause = db.message().to_owned();
    match db.code() {
        &SqlState::DISK_FULL | &SqlState::OUT_OF_MEMORY => LedgerError::Full(cause),
        &SqlState::READ_ONLY_SQL_TRANSACTION | &SqlState::INSUFFICIENT_PRIVILEGE => LedgerError::ReadOnly(cause),
        &SqlState::T_R_DEADLOCK_DETECTED | &SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_SERIALIZATION_FAILURE => {
            LedgerError::Busy(cause)
        }
        code if code.code().starts_with("57P") || code.code().starts_with("08") => {
            LedgerError::Connection { what, cause }
        }
        _ => LedgerError::Database { what, cause },
    }
}
