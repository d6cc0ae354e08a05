//! From the inside of `{{ }}` to tokens.

use super::TemplateError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name: a function, `if`, `end`, `true`.
    Name(String),
    /// `.a`, directly behind what it is a field of, or alone.
    Field(String),
    /// `.` alone.
    Dot,
    /// `$a`; `$` has an empty name.
    Variable(String),
    Text(String),
    Integer(i64),
    Number(f64),
    /// `(`, `)`, `|`, `,`, `=`, `:=`
    Sign(&'static str),
}

/// A token, where it begins, and whether a blank stands before it.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
    pub(super) after_blank: bool,
}

/// A piece of a template.
pub(super) enum Piece {
    Text(String),
    Action(Vec<Placed>, usize),
}

/// Splits a template into text and actions.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let (mut at, mut trim) = (0, false);
    loop {
        let open = template[at..].find("{{").map(|found| at + found);
        let mut text = &template[at..open.unwrap_or(template.len())];
        if trim {
            text = text.trim_start();
        }
        let Some(open) = open else {
            pieces.push(Piece::Text(text.to_owned()));
            return Ok(pieces);
        };
        let mut start = open + 2;
        let trims_before =
            template[start..].starts_with('-') && template[start + 1..].starts_with([' ', '\t', '\n', '\r']);
        if trims_before {
            text = text.trim_end();
            start += 1;
        }
        pieces.push(Piece::Text(text.to_owned()));
        let inner = template[start..].trim_start();
        if inner.starts_with("/*") {
            let close =
                template[start..].find("*/").ok_or_else(|| TemplateError::new(open, "unclosed comment"))? + start + 2;
            let rest = template[close..].trim_start();
            trim = rest.starts_with("-}}");
            let end = template[close..].find("}}").ok_or_else(|| TemplateError::new(open, "unclosed action"))?;
            at = close + end + 2;
            continue;
        }
        let (tokens, end, trims_after) = action(template, start)?;
        pieces.push(Piece::Action(tokens, open));
        (at, trim) = (end, trims_after);
    }
}

/// The tokens of an action, where it ends, and whether blanks behind it go.
fn action(template: &str, start: usize) -> Result<(Vec<Placed>, usize, bool), TemplateError> {
    let mut tokens = Vec::new();
    let mut at = start;
    loop {
        let rest = &template[at..];
        let blanks = rest.len() - rest.trim_start().len();
        at += blanks;
        let rest = &template[at..];
        if rest.starts_with("}}") {
            return Ok((tokens, at + 2, false));
        }
        if blanks > 0 && rest.starts_with("-}}") {
            return Ok((tokens, at + 3, true));
        }
        let (token, length) = token(rest).map_err(|message| TemplateError::new(at, message))?;
        tokens.push(Placed { token, at, after_blank: blanks > 0 });
        at += length;
    }
}

fn token(rest: &str) -> Result<(Token, usize), String> {
    let word = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let Some(first) = rest.chars().next() else { return Err("unclosed action".to_owned()) };
    match first {
        '"' | '`' | '\'' => string(rest, first),
        '$' => {
            let length = word(&rest[1..]);
            Ok((Token::Variable(rest[1..=length].to_owned()), length + 1))
        }
        '.' if !rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            let length = word(&rest[1..]);
            let token = if length == 0 { Token::Dot } else { Token::Field(rest[1..=length].to_owned()) };
            Ok((token, length + 1))
        }
        '0'..='9' | '.' | '+' | '-' => number(rest),
        _ if first.is_alphabetic() || first == '_' => {
            let length = word(rest);
            Ok((Token::Name(rest[..length].to_owned()), length))
        }
        _ => match ["(", ")", "|", ",", ":=", "="].iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => Ok((Token::Sign(sign), sign.len())),
            None => Err(format!("unexpected {first:?} in command")),
        },
    }
}

fn number(rest: &str) -> Result<(Token, usize), String> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
    let text = &rest[..length];
    if let Ok(integer) = text.parse::<i64>() {
        return Ok((Token::Integer(integer), length));
    }
    let read = text.parse::<f64>().ok().or_else(|| crate::parse::number(text));
    read.map(|number| (Token::Number(number), length)).ok_or_else(|| format!("bad number syntax: {text:?}"))
}

fn string(rest: &str, quote: char) -> Result<(Token, usize), String> {
    let mut text = String::new();
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            text.push(match c {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            });
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            // A character in single quotes is a number in Go.
            let token = match (quote, text.chars().next()) {
                ('\'', Some(only)) => Token::Integer(i64::from(u32::from(only))),
                _ => Token::Text(text),
            };
            return Ok((token, at + quote.len_utf8()));
        } else {
            text.push(c);
        }
    }
    Err("unterminated quoted string".to_owned())
}
