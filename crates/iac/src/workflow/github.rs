//! GitHub workflows and composite actions.

use super::{Parts, commands, expressions, items_in, shared, text_in};
use crate::{At, Map, Node, Value};

pub(super) fn workflow(map: &Map, at: At, parts: &mut Parts<'_>) {
    let Some(Node { value: Value::Map(jobs), .. }) = map.get("jobs") else { return };
    let shown = parts.shown.to_owned();
    parts.add("github.workflow", shown.clone(), &shown, map.clone(), at);
    permissions(map, at, parts);
    if let Some(on) = map.get("on") {
        let mut body = Map::default();
        body.set("on", on.clone());
        let name = text_in(map, "name").unwrap_or_default();
        parts.add("github.trigger", format!("on({name})"), name, body, on.at);
    }
    for (name, node) in jobs.iter() {
        let Value::Map(job) = &node.value else { continue };
        let address = format!("jobs({name})");
        parts.add("github.job", address.clone(), name, with_file(job, map), node.at);
        steps(items_in(job, "steps"), &address, parts);
    }
}

/// A job with what the workflow says for all jobs.
fn with_file(job: &Map, workflow: &Map) -> Map {
    let mut job = job.clone();
    if let Some(node) = workflow.get("permissions") {
        job.set("workflow_permissions", shared(node));
    }
    job
}

/// What the token of the workflow may do; nothing said is a resource as well, because the default is judged.
fn permissions(map: &Map, at: At, parts: &mut Parts<'_>) {
    let mut body = Map::default();
    let at = map.get("permissions").map_or(at, |node| node.at);
    if let Some(node) = map.get("permissions") {
        body.set("permissions", node.clone());
    }
    let address = format!("{}.permissions.permissions", parts.file_name());
    parts.add("github.permissions", address.clone(), &address, body, at);
}

pub(super) fn action(map: &Map, at: At, parts: &mut Parts<'_>) {
    let Some(Node { value: Value::Map(runs), .. }) = map.get("runs") else { return };
    let shown = parts.shown.to_owned();
    parts.add("github.action", shown.clone(), &shown, map.clone(), at);
    steps(items_in(runs, "steps"), "runs", parts);
}

fn steps(steps: &[Node], job: &str, parts: &mut Parts<'_>) {
    for (index, node) in (1..).zip(steps) {
        let Value::Map(step) = &node.value else { continue };
        let named = text_in(step, "name").or_else(|| text_in(step, "id"));
        let address = match named {
            Some(name) => format!("{job}.steps[{index}]({name})"),
            None => format!("{job}.steps[{index}]"),
        };
        let mut body = step.clone();
        if let Some(Node { value: Value::String(script), at }) = step.get("run") {
            body.set("commands", commands(&[(script, *at)]));
            body.set("expressions", expressions(script, *at));
        } else if let Some(Node { value: Value::Map(with), .. }) = step.get("with")
            && let Some(Node { value: Value::String(script), at }) = with.get("script")
        {
            // `actions/github-script` runs what it is given.
            body.set("expressions", expressions(script, *at));
        }
        parts.add("github.step", address, named.unwrap_or_default(), body, node.at);
    }
}
