//! The functions of the language.

use super::eval::Evaluation;
use super::value::{Doubt, Item, Truth, Val, same, some};
use super::{iam, net, pod, secret};
use crate::lang::{Function, Id};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mainstay_iac::{Node, Value};

/// Calls a function; how many arguments it takes was checked when the rule was loaded.
pub(crate) fn call<'a>(on: &Evaluation<'a, '_>, function: Function, arguments: &[Id]) -> Val<'a> {
    match function {
        Function::Pod => return pod::spec(on).val,
        Function::PodMeta => return pod::meta(on).val,
        Function::Containers => return pod::containers(on, true, true),
        Function::MainContainers => return pod::containers(on, true, false),
        Function::InitContainers => return pod::containers(on, false, true),
        Function::Statements => return iam::statements(on, arguments[0]),
        Function::Referrers | Function::Targets | Function::Connected | Function::Resources => {
            return related(on, function, arguments);
        }
        _ => {}
    }
    let first = on.val(arguments[0]);
    match function {
        Function::Has => first.is_set().val(),
        // What refers to another object is set to something, though nobody knows to what before apply.
        Function::Empty if first.is_unknown() => match first.is_set() {
            Truth::True => Val::Bool(false),
            _ => first,
        },
        Function::Json => iam::json(on, first),
        Function::Yaml => iam::yaml(on, first),
        Function::SecretLike => secret_like(first),
        _ if first.is_unknown() => first,
        Function::Base64 => first.text().and_then(decoded).map_or(Val::Null, |text| on.batch.text(text)),
        Function::Empty => emptiness(first).val(),
        Function::Len => length(first),
        Function::Lower => match first {
            Val::Text(text) if text.chars().any(char::is_uppercase) => on.batch.text(text.to_lowercase()),
            other => other,
        },
        Function::Split => split(on, first, on.val(arguments[1])),
        Function::Join => join(on, first, on.val(arguments[1])),
        Function::Keys => first.map().map_or(Val::Null, |map| {
            on.batch.list(map.iter().map(|(key, node)| Item { val: Val::Text(key), at: Some(node.at) }))
        }),
        Function::Values => {
            first.map().map_or(Val::Null, |map| on.batch.list(map.iter().map(|(_, node)| Item::of(node))))
        }
        Function::Number => first.number().map_or(Val::Null, Val::Number),
        Function::Distinct => distinct(on, first),
        Function::First => first.items().next().map_or(Val::Null, |item| item.val),
        Function::IsOpenCidr => some(first.items().map(|item| net::open(item.val))).val(),
        Function::IsAnySource => some(first.items().map(|item| net::any_source(item.val))).val(),
        Function::CidrContains => with_second(on, arguments, |second| net::contains(first, second)),
        Function::PortBetween => net::between(first, on.val(arguments[1]), on.val(arguments[2])).val(),
        Function::PortIn => with_second(on, arguments, |second| net::in_ranges(first, second)),
        Function::ImageTag => {
            first.text().map_or(Val::Null, |image| pod::image_tag(image).map_or(Val::Null, Val::Text))
        }
        Function::Flag => flag(first, on.val(arguments[1])),
        Function::VersionAtLeast => with_second(on, arguments, |second| at_least(first, second)),
        // Handled above; named so that a new function does not compile before it does something.
        Function::Pod
        | Function::PodMeta
        | Function::Containers
        | Function::MainContainers
        | Function::InitContainers
        | Function::Statements
        | Function::Referrers
        | Function::Targets
        | Function::Connected
        | Function::Resources => Val::Null,
    }
}

trait IntoVal {
    fn into_val<'a>(self) -> Val<'a>;
}

impl IntoVal for bool {
    fn into_val<'a>(self) -> Val<'a> {
        Val::Bool(self)
    }
}

/// What comes from another object is not written in the code, so that what is known of a text decides.
fn secret_like<'a>(val: Val<'a>) -> Val<'a> {
    match (val, val.partial()) {
        (Val::Text(text), _) => secret::looks_like_one(text).into_val(),
        (_, Some(partial)) => partial.pieces().any(secret::looks_like_one).into_val(),
        (Val::Unknown(Doubt::Read(unknown)), None) if unknown.refers.is_empty() => val,
        (Val::Unknown(Doubt::Rule(_)), None) => val,
        _ => Val::Bool(false),
    }
}

/// The text within a base64 text. What is none, or holds other than text, has nothing that a rule could look at.
fn decoded(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text.trim()).ok()?;
    String::from_utf8(bytes).ok()
}

fn with_second<'a>(on: &Evaluation<'a, '_>, arguments: &[Id], decide: impl FnOnce(Val<'a>) -> Truth) -> Val<'a> {
    let second = on.val(arguments[1]);
    if second.is_unknown() { second } else { decide(second).val() }
}

/// Whether something holds nothing; unknown where all that it holds may not be there.
fn emptiness(val: Val<'_>) -> Truth {
    match val {
        Val::Items(items) if !items.is_empty() && items.iter().all(is_doubtful) => Truth::Unknown,
        other => is_empty(other).into(),
    }
}

fn is_doubtful(item: &Item<'_>) -> bool {
    matches!(item.val, Val::Unknown(Doubt::Presence(_)))
}

pub(crate) fn is_empty(val: Val<'_>) -> bool {
    match val {
        Val::Null => true,
        Val::Text(text) => text.is_empty(),
        Val::Items(items) => items.is_empty(),
        Val::Node(Node { value: Value::List(items), .. }) => items.is_empty(),
        Val::Node(Node { value: Value::Map(map), .. }) => map.is_empty(),
        _ => false,
    }
}

fn length<'a>(val: Val<'a>) -> Val<'a> {
    if let Val::Items(items) = val
        && let Some(doubtful) = items.iter().find(|item| is_doubtful(item))
    {
        return doubtful.val;
    }
    let length = match val {
        Val::Null => 0,
        Val::Text(text) => text.chars().count(),
        _ => val.map().map_or_else(|| val.items().count(), mainstay_iac::Map::len),
    };
    Val::Number(length.into())
}

fn split<'a>(on: &Evaluation<'a, '_>, text: Val<'a>, separator: Val<'a>) -> Val<'a> {
    match (text, separator) {
        (Val::Text(text), Val::Text(separator)) if !separator.is_empty() => {
            on.batch.list(text.split(separator).map(|part| Item::bare(Val::Text(part))))
        }
        (_, doubt @ Val::Unknown(_)) => doubt,
        (text, _) => text,
    }
}

fn join<'a>(on: &Evaluation<'a, '_>, list: Val<'a>, separator: Val<'a>) -> Val<'a> {
    let Val::Text(separator) = separator else { return separator };
    let mut parts = Vec::new();
    for item in list.items() {
        match item.val {
            Val::Text(text) => parts.push(text.to_owned()),
            Val::Number(number) => parts.push(number.to_string()),
            doubt @ Val::Unknown(_) => return doubt,
            _ => {}
        }
    }
    on.batch.text(parts.join(separator))
}

fn distinct<'a>(on: &Evaluation<'a, '_>, list: Val<'a>) -> Val<'a> {
    let mut seen: Vec<Item<'a>> = Vec::new();
    for item in list.items() {
        match some(seen.iter().map(|known| same(known.val, item.val))) {
            Truth::False => seen.push(item),
            Truth::True => {}
            Truth::Unknown => return Val::Unknown(Doubt::Rule("which items repeat cannot be decided")),
        }
    }
    on.batch.list(seen)
}

/// The value of an option: of `--name=value`, of `--name value`, or `true` where the option stands alone. Of several the
/// first counts, so that what is unknown before it leaves it unknown which one that is.
fn flag<'a>(arguments: Val<'a>, name: Val<'a>) -> Val<'a> {
    let Val::Text(name) = name else { return Val::Null };
    let mut items = arguments.items().peekable();
    while let Some(item) = items.next() {
        let Val::Text(text) = item.val else {
            if item.val.is_unknown() && may_begin(item.val, name) {
                return item.val;
            }
            continue;
        };
        match text.strip_prefix(name) {
            Some("") => {
                return match items.peek().map(|next| next.val) {
                    Some(Val::Text(value)) if !value.starts_with('-') => Val::Text(value),
                    Some(unknown @ Val::Unknown(_)) => unknown,
                    _ => Val::Text("true"),
                };
            }
            Some(rest) => {
                if let Some(value) = rest.strip_prefix('=') {
                    return Val::Text(value);
                }
            }
            None => {}
        }
    }
    Val::Null
}

/// Whether an unknown word may be the option of a name; not where what is known of its beginning is another one.
fn may_begin(word: Val<'_>, name: &str) -> bool {
    let head = word.partial().and_then(|text| text.pieces().next());
    head.is_none_or(|head| head.starts_with(name) || name.starts_with(head))
}

/// Resources of the named types, by relation or all. The relations are those of the resource that is judged, or of the
/// one that is named.
fn related<'a>(on: &Evaluation<'a, '_>, function: Function, arguments: &[Id]) -> Val<'a> {
    let types = on.val(arguments[0]);
    let (attributes, subject) = match function {
        Function::Connected => (None, arguments.get(1)),
        _ => (arguments.get(1).map(|id| on.val(*id)), arguments.get(2)),
    };
    let subject = match subject.map(|id| on.val(*id)) {
        None => on.index,
        Some(Val::Resource(index)) => index,
        Some(doubt @ Val::Unknown(_)) => return doubt,
        Some(_) => return Val::Null,
    };
    let relations = on.batch.relations;
    let mut found = Vec::new();
    let via: Vec<_> = match attributes {
        None | Some(Val::Null) => vec![None],
        Some(list) => list.items().filter_map(|item| item.val.text()).map(Some).collect(),
    };
    let inward = matches!(function, Function::Referrers | Function::Connected);
    let mut doubt = inward;
    for resource_type in types.items().filter_map(|item| item.val.text()) {
        doubt &= !matches!(resource_type, "*" | "module");
        let before = found.len();
        if function == Function::Resources {
            found.extend_from_slice(relations.of_type(&on.resource.root, resource_type));
            continue;
        }
        for attribute in &via {
            if inward {
                relations.referrers(subject, resource_type, *attribute, &mut found);
            }
            if function != Function::Referrers {
                relations.targets(subject, resource_type, *attribute, &mut found);
            }
        }
        found[before..].sort_unstable();
    }
    found.dedup();
    let resources = &on.batch.reading.resources;
    let mut items: Vec<_> = found
        .into_iter()
        .map(|index| Item { val: Val::Resource(index), at: Some(resources[index as usize].at) })
        .collect();
    if doubt && let Some(module) = relations.unread_module(on.batch.reading, subject) {
        let why = "a module that was not read may hold one";
        items.push(Item { val: Val::Unknown(Doubt::Presence(why)), at: Some(resources[module as usize].at) });
    }
    on.batch.list(items)
}

/// Whether a dotted version is at least another. A leading letter (`v1.2`, `TLSv1.2`) is passed over.
fn at_least(version: Val<'_>, least: Val<'_>) -> Truth {
    fn parts(val: Val<'_>) -> Option<Vec<u64>> {
        let owned;
        let text = match val {
            Val::Text(text) => text,
            Val::Number(number) => {
                owned = number.to_string();
                &owned
            }
            _ => return None,
        };
        let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
        let parts: Vec<u64> = digits.split(['.', '-', '_', '+']).map_while(|part| part.parse().ok()).collect();
        (!parts.is_empty()).then_some(parts)
    }
    match (parts(version), parts(least)) {
        (Some(version), Some(least)) => {
            let width = version.len().max(least.len());
            let padded = |mut parts: Vec<u64>| {
                parts.resize(width, 0);
                parts
            };
            (padded(version) >= padded(least)).into()
        }
        _ => Truth::Unknown,
    }
}
