//! The functions of templates: which there are, and what each takes.

use super::condition::{self, Truth};
use super::eval::Scope;
use super::{functions, place, substitute, text_node, text_of_node, unknown};
use crate::{At, Node, Value};
use mainstay_model::Diagnostic;

/// What a map of one key stands for where that key is a function; `None` where it is none.
pub(super) fn call(scope: &mut Scope<'_, '_>, name: &str, argument: &Node, at: At) -> Option<Option<Node>> {
    let Some(function) = name.strip_prefix("Fn::") else {
        return match (name, &argument.value) {
            ("Ref", Value::String(target)) => Some(reference(scope, target, at)),
            _ => None,
        };
    };
    let out = match function {
        "If" => return Some(choice(scope, argument, at)),
        "Sub" => substitute::sub(scope, argument, at),
        "Join" => substitute::join(scope, argument, at),
        "GetAtt" => get_att(scope, argument, at),
        "FindInMap" => return Some(find_in_map(scope, argument, at)),
        // What is encoded is read by controls in plain.
        "Base64" => return Some(scope.eval(argument)),
        "Select" => with_two(scope, argument, at, "Fn::Select", functions::select),
        "Split" => with_two(scope, argument, at, "Fn::Split", functions::split),
        "Length" => match scope.eval(argument) {
            Some(list) => functions::length(&list, at),
            None => unknown(at, "Fn::Length needs a list", Vec::new()),
        },
        "Cidr" => match scope.eval(argument) {
            Some(Node { value: Value::List(items), .. }) => functions::cidr(&items, at),
            _ => unknown(at, "Fn::Cidr needs a range, a count and host bits", Vec::new()),
        },
        "ToJsonString" => to_json(scope, argument, at),
        "And" | "Or" | "Not" | "Equals" => {
            let call = Node { value: Value::Map(single(name, argument)), at };
            match condition::truth(scope, &call) {
                Truth::Known(known) => Node { value: Value::Bool(known), at },
                Truth::Unknown(why) => unknown(at, why, Vec::new()),
            }
        }
        "ImportValue" => {
            let named = scope.eval(argument);
            let named = named.as_ref().and_then(text_of_node).unwrap_or("?").to_owned();
            unknown(at, format!("another stack exports {named}"), vec![format!("import.{named}")])
        }
        "GetAZs" => {
            unknown(at, "the availability zones are known when the stack is deployed", vec!["AWS::Region".into()])
        }
        "Transform" => unknown(at, "a macro (Fn::Transform) fills it in", Vec::new()),
        "GetStackOutput" => unknown(at, "it is an output of another stack", vec!["import".into()]),
        "RefAll" | "ValueOf" | "ValueOfAll" | "Contains" | "EachMemberEquals" | "EachMemberIn" => {
            unknown(at, format!("Fn::{function} is a function of rules"), Vec::new())
        }
        _ if function.starts_with("ForEach::") => return None,
        _ => {
            let summary = format!("there is no function Fn::{function}");
            scope.stack.world.say_once(format!("fn {function}"), || {
                let help = "correct its name; without it the value is unknown";
                Diagnostic::warning("cloudformation.function", &summary, place(scope.stack.template.path, at), help)
            });
            unknown(at, summary, Vec::new())
        }
    };
    Some(Some(out))
}

fn single(name: &str, argument: &Node) -> crate::Map {
    let mut map = crate::Map::default();
    map.set(name, argument.clone());
    map
}

/// What `Ref` gives; `None` for `AWS::NoValue`.
pub(super) fn reference(scope: &mut Scope<'_, '_>, name: &str, at: At) -> Option<Node> {
    if let Some(turn) = scope.loops.iter().rev().find(|turn| &*turn.name == name) {
        return Some(Node { at, ..turn.value.clone() });
    }
    if name == "AWS::NoValue" {
        return None;
    }
    if name.starts_with("AWS::") {
        let why = format!("{name} is known when the stack is deployed");
        return Some(unknown(at, why, vec![name.to_owned()]));
    }
    let stack = scope.stack;
    if let Some(address) = stack.address(name) {
        scope.refer(address.clone());
        return Some(unknown(at, format!("the id of {address} is known after deployment"), vec![address]));
    }
    if let Some(value) = stack.parameter(name, at) {
        if !stack.world.charge(functions::nodes(&value)) {
            return Some(scope.exhausted(at));
        }
        // What refers to a resource through a parameter of a nested stack refers to it.
        if let Value::Unknown(unknown) = &value.value {
            for target in unknown.refers.iter().filter(|target| target.contains("::") && target.contains('.')) {
                scope.refer(target.clone());
            }
        }
        return Some(value);
    }
    let why = format!("`{name}` is nowhere defined");
    if stack.template.partial {
        return Some(unknown(at, format!("`{name}` is made at deployment"), vec![name.to_owned()]));
    }
    stack.world.say_once(format!("{}:{name}", stack.template.path), || {
        let help = "declare it under `Parameters` or `Resources`, or correct the name";
        Diagnostic::warning("cloudformation.reference", &why, place(stack.template.path, at), help)
    });
    Some(unknown(at, why, vec![name.to_owned()]))
}

fn get_att(scope: &mut Scope<'_, '_>, argument: &Node, at: At) -> Node {
    let bad = || unknown(at, "Fn::GetAtt needs a logical id and an attribute", Vec::new());
    match &argument.value {
        Value::String(path) => match path.split_once('.') {
            Some((id, name)) => attribute(scope, id, name, at),
            None => bad(),
        },
        Value::List(parts) => {
            let evaluated: Vec<_> = parts.iter().filter_map(|part| scope.eval(part)).collect();
            match evaluated.as_slice() {
                [id, rest @ ..] if !rest.is_empty() => match text_of_node(id) {
                    Some(id) => {
                        let names: Vec<_> = rest.iter().map(|part| text_of_node(part).unwrap_or("?")).collect();
                        attribute(scope, id, &names.join("."), at)
                    }
                    None => bad(),
                },
                _ => bad(),
            }
        }
        _ => bad(),
    }
}

/// What `Fn::GetAtt` gives: an output of a nested stack that is here, or something that deployment makes.
pub(super) fn attribute(scope: &mut Scope<'_, '_>, id: &str, name: &str, at: At) -> Node {
    let stack = scope.stack;
    let Some(address) = stack.address(id) else {
        let why = format!("`{id}` is nowhere defined");
        if stack.template.partial {
            return unknown(at, format!("`{id}` is made at deployment"), vec![id.to_owned()]);
        }
        stack.world.say_once(format!("{}:{id}", stack.template.path), || {
            let help = "declare it under `Resources`, or correct the name";
            Diagnostic::warning("cloudformation.reference", &why, place(stack.template.path, at), help)
        });
        return unknown(at, why, vec![id.to_owned()]);
    };
    scope.refer(address.clone());
    if let Some(value) = name.strip_prefix("Outputs.").and_then(|output| stack.output_of(id, output)) {
        if let Value::Unknown(unknown) = &value.value {
            unknown.refers.iter().for_each(|target| scope.refer(target.clone()));
        }
        return Node { at, ..value };
    }
    unknown(at, format!("{name} of {address} is known after deployment"), vec![address])
}

fn choice(scope: &mut Scope<'_, '_>, argument: &Node, at: At) -> Option<Node> {
    let Value::List(parts) = &argument.value else {
        return Some(unknown(at, "Fn::If needs a condition and two values", Vec::new()));
    };
    let [name, yes, no] = parts.as_slice() else {
        return Some(unknown(at, "Fn::If needs a condition and two values", Vec::new()));
    };
    let truth = match text_of_node(name) {
        Some(condition) => scope.stack.condition(condition, name),
        None => condition::truth(scope, name),
    };
    match truth {
        Truth::Known(true) => scope.eval(yes),
        Truth::Known(false) => scope.eval(no),
        Truth::Unknown(why) => {
            let (yes, no) = (scope.eval(yes), scope.eval(no));
            let named = text_of_node(name).map_or_else(String::new, |name| format!(" `{name}`"));
            functions::either(yes, no, &format!("it depends on the condition{named}: {why}"), at)
        }
    }
}

fn find_in_map(scope: &mut Scope<'_, '_>, argument: &Node, at: At) -> Option<Node> {
    let Value::List(parts) = &argument.value else {
        return Some(unknown(at, "Fn::FindInMap needs a map and two keys", Vec::new()));
    };
    let [name, first, second, options @ ..] = parts.as_slice() else {
        return Some(unknown(at, "Fn::FindInMap needs a map and two keys", Vec::new()));
    };
    let keys: Vec<Node> = [name, first, second].into_iter().filter_map(|part| scope.eval(part)).collect();
    let [name, first, second] = keys.as_slice() else {
        return Some(unknown(at, "a key of Fn::FindInMap is removed", Vec::new()));
    };
    let mapping = super::scalar_text(&name.value).and_then(|name| scope.stack.template.mappings.get(name.as_str()));
    let default = options.iter().find_map(|option| match &option.value {
        Value::Map(map) => map.get("DefaultValue"),
        _ => None,
    });
    let found = mapping.and_then(|mapping| candidates(mapping, first, second));
    match (found, default) {
        (Some(found), _) if !scope.stack.world.charge(found.iter().map(|node| functions::nodes(node)).sum()) => {
            Some(scope.exhausted(at))
        }
        // What all keys that are possible have in common.
        (Some(found), _) if !found.is_empty() => {
            let doubt = [first, second].into_iter().find(|key| matches!(key.value, Value::Unknown(_)));
            let why = match doubt.map(|node| &node.value) {
                Some(Value::Unknown(unknown)) => unknown.why.to_string(),
                _ => String::new(),
            };
            let mut all = found.into_iter().map(|node| Node { at, ..node.clone() });
            let start = all.next();
            all.fold(start, |known, other| functions::either(known, Some(other), &why, at))
        }
        (_, Some(default)) => scope.eval(default),
        _ => Some(unknown(at, "Fn::FindInMap finds nothing under its keys", Vec::new())),
    }
}

/// The values that the keys lead to; an unknown key leads to all.
fn candidates<'n>(mapping: &'n Node, first: &Node, second: &Node) -> Option<Vec<&'n Node>> {
    let level = |node: &'n Node, key: &Node| -> Option<Vec<&'n Node>> {
        let Value::Map(map) = &node.value else { return None };
        match &key.value {
            Value::Unknown(_) => Some(map.iter().map(|(_, node)| node).collect()),
            value => Some(map.get(&super::scalar_text(value)?).into_iter().collect()),
        }
    };
    let middle = level(mapping, first)?;
    Some(middle.into_iter().filter_map(|node| level(node, second)).flatten().collect())
}

fn with_two(
    scope: &mut Scope<'_, '_>,
    argument: &Node,
    at: At,
    name: &str,
    compute: impl Fn(&Node, &Node, At) -> Node,
) -> Node {
    let Value::List(parts) = &argument.value else {
        return unknown(at, format!("{name} needs two values"), Vec::new());
    };
    let evaluated: Vec<Node> = parts.iter().filter_map(|part| scope.eval(part)).collect();
    match evaluated.as_slice() {
        [a, b] => {
            let out = compute(a, b, at);
            if scope.stack.world.charge(functions::nodes(&out)) { out } else { scope.exhausted(at) }
        }
        _ => unknown(at, format!("{name} needs two values"), Vec::new()),
    }
}

fn to_json(scope: &mut Scope<'_, '_>, argument: &Node, at: At) -> Node {
    match scope.eval(argument) {
        Some(value) if value.is_known() => text_node(value.to_json().to_string(), at),
        _ => unknown(at, "a part of what Fn::ToJsonString writes is unknown", Vec::new()),
    }
}
