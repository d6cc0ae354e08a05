//! Which fields a part of the file may have, and what each may hold.
//!
//! Alertmanager reads with YAML 1.1 into typed fields and refuses what it does not know. A text field takes any scalar as
//! it is written (`0644` stays `0644`), a truth takes `yes` and `on` where they are not quoted, and `null` is no value.

use mainstay_iac::{Map, Node, Value};
use mainstay_model::{Diagnostic, Place};

/// What a field may hold.
pub enum Kind {
    /// A text: any scalar.
    Text,
    /// True or false.
    Truth,
    /// A whole number of at least 0.
    Natural,
    /// A whole number.
    Whole,
    /// A text that a check reads: a wrong one is refused with its reason and this mend.
    Read(fn(&str) -> Result<(), String>, &'static str),
    /// Texts.
    Texts,
    /// Names and texts.
    TextMap,
    /// One part with fields.
    Part(&'static Shape),
    /// A list of such.
    Parts(&'static Shape),
}

/// The fields of a part.
pub struct Shape {
    /// What it is: `a route`.
    pub what: &'static str,
    /// Its fields.
    pub fields: &'static [(&'static str, Kind)],
    /// What must hold besides, once each field is what it may be.
    pub check: fn(&mut Reader<'_>, &Node),
}

/// Words that YAML 1.1 takes for a truth, in lower case.
const TRUE: [&str; 4] = ["y", "yes", "on", "true"];
const FALSE: [&str; 4] = ["n", "no", "off", "false"];

/// Reads parts of a file and collects what is wrong.
pub struct Reader<'a> {
    /// The file's path.
    pub path: &'a str,
    /// What it says.
    pub lines: Vec<&'a str>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// A field that is there and is not null.
pub fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    map(node)?.get(key).filter(|node| node.value != Value::Null)
}

fn map(node: &Node) -> Option<&Map> {
    match &node.value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

/// The items of a list; none where there is no list.
pub fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

impl<'a> Reader<'a> {
    /// Where a node stands.
    pub fn place(&self, node: &Node) -> Place {
        Place::at(self.path, node.at.line, node.at.column)
    }

    /// Notes what is wrong at a node.
    pub fn error(&mut self, node: &Node, what: impl Into<String>, mend: impl Into<String>) {
        let place = self.place(node);
        self.diagnostics.push(Diagnostic::error("alertmanager.config", what, place, mend));
    }

    /// Checks a part and all within it.
    pub fn part(&mut self, node: &Node, shape: &Shape) {
        if node.value == Value::Null {
            return;
        }
        let Some(map) = map(node) else {
            self.error(
                node,
                format!("{} must be a mapping", shape.what),
                "write its fields below it, each with a colon",
            );
            return;
        };
        let before = self.diagnostics.len();
        for (name, value) in map.iter() {
            match shape.fields.iter().find(|(known, _)| *known == name) {
                Some((_, kind)) => self.kind(value, name, kind),
                None => self.unknown(value, name, shape),
            }
        }
        if self.diagnostics.len() == before {
            (shape.check)(self, node);
        }
    }

    fn unknown(&mut self, value: &Node, name: &str, shape: &Shape) {
        let plain = |text: &str| text.replace(['_', '-'], "").to_lowercase();
        let mut known = shape.fields.iter().map(|(known, _)| *known);
        let near = known.find(|known| plain(known) == plain(name) || plain(known) == plain(&format!("{name}s")));
        let mend = match near {
            Some(near) => format!("write `{near}`"),
            None => {
                let all: Vec<&str> = shape.fields.iter().map(|(name, _)| *name).collect();
                format!("{} has {}", shape.what, all.join(", "))
            }
        };
        let place = self.key_place(value, name);
        let what = format!("{} has no field `{name}`", shape.what);
        self.diagnostics.push(Diagnostic::error("alertmanager.field", what, place, mend));
    }

    /// Where the key of a value stands: before the value, on its line or above.
    fn key_place(&self, value: &Node, key: &str) -> Place {
        let (line, column) = (value.at.line as usize, value.at.column as usize);
        for number in (1..=line.min(self.lines.len())).rev() {
            let text = self.lines[number - 1];
            let end = if number == line {
                text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| at)
            } else {
                text.len()
            };
            if let Some(at) = text[..end].rfind(key) {
                let column = text[..at].chars().count() + 1;
                return Place::at(self.path, value.at.line - (line - number) as u32, column as u32);
            }
        }
        self.place(value)
    }

    fn kind(&mut self, node: &Node, name: &str, kind: &Kind) {
        if node.value == Value::Null {
            return;
        }
        match kind {
            Kind::Text => _ = self.scalar(node, name),
            Kind::Truth => {
                if self.truth_of(node).is_none() {
                    self.error(
                        node,
                        format!("`{name}` must be true or false"),
                        "write true or false, without quotation marks",
                    );
                }
            }
            Kind::Natural | Kind::Whole => {
                let text = self.text_of(node).filter(|_| !matches!(node.value, Value::String(_)));
                let low = if matches!(kind, Kind::Natural) { 0 } else { i128::from(i64::MIN) };
                let high = if matches!(kind, Kind::Natural) { i128::from(u64::MAX) } else { i128::from(i64::MAX) };
                if !text.and_then(|text| text.parse::<i128>().ok()).is_some_and(|n| (low..=high).contains(&n)) {
                    let least = if matches!(kind, Kind::Natural) { " of at least 0" } else { "" };
                    self.error(node, format!("`{name}` must be a whole number{least}"), "write it in digits");
                }
            }
            Kind::Read(read, mend) => {
                let Some(text) = self.scalar(node, name) else { return };
                if let Err(why) = read(&text) {
                    self.error(node, format!("`{name}`: {why}"), *mend);
                }
            }
            Kind::Texts => {
                for item in self.list(node, name) {
                    if item.value != Value::Null {
                        self.scalar(item, name);
                    }
                }
            }
            Kind::TextMap => match map(node) {
                Some(map) => {
                    for (name, value) in map.iter().filter(|(_, value)| value.value != Value::Null) {
                        self.scalar(value, name);
                    }
                }
                None => self.error(node, format!("`{name}` must be a mapping"), "write names and values below it"),
            },
            Kind::Part(shape) => self.part(node, shape),
            Kind::Parts(shape) => {
                for item in self.list(node, name) {
                    self.part(item, shape);
                }
            }
        }
    }

    fn list<'n>(&mut self, node: &'n Node, name: &str) -> &'n [Node] {
        if !matches!(node.value, Value::List(_)) {
            self.error(node, format!("`{name}` must be a list"), "begin each item with a dash, or write [one, two]");
        }
        items(Some(node))
    }

    fn scalar(&mut self, node: &Node, name: &str) -> Option<String> {
        let text = self.text_of(node);
        if text.is_none() {
            self.error(node, format!("`{name}` must be a text"), "write a single value");
        }
        text
    }

    /// A scalar as it is written.
    pub fn text_of(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::String(text) => Some(text.to_string()),
            Value::Bool(_) | Value::Number(_) => {
                let plain = |value: &Value| match value {
                    Value::Bool(truth) => truth.to_string(),
                    Value::Number(number) => number.to_string(),
                    _ => String::new(),
                };
                // An alias shows its name here, which says nothing of the value.
                let written = self.written(node).filter(|text| !text.is_empty() && !text.starts_with(['*', '&', '!']));
                Some(written.map_or_else(|| plain(&node.value), str::to_owned))
            }
            _ => None,
        }
    }

    /// The word at a node's place, which for a truth or a number is all of it.
    fn written(&self, node: &Node) -> Option<&'a str> {
        let line = self.lines.get(node.at.line.checked_sub(1)? as usize)?;
        let (at, _) = line.char_indices().nth(node.at.column.checked_sub(1)? as usize)?;
        let rest = &line[at..];
        let end = rest.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(rest.len());
        Some(&rest[..end])
    }

    /// A text of a field; nothing where it is missing, null or empty.
    pub fn text(&self, node: &Node, key: &str) -> Option<String> {
        field(node, key).and_then(|node| self.text_of(node)).filter(|text| !text.is_empty())
    }

    /// Whether a field says something.
    pub fn says(&self, node: &Node, key: &str) -> bool {
        self.text(node, key).is_some()
    }

    fn truth_of(&self, node: &Node) -> Option<bool> {
        if let Value::Bool(truth) = node.value {
            return Some(truth);
        }
        let Value::String(text) = &node.value else { return None };
        let is_quoted = self.written(node).is_none_or(|text| text.starts_with(['"', '\'', '|', '>']));
        let is_one_case = [text.to_lowercase(), text.to_uppercase()].contains(&text.to_string())
            || text.chars().skip(1).all(|c| c.is_ascii_lowercase());
        let word = text.to_lowercase();
        if is_quoted || !is_one_case {
            return None;
        }
        TRUE.contains(&&*word).then_some(true).or_else(|| FALSE.contains(&&*word).then_some(false))
    }

    /// Whether a field is true.
    pub fn truth(&self, node: &Node, key: &str, otherwise: bool) -> bool {
        field(node, key).and_then(|node| self.truth_of(node)).unwrap_or(otherwise)
    }

    /// The texts of a list; an item without value is an empty text.
    pub fn texts(&self, node: &Node, key: &str) -> Vec<String> {
        items(field(node, key)).iter().map(|item| self.text_of(item).unwrap_or_default()).collect()
    }

    /// Names and values of a map with the nodes of the values; a value that is null is empty.
    pub fn pairs<'n>(&self, node: &'n Node, key: &str) -> Vec<(&'n str, String, &'n Node)> {
        let entries = field(node, key).and_then(map).into_iter().flat_map(Map::iter);
        entries.map(|(name, value)| (name, self.text_of(value).unwrap_or_default(), value)).collect()
    }
}
