//! Arguments, blocks, and how reading goes on after an error.

use super::cursor::{Cursor, Parsed};
use super::{Attribute, Block, Body, ERRORS_MAX, Item};
use mainstay_model::Diagnostic;
use std::collections::HashSet;
use std::sync::Arc;

impl Cursor<'_> {
    /// The whole text as a body.
    pub(super) fn file(&mut self) -> Body {
        let mut body = Body::default();
        let mut seen = Seen::default();
        loop {
            self.skip_lines();
            if self.at_end() {
                return body;
            }
            let start = (self.pos, self.line);
            match self.item(&mut seen) {
                Ok(item) => body.items.push(item),
                Err(diagnostic) => {
                    self.diagnostics.push(*diagnostic);
                    if self.diagnostics.len() >= ERRORS_MAX || !self.recover(start) {
                        return body;
                    }
                }
            }
        }
    }

    /// Goes to the next line that begins like a block or argument of the outermost level.
    fn recover(&mut self, start: (usize, u32)) -> bool {
        self.newlines = true;
        self.depth = 0;
        if self.at_end() {
            // A brace, quote or heredoc was not closed and took the rest with it: look again from where that began.
            *self = Cursor {
                pos: start.0,
                line: start.1,
                comments: std::mem::take(&mut self.comments),
                diagnostics: std::mem::take(&mut self.diagnostics),
                ..Cursor::new(self.text, self.origin)
            };
        }
        while !self.at_end() {
            if self.take(b'\n') {
                if self.name_len() > 0 {
                    return true;
                }
            } else {
                self.bump();
            }
        }
        false
    }

    fn body(&mut self) -> Parsed<Body> {
        let mut body = Body::default();
        let mut seen = Seen::default();
        loop {
            self.skip_lines();
            if self.at_end() {
                return Err(self.error("a block is not closed", "add the missing `}`"));
            }
            if self.take(b'}') {
                return Ok(body);
            }
            body.items.push(self.item(&mut seen)?);
        }
    }

    fn item(&mut self, seen: &mut Seen) -> Parsed<Item> {
        let at = self.at();
        let Some(name) = self.name() else { return Err(self.no_item()) };
        let name = self.shared(name);
        self.skip();
        match self.peek() {
            Some(b'=') if self.peek_nth(1) != Some(b'=') => {
                self.pos += 1;
                let value = self.expr()?;
                self.line_end("an argument")?;
                if !seen.insert(&name) {
                    let help = "keep one of them; an argument may be set once";
                    return Err(self.error_at(at, &format!("the argument `{name}` was already set"), help));
                }
                Ok(Item::Attribute(Attribute { name, at, value }))
            }
            Some(b'{' | b'"') => self.block(name, at),
            _ if self.name_len() > 0 => self.block(name, at),
            _ => {
                let found = self.found();
                Err(self.error(
                    &format!("expected `=` or a block after `{name}`, found {found}"),
                    "write `name = value` or `name { ... }`",
                ))
            }
        }
    }

    fn no_item(&self) -> Box<Diagnostic> {
        match self.peek() {
            Some(b'"') => self.error("the name of an argument must not be quoted", "remove the quotes"),
            Some(b'}') => self.error("a `}` closes no block", "remove it, or add the missing `{`"),
            Some(b'/') if self.peek_nth(1) == Some(b'*') => {
                self.error("a comment is not closed", "add the missing `*/`")
            }
            _ => {
                let found = self.found();
                self.error(
                    &format!("expected an argument or a block, found {found}"),
                    "write `name = value` or `name { ... }`",
                )
            }
        }
    }

    fn block(&mut self, kind: Arc<str>, at: crate::At) -> Parsed<Item> {
        self.enter()?;
        let mut labels = Vec::new();
        loop {
            self.skip();
            match self.peek() {
                Some(b'{') => break,
                Some(b'"') => labels.push(self.label()?),
                _ => match self.name() {
                    Some(name) => labels.push(self.shared(name)),
                    None => {
                        let found = self.found();
                        let help = "a block is `kind \"label\" {`, with the brace on the same line";
                        return Err(self.error(&format!("expected a label or `{{`, found {found}"), help));
                    }
                },
            }
        }
        self.pos += 1;
        let body = self.within(true, Self::block_content)?;
        let line_end = self.origin.at(self.line, 0).line;
        self.line_end("a block")?;
        self.depth -= 1;
        Ok(Item::Block(Block { kind, labels, body, at, line_end }))
    }

    /// After `{`: lines up to `}`, or at most one argument on the same line.
    fn block_content(&mut self) -> Parsed<Body> {
        self.skip();
        if self.at_line_end() {
            return self.body();
        }
        let mut body = Body::default();
        if self.take(b'}') {
            return Ok(body);
        }
        let at = self.at();
        let Some(name) = self.name() else { return Err(self.no_item()) };
        self.skip();
        if self.peek() != Some(b'=') || self.peek_nth(1) == Some(b'=') {
            return Err(self.error("a block on one line holds one argument only", "write the block over several lines"));
        }
        self.pos += 1;
        let value = self.expr()?;
        body.items.push(Item::Attribute(Attribute { name: self.shared(name), at, value }));
        self.skip();
        if !self.take(b'}') {
            return Err(self.error(
                "a block on one line holds one argument and ends with `}`",
                "write the block over several lines",
            ));
        }
        Ok(body)
    }

    /// A quoted label: no interpolation.
    fn label(&mut self) -> Parsed<Arc<str>> {
        let at = self.at();
        let expr = self.quoted()?;
        match expr.kind {
            super::Kind::String(text) => Ok(self.shared(&text)),
            _ => Err(self.error_at(at, "a label must not hold an interpolation", "write the label as plain text")),
        }
    }

    fn line_end(&mut self, after: &str) -> Parsed<()> {
        self.skip();
        if self.at_line_end() {
            return Ok(());
        }
        let found = self.found();
        Err(self.error(&format!("expected a new line after {after}, found {found}"), "begin a new line here"))
    }
}

/// The arguments of a body that were set already.
#[derive(Default)]
struct Seen {
    few: Vec<Arc<str>>,
    many: HashSet<Arc<str>>,
}

impl Seen {
    const FEW_MAX: usize = 16;

    /// False when the name was there.
    fn insert(&mut self, name: &Arc<str>) -> bool {
        if self.few.contains(name) || (!self.many.is_empty() && self.many.contains(name)) {
            return false;
        }
        if self.few.len() < Self::FEW_MAX {
            self.few.push(name.clone());
            true
        } else {
            self.many.insert(name.clone())
        }
    }
}
