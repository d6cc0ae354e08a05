//! How secrets are spoken of without being shown.

use aho_corasick::{AhoCorasick, MatchKind};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// The shortest text that is hidden: a shorter one stands in innocent words as well.
const HIDDEN_MIN: usize = 6;

/// What stands where a secret stood.
const HIDDEN: &str = "[secret]";

/// A secret for eyes: how it begins, where all of its kind begin so, and how long it is.
pub(super) fn shown(value: &[u8], keywords: &[String]) -> String {
    let length = String::from_utf8_lossy(value).chars().count();
    let lower = value.to_ascii_lowercase();
    let known = keywords.iter().filter(|word| lower.starts_with(word.as_bytes())).map(String::len).max().unwrap_or(0);
    // Only where what is common to all is a small part: else it is the secret itself that would be shown.
    let begins = match &value[..known] {
        start if known > 0 && known * 3 <= value.len() => {
            format!(" that begins with `{}`", String::from_utf8_lossy(start))
        }
        _ => String::new(),
    };
    format!("a secret of {length} characters{begins}")
}

/// Sixteen bits of a digest: they tell two values apart, and tell next to nothing of either.
pub(super) fn digest(value: &[u8]) -> String {
    Sha256::digest(value).iter().take(2).map(|byte| format!("{byte:02x}")).collect()
}

/// Secrets that were found, to hide them in whatever is shown.
#[derive(Debug, Default)]
pub struct Masks(Option<AhoCorasick>);

impl Masks {
    pub(crate) fn of<'v>(values: impl Iterator<Item = &'v [u8]>) -> Self {
        let mut hidden: Vec<String> = Vec::new();
        for value in values {
            let text = String::from_utf8_lossy(value);
            // Of a key of many lines each line is hidden; lines may be written as such or as `\n`.
            let lines = text.split('\n').flat_map(|line| line.split("\\n")).map(|line| line.trim().trim_matches('"'));
            let secret = |line: &&str| line.len() >= HIDDEN_MIN && !line.starts_with("-----");
            for line in lines.filter(secret) {
                hidden.push(line.to_owned());
                let escaped = serde_json::to_string(line).unwrap_or_default();
                hidden.push(escaped.trim_matches('"').to_owned());
                hidden.push(line.replace("\\\"", "\"").replace("\\\\", "\\"));
            }
        }
        hidden.sort_unstable();
        hidden.dedup();
        hidden.retain(|text| text.len() >= HIDDEN_MIN);
        let build =
            |hidden: &Vec<String>| AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(hidden).ok();
        Self(Some(&hidden).filter(|hidden| !hidden.is_empty()).and_then(build))
    }

    /// Whether nothing is to be hidden.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The text without the secrets.
    #[must_use]
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(search) = self.0.as_ref().filter(|search| search.is_match(text)) else { return Cow::Borrowed(text) };
        let mut out = String::with_capacity(text.len());
        search.replace_all_with(text, &mut out, |_, _, out| {
            out.push_str(HIDDEN);
            true
        });
        Cow::Owned(out)
    }
}

impl std::fmt::Debug for super::Match {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}..{}", self.verdict, self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_wherever_it_stands() {
        let values: [&[u8]; 2] = [b"hunter2-again", b"-----BEGIN X-----\nAAAABBBBCCCC\n-----END X-----"];
        let masks = Masks::of(values.into_iter());
        assert_eq!(masks.hide("is \"hunter2-again\" and AAAABBBBCCCC"), "is \"[secret]\" and [secret]");
        assert_eq!(masks.hide("-----BEGIN X-----"), "-----BEGIN X-----");
        assert!(Masks::of(std::iter::empty()).is_empty());
    }

    #[test]
    fn only_what_all_of_a_kind_begin_with_is_shown() {
        let words = ["ghp_".to_owned(), "token".to_owned()];
        assert_eq!(shown(b"ghp_0123456789", &words), "a secret of 14 characters that begins with `ghp_`");
        assert_eq!(shown(b"ghp_01", &words), "a secret of 6 characters");
        assert_eq!(shown(b"0123456789", &words), "a secret of 10 characters");
    }
}
