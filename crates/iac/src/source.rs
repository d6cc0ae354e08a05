//! From bytes to text, and the places in it.

use crate::At;
use mainstay_model::{Diagnostic, Place};

/// How many bytes a file may have to be read.
pub const FILE_BYTES_MAX: usize = 256 << 20;

/// Where a text comes from, so that its nodes and diagnostics can say so.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Path to be named in diagnostics.
    pub path: &'a str,
    /// Index for [`At::file`].
    pub file: u32,
    /// The line on which the text begins, from 1; more than 1 for a part such as front matter.
    pub line: u32,
}

impl<'a> Origin<'a> {
    /// A whole file that is the only one (index 0).
    #[must_use]
    pub fn of(path: &'a str) -> Self {
        Self { path, file: 0, line: 1 }
    }

    /// A whole file with an index into [`crate::Reading::files`].
    #[must_use]
    pub fn nth(path: &'a str, file: u32) -> Self {
        Self { path, file, line: 1 }
    }

    /// A place in this text; `line` and `column` count from 1 within the text.
    pub(crate) fn at(&self, line: u32, column: u32) -> At {
        At { file: self.file, line: line.saturating_add(self.line).saturating_sub(1), column }
    }

    pub(crate) fn place(&self, at: At) -> Place {
        Place::at(self.path, at.line, at.column)
    }
}

/// The text of a file without its byte-order mark.
///
/// # Errors
/// A diagnostic where the file is too large, or one that names the first byte which is not UTF-8.
pub fn text_of<'a>(bytes: &'a [u8], path: &str) -> Result<&'a str, Box<Diagnostic>> {
    if bytes.len() > FILE_BYTES_MAX {
        let summary = format!("the file has {} bytes, more than the {FILE_BYTES_MAX} that are read", bytes.len());
        return Err(Box::new(Diagnostic::error("source.size", summary, Place::file(path), "split the file")));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Box::new(Diagnostic::error(
            "source.encoding",
            "the file is UTF-16, not UTF-8",
            Place::file(path),
            "save it as UTF-8; in PowerShell write it with `Out-File -Encoding utf8`",
        )));
    }
    let body = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    std::str::from_utf8(body).map_err(|error| {
        let good = &body[..error.valid_up_to()];
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column =
            good.iter().rev().take_while(|&&byte| byte != b'\n').filter(|&&byte| byte & 0xc0 != 0x80).count() + 1;
        Box::new(Diagnostic::error(
            "source.encoding",
            "the file is not UTF-8",
            Place::at(path, u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX)),
            "save it as UTF-8",
        ))
    })
}
