//! Alerts: their episodes, and whether they were worth waking somebody.

pub mod kpi;
mod tables;

pub use tables::*;
