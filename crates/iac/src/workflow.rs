//! Pipelines as code: GitHub workflows and composite actions, GitLab CI, Azure Pipelines. Jobs and steps are resources; what
//! a step's script calls stands under `commands`.

use crate::shell::{self, Command};
use crate::source::{Origin, text_of};
use crate::yaml::{self, Schema};
use crate::{At, Block, Dialect, Map, Node, Reading, Resource, SourceFile, Unknown, Value};
use std::sync::Arc;

mod azure;
mod github;
mod gitlab;

/// How many steps and jobs one file gives at most.
const PARTS_MAX: usize = 20_000;

/// The kinds of pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    GitHub,
    Action,
    GitLab,
    Azure,
}

/// Which pipeline a file is, by its name and, for workflows that lie elsewhere, by what it holds.
pub(crate) fn system_of(file: &SourceFile) -> Option<System> {
    let path = file.path.to_ascii_lowercase();
    if !path.ends_with(".yml") && !path.ends_with(".yaml") {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(&path);
    if path.starts_with(".github/workflows/") || path.contains("/.github/workflows/") {
        return Some(System::GitHub);
    }
    if name.ends_with(".gitlab-ci.yml") || name.ends_with(".gitlab-ci.yaml") || path.contains(".gitlab/ci/") {
        return Some(System::GitLab);
    }
    if name.starts_with("azure-pipelines") || name.starts_with(".azure-pipelines") || path.contains(".azure-pipelines/")
    {
        return Some(System::Azure);
    }
    let holds = |word: &[u8]| crate::read::contains(&file.bytes, word);
    match name {
        "action.yml" | "action.yaml" if holds(b"runs:") => Some(System::Action),
        _ if holds(b"\njobs:") && holds(b"runs-on:") => Some(System::GitHub),
        _ => None,
    }
}

/// Adds the jobs and steps of a file. `shown` is the path by which its resources are named.
pub(crate) fn read_file(file: &SourceFile, system: System, index: u32, shown: &str, reading: &mut Reading) {
    let text = match text_of(&file.bytes, &file.path) {
        Ok(text) => text,
        Err(diagnostic) => return reading.diagnostics.push(*diagnostic),
    };
    let read = yaml::parse(text, Origin::nth(&file.path, index), Schema::Core);
    reading.diagnostics.extend(read.diagnostics);
    let mut parts = Parts { root: Arc::from(&*file.path), shown, found: Vec::new() };
    for document in &read.documents {
        let Value::Map(map) = &document.value else { continue };
        match system {
            System::GitHub => github::workflow(map, document.at, &mut parts),
            System::Action => github::action(map, document.at, &mut parts),
            System::GitLab => gitlab::pipeline(map, document.at, &mut parts),
            System::Azure => azure::pipeline(map, document.at, &mut parts),
        }
    }
    reading.resources.append(&mut parts.found);
}

/// Collects the resources of one file.
struct Parts<'f> {
    root: Arc<str>,
    shown: &'f str,
    found: Vec<Resource>,
}

impl Parts<'_> {
    fn add(&mut self, kind: &str, address: String, name: &str, body: Map, at: At) {
        if self.found.len() >= PARTS_MAX {
            return;
        }
        let line_end = body.iter().map(|(_, node)| last_line(node)).max().unwrap_or(0).max(at.line);
        self.found.push(Resource {
            dialect: Dialect::Workflow,
            block: Block::Resource,
            root: self.root.clone(),
            address,
            resource_type: kind.to_owned(),
            api_version: String::new(),
            name: name.to_owned(),
            namespace: None,
            body,
            at,
            line_end,
            references: Vec::new(),
            action: None,
            live_id: None,
        });
    }

    /// The file's name without its folder.
    fn file_name(&self) -> &str {
        self.shown.rsplit('/').next().unwrap_or(self.shown)
    }
}

fn last_line(node: &Node) -> u32 {
    let inner = match &node.value {
        Value::List(items) => items.iter().map(last_line).max(),
        Value::Map(map) => map.iter().map(|(_, node)| last_line(node)).max(),
        _ => None,
    };
    inner.unwrap_or(0).max(node.at.line)
}

fn text(text: &str, at: At) -> Node {
    Node { value: Value::String(Arc::from(text)), at }
}

fn list(items: Vec<Node>, at: At) -> Node {
    Node { value: Value::List(items), at }
}

fn text_in<'m>(map: &'m Map, key: &str) -> Option<&'m str> {
    match &map.get(key)?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn items_in<'m>(map: &'m Map, key: &str) -> &'m [Node] {
    match map.get(key).map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// How many bytes of text and nodes a value may have that many jobs take over.
const SHARED_MAX: usize = 16 << 10;

/// A value that many jobs take over: what is too long for that is unknown, so that memory grows with the file.
fn shared(node: &Node) -> Node {
    let mut left = SHARED_MAX;
    if weigh(node, &mut left) {
        return node.clone();
    }
    let why = "it is too long to be repeated for every job that takes it over";
    Node { value: Value::Unknown(Unknown::new(why)), at: node.at }
}

fn weigh(node: &Node, left: &mut usize) -> bool {
    let own = match &node.value {
        Value::String(text) => text.len() + 8,
        _ => 8,
    };
    *left = left.saturating_sub(own);
    *left > 0
        && match &node.value {
            Value::List(items) => items.iter().all(|item| weigh(item, left)),
            Value::Map(map) => map.iter().all(|(_, item)| weigh(item, left)),
            _ => true,
        }
}

/// The commands of scripts as values.
fn commands(scripts: &[(&str, At)]) -> Node {
    let mut out = Vec::new();
    for (script, at) in scripts {
        for command in shell::commands(script) {
            out.push(one_command(&command, *at));
        }
    }
    let at = scripts.first().map_or(At::default(), |(_, at)| *at);
    list(out, at)
}

fn one_command(command: &Command, at: At) -> Node {
    let mut map = Map::default();
    let program = if command.program.starts_with(['$', '`']) {
        let why = format!("`{}` is set when the pipeline runs", command.program);
        Node { value: Value::Unknown(Unknown::new(why)), at }
    } else {
        text(&command.program, at)
    };
    map.set("program", program);
    map.set("words", list(command.words.iter().map(|word| text(word, at)).collect(), at));
    let assigned = command.assigned.iter().map(|(name, value)| {
        let mut pair = Map::default();
        pair.set("name", text(name, at));
        pair.set("value", text(value, at));
        Node { value: Value::Map(pair), at }
    });
    map.set("assigned", list(assigned.collect(), at));
    Node { value: Value::Map(map), at }
}

/// What stands in `${{ }}` within a text.
fn expressions(script: &str, at: At) -> Node {
    let mut out = Vec::new();
    let mut rest = script;
    while let Some(start) = rest.find("${{") {
        let Some(end) = rest[start..].find("}}") else { break };
        out.push(text(rest[start + 3..start + end].trim(), at));
        rest = &rest[start + end + 2..];
    }
    list(out, at)
}
