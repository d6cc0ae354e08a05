//! Rewrites of the shape of bodies, where the interpreter reads or evaluates otherwise than OPA does. Lines stay.
//!
//! 1. `x` on one line and `(y)` on the next are two statements, no call.
//! 2. `head { a } { b }` is two rules of one head.
//! 3. In `not f(x.y)` the argument is looked up before the negation: where it is undefined, so is the whole body.

use crate::token::{Kind, Token, tokens};

/// Applies all of them.
pub(crate) fn normal(text: &str) -> String {
    let text = separated(text);
    let text = unchained(&text);
    hoisted(&text)
}

/// Tokens other than comments.
fn code(text: &str) -> Vec<Token<'_>> {
    tokens(text).into_iter().filter(|token| token.kind != Kind::Comment).collect()
}

/// Inserts texts at places, which must be in order.
fn inserted(text: &str, inserts: &[(usize, String)]) -> String {
    let mut out = String::with_capacity(text.len() + inserts.len() * 8);
    let mut from = 0;
    for (at, insert) in inserts {
        out.push_str(&text[from..*at]);
        out.push_str(insert);
        from = *at;
    }
    out.push_str(&text[from..]);
    out
}

fn separated(text: &str) -> String {
    let tokens = code(text);
    let mut open: Vec<&str> = Vec::new();
    let mut inserts = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Sign {
            continue;
        }
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        if let (true, Some(&"{"), Some(before)) = (token.text == "(", open.last(), before) {
            let ends_term = match before.kind {
                Kind::Word => !matches!(before.text, "not" | "in" | "if" | "some" | "every" | "with" | "as" | "else"),
                Kind::Sign => matches!(before.text, ")" | "]" | "}"),
                _ => true,
            };
            if ends_term && text[before.end()..token.start].contains('\n') {
                inserts.push((before.end(), ";".to_owned()));
            }
        }
        match token.text {
            "(" | "[" | "{" => open.push(token.text),
            ")" | "]" | "}" => drop(open.pop()),
            _ => {}
        }
    }
    inserted(text, &inserts)
}

fn unchained(text: &str) -> String {
    let tokens = code(text);
    let mut inserts = Vec::new();
    let mut depth = 0usize;
    let mut head: Option<usize> = None;
    // Where the head ends, once a body was met.
    let mut body: Option<usize> = None;
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let new_line = before.is_none_or(|before| text[before.end()..token.start].contains('\n'));
        if depth == 0 && new_line && token.kind == Kind::Word && token.text != "else" {
            (head, body) = (Some(token.start), None);
        }
        if token.kind != Kind::Sign {
            continue;
        }
        if depth == 0 && token.text == "{" {
            let follows_body = before.is_some_and(|before| before.is("}"));
            match (head, body) {
                (Some(head), Some(end)) if follows_body => {
                    let again = text[head..end].split_whitespace().collect::<Vec<_>>().join(" ");
                    inserts.push((token.start, format!(" {again} ")));
                }
                (_, None) if before.is_some_and(|before| !matches!(before.text, "=" | ":" | "|" | "&" | "-")) => {
                    body = Some(token.start);
                }
                _ => {}
            }
        }
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    inserted(text, &inserts)
}

fn hoisted(text: &str) -> String {
    let tokens = code(text);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Word || token.text != "not" || token.start < from {
            continue;
        }
        if let Some((end, replacement)) = negated(text, &tokens, at) {
            out.push_str(&text[from..token.start]);
            out.push_str(&replacement);
            from = end;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// The end and the replacement of `not f(...)` that is a statement by itself with an argument that may be undefined.
fn negated(text: &str, tokens: &[Token<'_>], not: usize) -> Option<(usize, String)> {
    let mut at = not + 1;
    while tokens.get(at)?.kind == Kind::Word && tokens.get(at + 1)?.is(".") {
        at += 2;
    }
    let name_end = tokens.get(at).filter(|token| token.kind == Kind::Word)?.end();
    let open = at + 1;
    if !(tokens.get(open)?.is("(") && tokens[open].start == name_end) {
        return None;
    }
    let mut depth = 0usize;
    let mut starts = vec![tokens[open].end()];
    let mut ends = Vec::new();
    let close = (open..tokens.len()).find(|at| {
        let token = &tokens[*at];
        if token.kind != Kind::Sign {
            return false;
        }
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "," if depth == 1 => {
                ends.push(token.start);
                starts.push(token.end());
            }
            _ => {}
        }
        depth == 0
    })?;
    ends.push(tokens[close].start);
    let after = tokens.get(close + 1);
    let alone = after.is_none_or(|after| {
        after.is("}") || after.is("]") || after.is(";") || text[tokens[close].end()..after.start].contains('\n')
    });
    if !alone || after.is_some_and(|after| after.text == "with") {
        return None;
    }
    let (mut before, mut arguments, mut moved) = (String::new(), Vec::new(), false);
    for (number, (start, end)) in starts.iter().zip(&ends).enumerate() {
        let argument = &text[*start..*end];
        if is_reference(argument) {
            moved = true;
            let name = format!("mainstay_not_{}_{number}", tokens[not].start);
            before.push_str(&format!("{name} = {}; ", argument.trim()));
            arguments.push(format!("{}{name}", "\n".repeat(argument.matches('\n').count())));
        } else {
            arguments.push(argument.to_owned());
        }
    }
    let call = format!("{before}not {}({})", &text[tokens[not + 1].start..name_end], arguments.join(","));
    moved.then_some((tokens[close].end(), call))
}

/// Whether an argument is a reference with at least one step, on one line, and names no wildcard.
fn is_reference(argument: &str) -> bool {
    let tokens = code(argument.trim());
    let steps = tokens.iter().skip(1).all(|token| match token.kind {
        Kind::Sign => matches!(token.text, "." | "[" | "]"),
        Kind::Word => token.text != "_",
        Kind::Text | Kind::Number => true,
        _ => false,
    });
    tokens.len() > 2 && tokens[0].kind == Kind::Word && steps && !argument.trim().contains('\n')
}
