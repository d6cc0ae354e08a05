//! The file that proposes a change.

use super::rule::{RULE, RuleChange, rule_change};
use crate::config::shape::{Kind, Reader, Shape, field, items};
use crate::config::{self, Config};
use mainstay_iac::{Node, Origin, Value, yaml};
use mainstay_model::{Diagnostic, Level, Place};
use std::collections::BTreeMap;

/// Texts of the files that a change names, by the names that it has for them.
pub type Files = BTreeMap<String, String>;

/// What is proposed.
#[derive(Debug, Default)]
pub struct Change {
    /// Changes of rules.
    pub rules: Vec<RuleChange>,
    /// Alertmanager's configuration as it is, where it is given.
    pub now: Option<Config>,
    /// Alertmanager's configuration as it would be; as it is where it is not given.
    pub proposed: Option<Config>,
    /// Those whom a message wakes; everybody where none is named.
    pub receivers: Vec<String>,
}

/// What a change's file says.
#[derive(Debug, Default)]
pub struct ChangeReading {
    /// The change; none where something is wrong with it.
    pub change: Option<Change>,
    /// The files that it names.
    pub files: Vec<String>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

static CHANGE: Shape = Shape {
    what: "a change",
    fields: &[("rules", Kind::Parts(&RULE)), ("alertmanager", Kind::Part(&ALERTMANAGER)), ("receivers", Kind::Texts)],
    check: |_, _| {},
};

static ALERTMANAGER: Shape = Shape {
    what: "the part about Alertmanager",
    fields: &[("now", Kind::Text), ("proposed", Kind::Text)],
    check: |reader, node| reader.must_say(node, &["now"]),
};

/// Reads a change. The files that it names come as texts; called without them, it says which they are.
#[must_use]
pub fn read_change(text: &str, path: &str, files: &Files) -> ChangeReading {
    let documents = yaml::parse(text, Origin::of(path), yaml::Schema::Core);
    let mut reader = Reader { path, lines: text.lines().collect(), diagnostics: documents.diagnostics };
    let mut named = Vec::new();
    let mut change = None;
    match documents.documents.first() {
        Some(document) => {
            reader.part(document, &CHANGE);
            named = named_files(&reader, document);
            if reader.diagnostics.is_empty() {
                change = Some(read(&mut reader, document, files));
            }
        }
        None if reader.diagnostics.is_empty() => {
            let mend = "write `rules:` or `alertmanager:` with what is now and what is proposed";
            let what = "proposes nothing";
            reader.diagnostics.push(Diagnostic::error("alerts.change", what, Place::file(path), mend));
        }
        None => {}
    }
    let diagnostics = reader.diagnostics;
    let is_wrong = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    ChangeReading { change: change.filter(|_| !is_wrong), files: named, diagnostics }
}

fn named_files(reader: &Reader<'_>, document: &Node) -> Vec<String> {
    let alertmanager = field(document, "alertmanager");
    let of_alertmanager =
        alertmanager.into_iter().flat_map(|node| ["now", "proposed"].map(|key| reader.text(node, key)));
    let of_rules = items(field(document, "rules")).iter().map(|rule| reader.text(rule, "samples"));
    let mut named: Vec<String> = of_alertmanager.chain(of_rules).flatten().collect();
    named.sort();
    named.dedup();
    named
}

fn read(reader: &mut Reader<'_>, document: &Node, files: &Files) -> Change {
    let mut change = Change { receivers: reader.texts(document, "receivers"), ..Change::default() };
    for node in items(field(document, "rules")) {
        if node.value == Value::Null {
            reader.error(node, "a rule is empty", "name its `alert`, and what is `proposed`");
            continue;
        }
        change.rules.extend(rule_change(reader, node, files));
    }
    if let Some(node) = field(document, "alertmanager") {
        change.now = configuration(reader, node, "now", files);
        change.proposed = configuration(reader, node, "proposed", files);
        let known = [&change.now, &change.proposed];
        for (name, at) in change.receivers.iter().zip(items(field(document, "receivers"))) {
            if !known.into_iter().flatten().any(|config| config.receiver(name).is_some()) {
                let what = format!("no configuration has a receiver {name:?}");
                reader.error(at, what, "name receivers of alertmanager.yml");
            }
        }
    }
    change
}

fn configuration(reader: &mut Reader<'_>, node: &Node, key: &str, files: &Files) -> Option<Config> {
    let name = reader.text(node, key)?;
    let Some(text) = files.get(&name) else {
        let at = field(node, key).unwrap_or(node);
        reader.error(at, format!("there is no file {name}"), "name it as seen from the folder of this file");
        return None;
    };
    let reading = config::read(text, &name);
    reader.diagnostics.extend(reading.diagnostics);
    reading.config
}
