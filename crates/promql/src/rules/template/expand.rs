//! From a template's tree to text.

use super::functions::{self, Value};
use super::parse::{Command, Node, Operand, Pipe};
use super::{Context, TEMPLATE_BYTES_MAX, TemplateError};

/// How many rounds all loops of a template may make together.
const ROUNDS_MAX: usize = 100_000;

pub(super) fn expand(nodes: &[Node], context: &Context<'_>) -> Result<String, TemplateError> {
    let labels = || Value::labels(context.labels);
    let external = || Value::Map(context.external_labels.clone());
    let url = || Value::Text(context.external_url.to_owned());
    let variables = vec![
        (String::new(), Value::Root),
        ("labels".to_owned(), labels()),
        ("externalLabels".to_owned(), external()),
        ("externalURL".to_owned(), url()),
        ("value".to_owned(), Value::Number(context.value)),
    ];
    let mut expander = Expander { context, variables, out: String::new(), rounds: 0 };
    expander.nodes(nodes, &Value::Root)?;
    Ok(expander.out)
}

struct Expander<'a> {
    context: &'a Context<'a>,
    variables: Vec<(String, Value)>,
    out: String,
    rounds: usize,
}

impl Expander<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<(), TemplateError> {
        for node in nodes {
            if self.out.len() > TEMPLATE_BYTES_MAX {
                return Err(TemplateError::new(0, format!("the text has more than {TEMPLATE_BYTES_MAX} bytes")));
            }
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Print(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.variables.is_empty() {
                        self.out.push_str(&value.print());
                    }
                }
                Node::If(pipe, then, otherwise) => {
                    let scope = self.variables.len();
                    let holds = self.pipe(pipe, dot)?.holds();
                    self.nodes(if holds { then } else { otherwise }, dot)?;
                    self.variables.truncate(scope);
                }
                Node::With(pipe, then, otherwise) => {
                    let scope = self.variables.len();
                    let value = self.pipe(pipe, dot)?;
                    if value.holds() {
                        self.nodes(then, &value)?
                    } else {
                        self.nodes(otherwise, dot)?
                    }
                    self.variables.truncate(scope);
                }
                Node::Range(pipe, body, otherwise) => self.range(pipe, body, otherwise, dot)?,
            }
        }
        Ok(())
    }

    fn range(&mut self, pipe: &Pipe, body: &[Node], otherwise: &[Node], dot: &Value) -> Result<(), TemplateError> {
        let scope = self.variables.len();
        let plain = Pipe { variables: Vec::new(), declares: false, commands: pipe.commands.clone() };
        let items = self.pipe(&plain, dot)?.items().map_err(|message| self.error(pipe, message))?;
        if items.is_empty() {
            return self.nodes(otherwise, dot);
        }
        for (key, value) in items {
            self.rounds += 1;
            if self.rounds > ROUNDS_MAX {
                return Err(self.error(pipe, format!("the loops make more than {ROUNDS_MAX} rounds")));
            }
            match pipe.variables.as_slice() {
                [one] => self.variables.push((one.clone(), value.clone())),
                [first, second] => {
                    self.variables.push((first.clone(), key));
                    self.variables.push((second.clone(), value.clone()));
                }
                _ => {}
            }
            self.nodes(body, &value)?;
            self.variables.truncate(scope);
        }
        Ok(())
    }

    fn error(&self, pipe: &Pipe, message: impl Into<String>) -> TemplateError {
        TemplateError::new(pipe.commands.first().map_or(0, |command| command.at), message)
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value, TemplateError> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, last, dot)?);
        }
        let value = last.unwrap_or(Value::Nil);
        if let [name] = pipe.variables.as_slice() {
            let known = self.variables.iter_mut().rev().find(|(other, _)| other == name);
            match known.filter(|_| !pipe.declares) {
                Some((_, old)) => *old = value.clone(),
                None => self.variables.push((name.clone(), value.clone())),
            }
        }
        Ok(value)
    }

    fn command(&mut self, command: &Command, last: Option<Value>, dot: &Value) -> Result<Value, TemplateError> {
        let fail = |message: String| TemplateError::new(command.at, message);
        let first = &command.operands[0];
        let Operand::Function(name) = first else {
            if command.operands.len() > 1 || last.is_some() {
                return Err(fail("can't give argument to non-function".to_owned()));
            }
            return self.operand(first, dot, command.at);
        };
        let mut arguments = Vec::with_capacity(command.operands.len());
        for operand in &command.operands[1..] {
            let value = self.operand(operand, dot, command.at)?;
            // `and` and `or` stop where their answer is known.
            let decided = match name.as_str() {
                "and" => !value.holds(),
                "or" => value.holds(),
                _ => false,
            };
            if decided {
                return Ok(value);
            }
            arguments.push(value);
        }
        arguments.extend(last);
        functions::call(name, &arguments, self.context)
            .map_err(|message| fail(format!("error calling {name}: {message}")))
    }

    fn operand(&mut self, operand: &Operand, dot: &Value, at: usize) -> Result<Value, TemplateError> {
        Ok(match operand {
            Operand::Function(name) => functions::call(name, &[], self.context)
                .map_err(|message| TemplateError::new(at, format!("error calling {name}: {message}")))?,
            Operand::Dot => dot.clone(),
            Operand::Nil => Value::Nil,
            Operand::Bool(truth) => Value::Bool(*truth),
            Operand::Integer(integer) => Value::Integer(*integer),
            Operand::Number(number) => Value::Number(*number),
            Operand::Text(text) => Value::Text(text.clone()),
            Operand::Variable(name) => {
                let known = self.variables.iter().rev().find(|(other, _)| other == name);
                known.map_or(Value::Nil, |(_, value)| value.clone())
            }
            Operand::Pipe(pipe) => self.pipe(pipe, dot)?,
            Operand::Field(of, name) => {
                let value = self.operand(of, dot, at)?;
                self.field(&value, name).map_err(|message| TemplateError::new(at, message))?
            }
        })
    }

    fn field(&self, of: &Value, name: &str) -> Result<Value, String> {
        Ok(match (of, name) {
            (Value::Root, "Labels") => Value::labels(self.context.labels),
            (Value::Root, "Value") => Value::Number(self.context.value),
            (Value::Root, "ExternalLabels") => Value::Map(self.context.external_labels.clone()),
            (Value::Root, "ExternalURL") => Value::Text(self.context.external_url.to_owned()),
            (Value::Sample(labels, _), "Labels") => Value::labels(labels),
            (Value::Sample(_, value), "Value") => Value::Number(*value),
            // A missing label is empty, as Prometheus sets it up.
            (Value::Map(map), _) => Value::Text(map.get(name).cloned().unwrap_or_default()),
            _ => return Err(format!("can't evaluate field {name}")),
        })
    }
}
