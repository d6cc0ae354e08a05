//! Sends the command line's requests: to a server where one is named, else to the same router in this process.

use axum::body::Body;
use axum::http::{Request, header};
use mainstay_kit::operation::Method;
use mainstay_kit::{Operation, Problem};
use mainstay_outside::{Auth, HttpError, Outside, Secret};
use serde_json::Value;
use tower::ServiceExt;

/// Where requests go.
pub enum Client {
    /// The router of this process.
    Local(axum::Router, tokio::runtime::Runtime),
    /// A server.
    Remote {
        /// Its address without a slash at the end.
        base: String,
        /// Our identity.
        auth: Auth,
        /// The door.
        outside: Outside,
    },
}

/// Largest answer taken from this process, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 30;

impl Client {
    /// A client of a server.
    pub fn remote(base: &str, token: Option<String>, outside: Outside) -> Self {
        let auth = token.map_or(Auth::None, |token| Auth::Bearer(Secret::new(token)));
        Self::Remote { base: base.trim_end_matches('/').to_owned(), auth, outside }
    }

    /// A client of this process.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn local(router: axum::Router) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self::Local(router, runtime))
    }

    /// Sends an operation's input and gives its answer.
    ///
    /// # Errors
    /// The problem that the server answers with, or that it cannot be reached.
    pub fn send(&self, operation: &Operation, input: &Value) -> Result<Value, Problem> {
        let (path, body) = request_of(operation, input);
        let method = match operation.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        let (status, bytes) = match self {
            Self::Local(router, runtime) => local(router.clone(), runtime, method, &path, body)?,
            Self::Remote { base, auth, outside } => remote(outside, auth, method, &format!("{base}{path}"), body)?,
        };
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let detail = text("detail").unwrap_or_else(|| String::from_utf8_lossy(&bytes).chars().take(200).collect());
        Err(Problem { status, code: text("code").unwrap_or_else(|| "server.answer".to_owned()), detail })
    }
}

/// Puts the input where the operation's path, query and body want it.
fn request_of(operation: &Operation, input: &Value) -> (String, Option<Value>) {
    let mut rest = input.as_object().cloned().unwrap_or_default();
    let mut path = String::new();
    for part in operation.path.split('/').skip(1) {
        path.push('/');
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(name) => {
                let value = rest.remove(name).unwrap_or_default();
                path.push_str(&encode(&mainstay_kit::answer::plain(&value)));
            }
            None => path.push_str(part),
        }
    }
    if operation.method == Method::Post {
        let body = if input.is_object() { Value::Object(rest) } else { input.clone() };
        return (path, Some(body));
    }
    let mut mark = '?';
    for (name, value) in rest {
        let text = match &value {
            Value::Null => continue,
            Value::Array(items) if items.is_empty() => continue,
            Value::Array(items) => items.iter().map(mainstay_kit::answer::plain).collect::<Vec<_>>().join(","),
            other => mainstay_kit::answer::plain(other),
        };
        path.push(mark);
        path.push_str(&format!("{}={}", encode(&name), encode(&text)));
        mark = '&';
    }
    (path, None)
}

/// Percent-encoding of everything but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn local(
    router: axum::Router,
    runtime: &tokio::runtime::Runtime,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Result<(u16, Vec<u8>), Problem> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or_else(Body::empty, |value| Body::from(value.to_string())))
        .map_err(|e| Problem::malformed("request.malformed", e.to_string()))?;
    runtime.block_on(async {
        let response = match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), ANSWER_BYTES_MAX).await;
        Ok((status, bytes.map_err(|e| Problem::ours("answer.unreadable", e.to_string()))?.to_vec()))
    })
}

fn remote(
    outside: &Outside,
    auth: &Auth,
    method: &str,
    url: &str,
    body: Option<Value>,
) -> Result<(u16, Vec<u8>), Problem> {
    let method = match method {
        "POST" => mainstay_outside::Method::Post,
        "DELETE" => mainstay_outside::Method::Delete,
        _ => mainstay_outside::Method::Get,
    };
    let mut request = mainstay_outside::Request::new(method, url).auth(auth.clone());
    if let Some(value) = body {
        request = request.body("application/json", value.to_string().into_bytes());
    }
    match outside.send(&request) {
        Ok(response) => Ok((response.status, response.body)),
        // The server's own words, where it has any: they begin at the body's brace.
        Err(HttpError::Status(_, status, text)) => {
            Ok((status, text.find('{').map_or(text.clone(), |at| text[at..].to_owned()).into_bytes()))
        }
        Err(error) => Err(Problem::ours("server.unreachable", error.to_string())),
    }
}
