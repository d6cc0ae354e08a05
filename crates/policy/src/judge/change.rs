//! What could turn a verdict round: edits of attributes, read off the rule's tree. They are wishes: whether one comes true
//! is found by judging again with it, so what is offered here may be bold but must be short.

use super::eval::Evaluation;
use super::value::{Truth, Val};
use crate::explain::{Edit, Key};
use crate::lang::{Comparison, Function, Id, Kind, Quantifier, Root};
use mainstay_iac::{At, Node, Unknown, Value};
use std::sync::Arc;

/// How many ways are followed, at most.
const WAYS_MAX: usize = 24;
/// How many edits one way may take.
const EDITS_MAX: usize = 8;

/// One way: edits that are made together.
pub(crate) type Way = Vec<Edit>;

/// The ways in which a rule might come out as `wanted`, shortest first.
pub(crate) fn wishes(on: &Evaluation<'_, '_>, wanted: Truth) -> Vec<Way> {
    let mut wishing = Wishing { on, places: Vec::new() };
    let mut ways = if wanted == Truth::True {
        let broken: Vec<Id> = on.rule.require.iter().copied().filter(|id| on.truth(*id) != Truth::True).collect();
        wishing.together(&broken, Truth::True)
    } else {
        on.rule.require.iter().flat_map(|id| wishing.ways(*id, wanted)).collect()
    };
    ways.retain(|way| !way.is_empty() && way.len() <= EDITS_MAX);
    ways.sort_by_key(Vec::len);
    ways.dedup();
    ways.truncate(WAYS_MAX);
    ways
}

struct Wishing<'a, 'r, 'e> {
    on: &'e Evaluation<'a, 'r>,
    /// Where the items that the variables around stand for were read, if that is in a resource.
    places: Vec<(u8, Option<Spot>)>,
}

/// An attribute of a resource of the reading.
#[derive(Debug, Clone)]
struct Spot {
    resource: u32,
    path: Vec<Key>,
}

impl Spot {
    fn below(&self, key: Key) -> Self {
        let mut path = self.path.clone();
        path.push(key);
        Self { resource: self.resource, path }
    }

    fn edit(&self, to: Option<Value>) -> Way {
        let to = to.map(|value| Node { value, at: At::default() });
        vec![Edit { resource: self.resource, path: self.path.clone(), to }]
    }
}

impl<'a> Wishing<'a, '_, '_> {
    /// Ways to make an expression come out so.
    fn ways(&mut self, id: Id, wanted: Truth) -> Vec<Way> {
        let mut ways = match self.on.rule.expression(id) {
            Kind::Not(inner) => self.ways(*inner, wanted.not()),
            Kind::And(parts) if wanted == Truth::True => self.missing(parts, wanted),
            Kind::Or(parts) if wanted == Truth::False => self.missing(parts, wanted),
            Kind::And(parts) | Kind::Or(parts) => parts.iter().flat_map(|part| self.ways(*part, wanted)).collect(),
            Kind::Implies(left, right) if wanted == Truth::True => {
                let mut ways = self.ways(*right, Truth::True);
                ways.extend(self.ways(*left, Truth::False));
                ways
            }
            Kind::Implies(_, right) => self.ways(*right, Truth::False),
            Kind::Compare(how, left, right) => self.compared(*how, *left, *right, wanted),
            Kind::Quantified { how, key, item, list, body }
                if !matches!(how, Quantifier::Count | Quantifier::Filter) =>
            {
                let of_body = if *how == Quantifier::None { wanted.not() } else { wanted };
                let all = matches!(
                    (how, wanted),
                    (Quantifier::All, Truth::True) | (Quantifier::Any, Truth::False) | (Quantifier::None, Truth::True)
                );
                self.quantified((*key, *item), *list, *body, of_body, all)
            }
            Kind::Call(function, arguments) => self.called(*function, arguments, wanted),
            Kind::Matches(text, _) if wanted == Truth::False => self.set(*text, None),
            Kind::Path { .. } | Kind::Field(..) | Kind::Index(..) | Kind::Default(..) => {
                self.set(id, Some(Value::Bool(wanted == Truth::True)))
            }
            _ => Vec::new(),
        };
        ways.truncate(WAYS_MAX);
        ways
    }

    fn missing(&mut self, parts: &[Id], wanted: Truth) -> Vec<Way> {
        let missing: Vec<Id> = parts.iter().copied().filter(|part| self.on.truth(*part) != wanted).collect();
        self.together(&missing, wanted)
    }

    /// Ways to make all of them come out so: the ways of each, combined.
    fn together(&mut self, parts: &[Id], wanted: Truth) -> Vec<Way> {
        let each: Vec<Vec<Way>> = parts.iter().map(|part| self.ways(*part, wanted)).collect();
        combined(each)
    }

    fn quantified(&mut self, slots: (Option<u8>, u8), list: Id, body: Id, wanted: Truth, all: bool) -> Vec<Way> {
        let on = self.on;
        let val = on.val(list);
        if val.is_unknown() {
            return Vec::new();
        }
        let base = self.spot(list);
        let is_list = matches!(val, Val::Node(Node { value: Value::List(_), .. }));
        let before = self.places.len();
        let mut each: Vec<Vec<Way>> = Vec::new();
        let mut position = 0;
        on.each(val, slots.0, slots.1, |item| {
            let key = match slots.0.map(|slot| on.slot(slot).val) {
                Some(Val::Text(name)) => Some(Key::Name(Arc::from(name))),
                _ if is_list => Some(Key::Nth(position)),
                _ => None,
            };
            position += 1;
            let spot = match (item.val, &base) {
                (Val::Resource(index), _) => Some(Spot { resource: index, path: Vec::new() }),
                (_, Some(base)) => Some(key.map_or_else(|| base.clone(), |key| base.below(key))),
                _ => None,
            };
            if on.truth(body) != wanted {
                self.places.push((slots.1, spot.clone()));
                let mut ways = self.ways(body, wanted);
                self.places.truncate(before);
                if let (true, Some(spot)) = (all, spot.filter(|spot| !spot.path.is_empty())) {
                    ways.push(spot.edit(None));
                }
                each.push(ways);
            }
            each.len() < WAYS_MAX
        });
        if all { combined(each) } else { each.into_iter().flatten().collect() }
    }

    fn compared(&mut self, how: Comparison, left: Id, right: Id, wanted: Truth) -> Vec<Way> {
        let holds = wanted == Truth::True;
        let (here, other) = (self.spot(left).is_some(), self.on.val(right));
        if !here {
            let turned = matches!(how, Comparison::Equal | Comparison::Unequal) && self.spot(right).is_some();
            return if turned { self.compared(how, right, left, wanted) } else { Vec::new() };
        }
        let one = |number: i64, by: i64| number.checked_add(by).map(|n| Value::Number(n.into()));
        let whole = other.number().and_then(|n| i64::try_from(n).ok());
        match (how, holds) {
            (Comparison::Equal, true) | (Comparison::Unequal, false) => match value(other) {
                Some(Value::Null) => self.set(left, None),
                to => to.map(|to| self.set(left, Some(to))).unwrap_or_default(),
            },
            (Comparison::Equal, false) | (Comparison::Unequal, true) => match other {
                Val::Bool(known) => self.set(left, Some(Value::Bool(!known))),
                Val::Null => self.set(left, Some(placeholder())),
                _ => self.set(left, None),
            },
            (Comparison::In, true) => {
                let choices: Vec<Value> = other.items().filter_map(|item| value(item.val)).take(3).collect();
                choices.into_iter().flat_map(|to| self.set(left, Some(to))).collect()
            }
            (Comparison::In, false) => self.set(left, None),
            (Comparison::GreaterOrEqual, true) | (Comparison::LessOrEqual, true) => {
                whole.and_then(|n| one(n, 0)).map(|to| self.set(left, Some(to))).unwrap_or_default()
            }
            (Comparison::Greater, true) | (Comparison::LessOrEqual, false) => {
                whole.and_then(|n| one(n, 1)).map(|to| self.set(left, Some(to))).unwrap_or_default()
            }
            (Comparison::Less, true) | (Comparison::GreaterOrEqual, false) => {
                whole.and_then(|n| one(n, -1)).map(|to| self.set(left, Some(to))).unwrap_or_default()
            }
            (Comparison::Greater | Comparison::Less, false) => {
                whole.and_then(|n| one(n, 0)).map(|to| self.set(left, Some(to))).unwrap_or_default()
            }
            (Comparison::Contains, _) => self.member(left, other, holds),
            (Comparison::StartsWith | Comparison::EndsWith, false) => self.set(left, None),
            (Comparison::StartsWith | Comparison::EndsWith, true) => Vec::new(),
        }
    }

    /// Puts a member into a list, or takes it out.
    fn member(&mut self, list: Id, member: Val<'a>, wanted: bool) -> Vec<Way> {
        let (Some(member), val) = (value(member), self.on.val(list)) else { return Vec::new() };
        if val.is_unknown() {
            return Vec::new();
        }
        let mut items: Vec<Node> =
            val.items().filter_map(|item| value(item.val)).map(|value| Node { value, at: At::default() }).collect();
        if wanted {
            items.push(Node { value: member, at: At::default() });
        } else {
            items.retain(|item| item.value != member);
        }
        self.set(list, Some(Value::List(items)))
    }

    fn called(&mut self, function: Function, arguments: &[Id], wanted: Truth) -> Vec<Way> {
        let Some(first) = arguments.first().copied() else { return Vec::new() };
        match (function, wanted) {
            (Function::Has, Truth::True) => self.set(first, Some(placeholder())),
            (Function::Has, _) | (Function::Empty, Truth::True) => self.set(first, None),
            (Function::IsOpenCidr | Function::IsAnySource, Truth::False) => {
                // A range that is not the whole internet stands for the one that is meant.
                let narrow = || Value::String(Arc::from("10.0.0.0/8"));
                match self.on.val(first) {
                    Val::Node(Node { value: Value::List(items), .. }) => {
                        let narrowed = items.iter().map(|item| match Val::of(item) {
                            Val::Text("0.0.0.0/0" | "::/0" | "*") => Node { value: narrow(), at: item.at },
                            _ => item.clone(),
                        });
                        let narrowed = narrowed.collect();
                        self.set(first, Some(Value::List(narrowed)))
                    }
                    _ => self.set(first, Some(narrow())),
                }
            }
            _ => Vec::new(),
        }
    }

    fn set(&mut self, id: Id, to: Option<Value>) -> Vec<Way> {
        self.spot(id).map(|spot| vec![spot.edit(to)]).unwrap_or_default()
    }

    /// Where a value that was read stands, or would stand if it were set.
    fn spot(&self, id: Id) -> Option<Spot> {
        match self.on.rule.expression(id) {
            Kind::Path { root, fields } => {
                let base = match root {
                    Root::Resource => Spot { resource: self.on.index, path: Vec::new() },
                    Root::Variable(slot) => {
                        self.places.iter().rev().find(|(known, _)| known == slot).and_then(|(_, spot)| spot.clone())?
                    }
                    Root::Meta(_) => return None,
                };
                Some(fields.iter().fold(base, |spot, field| spot.below(Key::Name(field.clone()))))
            }
            Kind::Field(of, field) => Some(self.spot(*of)?.below(Key::Name(field.clone()))),
            Kind::Index(of, index) => match self.on.val(*index) {
                Val::Text(name) => Some(self.spot(*of)?.below(Key::Name(Arc::from(name)))),
                Val::Number(nth) => Some(self.spot(*of)?.below(Key::Nth(usize::try_from(nth).ok()?))),
                _ => None,
            },
            Kind::Default(left, _) | Kind::Splat(left) => self.spot(*left),
            Kind::Call(Function::Lower | Function::Number | Function::Json | Function::Yaml, arguments) => {
                self.spot(*arguments.first()?)
            }
            _ => None,
        }
    }
}

/// Every choice of one way each, as one way; nothing where one has none.
fn combined(each: Vec<Vec<Way>>) -> Vec<Way> {
    let mut out: Vec<Way> = vec![Vec::new()];
    for ways in each {
        let mut next = Vec::new();
        for base in &out {
            for way in &ways {
                let mut joined = base.clone();
                joined.extend(way.iter().filter(|edit| !base.contains(edit)).cloned());
                next.push(joined);
            }
        }
        next.sort_by_key(Vec::len);
        next.truncate(WAYS_MAX);
        out = next;
    }
    out.retain(|way| !way.is_empty());
    out
}

/// Something that is set, whatever it is: as a reference to another resource would be.
fn placeholder() -> Value {
    Value::Unknown(Unknown::referring("it is to be set", Arc::from(["...".to_owned()])))
}

fn value(val: Val<'_>) -> Option<Value> {
    Some(match val {
        Val::Null => Value::Null,
        Val::Bool(known) => Value::Bool(known),
        Val::Number(number) => Value::Number(number),
        Val::Text(text) => Value::String(Arc::from(text)),
        Val::Node(node) => node.value.clone(),
        _ => return None,
    })
}
