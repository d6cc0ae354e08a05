//! Forms of credentials that have no other meaning.

use regex::RegexSet;
use std::sync::LazyLock;

/// AWS access key ids; private keys; tokens of GitHub, GitLab, Slack, Stripe and Google; an AWS secret key beside its name.
static FORMS: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
        r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
        r"\bgh[pousr]_[A-Za-z0-9]{36,}\b",
        r"\bglpat-[A-Za-z0-9_-]{20,}",
        r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
        r"\b[sr]k_live_[A-Za-z0-9]{20,}\b",
        r"\bAIza[A-Za-z0-9_-]{35}\b",
        r#"(?i)secret_?(?:access_?)?key["']?\s*[:=]\s*["']?[A-Za-z0-9/+]{40}(?:["'\s;]|$)"#,
    ])
    .expect("the patterns are valid: a test matches each")
});

/// Whether a text holds something of the form of a credential.
pub(crate) fn looks_like_one(text: &str) -> bool {
    FORMS.is_match(text)
}
