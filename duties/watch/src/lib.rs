//! Alerts: their episodes, and whether they were worth waking somebody.

mod duty;
pub mod kpi;
mod tables;

pub use duty::WatchDuty;
pub use tables::*;
