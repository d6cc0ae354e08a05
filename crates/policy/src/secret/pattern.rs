//! Regular expressions over bytes. Those of users are compiled when their control is loaded, so that a mistake is told then;
//! ours when a file first has a keyword of theirs: most scans need few of them.

use regex::bytes::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// Bytes that one compiled expression may take.
const SIZE_MAX: usize = 1 << 20;

/// Whether expressions are compiled as soon as they are read, which tells whether they become too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// Those of users, and ours in tests.
    Checked,
    /// Those of the catalog, which tests have compiled.
    Known,
}

/// A regular expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    /// One that may match anywhere.
    pub(crate) fn anywhere(text: &str, care: Care) -> Result<Self, String> {
        Self::of(text.to_owned(), care)
    }

    /// One that must match the whole.
    pub(crate) fn whole(text: &str, care: Care) -> Result<Self, String> {
        Self::of(format!("^(?:{text})$"), care)
    }

    fn of(text: String, care: Care) -> Result<Self, String> {
        let compiled = OnceLock::new();
        if care == Care::Checked {
            let regex = compile(&text).map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => {
                    format!("it takes more than {SIZE_MAX} bytes; shorten its repetitions, such as `{{1,8000}}`")
                }
                // The last line says what is wrong; those before it draw the expression.
                other => other.to_string().lines().last().unwrap_or_default().trim().to_owned(),
            })?;
            compiled.get_or_init(|| regex);
        }
        Ok(Self { text, compiled })
    }

    /// The compiled expression.
    pub(crate) fn regex(&self) -> &Regex {
        let known = || compile(&self.text).expect("an expression of the catalog compiles, which a test asks for");
        self.compiled.get_or_init(known)
    }

    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        self.regex().is_match(text)
    }
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).unicode(false).size_limit(SIZE_MAX).nest_limit(50).build()
}
