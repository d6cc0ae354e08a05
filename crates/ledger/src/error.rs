//! What can go wrong in the ledger. A refused fact is no error: it is data in a report.

use mainstay_model::Timestamp;
use std::path::PathBuf;

/// Why an operation on the ledger did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The database refused a statement.
    #[error("database: {what}: {cause}")]
    Database {
        /// What was attempted.
        what: String,
        /// What the database said.
        cause: String,
    },
    /// The database cannot be reached, or the connection was lost. What was being appended may or may not be kept;
    /// appending it again is safe.
    #[error("lost the database connection while {what}: {cause}")]
    Connection {
        /// What was attempted.
        what: String,
        /// What the driver said.
        cause: String,
    },
    /// There is no room left. Nothing of the batch was kept.
    #[error("the disk or the database is full: {0}")]
    Full(String),
    /// The folder or the database may not be written.
    #[error("the ledger may not be written: {0}")]
    ReadOnly(String),
    /// Somebody else held the database for too long.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// A file beside the database cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The log is not what its checkpoint says: it was edited, rolled back or forked.
    #[error("the ledger is not what it was: {0}")]
    Tampered(String),
    /// A value of a row is not of the kind that was asked for.
    #[error("column {column} holds {found}, not {wanted}")]
    Column {
        /// Position of the column, from 0.
        column: usize,
        /// What is there.
        found: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// A stored entry cannot be read.
    #[error("entry {seq} is damaged: {what}")]
    Damaged {
        /// Position of the entry.
        seq: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A note, key or proof is malformed or does not check.
    #[error("{0}")]
    Proof(String),
    /// A fold cannot do its work; nothing of the batch was kept.
    #[error("fold {fold}: {cause}")]
    Fold {
        /// Name of the fold.
        fold: String,
        /// Why.
        cause: String,
    },
    /// What was asked for cannot be, for the reason given.
    #[error("{0}")]
    Refused(String),
    /// A time lies outside of what the ledger can store.
    #[error("time {0} cannot be stored")]
    Time(Timestamp),
    /// The writer has stopped; the ledger must be opened again.
    #[error("the ledger is closed")]
    Closed,
}

/// Short for results of this crate.
pub type Result<T, E = LedgerError> = std::result::Result<T, E>;

impl LedgerError {
    /// A refusal with its reason.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |cause| match cause.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::Full(format!("{}: {cause}", path.display()))
            }
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                Self::ReadOnly(format!("{}: {cause}", path.display()))
            }
            _ => Self::File { path, cause },
        }
    }
}
