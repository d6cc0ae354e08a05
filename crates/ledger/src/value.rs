//! Values and rows: what goes into a statement and what comes out, the same for both databases.

use crate::db::ValueRef;
use crate::error::{LedgerError, Result};
use mainstay_model::{Subject, Timestamp};

/// One value of a row or a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A whole number; a truth value is 0 or 1, a time is microseconds since 1970 in UTC.
    Integer(i64),
    /// A floating-point number; never money.
    Real(f64),
    /// Text in UTF-8.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    pub(crate) fn lend(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Integer(_) => "an integer",
            Self::Real(_) => "a real number",
            Self::Text(_) => "text",
            Self::Blob(_) => "bytes",
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(i64::from(value))
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(i64::from(value))
    }
}
/// Positions and counts; what lies above `i64::MAX` cannot occur and is clamped.
impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(i64::from(value))
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<&Subject> for Value {
    fn from(value: &Subject) -> Self {
        Self::Text(value.as_str().to_owned())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}
impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Integer(value.as_microsecond())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    fn wrong(&self, column: usize, wanted: &'static str) -> LedgerError {
        let found = self.0.get(column).map_or("nothing", Value::kind);
        LedgerError::Column { column, found, wanted }
    }

    /// The value of a column.
    ///
    /// # Errors
    /// The row has no such column.
    pub fn value(&self, column: usize) -> Result<&Value> {
        self.0.get(column).ok_or_else(|| self.wrong(column, "a value"))
    }

    /// Whether the column is null.
    #[must_use]
    pub fn is_null(&self, column: usize) -> bool {
        matches!(self.0.get(column), None | Some(Value::Null))
    }

    /// A whole number.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn integer(&self, column: usize) -> Result<i64> {
        match self.0.get(column) {
            Some(Value::Integer(value)) => Ok(*value),
            _ => Err(self.wrong(column, "an integer")),
        }
    }

    /// A count or position.
    ///
    /// # Errors
    /// The column holds something else or a negative number.
    pub fn unsigned(&self, column: usize) -> Result<u64> {
        u64::try_from(self.integer(column)?).map_err(|_| self.wrong(column, "a number that is not negative"))
    }

    /// A truth value, stored as 0 or 1.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn boolean(&self, column: usize) -> Result<bool> {
        Ok(self.integer(column)? != 0)
    }

    /// A floating-point number; a whole number is taken as one.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn real(&self, column: usize) -> Result<f64> {
        match self.0.get(column) {
            Some(Value::Real(value)) => Ok(*value),
            #[expect(clippy::cast_precision_loss, reason = "a reader of reals accepts the precision of a real")]
            Some(Value::Integer(value)) => Ok(*value as f64),
            _ => Err(self.wrong(column, "a real number")),
        }
    }

    /// Text.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn text(&self, column: usize) -> Result<&str> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(value),
            _ => Err(self.wrong(column, "text")),
        }
    }

    /// Text, or nothing where the column is null.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn text_or_null(&self, column: usize) -> Result<Option<&str>> {
        if self.is_null(column) { Ok(None) } else { self.text(column).map(Some) }
    }

    /// A whole number, or nothing where the column is null.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn integer_or_null(&self, column: usize) -> Result<Option<i64>> {
        if self.is_null(column) { Ok(None) } else { self.integer(column).map(Some) }
    }

    /// Bytes.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn blob(&self, column: usize) -> Result<&[u8]> {
        match self.0.get(column) {
            Some(Value::Blob(value)) => Ok(value),
            _ => Err(self.wrong(column, "bytes")),
        }
    }

    /// A time, stored as microseconds since 1970 in UTC.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn time(&self, column: usize) -> Result<Timestamp> {
        Timestamp::from_microsecond(self.integer(column)?).map_err(|_| self.wrong(column, "a time"))
    }

    /// A time, or nothing where the column is null.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn time_or_null(&self, column: usize) -> Result<Option<Timestamp>> {
        if self.is_null(column) { Ok(None) } else { self.time(column).map(Some) }
    }
}
