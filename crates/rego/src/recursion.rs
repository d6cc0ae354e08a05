//! Finds functions that call themselves, directly or in a ring. OPA refuses them; the interpreter would follow them until
//! its stack ends. Rules that are no functions it finds itself.

use crate::token::{Kind, Token, tokens};
use crate::{Module, Problem};
use std::collections::{BTreeMap, BTreeSet};

/// A function, by its package and name: `data.main.f`.
type Name = String;

/// The functions of a set of modules: where each begins, and which it calls.
#[derive(Default)]
struct Calls {
    places: BTreeMap<Name, (String, u32)>,
    calls: BTreeMap<Name, BTreeSet<Name>>,
}

/// A problem for every function that calls itself.
pub(crate) fn check(modules: &[Module]) -> Vec<Problem> {
    let mut calls = Calls::default();
    for module in modules {
        gather(module, &mut calls);
    }
    let rings = calls.calls.keys().filter(|name| reaches(&calls, name));
    rings
        .filter_map(|name| {
            let (path, line) = calls.places.get(name)?.clone();
            Some(Problem { path, line, column: 1, summary: format!("the function {name} calls itself") })
        })
        .collect()
}

/// Whether a function comes back to itself.
fn reaches(calls: &Calls, start: &Name) -> bool {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&Name> = calls.calls.get(start).into_iter().flatten().collect();
    while let Some(name) = open.pop() {
        if name == start {
            return true;
        }
        if seen.insert(name) {
            open.extend(calls.calls.get(name).into_iter().flatten());
        }
    }
    false
}

fn gather(module: &Module, calls: &mut Calls) {
    let tokens: Vec<Token<'_>> = tokens(&module.text).into_iter().filter(|token| token.kind != Kind::Comment).collect();
    let mut package = String::from("data");
    let mut imports: BTreeMap<String, String> = BTreeMap::new();
    let mut depth = 0usize;
    let mut current: Option<Name> = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match (token.kind, token.text) {
            (Kind::Sign, "(" | "[" | "{") => depth += 1,
            (Kind::Sign, ")" | "]" | "}") => depth = depth.saturating_sub(1),
            (Kind::Word, "package") if depth == 0 && current.is_none() && !joined(&tokens, at) => {
                let (name, taken) = path(&tokens, at + 1);
                package = format!("data.{name}");
                at += taken;
            }
            (Kind::Word, "import") if depth == 0 && starts_line(&module.text, token) => {
                let (name, taken) = path(&tokens, at + 1);
                let alias = tokens.get(at + taken + 1).filter(|token| token.text == "as");
                let short = match alias.and_then(|_| tokens.get(at + taken + 2)) {
                    Some(alias) => alias.text.to_owned(),
                    None => name.rsplit('.').next().unwrap_or_default().to_owned(),
                };
                imports.insert(short, name);
                at += taken;
            }
            (Kind::Word, _) if !joined(&tokens, at) => {
                let (name, taken) = path(&tokens, at);
                let called = tokens
                    .get(at + taken)
                    .is_some_and(|open| open.is("(") && open.start == tokens[at + taken - 1].end());
                if depth == 0 && starts_line(&module.text, token) && name != "default" && name != "else" {
                    current = called.then(|| format!("{package}.{name}"));
                    if let Some(current) = &current {
                        let line = module.text[..token.start].matches('\n').count() + 1;
                        let place = (module.path.clone(), u32::try_from(line).unwrap_or(u32::MAX));
                        calls.places.entry(current.clone()).or_insert(place);
                    }
                } else if let (true, Some(current)) = (called, &current) {
                    calls.calls.entry(current.clone()).or_default().insert(whole(&name, &package, &imports));
                }
                at += taken;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// A called name in full; one of a function that is built in stays one that nobody defines.
fn whole(name: &str, package: &str, imports: &BTreeMap<String, String>) -> Name {
    let (first, rest) = name.split_once('.').map_or((name, ""), |(first, rest)| (first, rest));
    if first == "data" {
        return name.to_owned();
    }
    match imports.get(first) {
        Some(import) if rest.is_empty() => import.clone(),
        Some(import) => format!("{import}.{rest}"),
        None => format!("{package}.{name}"),
    }
}

/// Whether a token begins its line, without indentation or with.
fn starts_line(text: &str, token: &Token<'_>) -> bool {
    let line = text[..token.start].rfind('\n').map_or(0, |at| at + 1);
    text[line..token.start].chars().all(char::is_whitespace)
}

fn joined(tokens: &[Token<'_>], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| tokens[before].is("."))
}

/// The dotted name at a token, and how many tokens it takes.
fn path(tokens: &[Token<'_>], at: usize) -> (String, usize) {
    let mut name = String::new();
    let mut next = at;
    while let Some(token) = tokens.get(next).filter(|token| token.kind == Kind::Word) {
        name.push_str(token.text);
        next += 1;
        if !tokens.get(next).is_some_and(|dot| dot.is(".") && dot.start == token.end())
            || tokens.get(next + 1).is_none_or(|token| token.kind != Kind::Word)
        {
            break;
        }
        name.push('.');
        next += 1;
    }
    (name, (next - at).max(1))
}
