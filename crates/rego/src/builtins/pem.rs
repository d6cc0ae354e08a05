//! PEM (RFC 7468), and the public keys in what it holds.

use super::keys::{Curve, Key};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Encode, Reader, SliceReader};
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Base64 with `+` and `/`; padding may be there.
pub(super) const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
/// Base64 with `-` and `_`; padding may be there, none is written.
pub(super) const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT.with_encode_padding(false));

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// How many beginnings of blocks are tried before a text counts as none of PEM: each may take a look at all of it.
const BEGINNINGS_MAX: usize = 100;

/// A block of PEM: what it says that it holds, and that.
pub(super) struct Block {
    pub label: String,
    pub bytes: Vec<u8>,
}

/// The first block of a text, and the text behind it.
pub(super) fn first(text: &str) -> Option<(Block, &str)> {
    let mut rest = text;
    for _ in 0..BEGINNINGS_MAX {
        let (_, behind) = rest.split_once("-----BEGIN ")?;
        let (label, body) = behind.split_once("-----")?;
        let end = format!("-----END {label}-----");
        let Some((body, after)) = body.split_once(end.as_str()) else {
            rest = behind;
            continue;
        };
        // Headers, as of encrypted keys, end with an empty line.
        let body = if body.contains(':') { body.split_once("\n\n").map_or("", |(_, body)| body) } else { body };
        let packed: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        match STANDARD.decode(packed) {
            Ok(bytes) => return Some((Block { label: label.to_owned(), bytes }, after.trim_start())),
            Err(_) => rest = behind,
        }
    }
    None
}

/// The public key of the only block of a text: a certificate's, or one that stands by itself.
pub(super) fn public_key(block: &Block, rest: &str) -> Result<Key, String> {
    if !rest.is_empty() {
        return Err("there is more behind the block of PEM".to_owned());
    }
    match block.label.as_str() {
        "CERTIFICATE" => {
            let certificate = Certificate::from_der(&block.bytes).map_err(|error| error.to_string())?;
            of_spki(&certificate.tbs_certificate.subject_public_key_info)
        }
        "PUBLIC KEY" => {
            let key = SubjectPublicKeyInfoOwned::from_der(&block.bytes).map_err(|error| error.to_string())?;
            of_spki(&key)
        }
        other => Err(format!("a block of PEM that holds a {other} has no public key")),
    }
}

/// The key in a `SubjectPublicKeyInfo`.
pub(super) fn of_spki(info: &SubjectPublicKeyInfoOwned) -> Result<Key, String> {
    let der = info.to_der().map_err(|error| error.to_string())?;
    let info = SubjectPublicKeyInfoRef::from_der(&der).map_err(|error| error.to_string())?;
    let bits = info.subject_public_key.as_bytes().ok_or("the key is no row of bytes")?;
    match info.algorithm.oid {
        RSA => {
            let (n, e) = numbers(bits).map_err(|error| error.to_string())?;
            Ok(Key::Rsa { n, e })
        }
        EC => {
            let named = info.algorithm.parameters_oid().map_err(|error| error.to_string())?;
            Ok(Key::Ec(curve_of(named)?, bits.to_vec()))
        }
        ED25519 => Ok(Key::Ed(bits.to_vec())),
        other => Err(format!("keys of the kind {other} are not known")),
    }
}

/// The curve of a name.
pub(super) fn curve_of(oid: ObjectIdentifier) -> Result<Curve, String> {
    match oid {
        P256 => Ok(Curve::P256),
        P384 => Ok(Curve::P384),
        P521 => Ok(Curve::P521),
        other => Err(format!("the curve {other} is not known")),
    }
}

/// Modulus and exponent of a key of PKCS #1.
fn numbers(der: &[u8]) -> x509_cert::der::Result<(Vec<u8>, Vec<u8>)> {
    let mut reader = SliceReader::new(der)?;
    let found = reader.sequence(|inner| {
        let (n, e) = (UintRef::decode(inner)?, UintRef::decode(inner)?);
        Ok((n.as_bytes().to_vec(), e.as_bytes().to_vec()))
    })?;
    reader.finish(found)
}
