//! IAM policies in one shape, whether written as JSON, as a map or as Terraform's `aws_iam_policy_document`: a list of
//! maps with `sid`, `effect`, `actions`, `not_actions`, `resources`, `not_resources`, `principals` and `not_principals`
//! (each `{type, identifiers}`), `conditions` and `anyone` (an allowed principal is a wildcard).

use super::eval::Evaluation;
use super::value::{Doubt, Item, Val};
use crate::lang::Id;
use mainstay_iac::{At, Block, Map, Node, Origin, Resource, Unknown, Value, yaml};
use std::sync::Arc;

/// What was made of a text, a node or a resource; with its place in memory or index the key of the memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Parsed {
    Json,
    Yaml,
    Text,
    Node,
    Document,
}

/// How many levels of `source_policy_documents` are followed.
const SOURCES_MAX: u32 = 8;

/// `json(x)`: what a JSON text holds.
pub(crate) fn json<'a>(on: &Evaluation<'a, '_>, val: Val<'a>) -> Val<'a> {
    if let Some(known) = partial(on, val, on.at()) {
        return known;
    }
    let Val::Text(text) = val else { return val };
    memo(on, (text.as_ptr() as usize, Parsed::Json), || match serde_json::from_str(text) {
        Ok(json) => Val::of(on.batch.arena.nodes.alloc(node(&json, on.at()))),
        Err(_) => Val::Unknown(Doubt::Rule("the text is not JSON")),
    })
}

/// `yaml(x)`: what a YAML text holds, of which JSON is a part. Several documents are no value.
pub(crate) fn yaml<'a>(on: &Evaluation<'a, '_>, val: Val<'a>) -> Val<'a> {
    if let Some(known) = partial(on, val, on.at()) {
        return known;
    }
    let Val::Text(text) = val else { return val };
    memo(on, (text.as_ptr() as usize, Parsed::Yaml), || {
        let mut read = yaml::parse(text, Origin::of("value"), yaml::Schema::Core);
        match (read.documents.pop(), read.documents.is_empty() && read.diagnostics.is_empty()) {
            // Places are those of the attribute: lines within its text would name other lines of the file.
            (Some(document), true) => Val::of(on.batch.arena.nodes.alloc(node(&document.to_json(), on.at()))),
            _ => Val::Unknown(Doubt::Rule("the text is not one document of YAML")),
        }
    })
}

/// `statements(x)`.
pub(crate) fn statements<'a>(on: &Evaluation<'a, '_>, argument: Id) -> Val<'a> {
    statements_of(on, on.item(argument))
}

fn statements_of<'a>(on: &Evaluation<'a, '_>, item: Item<'a>) -> Val<'a> {
    let at = item.at.unwrap_or(on.at());
    match item.val {
        Val::Null => Val::Null,
        // Several policies, such as those written into a role.
        Val::Items(policies) => {
            let several = policies.iter().flat_map(|policy| match statements_of(on, *policy) {
                doubt @ Val::Unknown(_) => vec![Item { val: doubt, at: policy.at }],
                statements => statements.items().collect(),
            });
            on.batch.list(several.collect::<Vec<_>>())
        }
        Val::Text(text) if text.trim().is_empty() => kept(on, Vec::new(), at),
        Val::Text(text) => memo(on, (text.as_ptr() as usize, Parsed::Text), || match policy(text) {
            Some(json) => kept(on, of_json(&node(&json, at), at), at),
            None => Val::Unknown(Doubt::Rule("the policy is not JSON")),
        }),
        Val::Node(whole) => memo(on, (std::ptr::from_ref(whole) as usize, Parsed::Node), || match &whole.value {
            Value::List(several) => kept(on, several.iter().flat_map(|one| of_json(one, at)).collect(), at),
            _ => kept(on, of_json(whole, at), at),
        }),
        Val::Resource(index) => document(on, index),
        Val::Unknown(Doubt::Read(unknown)) => match referred(on, unknown) {
            Some(statements) => statements,
            None => match partial(on, item.val, at) {
                Some(Val::Node(policy)) => {
                    memo(on, (std::ptr::from_ref(policy) as usize, Parsed::Node), || kept(on, of_json(policy, at), at))
                }
                _ => item.val,
            },
        },
        other => other,
    }
}

/// What a JSON text of which parts are unknown holds.
fn partial<'a>(on: &Evaluation<'a, '_>, val: Val<'a>, at: At) -> Option<Val<'a>> {
    let text = val.partial()?;
    let known = memo(on, (std::ptr::from_ref(text) as usize, Parsed::Json), || {
        text.json(at).map_or(val, |node| Val::of(on.batch.arena.nodes.alloc(node)))
    });
    (!known.is_unknown()).then_some(known)
}

/// The policy that a text holds. A comma before a closing bracket, which AWS refuses, leaves no doubt about what is meant.
fn policy(text: &str) -> Option<serde_json::Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&mainstay_iac::json::without_last_commas(text))).ok()
}

fn memo<'a>(on: &Evaluation<'a, '_>, key: (usize, Parsed), make: impl FnOnce() -> Val<'a>) -> Val<'a> {
    if let Some(known) = on.batch.parsed.borrow().get(&key) {
        return *known;
    }
    let made = make();
    on.batch.parsed.borrow_mut().insert(key, made);
    made
}

fn kept<'a>(on: &Evaluation<'a, '_>, statements: Vec<Node>, at: At) -> Val<'a> {
    Val::of(on.batch.arena.nodes.alloc(Node { value: Value::List(statements), at }))
}

/// The statements of the one policy document that an unknown value refers to.
fn referred<'a>(on: &Evaluation<'a, '_>, unknown: &Unknown) -> Option<Val<'a>> {
    // Text around the reference makes it another policy than the one referred to.
    if unknown.text.is_some() {
        return None;
    }
    let [target] = &*unknown.refers else { return None };
    let found = on.batch.relations.addressed(on.batch.reading, &on.resource.root, target);
    let [index] = found.as_slice() else { return None };
    is_document(&on.batch.reading.resources[*index as usize]).then(|| document(on, *index))
}

fn is_document(resource: &Resource) -> bool {
    resource.block == Block::Data && resource.resource_type.ends_with("aws_iam_policy_document")
}

fn document<'a>(on: &Evaluation<'a, '_>, index: u32) -> Val<'a> {
    let resource = &on.batch.reading.resources[index as usize];
    if !is_document(resource) {
        return Val::Unknown(Doubt::Rule("what it refers to is no policy document"));
    }
    memo(on, (index as usize, Parsed::Document), || kept(on, of_document(on, resource, 0), resource.at))
}

fn of_document(on: &Evaluation<'_, '_>, resource: &Resource, depth: u32) -> Vec<Node> {
    let mut out = Vec::new();
    for name in ["source_policy_documents", "override_policy_documents", "source_json", "override_json"] {
        let Some(sources) = resource.body.get(name) else { continue };
        for source in Val::of(sources).items() {
            match source.val {
                Val::Text(text) => {
                    if let Some(json) = policy(text) {
                        out.extend(of_json(&node(&json, resource.at), resource.at));
                    }
                }
                Val::Unknown(Doubt::Read(unknown)) => {
                    let known: Vec<_> = unknown
                        .refers
                        .iter()
                        .flat_map(|to| on.batch.relations.addressed(on.batch.reading, &on.resource.root, to))
                        .collect();
                    let documents = known.iter().map(|index| &on.batch.reading.resources[*index as usize]);
                    let documents: Vec<_> = documents.filter(|other| is_document(other)).collect();
                    if documents.is_empty() || depth >= SOURCES_MAX {
                        out.push(Node { value: Value::Unknown(unknown.clone()), at: sources.at });
                    }
                    if depth < SOURCES_MAX {
                        out.extend(documents.into_iter().flat_map(|other| of_document(on, other, depth + 1)));
                    }
                }
                _ => {}
            }
        }
    }
    if let Some(statements) = resource.body.get("statement") {
        out.extend(Val::of(statements).items().filter_map(of_block));
    }
    out
}

/// One `statement` block of a policy document.
fn of_block(item: Item<'_>) -> Option<Node> {
    let Val::Node(whole) = item.val else {
        return match item.val {
            Val::Unknown(Doubt::Read(unknown)) => {
                Some(Node { value: Value::Unknown(unknown.clone()), at: item.at.unwrap_or_default() })
            }
            _ => None,
        };
    };
    let Value::Map(block) = &whole.value else { return None };
    let at = whole.at;
    let mut out = Map::default();
    let effect = block.get("effect").filter(|effect| effect.value != Value::Null).cloned();
    out.set("effect", effect.unwrap_or_else(|| text_node("Allow", at)));
    for name in ["sid", "actions", "not_actions", "resources", "not_resources"] {
        if let Some(value) = block.get(name) {
            out.set(name, value.clone());
        }
    }
    for (from, to) in [("principals", "principals"), ("not_principals", "not_principals"), ("condition", "conditions")]
    {
        if let Some(value) = block.get(from) {
            out.set(to, value.clone());
        }
    }
    Some(finished(out, at))
}

/// The statements of a policy in JSON's form.
fn of_json(policy: &Node, at: At) -> Vec<Node> {
    if matches!(policy.value, Value::Unknown(_)) {
        return vec![policy.clone()];
    }
    let Value::Map(policy) = &policy.value else { return Vec::new() };
    let Some(statements) = field(policy, "Statement") else { return Vec::new() };
    Val::of(statements).items().filter_map(|item| statement(item, at)).collect()
}

fn statement(item: Item<'_>, at: At) -> Option<Node> {
    let block = match item.val {
        Val::Node(Node { value: Value::Map(block), .. }) => block,
        Val::Unknown(Doubt::Read(unknown)) => return Some(Node { value: Value::Unknown(unknown.clone()), at }),
        _ => return None,
    };
    let at = item.at.unwrap_or(at);
    let mut out = Map::default();
    let pairs = [
        ("Sid", "sid"),
        ("Effect", "effect"),
        ("Action", "actions"),
        ("NotAction", "not_actions"),
        ("Resource", "resources"),
        ("NotResource", "not_resources"),
    ];
    for (theirs, ours) in pairs {
        if let Some(value) = field(block, theirs) {
            let listed =
                !matches!(ours, "sid" | "effect") && !matches!(value.value, Value::List(_) | Value::Unknown(_));
            out.set(
                ours,
                if listed { Node { value: Value::List(vec![value.clone()]), at: value.at } } else { value.clone() },
            );
        }
    }
    for (theirs, ours) in [("Principal", "principals"), ("NotPrincipal", "not_principals")] {
        if let Some(value) = field(block, theirs) {
            out.set(ours, principals(value));
        }
    }
    // IAM demands an effect; where it is forgotten, the statement is judged as what its author meant to grant.
    if out.get("effect").is_none() {
        out.set("effect", text_node("Allow", at));
    }
    if let Some(value) = field(block, "Condition") {
        out.set("conditions", conditions(value));
    }
    Some(finished(out, at))
}

/// IAM's element names are matched without regard to case by some writers, so the exact spelling comes first.
fn field<'m>(map: &'m Map, name: &str) -> Option<&'m Node> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, node)| node))
}

/// `"*"` or `{"AWS": [..]}` to a list of `{type, identifiers}`.
fn principals(value: &Node) -> Node {
    let one = |kind: &str, identifiers: &Node| {
        let mut map = Map::default();
        map.set("type", text_node(kind, value.at));
        let listed = match &identifiers.value {
            Value::List(_) | Value::Unknown(_) => identifiers.clone(),
            _ => Node { value: Value::List(vec![identifiers.clone()]), at: identifiers.at },
        };
        map.set("identifiers", listed);
        Node { value: Value::Map(map), at: identifiers.at }
    };
    let list = match &value.value {
        Value::Map(map) => map.iter().map(|(kind, identifiers)| one(kind, identifiers)).collect(),
        Value::Unknown(_) => return value.clone(),
        _ => vec![one("*", value)],
    };
    Node { value: Value::List(list), at: value.at }
}

/// `{"StringEquals": {"aws:SourceArn": ".."}}` to a list of `{test, variable, values}`, as a policy document has it.
fn conditions(value: &Node) -> Node {
    let Value::Map(tests) = &value.value else { return value.clone() };
    let mut list = Vec::new();
    for (test, variables) in tests.iter() {
        let Value::Map(variables) = &variables.value else {
            list.push(variables.clone());
            continue;
        };
        for (variable, values) in variables.iter() {
            let mut one = Map::default();
            one.set("test", text_node(test, values.at));
            one.set("variable", text_node(variable, values.at));
            let listed = match &values.value {
                Value::List(_) | Value::Unknown(_) => values.clone(),
                _ => Node { value: Value::List(vec![values.clone()]), at: values.at },
            };
            one.set("values", listed);
            list.push(Node { value: Value::Map(one), at: values.at });
        }
    }
    Node { value: Value::List(list), at: value.at }
}

/// Adds `anyone`.
fn finished(mut statement: Map, at: At) -> Node {
    let mut anyone = Value::Bool(false);
    let principals = statement.get("principals").map_or(Val::Null, Val::of);
    for principal in principals.items() {
        let of_principal = match principal.val {
            Val::Node(Node { value: Value::Map(map), .. }) => admits_anyone(map),
            Val::Unknown(Doubt::Read(unknown)) => Value::Unknown(unknown.clone()),
            _ => continue,
        };
        if of_principal == Value::Bool(true) {
            anyone = of_principal;
            break;
        }
        if anyone == Value::Bool(false) {
            anyone = of_principal;
        }
    }
    statement.set("anyone", Node { value: anyone, at });
    Node { value: Value::Map(statement), at }
}

/// Whether a `{type, identifiers}` is a wildcard: true, false or unknown. Where the type is unknown, it may be one that a
/// wildcard of opens to everybody.
fn admits_anyone(principal: &Map) -> Value {
    let doubt = match principal.get("type").map(|kind| &kind.value) {
        Some(Value::String(kind)) if matches!(&**kind, "*" | "AWS") => None,
        Some(Value::Unknown(unknown)) => Some(unknown),
        _ => return Value::Bool(false),
    };
    let mut out = Value::Bool(false);
    for identifier in principal.get("identifiers").map_or(Val::Null, Val::of).items() {
        let open = match identifier.val {
            Val::Text(name) => is_anyone(name),
            Val::Unknown(Doubt::Read(Unknown { text: Some(text), .. })) => {
                text.pieces().next().is_some_and(|head| head != "*" && is_anyone(head))
            }
            _ => false,
        };
        match (open, doubt, identifier.val) {
            (true, None, _) => return Value::Bool(true),
            (true, Some(doubt), _) => out = Value::Unknown(doubt.clone()),
            (false, _, Val::Unknown(Doubt::Read(unknown)))
                if out == Value::Bool(false) && unknown.refers.is_empty() && may_be_anyone(unknown) =>
            {
                out = Value::Unknown(unknown.clone());
            }
            _ => {}
        }
    }
    out
}

/// Whether a principal is everybody, or somebody in any account.
fn is_anyone(name: &str) -> bool {
    let account = name.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(3));
    name == "*" || account == Some("*")
}

fn may_be_anyone(unknown: &Unknown) -> bool {
    unknown.text.as_ref().is_none_or(|text| text.may_be("*"))
}

fn text_node(text: &str, at: At) -> Node {
    Node { value: Value::String(Arc::from(text)), at }
}

/// JSON as nodes that all stand where the text stands.
fn node(json: &serde_json::Value, at: At) -> Node {
    let value = match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(known) => Value::Bool(*known),
        serde_json::Value::Number(number) => {
            number.to_string().parse().map_or_else(|_| Value::String(number.to_string().into()), Value::Number)
        }
        serde_json::Value::String(text) => Value::String(Arc::from(text.as_str())),
        serde_json::Value::Array(items) => Value::List(items.iter().map(|item| node(item, at)).collect()),
        serde_json::Value::Object(entries) => {
            let mut map = Map::default();
            for (key, value) in entries {
                map.set(key.as_str(), node(value, at));
            }
            Value::Map(map)
        }
    };
    Node { value, at }
}
