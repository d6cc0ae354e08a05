//! Backups: what was promised, what ran, and whether it can be read back.

mod duty;
pub mod kpi;
mod pages;
mod slots;
mod tables;

pub use duty::RecoverDuty;
pub use slots::{Schedule, ScheduleError, Slot};
pub use tables::*;
