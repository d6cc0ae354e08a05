//! A policy's definition as a tree: read from its YAML, with a diagnostic for what cannot be read.

use super::jsonpath::JsonPath;
use super::operator::Operator;
use super::path::Path;
use super::value::Val;
use mainstay_iac::{At, Node, Value};

/// How deep `and`, `or` and `not` may nest.
const DEPTH_MAX: usize = 32;

/// A type list of a condition; empty stands for every resource.
#[derive(Debug, Default, Clone)]
pub(super) struct Types {
    pub names: Vec<String>,
    /// Beginnings that a type must have: `scope.provider` with `resource_types: all`.
    pub starts: Vec<&'static str>,
}

/// What a policy demands.
#[derive(Debug)]
pub(super) enum Rule {
    Attribute {
        types: Types,
        attribute: Box<Attribute>,
    },
    /// A resource of a type that is not among those fails (`exists`), or of one that is (`not_exists`).
    Resource {
        types: Types,
        allowed: bool,
    },
    Filter {
        attribute: String,
        value: Val,
    },
    Connection {
        types: Types,
        others: Types,
        kind: Connected,
    },
    All(Vec<Rule>),
    Some(Vec<Rule>),
    Not(Box<Rule>),
}

#[derive(Debug)]
pub(super) struct Attribute {
    pub path: Path,
    pub jsonpath: Option<JsonPath>,
    pub operator: Operator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connected {
    Exists,
    OneExists,
    NotExists,
}

/// What is wrong, where, and what to do.
pub(super) struct Wrong {
    pub at: At,
    pub summary: String,
    pub help: &'static str,
}

pub(super) struct Reader<'p> {
    /// `scope.provider`, in small letters.
    pub providers: &'p [String],
}

type Read<T> = Result<T, Wrong>;

fn wrong<T>(at: At, summary: impl Into<String>, help: &'static str) -> Read<T> {
    Err(Wrong { at, summary: summary.into(), help })
}

impl Reader<'_> {
    /// A whole definition; a list is read as `and`.
    pub fn definition(&self, node: &Node) -> Read<Rule> {
        let rule = match &node.value {
            Value::List(items) => self.all(items, node.at, 0).map(Rule::All)?,
            _ => self.rule(node, 0)?,
        };
        if let Rule::Filter { .. } = rule {
            return wrong(node.at, "a filter alone judges nothing", "put it into an `and` with a condition");
        }
        if misplaced(&rule) {
            let help = "put connections into `and` and `or` only; `not_exists` says the opposite of `exists`";
            return wrong(node.at, "a connection cannot stand below `not`", help);
        }
        Ok(rule)
    }

    fn rule(&self, node: &Node, depth: usize) -> Read<Rule> {
        let Value::Map(map) = &node.value else {
            return wrong(node.at, "a condition must be a map", "write `cond_type`, `operator`, ... below it");
        };
        if depth > DEPTH_MAX {
            return wrong(node.at, format!("conditions nest deeper than {DEPTH_MAX} levels"), "split the policy");
        }
        let joins = ["and", "or", "not"].iter().find_map(|key| Some((*key, map.get(key)?)));
        if let Some((key, children)) = joins {
            let rules = match &children.value {
                Value::List(items) => self.all(items, children.at, depth + 1)?,
                _ => vec![self.rule(children, depth + 1)?],
            };
            return match key {
                "and" => Ok(Rule::All(rules)),
                "or" => Ok(Rule::Some(rules)),
                _ => match <[Rule; 1]>::try_from(rules) {
                    Ok([rule]) => Ok(Rule::Not(Box::new(rule))),
                    Err(_) => wrong(children.at, "`not` takes one condition", "join several by `and` or `or` below it"),
                },
            };
        }
        let types = self.types(map.get("resource_types"));
        let word = |key: &str| map.get(key).map(|node| Val::plain(node).text());
        let operator = word("operator").unwrap_or_default();
        let value = || map.get("value").map_or(Val::Null, Val::plain);
        match word("cond_type").as_deref() {
            Some("attribute") => self.attribute(node, types, &operator, word("attribute"), value()),
            None => self.attribute(node, types, "any", Some(word("attribute").unwrap_or_default()), value()),
            Some("resource") => match operator.as_str() {
                "exists" => Ok(Rule::Resource { types, allowed: true }),
                "not_exists" => Ok(Rule::Resource { types, allowed: false }),
                other => wrong(node.at, no_operator(other), "write `exists` or `not_exists`"),
            },
            Some("connection") => {
                let kind = match operator.as_str() {
                    "exists" => Connected::Exists,
                    "one_exists" => Connected::OneExists,
                    "not_exists" => Connected::NotExists,
                    other => return wrong(node.at, no_operator(other), "write `exists`, `one_exists` or `not_exists`"),
                };
                let others = self.types(map.get("connected_resource_types"));
                Ok(Rule::Connection { types, others, kind })
            }
            Some("filter") if operator == "within" => {
                Ok(Rule::Filter { attribute: word("attribute").unwrap_or_default(), value: value() })
            }
            Some("filter") => wrong(node.at, no_operator(&operator), "write `within`"),
            Some(other) => wrong(
                node.at,
                format!("there is no kind of condition `{other}`"),
                "write `cond_type: attribute`, `connection`, `filter` or `resource`",
            ),
        }
    }

    fn all(&self, items: &[Node], at: At, depth: usize) -> Read<Vec<Rule>> {
        if items.is_empty() {
            return wrong(at, "there is no condition", "add one, or remove the key");
        }
        items.iter().map(|item| self.rule(item, depth)).collect()
    }

    fn attribute(
        &self,
        node: &Node,
        types: Types,
        operator: &str,
        attribute: Option<String>,
        value: Val,
    ) -> Read<Rule> {
        let (jsonpath, name) = match operator.strip_prefix("jsonpath_") {
            Some(name) => (true, name),
            None => (false, operator),
        };
        let Some(attribute) = attribute else {
            return wrong(node.at, "the condition names no attribute", "add `attribute: NAME`");
        };
        let help = "docs/policies.md lists the operators";
        let operator = Operator::of(name, value).map_err(|summary| Wrong { at: node.at, summary, help })?;
        let parsed = jsonpath.then(|| JsonPath::parse(&attribute)).transpose();
        let jsonpath = parsed.map_err(|why| Wrong {
            at: node.at,
            summary: format!("the path `{attribute}` cannot be read: {why}"),
            help: "write a JSONPath such as `$.statement[*].effect`",
        })?;
        Ok(Rule::Attribute { types, attribute: Box::new(Attribute { path: Path::of(&attribute), jsonpath, operator }) })
    }

    fn types(&self, node: Option<&Node>) -> Types {
        let names: Vec<String> = match node.map(Val::plain) {
            Some(Val::List(items)) => items.iter().map(Val::text).collect(),
            Some(Val::Null) | None => Vec::new(),
            Some(one) => vec![one.text()],
        };
        let is = |word: &str| names.first().is_some_and(|name| name.eq_ignore_ascii_case(word));
        if is("taggable") {
            return Types { names: taggable(self.providers), starts: Vec::new() };
        }
        if names.is_empty() || is("all") {
            return Types {
                names: Vec::new(),
                starts: self.providers.iter().flat_map(|p| starts_of(p)).copied().collect(),
            };
        }
        if names.iter().any(|name| name == "provider") && !self.providers.is_empty() {
            let names = self.providers.iter().map(|provider| format!("provider.{provider}")).collect();
            return Types { names, starts: Vec::new() };
        }
        Types { names, starts: Vec::new() }
    }
}

fn no_operator(name: &str) -> String {
    format!("there is no operator `{name}` for this kind of condition")
}

/// How the types of a provider begin.
fn starts_of(provider: &str) -> &'static [&'static str] {
    match provider {
        "aws" => &["aws_"],
        "azure" => &["azurerm_", "azuread_"],
        "gcp" => &["google_", "gcloud"],
        _ => &[],
    }
}

/// Types of which a resource may carry tags or labels.
fn taggable(providers: &[String]) -> Vec<String> {
    let starts: Vec<&str> = match providers {
        [] => vec![""],
        providers => providers.iter().flat_map(|provider| starts_of(provider)).copied().collect(),
    };
    let all = include_str!("taggable.txt").lines();
    all.filter(|name| starts.iter().any(|start| name.starts_with(start))).map(str::to_owned).collect()
}

fn misplaced(rule: &Rule) -> bool {
    match rule {
        Rule::Not(inner) => connects(inner) || misplaced(inner),
        Rule::All(rules) | Rule::Some(rules) => rules.iter().any(misplaced),
        _ => false,
    }
}

/// Whether a connection is anywhere in a rule.
pub(super) fn connects(rule: &Rule) -> bool {
    match rule {
        Rule::Connection { .. } => true,
        Rule::All(rules) | Rule::Some(rules) => rules.iter().any(connects),
        Rule::Not(inner) => connects(inner),
        _ => false,
    }
}

impl Types {
    pub fn holds(&self, resource_type: &str) -> bool {
        if self.names.is_empty() {
            return self.starts.is_empty() || self.starts.iter().any(|start| resource_type.starts_with(start));
        }
        self.names.iter().any(|name| name == resource_type)
    }

    /// These and others, as one; where either is for everything, so is the whole.
    pub fn with(mut self, other: &Self) -> Self {
        self.names.extend(other.names.iter().cloned());
        self.starts.extend(&other.starts);
        self
    }

    pub fn is_everything(&self) -> bool {
        self.names.is_empty() && self.starts.is_empty()
    }
}
