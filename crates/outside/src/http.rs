//! HTTP: requests with time-outs, limits, retries where repeating is safe, and secrets that stay secret.

use crate::cassette::{bytes_from_json, bytes_to_json, digest_of};
use crate::{CassetteError, Clock, Random, Secret};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use ureq::config::RedirectAuthHeaders;
use ureq::http;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest exchange, unless the request says otherwise.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Most redirects that are followed. Credentials are never sent along to another address.
const REDIRECTS_MAX: u32 = 5;

/// Most bytes of an answer, unless the request says otherwise.
pub const RESPONSE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How often a request is sent in all, where repeating it is safe.
const ATTEMPTS_MAX: u32 = 4;

/// First pause before a repetition; it doubles, and a random fraction of it is taken.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause, also where the server asks for more.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Headers of an answer that a caller may need: paging, caching, limits.
const KEPT_HEADERS: &[&str] = &["content-type", "link", "etag", "last-modified", "retry-after", "x-next-page"];

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Nobody answered, or not in time, or not in HTTP.
    #[error("failed to reach {0}: {1}")]
    Transport(String, String),
    /// The answer was not 2xx.
    #[error("{0} answered {1}{2}")]
    Status(String, u16, String),
    /// The answer is larger than it may be.
    #[error("the answer of {0} is larger than {1} bytes")]
    TooLarge(String, u64),
    /// The request cannot be made.
    #[error("request to {0} is malformed: {1}")]
    Request(String, String),
    /// A recorded world had no answer.
    #[error("{0}: {1}")]
    Replayed(String, CassetteError),
}

/// Request methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Does something, perhaps twice if sent twice.
    Post,
    /// Replaces.
    Put,
    /// Removes.
    Delete,
}

/// Who we say we are.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// Nobody.
    #[default]
    None,
    /// A bearer token.
    Bearer(Secret),
    /// A name and a password.
    Basic(String, Secret),
    /// A key behind a word that a service has for itself.
    Scheme(&'static str, Secret),
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    auth: Auth,
    timeout: Duration,
    response_bytes_max: u64,
}

/// A successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status, always 2xx.
    pub status: u16,
    /// The few headers that a caller may need, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Request {
    /// A request to an address.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            auth: Auth::None,
            timeout: REQUEST_TIMEOUT,
            response_bytes_max: RESPONSE_BYTES_MAX,
        }
    }

    /// A request that reads.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// Adds a header. Secrets go through [`Request::auth`].
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self.header("content-type", content_type)
    }

    /// Sets the body, and says nothing of its type: that is the caller's business, by a header.
    #[must_use]
    pub fn content(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self
    }

    /// Says who we are.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Sets the longest exchange.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the most bytes of the answer.
    #[must_use]
    pub fn response_bytes_max(mut self, bytes: u64) -> Self {
        self.response_bytes_max = bytes;
        self
    }

    /// What tells this request from others on a cassette: never a header, never a credential.
    pub(crate) fn identity(&self) -> String {
        let body = if self.body.is_empty() { String::new() } else { format!(" sha256:{}", digest_of(&self.body)) };
        format!("{} {}{body}", self.method.as_str(), self.shown_url())
    }

    /// The address without what may be a credential.
    pub(crate) fn shown_url(&self) -> String {
        shown_address(&self.url)
    }
}

/// An address without what may be a credential: user information and the values of the query whose names say so. This is
/// what messages, cassettes and the ledger hold of it.
#[must_use]
pub fn shown_address(address: &str) -> String {
    let (rest, query) = address.split_once('?').map_or((address, None), |(rest, query)| (rest, Some(query)));
    let (scheme, rest) = rest.split_once("://").map_or(("", rest), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let secretive = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["token", "key", "secret", "password", "signature", "sig", "auth"].iter().any(|word| name.contains(word))
    };
    let query = query.map(|query| {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if secretive(name) => format!("{name}=[struck]"),
            _ => pair.to_owned(),
        });
        format!("?{}", pairs.collect::<Vec<_>>().join("&"))
    });
    let mark = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{mark}{host}{path}{}", query.unwrap_or_default())
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Whether sending it twice does no more than sending it once (RFC 9110, 9.2.2).
    const fn is_idempotent(self) -> bool {
        !matches!(self, Self::Post)
    }
}

impl Response {
    pub(crate) fn to_json(&self) -> Value {
        json!({"status": self.status, "headers": self.headers, "body": bytes_to_json(&self.body)})
    }

    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let status = u16::try_from(json.get("status")?.as_u64()?).ok()?;
        let headers = serde_json::from_value(json.get("headers")?.clone()).ok()?;
        Some(Self { status, headers, body: bytes_from_json(json.get("body")?)? })
    }
}

/// Connections, kept open between requests.
pub(crate) struct Client(ureq::Agent);

/// How a request is sent that is sent once.
pub(crate) struct Once<'a> {
    pub method: &'a str,
    pub trust: &'a crate::Trust,
    /// The authorities of `trust` in PEM, where it names any.
    pub authorities: Option<&'a [u8]>,
    pub follow: bool,
}

/// How one attempt ended.
enum Attempt {
    Done(Result<Response, HttpError>),
    /// Worth another try; with the pause that the server asked for.
    Again(HttpError, Option<Duration>),
}

impl Client {
    pub(crate) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(REDIRECTS_MAX)
            .redirect_auth_headers(RedirectAuthHeaders::Never)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.new_agent())
    }

    pub(crate) fn send(&self, request: &Request, clock: &Clock, random: &Random) -> Result<Response, HttpError> {
        let mut pause = RETRY_PAUSE;
        let mut attempt = 1;
        loop {
            match self.attempt(request) {
                Attempt::Done(result) => return result,
                Attempt::Again(error, _) if attempt >= ATTEMPTS_MAX || !request.method.is_idempotent() => {
                    return Err(error);
                }
                Attempt::Again(_, asked) => {
                    let drawn = pause.mul_f64(random.fraction());
                    clock.sleep(asked.unwrap_or(drawn).max(drawn).min(RETRY_PAUSE_MAX));
                }
            }
            attempt += 1;
            pause = pause.saturating_mul(2);
        }
    }

    /// Sends a request once, and gives status and body of whatever comes back. A body that is longer than it may be is cut
    /// off: what a probe looks for stands at its beginning.
    pub(crate) fn once(&self, request: &Request, once: &Once<'_>) -> Result<(u16, Vec<u8>), String> {
        let url = request.shown_url();
        let built = build(request, once.method).map_err(|error| format!("the request cannot be made: {error}"))?;
        let mut tls = ureq::tls::TlsConfig::builder().disable_verification(once.trust.anyone);
        if let Some(pem) = once.authorities {
            let items = ureq::tls::parse_pem(pem).filter_map(Result::ok);
            let roots: Vec<_> = items
                .filter_map(|item| match item {
                    ureq::tls::PemItem::Certificate(certificate) => Some(certificate),
                    _ => None,
                })
                .collect();
            tls = tls.root_certs(ureq::tls::RootCerts::new_with_certs(&roots));
        }
        let redirects = if once.follow { REDIRECTS_MAX } else { 0 };
        let built = self
            .0
            .configure_request(built)
            .timeout_global(Some(request.timeout))
            .max_redirects(redirects)
            .max_redirects_will_error(once.follow)
            .tls_config(tls.build())
            .build();
        let in_words = |error: ureq::Error| match error {
            ureq::Error::Timeout(_) => format!("{url} did not answer within {:?}", request.timeout),
            error => format!("{url}: {error}"),
        };
        let mut answer = self.0.run(built).map_err(in_words)?;
        let mut body = Vec::new();
        let mut reader = std::io::Read::take(answer.body_mut().as_reader(), request.response_bytes_max);
        let read = std::io::Read::read_to_end(&mut reader, &mut body);
        read.map_err(|error| format!("the answer of {url} broke off: {error}"))?;
        Ok((answer.status().as_u16(), body))
    }

    fn attempt(&self, request: &Request) -> Attempt {
        let url = request.shown_url();
        let built = match build(request, request.method.as_str()) {
            Ok(built) => built,
            Err(error) => return Attempt::Done(Err(HttpError::Request(url, error.to_string()))),
        };
        let built = self.0.configure_request(built).timeout_global(Some(request.timeout)).build();
        let answer = match self.0.run(built) {
            Ok(answer) => answer,
            Err(error) => {
                let again = is_passing(&error);
                let error = HttpError::Transport(url, error.to_string());
                return if again { Attempt::Again(error, None) } else { Attempt::Done(Err(error)) };
            }
        };
        read_answer(answer, request.response_bytes_max, url)
    }
}

fn build(request: &Request, method: &str) -> Result<http::Request<Vec<u8>>, http::Error> {
    let mut builder = http::Request::builder().method(method).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let authorization = match &request.auth {
        Auth::None => None,
        Auth::Bearer(token) => Some(format!("Bearer {}", token.expose())),
        Auth::Scheme(word, key) => Some(format!("{word} {}", key.expose())),
        Auth::Basic(user, password) => {
            Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{}", password.expose()))))
        }
    };
    if let Some(value) = authorization {
        let mut value = http::HeaderValue::from_str(&value)?;
        value.set_sensitive(true);
        builder = builder.header(http::header::AUTHORIZATION, value);
    }
    builder.body(request.body.clone())
}

/// Whether the same request may well succeed in a moment.
fn is_passing(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed)
}

fn read_answer(mut answer: http::Response<ureq::Body>, bytes_max: u64, url: String) -> Attempt {
    let status = answer.status().as_u16();
    let mut headers = BTreeMap::new();
    for name in KEPT_HEADERS {
        let values: Vec<_> = answer.headers().get_all(*name).iter().filter_map(|value| value.to_str().ok()).collect();
        if !values.is_empty() {
            headers.insert((*name).to_owned(), values.join(", "));
        }
    }
    let body = answer.body_mut().with_config().limit(bytes_max.saturating_add(1)).read_to_vec();
    let body = match body {
        Ok(body) if body.len() as u64 > bytes_max => return Attempt::Done(Err(HttpError::TooLarge(url, bytes_max))),
        Ok(body) => body,
        Err(ureq::Error::BodyExceedsLimit(_)) => return Attempt::Done(Err(HttpError::TooLarge(url, bytes_max))),
        Err(error) => return Attempt::Again(HttpError::Transport(url, error.to_string()), None),
    };
    if (200..300).contains(&status) {
        return Attempt::Done(Ok(Response { status, headers, body }));
    }
    let asked = headers.get("retry-after").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let error = HttpError::Status(url, status, said(&body));
    if matches!(status, 429 | 502 | 503 | 504) { Attempt::Again(error, asked) } else { Attempt::Done(Err(error)) }
}

/// The first line of what a server said about its refusal, shortened.
fn said(body: &[u8]) -> String {
    const SHOWN_CHARS: usize = 200;
    let text = String::from_utf8_lossy(body);
    let line: String =
        text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    if line.trim().is_empty() { String::new() } else { format!(": {}", line.trim()) }
}

#[cfg(test)]
mod tests;
