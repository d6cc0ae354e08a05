//! Expressions as both ARM's `[...]` language and Bicep have them.

use crate::{At, Value};
use std::fmt::{self, Display, Write};
use std::sync::Arc;

/// An expression and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub at: At,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A scalar.
    Literal(Value),
    /// Text with expressions in it (Bicep); ARM writes it as `concat` or `format`.
    Text(Vec<Expr>),
    Array(Vec<Element>),
    Object(Vec<Property>),
    /// A function by its name in lower case; of a namespace as `contoso.name`.
    Call(Arc<str>, Vec<Expr>),
    /// A function of a resource, such as `account.listKeys()`.
    Method(Box<Expr>, Arc<str>, Vec<Expr>),
    /// A declared name (Bicep).
    Name(Arc<str>),
    /// A part of a value by name; `safe` gives null where the part is not there.
    Member {
        of: Box<Expr>,
        name: Arc<str>,
        safe: bool,
    },
    Index {
        of: Box<Expr>,
        index: Box<Expr>,
        safe: bool,
    },
    Lambda(Arc<[Arc<str>]>, Box<Expr>),
    Loop(Box<Loop>),
    /// A text of a template that is an expression, with the text.
    Bracketed(Arc<str>, Box<Expr>),
}

/// An element of an array.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    One(Expr),
    /// `...list`
    Spread(Expr),
}

/// A property of an object.
#[derive(Debug, Clone)]
pub(crate) enum Property {
    Set(Expr, Expr),
    /// `...object`
    Spread(Expr),
}

/// A list that is made by going over something.
#[derive(Debug, Clone)]
pub(crate) struct Loop {
    pub over: Over,
    pub body: Expr,
}

/// What a loop goes over.
#[derive(Debug, Clone)]
pub(crate) enum Over {
    /// ARM: so many times; `copyIndex('name')` tells the position.
    Count { name: Arc<str>, count: Expr },
    /// Bicep: the items of a list; only those for which the condition holds.
    List { item: Arc<str>, index: Option<Arc<str>>, list: Expr, when: Option<Expr> },
}

impl Expr {
    pub(crate) fn new(at: At, kind: Kind) -> Self {
        Self { at, kind }
    }

    pub(crate) fn text(at: At, text: impl Into<Arc<str>>) -> Self {
        Self { at, kind: Kind::Literal(Value::String(text.into())) }
    }

    /// The text of a literal.
    pub(crate) fn as_text(&self) -> Option<&Arc<str>> {
        match &self.kind {
            Kind::Literal(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of a property that is written in an object, whatever the case of its name.
    pub(crate) fn property(&self, name: &str) -> Option<&Expr> {
        let Kind::Object(properties) = &self.kind else { return None };
        properties.iter().find_map(|property| match property {
            Property::Set(key, value) => key.as_text().filter(|key| key.eq_ignore_ascii_case(name)).map(|_| value),
            Property::Spread(_) => None,
        })
    }

    /// Takes a property out of an object.
    pub(crate) fn take_property(&mut self, name: &str) -> Option<Expr> {
        let Kind::Object(properties) = &mut self.kind else { return None };
        let named = |property: &Property| matches!(property, Property::Set(key, _) if key.as_text().is_some_and(|key| key.eq_ignore_ascii_case(name)));
        let index = properties.iter().position(named)?;
        match properties.remove(index) {
            Property::Set(_, value) => Some(value),
            Property::Spread(_) => None,
        }
    }
}

/// How many characters of an expression are shown.
const SHOWN_MAX: usize = 200;

/// In ARM's syntax, cut where it is long.
impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Bounded { text: String::new() };
        let whole = write(self, &mut out).is_ok();
        f.write_str(&out.text)?;
        if whole { Ok(()) } else { f.write_str("...") }
    }
}

struct Bounded {
    text: String,
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() + text.len() > SHOWN_MAX {
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

fn write(expr: &Expr, out: &mut Bounded) -> fmt::Result {
    match &expr.kind {
        Kind::Literal(Value::String(text)) => write!(out, "'{text}'"),
        Kind::Literal(Value::Number(number)) => write!(out, "{number}"),
        Kind::Literal(Value::Bool(known)) => write!(out, "{known}"),
        Kind::Literal(_) => out.write_str("null"),
        Kind::Text(parts) => {
            out.write_str("concat(")?;
            list(parts, out)
        }
        Kind::Array(_) => out.write_str("[...]"),
        Kind::Object(_) => out.write_str("{...}"),
        Kind::Call(name, arguments) => {
            write!(out, "{name}(")?;
            list(arguments, out)
        }
        Kind::Method(of, name, arguments) => {
            write(of, out)?;
            write!(out, ".{name}(")?;
            list(arguments, out)
        }
        Kind::Name(name) => out.write_str(name),
        Kind::Member { of, name, .. } => {
            write(of, out)?;
            write!(out, ".{name}")
        }
        Kind::Index { of, index, .. } => {
            write(of, out)?;
            out.write_str("[")?;
            write(index, out)?;
            out.write_str("]")
        }
        Kind::Lambda(..) => out.write_str("lambda"),
        Kind::Loop(_) => out.write_str("[for ...]"),
        Kind::Bracketed(_, inner) => write(inner, out),
    }
}

fn list(items: &[Expr], out: &mut Bounded) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.write_str(", ")?;
        }
        write(item, out)?;
    }
    out.write_str(")")
}
