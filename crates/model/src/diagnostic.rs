//! What is wrong with an input, where, and how to mend it. Bad input is data: a reader returns results *and* these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a diagnostic matters to the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something worth knowing; nothing was left out.
    Note,
    /// Something was read in a doubtful way, or a part without weight was left out.
    Warning,
    /// A record, a block or a file could not be read and does not count.
    Error,
}

/// A place in a file. Lines and columns count from 1; 0 says that the place is the whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The path as the user gave it, or relative to the folder that is read.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Diagnostic {
    /// A stable id such as `hcl.syntax` or `backstage.unknown-owner`.
    pub code: String,
    /// How much it matters.
    pub level: Level,
    /// A lower-case fragment that says what is wrong.
    pub summary: String,
    /// Where.
    pub place: Place,
    /// What to do about it.
    pub help: String,
}

/// Line and column, from 1, of a byte in a text, for diagnostics of readers that know offsets only.
#[must_use]
pub fn line_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

impl Place {
    /// A place with line and column.
    #[must_use]
    pub fn at(file: impl Into<String>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column }
    }

    /// The whole file.
    #[must_use]
    pub fn file(file: impl Into<String>) -> Self {
        Self::at(file, 0, 0)
    }
}

impl Diagnostic {
    /// An error: what it speaks of does not count.
    #[must_use]
    pub fn error(code: &str, summary: impl Into<String>, place: Place, help: impl Into<String>) -> Self {
        Self { code: code.to_owned(), level: Level::Error, summary: summary.into(), place, help: help.into() }
    }

    /// A warning: what it speaks of counts, in a doubtful way.
    #[must_use]
    pub fn warning(code: &str, summary: impl Into<String>, place: Place, help: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, summary, place, help) }
    }

    /// A note: nothing was left out.
    #[must_use]
    pub fn note(code: &str, summary: impl Into<String>, place: Place, help: impl Into<String>) -> Self {
        Self { level: Level::Note, ..Self::error(code, summary, place, help) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&self.file),
            (line, 0) => write!(f, "{}:{line}", self.file),
            (line, column) => write!(f, "{}:{line}:{column}", self.file),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        write!(f, "{}: {level}: {} [{}]", self.place, self.summary, self.code)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "\n  mend: {}", self.help) }
    }
}
