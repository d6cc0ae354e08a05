//! Changes: what was proposed, approved and executed, and which of them failed.

mod duty;
pub mod kpi;
mod pages;
mod tables;

pub use duty::ChangeDuty;
pub use tables::*;
