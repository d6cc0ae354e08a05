//! CloudEvents in binary content mode (cloudevents.io, HTTP protocol binding 1.0, 3.1), in which many libraries send by
//! default: the attributes stand in headers that begin with `ce-`, and the body is the data.

use crate::Problem;
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

/// What the headers of attributes begin with.
const PREFIX: &str = "ce-";

/// Whether a request carries an event in this mode.
pub(crate) fn is_event(headers: &HeaderMap) -> bool {
    headers.contains_key("ce-specversion")
}

/// The event as the JSON object that it is in the other mode.
///
/// # Errors
/// The body is neither JSON nor text.
pub(crate) fn event(headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let mut event = Map::new();
    for (name, value) in headers {
        if let Some(attribute) = name.as_str().strip_prefix(PREFIX) {
            let text = decoded(value.as_bytes());
            let text = text.ok_or_else(|| {
                Problem::malformed("request.attribute", format!("header {name} is no percent-encoded UTF-8"))
            })?;
            event.insert(attribute.to_owned(), Value::String(text));
        }
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/json");
    let plain = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if body.is_empty() {
        return Ok(Value::Object(event));
    }
    let data = if plain.ends_with("json") {
        serde_json::from_slice(body)
            .map_err(|e| Problem::malformed("request.json", format!("the body, which is the data, is not JSON: {e}")))?
    } else {
        let text = std::str::from_utf8(body).ok().filter(|_| plain.starts_with("text/"));
        let detail = || format!("data of {plain} is not kept; send JSON or text");
        let text =
            text.ok_or_else(|| Problem { status: 415, code: "request.media-type".to_owned(), detail: detail() })?;
        Value::String(text.to_owned())
    };
    if plain != "application/json" {
        event.insert("datacontenttype".to_owned(), Value::String(kind.to_owned()));
    }
    event.insert("data".to_owned(), data);
    Ok(Value::Object(event))
}

/// The text of a header: percent-encoded UTF-8 (3.1.3.2).
fn decoded(bytes: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, behind @ ..] = rest {
        let hex = |at: usize| behind.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).ok()?);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};
    use serde_json::json;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn headers_and_body_are_the_event_that_one_object_would_be() {
        let sent = headers(&[
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-subject", "service:caf%C3%A9"),
            ("content-type", "application/json; charset=utf-8"),
            ("host", "x"),
        ]);
        assert!(is_event(&sent));
        let expected = json!({"specversion": "1.0", "id": "1", "subject": "service:café", "data": {"text": "hello"}});
        assert_eq!(event(&sent, br#"{"text": "hello"}"#).unwrap(), expected);
        let sent = headers(&[("ce-specversion", "1.0"), ("content-type", "text/plain")]);
        let expected = json!({"specversion": "1.0", "datacontenttype": "text/plain", "data": "hello"});
        assert_eq!(event(&sent, b"hello").unwrap(), expected);
    }

    #[test]
    fn what_can_be_no_data_is_refused() {
        let of = |kind: &'static str| headers(&[("ce-specversion", "1.0"), ("content-type", kind)]);
        assert_eq!(event(&of("application/json"), b"{").unwrap_err().status, 400);
        assert_eq!(event(&of("image/png"), b"\x89PNG").unwrap_err().status, 415);
        assert_eq!(event(&of("text/plain"), b"\xff").unwrap_err().status, 415);
        assert!(!is_event(&headers(&[("content-type", "application/json")])));
    }
}
