//! `strings.render_template`: templates as Go's `text/template` has them, without templates in templates.
//!
//! A key that is not there reads `<undefined>`.

mod evaluate;
mod parse;

use super::{Answer, Function, text};
use regorus::Value;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[("strings.render_template", 2, render)];

fn render(arguments: &[Value]) -> Answer {
    let template = parse::template(text(arguments, 0)?)?;
    match &arguments[1] {
        variables @ Value::Object(_) => evaluate::run(&template, variables).map(Value::from),
        _ => Err("the variables must be an object".to_owned()),
    }
}

/// A part of a template.
enum Node {
    Text(String),
    /// Shown, unless it only sets a variable.
    Show(Pipeline),
    If(Pipeline, Vec<Node>, Vec<Node>),
    With(Pipeline, Vec<Node>, Vec<Node>),
    Range(Pipeline, Vec<Node>, Vec<Node>),
    Break,
    Continue,
}

/// Commands of which each gets the value of the one before as its last argument.
struct Pipeline {
    /// The variables that it sets, and whether they are new.
    variables: Vec<String>,
    declares: bool,
    commands: Vec<Vec<Term>>,
}

/// A part of a command, with the names of fields that are looked up in its value.
struct Term {
    of: Of,
    fields: Vec<String>,
}

enum Of {
    /// The value that everything is about at this place.
    Dot,
    Variable(String),
    Function(String),
    Literal(Value),
    Pipeline(Box<Pipeline>),
}
