//! A place in the text, and the small steps from it.

use super::{Fault, Parsed};
use crate::At;
use crate::source::Origin;

/// How deep expressions nest, at most.
pub(super) const DEPTH_MAX: u32 = 96;

pub(super) struct Cursor<'t> {
    text: &'t str,
    pos: usize,
    origin: Origin<'t>,
    depth: u32,
    /// A place whose line and column are known, at or before the last one that was asked for.
    known: (usize, u32, u32),
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, origin: Origin<'t>) -> Self {
        Self { text, pos: 0, origin, depth: 0, known: (0, 1, 1) }
    }

    pub(super) fn origin(&self) -> Origin<'t> {
        self.origin
    }

    pub(super) fn at(&mut self) -> At {
        let (mut from, mut line, mut column) = self.known;
        if from > self.pos {
            (from, line, column) = (0, 1, 1);
        }
        for character in self.text[from..self.pos].chars() {
            if character == '\n' {
                (line, column) = (line + 1, 1);
            } else {
                column += 1;
            }
        }
        self.known = (self.pos, line, column);
        self.origin.at(line, column)
    }

    /// The line of the last character before this place.
    pub(super) fn line_before(&mut self) -> u32 {
        let here = self.pos;
        self.pos = self.text[..here].trim_end().len();
        // A place further back than the known one would be counted from the start.
        let back = self.text[self.pos..here].matches('\n').count();
        self.pos = here;
        self.at().line.saturating_sub(u32::try_from(back).unwrap_or(u32::MAX))
    }

    pub(super) fn fault<T>(&mut self, summary: impl Into<String>, help: &'static str) -> Parsed<T> {
        Err(Fault { at: self.at(), summary: summary.into(), help })
    }

    pub(super) fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.fault(format!("the file nests deeper than {DEPTH_MAX} levels"), "name parts of it with `var`");
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Forgets how deep it was, after a fault.
    pub(super) fn surface(&mut self) {
        self.depth = 0;
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.pos..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        self.pos = (self.pos + bytes).min(self.text.len());
    }

    pub(super) fn is_done(&self) -> bool {
        self.pos >= self.text.len()
    }

    /// Passes over spaces and comments within a line; a comment of several lines may hold line breaks.
    pub(super) fn space(&mut self) {
        loop {
            let rest = self.rest();
            let taken = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\u{feff}']).len();
            self.advance(taken);
            let rest = self.rest();
            if rest.starts_with("//") || rest.starts_with("#disable-") || rest.starts_with("#restore-") {
                self.advance(rest.find('\n').unwrap_or(rest.len()));
            } else if rest.starts_with("/*") {
                self.advance(rest.find("*/").map_or(rest.len(), |end| end + 2));
            } else if taken == 0 {
                return;
            }
        }
    }

    /// Passes over spaces, comments and line breaks.
    pub(super) fn lines(&mut self) {
        loop {
            self.space();
            let before = self.pos;
            while self.peek() == Some('\n') {
                self.advance(1);
            }
            if self.pos == before {
                return;
            }
        }
    }

    /// Takes a symbol that stands next.
    pub(super) fn symbol(&mut self, symbol: &str) -> bool {
        self.space();
        let hit = self.rest().starts_with(symbol);
        if hit {
            self.advance(symbol.len());
        }
        hit
    }

    /// The name that stands next, without taking it.
    pub(super) fn peek_name(&mut self) -> Option<&'t str> {
        self.space();
        let rest = self.rest();
        let first = rest.chars().next()?;
        if !first.is_alphabetic() && first != '_' {
            return None;
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        Some(&rest[..end])
    }

    pub(super) fn name(&mut self) -> Option<&'t str> {
        let name = self.peek_name()?;
        self.advance(name.len());
        Some(name)
    }

    /// Takes a word that stands next.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let hit = self.peek_name() == Some(word);
        if hit {
            self.advance(word.len());
        }
        hit
    }

    /// Where reading may come back to.
    pub(super) fn mark(&self) -> usize {
        self.pos
    }

    pub(super) fn back(&mut self, mark: usize) {
        self.pos = mark;
    }
}
