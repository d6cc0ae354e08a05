//! Functions of text.

use super::misused;
use crate::arm::eval::{TEXT_BYTES_MAX, doubt, unknown};
use crate::{Node, PartialText, Value};
use rust_decimal::prelude::ToPrimitive;

/// Joins texts, or arrays. A text of which a part is not known keeps what is.
pub(crate) fn concat(parts: &[Node]) -> Value {
    let is_list = |part: &Node| matches!(part.value, Value::List(_));
    let is_known = |part: &Node| !matches!(part.value, Value::Unknown(_));
    if parts.iter().any(is_list) || !parts.iter().any(is_known) {
        let joined = || Value::List(parts.iter().flat_map(|part| list(part).iter().cloned()).collect());
        return doubt(parts).unwrap_or_else(joined);
    }
    let mut out = PartialText::default();
    for part in parts {
        if !push(&mut out, &part.value) {
            return misused("concat");
        }
        if out.len() > TEXT_BYTES_MAX {
            return too_long();
        }
    }
    finished(out)
}

/// Adds a value to a text; false where it has no text.
fn push(out: &mut PartialText, value: &Value) -> bool {
    match (value, shown(value)) {
        (Value::Unknown(unknown), _) => out.push_gap(unknown),
        (_, Some(text)) => out.push_str(&text),
        _ => return false,
    }
    true
}

fn finished(text: PartialText) -> Value {
    match text.finish() {
        Ok(text) => Value::String(text.into()),
        Err(unknown) => Value::Unknown(unknown),
    }
}

fn too_long() -> Value {
    unknown(format!("the text is longer than {TEXT_BYTES_MAX} bytes"), &[])
}

fn list(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into().into())
}

/// A value as `string()` writes it.
pub(crate) fn shown(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => String::new(),
        Value::List(_) | Value::Map(_) => Node { value: value.clone(), at: crate::At::default() }.to_json().to_string(),
        Value::Unknown(_) => return None,
    })
}

pub(super) fn call(name: &str, arguments: &[Node]) -> Option<Value> {
    let values: Vec<&Value> = arguments.iter().map(|node| &node.value).collect();
    Some(match (name, values.as_slice()) {
        ("string", [value]) => shown(value).map_or_else(|| misused(name), text),
        ("tolower", [Value::String(of)]) => text(of.to_lowercase()),
        ("toupper", [Value::String(of)]) => text(of.to_uppercase()),
        ("trim", [Value::String(of)]) => text(of.trim()),
        ("replace", [Value::String(of), Value::String(old), Value::String(new)]) => {
            let grown = if old.is_empty() { 0 } else { of.len() / old.len() * new.len() };
            if grown > TEXT_BYTES_MAX {
                too_long()
            } else if old.is_empty() {
                misused(name)
            } else {
                text(of.replace(&**old, new))
            }
        }
        ("split", [Value::String(of), by]) => split(of, by),
        ("join", [Value::List(items), Value::String(by)]) => {
            let parts: Option<Vec<String>> = items.iter().map(|item| shown(&item.value)).collect();
            parts.map_or_else(|| misused(name), |parts| text(parts.join(by)))
        }
        ("substring", [Value::String(of), Value::Number(from), rest @ ..]) => {
            let take = match rest {
                [Value::Number(length)] => length.to_usize(),
                _ => Some(usize::MAX),
            };
            match (from.to_usize(), take) {
                (Some(from), Some(take)) => text(of.chars().skip(from).take(take).collect::<String>()),
                _ => misused(name),
            }
        }
        ("indexof" | "lastindexof", [Value::String(of), Value::String(part)]) => position(name, of, part),
        ("startswith", [Value::String(of), Value::String(part)]) => {
            Value::Bool(of.to_lowercase().starts_with(&part.to_lowercase()))
        }
        ("endswith", [Value::String(of), Value::String(part)]) => {
            Value::Bool(of.to_lowercase().ends_with(&part.to_lowercase()))
        }
        ("padleft", [of, Value::Number(width), rest @ ..]) => pad_left(of, width.to_usize(), rest),
        _ => return None,
    })
}

/// `{0}`, with an optional format after a colon, which is left out of account; `{{` and `}}` stand for themselves.
pub(super) fn format(arguments: &[Node]) -> Value {
    let Some((Node { value: Value::String(pattern), .. }, arguments)) = arguments.split_first() else {
        return doubt(arguments).unwrap_or_else(|| misused("format"));
    };
    let mut out = PartialText::default();
    let mut rest: &str = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let doubled = rest[at..].starts_with("{{") || rest[at..].starts_with("}}");
        if doubled {
            out.push_str(&rest[at..=at]);
            rest = &rest[at + 2..];
            continue;
        }
        let Some(end) = rest[at..].find('}').filter(|end| *end > 0) else { return misused("format") };
        let hole = &rest[at + 1..at + end];
        let (number, style) = hole.split_once(':').unwrap_or((hole, ""));
        let argument = number.trim().parse::<usize>().ok().and_then(|number| arguments.get(number));
        match argument {
            Some(_) if !style.is_empty() => return unknown(format!("the format `{style}` is not followed"), &[]),
            Some(node) if push(&mut out, &node.value) => {}
            _ => return misused("format"),
        }
        rest = &rest[at + end + 1..];
        if out.len() > TEXT_BYTES_MAX {
            return too_long();
        }
    }
    out.push_str(rest);
    finished(out)
}

fn split(of: &str, by: &Value) -> Value {
    let separators: Vec<&str> = match by {
        Value::String(by) => vec![by],
        Value::List(items) => items
            .iter()
            .filter_map(|item| match &item.value {
                Value::String(text) => Some(&**text),
                _ => None,
            })
            .collect(),
        _ => return misused("split"),
    };
    let mut parts = Vec::new();
    let mut rest = of;
    loop {
        let next =
            separators.iter().filter(|by| !by.is_empty()).filter_map(|by| rest.find(by).map(|at| (at, by.len()))).min();
        let Some((at, length)) = next else { break };
        parts.push(node(text(&rest[..at])));
        rest = &rest[at + length..];
    }
    parts.push(node(text(rest)));
    Value::List(parts)
}

fn node(value: Value) -> Node {
    Node { value, at: crate::At::default() }
}

fn position(name: &str, of: &str, part: &str) -> Value {
    let (of, part) = (of.to_lowercase(), part.to_lowercase());
    let found = if name == "indexof" { of.find(&part) } else { of.rfind(&part) };
    match found {
        Some(at) => Value::Number(of[..at].chars().count().into()),
        None => Value::Number((-1).into()),
    }
}

fn pad_left(of: &Value, width: Option<usize>, rest: &[&Value]) -> Value {
    let pad = match rest {
        [Value::String(pad)] => pad.chars().next().unwrap_or(' '),
        _ => ' ',
    };
    match (shown(of), width) {
        (Some(of), Some(width)) if width <= TEXT_BYTES_MAX => {
            let missing = width.saturating_sub(of.chars().count());
            text(std::iter::repeat_n(pad, missing).chain(of.chars()).collect::<String>())
        }
        _ => misused("padLeft"),
    }
}
