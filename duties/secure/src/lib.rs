//! Vulnerabilities: where they are, since when, and until when they must be gone.

mod duty;
pub mod kpi;
mod pages;
mod tables;

pub use duty::SecureDuty;
pub use tables::*;
