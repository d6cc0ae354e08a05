//! Quoted texts, heredocs, interpolation, directives and trimming.

use super::cursor::{Cursor, Parsed};
use super::{Expr, Kind, Part};
use crate::At;
use std::sync::Arc;

/// What ends a template.
#[derive(Clone, Copy, PartialEq)]
enum End<'m> {
    Quote,
    /// A line that holds nothing else than the marker.
    Marker(&'m str),
    Text,
}

/// A template before `if` and `for` are put together.
enum Token {
    Text(String),
    Value(Expr),
    If(Expr, At),
    Else(At),
    EndIf(At),
    For(Option<Arc<str>>, Arc<str>, Expr, At),
    EndFor(At),
}

/// Tokens so far, and whether the next text loses its leading blanks.
#[derive(Default)]
struct Tokens {
    list: Vec<Token>,
    text: String,
    trim_next: bool,
}

impl Tokens {
    /// Ends the text that is being collected: in a heredoc each line is a token of its own, as trimming asks.
    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            let text = if std::mem::take(&mut self.trim_next) { text.trim_start().to_owned() } else { text };
            self.list.push(Token::Text(text));
        }
    }

    fn trim_before(&mut self) {
        if let Some(Token::Text(text)) = self.list.last_mut() {
            text.truncate(text.trim_end().len());
        }
    }
}

impl Cursor<'_> {
    pub(super) fn quoted(&mut self) -> Parsed<Expr> {
        let (at, start) = (self.at(), self.offset());
        self.pos += 1;
        // Most texts hold nothing to evaluate or unescape.
        let rest = &self.bytes[self.pos..];
        let plain =
            rest.iter().take_while(|b| !matches!(b, b'"' | b'\\' | b'\n' | b'$' | b'%') && b.is_ascii()).count();
        if rest.get(plain) == Some(&b'"') {
            let text = Arc::from(&self.text[self.pos..self.pos + plain]);
            self.pos += plain + 1;
            return Ok(self.made(Kind::String(text), at, start));
        }
        let tokens = self.tokens(End::Quote)?;
        let kind = self.assemble(tokens, true)?;
        Ok(self.made(kind, at, start))
    }

    pub(super) fn bare_template(&mut self) -> Parsed<Expr> {
        let at = self.at();
        let tokens = self.tokens(End::Text)?;
        let kind = self.assemble(tokens, true)?;
        Ok(self.made(kind, at, 0))
    }

    pub(super) fn heredoc(&mut self) -> Parsed<Expr> {
        let (at, start) = (self.at(), self.offset());
        self.pos += 2;
        let flush = self.take(b'-');
        let marker = match self.name() {
            Some(name) if self.at_line_end() && !self.at_end() => name,
            _ => {
                return Err(self.error(
                    "a heredoc begins with `<<` and a name that ends the line",
                    "write such as <<EOT and begin a new line",
                ));
            }
        };
        while !self.take(b'\n') {
            self.pos += 1;
        }
        let mut tokens = self.tokens(End::Marker(marker))?;
        if flush {
            unindent(&mut tokens);
        }
        let kind = self.assemble(tokens, false)?;
        Ok(self.made(kind, at, start))
    }

    fn tokens(&mut self, end: End<'_>) -> Parsed<Vec<Token>> {
        let mut tokens = Tokens::default();
        let mut line_start = true;
        loop {
            if let End::Marker(marker) = end
                && line_start
                && self.take_marker(marker)
            {
                tokens.flush();
                return Ok(tokens.list);
            }
            line_start = false;
            match self.peek() {
                None if end == End::Text => {
                    tokens.flush();
                    return Ok(tokens.list);
                }
                None => {
                    return Err(self.error(
                        "a text is not closed",
                        "close it with a double quote, or a heredoc with its name on a line of its own",
                    ));
                }
                Some(b'"') if end == End::Quote => {
                    self.pos += 1;
                    tokens.flush();
                    return Ok(tokens.list);
                }
                Some(b'\n') => {
                    if end == End::Quote {
                        return Err(
                            self.error("a quoted text must end on its line", "close the quote, or use a heredoc")
                        );
                    }
                    tokens.text.push('\n');
                    self.bump();
                    tokens.flush();
                    line_start = true;
                }
                Some(b'\\') if end == End::Quote => self.escape(&mut tokens.text)?,
                Some(sigil @ (b'$' | b'%')) if self.peek_nth(1) == Some(sigil) && self.peek_nth(2) == Some(b'{') => {
                    tokens.text.push(sigil as char);
                    tokens.text.push('{');
                    self.pos += 3;
                }
                Some(sigil @ (b'$' | b'%')) if self.peek_nth(1) == Some(b'{') => {
                    self.sequence(sigil == b'%', &mut tokens)?
                }
                Some(_) => self.literal(&mut tokens.text, end),
            }
        }
    }

    /// Text up to the next byte that may mean something.
    fn literal(&mut self, text: &mut String, end: End<'_>) {
        let start = self.pos;
        self.bump();
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' | b'$' | b'%' => break,
                b'"' | b'\\' if end == End::Quote => break,
                _ => self.bump(),
            }
        }
        text.push_str(&self.text[start..self.pos]);
    }

    /// Takes a line that holds only the marker, up to its line break.
    fn take_marker(&mut self, marker: &str) -> bool {
        let rest = &self.text[self.pos..];
        let Some(len) = rest.find('\n') else { return false };
        let line = &rest[..len];
        if line.trim() != marker {
            return false;
        }
        let len = line.strip_suffix('\r').unwrap_or(line).len();
        for _ in 0..len {
            self.bump();
        }
        true
    }

    fn escape(&mut self, text: &mut String) -> Parsed<()> {
        let at = self.at();
        self.pos += 1;
        let byte = self.peek();
        let character = match byte {
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(kind @ (b'u' | b'U')) => {
                let len = if kind == b'u' { 4 } else { 8 };
                let hex = self
                    .text
                    .get(self.pos + 1..self.pos + 1 + len)
                    .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(code) = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) else {
                    return Err(self.error_at(
                        at,
                        &format!("\\{} must be followed by {len} hexadecimal digits", kind as char),
                        "write the code in full",
                    ));
                };
                self.pos += 1 + len;
                text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                return Ok(());
            }
            _ => {
                return Err(self.error_at(
                    at,
                    "unknown escape",
                    "after a backslash write one of n r t \" \\ uNNNN UNNNNNNNN",
                ));
            }
        };
        self.pos += 1;
        text.push(character);
        Ok(())
    }

    /// `${...}` or `%{...}`.
    fn sequence(&mut self, directive: bool, tokens: &mut Tokens) -> Parsed<()> {
        let at = self.at();
        tokens.flush();
        tokens.trim_next = false;
        self.pos += 2;
        if self.take(b'~') {
            tokens.trim_before();
        }
        let token = self.within(false, |cursor| {
            let token = if directive { cursor.directive(at)? } else { Token::Value(cursor.expr()?) };
            cursor.skip();
            Ok(token)
        })?;
        tokens.list.push(token);
        tokens.trim_next = self.take(b'~');
        if self.take(b'}') {
            return Ok(());
        }
        let found = self.found();
        Err(self.error(&format!("expected `}}` at the end of an interpolation, found {found}"), "close it with `}`"))
    }

    fn directive(&mut self, at: At) -> Parsed<Token> {
        self.skip();
        match self.name() {
            Some("if") => Ok(Token::If(self.expr()?, at)),
            Some("else") => Ok(Token::Else(at)),
            Some("endif") => Ok(Token::EndIf(at)),
            Some("for") => {
                let (key, value, over) = self.for_intro()?;
                Ok(Token::For(key, value, over, at))
            }
            Some("endfor") => Ok(Token::EndFor(at)),
            _ => Err(self.error(
                "unknown directive",
                "after %{ write one of if, else, endif, for, endfor; write %%{ for the text itself",
            )),
        }
    }

    fn assemble(&mut self, tokens: Vec<Token>, may_wrap: bool) -> Parsed<Kind> {
        let mut tokens = tokens.into_iter();
        let (mut parts, _) = self.parts(&mut tokens, Until::End)?;
        if may_wrap && let [Part::Value(value)] = parts.as_mut_slice() {
            let nothing = Expr { kind: Kind::Null, at: value.at, start: value.start, end: value.end };
            return Ok(Kind::Wrap(Box::new(std::mem::replace(value, nothing))));
        }
        if parts.iter().all(|part| matches!(part, Part::Text(_))) {
            let text: String = parts.iter().map(|part| if let Part::Text(text) = part { text } else { "" }).collect();
            return Ok(Kind::String(Arc::from(text)));
        }
        Ok(Kind::Template(parts))
    }

    fn parts(&mut self, tokens: &mut std::vec::IntoIter<Token>, until: Until) -> Parsed<(Vec<Part>, bool)> {
        let mut parts = Vec::new();
        loop {
            let part = match (tokens.next(), until) {
                (None, Until::End) => return Ok((parts, false)),
                (None, Until::EndIf(at) | Until::ElseOrEndIf(at)) => {
                    return Err(self.error_at(at, "an `if` directive is not closed", "add %{ endif }"));
                }
                (None, Until::EndFor(at)) => {
                    return Err(self.error_at(at, "a `for` directive is not closed", "add %{ endfor }"));
                }
                (Some(Token::Else(_)), Until::ElseOrEndIf(_)) => return Ok((parts, true)),
                (Some(Token::EndIf(_)), Until::EndIf(_) | Until::ElseOrEndIf(_))
                | (Some(Token::EndFor(_)), Until::EndFor(_)) => {
                    return Ok((parts, false));
                }
                (Some(Token::Else(at) | Token::EndIf(at) | Token::EndFor(at)), _) => {
                    return Err(self.error_at(
                        at,
                        "a directive closes what was not opened",
                        "remove it, or add the opening directive",
                    ));
                }
                (Some(Token::Text(text)), _) => Part::Text(Arc::from(text)),
                (Some(Token::Value(value)), _) => Part::Value(value),
                (Some(Token::If(condition, at)), _) => {
                    self.enter()?;
                    let (yes, has_else) = self.parts(tokens, Until::ElseOrEndIf(at))?;
                    let no = if has_else { self.parts(tokens, Until::EndIf(at))?.0 } else { Vec::new() };
                    self.depth -= 1;
                    Part::If(Box::new(condition), yes, no)
                }
                (Some(Token::For(key, value, over, at)), _) => {
                    self.enter()?;
                    let body = self.parts(tokens, Until::EndFor(at))?.0;
                    self.depth -= 1;
                    Part::For { key, value, over: Box::new(over), body }
                }
            };
            parts.push(part);
        }
    }
}

#[derive(Clone, Copy)]
enum Until {
    End,
    ElseOrEndIf(At),
    EndIf(At),
    EndFor(At),
}

/// `<<-`: takes away the blanks that all lines have in front. A line of blanks only does not count and keeps its own.
fn unindent(tokens: &mut [Token]) {
    let mut blanks_min = usize::MAX;
    let mut line_start = true;
    let mut lines = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if std::mem::take(&mut line_start) {
            match token {
                Token::Text(text) if text.trim().is_empty() && text.ends_with('\n') => {}
                Token::Text(text) => {
                    blanks_min = blanks_min.min(text.chars().take_while(|c| c.is_whitespace()).count());
                    lines.push(index);
                }
                _ => blanks_min = 0,
            }
        }
        line_start = matches!(token, Token::Text(text) if text.ends_with('\n'));
    }
    for index in lines {
        if let Token::Text(text) = &mut tokens[index] {
            *text = text.chars().skip(blanks_min).collect();
        }
    }
}
