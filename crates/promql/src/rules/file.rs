//! Rules files of Prometheus, each mistake with its place.

use super::place::Source;
use super::template::Template;
use super::yaml::Fields;
use crate::parse::tree::Expr;
use mainstay_iac::{At, Map, Node, Origin, yaml};
use mainstay_model::{Diagnostic, Place};

/// What a rules file holds.
#[derive(Debug, Default)]
pub struct Reading {
    /// The groups, without rules that could not be read.
    pub groups: Vec<Group>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// Rules that are evaluated one after the other.
#[derive(Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How often, in milliseconds, where it is stated.
    pub interval_ms: Option<i64>,
    /// How far in the past, in milliseconds.
    pub query_offset_ms: i64,
    /// How many series or alerts one rule may give; 0 for any number.
    pub limit: usize,
    /// The rules in order.
    pub rules: Vec<Rule>,
    /// Where it stands.
    pub place: Place,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// The name of what it records or alerts.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// Its query.
    pub expr: Expr,
    /// The query as written.
    pub query: String,
    /// Labels that it sets.
    pub labels: Vec<(String, Template)>,
    /// Where it stands.
    pub place: Place,
}

/// What a rule does.
#[derive(Debug)]
pub enum Kind {
    /// Records a series.
    Record,
    /// Alerts.
    Alert {
        /// How long its condition must hold before it fires, in milliseconds.
        hold_ms: i64,
        /// How long it goes on firing when its condition no longer holds.
        keep_ms: i64,
        /// What it says.
        annotations: Vec<(String, Template)>,
    },
}

/// Reads a rules file.
#[must_use]
pub fn read(file: &str, path: &str) -> Reading {
    let documents = yaml::parse(file, Origin::of(path), yaml::Schema::Core);
    let mut reader =
        Reader { fields: Fields { source: Source { path, text: file }, diagnostics: documents.diagnostics } };
    let mut groups = Vec::new();
    for document in &documents.documents {
        groups.extend(reader.document(document));
    }
    let mut seen = std::collections::HashSet::new();
    for group in &groups {
        if !seen.insert(group.name.as_str()) {
            let summary = format!("group name {:?} is repeated in the same file", group.name);
            let error = Diagnostic::error(
                "rules.group-repeated",
                summary,
                group.place.clone(),
                "give each group a name of its own",
            );
            reader.fields.diagnostics.push(error);
        }
    }
    Reading { groups, diagnostics: reader.fields.diagnostics }
}

/// Reads the parts of a rules file.
struct Reader<'a> {
    fields: Fields<'a>,
}

impl Reader<'_> {
    fn document(&mut self, document: &Node) -> Vec<Group> {
        let Some(map) = self.fields.map(document, "a rules file", &["groups"]) else { return Vec::new() };
        let groups = self.fields.list(map, "groups");
        groups.iter().filter_map(|node| self.group(node)).collect()
    }

    fn group(&mut self, node: &Node) -> Option<Group> {
        let known = ["name", "interval", "query_offset", "limit", "labels", "rules", "partial_response_strategy"];
        let map = self.fields.map(node, "a group", &known)?;
        let name = self.fields.text(map, "name").map(|(name, _)| name).unwrap_or_default();
        if name.is_empty() {
            self.fields.say("rules.group-name", node.at, "a group has no name", "add `name:`");
        }
        let limit = self.fields.text(map, "limit").and_then(|(limit, _)| limit.parse().ok()).unwrap_or(0);
        let shared = self.templates(map, "labels", &[]);
        let nodes = self.fields.list(map, "rules");
        let mut rules: Vec<Rule> = nodes.iter().filter_map(|rule| self.rule(rule, &name)).collect();
        // Labels of a group are those of its rules, where a rule does not set them itself.
        for rule in &mut rules {
            let missing = shared.iter().filter(|(label, _)| !rule.labels.iter().any(|(own, _)| own == label));
            let missing: Vec<_> = missing.cloned().collect();
            rule.labels.extend(missing);
        }
        Some(Group {
            name,
            interval_ms: self.fields.duration(map, "interval").filter(|interval| *interval > 0),
            query_offset_ms: self.fields.duration(map, "query_offset").unwrap_or(0),
            limit,
            rules,
            place: self.fields.source.place(node.at),
        })
    }

    fn rule(&mut self, node: &Node, group: &str) -> Option<Rule> {
        let known = ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];
        let map = self.fields.map(node, "a rule", &known)?;
        let record = self.fields.text(map, "record").filter(|(name, _)| !name.is_empty());
        let alert = self.fields.text(map, "alert").filter(|(name, _)| !name.is_empty());
        let is_record = record.is_some();
        let (name, at) = match (record, alert) {
            (Some(_), Some(_)) => {
                self.fields.say("rules.kind", node.at, "a rule has both `record` and `alert`", "make two rules of it");
                return None;
            }
            (None, None) => {
                self.fields.say("rules.kind", node.at, "a rule has neither `record` nor `alert`", "add one of them");
                return None;
            }
            (Some(named), None) | (None, Some(named)) => named,
        };
        let expr = self.expr(map, node, &name, group);
        let hold_ms = self.fields.duration(map, "for");
        let keep_ms = self.fields.duration(map, "keep_firing_for");
        let labels = self.templates(map, "labels", &["__name__"]);
        let annotations = self.templates(map, "annotations", &[]);
        if is_record {
            self.check_record(&name, at, map);
        }
        let kind = if is_record {
            Kind::Record
        } else {
            Kind::Alert { hold_ms: hold_ms.unwrap_or(0), keep_ms: keep_ms.unwrap_or(0), annotations }
        };
        let (expr, query) = expr?;
        Some(Rule { name, kind, expr, query, labels, place: self.fields.source.place(node.at) })
    }

    fn check_record(&mut self, name: &str, at: At, map: &Map) {
        for key in ["for", "keep_firing_for", "annotations"] {
            if let Some(node) = map.get(key) {
                let at = node.at;
                self.fields.say(
                    "rules.record",
                    at,
                    format!("a recording rule has no {key:?}"),
                    "remove it, or make an alert of the rule",
                );
            }
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        if name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
            let help = "a metric's name has letters, digits, _ and :";
            self.fields.say("rules.record", at, format!("invalid recording rule name: {name}"), help);
        }
    }

    fn expr(&mut self, map: &Map, node: &Node, name: &str, group: &str) -> Option<(Expr, String)> {
        let Some((query, at)) = self.fields.text(map, "expr").filter(|(query, _)| !query.trim().is_empty()) else {
            self.fields.say("rules.expr", node.at, format!("rule {name:?} has no `expr`"), "add its query");
            return None;
        };
        match crate::parse(&query) {
            Ok(expr) => Some((expr, query)),
            Err(error) => {
                let summary = format!("could not parse expression of {name:?} in group {group:?}: {error}");
                let help = "mend the query at this place";
                self.fields.say_inside("rules.expr", at, &query, error.span.start, summary, help);
                None
            }
        }
    }

    fn templates(&mut self, map: &Map, key: &str, reserved: &[&str]) -> Vec<(String, Template)> {
        let mut read = Vec::new();
        for (name, written, at) in self.fields.entries(map, key) {
            if name.is_empty() || reserved.contains(&name.as_str()) {
                self.fields.say("rules.label", at, format!("invalid label name: {name:?}"), "give it another name");
                continue;
            }
            match Template::parse(&written) {
                Ok(template) => read.push((name, template)),
                Err(error) => {
                    let summary = format!("could not parse the template of {name:?}: {error}");
                    let help = "mend the template at this place";
                    self.fields.say_inside("rules.template", at, &written, error.at, summary, help);
                }
            }
        }
        read
    }
}
