//! GraphQL: `graphql.*`. Queries and schemas come as texts, or as trees that these functions gave before.
//!
//! Trees have the names of OPA's. Comments are left out of them, and the rules are those of October 2021 with `@defer` and
//! `@oneOf`.

mod ast;
mod lex;
mod merge;
mod parse;
mod parse_schema;
mod schema;
mod validate;
mod values;

use super::{Answer, Function, json, text};
use ast::{Query, SchemaDocument};
use regorus::Value;
use schema::Schema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("graphql.is_valid", 2, |a| Ok(Value::from(verified(a).is_ok()))),
    ("graphql.parse", 2, |a| verified(a).map(|(query, schema)| Value::from(vec![query, schema]))),
    ("graphql.parse_and_verify", 2, |a| {
        let nothing = || Value::from(BTreeMap::new());
        let (valid, query, schema) = match verified(a) {
            Ok((query, schema)) => (true, query, schema),
            Err(_) => (false, nothing(), nothing()),
        };
        Ok(Value::from(vec![Value::from(valid), query, schema]))
    }),
    ("graphql.parse_query", 1, |a| tree(&parse::query(text(a, 0)?)?)),
    ("graphql.parse_schema", 1, |a| tree(&parse_schema::schema(text(a, 0)?)?)),
    ("graphql.schema_is_valid", 1, |a| {
        let document = document::<SchemaDocument>(&a[0], parse_schema::schema);
        Ok(Value::from(document.and_then(Schema::of).is_ok()))
    }),
];

/// A document from its text or its tree.
fn document<D: DeserializeOwned>(value: &Value, parse: fn(&str) -> Result<D, String>) -> Result<D, String> {
    match value {
        Value::String(text) => parse(text),
        Value::Object(_) => serde_json::from_value(json(value)?).map_err(|error| error.to_string()),
        _ => Err("a document must be a text or a tree".to_owned()),
    }
}

fn tree(document: &impl Serialize) -> Answer {
    Ok(Value::from(serde_json::to_value(document).map_err(|error| error.to_string())?))
}

/// The trees of a query and of a schema for which it is valid.
fn verified(arguments: &[Value]) -> Result<(Value, Value), String> {
    let query: Query = document(&arguments[0], parse::query)?;
    let document: SchemaDocument = document(&arguments[1], parse_schema::schema)?;
    let trees = (tree(&query)?, tree(&document)?);
    validate::query(&Schema::of(document)?, &query)?;
    Ok(trees)
}
