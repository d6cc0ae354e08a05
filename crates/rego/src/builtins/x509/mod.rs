//! X.509: `crypto.x509.*` and `crypto.parse_private_keys`. What is read is shown as Go's standard library would write it as
//! JSON, because that is the shape that policies know.

mod extensions;
mod private;
mod show;
mod verify;

use super::pem::{self, STANDARD};
use super::{Answer, Function, Timed, text};
use base64::Engine as _;
use regorus::Value;
use std::collections::BTreeMap;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::request::CertReq;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("crypto.parse_private_keys", 1, private::parse_all),
    ("crypto.x509.parse_certificate_request", 1, parse_request),
    ("crypto.x509.parse_certificates", 1, |a| {
        Ok(Value::from(certificates(text(a, 0)?)?.iter().map(show::extended).collect::<Result<Vec<_>, _>>()?))
    }),
    ("crypto.x509.parse_keypair", 2, private::parse_pair),
    ("crypto.x509.parse_rsa_private_key", 1, private::parse_to_jwk),
];

pub(super) const TIMED: &[(&str, u8, Timed)] = &[
    ("crypto.x509.parse_and_verify_certificates", 1, |a, now_ns| verified(text(a, 0)?, verify::Options::at(now_ns))),
    ("crypto.x509.parse_and_verify_certificates_with_options", 2, |a, now_ns| {
        verified(text(a, 0)?, verify::Options::of(a.get(1).unwrap_or(&Value::Undefined), now_ns)?)
    }),
];

/// How many certificates are read at a time.
const CERTIFICATES_MAX: usize = 1000;

/// An object of members in the order in which they are added.
#[derive(Default)]
struct Out(BTreeMap<Value, Value>);

impl Out {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(Value::from(name), value.into());
    }

    fn done(self) -> Value {
        Value::from(self.0)
    }
}

/// Bytes as Go writes them.
fn bytes(bytes: &[u8]) -> Value {
    Value::from(STANDARD.encode(bytes))
}

/// A list as Go writes it: null where it is empty.
fn list(items: Vec<Value>) -> Value {
    if items.is_empty() { Value::Null } else { Value::from(items) }
}

/// A whole number of any size, the greatest byte first.
fn number(bytes: &[u8]) -> Answer {
    const BASE: u64 = 1_000_000_000;
    /// Larger than that of any key in use: 32,768 bits.
    const BYTES_MAX: usize = 4096;
    if bytes.len() > BYTES_MAX {
        return Err("a number is too large".to_owned());
    }
    // Parts of nine decimal digits, the lowest first.
    let mut parts: Vec<u64> = vec![0];
    for byte in bytes {
        let mut carry = u64::from(*byte);
        for part in &mut parts {
            let next = *part * 256 + carry;
            (*part, carry) = (next % BASE, next / BASE);
        }
        if carry > 0 {
            parts.push(carry);
        }
    }
    let mut digits = parts.last().map_or_else(String::new, u64::to_string);
    parts.iter().rev().skip(1).for_each(|part| digits.push_str(&format!("{part:09}")));
    Value::from_numeric_string(&digits).map_err(|error| error.to_string())
}

/// Base64 as Go reads it: with padding, and with line breaks.
fn unpacked(text: &str) -> Result<Vec<u8>, String> {
    let packed: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    if !packed.len().is_multiple_of(4) {
        return Err("the text is neither PEM nor Base64".to_owned());
    }
    STANDARD.decode(packed).map_err(|error| format!("the text is neither PEM nor Base64: {error}"))
}

/// The certificates of a text: PEM, or Base64 of PEM or of DER.
fn certificates(given: &str) -> Result<Vec<Certificate>, String> {
    if given.starts_with("-----BEGIN") {
        return of_pem(given);
    }
    let decoded = unpacked(given)?;
    match std::str::from_utf8(&decoded) {
        Ok(inner) if inner.starts_with("-----BEGIN") => of_pem(inner),
        _ => of_der(&decoded),
    }
}

fn of_pem(text: &str) -> Result<Vec<Certificate>, String> {
    let mut der = Vec::new();
    let mut rest = text;
    while let Some((block, behind)) = pem::first(rest) {
        if block.label != "CERTIFICATE" {
            return Err(format!("a block of PEM holds a {}, not a certificate", block.label));
        }
        der.extend(block.bytes);
        rest = behind;
    }
    of_der(&der)
}

fn of_der(der: &[u8]) -> Result<Vec<Certificate>, String> {
    let wrong = |error: x509_cert::der::Error| format!("the certificate is malformed: {error}");
    let mut reader = SliceReader::new(der).map_err(wrong)?;
    let mut out = Vec::new();
    while !reader.is_finished() {
        if out.len() >= CERTIFICATES_MAX {
            return Err(format!("there are more than {CERTIFICATES_MAX} certificates"));
        }
        out.push(Certificate::decode(&mut reader).map_err(wrong)?);
    }
    Ok(out)
}

fn parse_request(arguments: &[Value]) -> Answer {
    let given = text(arguments, 0)?;
    let mut der = Vec::new();
    let mut armoured = Some(given.to_owned());
    if !given.starts_with("-----BEGIN CERTIFICATE REQUEST-----") {
        der = unpacked(given)?;
        armoured = String::from_utf8(der.clone()).ok();
    }
    if let Some((block, _)) = armoured.as_deref().and_then(pem::first) {
        if block.label != "CERTIFICATE REQUEST" {
            return Err(format!("the block of PEM holds a {}, not a certificate request", block.label));
        }
        der = block.bytes;
    }
    let request = CertReq::from_der(&der).map_err(|error| format!("the certificate request is malformed: {error}"))?;
    show::request(&request)
}

/// `[true, chain]`, from the last certificate to the first, or `[false, []]`.
fn verified(given: &str, options: verify::Options) -> Answer {
    let chain = certificates(given).and_then(|all| verify::chain(&all, &options));
    let (valid, chain) = match chain {
        Ok(chain) => (true, chain.iter().map(show::extended).collect::<Result<Vec<_>, _>>()?),
        Err(_) => (false, Vec::new()),
    };
    Ok(Value::from(vec![Value::from(valid), Value::from(chain)]))
}
