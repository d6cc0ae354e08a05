//! JSON Web Tokens: `io.jwt.*` but for encryption. Tokens are in the compact form of RFC 7515.
//!
//! What is not a token is an error; a token that is one and may not be trusted is `false`.

use super::jwk::{self, Known};
use super::keys::{Algorithm, Hash, Key};
use super::pem::URL;
use super::{Answer, Function, Timed, json, text};
use base64::Engine as _;
use regorus::Value;
use std::collections::BTreeMap;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("io.jwt.decode", 1, decode),
    ("io.jwt.encode_sign", 3, |a| sign(&marshalled(&a[0])?, &marshalled(&a[1])?, &marshalled(&a[2])?)),
    ("io.jwt.encode_sign_raw", 3, |a| sign(text(a, 0)?, text(a, 1)?, text(a, 2)?)),
    ("io.jwt.verify_eddsa", 2, |a| verify(a, Algorithm::Ed)),
    ("io.jwt.verify_es256", 2, |a| verify(a, Algorithm::Es(Hash::Sha256))),
    ("io.jwt.verify_es384", 2, |a| verify(a, Algorithm::Es(Hash::Sha384))),
    ("io.jwt.verify_es512", 2, |a| verify(a, Algorithm::Es(Hash::Sha512))),
    ("io.jwt.verify_hs256", 2, |a| verify_secret(a, Hash::Sha256)),
    ("io.jwt.verify_hs384", 2, |a| verify_secret(a, Hash::Sha384)),
    ("io.jwt.verify_hs512", 2, |a| verify_secret(a, Hash::Sha512)),
    ("io.jwt.verify_ps256", 2, |a| verify(a, Algorithm::Ps(Hash::Sha256))),
    ("io.jwt.verify_ps384", 2, |a| verify(a, Algorithm::Ps(Hash::Sha384))),
    ("io.jwt.verify_ps512", 2, |a| verify(a, Algorithm::Ps(Hash::Sha512))),
    ("io.jwt.verify_rs256", 2, |a| verify(a, Algorithm::Rs(Hash::Sha256))),
    ("io.jwt.verify_rs384", 2, |a| verify(a, Algorithm::Rs(Hash::Sha384))),
    ("io.jwt.verify_rs512", 2, |a| verify(a, Algorithm::Rs(Hash::Sha512))),
];

pub(super) const TIMED: &[(&str, u8, Timed)] = &[("io.jwt.decode_verify", 2, decode_verify)];

/// A token with its header taken apart.
struct Token<'t> {
    signed: &'t str,
    payload: &'t str,
    signature: &'t str,
    header: Value,
}

/// The members of a header that decide something; one that is not a text is an error.
struct Header {
    algorithm: String,
    key_id: String,
    content: String,
    /// Whether it has a member that must be understood and is not.
    critical: bool,
}

impl<'t> Token<'t> {
    fn of(given: &'t str) -> Result<Self, String> {
        let parts: Vec<&str> = given.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(format!("a token has 3 parts with periods between them, not {}", parts.len()));
        };
        let signed = &given[..header.len() + 1 + payload.len()];
        let header = object(&decoded("header", header)?)?;
        if member(&header, "enc").is_some() {
            return Err("the token is encrypted, which is not supported".to_owned());
        }
        Ok(Self { signed, payload, signature, header })
    }

    fn members(&self) -> Result<Header, String> {
        let named = |name: &str| match member(&self.header, name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.to_string()),
            Some(_) => Err(format!("`{name}` of the header must be a text")),
        };
        named("typ")?;
        let critical = match member(&self.header, "crit") {
            None => false,
            Some(Value::Array(names)) if !names.is_empty() => {
                let known = ["alg", "kid", "typ", "cty", "crit"].map(Value::from);
                names.iter().any(|name| !known.contains(name) && header_has(&self.header, name))
            }
            Some(_) => return Err("`crit` of the header must be a list that is not empty".to_owned()),
        };
        Ok(Header { algorithm: named("alg")?, key_id: named("kid")?, content: named("cty")?, critical })
    }
}

fn header_has(header: &Value, name: &Value) -> bool {
    matches!(header, Value::Object(entries) if entries.get(name).is_some())
}

fn member<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    match object {
        Value::Object(entries) => entries.get(&Value::from(name)),
        _ => None,
    }
}

fn decoded(what: &str, part: &str) -> Result<Vec<u8>, String> {
    URL.decode(part).map_err(|error| format!("the {what} of the token: {error}"))
}

fn object(bytes: &[u8]) -> Answer {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    match Value::from_json_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("the token must hold an object".to_owned()),
        Err(error) => Err(format!("the token must hold JSON: {error}")),
    }
}

/// The payload of a token as a token itself, for a token in a token. Some quote it.
fn inner(payload: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(payload).map_err(|error| error.to_string())?;
    Ok(text.trim_matches(['"', '\'']).to_owned())
}

/// Takes a token apart, and the tokens in it, without asking whether to trust it.
fn decode(arguments: &[Value]) -> Answer {
    let mut given = text(arguments, 0)?.to_owned();
    // Every round has a shorter text.
    loop {
        let token = Token::of(&given)?;
        let content = member(&token.header, "cty");
        let payload = decoded("payload", token.payload)?;
        match content {
            Some(Value::String(content)) if &**content == "JWT" => given = inner(&payload)?,
            None | Some(Value::String(_)) => {
                let signature = super::crypto::hex(&decoded("signature", token.signature)?);
                return Ok(Value::from(vec![token.header, object(&payload)?, Value::from(signature)]));
            }
            Some(_) => return Err("`cty` of the header must be a text".to_owned()),
        }
    }
}

fn verify_secret(arguments: &[Value], hash: Hash) -> Answer {
    let (given, secret) = (text(arguments, 0)?, text(arguments, 1)?);
    let parts: Vec<&str> = given.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else {
        return Err(format!("a token has 3 parts with periods between them, not {}", parts.len()));
    };
    let signed = &given[..header.len() + 1 + payload.len()];
    let key = Key::Secret(secret.as_bytes().to_vec());
    Ok(Value::from(key.verifies(Algorithm::Hs(hash), signed.as_bytes(), &decoded("signature", signature)?)))
}

fn verify(arguments: &[Value], algorithm: Algorithm) -> Answer {
    let given = text(arguments, 0)?;
    let keys = jwk::trusted(text(arguments, 1)?)?;
    let token = Token::of(given)?;
    let signature = decoded("signature", token.signature)?;
    let header = token.members()?;
    Ok(Value::from(signed_by(&keys, &header, algorithm, token.signed, &signature)))
}

/// Whether one of the keys signed a token. A key that the header names is the only one that counts; else each does that
/// is for the header's algorithm or for none in particular.
fn signed_by(keys: &[Known], header: &Header, algorithm: Algorithm, signed: &str, signature: &[u8]) -> bool {
    let verifies =
        |known: &Known| known.key.as_ref().is_some_and(|key| key.verifies(algorithm, signed.as_bytes(), signature));
    if let Some(named) = keys.iter().find(|known| !header.key_id.is_empty() && known.id == header.key_id) {
        return verifies(named);
    }
    keys.iter().any(|known| (known.algorithm.is_empty() || known.algorithm == header.algorithm) && verifies(known))
}

/// What a token has to meet.
struct Constraints {
    keys: Vec<Known>,
    algorithm: Option<String>,
    issuer: Option<String>,
    audience: String,
    time_s: Option<f64>,
}

impl Constraints {
    fn of(value: &Value, now_ns: Option<i64>) -> Result<Self, String> {
        let Value::Object(entries) = value else { return Err("constraints must be an object".to_owned()) };
        let (mut keys, mut secret, mut time) = (None, None, None);
        let (mut algorithm, mut issuer, mut audience) = (None, None, String::new());
        for (name, value) in entries.iter_sorted() {
            let Value::String(name) = name else { return Err("names of constraints must be texts".to_owned()) };
            if &**name == "time" {
                time = Some(float(value).ok_or("the constraint `time` must be a number")?);
                continue;
            }
            let Value::String(value) = value else { return Err(format!("the constraint `{name}` must be a text")) };
            let given = (!value.is_empty()).then(|| value.to_string());
            match &**name {
                "cert" => keys = Some(jwk::trusted(value)?),
                "secret" => secret = given,
                "alg" => algorithm = given,
                "iss" => issuer = given,
                "aud" => audience = value.to_string(),
                other => return Err(format!("there is no constraint `{other}`")),
            }
        }
        if time.is_some_and(|time| time < 0.0) {
            return Err("the constraint `time` must not be negative".to_owned());
        }
        let keys = match (keys, secret) {
            (Some(keys), None) => keys,
            (None, Some(secret)) => {
                let key = Some(Key::Secret(secret.into_bytes()));
                vec![Known { key, algorithm: String::new(), id: String::new() }]
            }
            (None, None) => return Err("one of the constraints `cert` and `secret` must be there".to_owned()),
            (Some(_), Some(_)) => return Err("`cert` and `secret` exclude each other".to_owned()),
        };
        #[expect(clippy::cast_precision_loss, reason = "claims of time are compared to the microsecond")]
        let time_s = time.or_else(|| now_ns.map(|now| now as f64)).map(|ns| ns / 1e9);
        Ok(Self { keys, algorithm, issuer, audience, time_s })
    }

    /// Whether the claims of a payload are met.
    fn hold(&self, payload: &Value) -> Result<bool, String> {
        if let Some(issuer) = &self.issuer
            && member(payload, "iss") != Some(&Value::from(issuer.as_str()))
        {
            return Ok(false);
        }
        let audience = Value::from(self.audience.as_str());
        let meant = match member(payload, "aud") {
            None => self.audience.is_empty(),
            Some(Value::Array(all)) => all.iter().any(|one| *one == audience),
            Some(one) => *one == audience,
        };
        Ok(meant && self.before(payload, "exp")? && self.since(payload, "nbf")?)
    }

    fn before(&self, payload: &Value, claim: &str) -> Result<bool, String> {
        self.times(payload, claim, |now, then| now < then)
    }

    fn since(&self, payload: &Value, claim: &str) -> Result<bool, String> {
        self.times(payload, claim, |now, then| now >= then)
    }

    fn times(&self, payload: &Value, claim: &str, holds: fn(f64, f64) -> bool) -> Result<bool, String> {
        match member(payload, claim) {
            None => Ok(true),
            Some(value @ Value::Number(_)) => {
                let then = float(value).ok_or_else(|| format!("the claim `{claim}` is out of range"))?;
                let now = self.time_s.ok_or_else(|| format!("the claim `{claim}` needs a time, and none is given"))?;
                Ok(holds(now, then))
            }
            Some(_) => Err(format!("the claim `{claim}` must be a number")),
        }
    }
}

/// The float that is nearest to a number: the interpreter's own turning refuses whole ones that no float holds exactly.
fn float(value: &Value) -> Option<f64> {
    let Value::Number(number) = value else { return None };
    number.as_f64().or_else(|| number.format_decimal().parse().ok())
}

/// `[true, header, payload]` of a token that is signed and meets the constraints, else `[false, {}, {}]`.
fn decode_verify(arguments: &[Value], now_ns: Option<i64>) -> Answer {
    let mut given = text(arguments, 0)?.to_owned();
    let nothing = || Value::from(BTreeMap::new());
    let refused = || Ok(Value::from(vec![Value::from(false), nothing(), nothing()]));
    let constraints = Constraints::of(arguments.get(1).unwrap_or(&Value::Undefined), now_ns)?;
    loop {
        let token = Token::of(&given)?;
        let header = token.members()?;
        let algorithm = Algorithm::of(&header.algorithm);
        if header.critical || constraints.algorithm.as_ref().is_some_and(|wanted| *wanted != header.algorithm) {
            return refused();
        }
        let signature = decoded("signature", token.signature)?;
        let signed = algorithm.is_some_and(|by| signed_by(&constraints.keys, &header, by, token.signed, &signature));
        if !signed {
            return refused();
        }
        let payload = decoded("payload", token.payload)?;
        if header.content.eq_ignore_ascii_case("JWT") {
            given = std::str::from_utf8(&payload).map_err(|error| error.to_string())?.to_owned();
            continue;
        }
        let payload = object(&payload)?;
        return if constraints.hold(&payload)? {
            Ok(Value::from(vec![Value::from(true), token.header, payload]))
        } else {
            refused()
        };
    }
}

fn sign(header: &str, payload: &str, key: &str) -> Answer {
    let signer = jwk::signer(key)?;
    let members: serde_json::Value =
        serde_json::from_str(header).map_err(|error| format!("the header must be JSON: {error}"))?;
    let name = members["alg"].as_str().ok_or("the header must have a text `alg`")?;
    let algorithm = Algorithm::of(name).ok_or_else(|| format!("the algorithm {name:?} is not known"))?;
    let plain = members["typ"].as_str().is_some_and(|kind| kind != "JWT");
    if !plain && serde_json::from_str::<serde_json::Value>(payload).is_err() {
        return Err("the payload of a JWT must be JSON".to_owned());
    }
    let signed = format!("{}.{}", URL.encode(header), URL.encode(payload));
    let signature = signer.sign(algorithm, signed.as_bytes())?;
    Ok(Value::from(format!("{signed}.{}", URL.encode(signature))))
}

/// JSON as Go writes it, because a signature is over its bytes: keys in order, nothing between tokens, and what HTML gives
/// a meaning escaped. These characters can stand in texts only.
pub(super) fn marshalled(value: &Value) -> Result<String, String> {
    let mut out = json(value)?.to_string();
    for (character, escaped) in
        [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029")]
    {
        if out.contains(character) {
            out = out.replace(character, escaped);
        }
    }
    Ok(out)
}
