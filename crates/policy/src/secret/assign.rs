//! Literals that are given to names, in the notations of code and configuration: `name = "value"`, `name: value`,
//! `"name": "value"`, `export NAME=value`, `<name>value</name>`, `--name value`, a variable's default, and the entries
//! `name`/`value` of environments. It reads lines, not documents, so that it costs little and reads what is broken too.

use regex::bytes::Regex;
use std::sync::LazyLock;

/// The longest name that is looked at, in bytes.
const NAME_MAX: usize = 100;

/// The longest value.
const VALUE_MAX: usize = 4096;

/// How far behind a name its value may stand where the two are entries of one block.
const BLOCK_MAX: usize = 600;

/// What a name is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// In lower case, words with `_` between: `db_password` for `dbPassword` and `DB-PASSWORD`.
    pub name: String,
    /// As it is written.
    pub written: String,
    /// The value's bytes in the text.
    pub start: usize,
    pub end: usize,
    /// Whether it is a literal; else it is an expression.
    pub literal: bool,
}

/// How a format writes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    /// What has no quotes is an expression: Terraform, Bicep, TOML, JSON, scripts of PowerShell.
    Quoted,
    /// What has no quotes ends with the line: YAML, properties, `.env`.
    Line,
    /// What has no quotes ends with the word: shells, Dockerfiles.
    Word,
}

impl Notation {
    pub(super) fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "sh" | "bash" | "zsh" | "ksh" | "fish" | "bat" | "cmd" | "rc" | "envrc" | "dockerfile" => Self::Word,
            _ if name.starts_with("dockerfile") || name.starts_with("containerfile") => Self::Word,
            "yaml" | "yml" | "env" | "ini" | "cfg" | "conf" | "config" | "cnf" | "properties" | "props" | "npmrc"
            | "pypirc" | "service" | "inf" | "xml" | "ovpn" => Self::Line,
            _ if name.starts_with(".env") || !name.contains('.') => Self::Line,
            _ => Self::Quoted,
        }
    }
}

/// What stands for the value of a name that the entry before it tells: `value`, `Value`, `default`, ...
static VALUE_ENTRY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)^[\s,"'}\\-]{0,80}?\\?["']?value\\?["']?[ \t]*[:=]"#)
        .expect("the pattern is valid: a test uses it")
});

/// A default among the entries of a block.
static DEFAULT_ENTRY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)(?:^|[\s{,"'])(?:default|defaultvalue|value)["']?[ \t]*[:=]"#)
        .expect("the pattern is valid: a test uses it")
});

/// The end of an entry that is called `name` or `key`, before the text that it holds.
static NAME_ENTRY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)(?:^|[\s{,"'<-])(?:name|key)\\?["']?[ \t]*[:=][ \t]*\\?["']?$"#)
        .expect("the pattern is valid: a test uses it")
});

/// The assignment to the name in which a place of the text lies.
pub(super) fn at(text: &[u8], place: usize, notation: Notation) -> Option<Assignment> {
    let (start, end) = name_around(text, place)?;
    let line_start = text[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let before = &text[line_start.max(start.saturating_sub(VALUE_MAX))..start];
    let reader = Reader { text, notation, line: before };
    let flag = text[start..end].starts_with(b"--");
    let value = reader.after(end, flag).or_else(|| reader.in_block(end))?;
    let written = String::from_utf8_lossy(&text[start..end]).trim_matches(['-', '.']).to_owned();
    Some(Assignment { name: plain(&written), written, start: value.0, end: value.1, literal: value.2 })
}

/// Start, end, and whether it is a literal.
type Span = (usize, usize, bool);

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The bytes of the name around a place.
pub(super) fn name_around(text: &[u8], place: usize) -> Option<(usize, usize)> {
    let start =
        (place.saturating_sub(NAME_MAX)..place).rev().take_while(|at| is_name(text[*at])).last().unwrap_or(place);
    let end = (place..text.len().min(place + NAME_MAX)).take_while(|at| is_name(text[*at])).last()? + 1;
    (end - start <= NAME_MAX).then_some((start, end))
}

struct Reader<'t> {
    text: &'t [u8],
    notation: Notation,
    /// What stands on the line before the name.
    line: &'t [u8],
}

impl Reader<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(b'\n')
    }

    fn blanks(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), b' ' | b'\t') {
            at += 1;
        }
        at
    }

    /// The value right behind a name.
    fn after(&self, end: usize, flag: bool) -> Option<Span> {
        let element = self.line.ends_with(b"<") && self.byte(end) == b'>';
        if element {
            let close = self.text[end..].iter().take(VALUE_MAX).position(|byte| *byte == b'<')? + end;
            return (close > end + 1).then_some((end + 1, close, true));
        }
        let quoted = usize::from(self.byte(end) == b'\\');
        let close = end + quoted + usize::from(matches!(self.byte(end + quoted), b'"' | b'\''));
        let mut at = close + usize::from(self.byte(close) == b']');
        let blank = at;
        at = self.blanks(at);
        let separator = match (self.byte(at), self.byte(at + 1)) {
            (b'=', b'=' | b'~') | (b':', b':') => return None,
            (b'=', b'>') | (b':', b'=') => 2,
            (b'=' | b':', _) => 1,
            _ if at > blank && self.is_spaced(flag) => 0,
            _ => return self.after_type(at),
        };
        self.value(self.blanks(at + separator))
    }

    /// `ENV NAME value` and `--name value`.
    fn is_spaced(&self, flag: bool) -> bool {
        let words = self.line.trim_ascii_start().to_ascii_uppercase();
        self.notation == Notation::Word && (flag || words == b"ENV ")
    }

    /// `param name string = 'value'` of Bicep.
    fn after_type(&self, at: usize) -> Option<Span> {
        if !self.line.trim_ascii().ends_with(b"param") {
            return None;
        }
        let word = self.text[at..].iter().take(NAME_MAX).position(|byte| !byte.is_ascii_alphanumeric())?;
        let sign = self.blanks(at + word);
        (word > 0 && self.byte(sign) == b'=').then(|| self.value(self.blanks(sign + 1)))?
    }

    /// The value that begins at a place.
    fn value(&self, at: usize) -> Option<Span> {
        let escaped = self.byte(at) == b'\\' && self.byte(at + 1) == b'"';
        let open = at + usize::from(escaped);
        let quote = self.byte(open);
        if matches!(quote, b'"' | b'\'' | b'`') {
            let start = open + 1;
            let mut end = start;
            while end < self.text.len() && end - start < VALUE_MAX {
                match self.byte(end) {
                    b'\\' if escaped && self.byte(end + 1) == quote => break,
                    b'\\' if quote != b'\'' => end += 1,
                    b'\n' => return None,
                    byte if byte == quote => break,
                    _ => {}
                }
                end += 1;
            }
            return (end > start && self.byte(end) != b'\n').then_some((start, end.min(self.text.len()), true));
        }
        let line_end =
            self.text[at.min(self.text.len())..].iter().take(VALUE_MAX).position(|b| matches!(b, b'\n' | b'\r'));
        let line_end = at + line_end.unwrap_or_else(|| (self.text.len().saturating_sub(at)).min(VALUE_MAX));
        let line = &self.text[at.min(line_end)..line_end];
        let length = match self.notation {
            Notation::Quoted => return (!line.is_empty() && !line.starts_with(b"{")).then_some((at, line_end, false)),
            Notation::Word => line
                .iter()
                .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b';' | b'&' | b'|' | b'"' | b'\'')),
            // Within braces of YAML a comma ends a value.
            Notation::Line if self.line.contains(&b'{') => {
                line.iter().position(|byte| matches!(byte, b',' | b'}' | b' '))
            }
            Notation::Line => line.windows(2).position(|pair| pair[0].is_ascii_whitespace() && pair[1] == b'#'),
        };
        let found = line[..length.unwrap_or(line.len())].trim_ascii_end();
        // Tags, anchors, blocks and aliases of YAML.
        let literal = !found.starts_with(b"!") && !found.starts_with(b"*") && !found.starts_with(b"&");
        let nothing = found.is_empty() || matches!(found[0], b'|' | b'>' | b'{' | b'[') && found.len() < 3;
        (!nothing).then_some((at, at + found.len(), literal))
    }

    /// The value that another entry of the same block holds.
    fn in_block(&self, end: usize) -> Option<Span> {
        let rest = &self.text[end..self.text.len().min(end + BLOCK_MAX)];
        if NAME_ENTRY.is_match(self.line) {
            let found = VALUE_ENTRY.find(rest)?;
            return self.value(self.blanks(end + found.end()));
        }
        let block = self.block(end, rest)?;
        let found = DEFAULT_ENTRY.find(block)?;
        self.value(self.blanks(end + found.end()))
    }

    /// The block that a name opens: `variable "name" {` of Terraform, `"name": {` of JSON, whose block may stand on the same
    /// line, and `name:` of YAML, whose block ends with the first line that is not indented further.
    fn block<'t>(&self, end: usize, rest: &'t [u8]) -> Option<&'t [u8]> {
        let begun = self.line.trim_ascii_start();
        let head = rest[..rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())].trim_ascii();
        let mut at = end + usize::from(self.byte(end) == b'"');
        at = self.blanks(at);
        let of_json = at > end && self.line.ends_with(b"\"") && self.byte(at) == b':';
        let of_json = of_json && self.byte(self.blanks(at + 1)) == b'{';
        let of_terraform = begun.starts_with(b"variable") && head.ends_with(b"{");
        if of_json || of_terraform {
            return Some(&rest[..rest.iter().position(|byte| *byte == b'}').unwrap_or(rest.len())]);
        }
        let of_yaml = self.notation == Notation::Line && head == b":" && begun.is_empty();
        of_yaml.then(|| deeper(rest, self.line.len()))
    }
}

/// The lines behind the first that are indented further than a number of blanks.
fn deeper(text: &[u8], indent: usize) -> &[u8] {
    let mut end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
    while end < text.len() {
        let line = &text[end..];
        let blanks = line.iter().take_while(|byte| **byte == b' ').count();
        if blanks <= indent {
            break;
        }
        end += line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |at| at + 1);
    }
    &text[..end]
}

/// A name as words in lower case with `_` between.
pub(super) fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let bytes = name.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let next_is_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let after_lower = at > 0 && (bytes[at - 1].is_ascii_lowercase() || bytes[at - 1].is_ascii_digit());
        let after_upper = at > 0 && bytes[at - 1].is_ascii_uppercase();
        if byte.is_ascii_uppercase() && (after_lower || (after_upper && next_is_lower)) && !out.ends_with('_') {
            out.push('_');
        }
        match byte {
            b'-' | b'.' | b'_' if out.ends_with('_') => {}
            b'-' | b'.' => out.push('_'),
            _ => out.push(char::from(byte.to_ascii_lowercase())),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, value, and whether it is a literal, of the assignment to what a word stands in.
    fn found(path: &str, text: &str, word: &str) -> Option<(String, String, bool)> {
        let place = text.find(word).unwrap();
        let found = at(text.as_bytes(), place, Notation::of(path))?;
        Some((found.name, text[found.start..found.end].to_owned(), found.literal))
    }

    fn literal(name: &str, value: &str) -> Option<(String, String, bool)> {
        Some((name.to_owned(), value.to_owned(), true))
    }

    #[test]
    fn notations_give_the_same_literal() {
        for (path, text) in [
            ("a.tf", "  db_password = \"s3 c\"\n"),
            ("a.json", "{\"dbPassword\": \"s3 c\", \"x\": 1}"),
            ("a.tf", "x = \"{\\\"db_password\\\": \\\"s3 c\\\"}\""),
            ("a.yaml", "DBPassword: s3 c # why\n"),
            ("a.yaml", "a: {db-password: 's3 c', b: 1}\n"),
            ("run.sh", "export DB_PASSWORD='s3 c'; go\n"),
            ("a.xml", "<dbPassword>s3 c</dbPassword>"),
            ("a.yaml", "- name: DB_PASSWORD\n  value: \"s3 c\"\n"),
            ("a.json", "[{\"name\": \"DB_PASSWORD\", \"value\": \"s3 c\"}]"),
            ("a.tf", "variable \"db_password\" {\n  type = string\n  default = \"s3 c\"\n}\n"),
            ("a.yaml", "Parameters:\n  DbPassword:\n    Type: String\n    Default: s3 c\n  Other:\n"),
            ("a.json", "{\"dbPassword\": {\"type\": \"string\", \"defaultValue\": \"s3 c\"}}"),
            ("a.bicep", "param dbPassword string = 's3 c'\n"),
        ] {
            let word = if text.contains("assword") { "assword" } else { "ASSWORD" };
            assert_eq!(found(path, text, word), literal("db_password", "s3 c"), "{path}: {text}");
        }
        assert_eq!(found("Dockerfile", "ENV DB_PASSWORD s3c\n", "PASS"), literal("db_password", "s3c"));
        assert_eq!(found("run.sh", "mysql --db-password s3c -u x\n", "pass"), literal("db_password", "s3c"));
        assert_eq!(found(".env", "DB_PASSWORD=s3c\n", "PASS"), literal("db_password", "s3c"));
    }

    #[test]
    fn what_is_no_literal_is_told_apart() {
        assert!(!found("a.tf", "password = var.password\n", "password").unwrap().2);
        assert!(!found("a.yaml", "password: !Ref Password\n", "password").unwrap().2);
        assert_eq!(found("a.tf", "if password == \"x\"", "password"), None);
        assert_eq!(found("a.yaml", "password:\n  other: x\n", "password"), None);
        assert_eq!(found("a.yaml", "Password:\n  Type: String\nDefault: x\n", "Password"), None);
        assert_eq!(found("a.tf", "# the password of the user\n", "password"), None);
    }
}
