//! One template with its parameters: what it declares, and the resources that it gives.

use super::condition::{Decided, Truth};
use super::eval::Scope;
use super::template::{Template, last_line, location_property};
use super::{STACKS_DEEP_MAX, World, functions, place, sam, scalar_text, text_node, text_of_node, unknown};
use crate::{At, Block, Dialect, Map, Node, Reading, Reference, Resource, Value};
use mainstay_model::Diagnostic;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// Attributes of a resource itself that controls may ask for; a property of the same name comes first.
const OWN_ATTRIBUTES: [&str; 6] =
    ["Condition", "CreationPolicy", "DeletionPolicy", "Metadata", "UpdatePolicy", "UpdateReplacePolicy"];

/// A template with parameters. Its own resources have addresses behind `prefix`.
pub(super) struct Stack<'w> {
    pub world: &'w World<'w>,
    pub template: &'w Template<'w>,
    pub conditions: HashMap<Arc<str>, Declared<'w>>,
    pub decided: RefCell<HashMap<Arc<str>, Decided>>,
    prefix: String,
    root: Arc<str>,
    /// Paths of the templates around, itself included.
    chain: Vec<&'w str>,
    given: HashMap<String, Node>,
    resources: Vec<Declared<'w>>,
    /// Index and address of every resource by its logical id.
    ids: HashMap<Arc<str>, (usize, String)>,
    /// Nested stacks that were made; `None` while one is being made.
    children: RefCell<HashMap<usize, Option<Rc<Stack<'w>>>>>,
}

/// An entry of a section, with the loop variables that it was written out with.
#[derive(Clone)]
pub(super) struct Declared<'w> {
    pub id: Arc<str>,
    pub node: &'w Node,
    pub loops: Rc<[Loop]>,
}

/// A variable of `Fn::ForEach` in one of its turns.
#[derive(Debug, Clone)]
pub(super) struct Loop {
    pub name: Arc<str>,
    pub value: Node,
}

/// A resource's evaluated parts.
pub(super) struct Evaluated {
    pub body: Map,
    pub references: Vec<Reference>,
}

impl<'w> Stack<'w> {
    /// The stack of a template that nothing nests.
    pub(super) fn root(world: &'w World<'w>, template: &'w Template<'w>) -> Self {
        Self::new(world, template, String::new(), Arc::from(template.path), Vec::new(), HashMap::new())
    }

    fn new(
        world: &'w World<'w>,
        template: &'w Template<'w>,
        prefix: String,
        root: Arc<str>,
        mut chain: Vec<&'w str>,
        given: HashMap<String, Node>,
    ) -> Self {
        chain.push(template.path);
        let mut stack = Self {
            world,
            template,
            conditions: HashMap::new(),
            decided: RefCell::default(),
            prefix,
            root,
            chain,
            given,
            resources: Vec::new(),
            ids: HashMap::new(),
            children: RefCell::default(),
        };
        stack.conditions = stack.declared("Conditions").into_iter().map(|entry| (entry.id.clone(), entry)).collect();
        let resources = stack.declared("Resources");
        for (index, entry) in resources.iter().enumerate() {
            if let Some(resource_type) = type_of(entry.node) {
                let address = format!("{}{resource_type}.{}", stack.prefix, entry.id);
                stack.ids.insert(entry.id.clone(), (index, address));
            }
        }
        stack.resources = resources;
        stack
    }

    /// The address of the resource with a logical id.
    pub(super) fn address(&self, id: &str) -> Option<String> {
        self.ids.get(id).map(|(_, address)| address.clone())
    }

    /// The entries of a section, loops written out.
    fn declared(&self, section: &str) -> Vec<Declared<'w>> {
        let mut out = Vec::new();
        if let Some(map) = self.template.section(section) {
            self.declare(map, &[], &mut out);
        }
        out
    }

    fn declare(&self, map: &'w Map, loops: &[Loop], out: &mut Vec<Declared<'w>>) {
        let shared: Rc<[Loop]> = loops.into();
        for (key, node) in map.iter() {
            if !key.starts_with("Fn::ForEach::") {
                out.push(Declared { id: replaced(key, loops).into(), node, loops: shared.clone() });
                continue;
            }
            let Some((turns, body)) = self.turns(loops, node) else {
                self.bad_loop(node.at);
                continue;
            };
            for turn in turns {
                if loops.len() >= STACKS_DEEP_MAX || !self.take(body.len() as u64) {
                    break;
                }
                let inner: Vec<Loop> = loops.iter().cloned().chain([turn]).collect();
                self.declare(body, &inner, out);
            }
        }
    }

    /// The turns of a loop and what it repeats; `None` where it is malformed. A collection that is unknown has one turn.
    pub(super) fn turns<'n>(&self, loops: &[Loop], node: &'n Node) -> Option<(Vec<Loop>, &'n Map)> {
        let Value::List(parts) = &node.value else { return None };
        let [Node { value: Value::String(name), .. }, collection, Node { value: Value::Map(body), .. }] =
            parts.as_slice()
        else {
            return None;
        };
        let collection = Scope::new(self, loops).eval(collection)?;
        let values = match collection.value {
            Value::List(items) => items,
            Value::Unknown(why) => {
                vec![unknown(collection.at, format!("the loop is over what is unknown: {}", why.why), Vec::new())]
            }
            _ => return None,
        };
        Some((values.into_iter().map(|value| Loop { name: name.clone(), value }).collect(), body))
    }

    pub(super) fn bad_loop(&self, at: At) {
        let help = "write `Fn::ForEach::Name: [Variable, [values], {\"Key${Variable}\": ...}]`";
        let summary = "a loop is not a list of a variable, a collection and a map";
        self.world.say(Diagnostic::error("cloudformation.loop", summary, place(self.template.path, at), help));
    }

    fn take(&self, resources: u64) -> bool {
        let left = self.world.resources_left.get();
        self.world.resources_left.set(left.saturating_sub(resources));
        if left > resources {
            return true;
        }
        self.world.say_once("resources".to_owned(), || {
            let summary = "loops and nested stacks give more resources than are read";
            let help = "shorten the collections, or read the templates one by one";
            Diagnostic::error("cloudformation.resources", summary, place(self.template.path, At::default()), help)
        });
        false
    }

    /// The value of a parameter, as if it stood at `at`; `None` where there is no such parameter.
    pub(super) fn parameter(&self, name: &str, at: At) -> Option<Node> {
        let Value::Map(declared) = &self.template.parameters.get(name)?.value else {
            return Some(unknown(at, format!("the parameter {name} has no value"), Vec::new()));
        };
        let kind = declared.get("Type").and_then(text_of_node).unwrap_or("String");
        let allowed = match declared.get("AllowedValues").map(|node| &node.value) {
            Some(Value::List(allowed)) => allowed.as_slice(),
            _ => &[],
        };
        let value = self.given.get(name).or_else(|| declared.get("Default"));
        let value = match (value, allowed) {
            (Some(value), _) => value,
            (None, [only]) => only,
            (None, _) => {
                // A value of such a type names something that exists, or has to have a character.
                let least = declared.get("MinLength").and_then(|node| scalar_text(&node.value));
                let is_set = kind.contains("AWS::") || least.is_some_and(|least| least != "0");
                let refers = if is_set { vec![format!("parameter.{name}")] } else { Vec::new() };
                return Some(unknown(at, format!("the parameter {name} has no default"), refers));
            }
        };
        if kind.starts_with("AWS::SSM::Parameter::Value") && !matches!(value.value, Value::Unknown(_)) {
            let path = scalar_text(&value.value).unwrap_or_default();
            let why = format!("the parameter {path} of the Systems Manager is read when the stack is deployed");
            return Some(unknown(at, why, vec![format!("ssm.{path}")]));
        }
        let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        Some(match &value.value {
            Value::String(text) if is_list => {
                let parts = text.split(',').map(|part| text_node(part.trim(), at));
                Node { value: Value::List(parts.collect()), at }
            }
            other => Node { value: other.clone(), at },
        })
    }

    /// Adds the resources of this stack and of those nested in it.
    pub(super) fn emit(&self, reading: &mut Reading, reached: &mut HashSet<&'w str>) {
        reached.insert(self.template.path);
        self.say_macros();
        for (index, declared) in self.resources.iter().enumerate() {
            let Some(resource_type) = type_of(declared.node) else {
                self.untyped(declared);
                continue;
            };
            if !self.is_there(declared) {
                continue;
            }
            let Some(evaluated) = self.evaluated(declared, resource_type) else { continue };
            let resource = self.resource(declared, resource_type, evaluated);
            sam::generated(&resource, reading);
            reading.resources.push(resource);
            if let Some(child) = self.child(index) {
                child.emit(reading, reached);
            }
        }
    }

    fn untyped(&self, declared: &Declared<'w>) {
        let summary = format!("the resource `{}` has no type", declared.id);
        let help = "give it a `Type` such as `AWS::S3::Bucket`";
        let at = declared.node.at;
        self.world.say(Diagnostic::warning("cloudformation.type", summary, place(self.template.path, at), help));
    }

    fn say_macros(&self) {
        let ours = ["AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"];
        for name in self.template.transforms.iter().filter(|name| !ours.contains(*name)) {
            let at = self.template.body.get("Transform").map_or(At::default(), |node| node.at);
            self.world.say_once(format!("{}!{name}", self.template.path), || {
                let summary = format!("the macro {name} may change the template; it is judged as it is written");
                let help =
                    "judge the processed template (`aws cloudformation get-template --template-stage Processed`) too";
                Diagnostic::note("cloudformation.macro", summary, place(self.template.path, at), help)
            });
        }
    }

    /// Whether a resource's condition lets it be.
    fn is_there(&self, declared: &Declared<'w>) -> bool {
        let Value::Map(body) = &declared.node.value else { return false };
        let Some(used) = body.get("Condition") else { return true };
        let Some(name) = text_of_node(used) else { return true };
        match self.condition(&replaced(name, &declared.loops), used) {
            Truth::Known(known) => known,
            Truth::Unknown(why) => {
                self.world.say_once(format!("{}~{name}", self.template.path), || {
                    let summary =
                        format!("whether `{name}` holds is unknown ({why}); its resources are judged as if it did");
                    let help = "give the parameters that it asks for a default, to have it decided";
                    Diagnostic::note("cloudformation.condition", summary, place(self.template.path, used.at), help)
                });
                true
            }
        }
    }

    /// The properties and own attributes of a resource; `None` where nobody knows which properties it has.
    fn evaluated(&self, declared: &Declared<'w>, resource_type: &str) -> Option<Evaluated> {
        let Value::Map(body) = &declared.node.value else { return None };
        let mut scope = Scope::new(self, &declared.loops);
        let properties = match body.get("Properties").and_then(|node| scope.eval(node)).map(|node| node.value) {
            Some(Value::Map(map)) => map,
            Some(Value::Unknown(doubt)) => {
                let summary = format!("the properties of `{}` are unknown: {}", declared.id, doubt.why);
                let help = "judge the processed template too; the resource is not judged here";
                let at = declared.node.at;
                let place = place(self.template.path, at);
                self.world.say(Diagnostic::warning("cloudformation.properties", summary, place, help));
                return None;
            }
            _ => Map::default(),
        };
        let mut out = Evaluated { body: properties, references: std::mem::take(&mut scope.references) };
        if self.is_serverless() {
            sam::merge_globals(self, resource_type, &mut out);
        }
        for name in OWN_ATTRIBUTES {
            if let Some(value) = body.get(name).filter(|_| out.body.get(name).is_none()) {
                let value = if name == "Condition" { Some(value.clone()) } else { scope.eval(value) };
                if let Some(value) = value {
                    out.body.set(name, value);
                }
            }
        }
        Some(out)
    }

    fn is_serverless(&self) -> bool {
        self.template.transforms.iter().any(|name| name.starts_with("AWS::Serverless"))
    }

    fn resource(&self, declared: &Declared<'w>, resource_type: &str, evaluated: Evaluated) -> Resource {
        let at = self.template.id_place(&declared.id, declared.node.at);
        Resource {
            dialect: Dialect::CloudFormation,
            block: Block::Resource,
            root: self.root.clone(),
            address: format!("{}{resource_type}.{}", self.prefix, declared.id),
            resource_type: resource_type.to_owned(),
            api_version: String::new(),
            name: declared.id.to_string(),
            namespace: None,
            body: evaluated.body,
            at,
            line_end: last_line(declared.node, self.template.is_yaml()).max(at.line),
            references: evaluated.references,
            action: None,
            live_id: None,
        }
    }

    /// The nested stack that a resource is, where its template is here.
    fn child(&self, index: usize) -> Option<Rc<Self>> {
        if let Some(known) = self.children.borrow().get(&index) {
            return known.clone();
        }
        self.children.borrow_mut().insert(index, None);
        let child = self.nest(index).map(Rc::new);
        self.children.borrow_mut().insert(index, child.clone());
        child
    }

    fn nest(&self, index: usize) -> Option<Self> {
        let declared = &self.resources[index];
        let location = location_property(type_of(declared.node)?)?;
        let Value::Map(body) = &declared.node.value else { return None };
        let mut scope = Scope::new(self, &declared.loops);
        let Some(Node { value: Value::Map(properties), .. }) = body.get("Properties").and_then(|node| scope.eval(node))
        else {
            return None;
        };
        let named = properties.get(location)?;
        let path = self.template.local(text_of_node(named)?)?;
        let at = declared.node.at;
        let Some(template) = self.world.templates.get(path.as_str()) else {
            let summary = format!("the template {path} of the nested stack `{}` is not here", declared.id);
            let help = "scan the folder that holds it too; its resources are not judged";
            let place = place(self.template.path, named.at);
            self.world.say(Diagnostic::warning("cloudformation.nested", summary, place, help));
            return None;
        };
        if self.chain.contains(&template.path) || self.chain.len() >= STACKS_DEEP_MAX {
            let summary = if self.chain.contains(&template.path) {
                format!("the stack `{}` nests {path}, in which it is nested itself", declared.id)
            } else {
                format!("stacks are nested deeper than {STACKS_DEEP_MAX} levels")
            };
            let help = "break the circle of templates";
            self.world.say(Diagnostic::error("cloudformation.cycle", summary, place(self.template.path, at), help));
            return None;
        }
        if !self.take(template.section("Resources").map_or(0, Map::len) as u64) {
            return None;
        }
        let given = match properties.get("Parameters").map(|node| &node.value) {
            Some(Value::Map(map)) => map.iter().map(|(name, node)| (name.to_owned(), node.clone())).collect(),
            _ => HashMap::new(),
        };
        let prefix = format!("{}{}/", self.prefix, declared.id);
        Some(Self::new(self.world, template, prefix, self.root.clone(), self.chain.clone(), given))
    }

    /// The value of an output of a nested stack whose template is here.
    pub(super) fn output_of(&self, id: &str, output: &str) -> Option<Node> {
        let (index, _) = self.ids.get(id)?;
        let child = self.child(*index)?;
        let outputs = child.declared("Outputs");
        let declared = outputs.iter().find(|declared| &*declared.id == output)?;
        let Value::Map(body) = &declared.node.value else { return None };
        let value = Scope::new(&child, &declared.loops).eval(body.get("Value")?)?;
        child.world.charge(functions::nodes(&value)).then_some(value)
    }
}

/// The type of a resource, where it has one.
fn type_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Map(body) => body.get("Type").and_then(text_of_node).filter(|name| !name.is_empty()),
        _ => None,
    }
}

/// A key in which loop variables are replaced.
fn replaced(text: &str, loops: &[Loop]) -> String {
    let mut out = text.to_owned();
    for turn in loops.iter().rev() {
        if let Some(value) = scalar_text(&turn.value.value) {
            // Logical ids hold letters and digits only, so `&{}` gives those of the value.
            let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            out = out.replace(&format!("${{{}}}", turn.name), &value).replace(&format!("&{{{}}}", turn.name), &plain);
        }
    }
    out
}
