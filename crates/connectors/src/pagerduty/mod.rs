//! PagerDuty's Events API v2, from the side that takes events: whatever can send to PagerDuty can send to Mainstay.
//!
//! An event names an alert by `dedup_key` and says that it is triggered, acknowledged or resolved. It does not say since when,
//! nor who acknowledged it: that was whoever the integration key is of.

mod read;

pub use read::{Event, read};

#[cfg(test)]
mod tests;
