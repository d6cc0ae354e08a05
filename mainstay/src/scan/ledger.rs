//! Waivers of the ledger: findings that one person asked to accept and another one accepted.

use crate::Context;
use mainstay_connectors::subjects;
use mainstay_kit::Problem;
use mainstay_model::Place;
use mainstay_policy::Judgement;
use mainstay_policy::suppress::{Scope, Suppression, Waiver};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;

/// Rows that are asked for at once.
const PAGE: u64 = 1000;

/// A finding that is accepted now.
#[derive(Debug, Clone)]
pub struct Accepted {
    control: String,
    /// What it is about, as connectors name it: `tf:envs/prod/aws_s3_bucket.logs`.
    subject: String,
    id: String,
    waiver: Waiver,
}

/// Every finding of the ledger that is waived now.
pub fn accepted(context: &Context) -> Result<Vec<Accepted>, Problem> {
    let ask = crate::commands::asking(context)?;
    let mut out = Vec::new();
    loop {
        let page = ask("finding.list", &json!({"where": ["state=waived"], "limit": PAGE, "offset": out.len()}))?;
        let rows = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        for row in rows {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let id = text("id");
            let whole = ask("finding.show", &json!({ "id": id }))?;
            let given = &whole["state"]["waiver"][1];
            let of = |name: &str| given[name].as_str().map(str::to_owned);
            let waiver = Waiver {
                reason: of("reason").unwrap_or_default(),
                by: "ledger".to_owned(),
                place: Place::file(format!("finding {id}")),
                approver: of("by"),
                until: of("until").map(|until| until.chars().take(10).collect()),
            };
            out.push(Accepted { control: text("rule"), subject: text("subject"), id, waiver });
        }
        if rows.is_empty() || out.len() as u64 >= page["total"].as_u64().unwrap_or(0) {
            return Ok(out);
        }
    }
}

/// The waivers that speak of judgements, each bound to exactly one resource. The ledger knows the whole estate, so one
/// that speaks of nothing here is no mistake.
pub fn of_judgements(accepted: &[Accepted], judgements: &[Judgement]) -> Vec<Suppression> {
    if accepted.is_empty() {
        return Vec::new();
    }
    let mut known: HashMap<(String, String), &Accepted> = HashMap::new();
    for one in accepted {
        known.insert((one.control.clone(), one.subject.clone()), one);
    }
    let mut out = Vec::new();
    for judgement in judgements {
        let found = names(judgement).into_iter().find_map(|name| known.get(&(judgement.control.to_string(), name)));
        if let Some(found) = found {
            out.push(Suppression {
                id: judgement.control.to_string(),
                scope: Scope::Named {
                    resource: judgement.resource.to_string(),
                    root: Some(judgement.root.to_string()),
                    files: vec![judgement.file.to_string()],
                },
                waiver: Waiver { place: Place::file(format!("finding {}", found.id)), ..found.waiver.clone() },
                workspace: None,
                attributes: Vec::new(),
            });
        }
    }
    out
}

/// The names that connectors may have given a resource: the ledger may have been filled from a folder further down.
fn names(judgement: &Judgement) -> Vec<String> {
    let folder = match &judgement.kind {
        Some(_) => Path::new(&*judgement.file).parent().unwrap_or(Path::new("")),
        None => Path::new(&*judgement.root),
    };
    let parts: Vec<String> = folder.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    (0..=parts.len())
        .map(|from| {
            let folder = parts[from..].join("/");
            match &judgement.kind {
                Some(kind) => subjects::kubernetes(&folder, judgement.namespace.as_deref(), kind, &judgement.name),
                None => subjects::terraform(&folder, &judgement.resource),
            }
        })
        .map(|subject| subject.as_str().to_owned())
        .collect()
}
