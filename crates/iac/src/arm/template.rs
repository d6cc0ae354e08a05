//! A template as both languages declare it, before anything is evaluated.

use super::expr::{Expr, Over};
use crate::{At, Dialect};
use std::collections::HashMap;
use std::sync::Arc;

/// A file, or a template within a file.
#[derive(Debug)]
pub(crate) struct Template {
    pub dialect: Dialect,
    /// The path of its file.
    pub path: Arc<str>,
    pub parameters: Vec<Parameter>,
    pub variables: Vec<Variable>,
    pub functions: HashMap<Arc<str>, Function>,
    pub resources: Vec<Declared>,
    /// Names that stand for something this reader does not follow, with what they are: imported names.
    pub foreign: HashMap<Arc<str>, Arc<str>>,
    parameter_index: HashMap<String, usize>,
    variable_index: HashMap<String, usize>,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub name: Arc<str>,
    /// As written: `securestring`, `string`.
    pub declared_type: Arc<str>,
    pub secure: bool,
    pub default: Option<Expr>,
    /// What may be omitted and then is null.
    pub nullable: bool,
    pub at: At,
    pub line_end: u32,
}

#[derive(Debug)]
pub(crate) struct Variable {
    pub name: Arc<str>,
    pub value: Expr,
}

impl Parameter {
    /// Bicep's own word for a parameter begins with its type: `param password string`.
    pub(crate) fn address(&self, dialect: Dialect, prefix: &str) -> String {
        let kind = if dialect == Dialect::Bicep { &*self.declared_type } else { "parameter" };
        format!("{prefix}{kind}.{}", self.name)
    }

    /// Whether it is a text, a number or a truth.
    pub(crate) fn is_scalar(&self) -> bool {
        ["string", "securestring", "int", "bool"].iter().any(|known| self.declared_type.eq_ignore_ascii_case(known))
    }
}

/// A function that the template defines.
#[derive(Debug)]
pub(crate) struct Function {
    pub parameters: Arc<[Arc<str>]>,
    pub body: Expr,
}

/// A declared resource, module or nested deployment.
#[derive(Debug)]
pub(crate) struct Declared {
    /// Bicep's symbolic name, or that of a template of language version 2.0.
    pub symbol: Option<Arc<str>>,
    /// `Microsoft.Sql/servers/databases`.
    pub resource_type: Arc<str>,
    pub api_version: Arc<str>,
    /// Refers to what exists already, and deploys nothing.
    pub existing: bool,
    pub condition: Option<Expr>,
    pub over: Option<Over>,
    pub name: Option<Expr>,
    /// Everything else that was written, as an object.
    pub body: Expr,
    /// Bicep's `parent:`.
    pub parent: Option<Expr>,
    /// `scope`: what an extension resource is attached to.
    pub scope: Option<Expr>,
    pub depends_on: Vec<Expr>,
    pub children: Vec<Declared>,
    pub nested: Option<Nested>,
    pub at: At,
    pub line_end: u32,
}

/// A template that a deployment brings with it.
#[derive(Debug)]
pub(crate) struct Nested {
    pub source: Source,
    /// What its parameters are given: an object; in a template each as `{"value": ...}`.
    pub parameters: Option<Expr>,
}

#[derive(Debug)]
pub(crate) enum Source {
    /// Written in the deployment. With outer scope its expressions see the parameters and variables around it.
    Inline { template: Box<Template>, outer: bool },
    /// Another file, by its path relative to this one.
    Local(Arc<str>),
    /// Somewhere else: an address, a registry, a template spec.
    Remote(Arc<str>),
}

impl Template {
    pub(crate) fn new(dialect: Dialect, path: &str) -> Self {
        Self {
            dialect,
            path: path.into(),
            parameters: Vec::new(),
            variables: Vec::new(),
            functions: HashMap::new(),
            resources: Vec::new(),
            foreign: HashMap::new(),
            parameter_index: HashMap::new(),
            variable_index: HashMap::new(),
        }
    }

    /// Makes parameters and variables findable; the first of a name counts.
    pub(crate) fn index(&mut self) {
        for (at, parameter) in self.parameters.iter().enumerate() {
            self.parameter_index.entry(key(self.dialect, &parameter.name)).or_insert(at);
        }
        for (at, variable) in self.variables.iter().enumerate() {
            self.variable_index.entry(key(self.dialect, &variable.name)).or_insert(at);
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<usize> {
        self.parameter_index.get(&key(self.dialect, name)).copied()
    }

    pub(crate) fn variable(&self, name: &str) -> Option<usize> {
        self.variable_index.get(&key(self.dialect, name)).copied()
    }

    /// Paths, relative to the file, of the templates that it brings in.
    pub(crate) fn local_sources(&self) -> Vec<&str> {
        fn walk<'t>(resources: &'t [Declared], out: &mut Vec<&'t str>) {
            for declared in resources {
                match declared.nested.as_ref().map(|nested| &nested.source) {
                    Some(Source::Local(path)) => out.push(path),
                    Some(Source::Inline { template, .. }) => walk(&template.resources, out),
                    _ => {}
                }
                walk(&declared.children, out);
            }
        }
        let mut out = Vec::new();
        walk(&self.resources, &mut out);
        out
    }
}

/// Templates tell names apart without case, Bicep with it.
fn key(dialect: Dialect, name: &str) -> String {
    if dialect == Dialect::Bicep { name.to_owned() } else { name.to_ascii_lowercase() }
}
