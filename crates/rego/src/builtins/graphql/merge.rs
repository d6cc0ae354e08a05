//! Fields with one name in the answer must be one field (October 2021, section 5.3.2).

use super::ast::{Argument, Field, Fragment, Kind, Literal, Selection, Type, TypeKind};
use super::schema::Schema;
use std::collections::{BTreeMap, BTreeSet};

/// How many fields and arguments are looked at before a query counts as too entangled to judge, and so as invalid.
const STEPS_MAX: usize = 1_000_000;

/// A field with the type that it is asked of, and its own.
#[derive(Clone, Copy)]
struct Found<'a> {
    field: &'a Field,
    parent: Option<&'a str>,
    of: Option<&'a Type>,
}

type Groups<'a> = BTreeMap<&'a str, Vec<Found<'a>>>;

/// Compares fields; a pair is looked at once.
pub(super) struct Merging<'a> {
    schema: &'a Schema,
    fragments: &'a BTreeMap<&'a str, &'a Fragment>,
    compared: BTreeSet<(usize, usize, bool)>,
    steps: usize,
}

impl<'a> Merging<'a> {
    pub fn new(schema: &'a Schema, fragments: &'a BTreeMap<&'a str, &'a Fragment>) -> Self {
        Self { schema, fragments, compared: BTreeSet::new(), steps: 0 }
    }

    /// Compares all fields of a selection with each other.
    pub fn check(&mut self, parent: Option<&'a str>, selections: &'a [Selection]) -> Result<(), String> {
        for group in self.groups(parent, selections)?.values() {
            for (at, one) in group.iter().enumerate() {
                for other in &group[at + 1..] {
                    self.pair(*one, *other, false)?;
                }
            }
        }
        Ok(())
    }

    fn spend(&mut self, steps: usize) -> Result<(), String> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > STEPS_MAX {
            return Err("the query has too many fields with the same names to compare them".to_owned());
        }
        Ok(())
    }

    /// All fields of a selection, fragments resolved, by their names in the answer.
    fn groups(&mut self, parent: Option<&'a str>, selections: &'a [Selection]) -> Result<Groups<'a>, String> {
        let mut out = Groups::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![(parent, selections)];
        while let Some((parent, selections)) = open.pop() {
            self.spend(selections.len())?;
            for selection in selections {
                match selection {
                    Selection::Field(field) => {
                        let known = parent.and_then(|parent| self.schema.field(parent, &field.name));
                        let found = Found { field, parent, of: known.map(|known| &known.of) };
                        out.entry(field.alias.as_str()).or_default().push(found);
                    }
                    Selection::Inline(inline) => {
                        let narrowed = Some(inline.type_condition.as_str()).filter(|condition| !condition.is_empty());
                        open.push((narrowed.or(parent), &inline.selection_set));
                    }
                    Selection::Spread(spread) => {
                        if let (true, Some(fragment)) =
                            (seen.insert(spread.name.as_str()), self.fragments.get(spread.name.as_str()))
                        {
                            open.push((Some(fragment.type_condition.as_str()), &fragment.selection_set));
                        }
                    }
                }
            }
        }
        Ok(out)
    }

    fn pair(&mut self, one: Found<'a>, other: Found<'a>, exclusive: bool) -> Result<(), String> {
        let address = |found: Found<'a>| std::ptr::from_ref(found.field) as usize;
        let (low, high) = (address(one).min(address(other)), address(one).max(address(other)));
        if low == high || !self.compared.insert((low, high, exclusive)) {
            return Ok(());
        }
        self.spend(1 + one.field.arguments.len().saturating_mul(other.field.arguments.len()))?;
        let alias = &one.field.alias;
        let object = |found: Found<'a>| {
            found
                .parent
                .and_then(|name| self.schema.types.get(name))
                .is_some_and(|known| known.kind == TypeKind::Object)
        };
        // Two objects that are not the same never answer both.
        let exclusive = exclusive || (one.parent != other.parent && object(one) && object(other));
        if !exclusive {
            if one.field.name != other.field.name {
                return Err(format!("{alias:?} stands for two fields"));
            }
            if !same_arguments(&one.field.arguments, &other.field.arguments) {
                return Err(format!("{alias:?} is asked with two sets of arguments"));
            }
        }
        if let (Some(a), Some(b)) = (one.of, other.of)
            && !self.same_shape(a, b)
        {
            return Err(format!("{alias:?} would be of two types"));
        }
        let left = self.groups(one.of.map(Type::name), &one.field.selection_set)?;
        let right = self.groups(other.of.map(Type::name), &other.field.selection_set)?;
        for (alias, fields) in &left {
            for a in fields {
                for b in right.get(alias).into_iter().flatten() {
                    self.pair(*a, *b, exclusive)?;
                }
            }
        }
        Ok(())
    }

    /// Whether both give the same in an answer: objects are compared by their fields, elsewhere.
    fn same_shape(&self, one: &Type, other: &Type) -> bool {
        if one.non_null != other.non_null {
            return false;
        }
        match (&one.elem, &other.elem) {
            (Some(one), Some(other)) => self.same_shape(one, other),
            (None, None) => {
                let composite = |name: &str| self.schema.types.get(name).is_some_and(|known| known.kind.composite());
                one.named_type == other.named_type || (composite(&one.named_type) && composite(&other.named_type))
            }
            _ => false,
        }
    }
}

/// The order of arguments and of members means nothing.
fn same_arguments(one: &[Argument], other: &[Argument]) -> bool {
    one.len() == other.len()
        && one.iter().all(|a| other.iter().any(|b| a.name == b.name && same_value(&a.value, &b.value)))
}

fn same_value(one: &Literal, other: &Literal) -> bool {
    one.kind == other.kind
        && one.raw == other.raw
        && if one.kind == Kind::Object {
            same_arguments(&one.children, &other.children)
        } else {
            one.children.len() == other.children.len()
                && one.children.iter().zip(&other.children).all(|(a, b)| same_value(&a.value, &b.value))
        }
}
