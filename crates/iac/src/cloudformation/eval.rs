//! Evaluates what stands in a template: values, functions, loops. What is removed (`AWS::NoValue`) is `None`.

use super::stack::{Loop, Stack};
use super::{DEPTH_MAX, intrinsic, text_node, unknown};
use crate::{At, Map, Node, Reference, Value};
use mainstay_model::Diagnostic;
use std::sync::Arc;

/// What evaluation of one place in a template needs, and what it collects.
pub(super) struct Scope<'s, 'w> {
    pub stack: &'s Stack<'w>,
    /// Variables of the `Fn::ForEach` around, the innermost last.
    pub loops: &'s [Loop],
    /// References that were met, with the path of their attribute.
    pub references: Vec<Reference>,
    path: String,
}

impl<'s, 'w> Scope<'s, 'w> {
    pub(super) fn new(stack: &'s Stack<'w>, loops: &'s [Loop]) -> Self {
        Self { stack, loops, references: Vec::new(), path: String::new() }
    }

    /// Evaluates a value; `None` where it is to be removed.
    pub(super) fn eval(&mut self, node: &Node) -> Option<Node> {
        let world = self.stack.world;
        if !world.charge(1) {
            return Some(self.exhausted(node.at));
        }
        if world.depth.get() >= DEPTH_MAX {
            return Some(unknown(node.at, format!("it is nested deeper than {DEPTH_MAX} levels"), Vec::new()));
        }
        world.depth.set(world.depth.get() + 1);
        let out = match &node.value {
            Value::Map(map) => self.map(map, node.at),
            Value::List(items) => Some(Node { value: Value::List(self.list(items)), at: node.at }),
            Value::String(text) => Some(self.text(text, node.at)),
            _ => Some(node.clone()),
        };
        world.depth.set(world.depth.get() - 1);
        out
    }

    fn map(&mut self, map: &Map, at: At) -> Option<Node> {
        let mut entries = map.iter();
        if let (Some((name, argument)), None) = (entries.next(), entries.next())
            && let Some(called) = intrinsic::call(self, name, argument, at)
        {
            return called;
        }
        if map.get("Fn::Transform").is_some() {
            return Some(unknown(at, "a macro (Fn::Transform) fills it in", Vec::new()));
        }
        let mut out = crate::value::MapBuilder::default();
        self.entries(map, &mut out);
        Some(Node { value: Value::Map(out.finish()), at })
    }

    /// The entries of a map, with loops written out.
    fn entries(&mut self, map: &Map, out: &mut crate::value::MapBuilder) {
        for (key, node) in map.iter() {
            if key.starts_with("Fn::ForEach::") {
                self.repeated(node, out);
                continue;
            }
            let key: Arc<str> = self.replaced(key).into();
            let length = self.path.len();
            self.step(&key);
            if let Some(value) = self.eval(node) {
                out.set(key, value);
            }
            self.path.truncate(length);
        }
    }

    fn repeated(&mut self, node: &Node, out: &mut crate::value::MapBuilder) {
        let Some((turns, body)) = self.stack.turns(self.loops, node) else {
            self.stack.bad_loop(node.at);
            return;
        };
        for turn in turns {
            if !self.stack.world.charge(1) {
                return;
            }
            let loops: Vec<Loop> = self.loops.iter().cloned().chain([turn]).collect();
            let mut inner = Scope { stack: self.stack, loops: &loops, references: Vec::new(), path: self.path.clone() };
            inner.entries(body, out);
            self.references.append(&mut inner.references);
        }
    }

    fn list(&mut self, items: &[Node]) -> Vec<Node> {
        let length = self.path.len();
        let mut out = Vec::with_capacity(items.len().min(1024));
        for item in items {
            self.step(&out.len().to_string());
            out.extend(self.eval(item));
            self.path.truncate(length);
        }
        out
    }

    fn step(&mut self, name: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
    }

    /// A literal text: loop variables stand in it as `${Name}`, and what `{{resolve:...}}` names is looked up later.
    fn text(&self, text: &Arc<str>, at: At) -> Node {
        if let Some(named) = text.strip_prefix("{{resolve:ssm:").and_then(|rest| rest.strip_suffix("}}")) {
            let why = format!("the parameter {named} of the Systems Manager is read when the stack is deployed");
            return unknown(at, why, vec![format!("ssm.{named}")]);
        }
        if self.loops.is_empty() || !text.contains('{') {
            return Node { value: Value::String(text.clone()), at };
        }
        text_node(self.replaced(text), at)
    }

    /// A key or text in which the variables of loops are replaced.
    fn replaced(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for turn in self.loops.iter().rev() {
            if let (true, Some(value)) = (out.contains('{'), super::scalar_text(&turn.value.value)) {
                for sign in ['$', '&'] {
                    out = out.replace(&format!("{sign}{{{}}}", turn.name), &value);
                }
            }
        }
        out
    }

    /// Notes that the present attribute refers to another resource.
    pub(super) fn refer(&mut self, target: String) {
        let reference = Reference { attribute: self.path.clone(), target };
        if self.references.last() != Some(&reference) {
            self.references.push(reference);
        }
    }

    pub(super) fn exhausted(&self, at: At) -> Node {
        let path = self.stack.template.path;
        self.stack.world.say_once("steps".to_owned(), || {
            Diagnostic::error(
                "cloudformation.steps",
                "evaluating the templates takes too many steps; the rest of their values is unknown",
                super::place(path, at),
                "shorten the lists that loops and nested stacks repeat",
            )
        });
        unknown(at, "evaluating the templates takes too many steps", Vec::new())
    }
}
