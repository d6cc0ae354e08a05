//! What the readers of rules files and of test files share: fields of a YAML mapping, each mistake with its place.

use super::place::{Source, text};
use mainstay_iac::{At, Map, Node, Value};
use mainstay_model::Diagnostic;
use std::collections::BTreeMap;

/// Reads fields and keeps what is wrong with them.
pub(crate) struct Fields<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

const FORM: &str = "docs/rules.md has the form";

impl Fields<'_> {
    pub(crate) fn say(&mut self, code: &str, at: At, summary: impl Into<String>, help: &str) {
        let error = self.source.error(code, at, summary, help);
        self.diagnostics.push(error);
    }

    /// Says what is wrong inside of a scalar.
    pub(crate) fn say_inside(&mut self, code: &str, at: At, value: &str, offset: usize, summary: String, help: &str) {
        let place = self.source.inside(at, value, offset);
        self.diagnostics.push(Diagnostic::error(code, summary, place, help));
    }

    /// A mapping; fields that are not known are mistakes, because they would be passed over in silence.
    pub(crate) fn map<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<&'n Map> {
        let Value::Map(map) = &node.value else {
            self.say("rules.shape", node.at, format!("{what} is a mapping"), FORM);
            return None;
        };
        for (key, value) in map.iter().filter(|(key, _)| !known.contains(key)) {
            let help = format!("known here are {}", known.join(", "));
            self.say("rules.unknown-field", value.at, format!("field {key:?} is not known in {what}"), &help);
        }
        Some(map)
    }

    pub(crate) fn list<'n>(&mut self, map: &'n Map, key: &str) -> &'n [Node] {
        match map.get(key).map(|node| (&node.value, node.at)) {
            None | Some((Value::Null, _)) => &[],
            Some((Value::List(items), _)) => items,
            Some((_, at)) => {
                self.say("rules.shape", at, format!("{key:?} is a list"), FORM);
                &[]
            }
        }
    }

    pub(crate) fn text(&mut self, map: &Map, key: &str) -> Option<(String, At)> {
        let node = map.get(key)?;
        let read = text(node);
        if read.is_none() {
            self.say("rules.shape", node.at, format!("{key:?} is a text"), "write it as one");
        }
        Some((read?, node.at))
    }

    /// A text that must be there.
    pub(crate) fn needed(&mut self, map: &Map, node: &Node, key: &str) -> Option<(String, At)> {
        if map.get(key).is_none() {
            self.say("rules.missing", node.at, format!("{key:?} is missing"), "add it");
        }
        self.text(map, key)
    }

    pub(crate) fn duration(&mut self, map: &Map, key: &str) -> Option<i64> {
        let (written, at) = self.text(map, key)?;
        let read = crate::duration::parse(&written);
        if read.is_none() {
            self.say("rules.duration", at, format!("{written:?} is no duration"), "write it as 30s, 5m or 1h30m");
        }
        read
    }

    /// A mapping of names to texts, with their places.
    pub(crate) fn entries(&mut self, map: &Map, key: &str) -> Vec<(String, String, At)> {
        let Some(node) = map.get(key).filter(|node| node.value != Value::Null) else { return Vec::new() };
        let Value::Map(entries) = &node.value else {
            self.say("rules.shape", node.at, format!("{key:?} is a mapping of texts"), "write `name: text` lines");
            return Vec::new();
        };
        let mut read = Vec::new();
        for (name, value) in entries.iter() {
            match text(value) {
                Some(written) => read.push((name.to_owned(), written, value.at)),
                None => self.say("rules.shape", value.at, format!("{name:?} is a text"), "write it as one"),
            }
        }
        read
    }

    pub(crate) fn texts(&mut self, map: &Map, key: &str) -> BTreeMap<String, String> {
        self.entries(map, key).into_iter().map(|(name, value, _)| (name, value)).collect()
    }
}
