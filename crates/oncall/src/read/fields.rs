//! Fields of a document, with a diagnostic for what is missing, malformed or not known.

use mainstay_iac::{Node, Value};
use mainstay_model::{Diagnostic, Level, Place};

/// One file being read: where it is, and what is wrong with it.
pub struct File<'a> {
    /// Its path.
    pub path: &'a str,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

impl File<'_> {
    /// Where a node stands.
    pub fn place(&self, node: &Node) -> Place {
        Place::at(self.path, node.at.line, node.at.column)
    }

    /// Notes that something cannot count.
    pub fn error(&mut self, node: &Node, what: impl Into<String>, mend: impl Into<String>) {
        let place = self.place(node);
        self.diagnostics.push(Diagnostic::error("oncall.malformed", what, place, mend));
    }

    /// Notes that something counts and is doubtful.
    pub fn warn(&mut self, node: &Node, code: &str, what: impl Into<String>, mend: impl Into<String>) {
        let place = self.place(node);
        self.diagnostics.push(Diagnostic::warning(code, what, place, mend));
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count()
    }

    /// Whether a node is a map; it is said where it is not.
    pub fn is_map(&mut self, node: &Node, what: &str) -> bool {
        let is_map = matches!(node.value, Value::Map(_));
        if !is_map {
            self.error(node, format!("{what} must be a mapping"), format!("write the fields of {what} below it"));
        }
        is_map
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

    /// A text of a node, or nothing.
    pub fn text_of(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.value {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => {
                self.error(node, format!("{what} must be a text"), format!("write a single value for {what}"));
                None
            }
        }
    }

    /// A text, or nothing.
    pub fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let field = field(node, key)?;
        self.text_of(field, &format!("`{key}`"))
    }

    /// A text that must be there.
    pub fn required(&mut self, node: &Node, key: &str) -> Option<String> {
        if field(node, key).is_none() {
            self.error(node, format!("`{key}` is missing"), format!("give `{key}` a value"));
        }
        self.text(node, key)
    }

    /// Warns of fields that the format does not have.
    pub fn only(&mut self, node: &Node, known: &[&str]) {
        let Value::Map(map) = &node.value else { return };
        let plain = |text: &str| text.replace(['_', '-'], "").to_lowercase();
        for (name, value) in map.iter().filter(|(name, _)| !known.contains(name)) {
            let near = known.iter().find(|known| plain(known) == plain(name));
            let mend = match near {
                Some(near) => format!("write `{near}`"),
                None => format!("there are {}", known.join(", ")),
            };
            self.warn(value, "oncall.unknown-field", format!("`{name}` is not known here and is passed over"), mend);
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
