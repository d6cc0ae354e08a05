//! The tokens of Rego, as far as the rewrite has to tell them apart.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Number,
    /// `"..."` or a raw text in backquotes.
    Text,
    /// `$"..."` or the raw form: a template with expressions in braces.
    Template,
    Comment,
    /// One character.
    Sign,
}

/// A token and where it lies in the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'t> {
    pub kind: Kind,
    pub text: &'t str,
    pub start: usize,
}

impl Token<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub fn is(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }
}

/// Takes a text apart. White space is left out; what is not closed ends with the text.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let (kind, length) = match c {
            '#' => (Kind::Comment, rest.find('\n').unwrap_or(rest.len())),
            '"' | '`' => (Kind::Text, text_length(rest)),
            '$' if rest[1..].starts_with(['"', '`']) => (Kind::Template, 1 + template_length(&rest[1..])),
            c if c.is_alphabetic() || c == '_' => {
                (Kind::Word, rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len()))
            }
            c if c.is_ascii_digit() => (Kind::Number, number_length(rest)),
            c => (Kind::Sign, c.len_utf8()),
        };
        out.push(Token { kind, text: &rest[..length], start: at });
        at += length;
    }
    out
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let sign = matches!(byte, b'+' | b'-') && matches!(bytes.get(at.wrapping_sub(1)), Some(b'e' | b'E'));
        let point = *byte == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !(byte.is_ascii_alphanumeric() || sign || point) {
            break;
        }
        at += 1;
    }
    at
}

/// The length of a text with its quotes.
fn text_length(text: &str) -> usize {
    let raw = text.starts_with('`');
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '`' if raw => return at + 1,
            '"' if !raw && !escaped => return at + 1,
            '\\' if !raw && !escaped => {
                escaped = true;
                continue;
            }
            _ => {}
        }
        escaped = false;
    }
    text.len()
}

/// The length of a template behind its `$`, with its quotes and all expressions in it.
fn template_length(text: &str) -> usize {
    let quote = if text.starts_with('`') { '`' } else { '"' };
    let mut at = 1;
    while let Some(c) = text[at..].chars().next() {
        match c {
            c if c == quote => return at + 1,
            '\\' => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            '{' => at += expression_length(&text[at..]),
            c => at += c.len_utf8(),
        }
    }
    text.len()
}

/// The length of an expression in braces.
pub(crate) fn expression_length(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match c {
            '{' => {
                depth += 1;
                1
            }
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
                1
            }
            '"' | '`' => text_length(rest),
            '$' if rest[1..].starts_with(['"', '`']) => 1 + template_length(&rest[1..]),
            c => c.len_utf8(),
        };
    }
    text.len()
}
