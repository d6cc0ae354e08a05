//! Judgements for machines and for eyes. Every renderer gives a text; printing is the caller's.

mod github;
mod gitlab;
mod json;
mod junit;
mod markdown;
mod sarif;
mod table;

pub use github::github;
pub use gitlab::gitlab;
pub use json::{json, write_json};
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use table::table;

use crate::{Engine, Judgement, Judging};
use mainstay_model::Diagnostic;
use std::borrow::Cow;

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

impl Report<'_> {
    /// The resource of a judgement, with its root where several roots have one of that address.
    fn resource<'j>(&self, judgement: &'j Judgement) -> Cow<'j, str> {
        if self.judging.ambiguous.contains(&judgement.resource) {
            Cow::Owned(format!("{} (root {})", judgement.resource, judgement.root))
        } else {
            Cow::Borrowed(&judgement.resource)
        }
    }

    /// The count of all verdicts in words.
    fn count(&self) -> String {
        let summary = self.judging.summary;
        let before = if summary.before > 0 { format!(", {} there before", summary.before) } else { String::new() };
        format!("{} unknown, {} passed, {} waived{before}", summary.unknown, summary.pass, summary.waived)
    }
}

/// What a judgement says, with who accepted it.
fn why(judgement: &Judgement) -> Cow<'_, str> {
    let Some(waiver) = &judgement.waiver else { return Cow::Borrowed(&judgement.why) };
    let mut said = format!("{}; waived by {} at {}", judgement.why, waiver.by, waiver.place);
    for (name, value) in [("until", &waiver.until), ("approved by", &waiver.approver)] {
        if let Some(value) = value {
            said += &format!(" {name} {value}");
        }
    }
    if !waiver.reason.is_empty() {
        said += &format!(": {}", waiver.reason);
    }
    Cow::Owned(said)
}

/// A path as others write it: without `./` before it.
fn path(file: &str) -> &str {
    file.strip_prefix("./").unwrap_or(file)
}
