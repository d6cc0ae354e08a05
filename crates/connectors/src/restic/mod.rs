//! restic: the output of `restic backup --json`, `restic snapshots --json` and `restic check`.
//!
//! A snapshot's time is when its run began. Which files could not be read stands in the run's own output alone, so where
//! both are read together the output decides how whole the run was.

mod collect;
mod read;

pub use collect::collect;
pub use read::read;

#[cfg(test)]
mod tests;
