//! Vulnerabilities: where they are, since when, and until when they must be gone.

pub mod kpi;
mod tables;

pub use tables::*;
