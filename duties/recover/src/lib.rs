//! Backups: what was promised, what ran, and whether it can be read back.

pub mod kpi;
mod slots;
mod tables;

pub use slots::{Schedule, ScheduleError, Slot};
pub use tables::*;
