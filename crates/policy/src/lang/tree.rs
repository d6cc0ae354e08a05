//! A rule as a tree of expressions, checked and ready to be evaluated.

use super::function::Function;
use mainstay_model::Decimal;
use regex::Regex;
use std::sync::Arc;

/// Index of an expression within its [`Rule`].
pub(crate) type Id = u32;

/// Which variable of the quantifiers around an expression.
pub(crate) type Slot = u8;

/// How deep quantifiers nest, at most.
pub(crate) const SLOTS_MAX: usize = 8;

/// A whole rule: when it applies, and what must then hold.
#[derive(Debug)]
pub(crate) struct Rule {
    pub expressions: Vec<Kind>,
    /// All must hold for the rule to apply; none means that it always does.
    pub when: Vec<Id>,
    /// All must hold for a pass.
    pub require: Vec<Id>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(Arc<str>),
    List(Box<[Id]>),
    /// Attributes below a root, in one step, because that is what most rules do most of the time.
    Path {
        root: Root,
        fields: Box<[Arc<str>]>,
    },
    Field(Id, Arc<str>),
    Index(Id, Id),
    /// All items of a list, or of the lists that a list holds.
    Splat(Id),
    /// A field of each item of a splat; lists among them are joined.
    Each(Id, Arc<str>),
    Not(Id),
    And(Box<[Id]>),
    Or(Box<[Id]>),
    Implies(Id, Id),
    Compare(Comparison, Id, Id),
    Default(Id, Id),
    Matches(Id, Regex),
    Quantified {
        how: Quantifier,
        key: Option<Slot>,
        item: Slot,
        list: Id,
        body: Id,
    },
    Call(Function, Box<[Id]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    /// The resource that is judged.
    Resource,
    Variable(Slot),
    Meta(Meta),
}

/// What a resource is, beside its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meta {
    Type,
    Name,
    Address,
    Namespace,
    ApiVersion,
    Action,
}

impl Meta {
    pub(crate) const ALL: [(&str, Self); 6] = [
        ("type", Self::Type),
        ("name", Self::Name),
        ("address", Self::Address),
        ("namespace", Self::Namespace),
        ("api_version", Self::ApiVersion),
        ("action", Self::Action),
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Any,
    All,
    None,
    Count,
    Filter,
}

impl Rule {
    pub(crate) fn expression(&self, id: Id) -> &Kind {
        &self.expressions[id as usize]
    }
}
