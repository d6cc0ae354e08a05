//! Functions of encodings: JSON, base64, addresses.

use super::{misused, text};
use crate::source::Origin;
use crate::{At, Node, Value, json};

pub(super) fn call(name: &str, arguments: &[Node]) -> Option<Value> {
    let first = arguments.first();
    let argument = first.and_then(|node| text::shown(&node.value));
    let of = |found: Option<String>| found.map_or_else(|| misused(name), |text| Value::String(text.into()));
    Some(match (name, argument) {
        ("json", Some(text)) => parsed(&text, first.map_or(At::default(), |node| node.at)),
        ("base64", Some(text)) => of(Some(encode(text.as_bytes()))),
        ("base64tostring", Some(text)) => of(decode(&text).and_then(|bytes| String::from_utf8(bytes).ok())),
        ("base64tojson", Some(text)) => match decode(&text).and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(text) => parsed(&text, first.map_or(At::default(), |node| node.at)),
            None => misused(name),
        },
        ("datauri", Some(text)) => of(Some(format!("data:text/plain;charset=utf8;base64,{}", encode(text.as_bytes())))),
        ("datauritostring", Some(text)) => {
            let data = text.split_once(";base64,").map(|(_, data)| data);
            of(data.and_then(decode).and_then(|bytes| String::from_utf8(bytes).ok()))
        }
        ("uri", Some(base)) => {
            let relative = arguments.get(1).and_then(|node| text::shown(&node.value));
            of(relative.and_then(|relative| joined(&base, &relative)))
        }
        ("uricomponent", Some(text)) => of(Some(escaped(&text))),
        ("uricomponenttostring", Some(text)) => of(unescaped(&text)),
        _ => return None,
    })
}

/// The value of a JSON text; its places are that of the text.
fn parsed(text: &str, at: At) -> Value {
    match json::parse(text, Origin::of("")) {
        Ok(mut node) => {
            node.visit_mut(&mut |node| node.at = at);
            node.value
        }
        // Deployments read single quotes too; what else they read is theirs to say.
        Err(_) => misused("json"),
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let (a, b, c) = (chunk[0], chunk.get(1).copied(), chunk.get(2).copied());
        let bits = u32::from(a) << 16 | u32::from(b.unwrap_or(0)) << 8 | u32::from(c.unwrap_or(0));
        let digit = |shift: u32| char::from(ALPHABET[(bits >> shift & 63) as usize]);
        out.push(digit(18));
        out.push(digit(12));
        out.push(if b.is_some() { digit(6) } else { '=' });
        out.push(if c.is_some() { digit(0) } else { '=' });
    }
    out
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        bits = (bits << 6 | u32::try_from(digit).ok()?) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(out)
}

/// A relative address on a base, as the documentation of `uri` has it: up to the last slash, which is then one.
fn joined(base: &str, relative: &str) -> Option<String> {
    let scheme = base.find("://")? + 3;
    let host_end = base[scheme..].find('/').map_or(base.len(), |at| scheme + at);
    if relative.starts_with('/') {
        return Some(format!("{}{relative}", &base[..host_end]));
    }
    let kept = base.rfind('/').filter(|at| *at >= host_end).map_or(base, |at| &base[..at]);
    Some(format!("{kept}/{relative}"))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            out.push(*first);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_the_vectors_of_rfc_4648() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(plain.as_bytes()), coded);
            assert_eq!(decode(coded).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(decode("Zm9v!"), None);
    }

    #[test]
    fn addresses_are_joined_at_the_last_slash() {
        assert_eq!(
            joined("http://contoso.org/firstpath", "myscript.sh").as_deref(),
            Some("http://contoso.org/myscript.sh")
        );
        assert_eq!(
            joined("http://contoso.org/firstpath/", "a.sh").as_deref(),
            Some("http://contoso.org/firstpath/a.sh")
        );
        assert_eq!(joined("http://contoso.org/a/b", "/c").as_deref(), Some("http://contoso.org/c"));
        assert_eq!(joined("http://contoso.org", "c").as_deref(), Some("http://contoso.org/c"));
    }

    #[test]
    fn percent_codes_go_both_ways() {
        assert_eq!(escaped("a b/ü"), "a%20b%2F%C3%BC");
        assert_eq!(unescaped("a%20b%2F%C3%BC").as_deref(), Some("a b/ü"));
        assert_eq!(unescaped("%2"), None);
    }
}
