//! The HTTP server: one router from the declared operations and pages. It holds no logic of its own beyond who asks,
//! how much, and in which form.

use crate::binary;
use crate::http_guard::{Gate, drain, secure};
use crate::operation::{Method, Operation, coerce};
use crate::page::{Page, Request as PageRequest};
use crate::{Call, Principal, Problem, World};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, State};
use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Largest request body in bytes; a larger upload is a file for `mainstay collect`.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A route that is neither operation nor page: assets, metrics, health.
pub struct Extra {
    /// Path.
    pub path: &'static str,
    /// Answers it.
    pub answer: fn(&World) -> Response,
}

/// The router for all that the world declares.
pub fn router(world: Arc<World>, shell: crate::Shell, extras: Vec<Extra>) -> Router {
    let mut router: Router<Arc<World>> = Router::new();
    for operation in world.operations.iter().cloned() {
        router = router.route(operation.path, operation_route(operation));
    }
    for page in world.pages.iter().cloned() {
        let forms = world.forms.iter().filter(|form| form.page == page.path).copied().collect();
        let post = crate::form::route(page.clone(), forms, shell);
        router = router.route(page.path, page_route(page, shell).merge(post));
    }
    for extra in extras {
        let answer = extra.answer;
        router = router.route(
            extra.path,
            get(move |State(world): State<Arc<World>>| async move { blocking(move || answer(&world)).await }),
        );
    }
    for hook in &world.hooks {
        let Some(path) = hook.path else { continue };
        let name = hook.name.clone();
        let handler = move |State(world): State<Arc<World>>, request: Request<Body>| {
            crate::hook::deliver_to(world, name.clone(), request)
        };
        router = router.route(path, post(handler));
    }
    router
        .route("/tile/{*path}", get(log_file))
        .route("/v1/hooks/{name}", post(crate::hook::deliver))
        .merge(crate::ui::session::routes())
        .fallback(|uri: Uri, body: Body| async move {
            drain(body).await;
            refuse(&Problem::absent("request.path", format!("there is nothing at {}", uri.path())))
        })
        .method_not_allowed_fallback(|body: Body| async {
            drain(body).await;
            let detail = "this path takes another method; see /v1/openapi.json".to_owned();
            refuse(&Problem { status: 405, code: "request.method".to_owned(), detail })
        })
        .layer(axum::middleware::from_fn_with_state((world.clone(), shell), secure))
        .with_state(world)
}

/// The log's own files in the layout of C2SP tlog-tiles, for witnesses and monitors.
async fn log_file(State(world): State<Arc<World>>, request: Request<Body>) -> Response {
    if let Err(problem) = principal_of(&request) {
        return refuse(&problem);
    }
    let path = request.uri().path().trim_start_matches('/').to_owned();
    blocking(move || match world.ledger.log_file(&path) {
        Ok(Some(bytes)) => ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response(),
        Ok(None) => refuse(&Problem::absent("ledger.tile", format!("the log has no file {path}"))),
        Err(error) => refuse(&Problem::from(error)),
    })
    .await
}

fn operation_route(operation: Operation) -> MethodRouter<Arc<World>> {
    let method = operation.method;
    let operation = Arc::new(operation);
    let properties = Arc::new(operation.properties());
    let handler = move |State(world): State<Arc<World>>, path: RawPathParams, request: Request<Body>| {
        let (operation, properties) = (operation.clone(), properties.clone());
        async move {
            let principal = match principal_of(&request) {
                Ok(principal) => principal,
                Err(problem) => return refuse(&problem),
            };
            let format = format_of(&request);
            let input = match read_input(&operation, &properties, &path, request).await {
                Ok(input) => input,
                Err(problem) => return refuse(&problem),
            };
            blocking(move || {
                let call = Call::new(&world, &principal);
                match operation.run(&call, input) {
                    Ok(answer) => crate::answer::respond(&operation, answer, &format),
                    Err(problem) => refuse(&problem),
                }
            })
            .await
        }
    };
    match method {
        Method::Get => get(handler),
        Method::Post => post(handler),
        Method::Delete => delete(handler),
    }
}

fn page_route(page: Page, shell: crate::Shell) -> MethodRouter<Arc<World>> {
    get(move |State(world): State<Arc<World>>, path: RawPathParams, request: Request<Body>| async move {
        let principal = match principal_of(&request) {
            Ok(principal) => principal,
            Err(_) => return sign_in(request.uri()),
        };
        let (parts, _) = request.into_parts();
        let mut asked = PageRequest {
            path: parts.uri.path().to_owned(),
            parameters: path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            query: query_of(&parts.uri),
            ..PageRequest::default()
        };
        blocking(move || {
            asked.token = match world.form_token(&parts.headers, &principal) {
                Ok(token) => token,
                Err(problem) => return refuse(&problem),
            };
            render(&Call::new(&world, &principal), &page, &asked, shell)
        })
        .await
    })
}

/// A page in its frame; its status is that of what went wrong, in the page itself or in a form of it.
pub(crate) fn render(call: &Call<'_>, page: &Page, asked: &PageRequest, shell: crate::Shell) -> Response {
    let content = if call.principal.role < page.least {
        Err(Problem::forbidden("your role does not reach this page"))
    } else {
        (page.render)(call, asked)
    };
    let problem = content.as_ref().err().or(asked.refused.as_ref());
    let status = problem.map_or(200, |problem| problem.status);
    html(status, &shell(call, asked, content))
}

/// A page as an answer.
fn html(status: u16, page: &maud::Markup) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.0.clone()).into_response()
}

/// The same problem for a person: a page in the frame, or without one where nobody is signed in.
pub(crate) fn problem_page(
    world: &World,
    who: Result<Principal, Problem>,
    path: &str,
    problem: Problem,
    shell: crate::Shell,
) -> Response {
    let status = problem.status;
    match who {
        Ok(principal) => {
            let asked = PageRequest { path: path.to_owned(), ..PageRequest::default() };
            html(status, &shell(&Call::new(world, &principal), &asked, Err(problem)))
        }
        Err(_) => html(status, &crate::ui::problem_alone(&problem)),
    }
}

/// Whoever is not signed in and asks for a page is shown the sign-in page, and comes back afterwards.
fn sign_in(uri: &Uri) -> Response {
    let back: String = uri.path().chars().filter(|c| c.is_ascii_alphanumeric() || "/-_.".contains(*c)).collect();
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/sign-in?back={back}"))]).into_response()
}

pub(crate) fn principal_of(request: &Request<Body>) -> Result<Principal, Problem> {
    match request.extensions().get::<Gate>() {
        Some(Gate(result)) => result.clone(),
        None => Err(Problem::ours("access.gate", "the request passed no gate")),
    }
}

/// Gathers path, query and body into the one object that the operation takes.
async fn read_input(
    operation: &Operation,
    properties: &Map<String, Value>,
    path: &RawPathParams,
    request: Request<Body>,
) -> Result<Value, Problem> {
    let mut input = Map::new();
    for (name, text) in query_of(request.uri()) {
        if name != "format" || properties.contains_key("format") {
            input.insert(name.clone(), coerce(properties, &name, &text));
        }
    }
    if operation.method == Method::Post {
        let headers = request.headers().clone();
        let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|_| {
            Problem::too_large(format!(
                "a request body may have at most {BODY_BYTES_MAX} bytes; use `mainstay collect` for a larger file"
            ))
        })?;
        // Only an operation whose input is the body as a whole takes events.
        let takes_events = properties.is_empty() && operation.path_parameters().next().is_none();
        let value = if takes_events && binary::is_event(&headers) {
            binary::event(&headers, &body)?
        } else {
            read_body(&headers, &body)?
        };
        match value {
            Value::Object(map) if !properties.is_empty() || operation.path_parameters().next().is_some() => {
                input.extend(map)
            }
            whole if input.is_empty() && operation.path_parameters().next().is_none() => return Ok(whole),
            _ => return Err(Problem::malformed("request.body", "the body must be a JSON object")),
        }
    }
    for (name, text) in path.iter() {
        input.insert(name.to_owned(), coerce(properties, name, text));
    }
    Ok(Value::Object(input))
}

fn read_body(headers: &HeaderMap, body: &Bytes) -> Result<Value, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("application/json");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let pairs = form(std::str::from_utf8(body).unwrap_or_default());
        return Ok(Value::Object(pairs.into_iter().map(|(k, v)| (k, Value::String(v))).collect()));
    }
    if !kind.ends_with("json") {
        return Err(Problem {
            status: 415,
            code: "request.media-type".to_owned(),
            detail: format!("{kind} is not read; send application/json"),
        });
    }
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|e| Problem::malformed("request.json", format!("the body is not JSON: {e}")))
}

/// The query as pairs; the last of a repeated name counts.
fn query_of(uri: &Uri) -> BTreeMap<String, String> {
    form(uri.query().unwrap_or_default()).into_iter().collect()
}

/// Splits `a=1&b=x%20y` (the WHATWG form-urlencoded rules).
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'+', ..) => out.push(b' '),
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn format_of(request: &Request<Body>) -> String {
    let asked = query_of(request.uri()).remove("format");
    let accept = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    asked.unwrap_or_else(|| if accept.starts_with("text/csv") { "csv".to_owned() } else { "json".to_owned() })
}

/// The answer of a problem, for programs. What stands around every request makes a page of it where a person asked.
pub(crate) fn refuse(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = problem.body().to_string();
    let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
    response.extensions_mut().insert(problem.clone());
    response
}

/// Runs what waits for the database off the threads that serve the network.
pub(crate) async fn blocking(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a request died; please report this");
            refuse(&Problem::ours("request.died", "the request failed in a way that it must not; the log has more"))
        }
    }
}
