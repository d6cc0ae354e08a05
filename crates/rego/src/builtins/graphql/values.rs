//! Whether values are of their types, and variables where they may be (October 2021, sections 5.6 and 5.8).

use super::ast::{Definition, FieldDefinition, Kind, Literal, Operation, Type, TypeKind};
use super::schema::{compatible, unique};
use super::validate::{Checked, Walk};
use std::collections::BTreeMap;

/// What a place expects.
#[derive(Clone, Copy)]
struct Expected<'a> {
    of: &'a Type,
    /// Whether null is replaced by a default there.
    default: bool,
}

impl<'a> Expected<'a> {
    fn by(known: &'a FieldDefinition) -> Self {
        let default = known.default_value.as_ref().is_some_and(|value| value.kind != Kind::Null);
        Self { of: &known.of, default }
    }
}

impl<'a> Walk<'a> {
    pub fn variables(&mut self, operation: &'a Operation) -> Checked {
        unique(operation.variable_definitions.iter().map(|known| &known.variable))?;
        for known in &operation.variable_definitions {
            let name = &known.variable;
            let of = self.schema.named(&known.of).ok_or_else(|| format!("there is no type {:?}", known.of.name()))?;
            if !of.kind.input() {
                return Err(format!("the variable {name:?} cannot be of the type {:?}", of.name));
            }
            if let Some(default) = &known.default_value {
                self.expected(default, Some(Expected { of: &known.of, default: false }))
                    .map_err(|why| format!("the variable {name:?}: {why}"))?;
            }
            self.directives(&known.directives, "VARIABLE_DEFINITION")?;
        }
        Ok(())
    }

    /// Checks the value of an argument.
    pub fn value(&mut self, value: &'a Literal, known: Option<&'a FieldDefinition>) -> Checked {
        self.expected(value, known.map(Expected::by))
    }

    fn expected(&mut self, value: &'a Literal, expected: Option<Expected<'a>>) -> Checked {
        if value.kind == Kind::Variable {
            return self.variable(&value.raw, expected);
        }
        let schema = self.schema;
        let known = expected.and_then(|expected| Some((expected, schema.named(expected.of)?)));
        let Some((expected, of)) = known else { return self.unknown(value) };
        if value.kind == Kind::Null {
            return if expected.of.non_null { Err(format!("null is no {:?}", of.name)) } else { Ok(()) };
        }
        let built_in = matches!(of.name.as_str(), "Int" | "Float" | "String" | "Boolean" | "ID");
        if of.kind == TypeKind::Scalar && !built_in {
            // What values a scalar of the schema has, only its server knows.
            return self.unknown(value);
        }
        match value.kind {
            Kind::List => {
                let element = expected.of.elem.as_deref().ok_or_else(|| format!("a list is no {:?}", of.name))?;
                let expected = Expected { of: element, default: false };
                value.children.iter().try_for_each(|child| self.expected(&child.value, Some(expected)))
            }
            Kind::Object => self.object(value, of),
            _ if fits(value, of) => Ok(()),
            _ => Err(format!("{:?} is no {:?}", value.raw, of.name)),
        }
    }

    /// Variables of a value whose type is not known.
    fn unknown(&mut self, value: &'a Literal) -> Checked {
        value.children.iter().try_for_each(|child| self.expected(&child.value, None))
    }

    fn variable(&mut self, name: &'a str, expected: Option<Expected<'a>>) -> Checked {
        let Some(operation) = self.operation else { return Ok(()) };
        let known = operation.variable_definitions.iter().find(|known| known.variable == name);
        let known = known.ok_or_else(|| format!("there is no variable {name:?}"))?;
        self.used.insert(name);
        let Some(expected) = expected else { return Ok(()) };
        let default = known.default_value.as_ref().is_some_and(|value| value.kind != Kind::Null);
        let mut wanted = expected.of.clone();
        // A default here or there stands in for null.
        wanted.non_null &= !default && !expected.default;
        if !compatible(&known.of, &wanted) {
            return Err(format!("the variable {name:?} is of another type than is expected"));
        }
        Ok(())
    }

    fn object(&mut self, value: &'a Literal, of: &'a Definition) -> Checked {
        if of.kind != TypeKind::InputObject {
            return Err(format!("an object is no {:?}", of.name));
        }
        unique(value.children.iter().map(|child| &child.name))?;
        let given: BTreeMap<&str, &Literal> =
            value.children.iter().map(|child| (child.name.as_str(), &child.value)).collect();
        for wanted in of.fields.iter().filter(|known| known.of.non_null && known.default_value.is_none()) {
            if !given.contains_key(wanted.name.as_str()) {
                return Err(format!("an object of {:?} needs {:?}", of.name, wanted.name));
            }
        }
        if of.directives.iter().any(|directive| directive.name == "oneOf") {
            self.one_of(value, of)?;
        }
        let schema = self.schema;
        for child in &value.children {
            let known = schema.field(&of.name, &child.name);
            let known = known.ok_or_else(|| format!("an object of {:?} has no {:?}", of.name, child.name))?;
            self.expected(&child.value, Some(Expected::by(known)))?;
        }
        Ok(())
    }

    /// Exactly one member, and not null.
    fn one_of(&self, value: &Literal, of: &Definition) -> Checked {
        let [only] = value.children.as_slice() else {
            return Err(format!("an object of {:?} has exactly one member", of.name));
        };
        let variables = self.operation.map(|operation| operation.variable_definitions.as_slice()).unwrap_or_default();
        let nullable = only.value.kind == Kind::Variable
            && variables.iter().any(|known| known.variable == only.value.raw && !known.of.non_null);
        if only.value.kind == Kind::Null || nullable {
            return Err(format!("the member of an object of {:?} must not be null", of.name));
        }
        Ok(())
    }
}

/// Whether a single value is one of a type.
fn fits(value: &Literal, of: &Definition) -> bool {
    let name = of.name.as_str();
    match value.kind {
        Kind::Int => matches!(name, "Int" | "Float" | "ID") && value.raw.parse::<i64>().is_ok(),
        Kind::Float => name == "Float" && value.raw.parse::<f64>().is_ok_and(f64::is_finite),
        Kind::String | Kind::Block => of.kind == TypeKind::Scalar && matches!(name, "String" | "ID"),
        Kind::Boolean => name == "Boolean",
        Kind::Enum => of.kind == TypeKind::Enum && of.enum_values.iter().any(|known| known.name == value.raw),
        Kind::Variable | Kind::Null | Kind::List | Kind::Object => false,
    }
}
