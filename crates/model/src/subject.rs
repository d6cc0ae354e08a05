//! A stable reference to one thing in the estate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is not a subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// There is no `kind:` in front.
    #[error("subject {0:?} has no kind; write kind:name, such as service:checkout")]
    NoKind(String),
    /// The kind is not lower-case letters, digits and dashes.
    #[error("subject {0:?} has a kind that is not lower-case letters, digits and dashes")]
    BadKind(String),
    /// There is nothing behind the kind.
    #[error("subject {0:?} has no name behind its kind")]
    NoName(String),
    /// The text is too long or holds control characters.
    #[error("a subject must be at most {SUBJECT_BYTES_MAX} bytes without control characters")]
    Text,
}

/// Longest subject in bytes.
const SUBJECT_BYTES_MAX: usize = 1024;

/// A stable reference such as `aws:s3:bucket/logs`, `k8s:prod/shop/deployment/web`, `service:checkout`, `host:web-1`,
/// `team:platform`: a kind, a colon, and what is unique within the kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Subject(String);

impl Subject {
    /// Checks the text and takes it.
    ///
    /// # Errors
    /// See [`SubjectError`].
    pub fn new(text: impl Into<String>) -> Result<Self, SubjectError> {
        let text = text.into();
        if text.len() > SUBJECT_BYTES_MAX || text.chars().any(char::is_control) {
            return Err(SubjectError::Text);
        }
        let Some((kind, name)) = text.split_once(':') else {
            return Err(SubjectError::NoKind(text));
        };
        let kind_is_plain = kind.starts_with(|c: char| c.is_ascii_lowercase())
            && kind.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !kind_is_plain {
            return Err(SubjectError::BadKind(text));
        }
        if name.trim().is_empty() {
            return Err(SubjectError::NoName(text));
        }
        Ok(Self(text))
    }

    /// A subject of a kind known to be plain, with a name cleaned of what a subject may not hold.
    ///
    /// Names come from outside documents; one that cannot stand as it is (control characters, too long, empty) is
    /// mended rather than refused, because the thing exists all the same.
    #[must_use]
    pub fn of(kind: &str, name: &str) -> Self {
        let clean: String = name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let name = if clean.trim().is_empty() { "-" } else { clean.trim() };
        let mut text = format!("{kind}:{name}");
        while text.len() > SUBJECT_BYTES_MAX {
            text.pop();
        }
        Self::new(text).unwrap_or_else(|_| Self(format!("thing:{name}")))
    }

    /// What stands before the first colon.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }

    /// What stands behind the first colon.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, name)| name)
    }

    /// The whole reference.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Subject {
    type Error = SubjectError;
    fn try_from(text: String) -> Result<Self, SubjectError> {
        Self::new(text)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> String {
        subject.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_the_design_are_taken_and_split() {
        for (text, kind, name) in [
            ("aws:s3:bucket/logs", "aws", "s3:bucket/logs"),
            ("k8s:prod/shop/deployment/web", "k8s", "prod/shop/deployment/web"),
            ("service:checkout", "service", "checkout"),
        ] {
            let subject = Subject::new(text).unwrap();
            assert_eq!((subject.kind(), subject.name()), (kind, name));
        }
    }

    #[test]
    fn a_text_without_kind_or_name_is_refused_with_the_mend() {
        assert!(Subject::new("checkout").unwrap_err().to_string().contains("kind:name"));
        assert!(matches!(Subject::new("Service:x"), Err(SubjectError::BadKind(_))));
        assert!(matches!(Subject::new("service: "), Err(SubjectError::NoName(_))));
        assert!(matches!(Subject::new("service:a\nb"), Err(SubjectError::Text)));
    }

    #[test]
    fn a_name_from_outside_is_mended_not_lost() {
        assert_eq!(Subject::of("host", "web\n1").as_str(), "host:web\u{fffd}1");
        assert!(Subject::of("host", &"ä".repeat(2000)).as_str().len() <= 1024);
    }
}
