//! From declarations to resources: loops unrolled, conditions decided, nested deployments and modules followed.

use super::eval::{refers_of, unknown};
use super::expr::{Expr, Kind, Over};
use super::names;
use super::scope::{Env, Local, Scope, symbol_address};
use super::template::{Declared, Nested, Parameter, Source, Template};
use crate::{At, Block, Dialect, Map, Node, Reference, Resource, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// How deep deployments nest, at most.
const MODULE_DEPTH_MAX: usize = 32;
/// How many resources all templates together give, at most.
pub(crate) const RESOURCES_MAX: usize = 200_000;

/// The resources of one deployment, with the names under which others may refer to them.
#[derive(Default)]
pub(crate) struct Deployed {
    pub resources: Vec<Resource>,
    /// What comes before the address of each resource.
    prefixes: Vec<Arc<str>>,
    /// By a name in lower case: the address.
    aliases: HashMap<String, String>,
}

/// Where a template is deployed: its path, and the paths of the files around it.
pub(crate) struct Around {
    root: Arc<str>,
    paths: Vec<Arc<str>>,
}

/// A resource that children stand in.
#[derive(Clone)]
struct Parent {
    address: String,
    /// Its name, with holes.
    name: String,
}

impl Around {
    pub(crate) fn new(path: &Arc<str>) -> Self {
        Self { root: path.clone(), paths: vec![path.clone()] }
    }
}

impl Deployed {
    /// Deploys a template and everything that it brings with it.
    pub(crate) fn template(&mut self, scope: &Scope<'_>, around: &Around) {
        for parameter in &scope.template.parameters {
            self.parameter(scope, around, parameter);
        }
        self.declared(scope, around, &scope.template.resources, None, None);
    }

    /// Parameters are judged too, because a default may hold a secret.
    fn parameter<'w>(&mut self, scope: &Scope<'w>, around: &Around, parameter: &'w Parameter) {
        let text = |text: &str| Node { value: Value::String(text.into()), at: parameter.at };
        let mut body = Map::default();
        body.set("type", text(&parameter.declared_type));
        body.set("secure", Node { value: Value::Bool(parameter.secure), at: parameter.at });
        if let Some(default) = &parameter.default {
            let value = scope.eval(default, None);
            body.set("generated", Node { value: Value::Bool(is_generated(default)), at: default.at });
            body.set("defaultValue", value);
        }
        let mut resource = blank(scope, around, parameter.at, parameter.line_end);
        resource.block = Block::Parameter;
        resource.address = parameter.address(scope.template.dialect, &scope.prefix);
        resource.resource_type = "parameter".to_owned();
        resource.name = parameter.name.to_string();
        resource.body = body;
        self.push(scope, resource);
    }

    fn push(&mut self, scope: &Scope<'_>, resource: Resource) {
        self.prefixes.push(scope.prefix.as_str().into());
        self.resources.push(resource);
    }

    fn declared<'w>(
        &mut self,
        scope: &Scope<'w>,
        around: &Around,
        resources: &'w [Declared],
        parent: Option<&Parent>,
        env: Option<&Env<'_>>,
    ) {
        for declared in resources {
            if self.resources.len() >= RESOURCES_MAX || scope.world.is_spent() {
                scope.world.say(
                    "arm.limit",
                    format!("more than {RESOURCES_MAX} resources, or more steps than the files warrant; the rest is left out"),
                    declared.at,
                    "split the deployment",
                );
                return;
            }
            match &declared.over {
                None => self.one(scope, around, declared, parent, env, None),
                Some(over) => self.many(scope, around, declared, over, parent, env),
            }
        }
    }

    fn many<'w>(
        &mut self,
        scope: &Scope<'w>,
        around: &Around,
        declared: &'w Declared,
        over: &'w Over,
        parent: Option<&Parent>,
        env: Option<&Env<'_>>,
    ) {
        let mut turn = 0;
        let counted = scope.each(over, env, &mut |env| {
            if self.resources.len() < RESOURCES_MAX && !scope.world.is_spent() {
                self.one(scope, around, declared, parent, env, Some(turn));
            }
            turn += 1;
        });
        let Err(why) = counted else { return };
        // How often is not known: it stands once, and what depends on the turn is unknown.
        let node = Node { value: why, at: declared.at };
        match over {
            Over::Count { name, .. } => {
                let bound = Env { outer: env, local: Local::Copy, name, node: &node };
                self.one(scope, around, declared, parent, Some(&bound), None);
            }
            Over::List { item, index, .. } => {
                let bound = Env { outer: env, local: Local::Variable, name: item, node: &node };
                let counted =
                    index.as_ref().map(|name| Env { outer: Some(&bound), local: Local::Variable, name, node: &node });
                self.one(scope, around, declared, parent, Some(counted.as_ref().unwrap_or(&bound)), None);
            }
        }
    }

    fn one<'w>(
        &mut self,
        scope: &Scope<'w>,
        around: &Around,
        declared: &'w Declared,
        parent: Option<&Parent>,
        env: Option<&Env<'_>>,
        turn: Option<usize>,
    ) {
        let wanted = declared.condition.as_ref().map(|condition| scope.eval(condition, env).value);
        if matches!(wanted, Some(Value::Bool(false))) {
            return;
        }
        let mut resource = blank(scope, around, declared.at, declared.line_end);
        resource.resource_type = declared.resource_type.to_string();
        resource.api_version = declared.api_version.to_string();
        if declared.existing {
            resource.block = Block::Data;
        }
        let full_name = self.name(scope, declared, parent, env, turn, &mut resource);
        let mut references = References::default();
        if let Value::Map(body) = scope.eval(&declared.body, env).value {
            references.of_map(&body, &mut Vec::new());
            resource.body = body;
        }
        self.relate(scope, declared, parent, env, &mut references);
        resource.references = references.found;
        let own = Parent { address: resource.address.clone(), name: full_name };
        self.push(scope, resource);
        self.declared(scope, around, &declared.children, Some(&own), env);
        if let Some(nested) = &declared.nested {
            let label = declared.symbol.as_deref().unwrap_or(&own.name);
            let label = turn.map_or_else(|| label.to_owned(), |turn| format!("{label}[{turn}]"));
            self.nested(scope, around, declared, nested, &label, env);
        }
    }

    /// Sets address and name, and gives the whole name with holes.
    fn name<'w>(
        &mut self,
        scope: &Scope<'w>,
        declared: &'w Declared,
        parent: Option<&Parent>,
        env: Option<&Env<'_>>,
        turn: Option<usize>,
        resource: &mut Resource,
    ) -> String {
        let own = declared.name.as_ref();
        let mut name = own.map(|own| names::with_holes(scope, own, env)).unwrap_or_default();
        let known = own.is_none_or(|own| matches!(scope.eval(own, env).value, Value::String(_) | Value::Number(_)));
        if let Some(parent) = parent
            && !name.starts_with(&format!("{}/", parent.name))
        {
            name = format!("{}/{name}", parent.name);
        }
        let by_name = format!("{}{}.{name}", scope.prefix, declared.resource_type);
        match &declared.symbol {
            Some(symbol) if scope.template.dialect == Dialect::Bicep => {
                resource.address = symbol_address(declared, symbol, &scope.prefix);
                resource.name = symbol.to_string();
                if let Some(turn) = turn {
                    resource.address = format!("{}[{turn}]", resource.address);
                }
            }
            _ => {
                let written = own.filter(|_| !known && parent.is_none()).and_then(|own| names::written(scope, own));
                resource.name = written.unwrap_or_else(|| name.clone());
                resource.address = by_name.clone();
            }
        }
        let plain = name.rsplit('/').next().unwrap_or(&name);
        let symbol = declared.symbol.as_deref().unwrap_or(&name);
        for alias in [by_name, format!("{}{symbol}", scope.prefix), format!("{}{plain}", scope.prefix)] {
            self.aliases.entry(alias.to_ascii_lowercase()).or_insert_with(|| resource.address.clone());
        }
        name
    }

    /// What a resource belongs to and waits for.
    fn relate<'w>(
        &self,
        scope: &Scope<'w>,
        declared: &'w Declared,
        parent: Option<&Parent>,
        env: Option<&Env<'_>>,
        references: &mut References,
    ) {
        if let Some(parent) = parent {
            references.add("parent", &parent.address);
        }
        for (attribute, expr) in [("parent", &declared.parent), ("scope", &declared.scope)] {
            if let Some(expr) = expr {
                references.of_node(&scope.eval(expr, env), &mut vec![attribute.to_owned()]);
            }
        }
        // A name of several parts says whose child it is: `server/database` of type `.../servers/databases`.
        let name = declared.name.as_ref().filter(|_| parent.is_none() && declared.parent.is_none());
        if let (Some(name), Some((parent_type, _))) = (name, declared.resource_type.rsplit_once('/'))
            && parent_type.contains('/')
            && let Some((parent_name, _)) = names::with_holes(scope, name, env).rsplit_once('/')
        {
            references.add("parent", &format!("{}{parent_type}.{parent_name}", scope.prefix));
        }
        for needed in &declared.depends_on {
            let node = scope.eval(needed, env);
            match &node.value {
                Value::String(text) => references.add("dependsOn", &format!("{}{text}", scope.prefix)),
                _ => refers_of(&node).iter().for_each(|target| references.add("dependsOn", target)),
            }
        }
    }

    fn nested<'w>(
        &mut self,
        scope: &Scope<'w>,
        around: &Around,
        declared: &'w Declared,
        nested: &'w Nested,
        label: &str,
        env: Option<&Env<'_>>,
    ) {
        let prefix = format!("{}module.{label}.", scope.prefix);
        let say = |summary: String, help: &str| scope.world.say("arm.module", summary, declared.at, help);
        if around.paths.len() > MODULE_DEPTH_MAX {
            return say(format!("deployments nest deeper than {MODULE_DEPTH_MAX} levels"), "flatten them");
        }
        match &nested.source {
            Source::Inline { template, outer: true } => {
                self.outer(scope, around, template, prefix, env);
            }
            Source::Inline { template, outer: false } => {
                let around = around.inside(&scope.template.path);
                self.called(scope, &around, template, nested, prefix, env);
            }
            Source::Local(relative) => {
                let path = names::beside(&scope.template.path, relative);
                let template = path.as_deref().and_then(|path| scope.world.templates.get(path));
                match template {
                    None => say(
                        format!("the template {relative} was not found"),
                        "scan the folder that holds it, or correct the path",
                    ),
                    Some(template) if around.paths.contains(&template.path) => {
                        say(format!("the template {relative} brings in itself"), "break the circle of modules");
                    }
                    Some(template) => {
                        let around = around.inside(&template.path);
                        self.called(scope, &around, template, nested, prefix, env);
                    }
                }
            }
            Source::Remote(address) => say(
                format!("the template {address} lies elsewhere and is not read"),
                "its resources are judged where it is kept; a local copy by relative path is followed",
            ),
        }
    }

    /// A nested template whose expressions see what is around it.
    fn outer<'w>(
        &mut self,
        scope: &Scope<'w>,
        around: &Around,
        template: &'w Template,
        prefix: String,
        env: Option<&Env<'_>>,
    ) {
        let inner = scope.with_prefix(prefix);
        self.declared(&inner, &around.inside(&scope.template.path), &template.resources, None, env);
    }

    /// A template with parameters of its own.
    fn called<'w>(
        &mut self,
        scope: &Scope<'w>,
        around: &Around,
        template: &'w Template,
        nested: &'w Nested,
        prefix: String,
        env: Option<&Env<'_>>,
    ) {
        let mut inner = Scope::new(scope.world, template, prefix);
        inner.called = true;
        match nested.parameters.as_ref().map(|parameters| scope.eval(parameters, env).value) {
            Some(Value::Map(given)) => {
                for (name, node) in given.iter() {
                    let node = argument(node, name, scope.template.dialect);
                    inner.arguments.insert(name.to_ascii_lowercase(), node);
                }
            }
            Some(doubt @ Value::Unknown(_)) => inner.arguments_doubtful = Some(doubt),
            _ => {}
        }
        self.template(&inner, around);
    }

    /// References by the addresses that resources have, where one of the deployment is meant.
    pub(crate) fn resolve(&mut self) {
        for (resource, prefix) in self.resources.iter_mut().zip(&self.prefixes) {
            for reference in &mut resource.references {
                // A nested deployment of outer scope may mean what stands around it.
                let around = reference.target.strip_prefix(&**prefix).unwrap_or(&reference.target);
                let known = [&*reference.target, around].map(|target| self.aliases.get(&target.to_ascii_lowercase()));
                if let Some(address) = known.into_iter().flatten().next() {
                    reference.target.clone_from(address);
                }
            }
            resource.references.retain(|reference| reference.target != resource.address);
            resource.references.sort();
            resource.references.dedup();
        }
    }
}

impl Around {
    fn inside(&self, path: &Arc<str>) -> Self {
        let mut paths = self.paths.clone();
        paths.push(path.clone());
        Self { root: self.root.clone(), paths }
    }
}

/// Whether a default is new in every deployment, and so is no secret of the file.
fn is_generated(default: &Expr) -> bool {
    match &default.kind {
        Kind::Bracketed(_, inner) => is_generated(inner),
        Kind::Call(name, _) => &**name == "newguid",
        _ => false,
    }
}

/// What a caller gives for a parameter; a template wraps it as `{"value": ...}`.
fn argument(node: &Node, name: &str, dialect: Dialect) -> Node {
    match &node.value {
        Value::Map(map) if dialect == Dialect::Arm => match super::load::field(map, "value") {
            Some(value) => value.clone(),
            None => Node { value: unknown(format!("the parameter `{name}` comes from a key vault"), &[]), at: node.at },
        },
        _ => node.clone(),
    }
}

fn blank(scope: &Scope<'_>, around: &Around, at: At, line_end: u32) -> Resource {
    Resource {
        dialect: scope.template.dialect,
        block: Block::Resource,
        root: around.root.clone(),
        address: String::new(),
        resource_type: String::new(),
        api_version: String::new(),
        name: String::new(),
        namespace: None,
        body: Map::default(),
        at,
        line_end,
        references: Vec::new(),
        action: None,
        live_id: None,
    }
}

/// Collects what attributes refer to.
#[derive(Default)]
struct References {
    found: Vec<Reference>,
}

impl References {
    fn add(&mut self, attribute: &str, target: &str) {
        self.found.push(Reference { attribute: attribute.to_owned(), target: target.to_owned() });
    }

    fn of_map(&mut self, map: &Map, path: &mut Vec<String>) {
        for (key, node) in map.iter() {
            path.push(key.to_owned());
            self.of_node(node, path);
            path.pop();
        }
    }

    fn of_node(&mut self, node: &Node, path: &mut Vec<String>) {
        match &node.value {
            Value::Unknown(unknown) => {
                for target in unknown.refers.iter() {
                    self.add(&path.join("."), target);
                }
            }
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    path.push(at.to_string());
                    self.of_node(item, path);
                    path.pop();
                }
            }
            Value::Map(map) => self.of_map(map, path),
            _ => {}
        }
    }
}
