//! Alerts: their episodes, and whether they were worth waking somebody.

mod duty;
pub mod kpi;
mod pages;
mod tables;

pub use duty::WatchDuty;
pub use tables::*;
