//! Routes that are neither operation nor page: health, metrics, the API's description, the log's own files.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_kit::{Extra, World, openapi};

/// All of them, with the assets of the pages.
pub fn extras() -> Vec<Extra> {
    let mut all = mainstay_kit::ui::extras();
    all.extend([
        Extra { path: "/v1/openapi.json", answer: description },
        Extra { path: "/metrics", answer: metrics },
        Extra { path: "/health/live", answer: |_| "alive\n".into_response() },
        Extra { path: "/health/ready", answer: ready },
        Extra { path: "/checkpoint", answer: checkpoint },
    ]);
    all
}

fn description(world: &World) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi(&world.operations).to_string()).into_response()
}

fn metrics(world: &World) -> Response {
    if let Ok(size) = world.ledger.size() {
        world.metrics.ledger_size.set(i64::try_from(size).unwrap_or(i64::MAX));
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], world.metrics.text()).into_response()
}

/// Ready is who can read its ledger.
fn ready(world: &World) -> Response {
    match world.ledger.size() {
        Ok(_) => "ready\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// The signed checkpoint where witnesses look for it (C2SP tlog-tiles).
fn checkpoint(world: &World) -> Response {
    match world.ledger.checkpoint() {
        Ok(note) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}
