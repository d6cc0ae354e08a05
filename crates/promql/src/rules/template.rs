//! Templates of labels and annotations: the part of Go's `text/template` that alert rules use, with Prometheus' functions.
//!
//! Known are values (`{{ $labels.job }}`, `{{ .Value }}`), pipes, variables, `if`, `else`, `range`, `with`, comments and trimmed
//! blanks. `define`, `template` and `block` are refused when a file is read, so that no template says less than it should.

mod expand;
mod functions;
mod lex;
mod parse;
mod print;

use crate::labels::Labels;
use std::collections::BTreeMap;

/// How long a template, and what it gives, may be.
pub const TEMPLATE_BYTES_MAX: usize = 256 << 10;

/// A template that was read.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
    nodes: Vec<parse::Node>,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Byte of the template.
    pub at: usize,
    /// A lower-case fragment that says what is wrong.
    pub message: String,
}

impl TemplateError {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

/// Evaluates a query that stands in a template.
pub type Query<'a> = &'a dyn Fn(&str) -> Result<Vec<(Labels, f64)>, String>;

/// What a template speaks of.
pub struct Context<'a> {
    /// `$labels`
    pub labels: &'a Labels,
    /// `$value`
    pub value: f64,
    /// `$externalLabels`
    pub external_labels: &'a BTreeMap<String, String>,
    /// `$externalURL`
    pub external_url: &'a str,
    /// What `query` asks.
    pub query: Query<'a>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(TemplateError::new(0, format!("the template has more than {TEMPLATE_BYTES_MAX} bytes")));
        }
        Ok(Self { source: text.to_owned(), nodes: parse::parse(text)? })
    }

    /// The template as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Fills it in.
    ///
    /// # Errors
    /// What could not be filled in.
    pub fn expand(&self, context: &Context<'_>) -> Result<String, TemplateError> {
        expand::expand(&self.nodes, context)
    }
}

#[cfg(test)]
mod tests;
