//! The expression language of templates: `[concat('a', parameters('b')[0].c)]`.

use super::expr::{Expr, Kind};
use crate::json::number_value;
use crate::{At, Value};
use std::sync::Arc;

/// How deep calls and indexes nest, at most.
const DEPTH_MAX: u32 = 64;

/// How many members and indexes follow each other, at most.
const CHAIN_MAX: u32 = 256;

/// What is wrong with an expression: after how many characters, and what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub offset: u32,
    pub summary: String,
}

/// Reads a text of a template. One that begins with `[` and ends with `]` is an expression; `[[` stands for a text that
/// begins with `[`.
pub(crate) fn text(text: &Arc<str>, at: At) -> Result<Expr, Fault> {
    if text.starts_with("[[") {
        return Ok(Expr::text(at, &text[1..]));
    }
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return Ok(Expr::text(at, text.clone()));
    };
    let mut parser = Parser { text: inner, pos: 0, depth: 0, at };
    let expr = parser.expression()?;
    parser.space();
    if parser.pos < inner.len() {
        return Err(parser.fault("there is something after the end of the expression"));
    }
    Ok(Expr::new(at, Kind::Bracketed(text.clone(), Box::new(expr))))
}

struct Parser<'t> {
    text: &'t str,
    pos: usize,
    depth: u32,
    at: At,
}

impl<'t> Parser<'t> {
    fn fault(&self, summary: &str) -> Fault {
        // One for the bracket that was stripped.
        let offset = 1 + self.text.get(..self.pos).map_or(0, |before| before.chars().count());
        Fault { offset: u32::try_from(offset).unwrap_or(u32::MAX), summary: summary.to_owned() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.pos += 1;
        }
    }

    fn symbol(&mut self, symbol: u8) -> bool {
        self.space();
        let hit = self.peek() == Some(symbol);
        self.pos += usize::from(hit);
        hit
    }

    fn expression(&mut self) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.fault(&format!("the expression nests deeper than {DEPTH_MAX} levels")));
        }
        let mut expr = self.primary()?;
        for step in 0.. {
            if step > CHAIN_MAX {
                return Err(self.fault(&format!("more than {CHAIN_MAX} steps follow each other")));
            }
            self.space();
            let safe = self.text[self.pos..].starts_with(".?");
            if safe || self.peek() == Some(b'.') {
                self.pos += 1 + usize::from(safe);
                if safe && self.symbol(b'[') {
                    expr = self.index(expr, true)?;
                    continue;
                }
                let Some(name) = self.word() else { return Err(self.fault("a name should follow the point")) };
                expr = self.of(Kind::Member { of: Box::new(expr), name: name.into(), safe });
            } else if self.symbol(b'[') {
                expr = self.index(expr, false)?;
            } else {
                break;
            }
        }
        self.depth -= 1;
        Ok(expr)
    }

    fn index(&mut self, of: Expr, safe: bool) -> Result<Expr, Fault> {
        let safe = safe || self.symbol(b'?');
        let index = self.expression()?;
        if !self.symbol(b']') {
            return Err(self.fault("a `]` should close the index"));
        }
        Ok(self.of(Kind::Index { of: Box::new(of), index: Box::new(index), safe }))
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        self.space();
        match self.peek() {
            Some(b'\'') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => {
                let Some(first) = self.word() else {
                    return Err(self.fault("a function, a text in single quotes or a number should be here"));
                };
                let mut name = first.to_ascii_lowercase();
                // A user's function: `namespace.name(`.
                let before = self.pos;
                if self.peek() == Some(b'.') {
                    self.pos += 1;
                    match self.word().map(str::to_ascii_lowercase) {
                        Some(second) if self.peek() == Some(b'(') => name = format!("{name}.{second}"),
                        _ => self.pos = before,
                    }
                }
                if self.symbol(b'(') {
                    let arguments = self.arguments()?;
                    return Ok(self.of(Kind::Call(name.into(), arguments)));
                }
                Ok(self.of(match name.as_str() {
                    "true" => Kind::Literal(Value::Bool(true)),
                    "false" => Kind::Literal(Value::Bool(false)),
                    "null" => Kind::Literal(Value::Null),
                    _ => Kind::Name(first.into()),
                }))
            }
            None => Err(self.fault("the expression ends where a value should be")),
        }
    }

    fn of(&self, kind: Kind) -> Expr {
        Expr::new(self.at, kind)
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, Fault> {
        let mut arguments = Vec::new();
        if self.symbol(b')') {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.symbol(b')') {
                return Ok(arguments);
            }
            if !self.symbol(b',') {
                return Err(self.fault("a `,` or `)` should be here"));
            }
        }
    }

    fn word(&mut self) -> Option<&'t str> {
        self.space();
        let start = self.pos;
        while matches!(self.peek(), Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$') {
            self.pos += 1;
        }
        (start < self.pos).then(|| &self.text[start..self.pos])
    }

    fn number(&mut self) -> Result<Expr, Fault> {
        let start = self.pos;
        self.pos += 1;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'e' | b'E')) {
            self.pos += 1;
        }
        let text = &self.text[start..self.pos];
        if crate::json::decimal(text).is_none() {
            return Err(self.fault("this is no number"));
        }
        Ok(self.of(Kind::Literal(number_value(text))))
    }

    fn string(&mut self) -> Result<Expr, Fault> {
        self.pos += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.pos..];
            let Some(end) = rest.find('\'') else { return Err(self.fault("a text is not closed by a single quote")) };
            out.push_str(&rest[..end]);
            self.pos += end + 1;
            if self.peek() != Some(b'\'') {
                return Ok(Expr::text(self.at, out));
            }
            out.push('\'');
            self.pos += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(source: &str) -> String {
        match text(&Arc::from(source), At::default()) {
            Ok(expr) => expr.to_string(),
            Err(fault) => format!("{}: {}", fault.offset, fault.summary),
        }
    }

    #[test]
    fn reads_calls_members_and_indexes() {
        assert_eq!(printed("[Concat('a', parameters('b')[0].c)]"), "concat('a', parameters('b')[0].c)");
        assert_eq!(printed("[contoso.unique(1, -2)]"), "contoso.unique(1, -2)");
        assert_eq!(printed("[variables('x').?y]"), "variables('x').y");
        assert_eq!(printed("[if(true(), null(), 'it''s')]"), "if(true(), null(), 'it's')");
    }

    #[test]
    fn leaves_text_alone() {
        assert_eq!(printed("plain"), "'plain'");
        assert_eq!(printed("[[not an expression]"), "'[not an expression]'");
        assert_eq!(printed("[half"), "'[half'");
    }

    #[test]
    fn says_where_an_expression_is_wrong() {
        assert_eq!(printed("[concat('a' 'b')]"), "12: a `,` or `)` should be here");
        assert_eq!(printed("[]"), "1: the expression ends where a value should be");
        assert_eq!(printed("[concat('a)]"), "9: a text is not closed by a single quote");
        let deep = format!("[{}1{}]", "add(".repeat(100), ")".repeat(100));
        assert!(printed(&deep).ends_with("nests deeper than 64 levels"));
    }
}
