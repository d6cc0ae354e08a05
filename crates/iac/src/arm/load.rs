//! From the JSON of a template to its declarations.

use super::expr::{Element, Expr, Kind, Loop, Over, Property};
use super::parse;
use super::template::{Declared, Function, Nested, Parameter, Source, Template, Variable};
use crate::{At, Dialect, Map, Node, Value};
use mainstay_model::{Diagnostic, Place};
use std::collections::HashMap;
use std::sync::Arc;

/// The type of a deployment within a template.
const DEPLOYMENT: &str = "Microsoft.Resources/deployments";

/// Properties of a resource that say how it is deployed and not what it is.
const DIRECTIVES: [&str; 9] =
    ["type", "apiVersion", "resources", "copy", "condition", "dependsOn", "existing", "scope", "comments"];

/// Turns nodes into expressions, and says which of them are broken.
struct Loader<'l> {
    path: &'l str,
    diagnostics: &'l mut Vec<Diagnostic>,
}

/// Reads a template from its JSON.
pub(crate) fn template(node: &Node, path: &str, diagnostics: &mut Vec<Diagnostic>) -> Template {
    Loader { path, diagnostics }.template(node)
}

/// The `parameters` of a parameters file, by name in lower case.
pub(crate) fn given(node: &Node, path: &str, diagnostics: &mut Vec<Diagnostic>) -> HashMap<String, Expr> {
    let mut loader = Loader { path, diagnostics };
    let parameters = map(node).and_then(|file| field(file, "parameters")).and_then(map);
    let entries = parameters.into_iter().flat_map(Map::iter);
    entries.map(|(name, node)| (name.to_ascii_lowercase(), loader.expr(node))).collect()
}

impl Loader<'_> {
    fn template(&mut self, node: &Node) -> Template {
        let mut template = Template::new(Dialect::Arm, self.path);
        let Some(file) = map(node) else { return template };
        for (name, node) in section(file, "parameters") {
            template.parameters.push(self.parameter(name, node));
        }
        for (name, node) in section(file, "variables") {
            if name.eq_ignore_ascii_case("copy") {
                template.variables.extend(self.copies(node));
            } else {
                template.variables.push(Variable { name: name.into(), value: self.expr(node) });
            }
        }
        let namespaces = field(file, "functions").into_iter().flat_map(list).filter_map(map);
        for namespace in namespaces {
            let prefix = text(namespace, "namespace").unwrap_or_default().to_ascii_lowercase();
            for (name, node) in section(namespace, "members") {
                if let Some(function) = self.function(node) {
                    template.functions.insert(format!("{prefix}.{}", name.to_ascii_lowercase()).into(), function);
                }
            }
        }
        template.resources = self.resources(field(file, "resources"), "");
        template.index();
        template
    }

    fn parameter(&mut self, name: &str, node: &Node) -> Parameter {
        let declared = map(node);
        let declared_type = declared.and_then(|map| text(map, "type")).unwrap_or_default();
        let nullable = declared.and_then(|map| field(map, "nullable"));
        Parameter {
            name: name.into(),
            secure: declared_type.to_ascii_lowercase().starts_with("secure"),
            declared_type,
            default: declared.and_then(|map| field(map, "defaultValue")).map(|node| self.expr(node)),
            nullable: nullable.is_some_and(|node| node.value == Value::Bool(true)),
            at: node.at,
            line_end: last_line(node),
        }
    }

    fn function(&mut self, node: &Node) -> Option<Function> {
        let function = map(node)?;
        let names = field(function, "parameters").into_iter().flat_map(list).filter_map(map);
        let parameters: Vec<Arc<str>> = names.filter_map(|parameter| text(parameter, "name")).collect();
        let body = field(function, "output").and_then(map).and_then(|output| field(output, "value"))?;
        Some(Function { parameters: parameters.into(), body: self.expr(body) })
    }

    /// Variables that `copy` makes; as properties they are made where they stand.
    fn copies(&mut self, node: &Node) -> Vec<Variable> {
        list(node).filter_map(|one| self.copy(one)).map(|(name, value)| Variable { name, value }).collect()
    }

    fn copy(&mut self, node: &Node) -> Option<(Arc<str>, Expr)> {
        let copy = map(node)?;
        let name = text(copy, "name")?;
        let count = self.expr(field(copy, "count")?);
        let body = self.expr(field(copy, "input")?);
        let over = Over::Count { name: name.clone(), count };
        Some((name, Expr::new(node.at, Kind::Loop(Box::new(Loop { over, body })))))
    }

    fn resources(&mut self, node: Option<&Node>, parent_type: &str) -> Vec<Declared> {
        match node.map(|node| &node.value) {
            Some(Value::List(items)) => {
                items.iter().filter_map(|item| self.resource(None, item, parent_type)).collect()
            }
            Some(Value::Map(named)) => named
                .iter()
                .filter_map(|(symbol, item)| self.resource(Some(symbol.into()), item, parent_type))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn resource(&mut self, symbol: Option<Arc<str>>, node: &Node, parent_type: &str) -> Option<Declared> {
        let Some(resource) = map(node) else {
            self.warn(node.at, "a resource is not an object".to_owned(), "write it as {\"type\": ..., \"name\": ...}");
            return None;
        };
        let Some(own_type) = text(resource, "type") else {
            self.warn(
                node.at,
                "a resource has no `type`".to_owned(),
                "add a line such as \"type\": \"Microsoft.Web/sites\"",
            );
            return None;
        };
        // A child may repeat the whole type; the type of a provider has a point.
        let is_whole = own_type.split('/').next().is_some_and(|provider| provider.contains('.'));
        let resource_type: Arc<str> =
            if parent_type.is_empty() || is_whole { own_type } else { format!("{parent_type}/{own_type}").into() };
        let is_deployment = resource_type.eq_ignore_ascii_case(DEPLOYMENT);
        let kept = resource.iter().filter(|(name, _)| !DIRECTIVES.iter().any(|known| known.eq_ignore_ascii_case(name)));
        let kept: Vec<_> = kept.map(|(name, node)| (name, node, is_deployment)).collect();
        let body = kept.into_iter().map(|(name, node, deployment)| {
            let value = if deployment && name.eq_ignore_ascii_case("properties") {
                self.without(node, &["template", "parameters"])
            } else {
                self.expr(node)
            };
            Property::Set(Expr::text(node.at, name), value)
        });
        let body = Expr::new(node.at, Kind::Object(body.collect()));
        Some(Declared {
            symbol,
            api_version: text(resource, "apiVersion").unwrap_or_default(),
            existing: field(resource, "existing").is_some_and(|node| node.value == Value::Bool(true)),
            condition: field(resource, "condition").map(|node| self.expr(node)),
            over: self.over(field(resource, "copy")),
            name: field(resource, "name").map(|node| self.expr(node)),
            body,
            parent: None,
            scope: field(resource, "scope").map(|node| self.expr(node)),
            depends_on: field(resource, "dependsOn").into_iter().flat_map(list).map(|node| self.expr(node)).collect(),
            children: self.resources(field(resource, "resources"), &resource_type),
            nested: if is_deployment { self.nested(resource) } else { None },
            resource_type,
            at: node.at,
            line_end: last_line(node),
        })
    }

    fn over(&mut self, copy: Option<&Node>) -> Option<Over> {
        let copy = map(copy?)?;
        let name = text(copy, "name").unwrap_or_default();
        Some(Over::Count { name, count: self.expr(field(copy, "count")?) })
    }

    fn nested(&mut self, deployment: &Map) -> Option<Nested> {
        let properties = map(field(deployment, "properties")?)?;
        let parameters = field(properties, "parameters").map(|node| self.expr(node));
        let source = if let Some(node) = field(properties, "template") {
            let scope =
                field(properties, "expressionEvaluationOptions").and_then(map).and_then(|map| text(map, "scope"));
            let outer = !scope.is_some_and(|scope| scope.eq_ignore_ascii_case("inner"));
            Source::Inline { template: Box::new(self.template(node)), outer }
        } else {
            let link = map(field(properties, "templateLink")?)?;
            match text(link, "relativePath") {
                Some(path) => Source::Local(path),
                None => Source::Remote(text(link, "uri").or_else(|| text(link, "id")).unwrap_or_default()),
            }
        };
        Some(Nested { source, parameters })
    }

    /// An object without some of its properties.
    fn without(&mut self, node: &Node, left_out: &[&str]) -> Expr {
        let Some(object) = map(node) else { return self.expr(node) };
        let kept = object.iter().filter(|(name, _)| !left_out.iter().any(|known| known.eq_ignore_ascii_case(name)));
        let kept: Vec<_> = kept.map(|(name, node)| Property::Set(Expr::text(node.at, name), self.expr(node))).collect();
        Expr::new(node.at, Kind::Object(kept))
    }

    fn expr(&mut self, node: &Node) -> Expr {
        let kind = match &node.value {
            Value::String(text) => match parse::text(text, node.at) {
                Ok(expr) => return expr,
                Err(fault) => {
                    self.warn(
                        within(text, node.at, fault.offset),
                        format!("the expression `{}` is broken: {}", shown(text), fault.summary),
                        "correct it; a text that begins with [ but is no expression is written [[",
                    );
                    let why = format!("the expression is broken: {}", fault.summary);
                    Kind::Literal(super::eval::unknown(why, &[]))
                }
            },
            Value::List(items) => Kind::Array(items.iter().map(|item| Element::One(self.expr(item))).collect()),
            Value::Map(map) => Kind::Object(self.properties(map)),
            scalar => Kind::Literal(scalar.clone()),
        };
        Expr::new(node.at, kind)
    }

    fn properties(&mut self, object: &Map) -> Vec<Property> {
        let mut properties = Vec::with_capacity(object.len());
        for (name, node) in object.iter() {
            let is_copy = name.eq_ignore_ascii_case("copy") && matches!(node.value, Value::List(_));
            if is_copy && list(node).all(|one| map(one).is_some_and(|copy| field(copy, "input").is_some())) {
                for (name, value) in list(node).filter_map(|one| self.copy(one)).collect::<Vec<_>>() {
                    properties.push(Property::Set(Expr::text(value.at, name), value));
                }
                continue;
            }
            let key = parse::text(&name.into(), node.at).unwrap_or_else(|_| Expr::text(node.at, name));
            properties.push(Property::Set(key, self.expr(node)));
        }
        properties
    }

    fn warn(&mut self, at: At, summary: String, help: &str) {
        let place = Place::at(self.path, at.line, at.column);
        self.diagnostics.push(Diagnostic::warning("arm.template", summary, place, help));
    }
}

fn shown(text: &str) -> String {
    if text.chars().count() > 80 {
        format!("{}...", text.chars().take(77).collect::<String>())
    } else {
        text.to_owned()
    }
}

fn map(node: &Node) -> Option<&Map> {
    match &node.value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn list(node: &Node) -> impl Iterator<Item = &Node> {
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => &[],
    };
    items.iter()
}

/// The entries of an object within an object.
fn section<'m>(file: &'m Map, name: &str) -> impl Iterator<Item = (&'m str, &'m Node)> {
    field(file, name).and_then(map).into_iter().flat_map(Map::iter)
}

/// A property, whatever the case of its name.
pub(crate) fn field<'m>(of: &'m Map, name: &str) -> Option<&'m Node> {
    of.get(name).or_else(|| of.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, node)| node))
}

fn text(of: &Map, name: &str) -> Option<Arc<str>> {
    match &field(of, name)?.value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The last line on which something of a node begins.
fn last_line(node: &Node) -> u32 {
    let inner = match &node.value {
        Value::List(items) => items.iter().map(last_line).max(),
        Value::Map(map) => map.iter().map(|(_, node)| last_line(node)).max(),
        _ => None,
    };
    inner.unwrap_or(0).max(node.at.line)
}

/// The place of an offset in bytes within a text that stands at a place. Where the text has several lines, whether they are
/// lines of the file cannot be told from it: then the place is that of the text.
fn within(text: &str, at: At, offset: u32) -> At {
    let before = text.get(..offset as usize).unwrap_or(text);
    if before.contains(['\n', '\r']) {
        return at;
    }
    let columns = u32::try_from(before.chars().count()).unwrap_or(u32::MAX);
    At { column: at.column.saturating_add(1).saturating_add(columns), ..at }
}
