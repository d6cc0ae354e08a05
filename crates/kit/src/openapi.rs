//! OpenAPI 3.1 from the declared operations: what is documented is what is served, because both are the same list.

use crate::operation::{Method, Operation, inline};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The document for the operations.
#[must_use]
pub fn openapi(operations: &[Operation]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in operations {
        let entry = describe(operation, &mut generator);
        let path = paths.entry(operation.path.to_owned()).or_insert_with(|| json!({}));
        path[verb(operation.method)] = entry;
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mainstay",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "One ledger of facts about infrastructure; every figure opens the facts that made it.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    })
}

const fn verb(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Delete => "delete",
    }
}

fn describe(operation: &Operation, generator: &mut schemars::SchemaGenerator) -> Value {
    let in_path: Vec<_> = operation.path_parameters().collect();
    let input = inline(generator, operation.input);
    let properties = input["properties"].as_object().cloned().unwrap_or_default();
    let required: Vec<&str> = input["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut parameters = Vec::new();
    let mut body = Map::new();
    for (name, schema) in &properties {
        let path = in_path.contains(&name.as_str());
        if path || operation.method == Method::Get {
            let mut parameter = json!({"name": name, "in": if path { "path" } else { "query" }, "schema": schema});
            parameter["required"] = Value::Bool(path || required.contains(&name.as_str()));
            if let Some(text) = schema.get("description") {
                parameter["description"] = text.clone();
            }
            parameters.push(parameter);
        } else {
            body.insert(name.clone(), schema.clone());
        }
    }
    let output = match (operation.output)(generator).to_value() {
        // "Anything" as an object, which every reader of OpenAPI understands; `true` is the same, and many do not.
        Value::Bool(true) => json!({}),
        schema => schema,
    };
    let mut entry = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.id.split('.').next().unwrap_or_default()],
        "parameters": parameters,
        "responses": {
            "200": {"description": "done", "content": {"application/json": {"schema": output}}},
            "default": {
                "description": "what went wrong and what to do about it",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    });
    if operation.method == Method::Post {
        let needed: Vec<_> = required.into_iter().filter(|name| !in_path.contains(name)).collect();
        let schema = match properties.is_empty() && input.get("properties").is_none() {
            // An input that is no plain object (a fact, or a batch of them) is the body as a whole.
            true => input,
            false => json!({"type": "object", "properties": body, "required": needed}),
        };
        entry["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    entry
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457 problem details",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
        },
    })
}
