//! Puts a schema together with what every server has, and says what is wrong with it (October 2021, section 3).

use super::ast::{
    Definition, Directive, DirectiveDefinition, FieldDefinition, Kind, SchemaDefinition, SchemaDocument, Type, TypeKind,
};
use super::parse_schema;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Types and directives that every schema has.
static PRELUDE: LazyLock<SchemaDocument> = LazyLock::new(|| {
    let mut prelude = parse_schema::schema(include_str!("prelude.graphql")).unwrap_or_default();
    prelude.definitions.iter_mut().for_each(|definition| definition.built_in = true);
    prelude
});

/// Directives of every schema that one may define again, in a form of its own.
const REDEFINABLE: [&str; 6] = ["defer", "deprecated", "include", "oneOf", "skip", "specifiedBy"];

type Checked = Result<(), String>;

/// A schema without errors.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub types: BTreeMap<String, Definition>,
    pub directives: BTreeMap<String, DirectiveDefinition>,
    /// The types at which operations begin, by the operations' names.
    pub roots: BTreeMap<String, String>,
    /// The objects that a value of a type may be.
    pub possible: BTreeMap<String, BTreeSet<String>>,
    /// Where a field stands among those of its type.
    places: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Schema {
    /// The schema of a document.
    pub fn of(document: SchemaDocument) -> Result<Self, String> {
        let mut schema = Self::default();
        let prelude = PRELUDE.clone();
        schema.add_types(prelude.definitions.into_iter().chain(document.definitions), document.extensions)?;
        for directive in prelude.directives.into_iter().chain(document.directives) {
            if schema.directives.contains_key(&directive.name) && !REDEFINABLE.contains(&directive.name.as_str()) {
                return Err(format!("the directive {:?} is defined twice", directive.name));
            }
            schema.directives.insert(directive.name.clone(), directive);
        }
        if document.schema.len() > 1 {
            return Err("there are two schemas; the second may be an extension".to_owned());
        }
        let inferred = document.schema.is_empty();
        for part in document.schema.iter().chain(&document.schema_extension) {
            schema.add_roots(part)?;
        }
        schema.add_possible();
        schema.check()?;
        if inferred {
            for (operation, name) in [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")] {
                if schema.types.contains_key(name) {
                    schema.roots.entry(operation.to_owned()).or_insert_with(|| name.to_owned());
                }
            }
        }
        schema.add_introspection();
        let places = schema.types.iter().map(|(name, known)| {
            let fields = known.fields.iter().enumerate();
            (name.clone(), fields.map(|(at, field)| (field.name.clone(), at)).collect())
        });
        schema.places = places.collect();
        Ok(schema)
    }

    /// A field of a type.
    pub fn field(&self, of: &str, name: &str) -> Option<&FieldDefinition> {
        let place = self.places.get(of)?.get(name)?;
        self.types.get(of)?.fields.get(*place)
    }

    /// The type that a reference names below all lists.
    pub fn named(&self, of: &Type) -> Option<&Definition> {
        self.types.get(of.name())
    }

    fn add_types(&mut self, all: impl Iterator<Item = Definition>, extensions: Vec<Definition>) -> Checked {
        for definition in all {
            let name = definition.name.clone();
            if self.types.insert(name.clone(), definition).is_some() {
                return Err(format!("the type {name:?} is defined twice"));
            }
        }
        for extension in extensions {
            // An extension of a type that is not there defines it, as in parts of federated schemas.
            let base = self.types.entry(extension.name.clone()).or_insert_with(|| Definition {
                kind: extension.kind,
                name: extension.name.clone(),
                ..Definition::default()
            });
            if base.kind != extension.kind {
                return Err(format!("{:?} is extended as another kind of type than it is", extension.name));
            }
            base.directives.extend(extension.directives);
            base.interfaces.extend(extension.interfaces);
            base.fields.extend(extension.fields);
            base.types.extend(extension.types);
            base.enum_values.extend(extension.enum_values);
        }
        Ok(())
    }

    fn add_roots(&mut self, part: &SchemaDefinition) -> Checked {
        for root in &part.operation_types {
            if !self.types.contains_key(&root.of) {
                return Err(format!("the schema names the type {:?}, which is not there", root.of));
            }
            self.roots.insert(root.operation.clone(), root.of.clone());
        }
        self.check_directives(&part.directives, "SCHEMA", None, true)
    }

    fn add_possible(&mut self) {
        for definition in self.types.values() {
            match definition.kind {
                TypeKind::Object => {
                    for of in definition.interfaces.iter().chain([&definition.name]) {
                        self.possible.entry(of.clone()).or_default().insert(definition.name.clone());
                    }
                }
                TypeKind::Union => {
                    self.possible.entry(definition.name.clone()).or_default().extend(definition.types.iter().cloned());
                }
                _ => {}
            }
        }
    }

    /// `__schema` and `__type` at the root of queries.
    fn add_introspection(&mut self) {
        let Some(root) = self.roots.get("query").and_then(|name| self.types.get_mut(name)) else { return };
        let of = |name: &str, non_null| Type { named_type: name.to_owned(), elem: None, non_null };
        let field = |name: &str, of| FieldDefinition { name: name.to_owned(), of, ..FieldDefinition::default() };
        root.fields.push(field("__schema", of("__Schema", true)));
        let arguments = vec![field("name", of("String", true))];
        root.fields.push(FieldDefinition { arguments, ..field("__type", of("__Type", false)) });
    }

    fn check(&self) -> Checked {
        for definition in self.types.values() {
            self.check_type(definition).map_err(|why| format!("the type {:?}: {why}", definition.name))?;
        }
        for directive in self.directives.values() {
            let checked =
                plain(&directive.name).and_then(|()| self.check_arguments(&directive.arguments, Some(&directive.name)));
            checked.map_err(|why| format!("the directive {:?}: {why}", directive.name))?;
        }
        self.check_rings()
    }

    fn check_type(&self, definition: &Definition) -> Checked {
        let Definition { kind, name, fields, types, enum_values, .. } = definition;
        self.check_fields(definition)?;
        if let Some(member) = types.iter().find(|member| self.kind(member) != Some(TypeKind::Object)) {
            return Err(format!("{member:?} is no object, and only objects make a union"));
        }
        let interfaces: BTreeSet<&String> = definition.interfaces.iter().collect();
        let by_name: BTreeMap<&str, &FieldDefinition> =
            fields.iter().map(|field| (field.name.as_str(), field)).collect();
        for interface in &interfaces {
            self.check_implements(&by_name, &interfaces, interface)?;
        }
        let empty = match kind {
            TypeKind::Object | TypeKind::Interface | TypeKind::InputObject => fields.is_empty(),
            TypeKind::Enum => enum_values.is_empty(),
            TypeKind::Scalar | TypeKind::Union => false,
        };
        if empty {
            return Err("it must have at least one field or value".to_owned());
        }
        for value in enum_values {
            if matches!(value.name.as_str(), "true" | "false" | "null") {
                return Err(format!("{:?} cannot be a value of an enum", value.name));
            }
            self.check_directives(&value.directives, "ENUM_VALUE", None, true)?;
        }
        unique(fields.iter().map(|field| &field.name))?;
        unique(enum_values.iter().map(|value| &value.name))?;
        unique(types.iter())?;
        if !definition.built_in {
            plain(name)?;
        }
        // Directives of a type and of its extensions stand at different places, so one may be there twice.
        self.check_directives(&definition.directives, kind.location(), None, false)
    }

    fn check_fields(&self, definition: &Definition) -> Checked {
        let input = definition.kind == TypeKind::InputObject;
        for field in &definition.fields {
            plain(&field.name)?;
            let of = self.named(&field.of).ok_or_else(|| format!("there is no type {:?}", field.of.name()))?;
            let fits = if input { of.kind.input() } else { of.kind != TypeKind::InputObject };
            if !fits {
                return Err(format!("the field {:?} cannot be of the type {:?}", field.name, of.name));
            }
            self.check_arguments(&field.arguments, None)?;
            let location = if input { "INPUT_FIELD_DEFINITION" } else { "FIELD_DEFINITION" };
            self.check_directives(&field.directives, location, None, true)?;
        }
        Ok(())
    }

    fn kind(&self, name: &str) -> Option<TypeKind> {
        self.types.get(name).map(|definition| definition.kind)
    }

    fn check_arguments(&self, arguments: &[FieldDefinition], of_directive: Option<&str>) -> Checked {
        for argument in arguments {
            plain(&argument.name)?;
            let of = self.named(&argument.of).ok_or_else(|| format!("there is no type {:?}", argument.of.name()))?;
            if !of.kind.input() {
                return Err(format!("the argument {:?} cannot be of the type {:?}", argument.name, of.name));
            }
            self.check_directives(&argument.directives, "ARGUMENT_DEFINITION", of_directive, true)?;
        }
        Ok(())
    }

    /// `within` is the directive whose definition this is: it cannot be applied to itself.
    fn check_directives(&self, all: &[Directive], location: &str, within: Option<&str>, one_place: bool) -> Checked {
        let mut seen = BTreeSet::new();
        for directive in all {
            let name = &directive.name;
            plain(name)?;
            if within == Some(name) {
                return Err(format!("the directive {name:?} refers to itself"));
            }
            let known = self.directives.get(name).ok_or_else(|| format!("there is no directive {name:?}"))?;
            if one_place && !seen.insert(name) && !known.is_repeatable {
                return Err(format!("the directive {name:?} is applied twice"));
            }
            if !known.locations.iter().any(|known| known == location) {
                return Err(format!("the directive {name:?} cannot be applied to {location}"));
            }
            let given = |name: &str| directive.arguments.iter().find(|argument| argument.name == name);
            for argument in &directive.arguments {
                if !known.arguments.iter().any(|known| known.name == argument.name) {
                    return Err(format!("the directive {name:?} has no argument {:?}", argument.name));
                }
            }
            for wanted in known.arguments.iter().filter(|known| known.of.non_null && known.default_value.is_none()) {
                if given(&wanted.name).is_none_or(|given| given.value.kind == Kind::Null) {
                    return Err(format!("the directive {name:?} needs the argument {:?}", wanted.name));
                }
            }
        }
        Ok(())
    }

    /// Whether a type has what an interface promises.
    fn check_implements(
        &self,
        fields: &BTreeMap<&str, &FieldDefinition>,
        interfaces: &BTreeSet<&String>,
        name: &str,
    ) -> Checked {
        let interface = self.types.get(name).filter(|found| found.kind == TypeKind::Interface);
        let interface = interface.ok_or_else(|| format!("there is no interface {name:?}"))?;
        for wanted in &interface.fields {
            let found = fields
                .get(wanted.name.as_str())
                .ok_or_else(|| format!("it lacks the field {:?} of {name:?}", wanted.name))?;
            if !self.narrows(&found.of, &wanted.of) {
                return Err(format!("the field {:?} has another type than in {name:?}", wanted.name));
            }
            for argument in &wanted.arguments {
                let same = found.arguments.iter().find(|found| found.name == argument.name);
                if !same.is_some_and(|same| compatible(&argument.of, &same.of)) {
                    return Err(format!("the field {:?} has other arguments than in {name:?}", wanted.name));
                }
            }
            let needed = |one: &&FieldDefinition| one.of.non_null && one.default_value.is_none();
            for more in found.arguments.iter().filter(needed) {
                if !wanted.arguments.iter().any(|known| known.name == more.name) {
                    return Err(format!("the argument {:?} must be optional, for {name:?} lacks it", more.name));
                }
            }
        }
        match interface.interfaces.iter().find(|above| !interfaces.contains(above)) {
            Some(above) => Err(format!("it must implement {above:?}, as {name:?} does")),
            None => Ok(()),
        }
    }

    /// Whether every value of one type is one of another.
    fn narrows(&self, one: &Type, other: &Type) -> bool {
        if other.non_null && !one.non_null {
            return false;
        }
        match (&one.elem, &other.elem) {
            (Some(one), Some(other)) => self.narrows(one, other),
            (None, None) => {
                let implements =
                    self.types.get(&one.named_type).is_some_and(|found| found.interfaces.contains(&other.named_type));
                let possible = self.possible.get(&other.named_type).is_some_and(|all| all.contains(&one.named_type));
                one.named_type == other.named_type || implements || possible
            }
            _ => false,
        }
    }

    /// Inputs that need each other in a ring can never be given.
    fn check_rings(&self) -> Checked {
        let needs = |name: &str| {
            let fields = self.types.get(name).filter(|found| found.kind == TypeKind::InputObject);
            let fields = fields.into_iter().flat_map(|found| &found.fields);
            let needed = fields.filter(|field| field.of.non_null && field.of.elem.is_none());
            needed.map(|field| field.of.named_type.as_str()).collect::<Vec<_>>()
        };
        match ring(self.types.keys().map(String::as_str), needs) {
            Some(name) => Err(format!("the input {name:?} needs itself")),
            None => Ok(()),
        }
    }
}

/// A name from which a way leads back to it, if there is one.
pub(super) fn ring<'n>(names: impl Iterator<Item = &'n str>, next: impl Fn(&str) -> Vec<&'n str>) -> Option<&'n str> {
    // Whether a name is still on the way, or done with.
    let mut on_way: BTreeMap<&str, bool> = BTreeMap::new();
    for name in names {
        if on_way.contains_key(name) {
            continue;
        }
        on_way.insert(name, true);
        let mut way = vec![(name, next(name))];
        while let Some((name, ahead)) = way.last_mut() {
            let Some(step) = ahead.pop() else {
                on_way.insert(name, false);
                way.pop();
                continue;
            };
            match on_way.get(step) {
                Some(true) => return Some(step),
                Some(false) => {}
                None => {
                    on_way.insert(step, true);
                    way.push((step, next(step)));
                }
            }
        }
    }
    None
}

/// Whether a value of one type can be used where another is expected.
pub(super) fn compatible(one: &Type, other: &Type) -> bool {
    let nulls = one.non_null || !other.non_null;
    let inner = match (&one.elem, &other.elem) {
        (Some(one), Some(other)) => compatible(one, other),
        (None, None) => one.named_type == other.named_type,
        _ => false,
    };
    nulls && inner
}

/// Names that begin with two underscores are the language's own.
fn plain(name: &str) -> Checked {
    if name.starts_with("__") { Err(format!("{name:?} must not begin with two underscores")) } else { Ok(()) }
}

pub(super) fn unique<'n>(names: impl Iterator<Item = &'n String>) -> Checked {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("{name:?} is there twice"));
        }
    }
    Ok(())
}
