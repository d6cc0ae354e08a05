//! CloudFormation and SAM templates (YAML and JSON) and `serverless.yml`: files in, resources with evaluated properties
//! out.
//!
//! A root is a template that no other one nests by a local path; a nested one is evaluated through its parents, with
//! their parameters, under `LogicalId/` addresses. What only a deployment knows is unknown and says why: parameters
//! without default, pseudo parameters, attributes of resources, imports, macros. Nothing here reads anything but the files
//! handed in.
//!
//! Readings of what a template leaves open:
//! - A resource whose condition is known to be false is not there; one whose condition is unknown is judged as if it were
//!   there, and a note says so.
//! - Of `Fn::If` under an unknown condition, what both branches share is known.
//! - `Fn::Base64` keeps the plain text, because that is what a control reads.
//! - Of a text built of known and unknown parts, the known ones stay known.

mod condition;
mod eval;
mod functions;
mod intrinsic;
mod parse;
mod sam;
mod serverless;
mod stack;
mod substitute;
mod template;
mod variables;

use crate::read::contains;
use crate::{At, Node, Reading, SourceFile, Unknown, Value};
use mainstay_model::{Diagnostic, Place};
use stack::Stack;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use template::Template;

/// Steps of evaluation that every reading may take, whatever its size ...
const STEPS_BASE_MAX: u64 = 2_000_000;
/// ... and how many more for each byte of the templates.
const STEPS_PER_BYTE: u64 = 100;
/// How deep values, functions and conditions may nest within each other, all together.
const DEPTH_MAX: u32 = 300;
/// How many bytes a text that functions build may have.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// How deep stacks may nest.
const STACKS_DEEP_MAX: usize = 8;
/// How many resources `Fn::ForEach` and nested stacks may give, all together; those of roots do not count.
const RESOURCES_MAX: u64 = 200_000;
/// How many diagnostics one reading of templates gives at most.
const DIAGNOSTICS_MAX: usize = 1_000;

/// Reads the templates and services among the files; gives back the indexes of those files.
pub(crate) fn read_among(files: &[SourceFile], reading: &mut Reading) -> HashSet<u32> {
    let (mut templates, mut services, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0u64;
    for (index, file) in (0u32..).zip(files) {
        let Some(looks) = looks(file) else { continue };
        let mut diagnostics = Vec::new();
        bytes = bytes.saturating_add(file.bytes.len() as u64);
        match (looks, parse::parse(file, index, &mut diagnostics)) {
            (Looks::Service, Some(node)) if serverless::is_service(&node) => services.push((index, node)),
            (Looks::Template, Some(node)) if template::is_template(&node) => templates.push((index, node)),
            // A template of which nothing is left; what is no template and not damaged is for other readers.
            _ if !diagnostics.is_empty() && contains(&file.bytes, b"AWS") => broken.push(index),
            _ => continue,
        }
        reading.diagnostics.append(&mut diagnostics);
    }
    let indexed: HashMap<&str, Template<'_>> = templates
        .iter()
        .filter_map(|(index, node)| Template::of(&files[*index as usize], *index, node))
        .map(|template| (template.path, template))
        .collect();
    let world = World::new(&indexed, STEPS_BASE_MAX.saturating_add(STEPS_PER_BYTE.saturating_mul(bytes)));
    let mut reached: HashSet<&str> = HashSet::new();
    for (index, node) in &services {
        let included = serverless::read(files, *index, node, &world, reading);
        reached.extend(indexed.keys().filter(|path| included.contains(**path)));
    }
    read_roots(&world, &templates, files, &mut reached, reading);
    reading.diagnostics.append(&mut world.diagnostics.take());
    templates.iter().chain(&services).map(|(index, _)| *index).chain(broken).collect()
}

/// What a file seems to be by its name and words; its structure decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// A CloudFormation or SAM template.
    Template,
    /// The file of a service of the Serverless Framework.
    Service,
}

fn looks(file: &SourceFile) -> Option<Looks> {
    let path = file.path.to_ascii_lowercase();
    let (stem, extension) = path.rsplit('/').next().unwrap_or(&path).rsplit_once('.')?;
    if !matches!(extension, "yaml" | "yml" | "json" | "template") || path.ends_with(".tf.json") {
        return None;
    }
    let holds = |word: &str| contains(&file.bytes, word.as_bytes());
    let is_service = stem == "serverless" || stem.starts_with("serverless.") || stem.starts_with("serverless-");
    if is_service && holds("provider") && (holds("functions") || holds("resources")) {
        return Some(Looks::Service);
    }
    (holds("Resources") && (holds("AWSTemplateFormatVersion") || holds("::"))).then_some(Looks::Template)
}

/// Evaluates the roots, then, as one more root each time, a template of those that only nest each other.
fn read_roots<'w>(
    world: &'w World<'w>,
    parsed: &[(u32, Node)],
    files: &[SourceFile],
    reached: &mut HashSet<&'w str>,
    reading: &mut Reading,
) {
    let mut nested: HashSet<String> = HashSet::new();
    for template in world.templates.values() {
        nested.extend(template.nested().filter(|path| path != template.path));
    }
    let in_order: Vec<_> =
        parsed.iter().filter_map(|(index, _)| world.templates.get(files[*index as usize].path.as_str())).collect();
    for alone in [false, true] {
        for template in &in_order {
            if reached.contains(template.path) || (!alone && nested.contains(template.path)) {
                continue;
            }
            let stack = Stack::root(world, template);
            stack.emit(reading, reached);
        }
    }
}

/// What all stacks of one reading share.
struct World<'w> {
    templates: &'w HashMap<&'w str, Template<'w>>,
    steps_left: Cell<u64>,
    resources_left: Cell<u64>,
    depth: Cell<u32>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    /// What was said already and need not be said for every resource.
    said: RefCell<HashSet<String>>,
}

impl<'w> World<'w> {
    fn new(templates: &'w HashMap<&'w str, Template<'w>>, steps: u64) -> Self {
        Self {
            templates,
            steps_left: Cell::new(steps),
            resources_left: Cell::new(RESOURCES_MAX),
            depth: Cell::new(0),
            diagnostics: RefCell::default(),
            said: RefCell::default(),
        }
    }

    /// Takes steps; false where none are left.
    fn charge(&self, steps: u64) -> bool {
        let left = self.steps_left.get();
        self.steps_left.set(left.saturating_sub(steps));
        left > steps
    }

    fn say(&self, diagnostic: Diagnostic) {
        let mut all = self.diagnostics.borrow_mut();
        if all.len() < DIAGNOSTICS_MAX {
            all.push(diagnostic);
        }
    }

    /// Says something once for a key.
    fn say_once(&self, key: String, diagnostic: impl FnOnce() -> Diagnostic) {
        if self.said.borrow_mut().insert(key) {
            self.say(diagnostic());
        }
    }
}

fn place(path: &str, at: At) -> Place {
    Place::at(path, at.line, at.column)
}

/// A value that nobody knows before deployment; `refers` names what it would come from.
fn unknown(at: At, why: impl Into<std::sync::Arc<str>>, refers: Vec<String>) -> Node {
    Node { value: Value::Unknown(Unknown::referring(why, refers.into())), at }
}

fn text_node(text: impl Into<std::sync::Arc<str>>, at: At) -> Node {
    Node { value: Value::String(text.into()), at }
}

/// A scalar as the text that functions make of it.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The text of a node that must be one.
fn text_of_node(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
