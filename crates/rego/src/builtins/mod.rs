//! Functions that the interpreter lacks, or that must be bounded or answer otherwise than its own do. A function of ours
//! comes before the interpreter's of the same name.
//!
//! The definitions are those of OPA's reference of built-in functions (openpolicyagent.org/docs/policy-reference); what
//! a group leaves out stands in its module. A function that fails is undefined, or ends a strict evaluation.

mod aws;
mod crypto;
mod encode;
mod format;
mod globs;
mod graphql;
mod jsonschema;
mod jwk;
mod jwt;
mod keys;
mod misc;
mod net;
mod pem;
mod render;
mod template;
mod time;
mod x509;

use crate::Options;
use regorus::{Engine, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Why a function has no value.
pub(crate) type Answer = Result<Value, String>;

type Function = fn(&[Value]) -> Answer;

/// A function of its arguments and of the time, in nanoseconds since 1970, where that is given.
type Timed = fn(&[Value], Option<i64>) -> Answer;

/// How many bytes a text may have that a function makes.
const TEXT_BYTES_MAX: usize = 16 << 20;
/// How many elements a collection may have that a function makes.
const ELEMENTS_MAX: usize = 1 << 20;

fn groups() -> impl Iterator<Item = &'static (&'static str, u8, Function)> {
    [
        aws::FUNCTIONS,
        crypto::FUNCTIONS,
        encode::FUNCTIONS,
        format::FUNCTIONS,
        globs::FUNCTIONS,
        graphql::FUNCTIONS,
        jsonschema::FUNCTIONS,
        jwt::FUNCTIONS,
        misc::FUNCTIONS,
        net::FUNCTIONS,
        render::FUNCTIONS,
        template::FUNCTIONS,
        time::FUNCTIONS,
        x509::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

fn timed() -> impl Iterator<Item = &'static (&'static str, u8, Timed)> {
    [jwt::TIMED, x509::TIMED].into_iter().flatten()
}

/// Functions of the interpreter that may be mocked or mock others, with how many arguments they take.
const OTHERS: [(&str, u8); 15] = [
    ("array.concat", 2),
    ("concat", 2),
    ("contains", 2),
    ("count", 1),
    ("endswith", 2),
    ("lower", 1),
    ("max", 1),
    ("min", 1),
    ("object.get", 3),
    ("object.union", 2),
    ("object.union_n", 1),
    ("sprintf", 2),
    ("startswith", 2),
    ("sum", 1),
    ("upper", 1),
];

/// How many arguments a function of ours takes.
pub(crate) fn ours(name: &str) -> Option<u8> {
    if name == "time.now_ns" {
        return Some(0);
    }
    let untimed = groups().map(|(known, count, _)| (*known, *count));
    let all = untimed.chain(timed().map(|(known, count, _)| (*known, *count)));
    all.into_iter().find(|(known, _)| *known == name).map(|(_, count)| count)
}

/// How many arguments a function takes, ours or the interpreter's.
pub(crate) fn arity(name: &str) -> Option<u8> {
    ours(name).or_else(|| OTHERS.iter().find(|(known, _)| *known == name).map(|(_, count)| *count))
}

/// Adds all functions to an engine.
pub(crate) fn register(engine: &mut Engine, options: Options) -> Result<(), String> {
    let strict = options.strict;
    for (name, count, function) in groups() {
        let answer = move |arguments: Vec<Value>| answered(name, strict, function(&arguments));
        engine.add_extension((*name).to_owned(), *count, Box::new(answer)).map_err(|error| error.to_string())?;
    }
    for (name, count, function) in timed() {
        let answer = move |arguments: Vec<Value>| answered(name, strict, function(&arguments, options.now_ns));
        engine.add_extension((*name).to_owned(), *count, Box::new(answer)).map_err(|error| error.to_string())?;
    }
    let now = options.now_ns.map_or(Value::Undefined, Value::from);
    let answer = move |_: Vec<Value>| Ok(now.clone());
    engine.add_extension("time.now_ns".to_owned(), 0, Box::new(answer)).map_err(|error| error.to_string())
}

/// A failure is undefined, or ends a strict evaluation. The interpreter's errors are of a type of its own, which one of
/// the standard library turns into.
fn answered<E: From<std::io::Error>>(name: &str, strict: bool, answer: Answer) -> Result<Value, E> {
    match answer {
        Ok(value) => Ok(value),
        Err(why) if strict => Err(std::io::Error::other(format!("{name}: {why}")).into()),
        Err(_) => Ok(Value::Undefined),
    }
}

/// A document of YAML as JSON.
pub(crate) fn yaml(text: &str) -> Result<serde_json::Value, String> {
    json(&encode::read_yaml(text)?)
}

/// The text of an argument.
pub(crate) fn text(arguments: &[Value], at: usize) -> Result<&str, String> {
    match arguments.get(at) {
        Some(Value::String(text)) => Ok(text),
        other => Err(format!("argument {} must be a text, not {}", at + 1, kind(other))),
    }
}

/// The whole number of an argument.
pub(crate) fn whole(arguments: &[Value], at: usize) -> Result<i64, String> {
    let number = arguments.get(at).and_then(|value| value.as_i64().ok());
    number.ok_or_else(|| format!("argument {} must be a whole number, not {}", at + 1, kind(arguments.get(at))))
}

/// The elements of an argument that is an array or a set.
pub(crate) fn elements(arguments: &[Value], at: usize) -> Result<Vec<Value>, String> {
    match arguments.get(at) {
        Some(Value::Array(items)) => Ok(items.iter().cloned().collect()),
        Some(Value::Set(items)) => Ok(items.iter().cloned().collect()),
        other => Err(format!("argument {} must be an array or a set, not {}", at + 1, kind(other))),
    }
}

fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None | Some(Value::Undefined) => "nothing",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a truth",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a text",
        Some(Value::Array(_)) => "an array",
        Some(Value::Set(_)) => "a set",
        Some(Value::Object(_)) => "an object",
    }
}

/// As JSON; sets become arrays, and numbers beyond what a float holds, such as moduli of keys, the texts of their digits.
pub(crate) fn json(value: &Value) -> Result<serde_json::Value, String> {
    let text = value.to_json_str().or_else(|_| held(value).to_json_str()).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn held(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            let digits = number.format_decimal();
            if digits.parse().is_ok_and(f64::is_finite) { value.clone() } else { Value::from(digits) }
        }
        Value::Array(items) => Value::from(items.iter().map(held).collect::<Vec<_>>()),
        Value::Set(items) => Value::from(items.iter().map(held).collect::<BTreeSet<_>>()),
        Value::Object(entries) => {
            Value::from(entries.iter_sorted().map(|(key, value)| (held(key), held(value))).collect::<BTreeMap<_, _>>())
        }
        other => other.clone(),
    }
}
