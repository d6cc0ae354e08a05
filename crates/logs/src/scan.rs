//! One pass over a line: words, signs and variables.

use crate::hash;

/// How much of a line is looked at; what is behind it counts as one variable.
pub const LINE_BYTES_MAX: usize = 4096;
/// How many tokens of a line are looked at.
pub const TOKENS_MAX: usize = 192;
/// How long a quotation may be that counts as one value.
const QUOTATION_BYTES_MAX: usize = 256;
/// The longest group of tokens whose repetition counts as a list.
const GROUP_MAX: usize = 6;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word, which may turn out to be variable later.
    Word,
    /// A bracket, comma, colon: what holds a line together.
    Sign,
    /// A value, whatever it is.
    Variable,
}

/// A part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Of its text; all variables share one.
    pub hash: u64,
    /// Where it begins in the line, in bytes.
    pub start: u32,
    /// Where it ends in the line, in bytes.
    pub end: u32,
    /// What it is.
    pub kind: Kind,
    /// Whether white space stands before it.
    pub spaced: bool,
}

/// The hash that all variables share.
pub const VARIABLE: u64 = 0x5bd1_e995_7b7d_159b;

impl Token {
    pub(crate) const fn variable(start: usize, end: usize, spaced: bool) -> Self {
        Self { hash: VARIABLE, start: offset(start), end: offset(end), kind: Kind::Variable, spaced }
    }

    /// Its text in the line that it was read from.
    pub fn text(self, line: &str) -> &str {
        line.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    fn is_sign(self, line: &[u8], sign: u8) -> bool {
        self.kind == Kind::Sign && line[self.start as usize] == sign
    }
}

#[expect(clippy::cast_possible_truncation, reason = "lines are cut at LINE_BYTES_MAX")]
const fn offset(at: usize) -> u32 {
    at as u32
}

const SPACE: u8 = 1;
const SIGN: u8 = 2;
const QUOTE: u8 = 4;
const DIGIT: u8 = 8;
const SLASH: u8 = 16;
const BACKSLASH: u8 = 32;
const DOT: u8 = 64;
const LETTER: u8 = 128;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the table has 256 places")]
        let byte = at as u8;
        table[at] = match byte {
            0..=b' ' | 0x7f => SPACE,
            b'"' | b'\'' => QUOTE | SIGN,
            b'=' | b':' | b',' | b';' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b'|' | b'@' | b'#'
            | b'!' | b'?' | b'&' | b'*' => SIGN,
            b'0'..=b'9' => DIGIT,
            b'/' => SLASH,
            b'\\' => BACKSLASH,
            b'.' => DOT,
            b'a'..=b'z' | b'A'..=b'Z' | 0x80..=0xff => LETTER,
            _ => 0,
        };
        at += 1;
    }
    table
}

fn class(byte: u8) -> u8 {
    CLASS[byte as usize]
}

/// Reads a line into `out`, which is emptied first.
pub fn scan(line: &str, out: &mut Vec<Token>) {
    out.clear();
    let line = &line.as_bytes()[..line.floor_char_boundary(LINE_BYTES_MAX)];
    let mut at = 0;
    let mut spaced = false;
    while at < line.len() {
        let kind = class(line[at]);
        if kind & SPACE != 0 {
            spaced = true;
            at += 1;
            continue;
        }
        if out.len() >= TOKENS_MAX {
            push(out, line, Token::variable(at, line.len(), spaced));
            break;
        }
        let (token, next) = if kind & SIGN != 0 { sign(line, at, spaced) } else { word(line, at, spaced, out) };
        at = match token.kind {
            Kind::Variable => group_behind_value(line, next, out),
            Kind::Word | Kind::Sign => next,
        };
        push(out, line, Token { end: offset(at), ..token });
        spaced = false;
    }
    join_lists(out);
}

/// A sign, or a quotation as one value.
fn sign(line: &[u8], at: usize, spaced: bool) -> (Token, usize) {
    if class(line[at]) & QUOTE != 0
        && let Some(end) = quotation(line, at)
    {
        return (Token::variable(at, end, spaced), end);
    }
    let hash = hash::fold(u64::from(line[at]));
    (Token { hash, start: offset(at), end: offset(at + 1), kind: Kind::Sign, spaced }, at + 1)
}

/// The end of a quotation that begins here. An apostrophe within a word begins none, and neither does what a request
/// line is quoted in: `"GET /x HTTP/1.1"` is another event than `"POST /x HTTP/1.1"`.
fn quotation(line: &[u8], at: usize) -> Option<usize> {
    let quote = line[at];
    let within_word = |at: usize| class(line[at]) & (LETTER | DIGIT) != 0;
    if at > 0 && within_word(at - 1) {
        return None;
    }
    let behind = &line[at + 1..line.len().min(at + 1 + QUOTATION_BYTES_MAX)];
    let mut escaped = false;
    let length = behind.iter().enumerate().position(|(place, byte)| {
        let ends =
            *byte == quote && !escaped && behind.get(place + 1).is_none_or(|b| class(*b) & (LETTER | DIGIT) == 0);
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    (!is_request(&behind[..length])).then_some(at + length + 2)
}

fn is_request(text: &[u8]) -> bool {
    let method = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    matches!(method, b"GET" | b"HEAD" | b"POST" | b"PUT" | b"DELETE" | b"PATCH" | b"OPTIONS" | b"CONNECT" | b"TRACE")
}

/// A word or a value.
fn word(line: &[u8], at: usize, spaced: bool, before: &[Token]) -> (Token, usize) {
    let (mut seen, mut dots, mut slashes, mut backslashes) = (0_u8, 0, 0, 0);
    let mut end = at;
    while end < line.len() {
        let kind = class(line[end]);
        if kind & (SPACE | SIGN) != 0 {
            break;
        }
        seen |= kind;
        dots += usize::from(kind & DOT != 0);
        slashes += usize::from(kind & SLASH != 0);
        backslashes += usize::from(kind & BACKSLASH != 0);
        end += 1;
    }
    let text = &line[at..end];
    let is_path =
        slashes >= 2 || backslashes >= 2 || (text.len() > 1 && slashes + backslashes > 0 && starts_path(text));
    let variable = seen & DIGIT != 0
        || is_path
        || (dots >= 2 && has_inner_dots(text))
        || is_hexadecimal(text)
        || is_value(line, end, before, text)
        || is_unit_behind(before, text)
        || is_part_of_date(line, end, before, text);
    if variable {
        return (Token::variable(at, end, spaced), end);
    }
    // What has no letter, such as a dash or an arrow, holds the line together as a sign does.
    let kind = if seen & LETTER != 0 { Kind::Word } else { Kind::Sign };
    (Token { hash: hash::bytes(text), start: offset(at), end: offset(end), kind, spaced }, end)
}

fn starts_path(text: &[u8]) -> bool {
    matches!(text[0], b'/' | b'\\') && class(text[1]) & (LETTER | DIGIT | DOT) != 0
}

/// Whether two dots or more stand between letters, as in a host or a class; dots at the end are punctuation.
fn has_inner_dots(text: &[u8]) -> bool {
    let inner = |at: usize| {
        let letter = |at: usize| text.get(at).is_some_and(|b| class(*b) & (LETTER | DIGIT) != 0);
        text[at] == b'.' && at > 0 && letter(at - 1) && (letter(at + 1) || text.get(at + 1) == Some(&b'$'))
    };
    (0..text.len()).filter(|at| inner(*at)).count() >= 2
}

/// Eight or more letters that are all digits of base 16: an address without a number in it.
fn is_hexadecimal(text: &[u8]) -> bool {
    text.len() >= 8 && text.iter().all(u8::is_ascii_hexdigit)
}

/// Whether the text stands behind `=`, unless it is the name of the next pair, or the truth of something, which tells
/// one event from another.
fn is_value(line: &[u8], end: usize, before: &[Token], text: &[u8]) -> bool {
    let behind_equals = before.last().is_some_and(|token| token.is_sign(line, b'='));
    behind_equals && line.get(end) != Some(&b'=') && !is_truth(text)
}

fn is_truth(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false")
}

/// Whether the text is the unit of the number before it, which may change with its size.
fn is_unit_behind(before: &[Token], text: &[u8]) -> bool {
    const UNITS: &[&[u8]] = &[
        b"kb", b"mb", b"gb", b"tb", b"kib", b"mib", b"gib", b"ns", b"us", b"ms", b"msec", b"usec", b"sec", b"secs",
        b"min", b"mins",
    ];
    before.last().is_some_and(|token| token.kind == Kind::Variable)
        && text.len() <= 4
        && UNITS.iter().any(|unit| text.eq_ignore_ascii_case(unit))
}

/// Whether the text is a month or a day of the week beside another part of a date.
fn is_part_of_date(line: &[u8], end: usize, before: &[Token], text: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec", b"Mon", b"Tue",
        b"Wed", b"Thu", b"Fri", b"Sat", b"Sun",
    ];
    if text.len() != 3 || !NAMES.contains(&text) {
        return false;
    }
    let behind = &line[end..];
    let space = behind.iter().take_while(|byte| **byte == b' ' || **byte == b',').count();
    let next = &behind[space..];
    let followed = space > 0
        && next.first().is_some_and(|byte| class(*byte) & DIGIT != 0 || NAMES.contains(&&next[..next.len().min(3)]));
    followed || before.last().is_some_and(|token| token.kind == Kind::Variable)
}

/// The end of a bracketed group that stands right behind a value of `=`: `ws=WorkSource{10113}` is one value.
fn group_behind_value(line: &[u8], at: usize, before: &[Token]) -> usize {
    let close = match line.get(at) {
        Some(b'{') => b'}',
        Some(b'[') => b']',
        Some(b'(') => b')',
        _ => return at,
    };
    if !before.last().is_some_and(|token| token.is_sign(line, b'=')) {
        return at;
    }
    let mut depth = 0_usize;
    for (place, byte) in line.iter().enumerate().skip(at).take(QUOTATION_BYTES_MAX) {
        depth += usize::from(*byte == line[at]);
        depth -= usize::from(*byte == close);
        if depth == 0 {
            return place + 1;
        }
    }
    at
}

/// Adds a token; a variable takes in a sign of comparison before it, and joins a variable before it.
fn push(out: &mut Vec<Token>, line: &[u8], mut token: Token) {
    if token.kind == Kind::Variable {
        let is_one_of = |token: &Token, signs: &[u8]| {
            token.kind == Kind::Sign && token.end - token.start == 1 && signs.contains(&line[token.start as usize])
        };
        if let Some(last) = out.pop_if(|last| !token.spaced && is_one_of(last, b"<>")) {
            token = Token::variable(last.start as usize, token.end as usize, last.spaced);
        }
        let joined = match out.as_slice() {
            [.., last] if last.kind == Kind::Variable => 1,
            [.., value, last] if value.kind == Kind::Variable && is_one_of(last, b",:;|@#&-/") => 2,
            _ => 0,
        };
        if joined > 0 {
            let first = out[out.len() - joined];
            out.truncate(out.len() - joined);
            token = Token::variable(first.start as usize, token.end as usize, first.spaced);
        }
    }
    out.push(token);
}

/// Takes out groups of tokens that repeat the group before them, where a variable is among them: a list is one value,
/// however long it is.
pub fn join_lists(tokens: &mut Vec<Token>) {
    if tokens.iter().filter(|token| token.kind == Kind::Variable).count() < 2 {
        return;
    }
    let mut before = usize::MAX;
    while tokens.len() < before {
        before = tokens.len();
        for group in 1..=GROUP_MAX {
            if may_repeat(tokens, group) {
                join_groups(tokens, group);
            }
        }
    }
}

/// Whether a variable stands as far behind another as it would in a repeated group. Most lines have none, and are done.
fn may_repeat(tokens: &[Token], group: usize) -> bool {
    let variable = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::Variable);
    (0..tokens.len()).any(|at| variable(at) && (variable(at + group) || variable(at + group + 1)))
}

fn join_groups(tokens: &mut Vec<Token>, group: usize) {
    let mut kept = 0;
    let mut at = 0;
    while at < tokens.len() {
        let next = at + usize::from(separates_items(&tokens[at]));
        let repeated = |from: usize| {
            kept >= group && repeats(&tokens[kept - group..kept], &tokens[from..tokens.len().min(from + group)])
        };
        if repeated(at) {
            at += group;
        } else if next > at && repeated(next) {
            at = next + group;
        } else {
            tokens[kept] = tokens[at];
            kept += 1;
            at += 1;
        }
    }
    tokens.truncate(kept);
}

/// Whether the token stands between the items of a list.
fn separates_items(token: &Token) -> bool {
    token.kind == Kind::Sign && [b',', b';', b'|'].iter().any(|sign| token.hash == hash::fold(u64::from(*sign)))
}

fn repeats(first: &[Token], second: &[Token]) -> bool {
    first.len() == second.len()
        && first.iter().zip(second).all(|(a, b)| a.hash == b.hash)
        && first.iter().any(|token| token.kind == Kind::Variable)
}
