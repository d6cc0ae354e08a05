//! Changes: what was proposed, approved and executed, and which of them failed.

mod act;
mod duty;
pub mod judge;
pub mod kpi;
mod pages;
mod tables;

pub use duty::ChangeDuty;
pub use tables::*;
