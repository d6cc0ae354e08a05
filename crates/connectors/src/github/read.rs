//! Deliveries to facts about changes.

use super::signature::verify;
use crate::json::{self, NodeExt};
use crate::{At, Document, Part, ReadContext, Reading, subjects};
use jiff::Timestamp;
use mainstay_iac::{Node, Value};
use mainstay_model::facts::{
    ChangeCancelled, ChangeCompleted, ChangeKind, ChangeOutcome, ChangeProposed, ChangeStarted,
};
use mainstay_model::{Diagnostic, PrincipalId, Subject};

/// Events that say nothing of a change; they are passed over without a word.
const PASSED_OVER: &[&str] = &["ping", "push", "release", "check_run", "check_suite", "status", "deployment_review"];

/// Reads deliveries: the body with its headers, a file with `{"event": .., "payload": ..}` or an array of those, or a file
/// whose name begins with the event.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    for part in &document.parts {
        if !is_signed(document, part, ctx, &mut reading) {
            continue;
        }
        let Some((node, _)) = json::parse(part, &["[]"], &mut reading) else { continue };
        let deliveries = if matches!(node.value, Value::List(_)) { node.items() } else { std::slice::from_ref(&node) };
        for delivery in deliveries {
            let named = document.headers.get("x-github-event").map(String::as_str).or_else(|| delivery.text("event"));
            let payload = delivery.field("payload").filter(|_| delivery.text("event").is_some()).unwrap_or(delivery);
            let event = named.or_else(|| event_of_path(&part.path)).or_else(|| event_of_content(payload));
            let teller = Teller { part, ctx, payload };
            teller.tell(event, &mut reading);
        }
    }
    reading
}

/// Checks the signature where a key is configured and the document came over HTTP; files have none.
fn is_signed(document: &Document, part: &Part, ctx: &ReadContext, reading: &mut Reading) -> bool {
    let Some(secret) = &ctx.secret else { return true };
    if document.headers.is_empty() {
        return true;
    }
    let header = document.headers.get("x-hub-signature-256").map(String::as_str).unwrap_or_default();
    if verify(secret, &part.bytes, header) {
        return true;
    }
    let why = if header.is_empty() { "the delivery is not signed" } else { "the delivery's signature is wrong" };
    reading.note(Diagnostic::error(
        "github.signature",
        why,
        At { now: ctx.now, path: &part.path, line: 0, column: 0 }.place(),
        "set the same secret in the webhook's settings on GitHub and in the source's `secret`",
    ));
    false
}

fn event_of_path(path: &str) -> Option<&str> {
    const EVENTS: [&str; 4] = ["deployment_status", "deployment", "pull_request", "workflow_run"];
    let name = path.rsplit('/').next().unwrap_or(path);
    EVENTS.into_iter().find(|event| {
        name.strip_prefix(event).is_some_and(|rest| rest.starts_with(['.', '-', '_']) && !rest.starts_with("_review"))
    })
}

fn event_of_content(payload: &Node) -> Option<&'static str> {
    let has = |key: &str| payload.field(key).is_some();
    if has("deployment_status") {
        Some("deployment_status")
    } else if has("workflow_run") && !has("deployment") {
        Some("workflow_run")
    } else if has("deployment") {
        Some("deployment")
    } else if has("pull_request") && !has("review") && !has("comment") {
        Some("pull_request")
    } else {
        None
    }
}

struct Teller<'a> {
    part: &'a Part,
    ctx: &'a ReadContext,
    payload: &'a Node,
}

impl Teller<'_> {
    fn tell(&self, event: Option<&str>, reading: &mut Reading) {
        let told = match event {
            Some("deployment") => self.deployment(reading),
            Some("deployment_status") => self.status(reading),
            Some("pull_request") => self.pull_request(reading),
            Some("workflow_run") => self.workflow_run(reading),
            Some(event) if PASSED_OVER.contains(&event) => Some(()),
            Some(event) => {
                let what = format!("event {event} says nothing of a change and was passed over");
                let help = "subscribe to deployment, deployment_status, pull_request and workflow_run";
                reading.note(Diagnostic::note("github.event", what, self.at().place(), help));
                Some(())
            }
            None => None,
        };
        if told.is_none() {
            reading.note(Diagnostic::error(
                "github.malformed",
                "this is no delivery of a known event, or a field that it must have is missing",
                self.at().place(),
                "send the body as GitHub sends it, with X-GitHub-Event, or as {\"event\": .., \"payload\": ..}",
            ));
        }
    }

    /// Repository, fact source and subject of a change.
    fn change(&self, kind: &str, id: &str) -> Option<(String, String, Subject)> {
        let repository = self.payload.at_path("repository")?.text("full_name")?.to_lowercase();
        let source = self.ctx.source_or(format!("github:{repository}"));
        let subject = Subject::of("change", &format!("github/{repository}/{kind}/{id}"));
        Some((repository, source, subject))
    }

    fn deployment(&self, reading: &mut Reading) -> Option<()> {
        let deployment = self.payload.field("deployment")?;
        let id = number(deployment, "id")?;
        let (_, source, subject) = self.change("deployment", &id)?;
        let (sha, environment) = (deployment.text("sha")?, deployment.text("environment")?);
        let title = match deployment.text("description").filter(|text| !text.trim().is_empty()) {
            Some(text) => text.lines().next().unwrap_or_default().to_owned(),
            None => format!("{} {} to {environment}", deployment.text("task").unwrap_or("deploy"), short(sha)),
        };
        let proposed = ChangeProposed {
            title,
            requested_by: principal(deployment.field("creator")),
            link: deployment.text("url").map(str::to_owned),
            commit: Some(sha.to_owned()),
        };
        let time = time(deployment, "created_at")?;
        reading.say(&proposed, &source, &format!("deployment/{id}/proposed"), subject, time, &self.at());
        Some(())
    }

    fn status(&self, reading: &mut Reading) -> Option<()> {
        let (status, deployment) = (self.payload.field("deployment_status")?, self.payload.field("deployment")?);
        let (id, status_id) = (number(deployment, "id")?, number(status, "id")?);
        let (repository, source, subject) = self.change("deployment", &id)?;
        let named = status.text("environment").or_else(|| deployment.text("environment"))?;
        let environment = self.environment(named, deployment);
        let sha = deployment.text("sha")?;
        let (state, at) = (status.text("state")?, time(status, "created_at")?);
        let service = self.service(&repository, deployment);
        let fact_id = format!("deployment/{id}/status/{status_id}");
        let outcome = match state {
            "in_progress" => {
                let started = ChangeStarted { environment, service };
                reading.say(&started, &source, &fact_id, subject, at, &self.at());
                return Some(());
            }
            "success" => ChangeOutcome::Succeeded,
            "failure" | "error" => ChangeOutcome::Failed,
            "pending" | "queued" | "waiting" | "inactive" => return Some(()),
            _ => return None,
        };
        let completed = ChangeCompleted {
            environment,
            kind: self.kind(),
            outcome,
            service,
            team: None,
            started: None,
            commit: Some(sha.to_owned()),
            link: ["log_url", "target_url", "url"].iter().find_map(|key| filled(status, key)),
            remedies: None,
        };
        reading.say(&completed, &source, &fact_id, subject, at, &self.at());
        Some(())
    }

    fn pull_request(&self, reading: &mut Reading) -> Option<()> {
        let request = self.payload.field("pull_request")?;
        let id = number(request, "number")?;
        let (_, source, subject) = self.change("pull", &id)?;
        let merged = matches!(request.field("merged").map(|node| &node.value), Some(Value::Bool(true)));
        match self.payload.text("action")? {
            "opened" | "reopened" | "ready_for_review" => {
                let proposed = ChangeProposed {
                    title: request.text("title")?.to_owned(),
                    requested_by: principal(request.field("user")),
                    link: request.text("html_url").map(str::to_owned),
                    commit: request.at_path("head").and_then(|head| head.text("sha")).map(str::to_owned),
                };
                let sha = proposed.commit.clone().unwrap_or_default();
                let at = time(request, "created_at")?;
                reading.say(&proposed, &source, &format!("pull/{id}/proposed/{sha}"), subject, at, &self.at());
            }
            "closed" if !merged => {
                let at = time(request, "closed_at")?;
                let cancelled = ChangeCancelled { reason: "closed without being merged".to_owned() };
                reading.say(&cancelled, &source, &format!("pull/{id}/cancelled/{at}"), subject, at, &self.at());
            }
            // Merged is decided, not executed: the deployment that follows is.
            _ => {}
        }
        Some(())
    }

    fn workflow_run(&self, reading: &mut Reading) -> Option<()> {
        let run = self.payload.field("workflow_run")?;
        let (id, name) = (number(run, "id")?, run.text("name").unwrap_or_default());
        let action = self.payload.text("action")?;
        let conclusion = run.text("conclusion").unwrap_or_default();
        if action != "completed" || matches!(conclusion, "skipped" | "cancelled" | "neutral" | "stale") {
            return Some(());
        }
        if !self.ctx.options.workflows.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            let what =
                format!("workflow {name:?} is not listed as one that changes an environment, and was passed over");
            let help = "list it under `workflows` of the source, with `environment`, if its runs are changes";
            reading.note(Diagnostic::note("github.workflow", what, self.at().place(), help));
            return Some(());
        }
        let attempt = number(run, "run_attempt").unwrap_or_else(|| "1".to_owned());
        let (repository, source, subject) = self.change("run", &format!("{id}/{attempt}"))?;
        let started = time(run, "run_started_at").or_else(|| time(run, "created_at"));
        let succeeded = conclusion == "success";
        let completed = ChangeCompleted {
            environment: self.environment(self.ctx.options.environment.as_deref().unwrap_or("unknown"), run),
            kind: self.kind(),
            outcome: if succeeded { ChangeOutcome::Succeeded } else { ChangeOutcome::Failed },
            service: self.service(&repository, run),
            team: None,
            started,
            commit: run.text("head_sha").map(str::to_owned),
            link: run.text("html_url").map(str::to_owned),
            remedies: None,
        };
        let at = time(run, "updated_at")?;
        reading.say(&completed, &source, &format!("run/{id}/{attempt}/completed"), subject, at, &self.at());
        Some(())
    }

    fn environment(&self, name: &str, deployment: &Node) -> String {
        let flag = deployment.field("production_environment").map(|node| &node.value);
        if flag == Some(&Value::Bool(true)) {
            return "production".to_owned();
        }
        self.ctx.options.environment_of(name)
    }

    fn kind(&self) -> ChangeKind {
        if self.ctx.options.application_only { ChangeKind::Application } else { ChangeKind::Infrastructure }
    }

    /// The service that a deployment's payload names, else the repository's name, as teams usually have it.
    fn service(&self, repository: &str, deployment: &Node) -> Option<Subject> {
        let named = deployment.at_path("payload.service").and_then(NodeExt::as_text);
        let name = named.or_else(|| repository.rsplit('/').next())?;
        (!name.trim().is_empty()).then(|| subjects::service(name))
    }

    fn at(&self) -> At<'_> {
        At { now: self.ctx.now, path: &self.part.path, line: self.payload.at.line, column: self.payload.at.column }
    }
}

fn number(node: &Node, key: &str) -> Option<String> {
    Some(node.number(key)?.normalize().to_string())
}

fn time(node: &Node, key: &str) -> Option<Timestamp> {
    node.text(key)?.parse().ok()
}

fn filled(node: &Node, key: &str) -> Option<String> {
    node.text(key).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn principal(user: Option<&Node>) -> Option<PrincipalId> {
    PrincipalId::new(user?.text("login")?).ok()
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}
