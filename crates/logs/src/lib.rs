//! Lines of logs to templates: `Invalid user <*> from <*>` for a million lines that differ in who and from where.
//!
//! One setting serves every log, and no log is known by name. A line is read once ([`scan`]): what carries a digit, a path,
//! a quotation, the value behind `=` is variable, and lists of variables count as one. What is left is the line's
//! *skeleton*; a skeleton seen before costs one look-up. A new skeleton is compared with those that differ from it in a
//! single word ([`miner`]): where enough words were seen in one place and the rest of the line is the same, that place is
//! variable too, and the skeletons become one template. Memory is bounded by [`Limits`].
//!
//! Pure: lines in, templates out. The reading of the parts before the message, such as time and level, is in [`header`].

mod hash;
pub mod header;
mod miner;
mod place;
mod scan;
mod shape;
#[cfg(test)]
mod tests;

pub use header::{Header, Level};
pub use miner::{Limits, Miner, Template, TemplateId};
