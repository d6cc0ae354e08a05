//! What an expression sees: the parameters and variables of its template, the variables of loops and lambdas, and the
//! limits that all share.

use super::eval::{EVAL_DEPTH_MAX, unknown, weight};
use super::expr::{Expr, Kind};
use super::template::{Declared, Template};
use crate::{At, Node, SourceFile, Value};
use mainstay_model::{Diagnostic, Place};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

/// Steps of evaluation that every reading may take ...
const STEPS_BASE_MAX: u64 = 5_000_000;
/// ... and how many more for each byte of source.
const STEPS_PER_BYTE: u64 = 100;
/// How many diagnostics one reading gives at most.
const DIAGNOSTICS_MAX: usize = 10_000;

/// What all templates of a reading share.
pub(crate) struct World<'w> {
    files: &'w [SourceFile],
    by_path: HashMap<&'w str, u32>,
    /// Every template by the path of its file.
    pub templates: &'w HashMap<String, Template>,
    /// What parameters files give, by the path of the template.
    pub given: &'w HashMap<String, HashMap<String, Expr>>,
    pub diagnostics: RefCell<Vec<Diagnostic>>,
    said: RefCell<HashSet<(&'static str, At)>>,
    depth: Cell<usize>,
    steps_left: Cell<u64>,
}

/// A variable of a loop, a lambda or a function, and those around it.
#[derive(Clone, Copy)]
pub(crate) struct Env<'e> {
    pub outer: Option<&'e Env<'e>>,
    pub local: Local,
    pub name: &'e str,
    pub node: &'e Node,
}

/// What a local name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Local {
    /// Of a lambda, a loop over a list or a function.
    Variable,
    /// The position in a loop.
    Copy,
}

impl<'e> Env<'e> {
    /// The innermost of a name, whatever its case; of the position of a loop also without a name.
    pub(crate) fn find(env: Option<&'e Env<'e>>, local: Local, name: &str) -> Option<&'e Node> {
        let mut env = env;
        while let Some(here) = env {
            if here.local == local && (here.name.eq_ignore_ascii_case(name) || name.is_empty()) {
                return Some(here.node);
            }
            env = here.outer;
        }
        None
    }
}

/// A declared resource that expressions may name.
#[derive(Clone)]
pub(crate) struct Symbol<'w> {
    pub address: String,
    pub declared: &'w Declared,
}

/// One instance of a template.
pub(crate) struct Scope<'w> {
    pub world: &'w World<'w>,
    pub template: &'w Template,
    /// What comes before the addresses of its resources: `module.web.`.
    pub prefix: String,
    /// What a caller gives for parameters, by name in lower case.
    pub arguments: HashMap<String, Node>,
    /// The caller gives something that cannot be read, so a missing argument is not one that is left out.
    pub arguments_doubtful: Option<Value>,
    /// Whether there is a caller at all.
    pub called: bool,
    parameters: RefCell<Vec<State>>,
    variables: RefCell<Vec<State>>,
    symbols: HashMap<&'w str, Symbol<'w>>,
    parameter_addresses: Vec<String>,
}

#[derive(Clone)]
enum State {
    New,
    Busy,
    Done(Node),
}

impl<'w> World<'w> {
    pub(crate) fn new(
        files: &'w [SourceFile],
        templates: &'w HashMap<String, Template>,
        given: &'w HashMap<String, HashMap<String, Expr>>,
    ) -> Self {
        let bytes: usize =
            files.iter().filter(|file| templates.contains_key(&file.path)).map(|file| file.bytes.len()).sum();
        Self {
            files,
            by_path: (0u32..).zip(files).map(|(index, file)| (file.path.as_str(), index)).collect(),
            templates,
            given,
            diagnostics: RefCell::default(),
            said: RefCell::default(),
            depth: Cell::new(0),
            steps_left: Cell::new(STEPS_BASE_MAX + STEPS_PER_BYTE * bytes as u64),
        }
    }

    pub(crate) fn enter(&self) -> Result<(), String> {
        if self.depth.get() >= EVAL_DEPTH_MAX {
            return Err(format!("evaluation nests deeper than {EVAL_DEPTH_MAX} levels"));
        }
        self.charge(1)?;
        self.depth.set(self.depth.get() + 1);
        Ok(())
    }

    pub(crate) fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Takes steps from what the reading may spend.
    pub(crate) fn charge(&self, steps: usize) -> Result<(), String> {
        match self.steps_left.get().checked_sub(steps as u64) {
            Some(left) => {
                self.steps_left.set(left);
                Ok(())
            }
            None => {
                self.steps_left.set(0);
                Err("evaluation takes too many steps; a loop or a function grows without measure".to_owned())
            }
        }
    }

    /// Whether the limit of steps was reached.
    pub(crate) fn is_spent(&self) -> bool {
        self.steps_left.get() == 0
    }

    /// A value once more, within the limits.
    pub(crate) fn copied(&self, node: &Node) -> Value {
        match self.charge(weight(&node.value)) {
            Ok(()) => node.value.clone(),
            Err(why) => unknown(why, &[]),
        }
    }

    /// A file by its path.
    pub(crate) fn file(&self, path: &str) -> Option<&'w SourceFile> {
        self.files.get(*self.by_path.get(path)? as usize)
    }

    /// The number of a file.
    pub(crate) fn index_of(&self, path: &str) -> u32 {
        self.by_path.get(path).copied().unwrap_or_default()
    }

    /// Says something once for each place.
    pub(crate) fn say(&self, code: &'static str, summary: String, at: At, help: &str) {
        let mut diagnostics = self.diagnostics.borrow_mut();
        if diagnostics.len() < DIAGNOSTICS_MAX && self.said.borrow_mut().insert((code, at)) {
            let path = self.files.get(at.file as usize).map(|file| file.path.clone()).unwrap_or_default();
            diagnostics.push(Diagnostic::warning(code, summary, Place::at(path, at.line, at.column), help));
        }
    }
}

impl<'w> Scope<'w> {
    pub(crate) fn new(world: &'w World<'w>, template: &'w Template, prefix: String) -> Self {
        let mut symbols = HashMap::new();
        gather(&template.resources, &prefix, &mut symbols);
        Self {
            world,
            template,
            arguments: HashMap::new(),
            arguments_doubtful: None,
            called: false,
            parameters: RefCell::new(vec![State::New; template.parameters.len()]),
            variables: RefCell::new(vec![State::New; template.variables.len()]),
            symbols,
            parameter_addresses: template.parameters.iter().map(|one| one.address(template.dialect, &prefix)).collect(),
            prefix,
        }
    }

    /// The same scope for resources that stand elsewhere: what a nested deployment of outer scope sees.
    pub(crate) fn with_prefix(&self, prefix: String) -> Self {
        let mut scope = Self::new(self.world, self.template, prefix);
        scope.arguments = self.arguments.clone();
        scope.arguments_doubtful = self.arguments_doubtful.clone();
        scope.called = self.called;
        scope
    }

    /// A resource by its symbolic name.
    pub(crate) fn symbol(&self, name: &str) -> Option<&Symbol<'w>> {
        self.symbols.get(name)
    }

    /// The value of a parameter: what the caller or the parameters file gives, or the default.
    pub(crate) fn parameter(&self, index: usize) -> Value {
        let parameter = &self.template.parameters[index];
        let name = parameter.name.to_ascii_lowercase();
        if let Some(given) = self.arguments.get(&name) {
            return self.world.copied(given);
        }
        let from_file = if self.called { None } else { self.world.given.get(&*self.template.path) };
        if let Some(given) = from_file.and_then(|given| given.get(&name)) {
            return self.given(&parameter.name, given);
        }
        if let Some(doubtful) = &self.arguments_doubtful {
            return doubtful.clone();
        }
        match &parameter.default {
            Some(default) => self.once(&self.parameters, index, default, "parameter", &parameter.name),
            None if parameter.nullable => Value::Null,
            None if self.called => {
                unknown(format!("the caller gives no value for the parameter `{}`", parameter.name), &[])
            }
            // A deployment does not begin without a value, so something is set; a list or an object may still be empty.
            None => unknown(
                format!("the parameter `{}` has no default, and no parameters file gives it a value", parameter.name),
                if parameter.is_scalar() { std::slice::from_ref(&self.parameter_addresses[index]) } else { &[] },
            ),
        }
    }

    /// What a parameters file gives: `{"value": ...}`, or a reference to a secret; from Bicep the value itself.
    fn given(&self, name: &str, given: &'w Expr) -> Value {
        if let Some(value) = given.property("value") {
            return self.eval(value, None).value;
        }
        if given.property("reference").is_some() {
            return unknown(format!("the parameter `{name}` comes from a key vault"), &[]);
        }
        self.eval(given, None).value
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, index: usize) -> Value {
        let variable = &self.template.variables[index];
        self.once(&self.variables, index, &variable.value, "variable", &variable.name)
    }

    /// Evaluates a declaration once; one that needs itself is unknown.
    fn once(&self, states: &RefCell<Vec<State>>, index: usize, expr: &'w Expr, what: &str, name: &str) -> Value {
        match &states.borrow()[index] {
            State::Done(node) => return self.world.copied(node),
            State::Busy => {
                self.world.say(
                    "arm.cycle",
                    format!("the {what} `{name}` needs itself"),
                    expr.at,
                    "break the circle: give one of its members a value of its own",
                );
                return unknown(format!("the {what} `{name}` needs itself"), &[]);
            }
            State::New => {}
        }
        states.borrow_mut()[index] = State::Busy;
        let node = self.eval(expr, None);
        let value = self.world.copied(&node);
        states.borrow_mut()[index] = State::Done(node);
        value
    }

    /// The expression that an expression only passes on: that of a variable, or the default of a parameter.
    pub(crate) fn behind(&self, expr: &'w Expr) -> Option<&'w Expr> {
        let named = |index: Option<usize>| index.map(|index| &self.template.variables[index].value);
        let default = |index: Option<usize>| {
            let parameter = &self.template.parameters[index?];
            let given = self.arguments.contains_key(&parameter.name.to_ascii_lowercase());
            parameter.default.as_ref().filter(|_| !given)
        };
        match &expr.kind {
            Kind::Bracketed(_, inner) => self.behind(inner),
            Kind::Name(name) => named(self.template.variable(name)).or_else(|| default(self.template.parameter(name))),
            Kind::Call(function, arguments) => {
                let name = arguments.first()?.as_text()?;
                match &**function {
                    "variables" => named(self.template.variable(name)),
                    "parameters" => default(self.template.parameter(name)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

fn gather<'w>(resources: &'w [Declared], prefix: &str, out: &mut HashMap<&'w str, Symbol<'w>>) {
    for declared in resources {
        if let Some(symbol) = &declared.symbol {
            let address = symbol_address(declared, symbol, prefix);
            out.entry(&**symbol).or_insert(Symbol { address, declared });
        }
        gather(&declared.children, prefix, out);
    }
}

/// The address of a resource that has a symbolic name.
pub(crate) fn symbol_address(declared: &Declared, symbol: &str, prefix: &str) -> String {
    if declared.existing {
        format!("{prefix}existing.{}.{symbol}", declared.resource_type)
    } else {
        format!("{prefix}{}.{symbol}", declared.resource_type)
    }
}
