//! From text to tokens.

use crate::error::{Error, Result, Span};

/// How long a query's text may be.
pub const TEXT_BYTES_MAX: usize = 256 << 10;

/// What a text is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A word; keywords are told apart by the parser, because most of them are also names of labels.
    Word(String),
    Number(f64),
    /// Milliseconds.
    Duration(i64),
    Text(String),
    /// A sign, by its spelling.
    Sign(&'static str),
    End,
}

/// Longer signs first, so that `=~` is not read as `=`.
const SIGNS: [&str; 26] = [
    "</", ">/", "==", "=~", "!=", "!~", "<=", ">=", "(", ")", "{", "}", "[", "]", ",", ":", "=", "<", ">", "+", "-",
    "*", "/", "%", "^", "@",
];

/// Reads all tokens; the last one is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, Span)>> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the query has {} bytes, more than the {TEXT_BYTES_MAX} that are read", text.len());
        return Err(Error::bound(Span::default(), message));
    }
    let mut lexer = Lexer { text, at: 0, in_brackets: false };
    let mut all = Vec::new();
    loop {
        let (token, span) = lexer.next()?;
        let done = token == Token::End;
        all.push((token, span));
        if done {
            return Ok(all);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// In brackets a colon is a sign; elsewhere it may be part of a metric's name.
    in_brackets: bool,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<(Token, Span)> {
        self.skip_blanks();
        let start = self.at;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else {
            return Ok((Token::End, Span { start, end: start }));
        };
        let token = match first {
            '0'..='9' => self.number()?,
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number()?,
            '"' | '\'' | '`' => self.string(first)?,
            'a'..='z' | 'A'..='Z' | '_' => self.word(),
            ':' if !self.in_brackets => self.word(),
            _ => self.sign(first)?,
        };
        Ok((token, Span { start, end: self.at }))
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            if !self.text[self.at..].starts_with('#') {
                return;
            }
            let rest = &self.text[self.at..];
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn sign(&mut self, first: char) -> Result<Token> {
        let rest = &self.text[self.at..];
        let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) else {
            let span = Span { start: self.at, end: self.at + first.len_utf8() };
            return Err(Error::syntax(span, format!("unexpected character: {first:?}")));
        };
        self.at += sign.len();
        match *sign {
            "[" => self.in_brackets = true,
            "]" => self.in_brackets = false,
            _ => {}
        }
        Ok(Token::Sign(sign))
    }

    fn word(&mut self) -> Token {
        let colon = !self.in_brackets;
        let rest = &self.text[self.at..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || (c == ':' && colon);
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += length;
        Token::Word(rest[..length].to_owned())
    }

    /// A number as Go reads it (hexadecimal, octal with a leading zero), or a duration.
    fn number(&mut self) -> Result<Token> {
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        let mut length = 0;
        let is_hex = rest.starts_with("0x") || rest.starts_with("0X");
        if is_hex {
            length = 2 + bytes[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        } else {
            let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
            length += digits(0);
            if bytes.get(length) == Some(&b'.') {
                length += 1 + digits(length + 1);
            }
            if matches!(bytes.get(length), Some(b'e' | b'E')) {
                let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
                length += 1 + sign + digits(length + 1 + sign);
            }
        }
        let tail = rest[length..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let whole = &rest[..length + tail];
        let span = Span { start: self.at, end: self.at + whole.len() };
        self.at = span.end;
        let read = if tail > 0 {
            crate::duration::parse(whole).map(Token::Duration)
        } else {
            number(whole).map(Token::Number)
        };
        read.ok_or_else(|| Error::syntax(span, format!("bad number or duration syntax: {whole:?}")))
    }

    fn string(&mut self, quote: char) -> Result<Token> {
        let start = self.at;
        let unterminated = |end| Error::syntax(Span { start, end }, "unterminated quoted string");
        let mut bytes = Vec::new();
        let mut rest = self.text[start + 1..].char_indices();
        while let Some((index, c)) = rest.next() {
            let at = start + 1 + index;
            match c {
                _ if c == quote => {
                    self.at = at + 1;
                    // A text that is no UTF-8 after its escapes are read has no label that could equal it.
                    return String::from_utf8(bytes)
                        .map(Token::Text)
                        .map_err(|_| Error::syntax(Span { start, end: at + 1 }, "the text is not valid UTF-8"));
                }
                '\n' if quote != '`' => return Err(unterminated(at)),
                '\\' if quote != '`' => {
                    let (length, read) = escape(&self.text[at + 1..], quote)
                        .ok_or_else(|| Error::syntax(Span { start: at, end: at + 1 }, "unknown escape sequence"))?;
                    bytes.extend_from_slice(&read);
                    for _ in 0..self.text[at + 1..at + 1 + length].chars().count() {
                        rest.next();
                    }
                }
                _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err(unterminated(self.text.len()))
    }
}

/// What follows a backslash, as in Go: how long it is, and its bytes.
fn escape(rest: &str, quote: char) -> Option<(usize, Vec<u8>)> {
    let first = rest.chars().next()?;
    let simple = match first {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        _ if first == quote => u8::try_from(quote).ok()?,
        'x' => return Some((3, vec![u8::from_str_radix(rest.get(1..3)?, 16).ok()?])),
        '0'..='7' => return Some((3, vec![u8::from_str_radix(rest.get(0..3)?, 8).ok()?])),
        'u' | 'U' => {
            let length = if first == 'u' { 5 } else { 9 };
            let code = char::from_u32(u32::from_str_radix(rest.get(1..length)?, 16).ok()?)?;
            return Some((length, code.to_string().into_bytes()));
        }
        _ => return None,
    };
    Some((1, vec![simple]))
}

/// A number without sign.
pub(crate) fn number(text: &str) -> Option<f64> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok().map(whole);
    }
    let is_octal = text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    if is_octal {
        return i64::from_str_radix(text, 8).ok().map(whole);
    }
    if text.ends_with(['e', 'E', '+', '-']) {
        return None;
    }
    text.parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "Go converts a whole number in the same way")]
fn whole(number: i64) -> f64 {
    number as f64
}
