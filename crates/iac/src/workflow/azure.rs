//! Azure Pipelines: stages, jobs and steps.

use super::{Parts, commands, items_in, text_in};
use crate::{At, Map, Node, Value};

pub(super) fn pipeline(map: &Map, at: At, parts: &mut Parts<'_>) {
    let shown = parts.shown.to_owned();
    parts.add("azure_pipelines.pipeline", shown.clone(), &shown, map.clone(), at);
    for (index, node) in items_in(map, "stages").iter().enumerate() {
        let Value::Map(stage) = &node.value else { continue };
        let address = address("", "stages", index, stage, &["displayName", "stage"]);
        jobs(items_in(stage, "jobs"), &format!("{address}."), parts);
    }
    jobs(items_in(map, "jobs"), "", parts);
    steps(items_in(map, "steps"), "", parts);
}

fn address(before: &str, list: &str, index: usize, map: &Map, names: &[&str]) -> String {
    match names.iter().find_map(|name| text_in(map, name)) {
        Some(name) => format!("{before}{list}[{index}]({name})"),
        None => format!("{before}{list}[{index}]"),
    }
}

fn jobs(jobs: &[Node], before: &str, parts: &mut Parts<'_>) {
    for (index, node) in jobs.iter().enumerate() {
        let Value::Map(job) = &node.value else { continue };
        let address = address(before, "jobs", index, job, &["displayName", "job", "deployment"]);
        let name = text_in(job, "job").or_else(|| text_in(job, "deployment")).unwrap_or_default();
        parts.add("azure_pipelines.job", address.clone(), name, job.clone(), node.at);
        let before = format!("{address}.");
        steps(items_in(job, "steps"), &before, parts);
        deployment(job, &before, parts);
    }
}

/// The steps of a deployment stand below its strategy, by phase.
fn deployment(job: &Map, before: &str, parts: &mut Parts<'_>) {
    let Some(Node { value: Value::Map(strategy), .. }) = job.get("strategy") else { return };
    for (_, node) in strategy.iter() {
        let Value::Map(phases) = &node.value else { continue };
        for (phase, node) in phases.iter() {
            if let Value::Map(hook) = &node.value {
                steps(items_in(hook, "steps"), &format!("{before}{phase}."), parts);
            }
        }
    }
}

fn steps(steps: &[Node], before: &str, parts: &mut Parts<'_>) {
    for (index, node) in steps.iter().enumerate() {
        let Value::Map(step) = &node.value else { continue };
        let address = address(before, "steps", index, step, &["displayName", "name"]);
        let mut body = step.clone();
        let script = ["script", "bash", "powershell", "pwsh"].iter().find_map(|key| step.get(key));
        if let Some(Node { value: Value::String(script), at }) = script {
            body.set("commands", commands(&[(script, *at)]));
        }
        let name = text_in(step, "displayName").or_else(|| text_in(step, "name")).unwrap_or_default();
        parts.add("azure_pipelines.step", address, name, body, node.at);
    }
}
