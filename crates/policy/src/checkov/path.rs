//! From an attribute's path (`ingress.*.from_port`) to the values that it names in a resource.

use super::value::Val;
use fancy_regex::Regex;
use std::sync::Arc;

/// How many values a path may name before the policy is given up on this resource.
const MATCHES_MAX: usize = 100_000;

/// The path of an attribute, taken apart once.
#[derive(Debug)]
pub(super) struct Path {
    pub text: String,
    parts: Vec<Part>,
    /// Whether it holds a `*` behind a name, which makes it a pattern.
    pub wild: bool,
}

#[derive(Debug)]
enum Part {
    Name(String),
    /// A part of a pattern that is itself a regular expression.
    Regex(Regex),
    /// Any position in a list.
    Any,
}

/// A value that a path names; `None` where it lies behind something unknown.
pub(super) type Found = Result<Val, Arc<str>>;

impl Path {
    pub fn of(text: &str) -> Self {
        let wild = text.contains(".*");
        let part = |part: &str| match part {
            "*" => Part::Any,
            name if wild && name.contains(['[', '(', '+', '?', '|', '^', '$', '*', '\\']) => {
                Regex::new(&format!("^(?:{name})$")).map_or_else(|_| Part::Name(name.to_owned()), Part::Regex)
            }
            name => Part::Name(name.to_owned()),
        };
        Self { text: text.to_owned(), parts: text.split('.').map(part).collect(), wild }
    }

    /// The value at a path without pattern. `Err` where something on the way to it is unknown.
    pub fn get(&self, body: &Val) -> Found {
        let names: Vec<&str> = self.text.split('.').collect();
        lookup(body, &names, false)
    }

    /// All values that a pattern matches: those with a position for every `*`, and those with none for any.
    pub fn matches(&self, body: &Val) -> Vec<Found> {
        let mut found = Vec::new();
        walk(body, &self.parts, false, &mut found);
        let without: Vec<&Part> = self.parts.iter().filter(|part| !matches!(part, Part::Any)).collect();
        if without.len() < self.parts.len() {
            walk_plain(body, &without, false, &mut found);
        }
        found
    }
}

/// Within a map that is no block a list of one stands for its element.
fn stripped(val: &Val, strip: bool) -> &Val {
    match val {
        Val::List(items) if strip && items.len() == 1 => &items[0],
        other => other,
    }
}

fn lookup(val: &Val, names: &[&str], strip: bool) -> Found {
    let val = stripped(val, strip);
    let Some((first, rest)) = names.split_first() else { return Ok(val.clone()) };
    match val {
        Val::Unknown(why) => Err(why.clone()),
        Val::List(items) => match first.parse::<usize>().ok().and_then(|at| items.get(at)) {
            Some(item) => lookup(item, rest, !is_blocks(items)),
            None => Ok(Val::Null),
        },
        Val::Map(_) => {
            // A key may hold points itself.
            for end in 1..=names.len() {
                let key = names[..end].join(".");
                if let Some(inner) = val.get(&key) {
                    let found = lookup(inner, &names[end..], false);
                    if !matches!(found, Ok(Val::Null)) {
                        return found;
                    }
                }
            }
            Ok(Val::Null)
        }
        _ => Ok(Val::Null),
    }
}

/// A list of maps is a list of blocks.
fn is_blocks(items: &[Val]) -> bool {
    items.iter().any(|item| matches!(item, Val::Map(_)))
}

fn walk(val: &Val, parts: &[Part], strip: bool, found: &mut Vec<Found>) {
    if found.len() >= MATCHES_MAX {
        return;
    }
    let val = stripped(val, strip);
    let Some((first, rest)) = parts.split_first() else {
        found.push(Ok(val.clone()));
        return;
    };
    match (val, first) {
        (Val::Unknown(why), _) => found.push(Err(why.clone())),
        (Val::List(items), Part::Any) => {
            items.iter().for_each(|item| walk(item, rest, !is_blocks(items), found));
        }
        (Val::List(items), Part::Name(name)) => {
            if let Some(item) = name.parse::<usize>().ok().and_then(|at| items.get(at)) {
                walk(item, rest, !is_blocks(items), found);
            }
        }
        (Val::Map(entries), Part::Any) => {
            // Positions only; the keys of a map are names.
            for (_, inner) in entries.iter().filter(|(key, _)| key.bytes().all(|b| b.is_ascii_digit())) {
                walk(inner, rest, false, found);
            }
        }
        (Val::Map(entries), Part::Regex(regex)) => {
            for (_, inner) in entries.iter().filter(|(key, _)| regex.is_match(key).unwrap_or(false)) {
                walk(inner, rest, false, found);
            }
        }
        (Val::Map(_), Part::Name(name)) => {
            if let Some(inner) = val.get(name) {
                walk(inner, rest, false, found);
            }
        }
        _ => {}
    }
}

fn walk_plain(val: &Val, parts: &[&Part], strip: bool, found: &mut Vec<Found>) {
    if found.len() >= MATCHES_MAX {
        return;
    }
    let val = stripped(val, strip);
    let Some((first, rest)) = parts.split_first() else {
        found.push(Ok(val.clone()));
        return;
    };
    match (val, first) {
        (Val::Unknown(why), _) => found.push(Err(why.clone())),
        (Val::List(items), Part::Name(name)) => {
            if let Some(item) = name.parse::<usize>().ok().and_then(|at| items.get(at)) {
                walk_plain(item, rest, !is_blocks(items), found);
            }
        }
        (Val::Map(_), Part::Name(name)) => {
            if let Some(inner) = val.get(name) {
                walk_plain(inner, rest, false, found);
            }
        }
        (Val::Map(entries), Part::Regex(regex)) => {
            for (_, inner) in entries.iter().filter(|(key, _)| regex.is_match(key).unwrap_or(false)) {
                walk_plain(inner, rest, false, found);
            }
        }
        _ => {}
    }
}
