//! How an objective stands: what of its budget is left, how fast it burns, and what cannot be told.
//!
//! A window is cut into slots of five minutes, and the indicator is asked for in each of them. What is bad and what is all add
//! up over slots, so that a busy noon weighs what it weighs; a mean of shares would let a quiet night outweigh it. A slot of which
//! nothing is recorded is a gap and neither good nor bad. Pure: [`Plan::of`] says what is to be asked, whoever has series or an
//! engine answers, and [`Plan::judge`] says what follows.

mod count;
mod judge;
mod plan;

pub use judge::{Burn, Exhaustion, Gap, State, Status};
pub use plan::{Ask, Plan};

use crate::windows::Duration;
use mainstay_promql::Points;

/// The length of a slot, and with it of the shortest gap that is seen as one.
pub const SLOT: Duration = Duration(300);

/// Which share of a window must be seen for a verdict on it.
pub const COVERED_LEAST: f64 = 0.9;

/// How many series one objective may have, each with a budget of its own.
pub const SERIES_MAX: usize = 1_000;

/// What the answer to a question is: the series of a range query, or why there are none.
pub type Answered = Result<Vec<Points>, String>;

#[cfg(test)]
mod tests;
