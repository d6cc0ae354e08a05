//! The guard: what exists, whether it is as the code says and keeps the controls, and what does not.

pub mod kpi;
mod tables;

pub use tables::*;
