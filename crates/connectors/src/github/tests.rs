//! Deliveries written after GitHub's documentation.

use super::{read, sign};
use crate::{Document, ReadContext, Reading};
use mainstay_model::FactData;
use mainstay_model::facts::{ChangeCancelled, ChangeCompleted, ChangeOutcome, ChangeProposed};
use mainstay_outside::Secret;
use serde_json::json;

fn context() -> ReadContext {
    ReadContext::at("2026-03-02T00:00:00Z".parse().unwrap())
}

fn status(deployment: u64, sha: &str, state: &str, at: &str) -> serde_json::Value {
    json!({"event": "deployment_status", "payload": {
        "action": "created",
        "deployment_status": {"id": deployment * 10, "state": state, "created_at": at, "environment": "prod-eu",
            "log_url": "https://github.com/acme/shop/actions/runs/1", "target_url": ""},
        "deployment": {"id": deployment, "sha": sha, "ref": "main", "task": "deploy", "environment": "prod-eu",
            "production_environment": true, "created_at": at, "creator": {"login": "ada"}},
        "repository": {"full_name": "Acme/Shop"}}})
}

fn read_json(value: &serde_json::Value, ctx: &ReadContext) -> Reading {
    read(&Document::of("deliveries.json", serde_json::to_vec(value).unwrap()), ctx)
}

#[test]
fn a_deployment_status_completes_the_change_of_its_deployment() {
    for (state, outcome) in [("success", ChangeOutcome::Succeeded), ("error", ChangeOutcome::Failed)] {
        let reading = read_json(&status(7, "abc", state, "2026-03-01T10:00:00Z"), &context());
        assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
        let fact = &reading.facts[0];
        assert_eq!(fact.subject.as_ref().unwrap().as_str(), "change:github/acme/shop/deployment/7");
        assert_eq!((&*fact.source, fact.id.as_str()), ("github:acme/shop", "deployment/7/status/70"));
        let completed = ChangeCompleted::read(fact).unwrap();
        assert_eq!((&*completed.environment, completed.outcome), ("production", outcome));
        assert_eq!(completed.service.unwrap().as_str(), "service:shop");
    }
    assert!(read_json(&status(7, "abc", "inactive", "2026-03-01T10:00:00Z"), &context()).facts.is_empty());
}

#[test]
fn a_delivery_with_a_wrong_signature_says_nothing() {
    let body = serde_json::to_vec(&status(7, "abc", "success", "2026-03-01T10:00:00Z")["payload"]).unwrap();
    let secret = Secret::new("s3cret".to_owned());
    let ctx = ReadContext { secret: Some(secret.clone()), ..context() };
    let with = |signature: &str| {
        let mut document = Document::of("/v1/hooks/github", body.clone());
        document.headers.insert("x-github-event".to_owned(), "deployment_status".to_owned());
        if !signature.is_empty() {
            document.headers.insert("x-hub-signature-256".to_owned(), signature.to_owned());
        }
        read(&document, &ctx)
    };
    assert_eq!(with(&sign(&secret, &body)).facts.len(), 1);
    for bad in ["", "sha256=00", &sign(&secret, b"another body")] {
        let reading = with(bad);
        assert!(reading.facts.is_empty());
        assert_eq!(reading.diagnostics[0].code, "github.signature");
    }
}

#[test]
fn a_pull_request_is_proposed_and_cancelled_and_only_a_listed_workflow_is_a_change() {
    let request = |action: &str, merged: bool| {
        json!({"event": "pull_request", "payload": {"action": action, "repository": {"full_name": "acme/shop"},
            "pull_request": {"number": 5, "title": "Open port", "merged": merged, "head": {"sha": "abc"},
            "created_at": "2026-03-01T10:00:00Z", "closed_at": "2026-03-01T11:00:00Z", "user": {"login": "ada"}}}})
    };
    let kinds = |value: &serde_json::Value| -> Vec<String> {
        read_json(value, &context()).facts.into_iter().map(|fact| fact.fact_type).collect()
    };
    assert_eq!(kinds(&request("opened", false)), [ChangeProposed::TYPE]);
    assert_eq!(kinds(&request("closed", false)), [ChangeCancelled::TYPE]);
    assert!(kinds(&request("closed", true)).is_empty());

    let run = json!({"event": "workflow_run", "payload": {"action": "completed", "repository": {"full_name": "acme/shop"},
        "workflow_run": {"id": 9, "name": "Apply", "conclusion": "failure", "head_sha": "abc", "run_attempt": 2,
        "run_started_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T10:05:00Z"}}});
    let reading = read_json(&run, &context());
    assert!(reading.facts.is_empty());
    assert_eq!(reading.diagnostics[0].code, "github.workflow");
    let mut ctx = context();
    ctx.options.workflows = vec!["apply".to_owned()];
    ctx.options.environment = Some("prod".to_owned());
    let reading = read_json(&run, &ctx);
    let completed = ChangeCompleted::read(&reading.facts[0]).unwrap();
    assert_eq!((&*completed.environment, completed.outcome), ("production", ChangeOutcome::Failed));
    assert_eq!(completed.started.unwrap().to_string(), "2026-03-01T10:00:00Z");
}

#[test]
fn real_deliveries_of_others_are_read_or_passed_over_without_error() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/webhooks/github");
    let Ok(walk) = mainstay_outside::files::walk(std::path::Path::new(root)) else {
        println!("SKIPPED: {root} is not there");
        return;
    };
    let mut completed = 0;
    for path in &walk.files {
        let bytes = mainstay_outside::files::read(path, 1 << 24).unwrap();
        let event = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let mut document = Document::of(path.display().to_string(), bytes);
        document.headers.insert("x-github-event".to_owned(), event.clone());
        let reading = read(&document, &context());
        assert!(!reading.has_errors(), "{}: {:?}", path.display(), reading.diagnostics);
        completed += reading.facts.iter().filter(|fact| fact.fact_type == ChangeCompleted::TYPE).count();
        if event == "deployment" {
            assert_eq!(reading.facts.len(), 1, "{}", path.display());
        }
    }
    assert!(completed > 0, "none of the {} deliveries completed a change", walk.files.len());
}
