//! Alerts: their episodes, and whether they were worth waking somebody. Objectives: what is left of their error budgets.

mod act;
mod api;
mod duty;
pub mod judge;
pub mod kpi;
mod pages;
mod tables;

pub use duty::WatchDuty;
pub use tables::*;
