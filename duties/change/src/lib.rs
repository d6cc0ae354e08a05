//! Changes: what was proposed, approved and executed, and which of them failed.

pub mod kpi;
mod tables;

pub use tables::*;
