//! Incidents: from the first sign to the confirmed cause.

mod duty;
pub mod kpi;
mod pages;
mod tables;

pub use duty::RespondDuty;
pub use tables::*;
