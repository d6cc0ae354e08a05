//! Says what is wrong with a query for a schema (October 2021, section 5): operations, fields, arguments, fragments. What
//! is wrong with values and variables is in [`super::values`], with fields of one name in [`super::merge`].

use super::ast::{
    Argument, Directive, Field, FieldDefinition, Fragment, Inline, Operation, Query, Selection, Spread, TypeKind,
};
use super::merge::Merging;
use super::schema::{Schema, ring, unique};
use std::collections::{BTreeMap, BTreeSet};

/// How many lists of introspection may nest: each multiplies the answer by the size of the schema.
const INTROSPECTION_LISTS_MAX: usize = 2;

pub(super) type Checked = Result<(), String>;

/// What is known while a query is walked.
pub(super) struct Walk<'a> {
    pub schema: &'a Schema,
    fragments: &'a BTreeMap<&'a str, &'a Fragment>,
    merging: Merging<'a>,
    /// The operation that is walked; none in a fragment by itself, whose variables are those of who uses it.
    pub operation: Option<&'a Operation>,
    /// Variables that the operation uses.
    pub used: BTreeSet<&'a str>,
    /// Fragments that were walked as part of the operation.
    walked: BTreeSet<&'a str>,
    /// Fragments that any operation uses.
    spread: BTreeSet<&'a str>,
}

/// Checks a query; the first thing that is wrong is the error.
pub(super) fn query(schema: &Schema, query: &Query) -> Checked {
    unique(query.fragments.iter().map(|fragment| &fragment.name))?;
    unique(query.operations.iter().map(|operation| &operation.name).filter(|name| !name.is_empty()))?;
    if query.operations.len() > 1 && query.operations.iter().any(|operation| operation.name.is_empty()) {
        return Err("an operation without a name must be the only one".to_owned());
    }
    let fragments = query.fragments.iter().map(|fragment| (fragment.name.as_str(), fragment)).collect();
    check_cycles(&fragments)?;
    let mut walk = Walk {
        schema,
        fragments: &fragments,
        merging: Merging::new(schema, &fragments),
        operation: None,
        used: BTreeSet::new(),
        walked: BTreeSet::new(),
        spread: BTreeSet::new(),
    };
    query.operations.iter().try_for_each(|operation| walk.operation(operation))?;
    (walk.operation, walk.walked) = (None, BTreeSet::new());
    query.fragments.iter().try_for_each(|fragment| walk.fragment(fragment))?;
    match query.fragments.iter().find(|fragment| !walk.spread.contains(fragment.name.as_str())) {
        Some(fragment) => Err(format!("the fragment {:?} is never used", fragment.name)),
        None => Ok(()),
    }
}

fn check_cycles(fragments: &BTreeMap<&str, &Fragment>) -> Checked {
    let uses = |name: &str| {
        let mut out = Vec::new();
        let mut open: Vec<&[Selection]> =
            fragments.get(name).map(|fragment| fragment.selection_set.as_slice()).into_iter().collect();
        while let Some(selections) = open.pop() {
            for selection in selections {
                match selection {
                    Selection::Field(field) => open.push(&field.selection_set),
                    Selection::Inline(inline) => open.push(&inline.selection_set),
                    Selection::Spread(spread) => out.push(spread.name.as_str()),
                }
            }
        }
        out
    };
    match ring(fragments.keys().copied(), uses) {
        Some(name) => Err(format!("the fragment {name:?} uses itself")),
        None => Ok(()),
    }
}

impl<'a> Walk<'a> {
    fn operation(&mut self, operation: &'a Operation) -> Checked {
        (self.operation, self.used, self.walked) = (Some(operation), BTreeSet::new(), BTreeSet::new());
        let kind = if operation.operation.is_empty() { "query" } else { &operation.operation };
        let root = self.schema.roots.get(kind).ok_or_else(|| format!("the schema has no operation {kind:?}"))?;
        self.variables(operation)?;
        self.directives(&operation.directives, &kind.to_uppercase())?;
        self.selections(Some(root), &operation.selection_set)?;
        if kind == "subscription" {
            self.check_subscription(operation)?;
        }
        match operation.variable_definitions.iter().find(|known| !self.used.contains(known.variable.as_str())) {
            Some(unused) => Err(format!("the variable {:?} is never used", unused.variable)),
            None => Ok(()),
        }
    }

    /// A subscription is about one event.
    fn check_subscription(&self, operation: &'a Operation) -> Checked {
        let (mut names, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![operation.selection_set.as_slice()];
        while let Some(selections) = open.pop() {
            for selection in selections {
                match selection {
                    Selection::Field(field) => drop(names.insert(field.name.as_str())),
                    Selection::Inline(inline) => open.push(&inline.selection_set),
                    Selection::Spread(spread) => {
                        let fragment = self.fragments.get(spread.name.as_str());
                        open.extend(fragment.filter(|_| seen.insert(&spread.name)).map(|f| f.selection_set.as_slice()));
                    }
                }
            }
        }
        if names.len() > 1 || names.iter().any(|name| name.starts_with("__")) {
            return Err("a subscription must select one field, and none of introspection".to_owned());
        }
        Ok(())
    }

    fn fragment(&mut self, fragment: &'a Fragment) -> Checked {
        self.condition(&fragment.type_condition)?;
        self.directives(&fragment.directives, "FRAGMENT_DEFINITION")?;
        self.selections(Some(&fragment.type_condition), &fragment.selection_set)
    }

    /// A fragment is about a type that has fields.
    fn condition(&self, name: &str) -> Checked {
        match self.schema.types.get(name) {
            None => Err(format!("there is no type {name:?}")),
            Some(known) if known.kind.composite() => Ok(()),
            Some(_) => Err(format!("the type {name:?} has no fields")),
        }
    }

    fn selections(&mut self, parent: Option<&'a str>, selections: &'a [Selection]) -> Checked {
        self.merging.check(parent, selections)?;
        for selection in selections {
            match selection {
                Selection::Field(field) => self.field(parent, field)?,
                Selection::Inline(inline) => self.inline(parent, inline)?,
                Selection::Spread(spread) => self.spread(parent, spread)?,
            }
        }
        Ok(())
    }

    fn field(&mut self, parent: Option<&'a str>, field: &'a Field) -> Checked {
        let name = &field.name;
        let schema = self.schema;
        if name == "__typename" {
            if let Some(argument) = field.arguments.first() {
                return Err(format!("the field {name:?} has no argument {:?}", argument.name));
            }
            if !field.selection_set.is_empty() {
                return Err(format!("the field {name:?} has no fields"));
            }
            return self.directives(&field.directives, "FIELD");
        }
        let parent = parent.unwrap_or_default();
        let known = schema.field(parent, name).ok_or_else(|| format!("the type {parent:?} has no field {name:?}"))?;
        self.arguments(&known.arguments, &field.arguments).map_err(|why| format!("the field {name:?}: {why}"))?;
        self.directives(&field.directives, "FIELD")?;
        let of = schema.named(&known.of).ok_or_else(|| format!("there is no type {:?}", known.of.name()))?;
        if of.kind.composite() == field.selection_set.is_empty() {
            let what = if of.kind.composite() { "must" } else { "cannot" };
            return Err(format!("of the field {name:?} fields {what} be selected"));
        }
        if matches!(name.as_str(), "__schema" | "__type") {
            self.check_introspection(field)?;
        }
        self.selections(Some(&of.name), &field.selection_set)
    }

    fn check_introspection(&self, field: &'a Field) -> Checked {
        let mut seen = BTreeSet::new();
        let mut open = vec![(0, field.selection_set.as_slice())];
        while let Some((lists, selections)) = open.pop() {
            for selection in selections {
                match selection {
                    Selection::Field(field) => {
                        let list =
                            matches!(field.name.as_str(), "fields" | "inputFields" | "interfaces" | "possibleTypes");
                        let lists = lists + usize::from(list);
                        if lists > INTROSPECTION_LISTS_MAX {
                            return Err(format!("more than {INTROSPECTION_LISTS_MAX} lists of introspection nest"));
                        }
                        open.push((lists, &field.selection_set));
                    }
                    Selection::Inline(inline) => open.push((lists, &inline.selection_set)),
                    Selection::Spread(spread) => {
                        let fragment = self.fragments.get(spread.name.as_str());
                        let fragment = fragment.filter(|_| seen.insert((lists, spread.name.as_str())));
                        open.extend(fragment.map(|fragment| (lists, fragment.selection_set.as_slice())));
                    }
                }
            }
        }
        Ok(())
    }

    fn inline(&mut self, parent: Option<&'a str>, inline: &'a Inline) -> Checked {
        let mut narrowed = parent;
        if !inline.type_condition.is_empty() {
            self.condition(&inline.type_condition)?;
            self.check_possible(parent, &inline.type_condition)?;
            narrowed = Some(&inline.type_condition);
        }
        self.directives(&inline.directives, "INLINE_FRAGMENT")?;
        self.selections(narrowed, &inline.selection_set)
    }

    fn spread(&mut self, parent: Option<&'a str>, spread: &'a Spread) -> Checked {
        let fragments = self.fragments;
        let fragment =
            *fragments.get(spread.name.as_str()).ok_or_else(|| format!("there is no fragment {:?}", spread.name))?;
        self.condition(&fragment.type_condition)?;
        self.check_possible(parent, &fragment.type_condition)?;
        self.directives(&spread.directives, "FRAGMENT_SPREAD")?;
        if self.operation.is_some() {
            self.spread.insert(&fragment.name);
            if self.walked.insert(&fragment.name) {
                return self.fragment(fragment);
            }
        }
        Ok(())
    }

    /// Whether anything can be of both types.
    fn check_possible(&self, parent: Option<&str>, condition: &str) -> Checked {
        let Some(parent) = parent.and_then(|name| self.schema.types.get(name)) else { return Ok(()) };
        let own = BTreeSet::from([parent.name.clone()]);
        let none = BTreeSet::new();
        let parents = match parent.kind {
            TypeKind::Object => &own,
            TypeKind::Interface | TypeKind::Union => self.schema.possible.get(&parent.name).unwrap_or(&none),
            _ => return Ok(()),
        };
        if self.schema.possible.get(condition).is_none_or(|all| all.is_disjoint(parents)) {
            return Err(format!("nothing of the type {:?} is of the type {condition:?}", parent.name));
        }
        Ok(())
    }

    /// Whether all arguments are known, there once, and of their types, and none that is needed is left out.
    fn arguments(&mut self, known: &'a [FieldDefinition], given: &'a [Argument]) -> Checked {
        unique(given.iter().map(|argument| &argument.name))?;
        for argument in given {
            let wanted = known.iter().find(|known| known.name == argument.name);
            let wanted = wanted.ok_or_else(|| format!("there is no argument {:?}", argument.name))?;
            self.value(&argument.value, Some(wanted))?;
        }
        for wanted in known.iter().filter(|known| known.of.non_null && known.default_value.is_none()) {
            if !given.iter().any(|argument| argument.name == wanted.name) {
                return Err(format!("the argument {:?} is needed", wanted.name));
            }
        }
        Ok(())
    }

    pub fn directives(&mut self, directives: &'a [Directive], location: &str) -> Checked {
        let mut seen = BTreeSet::new();
        let schema = self.schema;
        for directive in directives {
            let name = &directive.name;
            let known = schema.directives.get(name).ok_or_else(|| format!("there is no directive {name:?}"))?;
            if !known.locations.iter().any(|known| known == location) {
                return Err(format!("the directive {name:?} cannot be applied to {location}"));
            }
            if !seen.insert(name) && !known.is_repeatable {
                return Err(format!("the directive {name:?} is applied twice"));
            }
            self.arguments(&known.arguments, &directive.arguments)
                .map_err(|why| format!("the directive {name:?}: {why}"))?;
        }
        Ok(())
    }
}
