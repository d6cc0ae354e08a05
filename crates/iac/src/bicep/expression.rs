//! Expressions. Operators become the functions that the compiler makes of them.

use super::Parsed;
use super::cursor::Cursor;
use super::text::text;
use crate::arm::expr::{Element, Expr, Kind, Loop, Over, Property};
use crate::json::number_value;
use crate::{At, Value};
use std::sync::Arc;

/// How many operators or steps follow each other in one expression, at most.
const CHAIN_MAX: usize = 256;

/// Operators of two sides, those that bind least first; longer ones before those that they begin with.
const BINARY: [&[(&str, &str)]; 7] = [
    &[("??", "coalesce")],
    &[("||", "or")],
    &[("&&", "and")],
    &[("==", "equals"), ("!=", "!equals"), ("=~", "~equals"), ("!~", "!~equals")],
    &[("<=", "lessorequals"), (">=", "greaterorequals"), ("<", "less"), (">", "greater")],
    &[("+", "add"), ("-", "sub")],
    &[("*", "mul"), ("/", "div"), ("%", "mod")],
];

pub(super) fn expression(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    cursor.enter()?;
    cursor.lines();
    let condition = binary(cursor, 0)?;
    let mark = cursor.mark();
    cursor.lines();
    let chosen = if cursor.rest().starts_with('?') && !cursor.rest().starts_with("??") {
        cursor.advance(1);
        let then = expression(cursor)?;
        cursor.lines();
        if !cursor.symbol(":") {
            return cursor.fault("a `:` should follow", "write condition ? value : other");
        }
        let otherwise = expression(cursor)?;
        call(condition.at, "if", vec![condition, then, otherwise])
    } else {
        cursor.back(mark);
        condition
    };
    cursor.leave();
    Ok(chosen)
}

fn call(at: At, name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::new(at, Kind::Call(name.into(), arguments))
}

fn binary(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Expr> {
    let Some(operators) = BINARY.get(level) else { return unary(cursor) };
    let mut left = binary(cursor, level + 1)?;
    for _ in 0..CHAIN_MAX {
        let mark = cursor.mark();
        // A line may begin with one of the first three; with a minus it begins the next element of a list.
        if level < 3 {
            cursor.lines();
        } else {
            cursor.space();
        }
        let Some((symbol, function)) = operators.iter().find(|(symbol, _)| cursor.rest().starts_with(symbol)) else {
            cursor.back(mark);
            return Ok(left);
        };
        cursor.advance(symbol.len());
        cursor.lines();
        let right = binary(cursor, level + 1)?;
        left = applied(function, left, right);
    }
    cursor.fault(format!("more than {CHAIN_MAX} operators follow each other"), "name parts of it with `var`")
}

fn applied(function: &str, left: Expr, right: Expr) -> Expr {
    let at = left.at;
    let (negated, function) = function.strip_prefix('!').map_or((false, function), |function| (true, function));
    let (folded, function) = function.strip_prefix('~').map_or((false, function), |function| (true, function));
    let sides = [left, right].map(|side| if folded { call(side.at, "tolower", vec![side]) } else { side });
    let compared = call(at, function, Vec::from(sides));
    if negated { call(at, "not", vec![compared]) } else { compared }
}

fn unary(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    cursor.space();
    let at = cursor.at();
    for (symbol, function) in [("!", "not"), ("-", "minus")] {
        if cursor.symbol(symbol) {
            cursor.enter()?;
            let inner = unary(cursor)?;
            cursor.leave();
            return Ok(call(at, function, vec![inner]));
        }
    }
    let mut expr = primary(cursor)?;
    for _ in 0..CHAIN_MAX {
        match step(cursor, expr)? {
            (next, true) => expr = next,
            (last, false) => return Ok(last),
        }
    }
    cursor.fault(format!("more than {CHAIN_MAX} steps follow each other"), "name parts of it with `var`")
}

/// `.name`, `.?name`, `.name(...)`, `[index]`, `::name` or `!` after an expression; false where there is none.
fn step(cursor: &mut Cursor<'_>, of: Expr) -> Parsed<(Expr, bool)> {
    cursor.space();
    let (at, rest) = (of.at, cursor.rest());
    if rest.starts_with("::") {
        cursor.advance(2);
        let Some(name) = cursor.name() else { return cursor.fault("a name should follow `::`", "write parent::child") };
        return Ok((Expr::new(at, Kind::Name(name.into())), true));
    }
    if rest.starts_with("...") {
        return Ok((of, false));
    }
    if rest.starts_with('.') {
        cursor.advance(1);
        let safe = cursor.symbol("?");
        let Some(name) = cursor.name() else {
            return cursor.fault("a name should follow the point", "write value.name");
        };
        if !safe && cursor.rest().starts_with('(') {
            return Ok((method(cursor, of, name)?, true));
        }
        return Ok((Expr::new(at, Kind::Member { of: Box::new(of), name: name.into(), safe }), true));
    }
    if rest.starts_with('[') {
        cursor.advance(1);
        let safe = cursor.symbol("?");
        let index = expression(cursor)?;
        cursor.lines();
        if !cursor.symbol("]") {
            return cursor.fault("a `]` should close the index", "write list[0] or object['name']");
        }
        return Ok((Expr::new(at, Kind::Index { of: Box::new(of), index: Box::new(index), safe }), true));
    }
    if rest.starts_with('!') && !rest.starts_with("!=") && !rest.starts_with("!~") {
        cursor.advance(1);
        return Ok((of, true));
    }
    Ok((of, false))
}

/// A function of a namespace, or of a resource.
fn method(cursor: &mut Cursor<'_>, of: Expr, name: &str) -> Parsed<Expr> {
    let arguments = arguments(cursor)?;
    let lower = name.to_ascii_lowercase();
    Ok(match &of.kind {
        Kind::Name(space) if matches!(&**space, "sys" | "az") => call(of.at, &lower, arguments),
        _ => Expr::new(of.at, Kind::Method(Box::new(of), name.into(), arguments)),
    })
}

fn arguments(cursor: &mut Cursor<'_>) -> Parsed<Vec<Expr>> {
    cursor.advance(1);
    let mut arguments = Vec::new();
    loop {
        cursor.lines();
        if cursor.symbol(")") {
            return Ok(arguments);
        }
        arguments.push(expression(cursor)?);
        cursor.lines();
        if !cursor.symbol(",") && !cursor.rest().starts_with(')') {
            return cursor.fault("a `,` or `)` should be here", "separate arguments by commas");
        }
    }
}

fn primary(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    cursor.space();
    let at = cursor.at();
    let literal = |value: Value| Ok(Expr::new(at, Kind::Literal(value)));
    match cursor.peek() {
        Some('\'') => text(cursor),
        Some('0'..='9') => {
            let rest = cursor.rest();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            cursor.advance(end);
            literal(number_value(&rest[..end]))
        }
        Some('[') => array(cursor),
        Some('{') => object(cursor),
        Some('(') => lambda_or_group(cursor),
        _ => {
            let Some(name) = cursor.name() else {
                return cursor.fault(
                    "a value should be here",
                    "write a text in single quotes, a number, a name, [...] or {...}",
                );
            };
            match name {
                "true" => return literal(Value::Bool(true)),
                "false" => return literal(Value::Bool(false)),
                "null" => return literal(Value::Null),
                _ => {}
            }
            if cursor.rest().starts_with('(') {
                let arguments = arguments(cursor)?;
                return Ok(call(at, &name.to_ascii_lowercase(), arguments));
            }
            if cursor.symbol("=>") {
                return lambda(cursor, at, vec![name.into()]);
            }
            Ok(Expr::new(at, Kind::Name(name.into())))
        }
    }
}

fn lambda(cursor: &mut Cursor<'_>, at: At, names: Vec<Arc<str>>) -> Parsed<Expr> {
    let body = expression(cursor)?;
    Ok(Expr::new(at, Kind::Lambda(names.into(), Box::new(body))))
}

/// `(a, b) => ...`, or an expression in parentheses.
fn lambda_or_group(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    let at = cursor.at();
    cursor.advance(1);
    let mark = cursor.mark();
    if let Some(names) = names(cursor)
        && cursor.symbol("=>")
    {
        return lambda(cursor, at, names);
    }
    cursor.back(mark);
    let inner = expression(cursor)?;
    cursor.lines();
    if !cursor.symbol(")") {
        return cursor.fault("a `)` should close the parenthesis", "close it");
    }
    Ok(inner)
}

fn names(cursor: &mut Cursor<'_>) -> Option<Vec<Arc<str>>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    loop {
        cursor.lines();
        if cursor.symbol(")") {
            return Some(names);
        }
        names.push(cursor.name()?.into());
        cursor.lines();
        if !cursor.symbol(",") && !cursor.rest().starts_with(')') {
            return None;
        }
    }
}

fn array(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    let at = cursor.at();
    cursor.enter()?;
    if let Some((over, condition)) = for_head(cursor)? {
        let body = expression(cursor)?;
        for_end(cursor)?;
        cursor.leave();
        let over = narrowed(over, condition);
        return Ok(Expr::new(at, Kind::Loop(Box::new(Loop { over, body }))));
    }
    cursor.advance(1);
    let mut elements = Vec::new();
    loop {
        cursor.lines();
        if cursor.symbol("]") {
            break;
        }
        if cursor.symbol("...") {
            elements.push(Element::Spread(expression(cursor)?));
        } else {
            elements.push(Element::One(expression(cursor)?));
        }
        separator(cursor, ']')?;
    }
    cursor.leave();
    Ok(Expr::new(at, Kind::Array(elements)))
}

/// After an element or property: a comma, a line break or the end.
fn separator(cursor: &mut Cursor<'_>, end: char) -> Parsed<()> {
    if cursor.symbol(",") || matches!(cursor.peek(), Some('\n')) || cursor.peek() == Some(end) {
        return Ok(());
    }
    cursor.fault(format!("a line break, `,` or `{end}` should be here"), "write one element a line")
}

/// `[for item in list:` or `[for (item, index) in list: if (condition)`; `None` where another array begins.
pub(super) fn for_head(cursor: &mut Cursor<'_>) -> Parsed<Option<(Over, Option<Expr>)>> {
    let mark = cursor.mark();
    cursor.advance(1);
    cursor.lines();
    if !cursor.word("for") {
        cursor.back(mark);
        return Ok(None);
    }
    let (item, index) = if cursor.symbol("(") {
        match names(cursor).unwrap_or_default().as_slice() {
            [item, index] => (item.clone(), Some(index.clone())),
            [item] => (item.clone(), None),
            _ => return cursor.fault("two names should be here", "write (item, index)"),
        }
    } else {
        match cursor.name() {
            Some(item) => (item.into(), None),
            None => return cursor.fault("a name should follow `for`", "write for item in list: ..."),
        }
    };
    if !cursor.word("in") {
        return cursor.fault("`in` should follow", "write for item in list: ...");
    }
    let list = expression(cursor)?;
    if !cursor.symbol(":") {
        return cursor.fault("a `:` should follow the list", "write for item in list: ...");
    }
    cursor.lines();
    let condition = condition(cursor)?;
    Ok(Some((Over::List { item, index, list, when: None }, condition)))
}

/// `if (condition)` before the body of a resource or a loop.
pub(super) fn condition(cursor: &mut Cursor<'_>) -> Parsed<Option<Expr>> {
    if !cursor.word("if") {
        return Ok(None);
    }
    cursor.space();
    let condition = primary(cursor)?;
    cursor.lines();
    Ok(Some(condition))
}

pub(super) fn for_end(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.lines();
    if cursor.symbol("]") { Ok(()) } else { cursor.fault("a `]` should close the loop", "close it") }
}

fn narrowed(over: Over, condition: Option<Expr>) -> Over {
    match over {
        Over::List { item, index, list, .. } => Over::List { item, index, list, when: condition },
        counted @ Over::Count { .. } => counted,
    }
}

pub(super) fn object(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    object_with(cursor, &mut |_| Ok(false))
}

/// An object; `nested` reads what stands in the place of a property and is none, and says whether it did.
pub(super) fn object_with(
    cursor: &mut Cursor<'_>,
    nested: &mut dyn FnMut(&mut Cursor<'_>) -> Parsed<bool>,
) -> Parsed<Expr> {
    cursor.space();
    let at = cursor.at();
    if !cursor.symbol("{") {
        return cursor.fault("an object should be here", "write { name: value }");
    }
    cursor.enter()?;
    let mut properties = Vec::new();
    loop {
        cursor.lines();
        if cursor.symbol("}") {
            break;
        }
        if nested(cursor)? {
            continue;
        }
        if cursor.symbol("...") {
            properties.push(Property::Spread(expression(cursor)?));
        } else {
            let key = key(cursor)?;
            if !cursor.symbol(":") {
                return cursor.fault("a `:` should follow the name of a property", "write name: value");
            }
            properties.push(Property::Set(key, expression(cursor)?));
        }
        separator(cursor, '}')?;
    }
    cursor.leave();
    Ok(Expr::new(at, Kind::Object(properties)))
}

fn key(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    cursor.space();
    let at = cursor.at();
    if cursor.peek() == Some('\'') {
        return text(cursor);
    }
    match cursor.name() {
        Some(name) => Ok(Expr::text(at, name)),
        None => cursor.fault("the name of a property should be here", "write name: value, one a line"),
    }
}
