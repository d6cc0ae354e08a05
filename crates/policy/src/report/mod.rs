//! Judgements for machines and for eyes. Every renderer gives a text; printing is the caller's.

mod json;
mod junit;
mod markdown;
mod sarif;
mod table;

pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use table::table;

use crate::{Engine, Judging};
use mainstay_model::Diagnostic;

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Report<'r> {
    /// The verdicts to be shown, and the count of all.
    pub judging: &'r Judging,
    /// What could not be read: files and controls.
    pub diagnostics: &'r [Diagnostic],
    /// The controls that judged.
    pub engine: &'r Engine,
    /// The version of the program, for formats that name their tool.
    pub version: &'r str,
}
