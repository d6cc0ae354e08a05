//! From bytes to text, whatever encoding they came in.

use crate::Reading;
use crate::reading::DOCUMENT_BYTES_MAX;
use mainstay_model::{Diagnostic, Place};
use std::borrow::Cow;

/// The text of a part. UTF-8 is taken as it is; UTF-16, which PowerShell writes when output is redirected, is converted
/// and noted; other bytes are replaced and warned of, so that the good records count. Empty and oversized parts give
/// `None` and a diagnostic.
pub(crate) fn decode<'a>(bytes: &'a [u8], path: &str, reading: &mut Reading) -> Option<Cow<'a, str>> {
    if !fits(bytes, path, reading) {
        return None;
    }
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes, path, reading),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes, path, reading),
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => utf16(bytes, u16::from_le_bytes, path, reading),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => utf16(bytes, u16::from_be_bytes, path, reading),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest, path, reading),
        _ => utf8(bytes, path, reading),
    };
    if text.trim().is_empty() {
        reading.note(Diagnostic::error(
            "document.empty",
            "the document is empty",
            Place::file(path),
            "check that whatever writes it ended well",
        ));
        return None;
    }
    Some(text)
}

/// Whether a part is small enough to be read whole; else a diagnostic says so.
pub(crate) fn fits(bytes: &[u8], path: &str, reading: &mut Reading) -> bool {
    let fits = bytes.len() <= DOCUMENT_BYTES_MAX;
    if !fits {
        reading.note(Diagnostic::error(
            "document.size",
            format!("the document has {} bytes; at most {DOCUMENT_BYTES_MAX} are read", bytes.len()),
            Place::file(path),
            "split it, or send what changed only",
        ));
    }
    fits
}

fn utf8<'a>(bytes: &'a [u8], path: &str, reading: &mut Reading) -> Cow<'a, str> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Cow::Borrowed(text),
        Err(error) => error,
    };
    let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
    let line = good.matches('\n').count() + 1;
    let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    reading.note(Diagnostic::warning(
        "document.encoding",
        "there are bytes that are not UTF-8; each was replaced by \u{fffd}",
        Place::at(path, u32::try_from(line).unwrap_or(0), u32::try_from(column).unwrap_or(0)),
        "save it as UTF-8",
    ));
    String::from_utf8_lossy(bytes)
}

fn utf16<'a>(bytes: &[u8], unit: fn([u8; 2]) -> u16, path: &str, reading: &mut Reading) -> Cow<'a, str> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    reading.note(Diagnostic::note(
        "document.encoding",
        "the document is UTF-16 and was converted",
        Place::file(path),
        "save it as UTF-8; in PowerShell, write it with `Out-File -Encoding utf8`",
    ));
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_its_text_and_says_what_was_done() {
        let read = |bytes: &[u8]| {
            let mut reading = Reading::default();
            let text = decode(bytes, "a.json", &mut reading).map(Cow::into_owned);
            (text, reading.diagnostics.first().map(|d| format!("{} {}", d.code, d.place)))
        };
        let utf16: Vec<u8> = "\u{feff}{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16).0.unwrap(), "{\"a\":1}");
        assert_eq!(read(&utf16[2..]).0.unwrap(), "{\"a\":1}");
        assert_eq!(read(b"\xef\xbb\xbf{}"), (Some("{}".to_owned()), None));
        let (text, said) = read(b"{\n \"caf\xe9\": 1}");
        assert_eq!(text.unwrap(), "{\n \"caf\u{fffd}\": 1}");
        assert_eq!(said.unwrap(), "document.encoding a.json:2:6");
        assert_eq!(read(b" \n"), (None, Some("document.empty a.json".to_owned())));
    }
}
