//! What an operation answers when it cannot do what was asked: RFC 9457 problem details.

use mainstay_ledger::LedgerError;
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
            405 => "wrong method",
            409 => "conflict",
            413 => "too large",
            415 => "unknown form of the body",
            429 => "too many requests",
            503 => "not possible now",
            500.. => "our failure",
            _ => "refused",
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

/// What stands in the ledger's way is not our failure: the same request may succeed once it is out of the way, and
/// whoever reads the answer should know that and how.
impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        let (status, code, mend) = match &error {
            LedgerError::Full(_) => (503, "ledger.full", "make room, then send the same again"),
            LedgerError::ReadOnly(_) => (
                503,
                "ledger.read-only",
                "let the user who runs Mainstay write there, or name another folder with --data",
            ),
            LedgerError::Connection { .. } => {
                (503, "ledger.connection", "look whether the database runs; sending the same again is safe")
            }
            LedgerError::Busy(_) => (503, "ledger.busy", "send the same again in a moment"),
            LedgerError::Tampered(_) => (500, "ledger.tampered", "mainstay ledger verify names what is wrong"),
            _ => return Self::ours("ledger.failed", error.to_string()),
        };
        Self::new(status, code, format!("{error}; {mend}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_got_wrong_is_never_called_our_failure() {
        for status in 400..500 {
            let problem = Problem { status, code: String::new(), detail: String::new() };
            assert_ne!(problem.title(), "our failure", "{status}");
        }
        assert_eq!(Problem::ours("x", "y").title(), "our failure");
    }

    #[test]
    fn what_may_pass_is_told_apart_from_what_is_broken() {
        let full = Problem::from(LedgerError::Full("no space left".to_owned()));
        assert_eq!((full.status, full.code.as_str()), (503, "ledger.full"));
        assert!(full.detail.contains("no space left; make room"), "{}", full.detail);
        let lost = LedgerError::Connection { what: "appending".to_owned(), cause: "reset".to_owned() };
        assert_eq!(Problem::from(lost).status, 503);
        assert_eq!(Problem::from(LedgerError::Closed).status, 500);
    }
}
