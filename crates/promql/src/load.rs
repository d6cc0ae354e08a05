//! Series from texts: the notation of Prometheus' tests, its text formats with times, and answers of its API.

pub mod matrix;
pub mod notation;
pub mod openmetrics;

/// A text that could not be read, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LoadError {
    /// Line of the text, from 1; 0 where the text has none.
    pub line: usize,
    /// A lower-case fragment that says what is wrong.
    pub message: String,
}

impl LoadError {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}
