//! What an operation answers when it cannot do what was asked: RFC 9457 problem details.

use serde::Serialize;

/// Why an operation was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{detail}")]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// A stable id such as `finding.not-found`.
    pub code: String,
    /// What went wrong and what to do about it.
    pub detail: String,
}

impl Problem {
    fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), detail: detail.into() }
    }

    /// The request is malformed (400).
    #[must_use]
    pub fn malformed(code: &str, detail: impl Into<String>) -> Self {
        Self::new(400, code, detail)
    }

    /// Nobody is signed in (401).
    #[must_use]
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(401, "access.unauthenticated", detail)
    }

    /// The principal may not do this (403).
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, "access.forbidden", detail)
    }

    /// There is no such thing (404).
    #[must_use]
    pub fn absent(code: &str, detail: impl Into<String>) -> Self {
        Self::new(404, code, detail)
    }

    /// The state of things does not allow it (409).
    #[must_use]
    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(409, code, detail)
    }

    /// The request is larger than what is taken (413).
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(413, "request.too-large", detail)
    }

    /// Too many requests (429).
    #[must_use]
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::new(429, "request.too-many", detail)
    }

    /// We failed (500).
    #[must_use]
    pub fn ours(code: &str, detail: impl Into<String>) -> Self {
        Self::new(500, code, detail)
    }

    /// The short English name of the status.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.status {
            400 => "malformed request",
            401 => "not signed in",
            403 => "not allowed",
            404 => "not found",
            409 => "conflict",
            413 => "too large",
            429 => "too many requests",
            _ => "our failure",
        }
    }

    /// The JSON body, media type `application/problem+json`.
    #[must_use]
    pub fn body(&self) -> serde_json::Value {
        serde_json::json!({
            "type": "about:blank", "title": self.title(), "status": self.status, "code": self.code, "detail": self.detail,
        })
    }
}

impl From<mainstay_ledger::LedgerError> for Problem {
    fn from(error: mainstay_ledger::LedgerError) -> Self {
        Self::ours("ledger.failed", error.to_string())
    }
}
