//! Recorded series for a backtest: from files, or fetched from what speaks Prometheus' API.

use crate::Context;
use mainstay_kit::Problem;
use mainstay_outside::{FILE_BYTES_MAX, Method, Outside, Request};
use mainstay_promql::{Store, load};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How much of a series one request asks for, in seconds: two hours of a scrape every fifteen seconds are 480 samples.
const CHUNK_S: i64 = 7_200;

fn wrong(detail: String) -> Problem {
    Problem::malformed("slo.history", detail)
}

/// The series of files.
pub fn of_files(outside: &Outside, files: &[PathBuf]) -> Result<Store, Problem> {
    let mut store = Store::new();
    for path in files {
        add_file(outside, path, &mut store)?;
    }
    Ok(store)
}

fn add_file(outside: &Outside, path: &Path, store: &mut Store) -> Result<(), Problem> {
    let name = path.display();
    let bytes = outside.read(path, FILE_BYTES_MAX).map_err(|e| wrong(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|e| wrong(format!("{name} is no UTF-8 text: {e}")))?;
    let added = if text.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
        let answer = serde_json::from_str(&text).map_err(|e| wrong(format!("{name}: {e}")))?;
        load::matrix::add(store, &answer)
    } else {
        load::openmetrics::add(store, &text)
    };
    match added {
        Ok(0) => Err(wrong(format!("{name} holds no samples"))),
        Ok(_) => Ok(()),
        Err(error) if error.line > 0 => Err(wrong(format!("{name}:{}: {}", error.line, error.message))),
        Err(error) => Err(wrong(format!("{name}: {}", error.message))),
    }
}

/// The series that selectors name, from a moment to another in milliseconds, out of a running Prometheus.
pub fn of_prometheus(
    context: &Context,
    url: &str,
    selectors: &BTreeSet<String>,
    span: (i64, i64),
) -> Result<Store, Problem> {
    let mut store = Store::new();
    let (first, last) = (span.0.div_euclid(1_000), span.1.div_euclid(1_000) + 1);
    for (number, selector) in selectors.iter().enumerate() {
        let mut end = first;
        while end < last {
            end = (end + CHUNK_S).min(last);
            context.view.progress(&format!("series {} of {}: {} s left", number + 1, selectors.len(), last - end));
            fetch(context, url, &format!("{selector}[{CHUNK_S}s]"), end, &mut store)?;
        }
    }
    context.view.clear();
    if store.samples() == 0 {
        return Err(wrong(format!(
            "{url} has no samples of {} in that time",
            selectors.iter().cloned().collect::<Vec<_>>().join(", ")
        )));
    }
    Ok(store)
}

fn fetch(context: &Context, url: &str, query: &str, at: i64, store: &mut Store) -> Result<(), Problem> {
    let address = format!("{}/api/v1/query", url.trim_end_matches('/'));
    let form = format!("query={}&time={at}", encoded(query));
    let request = Request::new(Method::Post, address).body("application/x-www-form-urlencoded", form);
    let response = context.outside.send(&request).map_err(|e| wrong(e.to_string()))?;
    let answer = serde_json::from_slice(&response.body).map_err(|e| {
        let start: String = String::from_utf8_lossy(&response.body).chars().take(60).collect();
        wrong(format!("{url} answers no JSON ({e}); is it Prometheus? It begins with {start:?}"))
    })?;
    load::matrix::add(store, &answer).map(|_| ()).map_err(|error| wrong(format!("{url}: {query}: {}", error.message)))
}

/// A text as a form holds it.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}
