//! Expressions to values. What fails gives a [`Fault`]; what only apply knows gives an unknown value.

use super::module::Module;
use super::val::{Item, Object, Val, unknown_of};
use super::{functions, operators};
use crate::hcl::{Expr, For, Key, Kind, Part, Step, Unary};
use crate::{At, PartialText, Unknown};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// How deep evaluation may go, through references too.
pub(super) const EVAL_DEPTH_MAX: usize = 4_000;
/// How long a text may become, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 4 << 20;

/// An expression that has no value.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// What is wrong, a fragment.
    pub what: String,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// What `each` and `count` stand for.
#[derive(Debug, Clone)]
pub(super) enum Each {
    None,
    Count(Val),
    Pair(Val, Val),
}

/// Where an expression is evaluated.
pub(super) struct Scope<'w> {
    pub module: Rc<Module<'w>>,
    pub each: Each,
    /// Loop variables and iterators, the innermost last.
    pub names: Vec<(Arc<str>, Val)>,
}

pub(super) type Evaluated = Result<Val, Fault>;

impl<'w> Scope<'w> {
    pub(super) fn of(module: &Rc<Module<'w>>) -> Self {
        Self { module: module.clone(), each: Each::None, names: Vec::new() }
    }

    pub(super) fn eval(&mut self, expr: &'w Expr) -> Evaluated {
        match &expr.kind {
            Kind::Null => return Ok(Val::Null),
            Kind::Bool(flag) => return Ok(Val::Bool(*flag)),
            Kind::Number(number) => return Ok(Val::Number(*number)),
            Kind::String(text) => return Ok(Val::String(text.clone())),
            Kind::HugeNumber => return Ok(Val::unknown("the number has more digits than are kept")),
            _ => {}
        }
        let world = self.module.world;
        world.enter()?;
        let result = self.compound(expr);
        world.leave();
        result
    }

    fn compound(&mut self, expr: &'w Expr) -> Evaluated {
        match &expr.kind {
            Kind::Parens(inner) | Kind::Wrap(inner) => self.eval(inner),
            Kind::Template(parts) => self.template(parts),
            Kind::Tuple(items) => {
                let items = items.iter().map(|item| Ok(Item { val: self.eval(item)?, at: item.at }));
                Ok(Val::list(items.collect::<Result<_, Fault>>()?))
            }
            Kind::Object(items) => self.object(items),
            Kind::Variable(_) => self.traverse(expr, &[]),
            Kind::Traverse(source, steps) => self.traverse(source, steps),
            Kind::Call(name, arguments, expand) => functions::call(self, name, arguments, *expand, expr.at),
            Kind::For(for_expr) => self.for_expr(for_expr),
            Kind::Conditional(parts) => self.conditional(parts),
            Kind::Unary(Unary::Not, operand) => operators::not(&self.eval(operand)?),
            Kind::Unary(Unary::Negate, operand) => operators::negate(&self.eval(operand)?),
            Kind::Binary(first, rest) => {
                let mut left = self.eval(first)?;
                for (operator, right) in rest {
                    left = operators::binary(self, *operator, left, right)?;
                }
                Ok(left)
            }
            // Literals were answered before.
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::HugeNumber => Ok(Val::Null),
        }
    }

    fn conditional(&mut self, [condition, yes, no]: &'w [Expr; 3]) -> Evaluated {
        let decided = self.eval(condition)?;
        match decided.to_bool() {
            Some(flag) => {
                let (taken, other) = if flag { (yes, no) } else { (no, yes) };
                let val = self.eval(taken)?;
                // Both results have one type: beside a text a number or bool becomes a text.
                let beside_text = matches!(other.kind, Kind::String(_) | Kind::Template(_));
                Ok(if beside_text { val.to_text().map_or(val, Val::String) } else { val })
            }
            None if decided.is_unknown() => {
                // Either way the same: then the condition does not matter.
                let (yes, no) = (self.eval(yes), self.eval(no));
                match (yes, no) {
                    (Ok(yes), Ok(no)) if yes.equals(&no) == Some(true) => Ok(yes),
                    (yes, no) => {
                        let (yes, no) = (yes.unwrap_or(Val::Null), no.unwrap_or(Val::Null));
                        Ok(unknown_of([&decided, &yes, &no]).unwrap_or(decided))
                    }
                }
            }
            None => Err(Fault::new(format!("a condition must be true or false, not {}", decided.kind()))),
        }
    }

    fn object(&mut self, items: &'w [(Key, Expr)]) -> Evaluated {
        let mut entries = BTreeMap::new();
        for (key, value) in items {
            let key = match key {
                Key::Name(name, _) => name.clone(),
                Key::Expr(expr) => {
                    let key = self.eval(expr)?;
                    if let Some(unknown) = unknown_of([&key]) {
                        return Ok(unknown);
                    }
                    key.to_text().ok_or_else(|| Fault::new(format!("a key must be a string, not {}", key.kind())))?
                }
            };
            let val = self.eval(value)?;
            entries.insert(key, Item { val, at: value.at });
        }
        Ok(Val::map(entries))
    }

    pub(super) fn template(&mut self, parts: &'w [Part]) -> Evaluated {
        let mut text = PartialText::default();
        self.parts(parts, &mut text)?;
        Ok(Val::of_partial(text))
    }

    /// Adds the parts to the text.
    fn parts(&mut self, parts: &'w [Part], text: &mut PartialText) -> Result<(), Fault> {
        let before = text.len();
        for part in parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Value(expr) => {
                    let val = self.eval(expr)?;
                    match (val.to_text(), &val) {
                        (Some(piece), _) => text.push_str(&piece),
                        (None, Val::Unknown(unknown)) => text.push_gap(unknown),
                        _ => return Err(Fault::new(format!("{} cannot stand in a text", val.kind()))),
                    }
                }
                Part::If(condition, yes, no) => {
                    let decided = self.eval(condition)?;
                    match (decided.to_bool(), &decided) {
                        (Some(flag), _) => self.parts(if flag { yes } else { no }, text)?,
                        (None, Val::Unknown(unknown)) => text.push_gap(&without_text(unknown)),
                        _ => {
                            return Err(Fault::new(format!(
                                "a condition must be true or false, not {}",
                                decided.kind()
                            )));
                        }
                    }
                }
                Part::For { key, value, over, body } => {
                    let over = self.eval(over)?;
                    if let Val::Unknown(unknown) = &over {
                        text.push_gap(&without_text(unknown));
                        continue;
                    }
                    for (element_key, element) in elements(&over)? {
                        let names = self.bind(key.as_ref(), value, element_key, element.val.clone());
                        let result = self.parts(body, text);
                        self.names.truncate(names);
                        result?;
                    }
                }
            }
            if text.len() > TEXT_BYTES_MAX {
                return Err(Fault::new(format!("a text grows beyond {TEXT_BYTES_MAX} bytes")));
            }
        }
        self.module.world.charge((text.len() - before) / 64)?;
        Ok(())
    }

    /// Names loop variables; gives the number of names before, to go back to.
    fn bind(&mut self, key: Option<&Arc<str>>, value: &Arc<str>, element_key: Val, element: Val) -> usize {
        let before = self.names.len();
        if let Some(key) = key {
            self.names.push((key.clone(), element_key));
        }
        self.names.push((value.clone(), element));
        before
    }

    fn for_expr(&mut self, for_expr: &'w For) -> Evaluated {
        let over = self.eval(&for_expr.over)?;
        if over.is_unknown() {
            return Ok(over);
        }
        let mut list = Vec::new();
        let mut entries: BTreeMap<Arc<str>, Item> = BTreeMap::new();
        let mut groups: BTreeMap<Arc<str>, Vec<Item>> = BTreeMap::new();
        for (key, element) in elements(&over)? {
            let names = self.bind(for_expr.key.as_ref(), &for_expr.value, key, element.val);
            let result = self.for_element(for_expr);
            self.names.truncate(names);
            match result? {
                Element::Left => {}
                Element::Undecided(unknown) => return Ok(unknown),
                Element::Item(item) => list.push(item),
                Element::Entry(key, item) if for_expr.group => groups.entry(key).or_default().push(item),
                Element::Entry(key, item) => {
                    if entries.contains_key(&key) {
                        return Err(Fault::new(format!("two elements of a `for` have the key `{key}`")));
                    }
                    entries.insert(key, item);
                }
            }
        }
        if for_expr.result_key.is_none() {
            return Ok(Val::list(list));
        }
        if for_expr.group {
            let at = for_expr.result.at;
            return Ok(Val::map(
                groups.into_iter().map(|(key, items)| (key, Item { val: Val::list(items), at })).collect(),
            ));
        }
        Ok(Val::map(entries))
    }

    fn for_element(&mut self, for_expr: &'w For) -> Result<Element, Fault> {
        self.module.world.charge(1)?;
        if let Some(condition) = &for_expr.condition {
            let decided = self.eval(condition)?;
            match decided.to_bool() {
                Some(true) => {}
                Some(false) => return Ok(Element::Left),
                None if decided.is_unknown() => return Ok(Element::Undecided(decided)),
                None => return Err(Fault::new("the condition of a `for` must be true or false")),
            }
        }
        let key = match &for_expr.result_key {
            None => None,
            Some(expr) => {
                let key = self.eval(expr)?;
                if key.is_unknown() {
                    return Ok(Element::Undecided(key));
                }
                Some(key.to_text().ok_or_else(|| Fault::new(format!("a key must be a string, not {}", key.kind())))?)
            }
        };
        let item = Item { val: self.eval(&for_expr.result)?, at: for_expr.result.at };
        Ok(match key {
            Some(key) => Element::Entry(key, item),
            None => Element::Item(item),
        })
    }

    fn traverse(&mut self, source: &'w Expr, steps: &'w [Step]) -> Evaluated {
        let Kind::Variable(name) = &source.kind else {
            let val = self.eval(source)?;
            return self.steps(val, steps);
        };
        if let Some((_, val)) = self.names.iter().rev().find(|(bound, _)| bound == name) {
            let val = val.clone();
            return self.steps(val, steps);
        }
        let (val, used) = self.root(name, steps, source.at)?;
        self.steps(val, &steps[used..])
    }

    /// Takes steps from a value.
    pub(super) fn steps(&mut self, mut val: Val, steps: &'w [Step]) -> Evaluated {
        let mut index = 0;
        while let Some(step) = steps.get(index) {
            index += 1;
            val = match step {
                Step::Attribute(name) => attribute(&val, name)?,
                Step::Index(key) => {
                    let key = self.eval(key)?;
                    element(&val, &key)?
                }
                Step::FullSplat => return self.splat(&val, &steps[index..]),
                Step::AttributeSplat => {
                    let end = steps[index..]
                        .iter()
                        .position(|step| !matches!(step, Step::Attribute(_)))
                        .map_or(steps.len(), |n| n + index);
                    let result = self.splat(&val, &steps[index..end])?;
                    index = end;
                    result
                }
            };
        }
        Ok(val)
    }

    fn splat(&mut self, val: &Val, steps: &'w [Step]) -> Evaluated {
        let single;
        let items: &[Item] = match val {
            Val::Unknown(_) => return Ok(val.clone()),
            Val::Null => &[],
            Val::List(items) | Val::Set(items) => items,
            other => {
                single = [Item { val: other.clone(), at: At::default() }];
                &single
            }
        };
        self.module.world.charge(items.len())?;
        let items = items.iter().map(|item| Ok(Item { val: self.steps(item.val.clone(), steps)?, at: item.at }));
        Ok(Val::list(items.collect::<Result<_, Fault>>()?))
    }
}

/// Why something is unknown that decides about a text and is no part of it.
fn without_text(unknown: &Unknown) -> Unknown {
    Unknown::referring(unknown.why.clone(), unknown.refers.clone())
}

/// What one element of a `for` gives.
enum Element {
    Left,
    Undecided(Val),
    Item(Item),
    Entry(Arc<str>, Item),
}

/// Keys and elements of a collection that is known, in Terraform's order.
pub(super) fn elements(val: &Val) -> Result<Vec<(Val, Item)>, Fault> {
    match val {
        Val::List(items) => {
            Ok(items.iter().enumerate().map(|(index, item)| (Val::number(index as u64), item.clone())).collect())
        }
        Val::Set(items) => Ok(items.iter().map(|item| (item.val.clone(), item.clone())).collect()),
        Val::Map(object) => {
            Ok(object.entries.iter().map(|(key, item)| (Val::String(key.clone()), item.clone())).collect())
        }
        other => Err(Fault::new(format!("a collection is required, not {}", other.kind()))),
    }
}

/// `value.name`
pub(super) fn attribute(val: &Val, name: &str) -> Evaluated {
    match val {
        Val::Unknown(_) => Ok(val.clone()),
        Val::Map(object) => object_attribute(object, name),
        other => Err(Fault::new(format!("{} has no attribute `{name}`", other.kind()))),
    }
}

fn object_attribute(object: &Object, name: &str) -> Evaluated {
    object.get(name).ok_or_else(|| Fault::new(format!("there is no attribute `{name}`")))
}

/// `value[key]`
pub(super) fn element(val: &Val, key: &Val) -> Evaluated {
    if let Some(unknown) = match (val, key) {
        (Val::Unknown(_), _) => Some(val),
        (_, Val::Unknown(_)) => Some(key),
        _ => None,
    } {
        return Ok(unknown_of([unknown, val]).unwrap_or_else(|| unknown.clone()));
    }
    match val {
        Val::List(items) => {
            let index = key
                .to_number()
                .ok_or_else(|| Fault::new(format!("the index of a list must be a number, not {}", key.kind())))?;
            let place = usize::try_from(index).ok().filter(|_| index.is_integer());
            let found = place.and_then(|place| items.get(place));
            found
                .map(|item| item.val.clone())
                .ok_or_else(|| Fault::new(format!("the list has {} elements and no index {index}", items.len())))
        }
        Val::Map(object) => {
            let name = key
                .to_text()
                .ok_or_else(|| Fault::new(format!("the key of a map must be a string, not {}", key.kind())))?;
            object.get(&name).ok_or_else(|| Fault::new(format!("the map has no key `{name}`")))
        }
        other => Err(Fault::new(format!("{} has no elements to index", other.kind()))),
    }
}
