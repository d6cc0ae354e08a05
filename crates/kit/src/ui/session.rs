//! Signing in and out: the only routes that answer without a principal.

use super::sign_in;
use crate::http::{blocking, form};
use crate::http_guard::{check_origin, peer};
use crate::sessions::{COOKIE, SESSION_H};
use crate::{Problem, World};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;

/// Largest form in bytes; a name and a password are far smaller.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// The routes.
pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/sign-in", get(ask).post(enter)).route("/sign-out", post(leave))
}

async fn ask(uri: Uri) -> Response {
    let back = form(uri.query().unwrap_or_default()).into_iter().find(|(name, _)| name == "back").map(|(_, back)| back);
    page(StatusCode::OK, back.as_deref().unwrap_or("/"), None)
}

fn page(status: StatusCode, back: &str, error: Option<&str>) -> Response {
    let html = sign_in(back, error).into_string();
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

async fn enter(State(world): State<Arc<World>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    // A foreign page must not sign somebody in as somebody else either.
    if let Err(problem) = check_origin(&parts.headers) {
        return refused("/", &problem);
    }
    let body: Bytes = axum::body::to_bytes(body, FORM_BYTES_MAX).await.unwrap_or_default();
    let fields = form(std::str::from_utf8(&body).unwrap_or_default());
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).map_or(String::new(), |(_, value)| value.clone());
    let (user, password, back) = (field("user"), field("password"), field("back"));
    let from = peer(&parts.extensions);
    blocking(move || match world.sign_in(&from, &user, &password) {
        Ok(secret) => {
            let age_s = SESSION_H * 3600;
            redirect(safe(&back), &format!("{COOKIE}={secret}; Max-Age={age_s}{}", attributes(&parts.headers)))
        }
        Err(problem) => refused(&back, &problem),
    })
    .await
}

fn refused(back: &str, problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNAUTHORIZED);
    let mut text = problem.detail.clone();
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    page(status, back, Some(&format!("{text}.")))
}

async fn leave(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    if let Err(problem) = check_origin(&headers) {
        return refused("/", &problem);
    }
    blocking(move || {
        if let Err(problem) = world.sign_out(&headers) {
            return refused("/", &problem);
        }
        redirect("/sign-in", &format!("{COOKIE}=; Max-Age=0{}", attributes(&headers)))
    })
    .await
}

/// `Secure` only where the browser came by TLS: loopback and a test have none, and would lose the cookie.
fn attributes(headers: &HeaderMap) -> &'static str {
    let by_tls = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    if by_tls { "; Path=/; HttpOnly; SameSite=Strict; Secure" } else { "; Path=/; HttpOnly; SameSite=Strict" }
}

/// Only a path of ours: anything else would let a link lead to another site after signing in.
fn safe(back: &str) -> &str {
    let ours = back.starts_with('/') && !back.starts_with("//") && !back.starts_with("/\\");
    if ours && back.bytes().all(|byte| byte.is_ascii_graphic()) { back } else { "/" }
}

fn redirect(to: &str, cookie: &str) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leads_to_another_site() {
        for bad in ["https://evil.example", "//evil.example", "/\\evil.example", "", "/a\r\nset-cookie: x=y", "/ä"] {
            assert_eq!(safe(bad), "/", "{bad:?}");
        }
        assert_eq!(safe("/findings?state=open"), "/findings?state=open");
    }

    #[test]
    fn a_script_never_reads_the_cookie_and_tls_keeps_it_on_tls() {
        let mut headers = HeaderMap::new();
        assert_eq!(attributes(&headers), "; Path=/; HttpOnly; SameSite=Strict");
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        assert!(attributes(&headers).ends_with("; Secure"));
    }
}
