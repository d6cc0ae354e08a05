//! CISA's catalogue of known exploited vulnerabilities: which CVEs must be fixed by a date, whatever their severity.

mod collect;
mod read;

pub use collect::{ADDRESS, collect};
pub use read::read;
