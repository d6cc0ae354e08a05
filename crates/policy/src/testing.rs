//! For tests: readings written as short JSON instead of files of a real format.

use crate::{ControlFile, Engine};
use mainstay_iac::{At, Block, Dialect, Map, Node, Reading, Reference, Resource, Unknown, Value};
use mainstay_model::{Diagnostic, Verdict};
use serde_json::Value as Json;

/// Resources from `{"type.name": {attributes}}`. A text `$ref:TYPE.NAME` is a reference, `$unknown` is unknown; a type
/// may begin with `data.`. Attributes stand on the lines 1, 2, ... of `main.tf` in their order.
pub(crate) fn reading(json: &Json) -> Reading {
    let mut resources = Vec::new();
    for (name, body) in json.as_object().expect("a map of resources") {
        let (block, bare) = match name.strip_prefix("data.") {
            Some(bare) => (Block::Data, bare),
            None => (Block::Resource, name.as_str()),
        };
        let (resource_type, short) = bare.split_once('.').expect("type.name");
        let short = short.split('[').next().unwrap_or(short);
        let mut references = Vec::new();
        let Value::Map(body) = node(body, "", &mut references).value else { panic!("attributes") };
        let kubernetes = resource_type.starts_with(char::is_uppercase);
        resources.push(Resource {
            dialect: if kubernetes { Dialect::Kubernetes } else { Dialect::Terraform },
            block,
            address: name.clone(),
            resource_type: resource_type.to_owned(),
            api_version: String::new(),
            name: short.to_owned(),
            namespace: None,
            body,
            at: At { file: 0, line: 1, column: 1 },
            line_end: 9,
            references,
            root: ".".into(),
            action: None,
            live_id: None,
        });
    }
    Reading { files: vec!["main.tf".to_owned()], resources, ..Reading::default() }
}

fn node(json: &Json, path: &str, references: &mut Vec<Reference>) -> Node {
    let at = At { file: 0, line: 2, column: 3 };
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(known) => Value::Bool(*known),
        Json::Number(number) => Value::Number(number.to_string().parse().expect("a number")),
        Json::String(text) => match text.strip_prefix("$ref:") {
            Some(target) => {
                references.push(Reference { attribute: path.to_owned(), target: target.to_owned() });
                unknown(&format!("{target} is known after apply"), &[target])
            }
            None if text == "$unknown" => unknown("var.x has no value", &[]),
            None => Value::String(text.as_str().into()),
        },
        Json::Array(items) => {
            let each = items.iter().enumerate().map(|(at, item)| node(item, &below(&at.to_string()), references));
            Value::List(each.collect())
        }
        Json::Object(entries) => {
            let mut map = Map::default();
            for (key, value) in entries {
                map.set(key.as_str(), node(value, &below(key), references));
            }
            Value::Map(map)
        }
    };
    Node { value, at }
}

fn unknown(why: &str, refers: &[&str]) -> Value {
    let refers: Vec<String> = refers.iter().map(|target| (*target).to_owned()).collect();
    Value::Unknown(Unknown::referring(why, refers.into()))
}

/// A control's page around a rule.
pub(crate) fn page(types: &str, rule: &str) -> ControlFile {
    let text = format!(
        "---\nid: test.rule\ntitle: a test\nseverity: high\ntypes: [{types}]\n---\n\n## Why\n\nBecause.\n\n## Fix\n\nSo.\n\n\
         ```rule\n{rule}\n```\n\n## Examples\n\n```hcl pass\n```\n\n```hcl fail\n```\n\n```hcl unknown\n```\n"
    );
    ControlFile { path: "controls/test.md".to_owned(), text }
}

/// An engine of one rule that must load.
pub(crate) fn engine(types: &str, rule: &str) -> Engine {
    let (engine, wrong) = Engine::load(&[page(types, rule)]);
    assert_eq!(wrong, [], "{rule}");
    engine
}

/// What a broken rule is told.
pub(crate) fn complaint(rule: &str) -> Diagnostic {
    let (_, mut wrong) = Engine::load(&[page("t", rule)]);
    assert_eq!(wrong.len(), 1, "{rule}: {wrong:?}");
    wrong.remove(0)
}

/// The verdict and reason of a rule on `t.x` with these attributes; `None` where it does not apply.
pub(crate) fn judged(rule: &str, attributes: &Json) -> Option<(Verdict, String)> {
    among(rule, &serde_json::json!({"t.x": attributes}))
}

/// As [`judged`], among other resources.
pub(crate) fn among(rule: &str, resources: &Json) -> Option<(Verdict, String)> {
    let judgements = engine("t", rule).judge(&reading(resources));
    judgements.into_iter().find(|judgement| &*judgement.resource == "t.x").map(|found| (found.verdict, found.why))
}

/// The verdict alone.
pub(crate) fn verdict(rule: &str, attributes: &Json) -> Verdict {
    judged(rule, attributes).expect("the rule applies").0
}
