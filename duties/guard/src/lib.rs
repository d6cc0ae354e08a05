//! The guard: what exists, whether it is as the code says and keeps the controls, and what does not.

mod act;
mod duty;
pub mod judge;
pub mod kpi;
mod pages;
mod plan;
pub mod posture;
mod redact;
pub mod review;
mod tables;

pub use duty::GuardDuty;
pub use plan::gate_of;
pub use tables::*;
