//! The entry: the bytes of one leaf of the log.
//!
//! ```text
//! mainstay-fact-v1
//! <source>
//! <id>
//! <type>
//! <subject, or nothing>
//! <time, microseconds since 1970 in UTC>
//! <recorded, microseconds since 1970 in UTC>
//! <digest: SHA-256 of salt and payload, lower-case hexadecimal>
//! ```
//!
//! Lines end in a line feed, the last one too; no attribute may hold a control character, so the form is unambiguous.
//! The payload is the canonical JSON text of `data`, then, where the fact has extensions, a line feed and their canonical
//! text. It stays outside of the entry, behind a salted digest, so that it can be erased while every proof still holds;
//! the salt (16 random bytes) keeps short data from being guessed from the digest.

use crate::canonical;
use crate::error::{LedgerError, Result};
use crate::index::{self, Keys};
use crate::merkle::{Hash, leaf_hash};
use mainstay_model::{Fact, FactId, Recorded, Subject, Timestamp};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::fmt::Write as _;

/// First line of an entry.
const MAGIC: &str = "mainstay-fact-v1";
/// Bytes of a salt.
pub(crate) const SALT_BYTES: usize = 16;
/// Longest entry: a tile of entries gives each a length of 16 bits.
const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// A fact made ready: checked, in canonical text, salted and digested, but without its place in the log.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// The entry and its leaf as they are if it is recorded at `ready_us`, when it was made ready, which is the rule: the
    /// caller's thread has made them, and the one thread that commits is spared it.
    ready: String,
    ready_us: i64,
    leaf: Hash,
    /// Bytes of the entry before the line `recorded`.
    head_len: usize,
    pub keys: Keys,
    pub time_us: i64,
    pub data: String,
    pub extensions: Option<String>,
    pub salt: [u8; SALT_BYTES],
    pub digest: [u8; 32],
    /// The fact, with its time cut to microseconds, for folding.
    pub fact: Fact,
}

impl Prepared {
    /// Makes a fact ready that passed its check.
    pub(crate) fn new(mut fact: Fact, salt: [u8; SALT_BYTES], recorded_us: i64, room: &mut String) -> Result<Self> {
        check_line("source", &fact.source, 1)?;
        check_line("type", &fact.fact_type, 1)?;
        let time_us = fact.time.as_microsecond();
        fact.time = Timestamp::from_microsecond(time_us).map_err(|_| LedgerError::Time(fact.time))?;
        let data = canonical::text(&fact.data, room)?;
        let extensions =
            if fact.extensions.is_empty() { None } else { Some(canonical::object_text(&fact.extensions)?) };
        if extensions.as_ref().is_some_and(|text| text.len() > mainstay_model::FACT_DATA_BYTES_MAX) {
            return Err(LedgerError::refused("the extensions are larger than data may be"));
        }
        let digest = digest(&salt, data.as_bytes(), extensions.as_deref().map(str::as_bytes));
        let mut ready = entry_head(&fact, time_us);
        let head_len = ready.len();
        push_tail(recorded_us, &digest, &mut ready);
        // Another time of recording is at most 20 characters long.
        let longest = head_len + 20 + 64 + 2;
        if longest > ENTRY_BYTES_MAX {
            return Err(LedgerError::refused(format!(
                "its attributes have {longest} bytes; {ENTRY_BYTES_MAX} are the most"
            )));
        }
        let keys = index::keys(
            &fact.source,
            fact.id.as_str(),
            fact.subject.as_ref().map(Subject::as_str),
            &fact.fact_type,
            time_us,
        );
        let leaf = leaf_hash(ready.as_bytes());
        let ready_us = recorded_us;
        Ok(Self { ready, ready_us, leaf, head_len, keys, time_us, data, extensions, salt, digest, fact })
    }

    pub(crate) fn source(&self) -> &str {
        &self.fact.source
    }

    pub(crate) fn id(&self) -> &str {
        self.fact.id.as_str()
    }

    pub(crate) fn fact_type(&self) -> &str {
        &self.fact.fact_type
    }

    pub(crate) fn subject(&self) -> Option<&str> {
        self.fact.subject.as_ref().map(Subject::as_str)
    }

    /// The entry and its leaf, once it is known when the fact was recorded.
    pub(crate) fn entry(&self, recorded_us: i64) -> (Cow<'_, str>, Hash) {
        if self.ready_us == recorded_us {
            return (Cow::Borrowed(&self.ready), self.leaf);
        }
        let mut text = String::with_capacity(self.head_len + TAIL_BYTES_MAX);
        text.push_str(&self.ready[..self.head_len]);
        push_tail(recorded_us, &self.digest, &mut text);
        let leaf = leaf_hash(text.as_bytes());
        (Cow::Owned(text), leaf)
    }
}

/// Bytes of the last two lines of an entry at most.
const TAIL_BYTES_MAX: usize = 20 + 64 + 2;

/// The lines of an entry that are known before it is recorded, in a text with room for the rest.
fn entry_head(fact: &Fact, time_us: i64) -> String {
    let subject = fact.subject.as_ref().map_or("", Subject::as_str);
    let lines = [MAGIC, &fact.source, fact.id.as_str(), &fact.fact_type, subject];
    let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
    let mut text = String::with_capacity(bytes + 21 + TAIL_BYTES_MAX);
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    push_number(time_us, &mut text);
    text.push('\n');
    text
}

fn push_tail(recorded_us: i64, digest: &[u8; 32], text: &mut String) {
    push_number(recorded_us, text);
    text.push('\n');
    push_hex(digest, text);
    text.push('\n');
}

fn push_number(number: i64, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{number}");
}

fn check_line(what: &str, text: &str, least: usize) -> Result<()> {
    if text.len() < least || text.len() > 1024 || text.chars().any(char::is_control) {
        return Err(LedgerError::refused(format!("{what} must be {least} to 1024 bytes without control characters")));
    }
    Ok(())
}

/// The digest of a payload.
pub(crate) fn digest(salt: &[u8], data: &[u8], extensions: Option<&[u8]>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(data);
    if let Some(extensions) = extensions {
        hasher.update(b"\n");
        hasher.update(extensions);
    }
    hasher.finalize().into()
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub(crate) fn push_hex(bytes: &[u8], out: &mut String) {
    for part in bytes.chunks(32) {
        let mut digits = [0; 64];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(part) {
            *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        out.push_str(std::str::from_utf8(&digits[..part.len() * 2]).unwrap_or_default());
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    push_hex(bytes, &mut out);
    out
}

/// Reads lower-case hexadecimal; `None` for anything else.
pub(crate) fn unhex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let nibble = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    if text.len() != N * 2 {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(out)
}

/// An entry taken apart, without copying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub source: &'a str,
    pub id: &'a str,
    pub fact_type: &'a str,
    pub subject: Option<&'a str>,
    pub time_us: i64,
    pub recorded_us: i64,
    pub digest: [u8; 32],
}

impl<'a> Header<'a> {
    /// Takes an entry apart; `None` where it does not have the form.
    pub(crate) fn parse(entry: &'a str) -> Option<Self> {
        let mut lines = entry.split('\n');
        if lines.next()? != MAGIC {
            return None;
        }
        let (source, id, fact_type, subject) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
        let (time_us, recorded_us) = (lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
        let digest = unhex(lines.next()?.as_bytes())?;
        if lines.next() != Some("") || lines.next().is_some() {
            return None;
        }
        let subject = if subject.is_empty() { None } else { Some(subject) };
        Some(Self { source, id, fact_type, subject, time_us, recorded_us, digest })
    }
}

/// Whether an entry states the digest, without taking it apart; for verifying many.
pub(crate) fn states_digest(entry: &[u8], digest: &[u8; 32]) -> bool {
    let mut wanted = [b'\n'; 65];
    for (pair, byte) in wanted.chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    entry.ends_with(&wanted)
}

/// A row of the log as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub seq: u64,
    pub entry: String,
    /// Canonical text; where the fact was redacted, what was retained.
    pub data: String,
    pub extensions: Option<String>,
    /// `None` where the fact was redacted.
    pub salt: Option<Vec<u8>>,
}

impl Stored {
    pub(crate) fn header(&self) -> Result<Header<'_>> {
        Header::parse(&self.entry).ok_or_else(|| self.damaged("it does not have the form of an entry"))
    }

    fn damaged(&self, what: impl Into<String>) -> LedgerError {
        LedgerError::Damaged { seq: self.seq, what: what.into() }
    }

    /// The fact that the row holds.
    pub(crate) fn recorded(&self) -> Result<Recorded> {
        let header = self.header()?;
        let time = |us: i64| Timestamp::from_microsecond(us).map_err(|_| self.damaged("its time is none"));
        let subject = match header.subject {
            None => None,
            Some(text) => Some(Subject::new(text).map_err(|error| self.damaged(error.to_string()))?),
        };
        let data: Value = serde_json::from_str(&self.data).map_err(|error| self.damaged(error.to_string()))?;
        let extensions: Map<String, Value> = match &self.extensions {
            None => Map::new(),
            Some(text) => serde_json::from_str(text).map_err(|error| self.damaged(error.to_string()))?,
        };
        let fact = Fact {
            id: FactId::new(header.id).map_err(|error| self.damaged(error.to_string()))?,
            source: header.source.to_owned(),
            fact_type: header.fact_type.to_owned(),
            subject,
            time: time(header.time_us)?,
            data,
            extensions,
        };
        Ok(Recorded { seq: self.seq, recorded: time(header.recorded_us)?, fact })
    }
}
