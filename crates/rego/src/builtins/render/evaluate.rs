//! Runs templates.

use super::{Node, Of, Pipeline, Term};
use crate::builtins::{TEXT_BYTES_MAX, elements, encode, format};
use regorus::Value;
use std::cmp::Ordering;

/// How many nodes and commands are run: loops in loops multiply.
const STEPS_MAX: usize = 1_000_000;

type Ran<T> = Result<T, String>;

/// The text of a template.
pub(super) fn run(nodes: &[Node], variables: &Value) -> Ran<String> {
    let known = vec![("$".to_owned(), variables.clone())];
    let mut run = Run { variables: known, out: String::new(), steps: 0 };
    match run.nodes(nodes, variables)? {
        Flow::On => Ok(run.out),
        Flow::Break | Flow::Continue => Err("`break` and `continue` belong into `range`".to_owned()),
    }
}

enum Flow {
    On,
    Break,
    Continue,
}

struct Run {
    variables: Vec<(String, Value)>,
    out: String,
    steps: usize,
}

impl Run {
    fn step(&mut self) -> Ran<()> {
        self.steps += 1;
        if self.steps > STEPS_MAX || self.out.len() > TEXT_BYTES_MAX {
            return Err("the template takes too many steps, or its text is too long".to_owned());
        }
        Ok(())
    }

    /// Variables that a block declares end with it.
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Ran<Flow> {
        let outer = self.variables.len();
        let mut flow = Flow::On;
        for node in nodes {
            flow = self.node(node, dot)?;
            if !matches!(flow, Flow::On) {
                break;
            }
        }
        self.variables.truncate(outer);
        Ok(flow)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Ran<Flow> {
        self.step()?;
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Show(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.variables.is_empty() {
                    show(&value, &mut self.out);
                }
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
            Node::If(condition, then, otherwise) | Node::With(condition, then, otherwise) => {
                let outer = self.variables.len();
                let value = self.pipeline(condition, dot)?;
                let held = truth(&value);
                let dot = if held && matches!(node, Node::With(..)) { &value } else { dot };
                let flow = self.nodes(if held { then } else { otherwise }, dot)?;
                self.variables.truncate(outer);
                return Ok(flow);
            }
            Node::Range(pipeline, body, otherwise) => return self.range(pipeline, body, otherwise, dot),
        }
        Ok(Flow::On)
    }

    fn range(&mut self, pipeline: &Pipeline, body: &[Node], otherwise: &[Node], dot: &Value) -> Ran<Flow> {
        let outer = self.variables.len();
        let value = self.commands(pipeline, dot)?;
        let entries: Vec<(Value, Value)> = match &value {
            Value::Array(_) | Value::Set(_) => {
                let items = elements(std::slice::from_ref(&value), 0)?;
                items.into_iter().enumerate().map(|(at, item)| (Value::from(at as u64), item)).collect()
            }
            Value::Object(entries) => entries.iter_sorted().map(|(key, value)| (key.clone(), value.clone())).collect(),
            Value::Null | Value::Undefined => Vec::new(),
            _ => return Err("`range` goes over arrays, sets and objects".to_owned()),
        };
        if entries.is_empty() {
            return self.nodes(otherwise, dot);
        }
        for (key, item) in entries {
            match pipeline.variables.as_slice() {
                [only] => self.set(only, &item, pipeline.declares)?,
                [first, second] => {
                    self.set(first, &key, pipeline.declares)?;
                    self.set(second, &item, pipeline.declares)?;
                }
                _ => {}
            }
            let flow = self.nodes(body, &item)?;
            self.variables.truncate(outer);
            if matches!(flow, Flow::Break) {
                break;
            }
        }
        Ok(Flow::On)
    }

    fn set(&mut self, name: &str, value: &Value, declares: bool) -> Ran<()> {
        if declares {
            self.variables.push((name.to_owned(), value.clone()));
            return Ok(());
        }
        let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
        known.ok_or_else(|| format!("the variable {name} is not known"))?.1 = value.clone();
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Ran<Value> {
        let value = self.commands(pipeline, dot)?;
        match pipeline.variables.as_slice() {
            [] => {}
            [name] => self.set(name, &value, pipeline.declares)?,
            _ => return Err("only `range` sets two variables".to_owned()),
        }
        Ok(value)
    }

    fn commands(&mut self, pipeline: &Pipeline, dot: &Value) -> Ran<Value> {
        let mut last = None;
        for command in &pipeline.commands {
            self.step()?;
            last = Some(self.command(command, last, dot)?);
        }
        last.ok_or_else(|| "a command is missing".to_owned())
    }

    fn command(&mut self, command: &[Term], piped: Option<Value>, dot: &Value) -> Ran<Value> {
        let (first, rest) = command.split_first().ok_or("a command is missing")?;
        let Of::Function(name) = &first.of else {
            if !rest.is_empty() || piped.is_some() {
                return Err("only functions take arguments".to_owned());
            }
            return self.term(first, dot);
        };
        // These two look at no more arguments than they need.
        if matches!(name.as_str(), "and" | "or") {
            let mut last = None;
            for term in rest {
                let value = self.term(term, dot)?;
                if truth(&value) == (name == "or") {
                    return Ok(value);
                }
                last = Some(value);
            }
            return piped.or(last).ok_or_else(|| format!("`{name}` needs arguments"));
        }
        let mut arguments: Vec<Value> = rest.iter().map(|term| self.term(term, dot)).collect::<Result<_, _>>()?;
        arguments.extend(piped);
        fields(call(name, &arguments)?, &first.fields)
    }

    fn term(&mut self, term: &Term, dot: &Value) -> Ran<Value> {
        let value = match &term.of {
            Of::Dot => dot.clone(),
            Of::Literal(value) => value.clone(),
            Of::Pipeline(pipeline) => self.pipeline(pipeline, dot)?,
            Of::Function(name) => call(name, &[])?,
            Of::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                known.ok_or_else(|| format!("the variable {name} is not known"))?.1.clone()
            }
        };
        fields(value, &term.fields)
    }
}

fn fields(mut value: Value, names: &[String]) -> Ran<Value> {
    for name in names {
        value = match &value {
            Value::Object(entries) => entries.get(&Value::from(name.as_str())).cloned().unwrap_or(Value::Undefined),
            Value::Undefined | Value::Null => Value::Undefined,
            _ => return Err(format!("only objects have a field {name:?}")),
        };
    }
    Ok(value)
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Null | Value::Undefined => false,
        Value::Bool(held) => *held,
        Value::Number(_) => value.as_f64().map_or(true, |number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Set(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

/// As Go prints it.
fn show(value: &Value, out: &mut String) {
    let mut list = |open: &str, items: Vec<&Value>| {
        out.push_str(open);
        for (at, item) in items.into_iter().enumerate() {
            out.push_str(if at > 0 { " " } else { "" });
            show(item, out);
        }
        out.push(']');
    };
    match value {
        Value::Undefined => out.push_str("<undefined>"),
        Value::Null => out.push_str("<nil>"),
        Value::String(text) => out.push_str(text),
        Value::Array(items) => list("[", items.iter().collect()),
        Value::Set(items) => list("[", items.iter().collect()),
        Value::Object(entries) => {
            out.push_str("map[");
            for (at, (key, value)) in entries.iter_sorted().enumerate() {
                out.push_str(if at > 0 { " " } else { "" });
                show(key, out);
                out.push(':');
                show(value, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn call(name: &str, arguments: &[Value]) -> Ran<Value> {
    let count = |wanted: usize| {
        if arguments.len() == wanted { Ok(()) } else { Err(format!("`{name}` takes {wanted} arguments")) }
    };
    let shown = || {
        let mut out = String::new();
        arguments.iter().for_each(|value| show(value, &mut out));
        out
    };
    let compared = || {
        count(2)?;
        let same_kind = std::mem::discriminant(&arguments[0]) == std::mem::discriminant(&arguments[1]);
        let ordered = same_kind && matches!(arguments[0], Value::Number(_) | Value::String(_));
        if ordered { Ok(arguments[0].cmp(&arguments[1])) } else { Err(format!("`{name}` compares numbers or texts")) }
    };
    Ok(match name {
        "eq" | "ne" if arguments.len() < 2 => return Err(format!("`{name}` needs two arguments")),
        "eq" => Value::from(arguments[1..].iter().any(|value| *value == arguments[0])),
        "ne" => {
            count(2)?;
            Value::from(arguments[0] != arguments[1])
        }
        "lt" => Value::from(compared()? == Ordering::Less),
        "le" => Value::from(compared()? != Ordering::Greater),
        "gt" => Value::from(compared()? == Ordering::Greater),
        "ge" => Value::from(compared()? != Ordering::Less),
        "not" => {
            count(1)?;
            Value::from(!truth(&arguments[0]))
        }
        "len" => {
            count(1)?;
            let length = match &arguments[0] {
                Value::String(text) => text.len(),
                Value::Array(items) => items.len(),
                Value::Set(items) => items.len(),
                Value::Object(entries) => entries.len(),
                _ => return Err("`len` is of texts, arrays, sets and objects".to_owned()),
            };
            Value::from(length as u64)
        }
        "index" => {
            let (first, rest) = arguments.split_first().ok_or("`index` needs arguments")?;
            let mut value = first.clone();
            for key in rest {
                value = match &value {
                    Value::Array(items) => {
                        let at = key.as_u64().ok().and_then(|at| usize::try_from(at).ok());
                        at.and_then(|at| items.get(at).cloned()).ok_or("the index is out of range")?
                    }
                    Value::Object(entries) => entries.get(key).cloned().unwrap_or(Value::Undefined),
                    _ => return Err("`index` is of arrays and objects".to_owned()),
                };
            }
            value
        }
        "print" => Value::from(shown()),
        "println" => {
            let texts: Vec<String> = arguments
                .iter()
                .map(|value| {
                    let mut out = String::new();
                    show(value, &mut out);
                    out
                })
                .collect();
            Value::from(format!("{}\n", texts.join(" ")))
        }
        "printf" => {
            let (first, rest) = arguments.split_first().ok_or("`printf` needs a format")?;
            format::sprintf(&[first.clone(), Value::from(rest.to_vec())])?
        }
        "html" => {
            let signs = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&#34;"), ("'", "&#39;")];
            Value::from(signs.iter().fold(shown(), |text, (sign, escaped)| text.replace(sign, escaped)))
        }
        "urlquery" => Value::from(encode::encode(&shown())),
        other => return Err(format!("there is no function `{other}`")),
    })
}
