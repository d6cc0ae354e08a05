//! Alertmanager: what fires and what no longer does, from its webhook (version 4) and its API (`/api/v2/alerts`).
//!
//! An episode is one fingerprint from one start. Notifications repeat; an episode does not.

mod collect;
mod episode;
mod read;

pub use collect::collect;
pub(crate) use episode::fingerprint;
pub use episode::{episode, to_millisecond};
pub(crate) use read::{Sender, fired_id, read_of};
pub use read::{fired, read};

#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
