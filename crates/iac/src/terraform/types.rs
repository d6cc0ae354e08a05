//! Type constraints of variables, and the conversion to them.

use super::eval::Fault;
use super::functions::convert::unified;
use super::val::{Item, Object, Val};
use crate::hcl::{Expr, Key, Kind};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(super) enum Type<'w> {
    Any,
    String,
    Number,
    Bool,
    List(Box<Type<'w>>),
    Set(Box<Type<'w>>),
    Map(Box<Type<'w>>),
    Tuple(Vec<Type<'w>>),
    Object(Vec<Field<'w>>),
}

#[derive(Debug, Clone)]
pub(super) struct Field<'w> {
    name: Arc<str>,
    kind: Type<'w>,
    optional: bool,
    default: Option<&'w Expr>,
}

impl<'w> Type<'w> {
    /// The type that an expression such as `map(string)` names; `None` if it names none.
    pub(super) fn of(expr: &'w Expr) -> Option<Self> {
        match &expr.kind {
            Kind::Parens(inner) | Kind::Wrap(inner) => Self::of(inner),
            Kind::Variable(name) => Self::named(name),
            // The old form `type = "string"`.
            Kind::String(name) => Self::named(name),
            Kind::Call(name, arguments, _) => {
                let [argument] = arguments.as_slice() else { return None };
                Some(match (&**name, &argument.kind) {
                    ("list", _) => Self::List(Box::new(Self::of(argument)?)),
                    ("set", _) => Self::Set(Box::new(Self::of(argument)?)),
                    ("map", _) => Self::Map(Box::new(Self::of(argument)?)),
                    ("tuple", Kind::Tuple(items)) => Self::Tuple(items.iter().map(Self::of).collect::<Option<_>>()?),
                    ("object", Kind::Object(items)) => {
                        Self::Object(items.iter().map(Self::field).collect::<Option<_>>()?)
                    }
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "number" => Self::Number,
            "bool" => Self::Bool,
            "any" => Self::Any,
            "list" => Self::List(Box::new(Self::Any)),
            "set" => Self::Set(Box::new(Self::Any)),
            "map" => Self::Map(Box::new(Self::Any)),
            _ => return None,
        })
    }

    fn field((key, expr): &'w (Key, Expr)) -> Option<Field<'w>> {
        let name = match key {
            Key::Name(name, _) => name.clone(),
            Key::Expr(Expr { kind: Kind::String(text), .. }) => text.clone(),
            Key::Expr(_) => return None,
        };
        match &expr.kind {
            Kind::Call(call, arguments, _) if &**call == "optional" => {
                let kind = Self::of(arguments.first()?)?;
                Some(Field { name, kind, optional: true, default: arguments.get(1) })
            }
            _ => Some(Field { name, kind: Self::of(expr)?, optional: false, default: None }),
        }
    }

    /// Converts as Terraform does. `default` evaluates the default of an optional attribute.
    pub(super) fn convert(&self, val: &Val, default: &mut dyn FnMut(&'w Expr) -> Val) -> Result<Val, Fault> {
        let mismatch = |wanted: &str| Err(Fault::new(format!("{wanted} is required, not {}", val.kind())));
        if matches!(val, Val::Unknown(_) | Val::Null) {
            return Ok(val.clone());
        }
        match self {
            Self::Any => Ok(val.clone()),
            Self::String => val.to_text().map_or_else(|| mismatch("a string"), |text| Ok(Val::String(text))),
            Self::Number => val.to_number().map_or_else(|| mismatch("a number"), |number| Ok(Val::Number(number))),
            Self::Bool => val.to_bool().map_or_else(|| mismatch("a bool"), |flag| Ok(Val::Bool(flag))),
            Self::List(element) => match val.items() {
                None => mismatch("a list"),
                Some(items) => Ok(Val::list(element.convert_all(items, default)?)),
            },
            Self::Set(element) => match val.items() {
                None => mismatch("a set"),
                Some(items) => Ok(Val::set(element.convert_all(items, default)?)),
            },
            Self::Map(element) => match val {
                Val::Map(object) => {
                    let items: Vec<Item> = object.entries.values().cloned().collect();
                    let items = element.convert_all(&items, default)?;
                    Ok(Val::object(object.entries.keys().cloned().zip(items).collect(), object.rest.clone()))
                }
                _ => mismatch("a map"),
            },
            Self::Tuple(kinds) => match val.items() {
                Some(items) if items.len() == kinds.len() => {
                    let converted = kinds.iter().zip(items.iter());
                    let converted =
                        converted.map(|(kind, item)| Ok(Item { val: kind.convert(&item.val, default)?, at: item.at }));
                    Ok(Val::list(converted.collect::<Result<_, Fault>>()?))
                }
                _ => mismatch("a tuple of that length"),
            },
            Self::Object(fields) => match val {
                Val::Map(object) => Self::convert_object(fields, object, default),
                _ => mismatch("an object"),
            },
        }
    }

    fn convert_all(&self, items: &[Item], default: &mut dyn FnMut(&'w Expr) -> Val) -> Result<Vec<Item>, Fault> {
        let items = items.iter().map(|item| Ok(Item { val: self.convert(&item.val, default)?, at: item.at }));
        let items = items.collect::<Result<Vec<_>, Fault>>()?;
        // `any` stands for one type, the same for all elements.
        if self.holds_any() { unified(items) } else { Ok(items) }
    }

    fn holds_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.holds_any(),
            Self::Tuple(kinds) => kinds.iter().any(Self::holds_any),
            Self::Object(fields) => fields.iter().any(|field| field.kind.holds_any()),
            Self::String | Self::Number | Self::Bool => false,
        }
    }

    fn convert_object(
        fields: &[Field<'w>],
        object: &Object,
        default: &mut dyn FnMut(&'w Expr) -> Val,
    ) -> Result<Val, Fault> {
        let mut entries = BTreeMap::new();
        for field in fields {
            let given =
                object.entries.get(&field.name).filter(|item| !(field.optional && matches!(item.val, Val::Null)));
            let item = match (given, field.default) {
                (Some(item), _) => Item { val: field.kind.convert(&item.val, default)?, at: item.at },
                (None, Some(expr)) if field.optional => {
                    Item { val: field.kind.convert(&default(expr), default)?, at: expr.at }
                }
                (None, _) if field.optional => Item { val: Val::Null, at: crate::At::default() },
                (None, _) if object.rest.is_some() => {
                    Item { val: object.get(&field.name).unwrap_or(Val::Null), at: crate::At::default() }
                }
                (None, _) => return Err(Fault::new(format!("the attribute `{}` is required", field.name))),
            };
            entries.insert(field.name.clone(), item);
        }
        Ok(Val::map(entries))
    }
}
