//! Policies in Rego as Conftest and OPA run them: the rules `deny`, `violation` and `warn` (and `deny_x`, ...) of every
//! package, asked of each Kubernetes manifest, each file of Terraform and each plan.
//!
//! Rego knows no value that is unknown. What is unknown is left out of the input, and a rule that finds nothing in an
//! input of which a part was left out has the verdict `unknown`, not `pass`.

use crate::checkov::Saying;
use crate::control::{Control, ControlFile};
use crate::judge::Truth;
use mainstay_iac::{Block, Dialect, Map, Node, Reading, Value};
use mainstay_model::{Diagnostic, Place, Severity};
use mainstay_rego::{Dialect as Version, Failure, Module, Options, Policy};
use serde_json::{Map as Object, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One rule of a package.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    policy: Arc<Policy>,
    /// `data.main.deny`
    path: String,
}

/// What is asked: an input, the resources that it was made of, and whether a part of it is unknown.
#[derive(Debug)]
pub(crate) struct Input {
    json: Json,
    /// Positions and addresses.
    resources: Vec<(usize, String)>,
    doubt: Option<String>,
}

/// Compiles modules, with the documents of `data.json` and `data.yaml` beside them, and gives a control for every rule.
pub(crate) fn read(modules: &[&ControlFile], data: &Json, wrong: &mut Vec<Diagnostic>) -> Vec<(Control, Rule)> {
    let modules: Vec<Module> = modules
        .iter()
        .filter(|file| !file.path.ends_with("_test.rego"))
        .map(|file| Module { path: file.path.clone(), text: file.text.clone() })
        .collect();
    if modules.is_empty() {
        return Vec::new();
    }
    let compiled = Policy::compile(&modules, Version::V1, data, Options::default());
    // Policies from before OPA 1.0 leave out `if` and `contains`; what is wrong with either is told of the newer form.
    let compiled = compiled
        .or_else(|problems| Policy::compile(&modules, Version::V0, data, Options::default()).map_err(|_| problems));
    let policy = match compiled {
        Ok(policy) => Arc::new(policy),
        Err(problems) => {
            wrong.extend(problems.into_iter().map(|problem| {
                let place = Place::at(problem.path, problem.line, problem.column);
                Diagnostic::error(
                    "rego.policy",
                    problem.summary,
                    place,
                    "mend the policy; none of the Rego files counts",
                )
            }));
            return Vec::new();
        }
    };
    let mut found: BTreeMap<String, (Control, Rule)> = BTreeMap::new();
    for (module, package) in modules.iter().zip(policy.packages()) {
        for name in rules(&module.text) {
            let path = format!("{package}.{name}");
            let id = path.strip_prefix("data.").unwrap_or(&path);
            let severity = if name.starts_with("warn") { Severity::Low } else { Severity::High };
            let why = "A policy of this team, written in Rego.".to_owned();
            let fix = format!("See the rule `{name}` in {}.", module.path);
            let control = Control::foreign(id, &format!("{id} finds nothing"), severity, &module.path, why, &fix);
            found.entry(path.clone()).or_insert_with(|| (control, Rule { policy: policy.clone(), path }));
        }
    }
    found.into_values().collect()
}

/// The names of the rules of a module that report what is wrong.
fn rules(text: &str) -> BTreeSet<&str> {
    let name = |line: &'_ str| line.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(line.len());
    let reports = |name: &str| {
        ["deny", "violation", "warn"].iter().any(|start| {
            name.strip_prefix(start).is_some_and(|rest| rest.is_empty() || (rest.len() > 1 && rest.starts_with('_')))
        })
    };
    text.lines().map(|line| &line[..name(line)]).filter(|name| reports(name)).collect()
}

/// The inputs that a reading gives.
pub(crate) fn inputs(reading: &Reading) -> Vec<Input> {
    let mut out = Vec::new();
    let mut files: BTreeMap<(u32, bool), Vec<usize>> = BTreeMap::new();
    for (at, resource) in reading.resources.iter().enumerate() {
        match resource.dialect {
            Dialect::Kubernetes => out.push(Input {
                json: known(&resource.body),
                resources: vec![(at, resource.address.clone())],
                doubt: doubt(&resource.body),
            }),
            Dialect::Terraform => files.entry((resource.at.file, false)).or_default().push(at),
            Dialect::Plan => files.entry((resource.at.file, true)).or_default().push(at),
            _ => {}
        }
    }
    out.extend(files.into_iter().map(|((_, is_plan), resources)| {
        let json = if is_plan { plan(reading, &resources) } else { source(reading, &resources) };
        let doubt = resources.iter().find_map(|at| doubt(&reading.resources[*at].body));
        let named = |at: &usize| (*at, reading.resources[*at].address.clone());
        Input { json, resources: resources.iter().map(named).collect(), doubt }
    }));
    out
}

/// A file of Terraform as Conftest gives it: blocks by kind, type and name, with their values as far as they are known.
fn source(reading: &Reading, resources: &[usize]) -> Json {
    let mut out = json!({});
    for resource in resources.iter().map(|at| &reading.resources[*at]) {
        let (kind, name) = (resource.resource_type.as_str(), resource.name.as_str());
        let bare = kind.strip_prefix("data.").or(kind.strip_prefix("provider.")).unwrap_or(kind);
        match resource.block {
            Block::Resource => out["resource"][bare][name] = known(&resource.body),
            Block::Data => out["data"][bare][name] = known(&resource.body),
            Block::Provider => out["provider"][bare] = known(&resource.body),
            Block::Module => out["module"][name] = known(&resource.body),
            Block::Parameter => {}
        }
    }
    out
}

/// A plan with what policies look at: `resource_changes` and `planned_values`.
fn plan(reading: &Reading, resources: &[usize]) -> Json {
    let (mut changes, mut planned) = (Vec::new(), Vec::new());
    for resource in resources.iter().map(|at| &reading.resources[*at]) {
        let (after, mode) = (known(&resource.body), if resource.block == Block::Data { "data" } else { "managed" });
        let actions = match resource.action.as_deref() {
            Some("replace") => json!(["delete", "create"]),
            Some(action) => json!([action]),
            None => json!(["no-op"]),
        };
        let mut entry = json!({
            "address": resource.address, "mode": mode, "type": resource.resource_type, "name": resource.name,
        });
        let gone = resource.action.as_deref() == Some("delete");
        if !gone {
            let mut value = entry.clone();
            value["values"] = after.clone();
            planned.push(value);
        }
        entry["change"] = json!({"actions": actions, "after": if gone { Json::Null } else { after }});
        changes.push(entry);
    }
    json!({"resource_changes": changes, "planned_values": {"root_module": {"resources": planned}}})
}

/// As JSON without what is unknown.
fn known(map: &Map) -> Json {
    let entries = map.iter().filter_map(|(key, node)| Some((key.to_owned(), known_node(node)?)));
    Json::Object(entries.collect::<Object<String, Json>>())
}

fn known_node(node: &Node) -> Option<Json> {
    match &node.value {
        Value::Unknown(_) => None,
        Value::Map(map) => Some(known(map)),
        Value::List(items) => Some(Json::Array(items.iter().filter_map(known_node).collect())),
        _ => Some(node.to_json()),
    }
}

/// The first reason for which something in a body is unknown.
fn doubt(body: &Map) -> Option<String> {
    body.iter().find_map(|(_, node)| doubt_in(node))
}

fn doubt_in(node: &Node) -> Option<String> {
    match &node.value {
        Value::Unknown(unknown) => Some(unknown.why.to_string()),
        Value::List(items) => items.iter().find_map(doubt_in),
        Value::Map(map) => doubt(map),
        _ => None,
    }
}

impl Rule {
    /// What the rule says of an input, by the position of the resource that a message names, else of the first one.
    pub fn judge(&self, input: &Input) -> Vec<(usize, Saying)> {
        let Some((first, _)) = input.resources.first() else { return Vec::new() };
        let said = |truth, why| Saying { truth, why, cause: None };
        let messages = match self.policy.rule(&self.path, &input.json) {
            Ok(found) => messages(found),
            Err(failure) => return vec![(*first, said(Truth::Unknown, broken(&failure)))],
        };
        if messages.is_empty() {
            let saying = match &input.doubt {
                Some(why) => said(Truth::Unknown, format!("nothing was found, but {why}")),
                None => said(Truth::True, "nothing was found".to_owned()),
            };
            return vec![(*first, saying)];
        }
        let mut by_resource: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let name = self.path.strip_prefix("data.").unwrap_or(&self.path);
        let in_words = |message: String| {
            let is_silent = message.trim().is_empty();
            if is_silent { format!("the rule `{name}` reports this, and gives no message") } else { message }
        };
        for message in messages.into_iter().map(in_words) {
            let named = input.resources.iter().filter(|(_, address)| message.contains(address.as_str()));
            let at = named.max_by_key(|(_, address)| address.len()).map_or(*first, |(at, _)| *at);
            by_resource.entry(at).or_default().push(message);
        }
        by_resource.into_iter().map(|(at, messages)| (at, said(Truth::False, messages.join("; ")))).collect()
    }
}

fn broken(failure: &Failure) -> String {
    format!("the policy failed: {failure}")
}

/// What a rule reports: texts, or objects with `msg`; a rule that is just true reports itself.
fn messages(found: Option<Json>) -> Vec<String> {
    let message = |one: Json| match one {
        Json::String(text) => text,
        Json::Object(map) => match map.get("msg") {
            Some(Json::String(text)) => text.clone(),
            _ => Json::Object(map).to_string(),
        },
        other => other.to_string(),
    };
    match found {
        Some(Json::Array(found)) => found.into_iter().map(message).collect(),
        Some(Json::Bool(true)) => vec!["the rule holds".to_owned()],
        Some(Json::String(text)) => vec![text],
        Some(Json::Object(found)) => found.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}
