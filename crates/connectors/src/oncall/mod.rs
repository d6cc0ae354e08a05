//! On-call schedules, people and policies as code: the ledger keeps their text, so that whoever escalates an alert, on whichever
//! replica, goes by the same.

mod read;

pub use read::read;
