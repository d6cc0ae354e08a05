//! Suppressions that users have already, and waivers: what they speak of is `waived`, with the reason and its place.
//!
//! A suppression comes from a comment, an annotation of a manifest, the metadata of a template ([`in_code`]), a baseline
//! ([`baseline`]) or whatever else a caller reads into a [`Suppression`]. [`apply`] turns the verdicts that they speak of into `waived`, and
//! says of each that waives nothing why it does not. Pure: the day of today is an argument.

mod apply;
pub mod baseline;
mod code;
mod comment;
pub mod identity;
mod scope;

pub use apply::{Today, apply};
pub use code::in_code;
pub(crate) use comment::read as of_comment;

use mainstay_model::Place;
use serde::Serialize;

/// Who accepted a break, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// Why it is accepted; empty where nobody said.
    pub reason: String,
    /// What said so: `checkov:skip`, `tfsec:ignore`, `baseline`, `waiver`, ...
    pub by: String,
    /// Where that stands.
    pub place: Place,
    /// Who approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// The last day on which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// One wish that verdicts be waived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The id of a control here or in another tool; `*` at the end stands for anything.
    pub id: String,
    /// What it speaks of.
    pub scope: Scope,
    /// What stands on the judgement if it holds.
    pub waiver: Waiver,
    /// The workspace of Terraform that it is for.
    pub workspace: Option<String>,
    /// Values that attributes of the resource must have.
    pub attributes: Vec<(String, String)>,
}

/// What a suppression speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The resource around a line of a file (its index in the reading), or all resources of the module that is called
    /// there.
    Around(u32, u32),
    /// What begins on a line: a resource, a module call, a nested block or an attribute.
    Begins(u32, u32),
    /// Resources by patterns of address, root and file; without a pattern any.
    Named {
        /// Pattern of the address, `*` for any text.
        resource: String,
        /// The root module's folder.
        root: Option<String>,
        /// The files, as they are named in judgements; none for any.
        files: Vec<String>,
    },
}

/// Whether a text is that of a pattern in which `*` stands for any text.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// Whether a text is a day such as 2027-01-31.
pub(crate) fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    bytes.len() == 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && number(0, 4).is_some()
        && number(5, 7).is_some_and(|month| (1..=12).contains(&month))
        && number(8, 10).is_some_and(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::{fits, is_day};

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(fits("module.web.*", "module.web.aws_s3_bucket.a"));
        assert!(fits("*.aws_s3_bucket.*[0]", "module.web.aws_s3_bucket.a[0]"));
        assert!(fits("a", "a") && fits("*", "") && fits("a*a", "aa"));
        assert!(!fits("a*a", "a") && !fits("a", "ab") && !fits("", "a"));
    }

    #[test]
    fn a_day_has_year_month_and_day() {
        assert!(is_day("2027-01-31"));
        assert!(!is_day("2027-13-01") && !is_day("2027-1-1") && !is_day("tomorrow!!"));
    }
}
