//! Custom policies of Checkov, in YAML or JSON, as users already have them: `metadata` and a `definition` of attribute,
//! connection, filter and resource conditions under `and`, `or` and `not`.
//!
//! A verdict is three-valued: where an attribute is known only after apply, the policy's answer is `unknown`, and it
//! spreads only where it decides. `docs/policies.md` says what differs on purpose.

mod definition;
mod jsonpath;
mod judge;
mod operator;
mod path;
mod value;

pub(crate) use judge::{Saying, Vertices};

use crate::control::Control;
use definition::{Reader, Rule};
use mainstay_iac::{Map, Node, Value};
use mainstay_model::{Diagnostic, Place, Severity};
use value::Val;

/// One policy, read and checked.
#[derive(Debug)]
pub(crate) struct Policy {
    rule: Rule,
    /// The frameworks that it is for, in small letters; none means all.
    frameworks: Vec<String>,
}

impl Policy {
    /// What it says of every resource that it is about, by the resource's position.
    pub fn judge(&self, vertices: &Vertices<'_>) -> std::collections::BTreeMap<usize, Saying> {
        let mut said = vertices.judge(&self.rule);
        if !self.frameworks.is_empty() {
            said.retain(|at, _| vertices.is_of(*at, &self.frameworks));
        }
        said
    }
}

/// Whether a document is a policy of Checkov.
pub(crate) fn is_policy(document: &Node) -> bool {
    match &document.value {
        Value::Map(map) => map.get("metadata").is_some() && map.get("definition").is_some(),
        _ => false,
    }
}

/// Reads one policy. What is wrong with it comes as diagnostics; a policy with any is not used.
pub(crate) fn read(path: &str, document: &Node) -> Result<(Control, Policy), Vec<Diagnostic>> {
    let wrong = |at: mainstay_iac::At, summary: String, help: &str| {
        Diagnostic::error("checkov.policy", summary, Place::at(path, at.line, at.column), help)
    };
    let Value::Map(map) = &document.value else {
        return Err(vec![wrong(document.at, "the policy is not a map".into(), "write `metadata:` and `definition:`")]);
    };
    let mut diagnostics = Vec::new();
    let metadata = map.get("metadata").and_then(|node| match &node.value {
        Value::Map(map) => Some(map),
        _ => None,
    });
    let word = |key: &str| metadata.and_then(|metadata| text(metadata, key));
    for key in ["id", "name", "category"] {
        if word(key).is_none() {
            let at = map.get("metadata").map_or(document.at, |node| node.at);
            diagnostics.push(wrong(at, format!("`metadata.{key}` is missing"), "add it; it must be a text"));
        }
    }
    let providers = providers(map);
    let rule = match map.get("definition") {
        Some(definition) => {
            (Reader { providers: &providers }).definition(definition).map_err(|w| wrong(w.at, w.summary, w.help))
        }
        None => Err(wrong(document.at, "`definition` is missing".into(), "add what the policy demands")),
    };
    match rule {
        Ok(rule) if diagnostics.is_empty() => {
            let frameworks = words(metadata.and_then(|metadata| metadata.get("frameworks")));
            Ok((control(path, &word), Policy { rule, frameworks }))
        }
        Ok(_) => Err(diagnostics),
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            Err(diagnostics)
        }
    }
}

fn control(path: &str, word: &dyn Fn(&str) -> Option<String>) -> Control {
    let guideline = word("guideline").unwrap_or_default();
    let why = match word("category") {
        Some(category) => format!("A policy of this team, of the category {category}, written for Checkov."),
        None => "A policy of this team, written for Checkov.".to_owned(),
    };
    let fix = if guideline.is_empty() { format!("See the policy in {path}.") } else { guideline };
    let severity = word("severity").and_then(|word| Severity::from_word(&word)).unwrap_or(Severity::Medium);
    Control::foreign(&word("id").unwrap_or_default(), &word("name").unwrap_or_default(), severity, path, why, &fix)
}

fn text(map: &Map, key: &str) -> Option<String> {
    match map.get(key).map(Val::plain) {
        None | Some(Val::Null | Val::List(_) | Val::Map(_) | Val::Unknown(_)) => None,
        Some(val) => Some(val.text()).filter(|text| !text.is_empty()),
    }
}

fn words(node: Option<&Node>) -> Vec<String> {
    match node.map(Val::plain) {
        Some(Val::List(items)) => items.iter().map(|item| item.text().to_lowercase()).collect(),
        Some(Val::Text(text)) => vec![text.to_lowercase()],
        _ => Vec::new(),
    }
}

fn providers(policy: &Map) -> Vec<String> {
    match policy.get("scope").map(|node| &node.value) {
        Some(Value::Map(scope)) => words(scope.get("provider")),
        _ => Vec::new(),
    }
}
