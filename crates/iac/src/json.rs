//! JSON with a place on every node.
//!
//! [`parse`] gives the node, or a diagnostic that names line and column. Own parser because `serde_json` keeps no places.
//! Bounds: [`DEPTH_MAX`]; memory grows with the text only.

use crate::source::Origin;
use crate::value::MapBuilder;
use crate::{At, Node, Unknown, Value};
use mainstay_model::Diagnostic;
use rust_decimal::Decimal;
use std::sync::Arc;

/// How deep arrays and objects may nest.
pub const DEPTH_MAX: usize = 128;

/// Reads one JSON document. A duplicate key is not refused: the last one counts, as in most readers.
///
/// # Errors
/// A diagnostic with code `json.syntax` or `json.depth` and its place.
///
/// ```
/// use mainstay_iac::{json, Origin};
/// let node = json::parse("{\"a\": [1, true]}", Origin::of("a.json")).expect("valid");
/// assert_eq!(node.to_json(), serde_json::json!({"a": [1, true]}));
/// assert_eq!(json::parse("[1,\n 2 3]", Origin::of("a.json")).unwrap_err().place.to_string(), "a.json:2:4");
/// ```
pub fn parse(text: &str, origin: Origin<'_>) -> Result<Node, Box<Diagnostic>> {
    document(text, origin, false)
}

/// Reads one JSON document in which comments (`//` and `/* */`) and line breaks in strings may stand, as templates of
/// Azure have them.
///
/// # Errors
/// As [`parse`].
pub fn parse_lenient(text: &str, origin: Origin<'_>) -> Result<Node, Box<Diagnostic>> {
    document(text, origin, true)
}

fn document(text: &str, origin: Origin<'_>, lenient: bool) -> Result<Node, Box<Diagnostic>> {
    let mut parser = Parser::new(text, origin, lenient);
    parser.skip_space();
    let node = parser.value()?;
    parser.skip_space();
    if parser.pos < parser.bytes.len() {
        return Err(parser
            .error("there is something after the end of the document", "remove it; one file holds one JSON value"));
    }
    Ok(node)
}

/// Reads several JSON documents that follow each other (JSON Lines, or concatenated). What comes before a damaged one is
/// kept; after a damaged one reading goes on with the next line.
#[must_use]
pub fn parse_many(text: &str, origin: Origin<'_>) -> (Vec<Node>, Vec<Diagnostic>) {
    let mut parser = Parser::new(text, origin, false);
    let (mut nodes, mut diagnostics) = (Vec::new(), Vec::new());
    loop {
        parser.skip_space();
        if parser.pos >= parser.bytes.len() {
            return (nodes, diagnostics);
        }
        match parser.value() {
            Ok(node) => nodes.push(node),
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                parser.depth = 0;
                while parser.pos < parser.bytes.len() && parser.bytes[parser.pos] != b'\n' {
                    parser.pos += 1;
                }
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    line: u32,
    line_start: usize,
    /// Bytes on this line that do not begin a character.
    extra: usize,
    depth: usize,
    origin: Origin<'a>,
    /// Comments and line breaks in strings are taken.
    lenient: bool,
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

impl<'a> Parser<'a> {
    fn new(text: &'a str, origin: Origin<'a>, lenient: bool) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { text, bytes: text.as_bytes(), pos: 0, line: 1, line_start: 0, extra: 0, depth: 0, origin, lenient }
    }
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    fn at(&self) -> At {
        let column = self.pos.saturating_sub(self.line_start + self.extra) + 1;
        self.origin.at(self.line, u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn error(&self, summary: &str, help: &str) -> Box<Diagnostic> {
        Box::new(Diagnostic::error("json.syntax", summary, self.origin.place(self.at()), help))
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.pos + 1;
                    self.extra = 0;
                }
                b' ' | b'\t' | b'\r' => {}
                b'/' if self.lenient && self.comment() => continue,
                _ => return,
            }
            self.pos += 1;
        }
    }

    /// Passes over a comment; false where there is none.
    fn comment(&mut self) -> bool {
        let rest = &self.text[self.pos..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            return false;
        };
        for byte in rest[..length].bytes() {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.pos + 1;
                    self.extra = 0;
                }
                byte if byte & 0xc0 == 0x80 => self.extra += 1,
                _ => {}
            }
            self.pos += 1;
        }
        true
    }

    fn value(&mut self) -> Parsed<Node> {
        let at = self.at();
        let value = match self.peek() {
            None => {
                return Err(
                    self.error("the document ends where a value should be", "the file may be cut off: write it again")
                );
            }
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => self.word()?,
        };
        Ok(Node { value, at })
    }

    fn word(&mut self) -> Parsed<Value> {
        for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
            if self.bytes[self.pos..].starts_with(word.as_bytes()) {
                self.pos += word.len();
                return Ok(value);
            }
        }
        Err(self.error(
            "a value should be here",
            "write a string in double quotes, a number, true, false, null, [...] or {...}",
        ))
    }

    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let mut diagnostic = self.error(&format!("nested deeper than {DEPTH_MAX} levels"), "flatten the document");
            "json.depth".clone_into(&mut diagnostic.code);
            return Err(diagnostic);
        }
        self.pos += 1;
        self.skip_space();
        Ok(())
    }

    fn array(&mut self) -> Parsed<Value> {
        self.enter()?;
        let mut items = Vec::new();
        if self.peek() != Some(b']') {
            loop {
                items.push(self.value()?);
                if !self.more(b']')? {
                    break;
                }
            }
        } else {
            self.pos += 1;
        }
        self.depth -= 1;
        Ok(Value::List(items))
    }

    fn object(&mut self) -> Parsed<Value> {
        self.enter()?;
        let mut map = MapBuilder::default();
        if self.peek() == Some(b'}') {
            self.pos += 1;
        } else {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(self
                        .error("a key in double quotes should be here", "quote the key; no comma stands before `}`"));
                }
                let key = self.string()?;
                self.skip_space();
                if self.peek() != Some(b':') {
                    return Err(self.error("a `:` should follow the key", "write \"key\": value"));
                }
                self.pos += 1;
                self.skip_space();
                let node = self.value()?;
                map.set(key, node);
                if !self.more(b'}')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(Value::Map(map.finish()))
    }

    /// After an element: true at a comma, false at the end of the collection.
    fn more(&mut self, end: u8) -> Parsed<bool> {
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.pos += 1;
                self.skip_space();
                Ok(true)
            }
            Some(byte) if byte == end => {
                self.pos += 1;
                Ok(false)
            }
            None => {
                Err(self
                    .error("the document ends within an array or object", "the file may be cut off: write it again"))
            }
            Some(_) => {
                Err(self.error(&format!("a `,` or `{}` should be here", end as char), "separate elements by commas"))
            }
        }
    }

    fn number(&mut self) -> Parsed<Value> {
        let start = self.pos;
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        let first = self.digits()?;
        if self.bytes[first] == b'0' && self.pos > first + 1 {
            return Err(self.error("a number must not begin with 0", "remove the leading zero or quote the text"));
        }
        if self.peek() == Some(b'.') {
            self.pos += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.pos += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            self.digits()?;
        }
        Ok(number_value(&self.text[start..self.pos]))
    }

    fn digits(&mut self) -> Parsed<usize> {
        let start = self.pos;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.pos += 1;
        }
        if start == self.pos {
            Err(self.error("a digit should be here", "write the number in full"))
        } else {
            Ok(start)
        }
    }

    fn string(&mut self) -> Parsed<Arc<str>> {
        self.pos += 1;
        let start = self.pos;
        let mut owned: Option<String> = None;
        let mut from = start;
        loop {
            match self.peek() {
                None => return Err(self.error("a string is not closed", "close it with a double quote")),
                Some(b'"') => break,
                Some(b'\\') => {
                    let text = owned.get_or_insert_with(String::new);
                    text.push_str(&self.text[from..self.pos]);
                    let character = self.escape()?;
                    owned.get_or_insert_with(String::new).push(character);
                    from = self.pos;
                }
                Some(b'\n') if self.lenient => {
                    self.line += 1;
                    self.line_start = self.pos + 1;
                    self.extra = 0;
                    self.pos += 1;
                }
                Some(b'\r' | b'\t') if self.lenient => self.pos += 1,
                Some(byte) if byte < 0x20 => {
                    return Err(
                        self.error("a string holds a control character", "escape it, such as \\n for a line break")
                    );
                }
                Some(byte) => {
                    if byte & 0xc0 == 0x80 {
                        self.extra += 1;
                    }
                    self.pos += 1;
                }
            }
        }
        let rest = &self.text[from..self.pos];
        let string = match owned {
            None => Arc::from(rest),
            Some(mut text) => {
                text.push_str(rest);
                Arc::from(text)
            }
        };
        self.pos += 1;
        Ok(string)
    }

    fn escape(&mut self) -> Parsed<char> {
        self.pos += 1;
        let byte = self.peek();
        self.pos += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => {
                self.pos -= 1;
                return Err(self.error("unknown escape", "after a backslash write one of \" \\ / b f n r t u"));
            }
        })
    }

    fn unicode_escape(&mut self) -> Parsed<char> {
        let high = self.hex4()?;
        if (0xd800..0xdc00).contains(&high) && self.bytes[self.pos..].starts_with(b"\\u") {
            let before = self.pos;
            self.pos += 2;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            self.pos = before;
        }
        Ok(char::from_u32(high).unwrap_or('\u{fffd}'))
    }

    fn hex4(&mut self) -> Parsed<u32> {
        let code = self.bytes.get(self.pos..self.pos + 4).and_then(|hex| std::str::from_utf8(hex).ok());
        match code
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        {
            Some(code) => {
                self.pos += 4;
                Ok(code)
            }
            None => Err(self.error("four hexadecimal digits should follow \\u", "write the code in four digits")),
        }
    }
}

/// A text of JSON without the commas that stand before a closing bracket.
#[must_use]
pub fn without_last_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for character in text.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' | '}' if !quoted => {
                let known = out.trim_end();
                if known.ends_with(',') {
                    out.truncate(known.len() - 1);
                }
            }
            _ => {}
        }
        out.push(character);
    }
    out
}

/// A number of JSON, HCL or YAML in decimal notation; one that exact decimals of 28 digits cannot hold is unknown.
pub(crate) fn number_value(text: &str) -> Value {
    match decimal(text) {
        Some(number) => Value::Number(number),
        None => Value::Unknown(Unknown::new(format!("the number {text} has more digits than are kept"))),
    }
}

/// The exact decimal of a text such as `-1.5e3`. More than 28 digits after the point are rounded.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let number = if text.bytes().any(|b| matches!(b, b'e' | b'E')) {
        Decimal::from_scientific(text).ok()?
    } else {
        text.parse().ok()?
    };
    Some(number.normalize())
}
