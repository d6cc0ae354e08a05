//! The place of the parser in the text: what is skipped, and how lines and columns are counted.

use super::{DEPTH_MAX, Expr, Kind};
use crate::source::Origin;
use crate::{At, Comment, comment};
use mainstay_model::Diagnostic;
use std::sync::Arc;

pub(super) type Parsed<T> = Result<T, Box<Diagnostic>>;

pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) pos: usize,
    pub(super) line: u32,
    pub(super) line_start: usize,
    /// Bytes on this line that do not begin a character.
    pub(super) extra: usize,
    pub(super) origin: Origin<'a>,
    /// Whether a line break ends what is being read; within brackets it does not.
    pub(super) newlines: bool,
    pub(super) depth: usize,
    pub(super) comments: Vec<Comment>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) names: Names,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, origin: Origin<'a>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            line: 1,
            line_start: 0,
            extra: 0,
            origin,
            newlines: true,
            depth: 0,
            comments: Vec::new(),
            diagnostics: Vec::new(),
            names: Names([const { None }; NAMES_KEPT]),
        }
    }

    /// A name as a text that all who hold it share.
    pub(super) fn shared(&mut self, name: &str) -> Arc<str> {
        self.names.shared(name)
    }

    pub(super) fn at_end(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    pub(super) fn peek_nth(&self, n: usize) -> Option<u8> {
        self.bytes.get(self.pos + n).copied()
    }

    pub(super) fn looking_at(&self, word: &str) -> bool {
        self.bytes[self.pos..].starts_with(word.as_bytes())
    }

    pub(super) fn at(&self) -> At {
        let column = self.pos.saturating_sub(self.line_start + self.extra) + 1;
        self.origin.at(self.line, u32::try_from(column).unwrap_or(u32::MAX))
    }

    pub(super) fn offset(&self) -> u32 {
        u32::try_from(self.pos).unwrap_or(u32::MAX)
    }

    pub(super) fn error(&self, summary: &str, help: &str) -> Box<Diagnostic> {
        self.error_at(self.at(), summary, help)
    }

    pub(super) fn error_at(&self, at: At, summary: &str, help: &str) -> Box<Diagnostic> {
        Box::new(Diagnostic::error("hcl.syntax", summary, self.origin.place(at), help))
    }

    /// Goes on by one byte, counting lines and columns.
    pub(super) fn bump(&mut self) {
        match self.bytes.get(self.pos) {
            Some(b'\n') => {
                self.line += 1;
                self.line_start = self.pos + 1;
                self.extra = 0;
            }
            Some(byte) if byte & 0xc0 == 0x80 => self.extra += 1,
            _ => {}
        }
        self.pos += 1;
    }

    /// Passes over blanks and comments, and over line breaks where they do not count.
    pub(super) fn skip(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.pos += 1,
                Some(b'\n') if !self.newlines => self.bump(),
                Some(b'\r') if !self.newlines && self.peek_nth(1) == Some(b'\n') => self.pos += 1,
                Some(b'#') => self.skip_line(),
                Some(b'/') if self.peek_nth(1) == Some(b'/') => self.skip_line(),
                Some(b'/') if self.peek_nth(1) == Some(b'*') && self.closes_comment() => {
                    let (at, start) = (self.at(), self.pos);
                    while !self.looking_at("*/") {
                        self.bump();
                    }
                    self.pos += 2;
                    self.note(at, start);
                }
                _ => return,
            }
        }
    }

    fn closes_comment(&self) -> bool {
        self.text.get(self.pos + 2..).is_some_and(|rest| rest.contains("*/"))
    }

    /// Up to the end of the line, its line break not included.
    fn skip_line(&mut self) {
        let (at, start) = (self.at(), self.pos);
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.bump();
        }
        self.note(at, start);
    }

    /// Keeps a comment that ends here if it speaks to scanners.
    fn note(&mut self, at: At, start: usize) {
        if let Some(text) = self.text.get(start..self.pos).filter(|text| comment::is_directive(text)) {
            self.comments.push(Comment { at, text: Arc::from(text.trim_end()), about: None });
        }
    }

    /// Passes over blanks, comments and line breaks.
    pub(super) fn skip_lines(&mut self) {
        let newlines = std::mem::replace(&mut self.newlines, false);
        self.skip();
        self.newlines = newlines;
    }

    /// Whether a line or the text ends here.
    pub(super) fn at_line_end(&self) -> bool {
        matches!((self.peek(), self.peek_nth(1)), (None | Some(b'\n'), _) | (Some(b'\r'), Some(b'\n')))
    }

    /// Takes a byte if it is the next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.bump();
        }
        is_next
    }

    pub(super) fn expect(&mut self, byte: u8, within: &str) -> Parsed<()> {
        self.skip();
        if self.take(byte) {
            return Ok(());
        }
        let (found, byte) = (self.found(), byte as char);
        Err(self.error(&format!("expected `{byte}` {within}, found {found}"), &format!("add the `{byte}`")))
    }

    /// What stands here, for an error message.
    pub(super) fn found(&self) -> String {
        match self.text.get(self.pos..).and_then(|rest| rest.chars().next()) {
            None => "the end of the file".to_owned(),
            Some('\n' | '\r') => "the end of the line".to_owned(),
            Some(character) => format!("`{}`", character.escape_default()),
        }
    }

    /// The length in bytes of the name that begins here, 0 if none does.
    pub(super) fn name_len(&self) -> usize {
        let bytes = &self.bytes[self.pos.min(self.bytes.len())..];
        let Some(&first) = bytes.first() else { return 0 };
        if first < 0x80 && !(first.is_ascii_alphabetic() || first == b'_') {
            return 0;
        }
        let ascii = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
        if bytes.get(ascii).is_none_or(|&b| b < 0x80) {
            return ascii;
        }
        let rest = &self.text[self.pos..];
        let mut len = 0;
        for (index, character) in rest.char_indices() {
            let fits = match index {
                0 => character.is_alphabetic() || character == '_',
                _ => character.is_alphanumeric() || matches!(character, '_' | '-'),
            };
            if !fits {
                break;
            }
            len = index + character.len_utf8();
        }
        len
    }

    pub(super) fn name(&mut self) -> Option<&'a str> {
        let len = self.name_len();
        if len == 0 {
            return None;
        }
        let name = &self.text[self.pos..self.pos + len];
        if !name.is_ascii() {
            self.extra += name.bytes().filter(|b| b & 0xc0 == 0x80).count();
        }
        self.pos += len;
        Some(name)
    }

    pub(super) fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let mut diagnostic =
                self.error(&format!("nested deeper than {DEPTH_MAX} levels"), "split it, such as into locals");
            "hcl.depth".clone_into(&mut diagnostic.code);
            return Err(diagnostic);
        }
        Ok(())
    }

    /// An expression that began at a place and ends here.
    pub(super) fn made(&self, kind: Kind, at: At, start: u32) -> Expr {
        Expr { kind, at, start, end: self.offset() }
    }

    pub(super) fn within<T>(&mut self, newlines: bool, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let before = std::mem::replace(&mut self.newlines, newlines);
        let result = read(self);
        self.newlines = before;
        result
    }
}

/// Names that were read before. Code says few names many times over, and one text for all of them costs neither memory nor
/// the time to make it. A name may push out another one, so that there is nothing to grow.
pub(super) struct Names([Option<Arc<str>>; NAMES_KEPT]);

/// How many names are kept at once.
const NAMES_KEPT: usize = 64;

impl Names {
    fn shared(&mut self, text: &str) -> Arc<str> {
        let hash = text.bytes().fold(text.len(), |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)));
        match &mut self.0[hash % NAMES_KEPT] {
            Some(known) if **known == *text => known.clone(),
            other => other.insert(Arc::from(text)).clone(),
        }
    }
}
