//! Evaluates a rule on one resource. Three-valued, without panics, in a bounded number of steps; nothing is allocated
//! but what a function computes.

use super::function;
use super::iam;
use super::relations::Relations;
use super::value::{Arena, Doubt, Item, Truth, Val, every, same, some};
use crate::lang::{Comparison, Function, Id, Kind, Meta, Quantifier, Root, Rule, SLOTS_MAX};
use mainstay_iac::{At, Dialect, Map, Node, PartialText, Reading, Resource, Value};
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::HashMap;

/// How many items quantifiers walk for one rule and resource, at most.
const STEPS_MAX: u32 = 200_000;

/// What does not change while a batch of resources is judged.
pub(crate) struct Batch<'a> {
    pub reading: &'a Reading,
    pub relations: &'a Relations<'a>,
    pub arena: &'a Arena<'a>,
    /// Statements of policies and values of JSON texts that were parsed already, by the place of the text in memory.
    pub parsed: RefCell<HashMap<(usize, iam::Parsed), Val<'a>>>,
}

/// One rule on one resource.
pub(crate) struct Evaluation<'a, 'r> {
    pub batch: &'r Batch<'a>,
    pub rule: &'a Rule,
    pub index: u32,
    pub resource: &'a Resource,
    slots: [Cell<Item<'a>>; SLOTS_MAX],
    steps: Cell<u32>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(reading: &'a Reading, relations: &'a Relations<'a>, arena: &'a Arena<'a>) -> Self {
        Self { reading, relations, arena, parsed: RefCell::default() }
    }

    pub(crate) fn list(&self, items: impl IntoIterator<Item = Item<'a>>) -> Val<'a> {
        Val::Items(self.arena.items.alloc_extend(items))
    }

    pub(crate) fn text(&self, text: String) -> Val<'a> {
        Val::Text(self.arena.texts.alloc(text))
    }
}

impl<'a, 'r> Evaluation<'a, 'r> {
    pub(crate) fn new(batch: &'r Batch<'a>, rule: &'a Rule, index: u32) -> Self {
        let empty = Item::bare(Val::Null);
        Self {
            batch,
            rule,
            index,
            resource: &batch.reading.resources[index as usize],
            slots: std::array::from_fn(|_| Cell::new(empty)),
            steps: Cell::new(STEPS_MAX),
        }
    }

    /// Whether quantifiers walked all the items that they may.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.steps.get() == 0
    }

    /// Whether the rule applies.
    pub(crate) fn applies(&self) -> Truth {
        every(self.rule.when.iter().map(|id| self.truth(*id)))
    }

    /// Whether what the rule demands holds.
    pub(crate) fn holds(&self) -> Truth {
        every(self.rule.require.iter().map(|id| self.truth(*id)))
    }

    pub(crate) fn truth(&self, id: Id) -> Truth {
        match self.rule.expression(id) {
            Kind::Not(inner) => self.truth(*inner).not(),
            Kind::And(parts) => every(parts.iter().map(|part| self.truth(*part))),
            Kind::Or(parts) => some(parts.iter().map(|part| self.truth(*part))),
            Kind::Implies(left, right) => match self.truth(*left) {
                Truth::False => Truth::True,
                left => left.not().or(self.truth(*right)),
            },
            Kind::Compare(how, left, right) => self.compare(*how, *left, *right),
            Kind::Matches(text, regex) => match self.val(*text) {
                Val::Unknown(_) => Truth::Unknown,
                Val::Text(text) => regex.is_match(text).into(),
                Val::Number(number) => regex.is_match(&number.to_string()).into(),
                _ => Truth::False,
            },
            Kind::Quantified { how: Quantifier::Any, key, item, list, body } => {
                self.walk(*key, *item, *list, *body, Truth::True)
            }
            Kind::Quantified { how: Quantifier::All, key, item, list, body } => {
                self.walk(*key, *item, *list, *body, Truth::False)
            }
            Kind::Quantified { how: Quantifier::None, key, item, list, body } => {
                self.walk(*key, *item, *list, *body, Truth::True).not()
            }
            Kind::Call(Function::Has, arguments) => self.val(arguments[0]).is_set(),
            _ => self.val(id).truth(),
        }
    }

    /// Walks a list until an item's truth is `stop`; otherwise the opposite, or unknown where an item was.
    fn walk(&self, key: Option<u8>, item: u8, list: Id, body: Id, stop: Truth) -> Truth {
        let list = self.val(list);
        if list.is_unknown() {
            return Truth::Unknown;
        }
        let mut out = stop.not();
        self.each(list, key, item, |_| match self.truth(body) {
            truth if truth == stop => {
                out = stop;
                false
            }
            Truth::Unknown => {
                out = Truth::Unknown;
                true
            }
            _ => true,
        });
        if self.steps.get() == 0 && out != stop { Truth::Unknown } else { out }
    }

    /// Binds each item in turn while `visit` says to go on. Variables of the same place outside are put back after.
    pub(crate) fn each(&self, list: Val<'a>, key: Option<u8>, item: u8, mut visit: impl FnMut(Item<'a>) -> bool) {
        let slot = &self.slots[usize::from(item)];
        let before = slot.get();
        let key_before = key.map(|key| self.slots[usize::from(key)].get());
        let mut step = |name: Val<'a>, value: Item<'a>| {
            let left = self.steps.get();
            self.steps.set(left.saturating_sub(1));
            if let Some(key) = key {
                self.slots[usize::from(key)].set(Item::bare(name));
            }
            slot.set(value);
            left > 0 && visit(value)
        };
        match (key, list.map()) {
            (Some(_), Some(map)) => {
                let _ = map.iter().all(|(name, node)| step(Val::Text(name), Item::of(node)));
            }
            _ => {
                let _ = (0u32..).zip(list.items()).all(|(at, value)| step(Val::Number(at.into()), value));
            }
        }
        slot.set(before);
        if let (Some(key), Some(before)) = (key, key_before) {
            self.slots[usize::from(key)].set(before);
        }
    }

    pub(crate) fn slot(&self, slot: u8) -> Item<'a> {
        self.slots[usize::from(slot)].get()
    }

    pub(crate) fn val(&self, id: Id) -> Val<'a> {
        self.item(id).val
    }

    /// The value of an expression and, where it was read, its place.
    pub(crate) fn item(&self, id: Id) -> Item<'a> {
        let bare = match self.rule.expression(id) {
            Kind::Path { root, fields } => return self.path(*root, fields),
            Kind::Field(of, name) => return self.field(self.item(*of), name),
            Kind::Index(of, index) => return self.indexed(*of, *index),
            Kind::Null => Val::Null,
            Kind::Bool(known) => Val::Bool(*known),
            Kind::Number(number) => Val::Number(*number),
            Kind::Text(text) => Val::Text(text),
            Kind::List(items) => self.batch.list(items.iter().map(|item| self.item(*item)).collect::<Vec<_>>()),
            Kind::Splat(of) => self.splat(*of),
            Kind::Each(of, name) => self.each_field(*of, name),
            Kind::Default(left, right) => match self.item(*left) {
                Item { val: Val::Null, .. } => return self.item(*right),
                set => return set,
            },
            Kind::Quantified { how: how @ (Quantifier::Count | Quantifier::Filter), key, item, list, body } => {
                self.chosen(*how, *key, *item, *list, *body)
            }
            Kind::Call(function, arguments) => function::call(self, *function, arguments),
            _ => self.truth(id).val(),
        };
        Item::bare(bare)
    }

    fn path(&self, root: Root, fields: &[std::sync::Arc<str>]) -> Item<'a> {
        let mut fields = fields.iter();
        let mut here = match root {
            Root::Variable(slot) => self.slot(slot),
            Root::Meta(meta) => Item::bare(self.meta(meta)),
            Root::Resource => match fields.next() {
                None => Item { val: Val::Resource(self.index), at: Some(self.resource.at) },
                Some(name) => self.entry(&self.resource.body, name),
            },
        };
        for name in fields {
            here = self.field(here, name);
        }
        here
    }

    fn meta(&self, meta: Meta) -> Val<'a> {
        let resource = self.resource;
        match meta {
            Meta::Type => Val::Text(&resource.resource_type),
            Meta::Name => Val::Text(&resource.name),
            Meta::Address => Val::Text(&resource.address),
            Meta::Namespace => resource.namespace.as_deref().map_or(Val::Null, Val::Text),
            Meta::ApiVersion => Val::Text(&resource.api_version),
            Meta::Action => resource.action.as_deref().map_or(Val::Null, Val::Text),
        }
    }

    /// A field of a map, of the first block of a list, or of another resource; of anything else, nothing.
    pub(crate) fn field(&self, of: Item<'a>, name: &str) -> Item<'a> {
        match of.val {
            Val::Node(node) => match &node.value {
                Value::Map(map) => self.entry(map, name),
                Value::List(items) => items.first().map_or(Item::bare(Val::Null), |first| match Val::of(first) {
                    // A list within a list is no block.
                    Val::Node(Node { value: Value::List(_), .. }) => Item::bare(Val::Null),
                    _ => self.field(Item::of(first), name),
                }),
                _ => Item::bare(Val::Null),
            },
            Val::Items([first, ..]) if !matches!(first.val, Val::Items(_)) => self.field(*first, name),
            Val::Resource(index) => {
                let other = &self.batch.reading.resources[index as usize];
                self.entry(&other.body, name)
            }
            Val::Unknown(_) => of,
            _ => Item::bare(Val::Null),
        }
    }

    /// A field of a map. Azure does not tell names of properties apart by their case.
    fn entry(&self, map: &'a Map, name: &str) -> Item<'a> {
        let exact = map.get(name);
        let found = match exact {
            None if matches!(self.resource.dialect, Dialect::Arm | Dialect::Bicep) => {
                map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, node)| node)
            }
            found => found,
        };
        found.map_or(Item::bare(Val::Null), Item::of)
    }

    fn indexed(&self, of: Id, index: Id) -> Item<'a> {
        let of = self.item(of);
        match (of.val, self.val(index)) {
            (Val::Unknown(_), _) => of,
            (_, doubt @ Val::Unknown(_)) => Item::bare(doubt),
            (_, Val::Text(name)) => self.field(of, name),
            (_, Val::Number(number)) => {
                let at = usize::try_from(number).ok();
                at.and_then(|at| of.val.items().nth(at)).unwrap_or(Item::bare(Val::Null))
            }
            _ => Item::bare(Val::Null),
        }
    }

    fn splat(&self, of: Id) -> Val<'a> {
        let of = self.val(of);
        if of.is_unknown() || !of.items().any(|item| is_list(item.val)) {
            return of;
        }
        self.batch.list(flat(of.items()))
    }

    fn each_field(&self, of: Id, name: &str) -> Val<'a> {
        let of = self.val(of);
        if of.is_unknown() {
            return of;
        }
        let fields = of.items().map(|item| self.field(item, name)).filter(|item| !matches!(item.val, Val::Null));
        self.batch.list(flat(fields))
    }

    fn chosen(&self, how: Quantifier, key: Option<u8>, item: u8, list: Id, body: Id) -> Val<'a> {
        let list = self.val(list);
        if list.is_unknown() {
            return list;
        }
        let (mut chosen, mut doubtful) = (Vec::new(), false);
        self.each(list, key, item, |value| {
            match self.truth(body) {
                Truth::True => chosen.push(value),
                Truth::Unknown if how == Quantifier::Filter => {
                    // It may belong here or not, and neither may be claimed.
                    chosen.push(Item {
                        val: Val::Unknown(Doubt::Presence("whether it counts cannot be decided")),
                        at: value.at,
                    });
                }
                Truth::Unknown => doubtful = true,
                Truth::False => {}
            }
            true
        });
        match how {
            Quantifier::Count if doubtful => Val::Unknown(Doubt::Rule("how many there are cannot be decided")),
            Quantifier::Count => Val::Number(chosen.len().into()),
            _ => self.batch.list(chosen),
        }
    }

    fn compare(&self, how: Comparison, left: Id, right: Id) -> Truth {
        let here = self.val(left);
        match (how, self.rule.expression(right)) {
            (Comparison::In, Kind::List(items)) => some(items.iter().map(|item| same(here, self.val(*item)))),
            _ => compared(how, here, self.val(right)),
        }
    }

    /// The place of the resource that is judged.
    pub(crate) fn at(&self) -> At {
        self.resource.at
    }
}

fn is_list(val: Val<'_>) -> bool {
    matches!(val, Val::Items(_)) || matches!(val, Val::Node(Node { value: Value::List(_), .. }))
}

/// Items, and the items of those that are lists; what is not set is passed over.
fn flat<'a>(items: impl Iterator<Item = Item<'a>>) -> Vec<Item<'a>> {
    let mut out = Vec::new();
    for item in items {
        if is_list(item.val) {
            out.extend(item.val.items());
        } else if !matches!(item.val, Val::Null) {
            out.push(item);
        }
    }
    out
}

/// Compares two values; see docs of the language for what holds of missing ones.
pub(crate) fn compared(how: Comparison, left: Val<'_>, right: Val<'_>) -> Truth {
    match how {
        Comparison::Equal => same(left, right),
        Comparison::Unequal => same(left, right).not(),
        Comparison::In => among(right, left),
        Comparison::Contains => held(left, right),
        Comparison::Less => ordered(left, right, |order| order == Ordering::Less),
        Comparison::LessOrEqual => ordered(left, right, |order| order != Ordering::Greater),
        Comparison::Greater => ordered(left, right, |order| order == Ordering::Greater),
        Comparison::GreaterOrEqual => ordered(left, right, |order| order != Ordering::Less),
        Comparison::StartsWith => affixed(left, right, |text, part| text.starts_with(part), PartialText::starts_with),
        Comparison::EndsWith => affixed(left, right, |text, part| text.ends_with(part), PartialText::ends_with),
    }
}

/// Whether a list holds an item, a map a key, a text a part.
fn held(whole: Val<'_>, part: Val<'_>) -> Truth {
    match (whole, part) {
        (Val::Text(_), Val::Unknown(_)) => Truth::Unknown,
        (Val::Text(text), Val::Text(part)) => text.contains(part).into(),
        (Val::Unknown(_), Val::Text(part))
            if whole.partial().is_some_and(|text| text.pieces().any(|p| p.contains(part))) =>
        {
            Truth::True
        }
        _ => among(whole, part),
    }
}

/// Whether a list holds an item or a map a key. What stands alone is a list of one, as an IAM action may be.
fn among(whole: Val<'_>, part: Val<'_>) -> Truth {
    match (whole.map(), part) {
        _ if whole.is_unknown() => Truth::Unknown,
        (Some(_), Val::Unknown(_)) => Truth::Unknown,
        (Some(map), Val::Text(key)) => map.get(key).is_some().into(),
        _ => some(whole.items().map(|item| same(item.val, part))),
    }
}

fn ordered(left: Val<'_>, right: Val<'_>, wanted: impl Fn(Ordering) -> bool) -> Truth {
    match (left, right) {
        (Val::Unknown(_), _) | (_, Val::Unknown(_)) => Truth::Unknown,
        (Val::Null, _) | (_, Val::Null) => Truth::False,
        _ => match (left.number(), right.number()) {
            (Some(left), Some(right)) => wanted(left.cmp(&right)).into(),
            _ => Truth::Unknown,
        },
    }
}

fn affixed(
    whole: Val<'_>,
    part: Val<'_>,
    holds: impl Fn(&str, &str) -> bool,
    decided: impl Fn(&PartialText, &str) -> Option<bool>,
) -> Truth {
    match (whole, part) {
        (Val::Unknown(_), Val::Text(part)) => {
            whole.partial().and_then(|text| decided(text, part)).map_or(Truth::Unknown, Truth::from)
        }
        (Val::Unknown(_), _) | (_, Val::Unknown(_)) => Truth::Unknown,
        (Val::Text(text), Val::Text(part)) => holds(text, part).into(),
        _ => Truth::False,
    }
}
