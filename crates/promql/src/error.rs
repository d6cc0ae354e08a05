//! What can go wrong with a query, and where in its text.

/// A stretch of a query's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Span {
    /// From the start of this one to the end of another.
    #[must_use]
    pub fn to(self, end: Span) -> Span {
        Span { start: self.start, end: end.end.max(self.start) }
    }

    /// Line and column, from 1, of its start.
    #[must_use]
    pub fn line_column(self, text: &str) -> (u32, u32) {
        mainstay_model::line_column(text, self.start)
    }
}

/// Why a query has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The text is no PromQL.
    Syntax,
    /// Its parts do not fit together, or the data do not allow it; Prometheus refuses it as well.
    Refused,
    /// Prometheus has an answer, this evaluator has none. The name is that of the missing feature.
    Unsupported(&'static str),
    /// It would take more than its bounds.
    Bound,
}

/// A query that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Why.
    pub cause: Cause,
    /// A lower-case fragment that says what is wrong.
    pub message: String,
    /// Where in the query.
    pub span: Span,
}

impl Error {
    pub(crate) fn syntax(span: Span, message: impl Into<String>) -> Self {
        Self { cause: Cause::Syntax, message: message.into(), span }
    }

    pub(crate) fn refused(span: Span, message: impl Into<String>) -> Self {
        Self { cause: Cause::Refused, message: message.into(), span }
    }

    pub(crate) fn bound(span: Span, message: impl Into<String>) -> Self {
        Self { cause: Cause::Bound, message: message.into(), span }
    }

    pub(crate) fn unsupported(span: Span, feature: &'static str) -> Self {
        Self { cause: Cause::Unsupported(feature), message: format!("{feature}: not supported here"), span }
    }
}

/// The result of anything that a query may fail at.
pub type Result<T> = std::result::Result<T, Error>;
