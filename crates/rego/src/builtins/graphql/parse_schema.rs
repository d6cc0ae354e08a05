//! Reads schemas.

use super::ast::{
    Definition, DirectiveDefinition, EnumValue, FieldDefinition, OperationType, SchemaDefinition, SchemaDocument,
    TypeKind,
};
use super::lex::Kind as T;
use super::parse::{Parser, Read};

/// Where a directive may be applied.
const LOCATIONS: [&str; 19] = [
    "ARGUMENT_DEFINITION",
    "ENUM",
    "ENUM_VALUE",
    "FIELD",
    "FIELD_DEFINITION",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "INPUT_FIELD_DEFINITION",
    "INPUT_OBJECT",
    "INTERFACE",
    "MUTATION",
    "OBJECT",
    "QUERY",
    "SCALAR",
    "SCHEMA",
    "SUBSCRIPTION",
    "UNION",
    "VARIABLE_DEFINITION",
];

/// Reads a schema.
pub(super) fn schema(text: &str) -> Read<SchemaDocument> {
    let mut parser = Parser::of(text)?;
    let mut out = SchemaDocument::default();
    while parser.peek().kind != T::End {
        let described = matches!(parser.peek().kind, T::String | T::Block);
        let description = parser.description();
        if parser.is_word("schema") {
            parser.keyword("schema")?;
            let mut schema = schema_body(&mut parser)?;
            schema.description = description;
            if schema.operation_types.is_empty() {
                return Err(parser.unexpected());
            }
            out.schema.push(schema);
        } else if parser.is_word("directive") {
            out.directives.push(directive(&mut parser, description)?);
        } else if parser.is_word("extend") && !described {
            extension(&mut parser, &mut out)?;
        } else {
            let mut definition = definition(&mut parser)?;
            definition.description = description;
            out.definitions.push(definition);
        }
    }
    Ok(out)
}

fn schema_body(parser: &mut Parser<'_>) -> Read<SchemaDefinition> {
    let directives = parser.directives(true)?;
    let operation_types = parser.some('{', '}', |parser| {
        let operation = parser.operation_kind()?;
        parser.expect(T::Sign(':'))?;
        Ok(OperationType { operation, of: parser.name()? })
    })?;
    Ok(SchemaDefinition { directives, operation_types, ..SchemaDefinition::default() })
}

/// An extension must add something.
fn extension(parser: &mut Parser<'_>, out: &mut SchemaDocument) -> Read<()> {
    parser.keyword("extend")?;
    if parser.is_word("schema") {
        parser.keyword("schema")?;
        let body = schema_body(parser)?;
        if body.directives.is_empty() && body.operation_types.is_empty() {
            return Err(parser.unexpected());
        }
        out.schema_extension.push(body);
        return Ok(());
    }
    let added = definition(parser)?;
    let nothing = added.directives.is_empty()
        && added.interfaces.is_empty()
        && added.fields.is_empty()
        && added.types.is_empty()
        && added.enum_values.is_empty();
    if nothing {
        return Err(parser.unexpected());
    }
    out.extensions.push(added);
    Ok(())
}

/// A type, without its description.
fn definition(parser: &mut Parser<'_>) -> Read<Definition> {
    let kind = match parser.peek().text.as_str() {
        "scalar" => TypeKind::Scalar,
        "type" => TypeKind::Object,
        "interface" => TypeKind::Interface,
        "union" => TypeKind::Union,
        "enum" => TypeKind::Enum,
        "input" => TypeKind::InputObject,
        _ => return Err(parser.unexpected()),
    };
    parser.name()?;
    let mut out = Definition { kind, name: parser.name()?, ..Definition::default() };
    if matches!(kind, TypeKind::Object | TypeKind::Interface) && parser.is_word("implements") {
        parser.keyword("implements")?;
        out.interfaces = separated(parser, '&')?;
    }
    out.directives = parser.directives(true)?;
    match kind {
        TypeKind::Scalar => {}
        TypeKind::Object | TypeKind::Interface => out.fields = parser.some('{', '}', field)?,
        TypeKind::InputObject => out.fields = parser.some('{', '}', input)?,
        TypeKind::Enum => out.enum_values = parser.some('{', '}', enum_value)?,
        TypeKind::Union => {
            if parser.skip(T::Sign('=')) {
                out.types = separated(parser, '|')?;
            }
        }
    }
    Ok(out)
}

/// Names with a sign between them, which may stand before the first, too.
fn separated(parser: &mut Parser<'_>, sign: char) -> Read<Vec<String>> {
    parser.skip(T::Sign(sign));
    let mut out = vec![parser.name()?];
    while parser.skip(T::Sign(sign)) {
        out.push(parser.name()?);
    }
    Ok(out)
}

fn field(parser: &mut Parser<'_>) -> Read<FieldDefinition> {
    let (description, name) = (parser.description(), parser.name()?);
    let arguments = parser.some('(', ')', input)?;
    parser.expect(T::Sign(':'))?;
    let of = parser.type_reference()?;
    Ok(FieldDefinition { description, name, arguments, default_value: None, of, directives: parser.directives(true)? })
}

/// An argument, or a field of an input.
fn input(parser: &mut Parser<'_>) -> Read<FieldDefinition> {
    let (description, name) = (parser.description(), parser.name()?);
    parser.expect(T::Sign(':'))?;
    let of = parser.type_reference()?;
    let default_value = parser.default_value()?;
    let directives = parser.directives(true)?;
    Ok(FieldDefinition { description, name, arguments: Vec::new(), default_value, of, directives })
}

fn enum_value(parser: &mut Parser<'_>) -> Read<EnumValue> {
    let (description, name) = (parser.description(), parser.name()?);
    Ok(EnumValue { description, name, directives: parser.directives(true)? })
}

fn directive(parser: &mut Parser<'_>, description: String) -> Read<DirectiveDefinition> {
    parser.keyword("directive")?;
    parser.expect(T::Sign('@'))?;
    let name = parser.name()?;
    let arguments = parser.some('(', ')', input)?;
    let is_repeatable = parser.is_word("repeatable");
    if is_repeatable {
        parser.keyword("repeatable")?;
    }
    parser.keyword("on")?;
    parser.skip(T::Sign('|'));
    let mut locations = Vec::new();
    loop {
        if !LOCATIONS.contains(&parser.peek().text.as_str()) {
            return Err(parser.unexpected());
        }
        locations.push(parser.name()?);
        if !parser.skip(T::Sign('|')) {
            break;
        }
    }
    Ok(DirectiveDefinition { description, name, arguments, locations, is_repeatable })
}
