//! The languages below all others: JSON beside another reader of it, YAML in every schema, HCL.

use crate::holds;
use mainstay_iac::{Node, Origin, Value, hcl, json, yaml};
use serde_json::Value as Json;

/// One text as each of the three.
pub fn texts(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    like_another(text);
    let (_, diagnostics) = json::parse_many(text, Origin::of("a.json"));
    holds::places_of(&diagnostics, input);
    if let Err(diagnostic) = json::parse_lenient(text, Origin::of("a.json")) {
        holds::places_of(&[*diagnostic], input);
    }
    for schema in [yaml::Schema::Core, yaml::Schema::Kubernetes, yaml::Schema::Terraform, yaml::Schema::CloudFormation]
    {
        let read = yaml::parse(text, Origin::of("a.yaml"), schema);
        holds::places_of(&read.diagnostics, input);
    }
    let file = hcl::parse(text, Origin::of("a.tf"));
    holds::places_of(&file.diagnostics, input);
}

/// What is JSON to one reader is JSON to the other, and the same.
fn like_another(text: &str) {
    let ours = json::parse(text, Origin::of("a.json"));
    let theirs: Result<Json, _> = serde_json::from_str(text);
    match (ours, theirs) {
        (Ok(node), Ok(json)) => assert!(is_same(&node, &json), "{node:?} and {json}"),
        (Ok(node), Err(error)) => {
            assert!(is_bound(&error.to_string(), text), "read as {node:?}, but {error}");
        }
        (Err(diagnostic), Ok(json)) => assert!(diagnostic.code == "json.depth", "{diagnostic} for {json}"),
        (Err(diagnostic), Err(_)) => holds::places_of(&[*diagnostic], text.as_bytes()),
    }
}

/// What the other reader refuses for a bound of its own: a number beyond its range, nesting, half a pair of surrogates,
/// in place of which we read U+FFFD as Terraform does.
fn is_bound(error: &str, text: &str) -> bool {
    let has_surrogate = text.to_ascii_lowercase().contains("\\ud");
    error.contains("out of range")
        || error.contains("recursion limit")
        || (error.contains("hex escape") && has_surrogate)
}

fn is_same(node: &Node, json: &Json) -> bool {
    match (&node.value, json) {
        (Value::Null, Json::Null) | (Value::Unknown(_), Json::Number(_)) => true,
        (Value::Bool(a), Json::Bool(b)) => a == b,
        (Value::String(a), Json::String(b)) => **a == **b,
        // Ours are exact, and the other's are not.
        (Value::Number(a), Json::Number(b)) => {
            let (a, b) = (a.to_string().parse::<f64>().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= a.abs() * 1e-9 + 1e-20
        }
        (Value::List(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Value::Map(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        _ => false,
    }
}
