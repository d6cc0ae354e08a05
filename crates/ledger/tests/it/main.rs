//! The ledger from outside, on both databases: one program, so that it is linked once.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests make folders, databases and processes, say loudly what they skip, and fail by panicking"
)]

mod common;
mod durability;
mod export;
mod ledger;
mod merkle_vectors;
mod proof;
mod script;
mod tamper;
mod tls;
