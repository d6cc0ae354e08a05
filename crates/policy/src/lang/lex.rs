//! Text of a rule to tokens, each with its place in the control's file.

use mainstay_model::Decimal;
use std::sync::Arc;

/// Line and column in the file that holds the rule, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub line: u32,
    pub column: u32,
}

/// What is wrong with a rule, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleError {
    pub spot: Spot,
    pub summary: String,
    pub help: String,
}

impl RuleError {
    pub(crate) fn new(spot: Spot, summary: impl Into<String>, help: impl Into<String>) -> Self {
        Self { spot, summary: summary.into(), help: help.into() }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A name or a word of the language; `quoted` names are never words.
    Name(Arc<str>),
    /// `$type` and its like, without the dollar.
    Meta(Arc<str>),
    Text(Arc<str>),
    Number(Decimal),
    Symbol(&'static str),
    End,
}

/// Longest first, so that `==` is not read as two `=`.
const SYMBOLS: [&str; 20] =
    ["[*]", "==", "!=", "<=", ">=", "??", "<", ">", "(", ")", "[", "]", ",", ":", ".", "=", "-", "+", "{", "}"];

/// Splits a rule whose first character stands at `line`, column 1.
pub(crate) fn tokens(source: &str, line: u32) -> Result<Vec<(Token, Spot)>, RuleError> {
    let mut out = Vec::new();
    for (row, text) in (line..).zip(source.lines()) {
        line_tokens(text, row, &mut out)?;
    }
    let end = out.last().map_or(Spot { line, column: 1 }, |(_, spot)| *spot);
    out.push((Token::End, end));
    Ok(out)
}

fn line_tokens(text: &str, line: u32, out: &mut Vec<(Token, Spot)>) -> Result<(), RuleError> {
    let mut rest = text;
    let mut column = 1;
    while let Some(first) = rest.chars().next() {
        let spot = Spot { line, column };
        let taken = if first.is_whitespace() {
            first.len_utf8()
        } else if first == '#' {
            break;
        } else {
            let (token, taken) = token(rest, first, spot)?;
            out.push((token, spot));
            taken
        };
        let (head, tail) = rest.split_at(taken);
        column += u32::try_from(head.chars().count()).unwrap_or(u32::MAX);
        rest = tail;
    }
    Ok(())
}

fn token(rest: &str, first: char, spot: Spot) -> Result<(Token, usize), RuleError> {
    if first == '"' {
        return quoted(rest, spot);
    }
    if first.is_ascii_digit() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let digits = rest[..end].trim_end_matches('.');
        let number = digits.parse().map_err(|_| {
            RuleError::new(spot, format!("`{digits}` is not a number"), "write digits, with at most one point")
        })?;
        return Ok((Token::Number(number), digits.len()));
    }
    if first == '$' || first == '_' || first.is_alphabetic() {
        let skip = usize::from(first == '$');
        let name = &rest[skip..];
        let end = name.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(name.len());
        let name = Arc::from(&name[..end]);
        return Ok((if skip == 1 { Token::Meta(name) } else { Token::Name(name) }, skip + end));
    }
    match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        Some(symbol) => Ok((Token::Symbol(symbol), symbol.len())),
        None => Err(RuleError::new(
            spot,
            format!("`{first}` has no meaning in a rule"),
            "use words for logic (`and`, `or`, `not`) and double quotes for text",
        )),
    }
}

/// A text in double quotes. `\"`, `\n` and `\t` are escapes; any other backslash stands for itself, so that regular
/// expressions read as they are.
fn quoted(rest: &str, spot: Spot) -> Result<(Token, usize), RuleError> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match (c, chars.peek().map(|(_, next)| *next)) {
            ('"', _) => return Ok((Token::Text(text.into()), at + 1)),
            ('\\', Some(escaped @ ('"' | 'n' | 't'))) => {
                text.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                });
                chars.next();
            }
            _ => text.push(c),
        }
    }
    Err(RuleError::new(spot, "a text that is never closed", "end it with a double quote on the same line"))
}
