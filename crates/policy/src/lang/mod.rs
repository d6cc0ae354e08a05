//! The language of controls: a rule's text to a checked tree.

mod function;
mod lex;
mod parse;
mod tree;

pub(crate) use function::Function;

pub(crate) use parse::rule;
pub(crate) use tree::{Comparison, Id, Kind, Meta, Quantifier, Root, Rule, SLOTS_MAX};

#[cfg(test)]
mod tests;
