//! Rewrites the few forms of Rego that the interpreter does not read into ones that it does. Lines stay where they are,
//! so that the interpreter's places are those of the user's text.
//!
//! 1. A name that is also a keyword may begin a reference: `if.foo` (OPA 1.10). It gets a prefix, which results lose.
//! 2. `$"a {b}"` (OPA 1.11) becomes a call with the parts; an undefined expression reads `<undefined>`.
//! 3. `f(a, x)` with the result as last argument becomes `x = f(a)` for the functions that are ours.
//! 4. A function that is mocked by `with`, or stands in for another, gets a rule that calls it.

use crate::builtins::{arity, ours};
use crate::token::{Kind, Token, expression_length, tokens};
use crate::{Module, metadata, shape};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What names that are keywords begin with after the rewrite.
pub(crate) const PLAIN: &str = "mainstay_plain_";
/// The package of rules that stand for functions.
const STANDINS: &str = "mainstay_standins";
/// How deep templates may nest.
const DEPTH_MAX: usize = 16;

const KEYWORDS: [&str; 15] = [
    "as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null", "package", "some",
    "true", "with",
];

/// Rewrites modules that are compiled together.
pub(crate) fn modules(modules: &[Module]) -> Vec<Module> {
    let modules = metadata::resolved(modules);
    let mocked: BTreeSet<String> = modules.iter().flat_map(|module| mocked(&module.text)).collect();
    let mut used = BTreeSet::new();
    let mut out: Vec<Module> = modules
        .iter()
        .map(|module| Module {
            path: module.path.clone(),
            text: text(&shape::normal(&module.text), &mocked, &mut used, 0),
        })
        .collect();
    if !used.is_empty() {
        out.push(standins(&used));
    }
    out
}

/// Rewrites a query.
pub(crate) fn query(query: &str) -> String {
    text(query, &BTreeSet::new(), &mut BTreeSet::new(), 0)
}

/// Functions of ours, or of the interpreter, that a text mocks or mocks with.
fn mocked(text: &str) -> BTreeSet<String> {
    let tokens = tokens(text);
    let mut out = BTreeSet::new();
    for at in 0..tokens.len() {
        if is_mention(&tokens, at) {
            let (name, _) = path(&tokens, at + 1);
            if arity(&name).is_some() {
                out.insert(name);
            }
        }
    }
    out
}

/// Whether a token says that a function is mocked, or with what; as part of a reference it is a name.
fn is_mention(tokens: &[Token<'_>], at: usize) -> bool {
    let joined = at > 0 && tokens[at - 1].is(".");
    tokens[at].kind == Kind::Word && matches!(tokens[at].text, "with" | "as") && !joined
}

/// The dotted name that begins at a token, and how many tokens it takes.
fn path(tokens: &[Token<'_>], at: usize) -> (String, usize) {
    let mut name = String::new();
    let mut next = at;
    while let Some(token) = tokens.get(next).filter(|token| token.kind == Kind::Word) {
        name.push_str(token.text);
        next += 1;
        let dotted = tokens.get(next).is_some_and(|dot| dot.is(".") && dot.start == token.end());
        if !dotted || tokens.get(next + 1).is_none_or(|token| token.kind != Kind::Word) {
            break;
        }
        name.push('.');
        next += 1;
    }
    (name, next - at)
}

fn standin(name: &str) -> String {
    format!("data.{STANDINS}.{}", standin_name(name))
}

/// With a beginning, so that the rule does not hide the function that it calls.
fn standin_name(name: &str) -> String {
    format!("call_{}", name.replace('.', "_"))
}

fn standins(names: &BTreeSet<String>) -> Module {
    let mut text = format!("package {STANDINS}\n\nimport rego.v1\n");
    for name in names {
        let count = arity(name).unwrap_or(0);
        let parameters: Vec<String> = (0..count).map(|at| format!("a{at}")).collect();
        let parameters = parameters.join(", ");
        let rule = standin_name(name);
        // Writing to a text cannot fail.
        let _ = writeln!(text, "\n{rule}({parameters}) := {name}({parameters})");
    }
    Module { path: "standins.rego".to_owned(), text }
}

fn text(text: &str, mocked: &BTreeSet<String>, used: &mut BTreeSet<String>, depth: usize) -> String {
    let tokens = tokens(text);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        out.push_str(&text[from.min(token.start)..token.start]);
        from = token.end();
        let joined = at > 0 && tokens[at - 1].is(".");
        match token.kind {
            Kind::Template if depth < DEPTH_MAX => out.push_str(&template(token.text, mocked, used, depth)),
            Kind::Word if !joined => {
                if let Some((replacement, end, tokens_taken)) = call(text, &tokens, at, mocked, used, depth) {
                    out.push_str(&replacement);
                    from = end;
                    at += tokens_taken;
                    continue;
                }
                if keyword_name(&tokens, at) {
                    out.push_str(PLAIN);
                }
                out.push_str(token.text);
            }
            _ => out.push_str(token.text),
        }
        at += 1;
    }
    out.push_str(&text[from.min(text.len())..]);
    out
}

/// Whether a keyword begins a reference, and is no keyword there.
fn keyword_name(tokens: &[Token<'_>], at: usize) -> bool {
    let token = &tokens[at];
    KEYWORDS.contains(&token.text)
        && tokens.get(at + 1).is_some_and(|next| next.is(".") && next.start == token.end())
        && tokens.get(at + 2).is_some_and(|next| next.kind == Kind::Word && next.start == token.end() + 1)
}

/// The replacement of a name at a token where it is a function that is mocked, or a call with its result as an argument;
/// with the place where the text goes on and how many tokens were taken.
fn call(
    text: &str,
    tokens: &[Token<'_>],
    at: usize,
    mocked: &BTreeSet<String>,
    used: &mut BTreeSet<String>,
    depth: usize,
) -> Option<(String, usize, usize)> {
    let (name, taken) = path(tokens, at);
    let count = arity(&name)?;
    let called = tokens.get(at + taken).filter(|token| token.is("(") && token.start == tokens[at + taken - 1].end());
    let mention = at > 0 && is_mention(tokens, at - 1);
    let shown = if mocked.contains(&name) && (called.is_some() || mention) {
        used.insert(name.clone());
        standin(&name)
    } else {
        name.clone()
    };
    let plain = || (shown != name).then(|| (shown.clone(), tokens[at + taken - 1].end(), taken));
    let Some(open) = called else { return plain() };
    let Some((arguments, close)) = arguments(tokens, at + taken) else { return plain() };
    if ours(&name).is_none() || arguments.len() != usize::from(count) + 1 || !begins_statement(text, tokens, at) {
        return plain();
    }
    // Parts are rewritten by themselves; the result goes before the call, which keeps every line break.
    let mut part = |range: std::ops::Range<usize>| self::text(&text[range], mocked, used, depth);
    let last = arguments.last()?.clone();
    let result = part(last.clone());
    let inner_end = if arguments.len() > 1 { arguments[arguments.len() - 2].end } else { open.end() };
    let inner = part(open.end()..inner_end);
    let end = tokens[close].end();
    let breaks = "\n".repeat(text[inner_end..last.start].matches('\n').count());
    let replacement = format!("{} = {shown}({inner}{breaks})", result.trim());
    Some((replacement, end, close + 1 - at))
}

/// The ranges of the arguments behind an opening parenthesis, and the token that closes it.
fn arguments(tokens: &[Token<'_>], open: usize) -> Option<(Vec<std::ops::Range<usize>>, usize)> {
    let mut depth = 0usize;
    let mut out = Vec::new();
    let mut start = tokens[open].end();
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" if token.kind == Kind::Sign => depth += 1,
            ")" | "]" | "}" if token.kind == Kind::Sign => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    // A comma may stand behind the last.
                    if at > open + 1 && tokens[at - 1].end() > start {
                        out.push(start..token.start);
                    }
                    return Some((out, at));
                }
            }
            "," if token.kind == Kind::Sign && depth == 1 => {
                out.push(start..token.start);
                start = token.end();
            }
            _ => {}
        }
    }
    None
}

/// Whether a call stands where a statement does, so that its result may be its last argument.
fn begins_statement(text: &str, tokens: &[Token<'_>], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| &tokens[before]) else { return true };
    let new_line = text[before.end()..tokens[at].start].contains('\n');
    match before.kind {
        Kind::Comment => true,
        Kind::Sign => matches!(before.text, "{" | ";" | "|") || (new_line && matches!(before.text, ")" | "]" | "}")),
        Kind::Word => matches!(before.text, "not" | "if") || new_line,
        _ => new_line,
    }
}

/// `$"a {b}"` as a call: `mainstay.template(["a ", {x | x := b}])`.
fn template(whole: &str, mocked: &BTreeSet<String>, used: &mut BTreeSet<String>, depth: usize) -> String {
    let raw = whole.starts_with("$`");
    let quote = if raw { '`' } else { '"' };
    let body = whole[2..].strip_suffix(quote).unwrap_or(&whole[2..]);
    let mut out = String::from("mainstay.template([");
    let mut literal = String::new();
    let mut at = 0;
    let name = format!("mainstay_part{depth}");
    while let Some(c) = body[at..].chars().next() {
        let rest = &body[at..];
        match c {
            '\\' if rest[1..].starts_with('{') || (raw && rest[1..].starts_with('`')) => {
                literal.push_str(&rest[1..2]);
                at += 2;
            }
            '\\' if !raw => {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                literal.push_str(&rest[..length]);
                at += length;
            }
            '{' => {
                let length = expression_length(rest);
                let inner = rest[1..length].strip_suffix('}').unwrap_or(&rest[1..length]);
                let inner = text(inner, mocked, used, depth + 1);
                // Writing to a text cannot fail.
                let _ = write!(out, "{quote}{literal}{quote}, {{{name} | {name} := {inner}}}, ");
                literal.clear();
                at += length;
            }
            c => {
                literal.push(c);
                at += c.len_utf8();
            }
        }
    }
    let _ = write!(out, "{quote}{literal}{quote}])");
    out
}
