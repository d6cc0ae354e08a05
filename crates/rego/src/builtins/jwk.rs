//! JSON Web Keys (RFC 7517, RFC 7518, RFC 8037): one, or a set of them.

use super::keys::{Algorithm, Curve, Key, Signer};
use super::pem::{self, URL};
use base64::Engine as _;
use serde_json::Value as Json;

/// How many keys a set may have.
const KEYS_MAX: usize = 1000;

/// A key that verifies, with what its set says of it.
pub(super) struct Known {
    /// `None` for one that can be read and verifies nothing: a private one.
    pub key: Option<Key>,
    pub algorithm: String,
    pub id: String,
}

/// The keys of a text: a block of PEM, a JSON Web Key or a set of them. A key for an algorithm that is not known is left
/// out; one that cannot be read is an error, so that a broken set trusts nobody.
pub(super) fn trusted(text: &str) -> Result<Vec<Known>, String> {
    if let Some((block, rest)) = pem::first(text) {
        let key = pem::public_key(&block, rest)?;
        return Ok(vec![Known { key: Some(key), algorithm: String::new(), id: String::new() }]);
    }
    let mut out = Vec::new();
    for json in members(text)? {
        let key = public(&json)?;
        let named = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let (algorithm, id) = (named("alg"), named("kid"));
        if algorithm.is_empty() || Algorithm::of(&algorithm).is_some() {
            out.push(Known { key, algorithm, id });
        }
    }
    Ok(out)
}

/// The key of a text that signs: the first of a set.
pub(super) fn signer(text: &str) -> Result<Signer, String> {
    let json = members(text)?.into_iter().next().ok_or("the set has no key")?;
    let part = |name: &str| bytes(&json, name);
    match json["kty"].as_str().unwrap_or_default() {
        "oct" => Ok(Signer::Secret(part("k")?)),
        "RSA" => {
            let mut parts: [Vec<u8>; 8] = Default::default();
            for (into, name) in parts.iter_mut().zip(["n", "e", "d", "p", "q", "dp", "dq", "qi"]) {
                *into = part(name)?;
            }
            Ok(Signer::Rsa(Box::new(parts.map(unpadded))))
        }
        "EC" => {
            let curve = curve(&json)?;
            Ok(Signer::Ec(curve, padded(part("d")?, curve.width())?))
        }
        "OKP" if json["crv"] == "Ed25519" => Ok(Signer::Ed(part("d")?)),
        other => Err(format!("keys of the kind {other:?} are not known")),
    }
}

fn members(text: &str) -> Result<Vec<Json>, String> {
    let json: Json = serde_json::from_str(text).map_err(|error| format!("the key is neither PEM nor JSON: {error}"))?;
    match json {
        Json::Object(mut map) => match map.remove("keys") {
            Some(Json::Array(keys)) if keys.len() <= KEYS_MAX => Ok(keys),
            Some(Json::Array(_)) => Err(format!("the set has more than {KEYS_MAX} keys")),
            Some(_) => Err("`keys` must be an array".to_owned()),
            None => Ok(vec![Json::Object(map)]),
        },
        _ => Err("the key must be an object".to_owned()),
    }
}

fn public(json: &Json) -> Result<Option<Key>, String> {
    let part = |name: &str| bytes(json, name);
    let key = match json["kty"].as_str().unwrap_or_default() {
        "oct" => return Ok(Some(Key::Secret(part("k")?))),
        "RSA" => Key::Rsa { n: unpadded(part("n")?), e: unpadded(part("e")?) },
        "EC" => {
            let curve = curve(json)?;
            let mut point = vec![4];
            point.extend(padded(part("x")?, curve.width())?);
            point.extend(padded(part("y")?, curve.width())?);
            Key::Ec(curve, point)
        }
        "OKP" if json["crv"] == "Ed25519" => Key::Ed(part("x")?),
        other => return Err(format!("keys of the kind {other:?} are not known")),
    };
    Ok(json["d"].is_null().then_some(key))
}

fn curve(json: &Json) -> Result<Curve, String> {
    match json["crv"].as_str().unwrap_or_default() {
        "P-256" => Ok(Curve::P256),
        "P-384" => Ok(Curve::P384),
        "P-521" => Ok(Curve::P521),
        other => Err(format!("the curve {other:?} is not known")),
    }
}

fn bytes(json: &Json, name: &str) -> Result<Vec<u8>, String> {
    let text = json[name].as_str().ok_or_else(|| format!("the key has no `{name}`"))?;
    URL.decode(text).map_err(|error| format!("`{name}` of the key: {error}"))
}

fn unpadded(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

fn padded(number: Vec<u8>, width: usize) -> Result<Vec<u8>, String> {
    let number = unpadded(number);
    let missing = width.checked_sub(number.len()).ok_or("a number of the key is too large for its curve")?;
    let mut out = vec![0; missing];
    out.extend(number);
    Ok(out)
}
