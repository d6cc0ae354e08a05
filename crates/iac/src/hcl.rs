//! HCL 2, native syntax: text in, a tree with line and column on everything out.
//!
//! Accepts and rejects as HashiCorp's parser does. On a syntax error the block that holds it is lost, a diagnostic names the
//! place, and reading goes on with the next block. Nothing is evaluated here. Bounds: [`DEPTH_MAX`], [`ERRORS_MAX`].

mod body;
mod cursor;
mod expr;
mod json;
mod template;
mod term;
pub(crate) mod visit;

use crate::source::Origin;
use crate::{At, Comment, comment};
use mainstay_model::Diagnostic;
use rust_decimal::Decimal;
use std::sync::Arc;

pub use json::parse_json;
use visit::visit_mut;

/// How deep expressions and blocks may nest.
pub const DEPTH_MAX: usize = 200;
/// After so many syntax errors the rest of a file is given up.
pub const ERRORS_MAX: usize = 50;

/// A file that was read.
#[derive(Debug, Default)]
pub struct File {
    /// Its arguments and blocks.
    pub body: Body,
    /// Comments that speak to scanners.
    pub comments: Vec<Comment>,
    /// Syntax errors; what they speak of is not in the body.
    pub diagnostics: Vec<Diagnostic>,
}

/// Arguments and blocks in the order in which they were written.
#[derive(Debug, Default, Clone)]
pub struct Body {
    /// In order.
    pub items: Vec<Item>,
}

/// An argument or a block.
#[derive(Debug, Clone)]
pub enum Item {
    /// `name = value`.
    Attribute(Attribute),
    /// `kind "label" { ... }`.
    Block(Block),
}

/// `name = value`.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Name.
    pub name: Arc<str>,
    /// Place of the name.
    pub at: At,
    /// Value.
    pub value: Expr,
}

/// `kind "label" { ... }`.
#[derive(Debug, Clone)]
pub struct Block {
    /// The first word.
    pub kind: Arc<str>,
    /// Labels.
    pub labels: Vec<Arc<str>>,
    /// Content.
    pub body: Body,
    /// Place of the first word.
    pub at: At,
    /// Line of the closing brace.
    pub line_end: u32,
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Where it begins.
    pub at: At,
    /// Byte offset of the first character.
    pub start: u32,
    /// Byte offset after the last character.
    pub end: u32,
}

/// Kinds of expression.
#[derive(Debug, Clone)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(Decimal),
    /// A number that exact decimals cannot hold.
    HugeNumber,
    /// A text without interpolation.
    String(Arc<str>),
    /// A text with parts to evaluate.
    Template(Vec<Part>),
    /// `"${value}"`: the value itself, whatever its type.
    Wrap(Box<Expr>),
    /// `(value)`.
    Parens(Box<Expr>),
    /// `[a, b]`.
    Tuple(Vec<Expr>),
    /// `{ a = b }`.
    Object(Vec<(Key, Expr)>),
    /// A name such as `var`, `local`, `aws_s3_bucket`, `each`, or a loop variable.
    Variable(Arc<str>),
    /// A value and what is taken from it.
    Traverse(Box<Expr>, Vec<Step>),
    /// `name(arguments)`; with `true` the last argument is expanded (`...`).
    Call(Arc<str>, Vec<Expr>, bool),
    /// `[for ...]`, `{for ...}`.
    For(Box<For>),
    /// `condition ? yes : no`.
    Conditional(Box<[Expr; 3]>),
    /// `-value`, `!value`.
    Unary(Unary, Box<Expr>),
    /// Operators of the same precedence, from left to right.
    Binary(Box<Expr>, Vec<(Binary, Expr)>),
}

/// Key of an object element.
#[derive(Debug, Clone)]
pub enum Key {
    /// A bare name, which stands for itself.
    Name(Arc<str>, At),
    /// Any expression.
    Expr(Expr),
}

/// One step of a traversal.
#[derive(Debug, Clone)]
pub enum Step {
    /// `.name`.
    Attribute(Arc<str>),
    /// `[key]`, and `.0` in the old way.
    Index(Expr),
    /// `.*`: the attributes that follow are taken of each element.
    AttributeSplat,
    /// `[*]`: all that follows is taken of each element.
    FullSplat,
}

/// A `for` expression.
#[derive(Debug, Clone)]
pub struct For {
    /// Name of the key or index, where it is asked for.
    pub key: Option<Arc<str>>,
    /// Name of the value.
    pub value: Arc<str>,
    /// What is walked.
    pub over: Expr,
    /// With it an object results, without it a tuple.
    pub result_key: Option<Expr>,
    /// What each element gives.
    pub result: Expr,
    /// Whether values with the same key are grouped (`...`).
    pub group: bool,
    /// Which elements count.
    pub condition: Option<Expr>,
}

/// One part of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Literal text.
    Text(Arc<str>),
    /// `${value}`.
    Value(Expr),
    /// `%{if condition}yes%{else}no%{endif}`.
    If(Box<Expr>, Vec<Part>, Vec<Part>),
    /// `%{for key, value in over}body%{endfor}`.
    For {
        /// Name of the key or index.
        key: Option<Arc<str>>,
        /// Name of the value.
        value: Arc<str>,
        /// What is walked.
        over: Box<Expr>,
        /// What each element gives.
        body: Vec<Part>,
    },
}

/// Operators of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    /// `-`
    Negate,
    /// `!`
    Not,
}

/// Operators of two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

/// Reads a file of native syntax.
///
/// ```
/// use mainstay_iac::{hcl, Origin};
/// let file = hcl::parse("a = 1\nb \"c\" {\n  d = [\n}\ne {}\n", Origin::of("main.tf"));
/// assert_eq!(file.diagnostics[0].place.to_string(), "main.tf:4:1");
/// assert_eq!(file.body.items.len(), 2);
/// ```
#[must_use]
pub fn parse(text: &str, origin: Origin<'_>) -> File {
    let mut cursor = cursor::Cursor::new(text, origin);
    let body = cursor.file();
    let mut comments = cursor.comments;
    // After an error the same lines may be read twice.
    comments.sort_by_key(|comment| comment.at);
    comment::finish(cursor.text, origin, &mut comments);
    File { body, comments, diagnostics: cursor.diagnostics }
}

/// Reads one expression, as in `-var 'name=...'` and in the JSON syntax.
///
/// # Errors
/// A diagnostic with its place.
pub fn parse_expression(text: &str, origin: Origin<'_>) -> Result<Expr, Box<Diagnostic>> {
    let mut cursor = cursor::Cursor::new(text, origin);
    cursor.newlines = false;
    let expr = cursor.expr()?;
    cursor.skip();
    if cursor.at_end() { Ok(expr) } else { Err(cursor.error("extra characters after the expression", "remove them")) }
}

/// Reads a whole text as a template: a file for `templatefile`, or a string of the JSON syntax.
///
/// # Errors
/// A diagnostic with its place.
pub fn parse_template(text: &str, origin: Origin<'_>) -> Result<Expr, Box<Diagnostic>> {
    cursor::Cursor::new(text, origin).bare_template()
}

/// Gives an expression and all within it one place: that of the text which it was read from.
pub(crate) fn set_place(expr: &mut Expr, at: At) {
    expr.at = at;
    visit_mut(expr, &mut |inner| inner.at = at);
}

impl Body {
    /// The argument of that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.items.iter().find_map(|item| match item {
            Item::Attribute(attribute) if &*attribute.name == name => Some(attribute),
            _ => None,
        })
    }

    /// The blocks of that kind.
    pub fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.items.iter().filter_map(move |item| match item {
            Item::Block(block) if &*block.kind == kind => Some(block),
            _ => None,
        })
    }
}
