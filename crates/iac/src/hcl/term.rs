//! Literals, names, calls, lists, objects and `for`.

use super::cursor::{Cursor, Parsed};
use super::{Expr, For, Key, Kind};
use crate::json::decimal;

impl Cursor<'_> {
    pub(super) fn term(&mut self) -> Parsed<Expr> {
        let (at, start) = (self.at(), self.offset());
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'0'..=b'9') => self.number(),
            Some(b'(') => {
                self.pos += 1;
                let inner = self.within(false, |cursor| {
                    let inner = cursor.expr()?;
                    cursor.expect(b')', "after an expression in parentheses")?;
                    Ok(inner)
                })?;
                Ok(self.made(Kind::Parens(Box::new(inner)), at, start))
            }
            Some(b'[') => {
                self.pos += 1;
                let kind = self.within(false, Self::list)?;
                Ok(self.made(kind, at, start))
            }
            Some(b'{') => {
                self.pos += 1;
                let kind = self.within(true, Self::object)?;
                Ok(self.made(kind, at, start))
            }
            Some(b'<') if self.peek_nth(1) == Some(b'<') => self.heredoc(),
            _ => self.named(at, start),
        }
    }

    /// `true`, `false`, `null`, a name, or a call.
    fn named(&mut self, at: crate::At, start: u32) -> Parsed<Expr> {
        let Some(name) = self.name() else {
            let found = self.found();
            return Err(self.error(
                &format!("expected a value, found {found}"),
                "write a text in quotes, a number, a name, [...] or {...}",
            ));
        };
        let end = self.offset();
        self.skip();
        if self.peek() == Some(b'(') || self.looking_at("::") {
            return self.call(name.to_owned(), at, start);
        }
        let kind = match name {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            _ => Kind::Variable(self.shared(name)),
        };
        Ok(Expr { kind, at, start, end })
    }

    fn call(&mut self, mut name: String, at: crate::At, start: u32) -> Parsed<Expr> {
        while self.looking_at("::") {
            self.pos += 2;
            self.skip();
            let Some(part) = self.name() else {
                return Err(self.error("expected a name after `::`", "write the name of a function of a provider"));
            };
            name.push_str("::");
            name.push_str(part);
            self.skip();
        }
        if !self.take(b'(') {
            return Err(self.error("expected `(` after the name of a function", "add the arguments in parentheses"));
        }
        let (arguments, expand) = self.within(false, Self::arguments)?;
        let name = self.shared(&name);
        Ok(self.made(Kind::Call(name, arguments, expand), at, start))
    }

    fn arguments(&mut self) -> Parsed<(Vec<Expr>, bool)> {
        let mut arguments = Vec::new();
        loop {
            self.skip();
            if self.take(b')') {
                return Ok((arguments, false));
            }
            arguments.push(self.expr()?);
            self.skip();
            if self.looking_at("...") {
                self.pos += 3;
                self.expect(b')', "after an expanded last argument")?;
                return Ok((arguments, true));
            }
            if !self.take(b',') {
                self.expect(b')', "or `,` after an argument")?;
                return Ok((arguments, false));
            }
        }
    }

    pub(super) fn number(&mut self) -> Parsed<Expr> {
        let (at, start) = (self.at(), self.offset());
        let from = self.pos;
        self.digits();
        if self.peek() == Some(b'.') && self.peek_nth(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.pos += 1;
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek_nth(1), Some(b'+' | b'-')));
            if self.peek_nth(1 + sign).is_some_and(|byte| byte.is_ascii_digit()) {
                self.pos += 1 + sign;
                self.digits();
            }
        }
        let kind = decimal(&self.text[from..self.pos]).map_or(Kind::HugeNumber, Kind::Number);
        Ok(self.made(kind, at, start))
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.pos += 1;
        }
    }

    /// Whether `for` stands here as a word of its own.
    fn at_for(&self) -> bool {
        self.looking_at("for") && self.name_len() == 3
    }

    fn list(&mut self) -> Parsed<Kind> {
        self.skip();
        if self.at_for() {
            return self.for_expr(b']');
        }
        let mut items = Vec::new();
        loop {
            self.skip();
            if self.take(b']') {
                return Ok(Kind::Tuple(items));
            }
            items.push(self.expr()?);
            self.skip();
            if !self.take(b',') {
                self.expect(b']', "or `,` after an element")?;
                return Ok(Kind::Tuple(items));
            }
        }
    }

    fn object(&mut self) -> Parsed<Kind> {
        self.skip_lines();
        if self.at_for() {
            return self.within(false, |cursor| cursor.for_expr(b'}'));
        }
        let mut items = Vec::new();
        loop {
            self.skip_lines();
            if self.take(b'}') {
                return Ok(Kind::Object(items));
            }
            let key = self.object_key()?;
            self.skip();
            if !self.take(b'=') && !self.take(b':') {
                let found = self.found();
                return Err(self.error(&format!("expected `=` after the key, found {found}"), "write `key = value`"));
            }
            items.push((key, self.expr()?));
            self.skip();
            if self.take(b'}') {
                return Ok(Kind::Object(items));
            }
            if !self.take(b',') && !self.at_line_end() {
                let found = self.found();
                return Err(self.error(
                    &format!("expected a new line or `,` after an element, found {found}"),
                    "separate elements by `,` or a new line",
                ));
            }
            if self.at_end() {
                return Err(self.error("an object is not closed", "add the missing `}`"));
            }
        }
    }

    fn object_key(&mut self) -> Parsed<Key> {
        let key = self.expr()?;
        Ok(match key.kind {
            Kind::Variable(name) => Key::Name(name, key.at),
            // As a key the word is a name like any other.
            Kind::Null => Key::Name(std::sync::Arc::from("null"), key.at),
            _ => Key::Expr(key),
        })
    }

    fn for_expr(&mut self, end: u8) -> Parsed<Kind> {
        self.pos += 3;
        let (key, value, over) = self.for_intro()?;
        self.expect(b':', "after the collection of a `for`")?;
        let first = self.expr()?;
        self.skip();
        let (result_key, result) = if self.looking_at("=>") {
            if end == b']' {
                return Err(self.error("a `for` in brackets has no key", "use braces to make an object"));
            }
            self.pos += 2;
            (Some(first), self.expr()?)
        } else if end == b'}' {
            return Err(
                self.error("a `for` in braces needs `key => value`", "add the key, or use brackets to make a list")
            );
        } else {
            (None, first)
        };
        self.skip();
        let group = self.looking_at("...");
        if group {
            if end == b']' {
                return Err(self.error("only a `for` in braces can group by `...`", "remove the `...`"));
            }
            self.pos += 3;
            self.skip();
        }
        let condition = if self.looking_at("if") && self.name_len() == 2 {
            self.pos += 2;
            Some(self.expr()?)
        } else {
            None
        };
        self.expect(end, "at the end of a `for`")?;
        Ok(Kind::For(Box::new(For { key, value, over, result_key, result, group, condition })))
    }

    /// After the word `for`: names, `in` and the collection.
    pub(super) fn for_intro(&mut self) -> Parsed<(Option<std::sync::Arc<str>>, std::sync::Arc<str>, Expr)> {
        self.skip();
        let mut value = self.loop_name()?;
        let mut key = None;
        self.skip();
        if self.take(b',') {
            self.skip();
            key = Some(std::mem::replace(&mut value, self.loop_name()?));
            self.skip();
        }
        if !(self.looking_at("in") && self.name_len() == 2) {
            return Err(self.error("expected `in` after the names of a `for`", "write `for value in collection`"));
        }
        self.pos += 2;
        Ok((key, value, self.expr()?))
    }

    fn loop_name(&mut self) -> Parsed<std::sync::Arc<str>> {
        match self.name() {
            Some(name) => Ok(self.shared(name)),
            None => Err(self.error("expected a name after `for`", "write `for value in collection`")),
        }
    }
}
