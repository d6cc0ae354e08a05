//! Backups: what was promised, what ran, and whether it can be read back.

pub mod kpi;
mod pages;
mod slots;
mod duty;
mod tables;

pub use slots::{Schedule, ScheduleError, Slot};
pub use duty::RecoverDuty;
pub use tables::*;
