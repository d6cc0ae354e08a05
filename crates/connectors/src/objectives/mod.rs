//! Service level objectives as code (OpenSLO, Sloth, Pyrra), and what stands beside them: policies for error budgets, and
//! planned maintenance. What is left of the budgets is not in any file: whoever collects asks the metrics engine for it.

mod read;

pub use read::{promise_id, read};
