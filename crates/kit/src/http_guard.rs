//! What stands before every request: who asks, from where, how often; and the headers on every answer.

use crate::http::{blocking, problem_page, refuse};
use crate::{Principal, Problem, Shell, World};
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, Request, header};
use axum::middleware::Next;
use axum::response::Response;
use mainstay_model::Timestamp;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// The principal of a request, or why there is none; handlers find it in the request's extensions.
#[derive(Clone)]
pub(crate) struct Gate(pub Result<Principal, Problem>);

/// How much is taken at once, and how much a second for long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    burst: f64,
    per_s: f64,
}

/// Requests of one principal, or of one address where nobody is signed in.
const REQUESTS: Rate = Rate { burst: 600.0, per_s: 200.0 };

/// Passwords that one address may try for one name (OWASP, "Authentication": login throttling).
pub(crate) const SIGN_INS: Rate = Rate { burst: 10.0, per_s: 1.0 / 6.0 };

/// Buckets kept before the full ones are dropped.
const BUCKETS_MAX: usize = 10_000;

/// Seconds after which every bucket is full again, so that nothing is forgotten with it.
const FULL_S: i64 = 61;

/// A token bucket for each principal.
#[derive(Default)]
pub struct Rates(Mutex<HashMap<String, (f64, Timestamp)>>);

impl Rates {
    /// Takes one token of the bucket; false where it is empty.
    pub(crate) fn take(&self, who: &str, rate: Rate, now: Timestamp) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if buckets.len() > BUCKETS_MAX {
            buckets.retain(|_, (_, last)| now.as_second() - last.as_second() < FULL_S);
        }
        let (tokens, last) = buckets.entry(who.to_owned()).or_insert((rate.burst, now));
        let passed_s = (now.as_millisecond() - last.as_millisecond()).max(0) as f64 / 1000.0;
        *tokens = (*tokens + passed_s * rate.per_s).min(rate.burst);
        *last = now;
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }
}

/// The middleware around everything.
pub(crate) async fn secure(
    State((world, shell)): State<(Arc<World>, Shell)>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    // The body is not `Sync`, so only what is looked at goes along.
    let (headers, method) = (request.headers().clone(), request.method().clone());
    let path = request.uri().path().to_owned();
    if method != Method::POST {
        // Nothing but POST reads a body; one that stays unread would cost the client its connection.
        let (parts, body) = request.into_parts();
        drain(body).await;
        request = Request::from_parts(parts, Body::empty());
    }
    let by_person = by_person(&headers);
    let from = peer(request.extensions());
    let (mut response, who) = match admit(&world, headers, &method, from).await {
        Ok(gate) => {
            let who = gate.0.clone();
            request.extensions_mut().insert(gate);
            (next.run(request).await, who)
        }
        Err(problem) => {
            drain(request.into_body()).await;
            (refuse(&problem), Err(problem))
        }
    };
    // What the framework refuses by itself (a path that is no text) has no form of ours yet.
    if response.status().is_client_error() && !has_form(&response) {
        let status = response.status().as_u16();
        let detail = "the address or the request cannot be read; go back and take another way".to_owned();
        response = refuse(&Problem { status, code: "request.unreadable".to_owned(), detail });
    }
    if let Some(problem) = response.extensions_mut().remove::<Problem>().filter(|_| by_person) {
        let world = world.clone();
        response = blocking(move || problem_page(&world, who, &path, problem, shell)).await;
    }
    world.metrics.requests.inc();
    if response.status().is_server_error() {
        world.metrics.failures.inc();
    }
    harden(response.headers_mut());
    response
}

/// Whether an answer is JSON, a problem or a page already.
fn has_form(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.contains("json") || kind.starts_with("text/html")
}

/// Whether a browser asks for something to look at: it names HTML, which programs do not.
fn by_person(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|kind| kind.trim().to_ascii_lowercase().starts_with("text/html"))
}

/// Bytes of a body nobody asked for that are read and thrown away; past that the connection ends.
const DRAIN_BYTES_MAX: usize = 64 * 1024;

/// Reads a body that nobody wants to its end, so that the connection can be used again.
pub(crate) async fn drain(body: Body) {
    // One that is too long or breaks off costs the client its connection, as it must.
    let _ = axum::body::to_bytes(body, DRAIN_BYTES_MAX).await;
}

/// The address that a request comes from; nothing where it comes from this process.
pub(crate) fn peer(extensions: &Extensions) -> String {
    extensions.get::<ConnectInfo<SocketAddr>>().map_or_else(String::new, |info| info.0.ip().to_string())
}

async fn admit(world: &Arc<World>, headers: HeaderMap, method: &Method, from: String) -> Result<Gate, Problem> {
    let identify = {
        let (world, headers) = (world.clone(), headers.clone());
        move || {
            check_host(&world, &headers)?;
            Ok::<_, Problem>(world.identify(&headers))
        }
    };
    let who =
        tokio::task::spawn_blocking(identify).await.map_err(|e| Problem::ours("access.died", e.to_string()))??;
    // Who is not known is told apart by address, so that one who floods does not keep the others out.
    let name = who.as_ref().map_or_else(|_| format!("address/{from}"), |principal| principal.id.to_string());
    if !world.rates.take(&name, REQUESTS, world.now()) {
        return Err(Problem::too_many(format!("more than {} requests a second; wait a moment", REQUESTS.per_s)));
    }
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && who.as_ref().is_ok_and(|principal| principal.by_cookie) {
        check_origin(&headers)?;
    }
    Ok(Gate(who))
}

/// On loopback without sign-in any page in the user's browser could reach us under a name of its own that it points at
/// 127.0.0.1 (DNS rebinding); so only our own names are answered.
fn check_host(world: &World, headers: &HeaderMap) -> Result<(), Problem> {
    // Where the database does not say, the narrower rule holds; health must answer all the same.
    if !world.is_open().unwrap_or(true) {
        return Ok(());
    }
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or("localhost");
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    match name {
        "localhost" | "127.0.0.1" | "::1" | "mainstay.local" => Ok(()),
        _ => Err(Problem::forbidden(format!("{host} is not this server's name; use 127.0.0.1 or localhost"))),
    }
}

/// A browser says where a request comes from; one that a foreign page sends with our cookie is refused (OWASP, "Verifying
/// origin with standard headers"). Cookies are `SameSite=Strict` besides.
pub(crate) fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let refused = || Problem::forbidden("the request comes from another site; open Mainstay itself");
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => return Ok(()),
        Some(_) => return Err(refused()),
        None => {}
    }
    match (text("origin"), text("host")) {
        (None, _) => Ok(()),
        (Some(origin), Some(host)) if origin.split("//").nth(1) == Some(host) => Ok(()),
        _ => Err(refused()),
    }
}

fn harden(headers: &mut HeaderMap) {
    let set = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (header::HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn a_foreign_page_cannot_use_our_cookie() {
        assert!(check_origin(&headers(&[("sec-fetch-site", "cross-site")])).is_err());
        assert!(check_origin(&headers(&[("origin", "https://evil.example"), ("host", "127.0.0.1:8080")])).is_err());
        assert!(check_origin(&headers(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")])).is_ok());
        assert!(check_origin(&headers(&[("sec-fetch-site", "same-origin")])).is_ok());
    }

    #[test]
    fn a_burst_is_taken_and_a_flood_is_not() {
        let (rates, start) = (Rates::default(), Timestamp::UNIX_EPOCH);
        let taken = (0..1000).filter(|_| rates.take("ada", REQUESTS, start)).count();
        assert_eq!(taken, 600);
        assert!(rates.take("grace", REQUESTS, start));
        let later = start.checked_add(jiff::SignedDuration::from_millis(10)).unwrap();
        let take = || rates.take("ada", REQUESTS, later);
        assert!(take() && take() && !take());
    }

    #[test]
    fn whoever_guesses_a_password_gets_ten_tries_a_minute() {
        let (rates, start) = (Rates::default(), Timestamp::UNIX_EPOCH);
        let tries = |from: Timestamp, s: i64| {
            let times =
                (0..s * 10).map(|tenth| from.checked_add(jiff::SignedDuration::from_millis(tenth * 100)).unwrap());
            times.filter(|at| rates.take("sign-in/192.0.2.1/ada", SIGN_INS, *at)).count()
        };
        assert_eq!(tries(start, 60), 19, "ten at once and one in six seconds");
        let later = start.checked_add(jiff::SignedDuration::from_secs(60)).unwrap();
        assert_eq!(tries(later, 60), 10);
        assert!(rates.take("sign-in/192.0.2.2/ada", SIGN_INS, later), "another address is not locked out");
    }
}
