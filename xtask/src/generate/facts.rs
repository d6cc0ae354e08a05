//! Reference of the fact types: a page and a JSON Schema each, and an index, from the types themselves.

use super::{Texts, sorted};
use crate::shell::{Outcome, read, root};
use mainstay_model::fact_types;
use serde_json::Value;
use std::fmt::Write as _;

/// Where the pages go.
const FOLDER: &str = "docs/reference/facts";

/// Adds pages, schemas and index.
pub fn generate(texts: &mut Texts) -> Outcome<()> {
    let mut index = String::from(
        "# Fact types\n\nGenerated from `crates/model/src/facts` by `cargo xtask generate`.\n\n\
         A fact is a CloudEvents 1.0 object; each page says what its `data` holds. Send facts of any of these types, or of a \
         namespaced type of your own, to `POST /v1/facts`.\n\n| type | says |\n| --- | --- |\n",
    );
    for info in fact_types() {
        let schema = sorted((info.schema)().to_value());
        let says = first_sentence(schema["description"].as_str().unwrap_or_default());
        writeln!(index, "| [`{0}`]({0}.md) | {says} |", info.name).map_err(|e| e.to_string())?;
        let golden = read(&root().join(format!("crates/model/golden/{}.json", info.name)))?;
        texts.insert(format!("{FOLDER}/{}.md", info.name), page(info.name, &schema, &golden)?);
        let pretty = serde_json::to_string_pretty(&schema).map_err(|e| e.to_string())?;
        texts.insert(format!("{FOLDER}/{}.schema.json", info.name), pretty + "\n");
    }
    texts.insert(format!("{FOLDER}/README.md"), index);
    Ok(())
}

fn page(name: &str, schema: &Value, golden: &str) -> Outcome<String> {
    let mut out = format!("# {name}\n\n{}\n\n", schema["description"].as_str().unwrap_or_default());
    write!(out, "Schema of `data`: [{name}.schema.json]({name}.schema.json)\n\n").map_err(|e| e.to_string())?;
    let mut rows = Vec::new();
    fields(schema, schema, "", &mut rows);
    if rows.is_empty() {
        out.push_str("`data` is an empty object: type, subject and time say it all.\n");
    } else {
        out.push_str("| field | type | | what it says |\n| --- | --- | --- | --- |\n");
        for row in rows {
            writeln!(out, "| `{}` | {} | {} | {} |", row.path, row.kind, row.need, row.text)
                .map_err(|e| e.to_string())?;
        }
    }
    write!(out, "\n## Example\n\n```json\n{}\n```\n", golden.trim_end()).map_err(|e| e.to_string())?;
    Ok(out)
}

struct Row {
    path: String,
    kind: String,
    need: &'static str,
    text: String,
}

/// Adds the fields of an object, and of the objects in it, in the order of the schema.
fn fields(root: &Value, schema: &Value, prefix: &str, rows: &mut Vec<Row>) {
    let schema = resolve(root, schema);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        let need = if required.contains(&name.as_str()) { "required" } else { "" };
        rows.push(Row {
            path: path.clone(),
            kind: kind(root, field),
            need,
            text: one_line(field, resolve(root, bare(field))),
        });
        let inner = resolve(root, bare(field));
        let item = resolve(root, bare(&inner["items"]));
        if inner["properties"].is_object() {
            fields(root, inner, &format!("{path}."), rows);
        } else if item["properties"].is_object() {
            fields(root, item, &format!("{path}[]."), rows);
        }
    }
    for variant in schema["oneOf"].as_array().into_iter().flatten().filter(|variant| variant["properties"].is_object())
    {
        let tag =
            variant["properties"].as_object().into_iter().flatten().find_map(|(k, v)| Some((k, v["const"].as_str()?)));
        let Some((key, value)) = tag else { continue };
        let text = one_line(variant, variant);
        rows.push(Row { path: format!("{prefix}{key}"), kind: format!("`{value}`"), need: "", text });
        let mut inner = Vec::new();
        fields(root, variant, prefix, &mut inner);
        rows.extend(inner.into_iter().filter(|row| row.path != format!("{prefix}{key}")));
    }
}

/// Follows `$ref`.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    schema["$ref"].as_str().and_then(|path| root.pointer(path.strip_prefix('#')?)).unwrap_or(schema)
}

/// The schema behind "this or null".
fn bare(field: &Value) -> &Value {
    let options = field["anyOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    options.iter().find(|option| option["type"] != "null").unwrap_or(field)
}

fn kind(root: &Value, field: &Value) -> String {
    let schema = resolve(root, bare(field));
    let words = |value: &Value| -> Option<String> {
        let list: Vec<String> = value.as_array()?.iter().filter_map(|v| Some(format!("`{}`", v.as_str()?))).collect();
        (!list.is_empty()).then(|| list.join(", "))
    };
    if let Some(words) = words(&schema["enum"]) {
        return words;
    }
    let constants: Vec<String> = schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|v| v["const"].as_str())
        .map(|c| format!("`{c}`"))
        .collect();
    if !constants.is_empty() {
        return constants.join(", ");
    }
    let named = match &schema["type"] {
        Value::String(name) => name.as_str(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("any"),
        _ => "any",
    };
    match (named, schema["format"].as_str(), &schema["items"]) {
        ("string", Some("date-time"), _) => "time".to_owned(),
        ("array", _, items) if !items.is_null() => format!("list of {}", kind(root, items)),
        ("object", _, _) if schema["additionalProperties"].is_object() => {
            format!("map to {}", kind(root, &schema["additionalProperties"]))
        }
        (name, _, _) => name.to_owned(),
    }
}

fn one_line(field: &Value, inner: &Value) -> String {
    let text = field["description"].as_str().or_else(|| inner["description"].as_str()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.find(". ").or_else(|| line.find("; ")).unwrap_or_else(|| line.trim_end_matches('.').len());
    line[..end].replace('|', "\\|")
}
