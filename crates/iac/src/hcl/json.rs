//! Terraform's JSON syntax (`.tf.json`) as the same tree: keys become blocks and arguments, texts become templates.

use super::{Attribute, Block, Body, Expr, Item, Key, Kind, parse_template, set_place};
use crate::source::Origin;
use crate::{At, Map, Node, Value, json};
use mainstay_model::Diagnostic;
use std::sync::Arc;

type Parsed<T> = Result<T, Box<Diagnostic>>;

/// Reads a file of the JSON syntax. What is a block and what an argument is told by the name at the outermost level; below
/// it a list of objects stands where native syntax has blocks.
///
/// # Errors
/// A diagnostic with its place.
pub fn parse_json(text: &str, origin: Origin<'_>) -> Result<Body, Box<Diagnostic>> {
    let node = json::parse(text, origin)?;
    let mut body = Body::default();
    for map in objects(&node) {
        for (kind, node) in map.iter() {
            let labels = match kind {
                "resource" | "data" => 2,
                "variable" | "output" | "module" | "provider" => 1,
                _ => 0,
            };
            if kind != "//" {
                blocks(kind, labels, node, &mut Vec::new(), &mut body, origin)?;
            }
        }
    }
    Ok(body)
}

/// An object, or the objects of a list.
fn objects(node: &Node) -> Vec<&Map> {
    match &node.value {
        Value::Map(map) => vec![map],
        Value::List(items) => {
            items.iter().filter_map(|item| if let Value::Map(map) = &item.value { Some(map) } else { None }).collect()
        }
        _ => Vec::new(),
    }
}

fn blocks(
    kind: &str,
    labels: usize,
    node: &Node,
    found: &mut Vec<Arc<str>>,
    out: &mut Body,
    origin: Origin<'_>,
) -> Parsed<()> {
    if found.len() < labels {
        for map in objects(node) {
            for (label, node) in map.iter().filter(|(label, _)| *label != "//") {
                found.push(Arc::from(label));
                blocks(kind, labels, node, found, out, origin)?;
                found.pop();
            }
        }
        return Ok(());
    }
    let nodes: Vec<&Node> = if let Value::List(items) = &node.value { items.iter().collect() } else { vec![node] };
    for node in nodes {
        let Value::Map(map) = &node.value else { continue };
        let body = content(map, origin)?;
        let line_end = last_line(node);
        out.items.push(Item::Block(Block {
            kind: Arc::from(kind),
            labels: found.clone(),
            body,
            at: node.at,
            line_end,
        }));
    }
    Ok(())
}

fn content(map: &Map, origin: Origin<'_>) -> Parsed<Body> {
    let mut body = Body::default();
    for (name, node) in map.iter() {
        match name {
            "//" => {}
            "dynamic" | "provisioner" => blocks(name, 1, node, &mut Vec::new(), &mut body, origin)?,
            "lifecycle" | "connection" | "content" => blocks(name, 0, node, &mut Vec::new(), &mut body, origin)?,
            _ => {
                let names = matches!(
                    name,
                    "depends_on"
                        | "ignore_changes"
                        | "provider"
                        | "providers"
                        | "replace_triggered_by"
                        | "type"
                        | "iterator"
                );
                let value = expr(node, names, origin)?;
                body.items.push(Item::Attribute(Attribute { name: Arc::from(name), at: node.at, value }));
            }
        }
    }
    Ok(body)
}

/// A value; with `names` a text is an expression itself (`"aws_s3_bucket.logs"`) and not a template.
fn expr(node: &Node, names: bool, origin: Origin<'_>) -> Parsed<Expr> {
    let kind = match &node.value {
        Value::Null => Kind::Null,
        Value::Bool(flag) => Kind::Bool(*flag),
        Value::Number(number) => Kind::Number(*number),
        Value::Unknown(_) => Kind::HugeNumber,
        Value::String(text) if names => named(text, node.at, origin),
        Value::String(text) if !text.contains("${") && !text.contains("%{") => Kind::String(text.clone()),
        Value::String(text) => {
            let mut template = parse_template(text, Origin::of(origin.path)).map_err(|mut fault| {
                fault.place = origin.place(node.at);
                fault
            })?;
            set_place(&mut template, node.at);
            template.kind
        }
        Value::List(items) => Kind::Tuple(items.iter().map(|item| expr(item, names, origin)).collect::<Parsed<_>>()?),
        Value::Map(map) => {
            let items =
                map.iter().map(|(key, node)| Ok((object_key(key, node.at, origin)?, expr(node, names, origin)?)));
            Kind::Object(items.collect::<Parsed<_>>()?)
        }
    };
    Ok(Expr { kind, at: node.at, start: 0, end: 0 })
}

/// A name given as text: an expression where it is one, else the text.
fn named(text: &Arc<str>, at: At, origin: Origin<'_>) -> Kind {
    match super::parse_expression(text, Origin::of(origin.path)) {
        Ok(mut expr) => {
            set_place(&mut expr, at);
            match expr.kind {
                Kind::Variable(_) | Kind::Call(..) => expr.kind,
                _ => Kind::String(text.clone()),
            }
        }
        Err(_) => Kind::String(text.clone()),
    }
}

fn object_key(key: &str, at: At, origin: Origin<'_>) -> Parsed<Key> {
    if !key.contains("${") && !key.contains("%{") {
        return Ok(Key::Name(Arc::from(key), at));
    }
    let mut template = parse_template(key, Origin::of(origin.path)).map_err(|mut fault| {
        fault.place = origin.place(at);
        fault
    })?;
    set_place(&mut template, at);
    Ok(Key::Expr(template))
}

fn last_line(node: &Node) -> u32 {
    let inner = match &node.value {
        Value::List(items) => items.iter().map(last_line).max(),
        Value::Map(map) => map.iter().map(|(_, node)| last_line(node)).max(),
        _ => None,
    };
    inner.unwrap_or(0).max(node.at.line)
}
