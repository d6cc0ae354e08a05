//! An operation is the one way to do or ask something. The HTTP route, the OpenAPI entry, the command line and the pages
//! all come from, or call, the same declaration; there is no second code path.

use crate::{Call, Problem};
use mainstay_model::facts::Role;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The HTTP methods that operations use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks; changes nothing.
    Get,
    /// Does something.
    Post,
    /// Takes something back.
    Delete,
}

/// What runs an operation.
type Run = Arc<dyn Fn(&Call<'_>, Value) -> Result<Value, Problem> + Send + Sync>;

/// One operation.
#[derive(Clone)]
pub struct Operation {
    /// `finding.waive`: the name in audit facts, in OpenAPI, and (with a space for the dot) on the command line.
    pub id: &'static str,
    /// HTTP method.
    pub method: Method,
    /// HTTP path with `{name}` for what the path carries: `/v1/findings/{id}/waiver`.
    pub path: &'static str,
    /// One line for help and OpenAPI.
    pub summary: &'static str,
    /// The least role that may.
    pub least: Role,
    /// Schema of the input: one object of everything that path, query and body carry.
    pub input: fn(&mut SchemaGenerator) -> Schema,
    /// Schema of the answer.
    pub output: fn(&mut SchemaGenerator) -> Schema,
    /// Fields of the list's items that the table for eyes shows, in order; empty for an answer that is no list.
    pub columns: &'static [&'static str],
    run: Run,
}

/// The input of an operation that takes nothing.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl Operation {
    /// Declares an operation.
    pub fn new<In, Out>(
        id: &'static str,
        (method, path): (Method, &'static str),
        least: Role,
        summary: &'static str,
        run: fn(&Call<'_>, In) -> Result<Out, Problem>,
    ) -> Self
    where
        In: DeserializeOwned + JsonSchema + 'static,
        Out: Serialize + JsonSchema + 'static,
    {
        let run: Run = Arc::new(move |call, input| {
            let input: In = serde_json::from_value(input)
                .map_err(|e| Problem::malformed("request.malformed", format!("the request does not fit {id}: {e}")))?;
            let output = run(call, input)?;
            serde_json::to_value(output).map_err(|e| Problem::ours("answer.unwritable", e.to_string()))
        });
        Self {
            id,
            method,
            path,
            summary,
            least,
            input: |generator| generator.subschema_for::<In>(),
            output: |generator| generator.subschema_for::<Out>(),
            columns: &[],
            run,
        }
    }

    /// Names the columns of the table for eyes.
    #[must_use]
    pub fn with_columns(mut self, columns: &'static [&'static str]) -> Self {
        self.columns = columns;
        self
    }

    /// Runs it, if the principal's role and scopes allow. A denial is written down as a fact.
    ///
    /// # Errors
    /// [`Problem`] of the operation, or 403.
    pub fn run(&self, call: &Call<'_>, input: Value) -> Result<Value, Problem> {
        if let Err(reason) = call.principal.may(self) {
            call.record_denial(self.id, &reason);
            return Err(Problem::forbidden(reason));
        }
        (self.run)(call, input)
    }

    /// The names that the path carries.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The properties of the input, by name, with their schemas.
    #[must_use]
    pub fn properties(&self) -> Map<String, Value> {
        let mut generator = SchemaGenerator::default();
        let schema = inline(&mut generator, self.input);
        schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

/// The schema itself where `subschema_for` gives only a reference to it.
pub(crate) fn inline(generator: &mut SchemaGenerator, schema: fn(&mut SchemaGenerator) -> Schema) -> Value {
    let value = schema(generator).to_value();
    let Some(name) = value.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()) else {
        return value;
    };
    generator.definitions().get(name).cloned().unwrap_or(value)
}

/// Puts texts from a path or a query into the form that the input's schema asks for: `limit=20` is a number there.
#[must_use]
pub fn coerce(properties: &Map<String, Value>, name: &str, text: &str) -> Value {
    let wants = |kind: &str| properties.get(name).is_some_and(|schema| has_type(schema, kind));
    if wants("integer") || wants("number") {
        if let Ok(number) = text.parse::<i64>() {
            return Value::from(number);
        }
        if let Some(number) = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
            return Value::Number(number);
        }
    }
    match text {
        "true" if wants("boolean") => Value::Bool(true),
        "false" if wants("boolean") => Value::Bool(false),
        _ if wants("array") => {
            text.split(',').filter(|part| !part.is_empty()).map(|part| Value::String(part.to_owned())).collect()
        }
        _ => Value::String(text.to_owned()),
    }
}

fn has_type(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(many) => many.iter().any(|one| one == kind),
        _ => false,
    }
}
