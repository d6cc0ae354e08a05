//! Routes that are neither operation nor page: health, metrics, the API's description, the log's own files.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_kit::{Extra, World, openapi};
use serde_json::{Value, json};

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
    let mut description = openapi(&world.operations);
    description["paths"]["/v1/hooks/{name}"] = hooks(world);
    ([(header::CONTENT_TYPE, "application/json")], description.to_string()).into_response()
}

/// Hooks take the documents of other systems as they are, so their bodies have no schema of ours.
fn hooks(world: &World) -> Value {
    let names: Vec<&str> = world.hooks.iter().map(|hook| hook.name.as_str()).collect();
    json!({"post": {
        "operationId": "hook.deliver",
        "summary": "Take a delivery of another system: an Alertmanager webhook, a GitHub delivery, a report",
        "tags": ["hook"],
        "parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string", "enum": names}}],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {}}}},
        "responses": {
            "200": {"description": "what became of it", "content": {"application/json": {"schema": {"type": "object"}}}},
            "default": {
                "description": "what went wrong and what to do about it; a sender that knows another form of it gets that",
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
                    "application/json": {"schema": {"type": "object"}},
                },
            },
        },
    }})
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
