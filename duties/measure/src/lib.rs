//! The scorecard: every KPI with its value, what made it, and how it moves.
//!
//! This duty computes no KPI itself; each duty says what its entities add, and this one asks all of them alike.

mod api;
mod pages;
pub mod specs;

use mainstay_kit::{Call, Duty, Job, Operation, Page, Problem};
use std::time::Duration;

/// The duty.
pub struct Measure;

impl Duty for Measure {
    fn name(&self) -> &'static str {
        "measure"
    }

    fn operations(&self) -> Vec<Operation> {
        api::operations()
    }

    fn pages(&self) -> Vec<Page> {
        pages::pages()
    }

    fn jobs(&self) -> Vec<Job> {
        vec![Job { name: "measure.warm", every: Duration::from_secs(60), after_collecting: false, run: warm }]
    }
}

pub use api::{Card, KpiAsk, Scorecard, card, scorecard};

/// Computes what the scorecard page shows before somebody asks for it.
fn warm(call: &Call<'_>) -> Result<String, Problem> {
    let computed = scorecard(call, &KpiAsk::default())?;
    let with_data = computed.kpis.iter().filter(|card| card.value.is_some()).count();
    Ok(format!("{with_data} of {} KPIs have data", computed.kpis.len()))
}
