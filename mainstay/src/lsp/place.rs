//! Places of the protocol: addresses of files, and positions that count in the units that the editor asked for.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What a column counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Utf8,
    /// Units of UTF-16, which every editor speaks.
    Utf16,
    /// Characters.
    Utf32,
}

impl Unit {
    /// The unit that is nearest to ours among those that the editor offers.
    pub fn of(offered: &Value) -> Self {
        let offers = |name: &str| offered.as_array().is_some_and(|all| all.iter().any(|one| one == name));
        if offers("utf-32") {
            Self::Utf32
        } else if offers("utf-8") {
            Self::Utf8
        } else {
            Self::Utf16
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Utf32 => "utf-32",
        }
    }

    fn length(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Utf32 => text.chars().count(),
        }
    }

    /// A position from a line and a column of characters, both from 1.
    pub fn position(self, text: &str, line: u32, column: u32) -> Value {
        let content = text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
        let before: String = content.chars().take(column.saturating_sub(1) as usize).collect();
        json!({"line": line.saturating_sub(1), "character": self.length(&before)})
    }

    /// A position from a place in the bytes of a text.
    pub fn of_offset(self, text: &str, offset: usize) -> Value {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        json!({"line": line, "character": self.length(&before[start..])})
    }

    /// From a column of characters to the end of its line, without blanks at the end.
    pub fn rest_of_line(self, text: &str, line: u32, column: u32) -> Value {
        let content = text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default().trim_end();
        let end = u32::try_from(content.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
        json!({"start": self.position(text, line, column), "end": self.position(text, line, end.max(column))})
    }
}

/// The path of a `file:` address.
pub fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    // The host, where there is one, is this one.
    let path = &rest[rest.find('/')?..];
    let mut bytes = Vec::with_capacity(path.len());
    let mut input = path.bytes();
    while let Some(byte) = input.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = (digit(input.next())?, digit(input.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// The address of a path.
pub fn uri_of(path: &Path) -> String {
    let mut out = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_blanks_and_other_letters() {
        let path = Path::new("/my infra/ä.tf");
        assert_eq!(uri_of(path), "file:///my%20infra/%C3%A4.tf");
        assert_eq!(path_of(&uri_of(path)).as_deref(), Some(path));
        assert_eq!(path_of("untitled:1"), None);
        assert_eq!(path_of("file:///%zz"), None);
    }

    #[test]
    fn a_position_counts_in_the_editors_units() {
        let text = "a = 1\nö = \"😀x\"\n";
        let column = |unit: Unit| unit.position(text, 2, 7)["character"].clone();
        assert_eq!([Unit::Utf8, Unit::Utf16, Unit::Utf32].map(column), [json!(10), json!(7), json!(6)]);
        assert_eq!(Unit::Utf16.of_offset(text, 6), json!({"line": 1, "character": 0}));
    }
}
