//! `cargo xtask new control|connector|kpi NAME`: starts one, in the form that its neighbours have.

use crate::shell::Outcome;

/// Starts one.
pub fn run(kind: &str, name: &str) -> Outcome<()> {
    Err(format!("start a {kind} called {name:?}"))
}
