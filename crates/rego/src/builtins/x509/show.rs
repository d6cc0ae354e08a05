//! Certificates and requests as Go's `crypto/x509` writes them as JSON.

use super::extensions::{Alternatives, Known, extensions, oid};
use super::{Out, bytes, list, number};
use crate::builtins::Answer;
use crate::builtins::keys::{Curve, Key};
use crate::builtins::pem::of_spki;
use regorus::Value;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{BmpString, ObjectIdentifier};
use x509_cert::der::{Decode, Encode, Tag, Tagged};
use x509_cert::name::Name;
use x509_cert::request::{CertReq, ExtensionReq};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::Time;

fn der(value: &impl Encode) -> Answer {
    Ok(bytes(&value.to_der().map_err(|error| error.to_string())?))
}

/// A certificate with its URIs as texts beside it, as OPA adds them.
pub(super) fn extended(certificate: &Certificate) -> Answer {
    let mut out = certificate_members(certificate)?;
    let uris = extensions(certificate.tbs_certificate.extensions.as_deref().unwrap_or_default())?.alternatives.uris;
    out.set("URIStrings", list(uris.iter().map(|uri| Value::from(uri.as_str())).collect()));
    Ok(out.done())
}

/// A certificate.
pub(super) fn certificate(certificate: &Certificate) -> Answer {
    Ok(certificate_members(certificate)?.done())
}

fn certificate_members(certificate: &Certificate) -> Result<Out, String> {
    let tbs = &certificate.tbs_certificate;
    let mut out = Out::default();
    out.set("Raw", der(certificate)?);
    out.set("RawTBSCertificate", der(tbs)?);
    out.set("RawSubjectPublicKeyInfo", der(&tbs.subject_public_key_info)?);
    out.set("RawSubject", der(&tbs.subject)?);
    out.set("RawIssuer", der(&tbs.issuer)?);
    out.set("Signature", bytes(certificate.signature.raw_bytes()));
    out.set("SignatureAlgorithm", signature_algorithm(&certificate.signature_algorithm));
    set_key(&mut out, &tbs.subject_public_key_info)?;
    out.set("Version", u64::from(tbs.version as u8) + 1);
    out.set("SerialNumber", number(tbs.serial_number.as_bytes())?);
    out.set("Issuer", name(&tbs.issuer));
    out.set("Subject", name(&tbs.subject));
    out.set("NotBefore", time(&tbs.validity.not_before));
    out.set("NotAfter", time(&tbs.validity.not_after));
    let known: Known = extensions(tbs.extensions.as_deref().unwrap_or_default())?;
    set_alternatives(&mut out, &known.alternatives);
    known.show(&mut out);
    Ok(out)
}

/// A certificate request.
pub(super) fn request(request: &CertReq) -> Answer {
    let info = &request.info;
    let mut out = Out::default();
    out.set("Raw", der(request)?);
    out.set("RawTBSCertificateRequest", der(info)?);
    out.set("RawSubjectPublicKeyInfo", der(&info.public_key)?);
    out.set("RawSubject", der(&info.subject)?);
    out.set("Version", u64::from(info.version as u8));
    out.set("Signature", bytes(request.signature.raw_bytes()));
    out.set("SignatureAlgorithm", signature_algorithm(&request.algorithm));
    set_key(&mut out, &info.public_key)?;
    out.set("Subject", name(&info.subject));
    // Go keeps attributes of one shape only, and says that nobody should use them.
    out.set("Attributes", Value::from(Vec::new()));
    let asked = info.attributes.iter().find(|one| one.oid == ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14"));
    let asked = asked.and_then(|one| one.values.get(0)).and_then(|any| any.decode_as::<ExtensionReq>().ok());
    let known = extensions(&asked.map(|asked| asked.0).unwrap_or_default())?;
    out.set("Extensions", list(known.shown));
    out.set("ExtraExtensions", Value::Null);
    set_alternatives(&mut out, &known.alternatives);
    Ok(out.done())
}

fn set_alternatives(out: &mut Out, names: &Alternatives) {
    let texts = |all: &[String]| list(all.iter().map(|one| Value::from(one.as_str())).collect());
    out.set("DNSNames", texts(&names.dns));
    out.set("EmailAddresses", texts(&names.emails));
    out.set("IPAddresses", texts(&names.addresses));
    out.set("URIs", list(names.uris.iter().map(|uri| url(uri)).collect()));
}

/// A URI as Go takes it apart.
fn url(text: &str) -> Value {
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (scheme, rest) = rest.split_once(':').unwrap_or(("", rest));
    let (mut host, mut path, mut opaque) = ("", rest, "");
    if let Some(behind) = rest.strip_prefix("//") {
        (host, path) = behind.find('/').map_or((behind, ""), |at| behind.split_at(at));
    } else if !scheme.is_empty() && !rest.starts_with('/') {
        (path, opaque) = ("", rest);
    }
    let mut out = Out::default();
    out.set("Scheme", scheme.to_lowercase());
    out.set("Opaque", opaque);
    out.set("User", Value::Null);
    out.set("Host", host);
    out.set("Path", path);
    out.set("RawPath", "");
    out.set("OmitHost", false);
    out.set("ForceQuery", query == Some(""));
    out.set("RawQuery", query.unwrap_or_default());
    out.set("Fragment", fragment);
    out.set("RawFragment", "");
    out.done()
}

fn time(time: &Time) -> Value {
    Value::from(time.to_date_time().to_string())
}

fn set_key(out: &mut Out, info: &SubjectPublicKeyInfoOwned) -> Result<(), String> {
    // A key of a kind that is not known is shown without its parts, as Go does.
    let (algorithm, key) = match of_spki(info) {
        Ok(key) => public(&key)?,
        Err(_) => (0u64, Value::Null),
    };
    out.set("PublicKeyAlgorithm", algorithm);
    out.set("PublicKey", key);
    Ok(())
}

/// The number of a public key's algorithm, and the key.
fn public(key: &Key) -> Result<(u64, Value), String> {
    let mut out = Out::default();
    Ok(match key {
        Key::Rsa { n, e } => {
            out.set("N", number(n)?);
            out.set("E", number(e)?);
            (1, out.done())
        }
        Key::Ec(curve, point) => {
            set_point(&mut out, *curve, point)?;
            (3, out.done())
        }
        Key::Ed(key) => (4, bytes(key)),
        Key::Secret(_) => (0, Value::Null),
    })
}

/// Both coordinates of a point that is written in full.
pub(super) fn set_point(out: &mut Out, curve: Curve, point: &[u8]) -> Result<(), String> {
    let width = curve.width();
    let (Some(4), Some(x), Some(y)) = (point.first(), point.get(1..=width), point.get(1 + width..)) else {
        return Err("the point of the key is not written in full".to_owned());
    };
    out.set("Curve", Out::default().done());
    out.set("X", number(x)?);
    out.set("Y", number(y)?);
    Ok(())
}

/// Go's number of a signature algorithm; 0 where it is not known.
fn signature_algorithm(algorithm: &AlgorithmIdentifierOwned) -> u64 {
    match algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.2" => 1,
        "1.2.840.113549.1.1.4" => 2,
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => 3,
        "1.2.840.113549.1.1.11" => 4,
        "1.2.840.113549.1.1.12" => 5,
        "1.2.840.113549.1.1.13" => 6,
        "1.2.840.10040.4.3" => 7,
        "2.16.840.1.101.3.4.3.2" => 8,
        "1.2.840.10045.4.1" => 9,
        "1.2.840.10045.4.3.2" => 10,
        "1.2.840.10045.4.3.3" => 11,
        "1.2.840.10045.4.3.4" => 12,
        "1.2.840.113549.1.1.10" => pss(algorithm),
        "1.3.101.112" => 16,
        _ => 0,
    }
}

/// PSS says which digest it takes in its parameters; the first of their fields begins with it.
fn pss(algorithm: &AlgorithmIdentifierOwned) -> u64 {
    let parameters = algorithm.parameters.as_ref().and_then(|any| any.to_der().ok()).unwrap_or_default();
    let digests = [("2.16.840.1.101.3.4.2.1", 13), ("2.16.840.1.101.3.4.2.2", 14), ("2.16.840.1.101.3.4.2.3", 15)];
    let found = digests.iter().find(|(digest, _)| {
        let digest = ObjectIdentifier::new_unwrap(digest);
        parameters.windows(digest.as_bytes().len()).any(|window| window == digest.as_bytes())
    });
    found.map_or(0, |(_, number)| *number)
}

/// A distinguished name.
pub(super) fn name(name: &Name) -> Value {
    const LISTS: [(&str, &str); 7] = [
        ("2.5.4.6", "Country"),
        ("2.5.4.7", "Locality"),
        ("2.5.4.8", "Province"),
        ("2.5.4.9", "StreetAddress"),
        ("2.5.4.10", "Organization"),
        ("2.5.4.11", "OrganizationalUnit"),
        ("2.5.4.17", "PostalCode"),
    ];
    let parts: Vec<(&AttributeTypeAndValue, Option<String>)> =
        name.0.iter().flat_map(|set| set.0.iter()).map(|part| (part, value(part))).collect();
    let of = |oid: &str| {
        let oid = ObjectIdentifier::new_unwrap(oid);
        parts.iter().filter(move |(part, _)| part.oid == oid).filter_map(|(_, value)| value.as_deref())
    };
    let mut out = Out::default();
    for (oid, member) in LISTS {
        out.set(member, list(of(oid).map(Value::from).collect()));
    }
    out.set("SerialNumber", of("2.5.4.5").next_back().unwrap_or_default());
    out.set("CommonName", of("2.5.4.3").next_back().unwrap_or_default());
    let names = parts.iter().map(|(part, value)| {
        let mut out = Out::default();
        out.set("Type", oid(&part.oid));
        out.set("Value", value.as_deref().map_or(Value::Null, Value::from));
        out.done()
    });
    out.set("Names", list(names.collect()));
    out.set("ExtraNames", Value::Null);
    out.done()
}

/// The text of a part of a name, whatever kind of text it is.
fn value(part: &AttributeTypeAndValue) -> Option<String> {
    let content = part.value.value();
    match part.value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            std::str::from_utf8(content).ok().map(str::to_owned)
        }
        // In practice Latin 1.
        Tag::TeletexString => Some(content.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => {
            let whole = part.value.to_der().ok()?;
            BmpString::from_der(&whole).ok().map(|text| text.to_string())
        }
        _ => None,
    }
}
