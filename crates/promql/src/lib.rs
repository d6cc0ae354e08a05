//! PromQL over series in memory: queries, recording and alerting rules, and the tests of rules.
//!
//! The evaluator is for what a running Prometheus cannot answer: what a rule *would have* done over recorded history, and
//! whether a rules file does what its author wrote down. It is pure: text and series in, values and messages out; no clock, no
//! disk, no network. Bounds are named constants and options, and each is reported as one.
//!
//! An expression that Prometheus would answer and this evaluator would not is refused with [`Cause::Unsupported`]; it never
//! gives another number instead. What is left out: native histograms, `info`, `limit_ratio`, `anchored` and `smoothed`.

mod error;
mod eval;
mod functions;
mod labels;
pub mod load;
mod number;
mod parse;
pub mod rules;
mod store;

pub mod duration;

pub use error::{Cause, Error, Result, Span};
pub use eval::{Answer, Grid, MOMENTS_MAX, Note, Options, Output, Points, instant, range};
pub use functions::{FUNCTIONS, Function};
pub use labels::{Builder, Labels, Match, Matcher, NAME, whole_line_regex, whole_regex};
pub use parse::{HEIGHT_MAX, TEXT_BYTES_MAX, parse, parse_series, tree};
pub use store::{Rejected, SAMPLES_MAX, STALE, Sample, Series, Store, is_stale};

/// What is no number, with the bits that Prometheus gives it.
pub(crate) const NAN: f64 = f64::NAN;
