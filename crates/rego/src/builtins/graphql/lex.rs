//! The tokens of GraphQL (October 2021, section 2.1).

/// How many tokens a document may have.
const TOKENS_MAX: usize = 200_000;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of `! $ & ( ) : = @ [ ] { } |`.
    Sign(char),
    /// `...`
    Spread,
    Name,
    Int,
    Float,
    String,
    Block,
    End,
}

/// A token, with its value where it is a text, and the place where it begins.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    pub text: String,
    pub start: usize,
}

/// Line and column of a place in a text, as the end of a message.
pub(super) fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("at {line}:{column}")
}

/// Takes a text apart; the last token is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if matches!(c, ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}') {
            at += c.len_utf8();
            continue;
        }
        if c == '#' {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            continue;
        }
        if out.len() >= TOKENS_MAX {
            return Err(format!("the document has more than {TOKENS_MAX} tokens"));
        }
        let wrong = |why: String| format!("{why} {}", place(text, at));
        let (kind, value, length) = match c {
            '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '}' | '|' => {
                (Kind::Sign(c), String::new(), 1)
            }
            '.' if rest.starts_with("...") => (Kind::Spread, String::new(), 3),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                (Kind::Name, rest[..length].to_owned(), length)
            }
            c if c.is_ascii_digit() || c == '-' => {
                let (length, float) = number(rest).map_err(|why| wrong(why.to_owned()))?;
                (if float { Kind::Float } else { Kind::Int }, rest[..length].to_owned(), length)
            }
            '"' if rest.starts_with("\"\"\"") => {
                let (value, length) = block(rest).map_err(|why| wrong(why.to_owned()))?;
                (Kind::Block, value, length)
            }
            '"' => {
                let (value, length) = string(rest).map_err(|why| wrong(why.to_owned()))?;
                (Kind::String, value, length)
            }
            other => return Err(wrong(format!("{other:?} has no meaning"))),
        };
        out.push(Token { kind, text: value, start: at });
        at += length;
    }
    out.push(Token { kind: Kind::End, text: String::new(), start: text.len() });
    Ok(out)
}

/// The length of a number, and whether it has a fraction or an exponent.
fn number(text: &str) -> Result<(usize, bool), &'static str> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let start = usize::from(bytes[0] == b'-');
    let whole = digits(start);
    if whole == 0 || (whole > 1 && bytes[start] == b'0') {
        return Err("a number must have digits, and no 0 before others");
    }
    let (mut at, mut float) = (start + whole, false);
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return Err("a digit must follow the point of a number");
        }
        (at, float) = (at + 1 + fraction, true);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return Err("a digit must follow the exponent sign of a number");
        }
        (at, float) = (at + 1 + sign + exponent, true);
    }
    Ok((at, float))
}

/// The value of a string on one line, and its length with quotes.
fn string(text: &str) -> Result<(String, usize), &'static str> {
    const ESCAPE: &str = "the escape has no meaning";
    let mut value = String::new();
    let mut rest = text[1..].char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '"' => return Ok((value, at + 2)),
            '\n' | '\r' => break,
            '\\' => {
                let (_, escape) = rest.next().ok_or(ESCAPE)?;
                value.push(match escape {
                    '"' | '/' | '\\' => escape,
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => {
                        let digits: String = rest.by_ref().take(4).map(|(_, digit)| digit).collect();
                        let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4).ok_or(ESCAPE)?;
                        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                    }
                    _ => return Err(ESCAPE),
                });
            }
            c if c < ' ' && c != '\t' => return Err("a control character stands in a string"),
            c => value.push(c),
        }
    }
    Err("a string is not closed")
}

/// The value of a string over several lines, and its length with quotes.
fn block(text: &str) -> Result<(String, usize), &'static str> {
    let mut raw = String::new();
    let mut at = 3;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with("\"\"\"") {
            // Of more than three quotes, the last three close.
            let quotes = rest.chars().take_while(|c| *c == '"').count();
            raw.extend(std::iter::repeat_n('"', quotes - 3));
            return Ok((unindented(&raw), at + quotes));
        }
        if rest.starts_with("\\\"\"\"") {
            raw.push_str("\"\"\"");
            at += 4;
        } else if rest.starts_with("\r\n") {
            raw.push('\n');
            at += 2;
        } else if c < ' ' && !matches!(c, '\t' | '\n' | '\r') {
            return Err("a control character stands in a string");
        } else {
            raw.push(if c == '\r' { '\n' } else { c });
            at += c.len_utf8();
        }
    }
    Err("a string is not closed")
}

/// Without the indentation that all lines share, and without blank lines at both ends. The standard leaves the first line
/// out of what is shared; OPA does not, and its answer is what policies compare with.
fn unindented(raw: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let blank = |line: &&str| line.trim_matches([' ', '\t']).is_empty();
    let lines: Vec<&str> = raw.split('\n').collect();
    let common = lines.iter().filter(|line| !blank(line)).map(|line| indent(line)).min().unwrap_or(0);
    let mut cut: Vec<&str> = Vec::with_capacity(lines.len());
    for (number, line) in lines.into_iter().enumerate() {
        cut.push(if number == 0 { line } else { line.get(common..).unwrap_or_default() });
    }
    let first = cut.iter().position(|line| !blank(line)).unwrap_or(cut.len());
    let last = cut.iter().rposition(|line| !blank(line)).map_or(first, |last| last + 1);
    cut[first..last].join("\n")
}
