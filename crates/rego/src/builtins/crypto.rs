//! Digests and message authentication codes: `crypto.md5`, `crypto.sha1`, `crypto.sha256`, `crypto.hmac.*`.

use super::{Answer, Function, text};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use regorus::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use std::fmt::Write as _;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("crypto.hmac.equal", 2, |a| Ok(Value::from(text(a, 0)? == text(a, 1)?))),
    ("crypto.hmac.md5", 2, |a| code(Hmac::<Md5>::new_from_slice(text(a, 1)?.as_bytes()), a)),
    ("crypto.hmac.sha1", 2, |a| code(Hmac::<Sha1>::new_from_slice(text(a, 1)?.as_bytes()), a)),
    ("crypto.hmac.sha256", 2, |a| code(Hmac::<Sha256>::new_from_slice(text(a, 1)?.as_bytes()), a)),
    ("crypto.hmac.sha512", 2, |a| code(Hmac::<Sha512>::new_from_slice(text(a, 1)?.as_bytes()), a)),
    ("crypto.md5", 1, |a| Ok(Value::from(hex(&Md5::digest(text(a, 0)?))))),
    ("crypto.sha1", 1, |a| Ok(Value::from(hex(&Sha1::digest(text(a, 0)?))))),
    ("crypto.sha256", 1, |a| Ok(Value::from(hex(&Sha256::digest(text(a, 0)?))))),
];

fn code<M: Mac, E: std::fmt::Display>(mac: Result<M, E>, arguments: &[Value]) -> Answer {
    let mut mac = mac.map_err(|error| error.to_string())?;
    mac.update(text(arguments, 0)?.as_bytes());
    Ok(Value::from(hex(&mac.finalize().into_bytes())))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
