//! The people on call and how alerts reach them. Incidents: from the first sign to the confirmed cause.

pub mod act;
mod api;
mod duty;
pub mod judge;
pub mod kpi;
mod pages;
mod tables;

pub use duty::RespondDuty;
pub use tables::*;
