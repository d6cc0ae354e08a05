//! Recording and alerting rules: reading them, running them over series, testing them.

mod engine;
mod file;
mod place;
pub mod template;
pub mod unit;
mod yaml;

pub use engine::{Active, Engine, Problem, State, Timeline, Transition, backtest};
pub use file::{Group, Kind, Reading, Rule, read};
