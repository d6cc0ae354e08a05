//! Groups as YAML. Texts are written as JSON writes them, which is YAML too; expressions of several lines as blocks.

use super::{Group, Makes, Rule};
use crate::Resource;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// All groups: a plain file of rules first, then a resource for each resource that objectives stand in.
pub fn write(groups: &[Group]) -> String {
    let mut by_resource: Vec<(&Option<Resource>, Vec<&Group>)> = Vec::new();
    for group in groups {
        match by_resource.iter_mut().find(|(resource, _)| **resource == group.resource) {
            Some((_, of)) => of.push(group),
            None => by_resource.push((&group.resource, vec![group])),
        }
    }
    let documents = by_resource.iter().map(|(resource, groups)| document(resource.as_ref(), groups));
    let text = documents.collect::<Vec<_>>().join("---\n");
    if text.is_empty() { "groups: []\n".to_owned() } else { text }
}

fn document(resource: Option<&Resource>, groups: &[&Group]) -> String {
    let mut out = String::new();
    let indent = match resource {
        None => 0,
        Some(Resource { namespace, name }) => {
            out += "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  labels:\n";
            out += "    app.kubernetes.io/component: SLO\n    app.kubernetes.io/managed-by: mainstay\n";
            line(&mut out, 1, "name", name);
            if let Some(namespace) = namespace {
                line(&mut out, 1, "namespace", namespace);
            }
            out += "spec:\n";
            1
        }
    };
    put(&mut out, indent, "groups:");
    for group in groups {
        put(&mut out, indent, &format!("- name: {}", quoted(&group.name)));
        put(&mut out, indent + 1, "rules:");
        group.rules.iter().for_each(|one| rule(&mut out, indent + 1, one));
    }
    out
}

fn rule(out: &mut String, indent: usize, rule: &Rule) {
    match &rule.makes {
        Makes::Record(name) => put(out, indent, &format!("- record: {}", quoted(name))),
        Makes::Alert(name) => put(out, indent, &format!("- alert: {}", quoted(name))),
    }
    let expr = rule.expr.trim();
    if expr.contains('\n') {
        put(out, indent + 1, "expr: |-");
        expr.lines().for_each(|line| put(out, indent + 2, line));
    } else {
        line(out, indent + 1, "expr", expr);
    }
    map(out, indent + 1, "labels", &rule.labels);
    map(out, indent + 1, "annotations", &rule.annotations);
}

fn map(out: &mut String, indent: usize, name: &str, entries: &BTreeMap<String, String>) {
    if entries.is_empty() {
        return;
    }
    put(out, indent, &format!("{name}:"));
    entries.iter().for_each(|(name, value)| line(out, indent + 1, &quoted_if_odd(name), value));
}

fn line(out: &mut String, indent: usize, name: &str, value: &str) {
    put(out, indent, &format!("{name}: {}", quoted(value)));
}

fn put(out: &mut String, indent: usize, text: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(out, "{:width$}{text}", "", width = indent * 2);
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn quoted_if_odd(text: &str) -> String {
    let plain =
        text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && text.chars().any(|c| c.is_ascii_lowercase());
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&text);
    if plain && !word { text.to_owned() } else { quoted(text) }
}
