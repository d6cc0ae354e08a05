//! Incidents: from the first sign to the confirmed cause.

pub mod kpi;
mod tables;

pub use tables::*;
