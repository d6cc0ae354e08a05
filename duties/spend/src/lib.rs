//! What the estate costs.

mod duty;
mod pages;
mod tables;

pub use duty::SpendDuty;
pub use tables::*;
