//! What the estate costs.

mod tables;

pub use tables::*;
