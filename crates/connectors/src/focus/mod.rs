//! FOCUS bills (versions 1.0 to 1.2) as CSV, streamed: what each day cost in each place, and the bill as a whole.
//!
//! Bill lines stay in their files. Memory grows with the number of days, accounts and services, never with the lines. A
//! charge that spans days counts on the day it begins, as the bill states it.

mod collect;
mod columns;
mod sums;

pub use collect::{collect, read, read_stream};

#[cfg(test)]
mod tests;
