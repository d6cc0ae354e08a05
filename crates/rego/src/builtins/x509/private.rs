//! Private keys: PKCS #1, PKCS #8 and SEC 1, in PEM or DER.

use super::show::{certificate, set_point};
use super::{Out, bytes, certificates, number, unpacked};
use crate::builtins::keys::{Curve, Key};
use crate::builtins::pem::{self, Block, URL, curve_of, of_spki};
use crate::builtins::{Answer, text};
use base64::Engine as _;
use regorus::Value;
use ring::signature::KeyPair as _;
use x509_cert::der::asn1::{ContextSpecific, ObjectIdentifier, OctetStringRef, UintRef};
use x509_cert::der::{Decode, Encode, Reader, SliceReader, TagNumber};
use x509_cert::spki::AlgorithmIdentifierRef;

/// How many keys are read at a time.
const KEYS_MAX: usize = 100;

enum Private {
    /// n, e, d, p, q, dp, dq, qi.
    Rsa([Vec<u8>; 8]),
    /// The secret number, and the point that it leads to.
    Ec(Curve, Vec<u8>, Vec<u8>),
    /// The seed, and the public key.
    Ed(Vec<u8>, Vec<u8>),
}

pub(super) fn parse_all(arguments: &[Value]) -> Answer {
    let given = text(arguments, 0)?;
    if given.is_empty() {
        return Ok(Value::Null);
    }
    Ok(Value::from(keys(given)?.iter().map(Private::show).collect::<Result<Vec<_>, _>>()?))
}

/// The first key as a JSON Web Key.
pub(super) fn parse_to_jwk(arguments: &[Value]) -> Answer {
    let given = text(arguments, 0)?;
    if given.is_empty() {
        return Err("there is no key in an empty text".to_owned());
    }
    let found = if given.starts_with("-----BEGIN") {
        keys(given)?
    } else {
        keys(&String::from_utf8(unpacked(given)?).map_err(|error| error.to_string())?)?
    };
    Ok(found.first().map_or(Value::Null, Private::jwk))
}

/// A certificate with its chain and its key; they must belong together.
pub(super) fn parse_pair(arguments: &[Value]) -> Answer {
    let chain = certificates(text(arguments, 0)?)?;
    let leaf = chain.first().ok_or("there is no certificate")?;
    let key = pair_key(text(arguments, 1)?)?;
    if key.public() != of_spki(&leaf.tbs_certificate.subject_public_key_info)? {
        return Err("the key is not that of the certificate".to_owned());
    }
    let mut out = Out::default();
    let raw = |one: &x509_cert::Certificate| one.to_der().map(|der| bytes(&der)).map_err(|error| error.to_string());
    out.set("Certificate", chain.iter().map(raw).collect::<Result<Vec<_>, _>>()?);
    out.set("PrivateKey", key.show()?);
    for name in ["SupportedSignatureAlgorithms", "OCSPStaple", "SignedCertificateTimestamps"] {
        out.set(name, Value::Null);
    }
    out.set("Leaf", certificate(leaf)?);
    Ok(out.done())
}

/// The first private key of a text: PEM, or Base64 of PEM or of DER.
fn pair_key(given: &str) -> Result<Private, String> {
    let mut armoured = given.to_owned();
    if !given.starts_with("-----BEGIN ") {
        let der = unpacked(given)?;
        match String::from_utf8(der) {
            Ok(inner) if inner.starts_with("-----BEGIN") => armoured = inner,
            Ok(other) => return any_form(other.as_bytes()),
            Err(error) => return any_form(error.as_bytes()),
        }
    }
    let mut rest = armoured.as_str();
    while let Some((block, behind)) = pem::first(rest) {
        if block.label == "PRIVATE KEY" || block.label.ends_with(" PRIVATE KEY") {
            return any_form(&block.bytes);
        }
        rest = behind;
    }
    Err("there is no private key".to_owned())
}

fn any_form(der: &[u8]) -> Result<Private, String> {
    let read = pkcs1(der).or_else(|_| pkcs8(der)).or_else(|_| sec1(der, None));
    read.map_err(|_| "the private key is malformed or of a kind that is not known".to_owned())
}

/// All private keys in blocks of PEM, or in Base64 of them.
fn keys(given: &str) -> Result<Vec<Private>, String> {
    let decoded = unpacked(given).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let mut rest = decoded.as_deref().unwrap_or(given);
    let mut out = Vec::new();
    while let Some((Block { label, bytes }, behind)) = pem::first(rest) {
        let key = match label.as_str() {
            "RSA PRIVATE KEY" => Some(pkcs1(&bytes)?),
            "PRIVATE KEY" => Some(pkcs8(&bytes)?),
            "EC PRIVATE KEY" => Some(sec1(&bytes, None)?),
            _ => None,
        };
        out.extend(key);
        if out.len() > KEYS_MAX {
            return Err(format!("there are more than {KEYS_MAX} keys"));
        }
        rest = behind;
    }
    Ok(out)
}

fn wrong(error: x509_cert::der::Error) -> String {
    format!("the private key is malformed: {error}")
}

fn pkcs1(der: &[u8]) -> Result<Private, String> {
    let mut reader = SliceReader::new(der).map_err(wrong)?;
    let parts = reader.sequence(|inner| {
        let version = u8::decode(inner)?;
        let mut parts: [Vec<u8>; 8] = Default::default();
        for part in &mut parts {
            *part = UintRef::decode(inner)?.as_bytes().to_vec();
        }
        if version == 0 { Ok(parts) } else { Err(x509_cert::der::Tag::Integer.value_error()) }
    });
    Ok(Private::Rsa(reader.finish(parts.map_err(wrong)?).map_err(wrong)?))
}

fn pkcs8(der: &[u8]) -> Result<Private, String> {
    let mut reader = SliceReader::new(der).map_err(wrong)?;
    let (algorithm, key) = reader
        .sequence(|inner| {
            u8::decode(inner)?;
            let algorithm = AlgorithmIdentifierRef::decode(inner)?;
            let key = OctetStringRef::decode(inner)?.as_bytes();
            // Attributes and the public key may follow.
            let rest = inner.remaining_len();
            inner.read_slice(rest)?;
            Ok((algorithm, key))
        })
        .map_err(wrong)?;
    match algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => pkcs1(key),
        "1.2.840.10045.2.1" => sec1(key, algorithm.parameters_oid().ok()),
        "1.3.101.112" => {
            let seed = OctetStringRef::from_der(key).map_err(wrong)?.as_bytes();
            let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(seed).map_err(|error| error.to_string())?;
            Ok(Private::Ed(seed.to_vec(), pair.public_key().as_ref().to_vec()))
        }
        other => Err(format!("private keys of the kind {other} are not known")),
    }
}

/// The curve stands in the key or around it.
fn sec1(der: &[u8], around: Option<ObjectIdentifier>) -> Result<Private, String> {
    let mut reader = SliceReader::new(der).map_err(wrong)?;
    let (secret, within) = reader
        .sequence(|inner| {
            u8::decode(inner)?;
            let secret = OctetStringRef::decode(inner)?.as_bytes();
            let within = ContextSpecific::<ObjectIdentifier>::decode_explicit(inner, TagNumber::N0)?;
            let rest = inner.remaining_len();
            inner.read_slice(rest)?;
            Ok((secret, within.map(|within| within.value)))
        })
        .map_err(wrong)?;
    let curve = curve_of(within.or(around).ok_or("the private key names no curve")?)?;
    let mut padded = vec![0; curve.width().saturating_sub(secret.len())];
    padded.extend(secret);
    let none = |_| "the private key is none of its curve".to_owned();
    let point = match curve {
        Curve::P256 => p256::ecdsa::SigningKey::from_slice(&padded)
            .map_err(none)?
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
        Curve::P384 => p384::ecdsa::SigningKey::from_slice(&padded)
            .map_err(none)?
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
        Curve::P521 => p521::ecdsa::SigningKey::from_slice(&padded)
            .map_err(none)?
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
    };
    Ok(Private::Ec(curve, padded, point))
}

impl Private {
    fn public(&self) -> Key {
        match self {
            Self::Rsa([n, e, ..]) => Key::Rsa { n: n.clone(), e: e.clone() },
            Self::Ec(curve, _, point) => Key::Ec(*curve, point.clone()),
            Self::Ed(_, public) => Key::Ed(public.clone()),
        }
    }

    /// As Go writes it.
    fn show(&self) -> Answer {
        let mut out = Out::default();
        match self {
            Self::Rsa([n, e, d, p, q, dp, dq, qi]) => {
                for (name, part) in [("N", n), ("E", e), ("D", d)] {
                    out.set(name, number(part)?);
                }
                out.set("Primes", vec![number(p)?, number(q)?]);
                let mut precomputed = Out::default();
                for (name, part) in [("Dp", dp), ("Dq", dq), ("Qinv", qi)] {
                    precomputed.set(name, number(part)?);
                }
                precomputed.set("CRTValues", Vec::new());
                out.set("Precomputed", precomputed.done());
            }
            Self::Ec(curve, secret, point) => {
                set_point(&mut out, *curve, point)?;
                out.set("D", number(secret)?);
            }
            Self::Ed(seed, public) => return Ok(bytes(&[seed.as_slice(), public].concat())),
        }
        Ok(out.done())
    }

    fn jwk(&self) -> Value {
        let mut out = Out::default();
        match self {
            Self::Rsa(parts) => {
                out.set("kty", "RSA");
                for (name, part) in ["n", "e", "d", "p", "q", "dp", "dq", "qi"].iter().zip(parts) {
                    out.set(name, URL.encode(part));
                }
            }
            Self::Ec(curve, secret, point) => {
                let (width, name) = match curve {
                    Curve::P256 => (32, "P-256"),
                    Curve::P384 => (48, "P-384"),
                    Curve::P521 => (66, "P-521"),
                };
                out.set("kty", "EC");
                out.set("crv", name);
                out.set("x", URL.encode(&point[1..=width]));
                out.set("y", URL.encode(&point[1 + width..]));
                out.set("d", URL.encode(secret));
            }
            Self::Ed(seed, public) => {
                out.set("kty", "OKP");
                out.set("crv", "Ed25519");
                out.set("x", URL.encode(public));
                out.set("d", URL.encode(seed));
            }
        }
        out.done()
    }
}
