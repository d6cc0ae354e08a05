//! What the estate costs.

mod duty;
mod pages;
mod sums;
mod tables;

pub use duty::SpendDuty;
pub use sums::{DaySum, SpendSums};
pub use tables::*;
