//! The tree of a query.

use crate::error::{Result, Span};
use crate::functions::Function;
use crate::labels::Matcher;

/// A part of a query, with its place.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
    /// How many levels are below it; bounded, so that walking the tree cannot exhaust the stack.
    pub(crate) height: usize,
}

/// What a part of a query is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// `1.5`
    Number(f64),
    /// `"text"`
    Text(String),
    /// `name{label="value"}`
    Vector(Selector),
    /// `name[5m]`
    Range(Selector, Extent),
    /// `expression[1h:1m]`
    Subquery(Box<Subquery>),
    /// `-expression`; `+expression` when false.
    Sign(bool, Box<Expr>),
    /// `(expression)`
    Paren(Box<Expr>),
    /// `left op right`
    Binary(Box<Binary>),
    /// `sum by (a) (expression)`
    Aggregate(Box<Aggregate>),
    /// `rate(expression)`
    Call(&'static Function, Vec<Expr>),
}

/// What kind of value an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// A number at each moment.
    Scalar,
    /// A set of labelled numbers at each moment.
    Vector,
    /// A set of labelled series at each moment.
    Matrix,
    /// A text.
    Text,
}

impl ValueType {
    /// What Prometheus calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ValueType::Scalar => "scalar",
            ValueType::Vector => "instant vector",
            ValueType::Matrix => "range vector",
            ValueType::Text => "string",
        }
    }
}

impl Expr {
    /// The kind of its value.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match &self.kind {
            Kind::Number(_) => ValueType::Scalar,
            Kind::Text(_) => ValueType::Text,
            Kind::Vector(_) | Kind::Aggregate(_) => ValueType::Vector,
            Kind::Range(..) | Kind::Subquery(_) => ValueType::Matrix,
            Kind::Sign(_, inner) | Kind::Paren(inner) => inner.value_type(),
            Kind::Binary(binary) => binary.value_type,
            Kind::Call(function, _) => function.returns,
        }
    }

    /// The expression inside of parentheses.
    #[must_use]
    pub fn bare(&self) -> &Expr {
        let mut expr = self;
        while let Kind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }

    /// Visits this expression and all below it.
    pub fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Expr)) {
        see(self);
        match &self.kind {
            Kind::Number(_) | Kind::Text(_) | Kind::Vector(_) | Kind::Range(..) => {}
            Kind::Subquery(subquery) => subquery.expr.visit(see),
            Kind::Sign(_, inner) | Kind::Paren(inner) => inner.visit(see),
            Kind::Binary(binary) => {
                binary.left.visit(see);
                binary.right.visit(see);
            }
            Kind::Aggregate(aggregate) => {
                if let Some(parameter) = &aggregate.parameter {
                    parameter.visit(see);
                }
                aggregate.expr.visit(see);
            }
            Kind::Call(_, arguments) => arguments.iter().for_each(|argument| argument.visit(see)),
        }
    }
}

/// Which series, and when they are looked at.
#[derive(Debug, Clone)]
pub struct Selector {
    /// All must match, the metric's name among them.
    pub matchers: Vec<Matcher>,
    /// `offset` and `@`.
    pub shift: Shift,
    /// Prometheus' extended range selectors.
    pub extended: Option<Extended>,
}

/// How a range selector looks beyond its borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extended {
    /// Takes the value at its left border from the sample before it.
    Anchored,
    /// Interpolates at both borders.
    Smoothed,
}

impl Selector {
    /// The name that all selected series have, where it is stated.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.matchers.iter().find_map(|matcher| matcher.equal_to().filter(|_| &*matcher.label == crate::labels::NAME))
    }
}

/// `offset` and `@`.
#[derive(Debug, Clone, Default)]
pub struct Shift {
    /// How far back.
    pub offset: Option<Extent>,
    /// From when.
    pub at: Option<Moment>,
}

/// What `@` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Milliseconds since 1970.
    Time(i64),
    /// `start()`
    Start,
    /// `end()`
    End,
}

/// A subquery.
#[derive(Debug, Clone)]
pub struct Subquery {
    /// What is evaluated.
    pub expr: Expr,
    /// How far back.
    pub range: Extent,
    /// How often; the default where it is not stated.
    pub step: Option<Extent>,
    /// `offset` and `@`.
    pub shift: Shift,
}

/// A binary operation.
#[derive(Debug, Clone)]
pub struct Binary {
    /// The operator.
    pub op: Op,
    /// Its left side.
    pub left: Expr,
    /// Its right side.
    pub right: Expr,
    /// Whether a comparison gives 0 and 1 instead of leaving out what does not hold.
    pub bool_result: bool,
    /// How series of both sides find each other.
    pub matching: Matching,
    /// Kept, because asking the sides each time would take quadratic time in a chain of operators.
    pub(crate) value_type: ValueType,
}

/// How series of both sides of an operator find each other.
#[derive(Debug, Clone, Default)]
pub struct Matching {
    /// `on` (true) or `ignoring`.
    pub on: bool,
    /// Their labels.
    pub labels: Vec<String>,
    /// `group_left` or `group_right`, with the labels taken over.
    pub group: Option<(Side, Vec<String>)>,
    /// The value of a missing partner on the left.
    pub fill_left: Option<f64>,
    /// The value of a missing partner on the right.
    pub fill_right: Option<f64>,
}

/// A side of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Left of it.
    Left,
    /// Right of it.
    Right,
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names are the operators' own")]
pub enum Op {
    Or,
    And,
    Unless,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Atan2,
    Power,
}

impl Op {
    /// Whether it is `and`, `or` or `unless`.
    #[must_use]
    pub fn is_set(self) -> bool {
        matches!(self, Op::Or | Op::And | Op::Unless)
    }

    /// Whether it compares.
    #[must_use]
    pub fn compares(self) -> bool {
        matches!(self, Op::Equal | Op::NotEqual | Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual)
    }

    /// How it is written.
    #[must_use]
    pub fn spelling(self) -> &'static str {
        match self {
            Op::Or => "or",
            Op::And => "and",
            Op::Unless => "unless",
            Op::Equal => "==",
            Op::NotEqual => "!=",
            Op::Less => "<",
            Op::LessOrEqual => "<=",
            Op::Greater => ">",
            Op::GreaterOrEqual => ">=",
            Op::Add => "+",
            Op::Subtract => "-",
            Op::Multiply => "*",
            Op::Divide => "/",
            Op::Modulo => "%",
            Op::Atan2 => "atan2",
            Op::Power => "^",
        }
    }
}

/// An aggregation.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// How.
    pub op: Aggregator,
    /// `k` of topk, the quantile, the label of `count_values`.
    pub parameter: Option<Expr>,
    /// What is aggregated.
    pub expr: Expr,
    /// `without` (true) or `by`.
    pub without: bool,
    /// Their labels.
    pub labels: Vec<String>,
}

/// How many become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names are the aggregators' own")]
pub enum Aggregator {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,
}

impl Aggregator {
    /// All of them with their spelling.
    pub const ALL: [(&'static str, Aggregator); 14] = [
        ("sum", Aggregator::Sum),
        ("avg", Aggregator::Avg),
        ("count", Aggregator::Count),
        ("min", Aggregator::Min),
        ("max", Aggregator::Max),
        ("group", Aggregator::Group),
        ("stddev", Aggregator::Stddev),
        ("stdvar", Aggregator::Stdvar),
        ("topk", Aggregator::Topk),
        ("bottomk", Aggregator::Bottomk),
        ("count_values", Aggregator::CountValues),
        ("quantile", Aggregator::Quantile),
        ("limitk", Aggregator::Limitk),
        ("limit_ratio", Aggregator::LimitRatio),
    ];

    /// The type of the parameter, where it takes one.
    #[must_use]
    pub fn parameter(self) -> Option<ValueType> {
        match self {
            Aggregator::Topk
            | Aggregator::Bottomk
            | Aggregator::Quantile
            | Aggregator::Limitk
            | Aggregator::LimitRatio => Some(ValueType::Scalar),
            Aggregator::CountValues => Some(ValueType::Text),
            _ => None,
        }
    }
}

/// A length of time in brackets or after `offset`, in seconds where it is a number.
#[derive(Debug, Clone, PartialEq)]
pub enum Extent {
    /// Milliseconds.
    Fixed(i64),
    /// Computed from the query's step and range.
    Computed(Box<Computed>),
}

/// Arithmetic on lengths of time.
#[derive(Debug, Clone, PartialEq)]
pub enum Computed {
    /// Seconds.
    Seconds(f64),
    /// `step()`
    Step,
    /// `range()`
    Range,
    /// `-x`
    Negative(Box<Computed>),
    /// `x + y`
    Binary(Op, Box<Computed>, Box<Computed>),
    /// `min_of(x, y)`
    Least(Box<Computed>, Box<Computed>),
    /// `max_of(x, y)`
    Greatest(Box<Computed>, Box<Computed>),
}

impl Computed {
    /// Seconds, given those of the query's step and range.
    #[must_use]
    pub fn seconds(&self, step: f64, range: f64) -> f64 {
        let of = |part: &Computed| part.seconds(step, range);
        match self {
            Computed::Seconds(seconds) => *seconds,
            Computed::Step => step,
            Computed::Range => range,
            Computed::Negative(inner) => -of(inner),
            Computed::Binary(op, left, right) => crate::eval::arithmetic(*op, of(left), of(right)),
            Computed::Least(left, right) => of(left).min(of(right)),
            Computed::Greatest(left, right) => of(left).max(of(right)),
        }
    }
}

/// The longest time that a selector may span or be shifted by: longer than any data, and far from overflow.
pub(crate) const EXTENT_MS_MAX: f64 = 1e15;

/// Milliseconds of seconds, refused where no selector could span them.
pub(crate) fn milliseconds(seconds: f64, span: Span) -> Result<i64> {
    let milliseconds = (seconds * 1000.0).round();
    if milliseconds.is_nan() || milliseconds.abs() > EXTENT_MS_MAX {
        return Err(crate::Error::syntax(span, "duration out of range"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
    let milliseconds = milliseconds as i64;
    Ok(milliseconds)
}
