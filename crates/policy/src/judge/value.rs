//! What an expression gives: a view into what was read, or something computed from it. Copied freely; what is computed
//! lives in an [`Arena`] as long as one batch of resources is judged.

use mainstay_iac::{At, Map, Node, PartialText, Unknown, Value};
use mainstay_model::Decimal;
use typed_arena::Arena as Typed;

/// A value while a rule is evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Val<'a> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(&'a str),
    /// A list or a map that was read.
    Node(&'a Node),
    /// A computed list.
    Items(&'a [Item<'a>]),
    /// Another resource of the reading, by its index.
    Resource(u32),
    Unknown(Doubt<'a>),
}

/// Why a value is not known.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Doubt<'a> {
    /// The reader could not tell.
    Read(&'a Unknown),
    /// The rule asks something that the value cannot answer.
    Rule(&'a str),
    /// Whether there is such an item at all, in a list that holds this instead.
    Presence(&'a str),
}

/// An item of a list, with its place where it has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    pub val: Val<'a>,
    pub at: Option<At>,
}

/// Three-valued truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    False,
    True,
    Unknown,
}

/// Owns what is computed while a batch of resources is judged.
#[derive(Default)]
pub(crate) struct Arena<'a> {
    pub items: Typed<Item<'a>>,
    pub nodes: Typed<Node>,
    pub texts: Typed<String>,
}

impl Truth {
    pub(crate) fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            Self::Unknown => Self::Unknown,
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            _ => Self::Unknown,
        }
    }

    pub(crate) fn val<'a>(self) -> Val<'a> {
        match self {
            Self::False => Val::Bool(false),
            Self::True => Val::Bool(true),
            Self::Unknown => Val::Unknown(Doubt::Rule("the condition cannot be decided")),
        }
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Self::True } else { Self::False }
    }
}

impl<'a> Item<'a> {
    pub(crate) fn bare(val: Val<'a>) -> Self {
        Self { val, at: None }
    }

    pub(crate) fn of(node: &'a Node) -> Self {
        Self { val: Val::of(node), at: Some(node.at) }
    }
}

impl<'a> Val<'a> {
    pub(crate) fn of(node: &'a Node) -> Self {
        match &node.value {
            Value::Null => Self::Null,
            Value::Bool(known) => Self::Bool(*known),
            Value::Number(number) => Self::Number(*number),
            Value::String(text) => Self::Text(text),
            Value::List(_) | Value::Map(_) => Self::Node(node),
            Value::Unknown(unknown) => Self::Unknown(Doubt::Read(unknown)),
        }
    }

    pub(crate) fn map(self) -> Option<&'a Map> {
        match self {
            Self::Node(Node { value: Value::Map(map), .. }) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text of which parts are known.
    pub(crate) fn partial(self) -> Option<&'a PartialText> {
        match self {
            Self::Unknown(Doubt::Read(unknown)) => unknown.text.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Whether something is set. What refers to another object is set, though nobody knows to what before apply.
    pub(crate) fn is_set(self) -> Truth {
        match self {
            Self::Null => Truth::False,
            Self::Unknown(Doubt::Read(unknown)) if !unknown.refers.is_empty() || unknown.text.is_some() => Truth::True,
            Self::Unknown(_) => Truth::Unknown,
            _ => Truth::True,
        }
    }

    /// What a condition takes a value for.
    pub(crate) fn truth(self) -> Truth {
        match self {
            Self::Null => Truth::False,
            Self::Bool(known) => known.into(),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Truth::True,
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Truth::False,
            _ => Truth::Unknown,
        }
    }

    /// As a number, where Terraform would take it for one.
    pub(crate) fn number(self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The items that a quantifier walks: those of a list; nothing where nothing is set; otherwise the value itself,
    /// because a block that stands alone may come as a list of one or as the block.
    pub(crate) fn items(self) -> Items<'a> {
        match self {
            Self::Null => Items::None,
            Self::Node(Node { value: Value::List(items), .. }) => Items::Nodes(items.iter()),
            Self::Items(items) => Items::Computed(items.iter()),
            Self::Node(node) => Items::One(Some(Item::of(node))),
            other => Items::One(Some(Item::bare(other))),
        }
    }
}

/// See [`Val::items`].
pub(crate) enum Items<'a> {
    None,
    Nodes(std::slice::Iter<'a, Node>),
    Computed(std::slice::Iter<'a, Item<'a>>),
    One(Option<Item<'a>>),
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        match self {
            Self::None => None,
            Self::Nodes(nodes) => nodes.next().map(Item::of),
            Self::Computed(items) => items.next().copied(),
            Self::One(item) => item.take(),
        }
    }
}

/// Whether two values are the same, with Terraform's conversions between text, numbers and truth.
pub(crate) fn same(a: Val<'_>, b: Val<'_>) -> Truth {
    match (a, b) {
        (Val::Unknown(_), Val::Null) => a.is_set().not(),
        (Val::Null, Val::Unknown(_)) => b.is_set().not(),
        (Val::Unknown(_), known) => differs(a, known),
        (known, Val::Unknown(_)) => differs(b, known),
        (Val::Null, Val::Null) => Truth::True,
        (Val::Text(x), Val::Text(y)) => (x == y).into(),
        (Val::Bool(x), Val::Bool(y)) => (x == y).into(),
        (Val::Number(x), Val::Number(y)) => (x == y).into(),
        (Val::Bool(known), Val::Text(text)) | (Val::Text(text), Val::Bool(known)) => {
            text.eq_ignore_ascii_case(if known { "true" } else { "false" }).into()
        }
        (Val::Number(number), Val::Text(text)) | (Val::Text(text), Val::Number(number)) => {
            (text.parse() == Ok(number)).into()
        }
        (Val::Resource(x), Val::Resource(y)) => (x == y).into(),
        (Val::Node(_) | Val::Items(_), Val::Node(_) | Val::Items(_)) => same_structure(a, b),
        _ => Truth::False,
    }
}

/// What is unknown differs from a text that its known parts do not fit.
fn differs(unknown: Val<'_>, known: Val<'_>) -> Truth {
    let Some(partial) = unknown.partial() else { return Truth::Unknown };
    let possible = match known {
        Val::Text(text) => partial.may_be(text),
        Val::Number(number) => partial.may_be(&number.to_string()),
        Val::Bool(flag) => partial.may_be(if flag { "true" } else { "false" }),
        _ => true,
    };
    if possible { Truth::Unknown } else { Truth::False }
}

fn same_structure(a: Val<'_>, b: Val<'_>) -> Truth {
    if let (Some(x), Some(y)) = (a.map(), b.map()) {
        if x.len() != y.len() {
            return Truth::False;
        }
        return every(
            x.iter().map(|(key, value)| y.get(key).map_or(Truth::False, |other| same(Val::of(value), Val::of(other)))),
        );
    }
    if a.map().is_some() != b.map().is_some() || a.items().count() != b.items().count() {
        return Truth::False;
    }
    every(a.items().zip(b.items()).map(|(x, y)| same(x.val, y.val)))
}

/// Three-valued "all of them".
pub(crate) fn every(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut out = Truth::True;
    for truth in truths {
        match truth {
            Truth::False => return Truth::False,
            Truth::Unknown => out = Truth::Unknown,
            Truth::True => {}
        }
    }
    out
}

/// Three-valued "one of them".
pub(crate) fn some(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut out = Truth::False;
    for truth in truths {
        match truth {
            Truth::True => return Truth::True,
            Truth::Unknown => out = Truth::Unknown,
            Truth::False => {}
        }
    }
    out
}
