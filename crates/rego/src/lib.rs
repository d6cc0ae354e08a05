//! Rego, the language of OPA, Conftest and Gatekeeper: policies compiled once, evaluated bounded in time and memory.
//!
//! The interpreter is `regorus`. Around it: functions that it lacks ([`builtins`]), a rewrite of the few forms of the
//! language that it does not read ([`rewrite`]), and a thread of its own for every evaluation, so that a panic, a stack
//! that runs out of room or a rule that never ends costs one [`Failure`] and no more. Pure: nothing here asks a clock, the
//! network or a random source for a value, but for the salt of a PSS signature; the time that policies see is an argument.

mod builtins;
mod depth;
mod metadata;
mod place;
mod recursion;
mod rewrite;
mod run;
mod shape;
mod token;

use regorus::{Engine, Value};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long one evaluation may take.
const TIME_MAX: Duration = Duration::from_secs(5);

/// A file of Rego.
#[derive(Debug, Clone)]
pub struct Module {
    /// The path to be named in what is wrong.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Which Rego a module is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Before OPA 1.0: `if` and `contains` may be left out.
    V0,
    /// Since OPA 1.0.
    V1,
}

/// What could not be compiled, with its place where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The module's path.
    pub path: String,
    /// Line, from 1; 0 where it is not known.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
    /// A fragment.
    pub summary: String,
}

/// Why an evaluation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The policy failed: conflicting values, a wrong type.
    Policy(String),
    /// It took longer than an evaluation may.
    Time,
    /// It did not come back from a single step and was given up; a thread may be busy with it for longer.
    Left,
    /// So many were given up and are still busy that this one was not begun.
    Refused,
    /// The interpreter broke down on it.
    Panic(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(why) => f.write_str(why),
            Self::Time => write!(f, "the policy took longer than {} seconds", TIME_MAX.as_secs()),
            Self::Left => write!(
                f,
                "the policy did not come back within {} seconds and was given up; it may keep a processor busy until \
                 this program ends",
                run::WAIT_MAX.as_secs()
            ),
            Self::Refused => write!(
                f,
                "{} policies were given up before and still keep processors busy, so this one was not evaluated; mend \
                 those, and begin again",
                run::LEFT_MAX
            ),
            Self::Panic(why) => write!(f, "the interpreter broke down: {why}"),
        }
    }
}

/// How policies are evaluated.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// What `time.now_ns()` gives, in nanoseconds since 1970; undefined where nothing is given.
    pub now_ns: Option<i64>,
    /// Whether a function that fails ends the evaluation; else it is undefined, as is OPA's default.
    pub strict: bool,
}

/// Modules that were compiled together.
#[derive(Clone)]
pub struct Policy {
    engine: Engine,
    packages: Arc<[String]>,
    strict: bool,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("packages", &self.packages).finish_non_exhaustive()
    }
}

impl Policy {
    /// Compiles modules with the documents under `data`.
    ///
    /// # Errors
    /// What is wrong with the modules; all modules that cannot be read are named.
    pub fn compile(modules: &[Module], dialect: Dialect, data: &Json, options: Options) -> Result<Self, Vec<Problem>> {
        let recursive = recursion::check(modules);
        if !recursive.is_empty() {
            return Err(recursive);
        }
        let deep = depth::check(modules);
        if !deep.is_empty() {
            return Err(deep);
        }
        let rewritten: Vec<Module> = rewrite::modules(modules);
        let first = modules.first().map(|module| module.path.clone()).unwrap_or_default();
        let data = Value::from(data.clone());
        let texts = rewritten.clone();
        let compiled = run::isolated(move || {
            let mut engine = Engine::new();
            engine.set_gather_prints(true);
            engine.set_strict_builtin_errors(options.strict);
            engine.set_rego_v0(dialect == Dialect::V0);
            engine.set_execution_timer_config(run::timer(TIME_MAX));
            engine.set_policy_length_config(run::length());
            let mut problems = Vec::new();
            let mut packages = Vec::new();
            for module in &rewritten {
                match engine.add_policy(module.path.clone(), module.text.clone()) {
                    Ok(package) => packages.push(package),
                    Err(error) => problems.push(run::problem(&module.path, &error.to_string())),
                }
            }
            if let Err(error) = builtins::register(&mut engine, options) {
                problems.push(run::problem(&first, &error.to_string()));
            }
            if let Err(error) = engine.add_data(data) {
                problems.push(run::problem(&first, &error.to_string()));
            }
            // Compiles; the copies that evaluate share what was compiled.
            if problems.is_empty()
                && let Err(error) = engine.eval_query("true".to_owned(), false)
            {
                problems.push(run::problem(&first, &error.to_string()));
            }
            if problems.is_empty() { Ok((engine, packages)) } else { Err(problems) }
        });
        match compiled {
            Ok(Ok((engine, packages))) => Ok(Self { engine, packages: packages.into(), strict: options.strict }),
            Ok(Err(problems)) => {
                Err(problems.into_iter().map(|problem| run::placed(problem, modules, &texts)).collect())
            }
            Err(failure) => {
                let path = modules.first().map(|module| module.path.clone()).unwrap_or_default();
                Err(vec![Problem { path, line: 0, column: 0, summary: failure.to_string() }])
            }
        }
    }

    /// The packages of the modules, in their order: `data.main`.
    #[must_use]
    pub fn packages(&self) -> &[String] {
        &self.packages
    }

    /// Adds documents under `data`; what they set twice is a failure.
    ///
    /// # Errors
    /// Where the documents contradict those that are there.
    pub fn with_data(mut self, data: &Json) -> Result<Self, Failure> {
        self.engine.add_data(Value::from(data.clone())).map_err(|error| Failure::Policy(error.to_string()))?;
        Ok(self)
    }

    /// The value of a rule such as `data.main.deny`; `None` where it is undefined or not there.
    ///
    /// # Errors
    /// Where the evaluation failed.
    pub fn rule(&self, rule: &str, input: &Json) -> Result<Option<Json>, Failure> {
        let bindings = self.query(&format!("x = {rule}"), Some(Value::from(input.clone())))?;
        Ok(bindings.into_iter().next().and_then(|binding| binding.get("x").cloned()))
    }

    /// The variables of every way in which a query holds, for an input written as a term of Rego or as JSON.
    ///
    /// # Errors
    /// Where the evaluation failed.
    pub fn query(&self, query: &str, input: Option<Value>) -> Result<Vec<Json>, Failure> {
        let mut engine = self.engine.clone();
        let query = rewrite::query(query);
        let strict = self.strict;
        run::isolated(move || {
            engine.set_strict_builtin_errors(strict);
            if let Some(input) = input {
                engine.set_input(input);
            }
            run::query(&mut engine, query)
        })?
    }
}

/// The value of a term of Rego without variables, such as `{"a": {1, 2}}`.
///
/// # Errors
/// Where it is no such term.
pub fn term(text: &str) -> Result<Value, Failure> {
    let text = text.to_owned();
    run::isolated(move || {
        let mut engine = Engine::new();
        let found = engine.eval_query(text, false).map_err(|error| Failure::Policy(error.to_string()))?;
        let value = found.result.first().and_then(|result| result.expressions.first()).map(|one| one.value.clone());
        value.ok_or_else(|| Failure::Policy("the term is undefined".to_owned()))
    })?
}
