//! The append-only, tamper-evident store of facts.
//!
//! A fact is appended once, folded into the duties' tables in the same transaction, and stays: its entry is a leaf of a
//! Merkle tree (RFC 6962) whose root is signed, so that an edit, a deletion or a rollback is found and a fact can be
//! proved to somebody who trusts neither this program nor its machine. SQLite in a folder, PostgreSQL when outgrown; one
//! SQL text serves both. Everything here blocks: call it off asynchronous threads.
//!
//! It must not judge, and must not know any duty: what facts mean is the business of the folds that it is given.

mod append;
mod bloom;
mod canonical;
mod db;
mod disk;
mod entry;
mod error;
mod export;
mod fold;
mod history;
mod index;
mod known;
mod ledger;
pub mod merkle;
mod note;
mod pg;
mod prove;
mod read;
mod recent;
mod redact;
mod schema;
mod sql;
mod sqlite;
mod tls;
mod tree;
mod tx;
mod value;
mod verify;
mod writeback;

pub use append::AppendReport;
pub use db::Database;
pub use error::{LedgerError, Result};
pub use export::{ImportOptions, ImportReport};
pub use fold::Fold;
pub use ledger::{Ledger, Options};
pub use note::{Checkpoint, NoteVerifier};
pub use prove::Proof;
pub use read::{Filter, Order};
pub use tx::Tx;
pub use value::{Row, Value};
pub use verify::{Problem, VerifyOptions, VerifyReport};
