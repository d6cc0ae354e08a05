//! `providers.aws.sign_req`: a request with the headers of AWS Signature Version 4. Nothing is sent.

use super::crypto::hex;
use super::jwt::marshalled;
use super::keys::Hash;
use super::{Answer, Function, whole};
use jiff::Timestamp;
use regorus::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[("providers.aws.sign_req", 3, sign_request)];

/// What proxies change on the way is not signed.
const UNSIGNED_HEADERS: [&str; 3] = ["authorization", "user-agent", "x-amzn-trace-id"];

/// What a request may have, as for `http.send`.
const MEMBERS: [&str; 28] = [
    "body",
    "cache",
    "cache_ignored_headers",
    "caching_mode",
    "enable_redirect",
    "force_cache",
    "force_cache_duration_seconds",
    "force_json_decode",
    "force_yaml_decode",
    "headers",
    "max_retry_attempts",
    "method",
    "raise_error",
    "raw_body",
    "timeout",
    "tls_ca_cert",
    "tls_ca_cert_env_variable",
    "tls_ca_cert_file",
    "tls_client_cert",
    "tls_client_cert_env_variable",
    "tls_client_cert_file",
    "tls_client_key",
    "tls_client_key_env_variable",
    "tls_client_key_file",
    "tls_insecure_skip_verify",
    "tls_server_name",
    "tls_use_system_certs",
    "url",
];

/// A member of an object.
fn member<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    match object {
        Value::Object(entries) => entries.get(&Value::from(name)),
        _ => None,
    }
}

/// A member of an object that must be a text.
fn needed<'v>(object: &'v Value, name: &str) -> Result<&'v str, String> {
    match member(object, name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("`{name}` must be a text")),
        None => Err(format!("`{name}` is missing")),
    }
}

/// Who signs, and for what.
struct Signer<'v> {
    service: &'v str,
    region: &'v str,
    access_key: &'v str,
    secret: &'v str,
    token: Option<&'v str>,
    payload_unsigned: bool,
}

impl<'v> Signer<'v> {
    fn of(config: &'v Value) -> Result<Self, String> {
        let payload_unsigned = match member(config, "disable_payload_signing") {
            None => false,
            Some(Value::Bool(unsigned)) => *unsigned,
            Some(_) => return Err("`disable_payload_signing` must be true or false".to_owned()),
        };
        let token = match member(config, "aws_session_token") {
            Some(Value::String(token)) if !token.is_empty() => Some(&**token),
            _ => None,
        };
        Ok(Self {
            service: needed(config, "aws_service")?,
            region: needed(config, "aws_region")?,
            access_key: needed(config, "aws_access_key")?,
            secret: needed(config, "aws_secret_access_key")?,
            token,
            payload_unsigned,
        })
    }
}

fn sign_request(arguments: &[Value]) -> Answer {
    let [request @ Value::Object(entries), config @ Value::Object(_), _] = arguments else {
        return Err("the request and the configuration must be objects".to_owned());
    };
    let signer = Signer::of(config)?;
    let time_ns = whole(arguments, 2)?;
    if time_ns < 0 {
        return Err("the time must not lie before 1970".to_owned());
    }
    let at = Timestamp::from_nanosecond(time_ns.into()).map_err(|error| error.to_string())?;
    let (method, url) = (needed(request, "method")?, Url::of(needed(request, "url")?)?);
    for (name, _) in entries.iter_sorted() {
        let known = MEMBERS.iter().any(|known| *name == Value::from(*known));
        if !known {
            return Err(format!("a request has no {name}"));
        }
    }
    let mut headers = BTreeMap::new();
    match member(request, "headers") {
        None => {}
        Some(Value::Object(given)) => {
            for (name, value) in given.iter_sorted() {
                let (Value::String(name), Value::String(value)) = (name, value) else {
                    return Err("headers and their values must be texts".to_owned());
                };
                headers.insert(name.to_string(), value.to_string());
            }
        }
        Some(_) => return Err("`headers` must be an object".to_owned()),
    }
    let body = match (member(request, "raw_body"), member(request, "body")) {
        (Some(Value::String(raw)), _) => raw.to_string(),
        (Some(_), _) | (None, None) => String::new(),
        (None, Some(body)) => marshalled(body)?,
    };
    let (authorization, added) = signed(&signer, method, &url, &headers, &body, at);
    headers.insert("Authorization".to_owned(), authorization);
    headers.extend(added);
    let headers: BTreeMap<Value, Value> =
        headers.into_iter().map(|(name, value)| (Value::from(name), Value::from(value))).collect();
    let mut out: BTreeMap<Value, Value> =
        entries.iter_sorted().map(|(name, value)| (name.clone(), value.clone())).collect();
    out.insert(Value::from("headers"), Value::from(headers));
    Ok(Value::from(out))
}

/// The header that authorises a request, and those that are signed with it and must be sent.
fn signed(
    signer: &Signer<'_>,
    method: &str,
    url: &Url,
    headers: &BTreeMap<String, String>,
    body: &str,
    at: Timestamp,
) -> (String, BTreeMap<String, String>) {
    let digest = if signer.payload_unsigned { "UNSIGNED-PAYLOAD".to_owned() } else { hex(&Sha256::digest(body)) };
    let (day, time) = (at.strftime("%Y%m%d").to_string(), at.strftime("%Y%m%dT%H%M%SZ").to_string());
    let mut added = BTreeMap::from([("host".to_owned(), url.host.clone()), ("x-amz-date".to_owned(), time.clone())]);
    if matches!(signer.service, "s3" | "glacier") {
        added.insert("x-amz-content-sha256".to_owned(), digest.clone());
    }
    if let Some(token) = signer.token {
        added.insert("x-amz-security-token".to_owned(), token.to_owned());
    }
    // What the request itself says of these is signed instead, as OPA does.
    let mut all = added.clone();
    for (name, value) in headers {
        let name = name.to_lowercase();
        if !UNSIGNED_HEADERS.contains(&name.as_str()) {
            all.insert(name, value.clone());
        }
    }
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    let names = names.join(";");
    let mut canonical = format!("{method}\n{}\n{}\n", url.path, url.query);
    for (name, value) in &all {
        // Writing to a text cannot fail.
        let _ = writeln!(canonical, "{name}:{value}");
    }
    let _ = write!(canonical, "\n{names}\n{digest}");
    let scope = format!("{day}/{}/{}/aws4_request", signer.region, signer.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let mut key = format!("AWS4{}", signer.secret).into_bytes();
    for part in [day.as_str(), signer.region, signer.service, "aws4_request", to_sign.as_str()] {
        key = Hash::Sha256.code(&key, part.as_bytes());
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={}",
        signer.access_key,
        hex(&key)
    );
    (authorization, added)
}

/// The parts of an address that are signed.
struct Url {
    host: String,
    path: String,
    query: String,
}

impl Url {
    fn of(text: &str) -> Result<Self, String> {
        if text.chars().any(|c| c.is_ascii_control()) {
            return Err("the URL has a control character".to_owned());
        }
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        if host.contains(|c: char| c.is_whitespace()) {
            return Err("the URL has a space in its host".to_owned());
        }
        Ok(Self { host: host.to_owned(), path: escaped(path)?, query: query.to_owned() })
    }
}

/// A path in percent notation, where it is not written so already.
fn escaped(path: &str) -> Result<String, String> {
    let mut out = String::with_capacity(path.len());
    let bytes = path.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'%' => {
                let digits = bytes.get(at + 1..at + 3);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err("a percent sign must stand before two hexadecimal digits".to_owned());
                }
                out.push('%');
            }
            byte if byte.is_ascii_alphanumeric() || b"-_.~/$&+,:;=@!*'()[]".contains(byte) => {
                out.push(char::from(*byte))
            }
            // Writing to a text cannot fail.
            byte => drop(write!(out, "%{byte:02X}")),
        }
    }
    Ok(out)
}
