//! Fields of a document that somebody wrote for us, with a diagnostic for what is missing, malformed or not known.

use crate::{Node, Value};
use mainstay_model::{Diagnostic, Level, Place};
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;

/// One document being read: where it is, and what is wrong with it.
pub struct Document<'a> {
    /// The file.
    pub path: &'a str,
    /// What the codes of diagnostics begin with: `slo` for `slo.malformed`.
    pub about: &'static str,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

impl Document<'_> {
    /// Where a node stands.
    pub fn place(&self, node: &Node) -> Place {
        Place::at(self.path, node.at.line, node.at.column)
    }

    /// Notes that something cannot count.
    pub fn error(&mut self, node: &Node, what: impl Into<String>, mend: impl Into<String>) {
        let place = self.place(node);
        self.diagnostics.push(Diagnostic::error(&format!("{}.malformed", self.about), what, place, mend));
    }

    /// Notes that something is doubtful.
    pub fn warn(&mut self, node: &Node, what: impl Into<String>, mend: impl Into<String>) {
        let place = self.place(node);
        self.diagnostics.push(Diagnostic::warning(&format!("{}.doubtful", self.about), what, place, mend));
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count()
    }

    /// A field that is a map, or nothing.
    pub fn map<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let field = field(node, key)?;
        if matches!(field.value, Value::Map(_)) {
            return Some(field);
        }
        self.error(field, format!("`{key}` must be a mapping"), format!("write the fields of `{key}` below it"));
        None
    }

    /// A list, empty where there is none.
    pub fn list<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Node] {
        match field(node, key) {
            None => &[],
            Some(Node { value: Value::List(items), .. }) => items,
            Some(other) => {
                self.error(other, format!("`{key}` must be a list"), format!("begin each item of `{key}` with a dash"));
                &[]
            }
        }
    }

    /// A text that must be there and not be empty.
    pub fn required(&mut self, node: &Node, key: &str) -> String {
        let text = self.text(node, key).unwrap_or_default();
        if text.trim().is_empty() {
            let at = field(node, key).unwrap_or(node);
            self.error(at, format!("`{key}` is missing or empty"), format!("give `{key}` a value"));
        }
        text
    }

    /// A text, or nothing.
    pub fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let field = field(node, key)?;
        match &field.value {
            Value::String(text) => Some(text.to_string()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => {
                self.error(field, format!("`{key}` must be a text"), format!("write a single value behind `{key}:`"));
                None
            }
        }
    }

    /// A number, or nothing; a text that is one counts.
    pub fn number(&mut self, node: &Node, key: &str) -> Option<f64> {
        let field = field(node, key)?;
        let number = match &field.value {
            Value::Number(number) => number.to_f64(),
            Value::String(text) => text.trim().trim_end_matches('%').parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.error(field, format!("`{key}` must be a number"), "write it as in 99.9");
        }
        number
    }

    /// Whether a field is true.
    pub fn truth(&mut self, node: &Node, key: &str) -> bool {
        match field(node, key) {
            None => false,
            Some(Node { value: Value::Bool(truth), .. }) => *truth,
            Some(other) => {
                self.error(
                    other,
                    format!("`{key}` must be true or false"),
                    format!("write `{key}: true` or leave it away"),
                );
                false
            }
        }
    }

    /// Names and texts.
    pub fn texts(&mut self, node: &Node, key: &str) -> BTreeMap<String, String> {
        let Some(map) = self.map(node, key) else { return BTreeMap::new() };
        let Value::Map(entries) = &map.value else { return BTreeMap::new() };
        let names: Vec<String> = entries.iter().map(|(name, _)| name.to_owned()).collect();
        names.into_iter().filter_map(|name| Some((name.clone(), self.text(map, &name)?))).collect()
    }

    /// Names and texts that become labels of Prometheus.
    pub fn labels(&mut self, node: &Node, key: &str) -> BTreeMap<String, String> {
        let labels = self.texts(node, key);
        for name in labels.keys() {
            let mut letters = name.chars();
            let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if !first || letters.any(|c| !c.is_ascii_alphanumeric() && c != '_') || name.starts_with("__") {
                let at = field(node, key).and_then(|map| field(map, name)).unwrap_or(node);
                let mend =
                    "a label has letters, digits and underscores, and does not begin with a digit or two underscores";
                self.error(at, format!("{name:?} cannot be the name of a label"), mend);
            }
        }
        labels
    }

    /// Warns of fields that the format does not have.
    pub fn only(&mut self, node: &Node, known: &[&str]) {
        let Value::Map(map) = &node.value else { return };
        let plain = |text: &str| text.replace(['_', '-'], "").to_lowercase();
        for (name, value) in map.iter().filter(|(name, _)| !known.contains(name)) {
            let near = known.iter().find(|known| plain(known) == plain(name));
            let mend = match near {
                Some(near) => format!("write `{near}`"),
                None => format!("the format has {}", known.join(", ")),
            };
            self.warn(value, format!("`{name}` is not known here and is passed over"), mend);
        }
    }
}

/// A field that is there and is not null.
pub fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(map) => map.get(key).filter(|node| node.value != Value::Null),
        _ => None,
    }
}
