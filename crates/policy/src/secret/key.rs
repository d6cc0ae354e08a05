//! Private keys: PEM, OpenSSH, PGP and PuTTY, told from public ones, from encrypted ones and from what is no key.

use super::check::{Candidate, Said, decoded};

/// How many bytes a key may have behind its first line.
const KEY_MAX: usize = 32 << 10;

/// The fewest characters of base64 in a key: an Ed25519 key has 64.
const BODY_MIN: usize = 60;

const ENCRYPTED: &str = "the key is encrypted, so what it gives away hangs on its passphrase";

/// Judges what follows the first line of a private key.
pub(super) fn private(candidate: &Candidate<'_>) -> Said {
    let head = String::from_utf8_lossy(candidate.value()).into_owned();
    if head.starts_with("PuTTY") {
        return putty(candidate);
    }
    let rest = &candidate.text[candidate.end..candidate.text.len().min(candidate.end + KEY_MAX)];
    let end = find(rest, b"-----END");
    let body = Body::of(&rest[..end.unwrap_or(rest.len())]);
    // The end of the last line, which has five more signs behind its words.
    let close = end.map(|at| {
        let after = &rest[at + 8..];
        candidate.end + at + 8 + find(after, b"-----").map_or(0, |at| at + 5)
    });
    if body.is_filled_in {
        return Said::Nothing("a placeholder or a reference stands in it");
    }
    if body.text.len() < BODY_MIN {
        return Said::Nothing("no key follows its first line");
    }
    if end.is_none() {
        return Said::Open("it has no end, so nobody can tell whether the key is whole", None);
    }
    if body.is_encrypted || head.contains("ENCRYPTED") {
        return Said::Open(ENCRYPTED, close);
    }
    let Some(bytes) = decoded(&body.text) else { return Said::Nothing("its text is no base64") };
    let open = match head.as_str() {
        head if head.contains("OPENSSH") => openssh(&bytes),
        head if head.contains("PGP") => pgp(&bytes),
        _ => der(&bytes).then_some(true),
    };
    match open {
        Some(true) => Said::Secret(close),
        Some(false) => Said::Open(ENCRYPTED, close),
        None => Said::Nothing("its text is no private key"),
    }
}

/// A private key whose PEM was put into base64 once more, as kubeconfigs and secrets of Kubernetes have it.
pub(super) fn encoded(candidate: &Candidate<'_>) -> Said {
    // The match ends where the part of a long line ends that was looked at; the key goes on with its base64.
    let is_digit = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let rest = candidate.text[candidate.start..].iter().take(2 * KEY_MAX).take_while(is_digit).count();
    let whole = candidate.start + rest;
    let Some(pem) = decoded(&candidate.text[candidate.start..whole]) else { return Said::Nothing("it is no base64") };
    let line = find(&pem, b"PRIVATE KEY").and_then(|at| Some(at + find(&pem[at..], b"-----")? + 5));
    let Some(end) = line else { return Said::Nothing("it holds no private key") };
    match private(&Candidate { name: candidate.name, text: &pem, start: 0, end }) {
        Said::Secret(_) => Said::Secret(Some(whole)),
        Said::Open(why, _) => Said::Open(why, Some(whole)),
        nothing => nothing,
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

/// What stands between the first line and the last.
struct Body {
    /// The base64 alone.
    text: Vec<u8>,
    is_encrypted: bool,
    is_filled_in: bool,
}

impl Body {
    /// Lines may be real, or written `\n` within a text of JSON or code.
    fn of(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text).replace("\\r", "").replace("\\n", "\n");
        let mut body = Self { text: Vec::new(), is_encrypted: false, is_filled_in: false };
        let made_up = ["${", "{{", "...", "<", "***", "XXXX", "xxxx", "\u{2026}"];
        body.is_filled_in = made_up.iter().any(|sign| text.contains(sign));
        for line in text.lines() {
            let line = line
                .trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '\\' | '`' | '#' | '|'));
            if line.contains(':') {
                body.is_encrypted |= line.contains("ENCRYPTED");
            } else if line.starts_with('=') {
                // The checksum of PGP's armour.
                break;
            } else if line.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
                body.text.extend(line.bytes());
            } else if !body.text.is_empty() {
                break;
            }
        }
        body
    }
}

/// A sequence of ASN.1 of the length that the text has, which begins with a version.
fn der(bytes: &[u8]) -> bool {
    let Some((0x30, rest)) = bytes.split_first().map(|(tag, rest)| (*tag, rest)) else { return false };
    let Some((first, rest)) = rest.split_first() else { return false };
    let (length, body) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let Some((digits, body)) = rest.split_at_checked(count) else { return false };
            (digits.iter().fold(0usize, |length, digit| length << 8 | usize::from(*digit)), body)
        }
        _ => return false,
    };
    // The version is the integer 0, or 1 where a public key goes along or the key is one of EC.
    length == body.len() && matches!(body, [0x02, 0x01, 0x00 | 0x01, ..])
}

/// Whether a key of OpenSSH is open; `None` where it is none.
fn openssh(bytes: &[u8]) -> Option<bool> {
    let rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
    let cipher = rest.get(4..4 + usize::try_from(length).ok()?)?;
    Some(cipher == b"none")
}

/// Whether the first packet is a secret key that is open; `None` where it is none. Packets: RFC 9580, sections 4.2 and 5.5.
fn pgp(bytes: &[u8]) -> Option<bool> {
    let (&first, rest) = bytes.split_first()?;
    let (tag, body) = match first {
        0xc0.. => {
            let skip = match rest.first()? {
                0..=191 => 1,
                192..=223 => 2,
                _ => 5,
            };
            (first & 0x3f, rest.get(skip..)?)
        }
        0x80..=0xbf => (first >> 2 & 0x0f, rest.get(1 << (first & 3).min(2)..)?),
        _ => return None,
    };
    if !matches!(tag, 5 | 7) || *body.first()? != 4 {
        return None;
    }
    let mut at = 6;
    let mut number = |body: &[u8]| {
        let bits = u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]);
        at += 2 + usize::from(bits).div_ceil(8);
        Some(at)
    };
    let numbers = match body.get(5)? {
        1..=3 => 2,
        16 | 20 => 3,
        17 => 4,
        // A curve's name stands before the one number; what comes behind differs, so that nobody can tell.
        _ => return Some(false),
    };
    let mut end = 6;
    for _ in 0..numbers {
        end = number(body)?;
    }
    Some(*body.get(end)? == 0)
}

/// `Encryption: none`, and lines of the private part.
fn putty(candidate: &Candidate<'_>) -> Said {
    let rest = &candidate.text[candidate.start..candidate.text.len().min(candidate.start + KEY_MAX)];
    let text = String::from_utf8_lossy(rest);
    let of = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    let close = find(rest, b"Private-MAC:").map(|at| candidate.start + at);
    match (of("Encryption:"), of("Private-Lines:")) {
        (Some("none"), Some(_)) => Said::Secret(close),
        (Some(_), Some(_)) => Said::Open(ENCRYPTED, close),
        _ => Said::Nothing("it has no private part"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_has_its_own_length() {
        assert!(der(&[0x30, 0x03, 0x02, 0x01, 0x00]));
        assert!(der(&[0x30, 0x81, 0x03, 0x02, 0x01, 0x01]));
        assert!(!der(&[0x30, 0x04, 0x02, 0x01, 0x00]) && !der(&[0x31, 0x03, 0x02, 0x01, 0x00]) && !der(&[]));
    }

    #[test]
    fn a_key_of_openssh_or_pgp_says_whether_it_is_open() {
        let ssh = |cipher: &str| {
            let mut bytes = b"openssh-key-v1\0".to_vec();
            bytes.extend(u32::try_from(cipher.len()).unwrap().to_be_bytes());
            bytes.extend(cipher.as_bytes());
            bytes
        };
        assert_eq!(openssh(&ssh("none")), Some(true));
        assert_eq!(openssh(&ssh("aes256-ctr")), Some(false));
        assert_eq!(openssh(b"ssh-rsa"), None);
        // Version 4, a time, RSA, two numbers of one byte, then what tells whether it is encrypted.
        let packet = |usage: u8| [0xc5, 13, 4, 0, 0, 0, 0, 1, 0, 8, 0xff, 0, 8, 0x03, usage];
        assert_eq!((pgp(&packet(0)), pgp(&packet(254))), (Some(true), Some(false)));
        assert_eq!(pgp(&[0xc6, 13, 4, 0, 0, 0, 0, 1, 0, 8, 0xff, 0, 8, 0x03, 0]), None, "a public key");
    }
}
