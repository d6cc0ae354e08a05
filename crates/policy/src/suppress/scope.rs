//! Which resources, and which of their verdicts, a suppression speaks of.

use super::{Scope, Suppression, fits};
use crate::Judgement;
use crate::secret::FILE_TYPE;
use mainstay_iac::{Block, Dialect, Map, Node, Reading, Resource, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The resources of a reading by file, to find those around a line.
pub(super) struct Places<'r> {
    reading: &'r Reading,
    by_file: HashMap<u32, Vec<&'r Resource>>,
    by_name: HashMap<(&'r str, &'r str, u32), &'r Resource>,
}

/// What a scope comes to in a reading.
pub(super) enum Target<'r> {
    /// Every verdict on these resources, and on all of modules that are called.
    Whole { resources: Vec<&'r Resource>, modules: Vec<(Arc<str>, String)> },
    /// Verdicts on a resource of which a cause stands on one of these lines of the file.
    Lines { resources: Vec<&'r Resource>, file: String, lines: Vec<u32> },
    /// Verdicts on resources whose names fit.
    Named,
    /// Nothing that was read.
    Nothing,
}

impl<'r> Places<'r> {
    pub(super) fn of(reading: &'r Reading) -> Self {
        let mut by_file: HashMap<u32, Vec<&Resource>> = HashMap::new();
        let mut by_name = HashMap::new();
        for resource in &reading.resources {
            by_file.entry(resource.at.file).or_default().push(resource);
            by_name.insert((&*resource.root, resource.address.as_str(), resource.at.line), resource);
        }
        Self { reading, by_file, by_name }
    }

    /// The resource that a judgement is about.
    pub(super) fn resource(&self, judgement: &Judgement) -> Option<&'r Resource> {
        self.by_name.get(&(&*judgement.root, &*judgement.resource, judgement.line)).copied()
    }

    pub(super) fn target(&self, suppression: &Suppression) -> Target<'r> {
        match suppression.scope {
            Scope::Named { .. } => Target::Named,
            Scope::Around(file, line) => {
                let around = self.around(file, line);
                if around.is_empty() { Target::Nothing } else { whole(around) }
            }
            Scope::Begins(file, line) => {
                let beginning: Vec<_> = self.in_file(file).filter(|resource| resource.at.line == line).collect();
                if !beginning.is_empty() {
                    return whole(beginning);
                }
                let resources: Vec<_> = self.in_file(file).filter(|resource| holds(resource, line)).collect();
                let mut lines = vec![line];
                resources.iter().for_each(|resource| below(&resource.body, line, &mut lines));
                match self.reading.files.get(file as usize) {
                    Some(path) if !resources.is_empty() => Target::Lines { resources, file: path.clone(), lines },
                    _ => Target::Nothing,
                }
            }
        }
    }

    fn in_file(&self, file: u32) -> impl Iterator<Item = &'r Resource> {
        self.by_file.get(&file).into_iter().flatten().copied()
    }

    /// The innermost resources around a line. In a manifest or a Dockerfile, whose ends nobody writes, a comment belongs
    /// to what it stands in, above or below of.
    fn around(&self, file: u32, line: u32) -> Vec<&'r Resource> {
        let within: Vec<_> = self.in_file(file).filter(|resource| holds(resource, line)).collect();
        if let Some(first) = within.iter().map(|resource| resource.at.line).max() {
            return within.into_iter().filter(|resource| resource.at.line == first).collect();
        }
        let has_ends = |resource: &&Resource| resource.dialect == Dialect::Terraform;
        if self.in_file(file).any(|resource| has_ends(&resource)) {
            return Vec::new();
        }
        let about = self.reading.comments.iter().find(|c| c.at.file == file && c.at.line == line).and_then(|c| c.about);
        let before = self.in_file(file).map(|resource| resource.at.line).filter(|start| *start <= line).max();
        let next = self.in_file(file).map(|resource| resource.at.line).filter(|start| *start > line).min();
        let start = if about.is_some() && about == next { next } else { before.or(next) };
        self.in_file(file).filter(|resource| Some(resource.at.line) == start).collect()
    }
}

/// Whether a name is that of a judgement's resource: its address, with or without the indexes of instances, or type and
/// name, as templates are named elsewhere.
fn is_called(name: &str, judgement: &Judgement) -> bool {
    fits(name, &judgement.resource)
        || (!name.contains('[') && fits(name, &without_indexes(&judgement.resource)))
        || name.strip_prefix(&*judgement.resource_type).and_then(|rest| rest.strip_prefix('.')) == Some(&judgement.name)
}

/// An address without what stands in brackets at the end of its parts.
fn without_indexes(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    let (mut inside, mut quoted) = (false, false);
    for c in address.chars() {
        match c {
            '"' if inside => quoted = !quoted,
            '[' if !quoted => inside = true,
            ']' if !quoted => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// Whether a judgement speaks of a text in a file and of no resource.
pub(super) fn is_of_file(judgement: &Judgement) -> bool {
    *judgement.resource_type == *FILE_TYPE
}

fn holds(resource: &Resource, line: u32) -> bool {
    resource.at.line <= line && line <= resource.line_end
}

fn whole(resources: Vec<&Resource>) -> Target<'_> {
    let calls = resources.iter().filter(|resource| resource.block == Block::Module);
    let modules = calls.map(|call| (call.root.clone(), format!("{}.", call.address))).collect();
    Target::Whole { resources, modules }
}

/// The lines of all that stands within what begins on a line.
fn below(map: &Map, line: u32, out: &mut Vec<u32>) {
    fn lines(node: &Node, out: &mut Vec<u32>) {
        out.push(node.at.line);
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| lines(item, out)),
            Value::Map(map) => map.iter().for_each(|(_, node)| lines(node, out)),
            _ => {}
        }
    }
    fn find(node: &Node, line: u32, out: &mut Vec<u32>) {
        if node.at.line == line {
            return lines(node, out);
        }
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| find(item, line, out)),
            Value::Map(map) => map.iter().for_each(|(_, node)| find(node, line, out)),
            _ => {}
        }
    }
    map.iter().for_each(|(_, node)| find(node, line, out));
}

impl Target<'_> {
    /// Whether a judgement is one of those that the suppression speaks of; its id was compared already.
    pub(super) fn covers(&self, suppression: &Suppression, judgement: &Judgement, reading: &Reading) -> bool {
        let is_of = |resource: &&Resource| {
            *resource.address == *judgement.resource
                && resource.root == judgement.root
                && resource.at.line == judgement.line
        };
        match self {
            Self::Nothing => false,
            // A secret belongs to no resource; it stands within the lines of one.
            Self::Whole { resources, .. } | Self::Lines { resources, .. } if is_of_file(judgement) => {
                let path = |resource: &Resource| reading.files.get(resource.at.file as usize);
                resources.iter().any(|resource| {
                    path(resource).is_some_and(|path| **path == *judgement.file)
                        && holds(resource, judgement.line)
                        && !matches!(self, Self::Lines { lines, .. } if !lines.contains(&judgement.line))
                })
            }
            Self::Whole { resources, modules } => {
                resources.iter().any(is_of)
                    || modules.iter().any(|(root, prefix)| {
                        *root == judgement.root && judgement.resource.starts_with(prefix.as_str())
                    })
            }
            Self::Lines { resources, file, lines } => {
                let here = |cause: &crate::Cause| *cause.file == **file && lines.contains(&cause.line);
                judgement.causes.iter().any(here) && resources.iter().any(is_of)
            }
            Self::Named => {
                let Scope::Named { resource, root, files } = &suppression.scope else { return false };
                is_called(resource, judgement)
                    && root.as_ref().is_none_or(|root| fits(root, &judgement.root))
                    && (files.is_empty() || files.iter().any(|file| fits(file, &judgement.file)))
            }
        }
    }
}
