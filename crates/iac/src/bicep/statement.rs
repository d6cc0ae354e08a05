//! Statements: what a file declares.

use super::cursor::Cursor;
use super::expression::{condition, expression, for_end, for_head, object_with};
use super::text::text;
use super::{Fault, Parsed};
use crate::At;
use crate::arm::expr::{Element, Expr, Kind, Over};
use crate::arm::template::{Declared, Function, Nested, Parameter, Source, Template, Variable};
use mainstay_model::Diagnostic;
use std::sync::Arc;

/// How many faults of one file are told.
const FAULTS_MAX: usize = 100;

/// The type of what a module deploys.
const DEPLOYMENT: &str = "Microsoft.Resources/deployments";

/// Words that begin a statement.
const WORDS: [&str; 17] = [
    "param",
    "var",
    "resource",
    "module",
    "output",
    "targetScope",
    "metadata",
    "func",
    "type",
    "import",
    "using",
    "extension",
    "provider",
    "assert",
    "extends",
    "with",
    "test",
];

/// Reads all statements; gives the template that a file of parameters is for.
pub(super) fn file(
    cursor: &mut Cursor<'_>,
    template: &mut Template,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let mut using = None;
    let mut faults = 0;
    loop {
        cursor.lines();
        if cursor.is_done() {
            return using;
        }
        if let Err(fault) = statement(cursor, template, &mut using) {
            faults += 1;
            if faults <= FAULTS_MAX {
                let place = cursor.origin().place(fault.at);
                diagnostics.push(Diagnostic::error("bicep.syntax", fault.summary, place, fault.help));
            }
            cursor.surface();
            recover(cursor);
        }
    }
}

/// Goes on with the next line that begins a statement at its first column.
fn recover(cursor: &mut Cursor<'_>) {
    loop {
        let rest = cursor.rest();
        let Some(end) = rest.find('\n') else { return cursor.advance(rest.len()) };
        cursor.advance(end + 1);
        let line = cursor.rest();
        let begins = |word: &str| line.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t']));
        if line.starts_with('@') || WORDS.into_iter().any(begins) {
            return;
        }
    }
}

fn statement(cursor: &mut Cursor<'_>, template: &mut Template, using: &mut Option<String>) -> Parsed<()> {
    let secure = decorators(cursor)?;
    let at = cursor.at();
    let Some(word) = cursor.name() else {
        return cursor
            .fault("a statement should be here", "begin it with param, var, resource, module, output or func");
    };
    match word {
        "param" => parameter(cursor, template, at, secure)?,
        "var" => {
            let name = declared_name(cursor)?;
            if !cursor.symbol("=") {
                passed_type(cursor)?;
                equals(cursor)?;
            }
            let value = expression(cursor)?;
            template.variables.push(Variable { name, value });
        }
        "resource" => {
            let declared = resource(cursor, at, None)?;
            template.resources.push(declared);
        }
        "module" => {
            let declared = module(cursor, at)?;
            template.resources.push(declared);
        }
        "func" => function(cursor, template)?,
        "output" => {
            declared_name(cursor)?;
            passed_type(cursor)?;
            equals(cursor)?;
            expression(cursor)?;
        }
        "targetScope" => {
            equals(cursor)?;
            expression(cursor)?;
        }
        "metadata" | "assert" => {
            declared_name(cursor)?;
            equals(cursor)?;
            expression(cursor)?;
        }
        "type" => {
            declared_name(cursor)?;
            equals(cursor)?;
            passed_type(cursor)?;
        }
        "import" | "extension" | "provider" | "using" | "extends" | "test" | "with" => {
            foreign(cursor, word, template, using)?;
        }
        other => {
            let summary = format!("`{other}` begins no statement");
            return Err(Fault { at, summary, help: "begin it with param, var, resource, module, output or func" });
        }
    }
    end_of_line(cursor)
}

fn end_of_line(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.space();
    if cursor.is_done() || cursor.peek() == Some('\n') {
        return Ok(());
    }
    cursor.fault("there is something after the end of the statement", "begin a new line")
}

fn equals(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.symbol("=") { Ok(()) } else { cursor.fault("a `=` should be here", "write name = value") }
}

fn declared_name(cursor: &mut Cursor<'_>) -> Parsed<Arc<str>> {
    match cursor.name() {
        Some(name) => Ok(name.into()),
        None => cursor.fault("a name should be here", "give what is declared a name"),
    }
}

/// Passes over `@...` lines; true where one of them is `@secure()`.
fn decorators(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    let mut secure = false;
    loop {
        cursor.lines();
        if !cursor.symbol("@") {
            return Ok(secure);
        }
        let decorator = expression(cursor)?;
        secure |= matches!(&decorator.kind, Kind::Call(name, _) if &**name == "secure");
    }
}

fn parameter(cursor: &mut Cursor<'_>, template: &mut Template, at: At, secure: bool) -> Parsed<()> {
    let name = declared_name(cursor)?;
    let (mut declared_type, mut nullable) = (Arc::from("string"), false);
    cursor.space();
    let untyped = cursor.rest().starts_with('=') || cursor.is_done() || cursor.peek() == Some('\n');
    if !untyped {
        if let Some(word) = cursor.peek_name() {
            declared_type = word.into();
        } else if cursor.peek() == Some('{') {
            declared_type = "object".into();
        } else if cursor.peek() == Some('[') {
            declared_type = "array".into();
        }
        let end = passed_type(cursor)?;
        if end.ends_with(']') {
            declared_type = "array".into();
        }
        nullable = end.ends_with('?');
    }
    let default = if cursor.symbol("=") { Some(expression(cursor)?) } else { None };
    let line_end = cursor.line_before();
    template.parameters.push(Parameter { name, declared_type, secure, default, nullable, at, line_end });
    Ok(())
}

/// Passes over a type and gives its text.
fn passed_type<'t>(cursor: &mut Cursor<'t>) -> Parsed<&'t str> {
    cursor.space();
    let before = cursor.rest();
    cursor.enter()?;
    loop {
        cursor.space();
        match cursor.peek() {
            Some('\'') => {
                text(cursor)?;
            }
            Some(open @ ('{' | '[' | '(')) => balanced(cursor, open)?,
            Some('-' | '0'..='9') => {
                let rest = cursor.rest();
                cursor.advance(rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| end + 1));
            }
            Some('*') => cursor.advance(1),
            _ => {
                // `resource 'type@version'` is a type too.
                let word = cursor.name();
                if word.is_none() {
                    return cursor
                        .fault("a type should be here", "write string, int, bool, array, object or a type's name");
                }
                cursor.space();
                if matches!(word, Some("resource" | "resourceInput" | "resourceOutput")) && cursor.peek() == Some('\'')
                {
                    text(cursor)?;
                }
            }
        }
        suffixes(cursor)?;
        let mark = cursor.mark();
        cursor.lines();
        if !cursor.symbol("|") {
            cursor.back(mark);
            break;
        }
        cursor.lines();
    }
    cursor.leave();
    Ok(before[..before.len() - cursor.rest().len()].trim_end())
}

/// `[]`, `?`, `!`, `.name` and `<...>` after a type.
fn suffixes(cursor: &mut Cursor<'_>) -> Parsed<()> {
    loop {
        let rest = cursor.rest();
        if rest.starts_with('[') {
            balanced(cursor, '[')?;
        } else if rest.starts_with('?') || rest.starts_with('!') || rest.starts_with('*') {
            cursor.advance(1);
        } else if rest.starts_with('.') {
            cursor.advance(1);
            let _ = cursor.name();
        } else if rest.starts_with('<') {
            match rest.find(['>', '\n']) {
                Some(end) if rest[end..].starts_with('>') => cursor.advance(end + 1),
                _ => return cursor.fault("a `>` should close the type", "write resourceInput<'type@version'>"),
            }
        } else {
            return Ok(());
        }
    }
}

/// Passes over everything up to the bracket that closes the next one.
fn balanced(cursor: &mut Cursor<'_>, open: char) -> Parsed<()> {
    let at = cursor.at();
    let mut depth = 0_u32;
    loop {
        cursor.lines();
        match cursor.peek() {
            Some('\'') => {
                text(cursor)?;
                continue;
            }
            Some('{' | '[' | '(') => depth += 1,
            Some('}' | ']' | ')') => depth -= 1,
            None => return Err(Fault { at, summary: format!("`{open}` is never closed"), help: "close it" }),
            _ => {}
        }
        cursor.advance(cursor.peek().map_or(0, char::len_utf8));
        if depth == 0 {
            return Ok(());
        }
    }
}

fn function(cursor: &mut Cursor<'_>, template: &mut Template) -> Parsed<()> {
    let name = declared_name(cursor)?;
    let mut parameters: Vec<Arc<str>> = Vec::new();
    if !cursor.symbol("(") {
        return cursor.fault("parameters should follow", "write func name(a string) string => ...");
    }
    loop {
        cursor.lines();
        if cursor.symbol(")") {
            break;
        }
        parameters.push(declared_name(cursor)?);
        passed_type(cursor)?;
        cursor.lines();
        let _ = cursor.symbol(",");
    }
    passed_type(cursor)?;
    if !cursor.symbol("=>") {
        return cursor.fault("`=>` should follow", "write func name(a string) string => ...");
    }
    let body = expression(cursor)?;
    let function = Function { parameters: parameters.into(), body };
    template.functions.insert(name.to_ascii_lowercase().into(), function);
    Ok(())
}

/// What comes from elsewhere: its names are known, and what they stand for is not.
fn foreign(cursor: &mut Cursor<'_>, word: &str, template: &mut Template, using: &mut Option<String>) -> Parsed<()> {
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut source: Option<Arc<str>> = None;
    let mut braces = 0_u32;
    loop {
        if braces > 0 {
            cursor.lines();
        } else {
            cursor.space();
        }
        match cursor.peek() {
            None => break,
            Some('\n') => break,
            Some('\'') => source = text(cursor)?.as_text().cloned(),
            Some(other) => {
                if let Some(name) = cursor.name() {
                    // In `a as b` the last name counts.
                    if name == "as" {
                        names.pop();
                    } else if !matches!(name, "from" | "with" | "none") {
                        names.push(name.into());
                    }
                    continue;
                }
                match other {
                    '{' => braces += 1,
                    '}' => braces = braces.saturating_sub(1),
                    _ => {}
                }
                cursor.advance(other.len_utf8());
            }
        }
    }
    let from: Arc<str> = source.clone().unwrap_or_else(|| word.into());
    if word == "using" {
        *using = source.map(|path| path.to_string());
    }
    names.into_iter().for_each(|name| {
        template.foreign.insert(name, from.clone());
    });
    Ok(())
}

/// The head of a resource or module: its symbolic name and the text after it.
fn head(cursor: &mut Cursor<'_>) -> Parsed<(Arc<str>, Arc<str>)> {
    let symbol = declared_name(cursor)?;
    cursor.space();
    if cursor.peek() == Some('\'')
        && let Some(text) = text(cursor)?.as_text()
    {
        return Ok((symbol, text.clone()));
    }
    cursor.fault(
        "a text without expressions should follow the name",
        "write resource name 'Microsoft.Web/sites@2023-12-01' = {",
    )
}

/// A loop, a condition and an object, with the resources that stand in it.
struct Body {
    over: Option<Over>,
    condition: Option<Expr>,
    object: Expr,
    children: Vec<Declared>,
}

fn body(cursor: &mut Cursor<'_>, resource_type: &Arc<str>, api_version: &Arc<str>) -> Parsed<Body> {
    equals(cursor)?;
    cursor.lines();
    let mut children = Vec::new();
    let mut nested = |cursor: &mut Cursor<'_>| {
        let mark = cursor.mark();
        let at = cursor.at();
        let is_resource = cursor.rest().starts_with('@') || cursor.word("resource") && cursor.peek_name().is_some();
        cursor.back(mark);
        if !is_resource {
            return Ok(false);
        }
        decorators(cursor)?;
        let _ = cursor.word("resource");
        children.push(resource(cursor, at, Some((resource_type, api_version)))?);
        Ok(true)
    };
    let (over, condition, object) = if cursor.peek() == Some('[') {
        let Some((over, condition)) = for_head(cursor)? else {
            return cursor.fault("a loop should be here", "write [for item in list: { ... }]");
        };
        let object = object_with(cursor, &mut nested)?;
        for_end(cursor)?;
        (Some(over), condition, object)
    } else {
        (None, condition(cursor)?, object_with(cursor, &mut nested)?)
    };
    Ok(Body { over, condition, object, children })
}

fn resource(cursor: &mut Cursor<'_>, at: At, parent: Option<(&Arc<str>, &Arc<str>)>) -> Parsed<Declared> {
    let (symbol, typed) = head(cursor)?;
    let (own_type, version) = typed.split_once('@').unwrap_or((&typed, ""));
    let (resource_type, api_version): (Arc<str>, Arc<str>) = match parent {
        Some((parent, inherited)) => {
            let version = if version.is_empty() { inherited.clone() } else { version.into() };
            (format!("{parent}/{own_type}").into(), version)
        }
        None => (own_type.into(), version.into()),
    };
    let existing = cursor.word("existing");
    cursor.enter()?;
    let mut body = body(cursor, &resource_type, &api_version)?;
    cursor.leave();
    let parent = body.object.take_property("parent");
    let scope = body.object.take_property("scope");
    let depends_on = body.object.take_property("dependsOn").map(elements).unwrap_or_default();
    Ok(Declared {
        symbol: Some(symbol),
        resource_type,
        api_version,
        existing,
        condition: body.condition,
        over: body.over,
        name: body.object.property("name").cloned(),
        body: body.object,
        parent,
        scope,
        depends_on,
        children: body.children,
        nested: None,
        at,
        line_end: cursor.line_before(),
    })
}

fn module(cursor: &mut Cursor<'_>, at: At) -> Parsed<Declared> {
    let (symbol, path) = head(cursor)?;
    let _ = cursor.word("existing");
    let resource_type: Arc<str> = DEPLOYMENT.into();
    let mut body = body(cursor, &resource_type, &Arc::from(""))?;
    let parameters = body.object.take_property("params");
    let scope = body.object.take_property("scope");
    let depends_on = body.object.take_property("dependsOn").map(elements).unwrap_or_default();
    let is_remote = ["br:", "br/", "ts:", "ts/"].iter().any(|scheme| path.starts_with(scheme));
    let source = if is_remote { Source::Remote(path) } else { Source::Local(path) };
    Ok(Declared {
        symbol: Some(symbol),
        resource_type,
        api_version: Arc::from(""),
        existing: false,
        condition: body.condition,
        over: body.over,
        name: body.object.property("name").cloned(),
        body: body.object,
        parent: None,
        scope,
        depends_on,
        children: Vec::new(),
        nested: Some(Nested { source, parameters }),
        at,
        line_end: cursor.line_before(),
    })
}

/// The elements of a list that is written out; of anything else, itself.
fn elements(expr: Expr) -> Vec<Expr> {
    match expr.kind {
        Kind::Array(elements) => elements
            .into_iter()
            .map(|element| match element {
                Element::One(expr) | Element::Spread(expr) => expr,
            })
            .collect(),
        kind => vec![Expr { at: expr.at, kind }],
    }
}
