//! From a rule and the resources to what is said of each: attribute by attribute, and over connections.

use super::definition::{Attribute, Connected, Rule, Types, connects};
use super::value::Val;
use crate::judge::{Reason, Relations, Truth, type_key};
use mainstay_iac::{At, Block, Dialect, Reading, Resource};
use std::collections::{BTreeMap, BTreeSet};

/// How many characters of a value are shown, at most.
const SHOWN_MAX: usize = 80;

/// What a policy says of a resource, and why.
#[derive(Debug, Clone)]
pub(crate) struct Saying {
    pub truth: Truth,
    pub why: String,
    /// The attribute that decided, and where it was written.
    pub cause: Option<(String, At)>,
}

impl Saying {
    fn of(known: bool, why: String) -> Self {
        Self { truth: if known { Truth::True } else { Truth::False }, why, cause: None }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self { truth: Truth::Unknown, why: why.into(), cause: None }
    }

    /// As reasons of a judgement.
    pub fn reasons(self) -> Vec<Reason> {
        vec![Reason { text: self.why, cause: self.cause }]
    }
}

/// The resources, as all policies of Checkov see them.
pub(crate) struct Vertices<'a> {
    reading: &'a Reading,
    relations: &'a Relations<'a>,
    of: Vec<Vertex>,
}

struct Vertex {
    key: String,
    body: Val,
}

impl<'a> Vertices<'a> {
    pub fn of(reading: &'a Reading, relations: &'a Relations<'a>) -> Self {
        let vertex = |resource: &Resource| Vertex {
            key: type_key(resource).into_owned(),
            body: Val::body(&resource.body, resource.dialect != Dialect::Kubernetes),
        };
        Self { reading, relations, of: reading.resources.iter().map(vertex).collect() }
    }

    /// Which resources exist for policies: not those that will be gone after apply.
    fn all(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.of.len()).filter(|at| self.reading.resources[*at].action.as_deref() != Some("delete"))
    }

    /// Whether a resource was read from what one of the frameworks names.
    pub fn is_of(&self, at: usize, frameworks: &[String]) -> bool {
        let own: &[&str] = match self.reading.resources[at].dialect {
            Dialect::Kubernetes => &["kubernetes", "helm", "kustomize"],
            Dialect::Plan => &["terraform", "terraform_plan"],
            _ => &["terraform"],
        };
        frameworks.iter().any(|name| own.contains(&name.as_str()))
    }

    fn typed<'t>(&'t self, types: &'t Types) -> impl Iterator<Item = usize> + 't {
        self.all().filter(|at| types.holds(&self.of[*at].key))
    }

    /// What a rule says, by the position of the resource; nothing of those that it is not about.
    pub(super) fn judge(&self, rule: &Rule) -> BTreeMap<usize, Saying> {
        if connects(rule) {
            let said = self.connected(rule);
            return said.into_one();
        }
        match rule {
            Rule::Resource { types, allowed } => self.resources(types, *allowed),
            _ => {
                let types = types_of(rule);
                self.typed(&types).map(|at| (at, self.on(rule, at))).collect()
            }
        }
    }

    fn resources(&self, types: &Types, allowed: bool) -> BTreeMap<usize, Saying> {
        let managed = self.all().filter(|at| self.reading.resources[*at].block == Block::Resource);
        let mut out = BTreeMap::new();
        for at in managed {
            let key = &self.of[at].key;
            let named = !types.is_everything() && types.holds(key);
            if allowed {
                let why =
                    if named { "is among the types that may exist" } else { "is not among the types that may exist" };
                out.insert(at, Saying::of(named, format!("`{key}` {why}")));
            } else if named {
                out.insert(at, Saying::of(false, format!("`{key}` is among the types that must not exist")));
            }
        }
        out
    }

    /// What a rule without connections says of one resource.
    fn on(&self, rule: &Rule, at: usize) -> Saying {
        let vertex = &self.of[at];
        match rule {
            Rule::Attribute { types, attribute } => {
                let mut said = on_attribute(attribute, &vertex.body);
                said.cause = self.place(at, &attribute.path.text);
                // A doubt comes before the question whether the condition is for this type at all.
                if said.truth != Truth::Unknown && !types.holds(&vertex.key) {
                    return Saying::of(false, format!("`{}` is not among the types of the condition", vertex.key));
                }
                said
            }
            Rule::Filter { attribute, value } => {
                let found = self.filtered(attribute, at);
                let held = found.is_truthy() && crate::checkov::operator::is_in(&found, value).unwrap_or(false);
                Saying::of(held, format!("{attribute} is {}", shown(&found)))
            }
            Rule::Resource { types, allowed } => {
                Saying::of(types.holds(&vertex.key) == *allowed, format!("the type is `{}`", vertex.key))
            }
            Rule::Not(inner) => {
                let said = self.on(inner, at);
                let truth = match said.truth {
                    Truth::True => Truth::False,
                    Truth::False => Truth::True,
                    Truth::Unknown => Truth::Unknown,
                };
                Saying { truth, ..said }
            }
            Rule::All(rules) => joined(rules.iter().map(|rule| self.on(rule, at)), Truth::False),
            Rule::Some(rules) => joined(rules.iter().map(|rule| self.on(rule, at)), Truth::True),
            Rule::Connection { .. } => Saying::unknown("a connection is judged over all resources"),
        }
    }

    /// Where the attribute at the beginning of a path was written.
    fn place(&self, at: usize, path: &str) -> Option<(String, At)> {
        let name = path.trim_start_matches(['$', '.']).split(['.', '[']).next()?;
        let node = self.reading.resources[at].body.get(name)?;
        Some((path.to_owned(), node.at))
    }

    fn filtered(&self, attribute: &str, at: usize) -> Val {
        match attribute {
            "resource_type" => Val::Text(self.of[at].key.as_str().into()),
            other => self.of[at].body.get(other).cloned().unwrap_or(Val::Null),
        }
    }

    /// A rule with connections, over all resources.
    fn connected(&self, rule: &Rule) -> Said {
        match rule {
            Rule::Connection { types, others, kind } => self.connection(types, others, *kind, &Said::default()),
            Rule::All(rules) => self.all_of(rules),
            Rule::Some(rules) => self.some_of(rules),
            _ => Said::default(),
        }
    }

    /// The types among which the conditions of a rule with connections are judged.
    fn scope(&self, rules: &[Rule]) -> Types {
        let mut scope = Types::default();
        for rule in rules {
            match rule {
                Rule::Connection { types, others, .. } => scope = scope.with(types).with(others),
                Rule::Attribute { types, .. } => scope = scope.with(types),
                Rule::All(inner) | Rule::Some(inner) if connects(rule) => scope = scope.with(&self.scope(inner)),
                _ => {}
            }
        }
        scope
    }

    fn conditions(&self, rules: &[Rule]) -> Said {
        let scope = self.scope(rules);
        let mut said = Said::default();
        for rule in rules.iter().filter(|rule| !connects(rule) && !matches!(rule, Rule::Filter { .. })) {
            for (at, saying) in self.judge(rule) {
                if scope.holds(&self.of[at].key) {
                    said.add(at, saying);
                }
            }
        }
        said
    }

    fn all_of(&self, rules: &[Rule]) -> Said {
        let scope = self.scope(rules);
        if self.typed(&scope).next().is_none() {
            return Said::default();
        }
        let mut said = self.conditions(rules);
        said.drop_passed_that_fail();
        let filters: Vec<&Val> = filters(rules).filter(|(name, _)| *name == "resource_type").map(|(_, v)| v).collect();
        // Connections of the types that the filter keeps come last, when all else is known.
        let is_kept = |rule: &Rule| match rule {
            Rule::Connection { types, others, .. } => types.names.iter().chain(&others.names).any(|name| {
                let name = Val::Text(name.as_str().into());
                filters.iter().any(|kept| crate::checkov::operator::is_in(&name, kept).unwrap_or(false))
            }),
            _ => false,
        };
        let connections = rules.iter().filter(|rule| connects(rule));
        let (last, first): (Vec<&Rule>, Vec<&Rule>) = connections.partition(|rule| is_kept(rule));
        for rule in first.into_iter().chain(last) {
            let more = match rule {
                Rule::Connection { types, others, kind } => self.connection(types, others, *kind, &said),
                other => self.connected(other),
            };
            said.extend(more);
        }
        said.drop_passed_that_fail();
        said.unknown.retain(|at, _| !said.failed.contains_key(at));
        self.filter(rules, said)
    }

    fn some_of(&self, rules: &[Rule]) -> Said {
        let mut said = self.conditions(rules);
        for rule in rules.iter().filter(|rule| connects(rule)) {
            said.extend(self.connected(rule));
        }
        said.unknown.retain(|at, _| !said.passed.contains_key(at));
        let unknown: BTreeSet<usize> = said.unknown.keys().copied().collect();
        said.failed.retain(|at, _| !said.passed.contains_key(at) && !unknown.contains(at));
        self.filter(rules, said)
    }

    fn filter(&self, rules: &[Rule], mut said: Said) -> Said {
        for (attribute, value) in filters(rules) {
            let kept = |at: usize| {
                let found = self.filtered(attribute, at);
                found.is_truthy() && crate::checkov::operator::is_in(&found, value).unwrap_or(false)
            };
            said.passed.retain(|at, _| kept(*at));
            said.failed.retain(|at, _| kept(*at));
            said.unknown.retain(|at, _| kept(*at));
        }
        said
    }

    /// Who is connected to whom, in either direction.
    fn connection(&self, types: &Types, others: &Types, kind: Connected, before: &Said) -> Said {
        let ours: BTreeSet<usize> = self.typed(types).collect();
        let theirs: BTreeSet<usize> = self.typed(others).collect();
        let mut said = Said::default();
        let mut targets = Vec::new();
        for from in ours.union(&theirs).copied() {
            let number = u32::try_from(from).unwrap_or(u32::MAX);
            targets.clear();
            self.relations.targets(number, "*", None, &mut targets);
            for to in targets.iter().map(|to| *to as usize) {
                let opposite = if ours.contains(&from) { &theirs } else { &ours };
                if !opposite.contains(&to) {
                    continue;
                }
                let (a, b) = (&self.reading.resources[from].address, &self.reading.resources[to].address);
                let why = format!("{a} is connected to {b}");
                let either = |of: &BTreeMap<usize, String>| of.get(&from).or(of.get(&to)).cloned();
                let into = if let Some(reason) = either(&before.failed) {
                    (&mut said.failed, format!("{why}, of which: {reason}"))
                } else if let Some(reason) = either(&before.unknown) {
                    (&mut said.unknown, format!("{why}, of which: {reason}"))
                } else {
                    (&mut said.passed, why)
                };
                into.0.entry(from).or_insert_with(|| into.1.clone());
                into.0.entry(to).or_insert(into.1);
            }
        }
        let whole = ours.is_empty() || theirs.is_empty();
        for at in ours.union(&theirs).copied() {
            if whole || !(said.passed.contains_key(&at) || said.unknown.contains_key(&at)) {
                let names = if ours.contains(&at) { &others.names } else { &types.names };
                said.failed.entry(at).or_insert_with(|| format!("is connected to no {}", shown_types(names)));
            }
        }
        match kind {
            Connected::Exists => {}
            Connected::NotExists => std::mem::swap(&mut said.passed, &mut said.failed),
            Connected::OneExists => {
                said.failed.retain(|at, _| !said.passed.contains_key(at));
                said.unknown.retain(|at, _| !said.passed.contains_key(at));
            }
        }
        said
    }
}

/// Who passes, fails or cannot be told, by position, each with the reason. One resource may be in several.
#[derive(Debug, Default)]
struct Said {
    passed: BTreeMap<usize, String>,
    failed: BTreeMap<usize, String>,
    unknown: BTreeMap<usize, String>,
}

impl Said {
    fn add(&mut self, at: usize, saying: Saying) {
        let into = match saying.truth {
            Truth::True => &mut self.passed,
            Truth::False => &mut self.failed,
            Truth::Unknown => &mut self.unknown,
        };
        into.entry(at).or_insert(saying.why);
    }

    fn extend(&mut self, more: Self) {
        for (into, from) in
            [(&mut self.passed, more.passed), (&mut self.failed, more.failed), (&mut self.unknown, more.unknown)]
        {
            for (at, why) in from {
                into.entry(at).or_insert(why);
            }
        }
    }

    fn drop_passed_that_fail(&mut self) {
        let (failed, unknown) = (&self.failed, &self.unknown);
        self.passed.retain(|at, _| !failed.contains_key(at) && !unknown.contains_key(at));
    }

    /// One saying of each: a failure counts before a doubt, and a doubt before a pass.
    fn into_one(self) -> BTreeMap<usize, Saying> {
        let mut out = BTreeMap::new();
        for (truth, said) in [(Truth::True, self.passed), (Truth::Unknown, self.unknown), (Truth::False, self.failed)] {
            out.extend(said.into_iter().map(|(at, why)| (at, Saying { truth, why, cause: None })));
        }
        out
    }
}

fn filters(rules: &[Rule]) -> impl Iterator<Item = (&str, &Val)> {
    rules.iter().filter_map(|rule| match rule {
        Rule::Filter { attribute, value } => Some((attribute.as_str(), value)),
        _ => None,
    })
}

/// The types that a rule without connections is about: those of all its conditions.
fn types_of(rule: &Rule) -> Types {
    match rule {
        Rule::Attribute { types, .. } | Rule::Resource { types, .. } => types.clone(),
        Rule::All(rules) | Rule::Some(rules) => {
            rules.iter().fold(Types::default(), |all, rule| all.with(&types_of(rule)))
        }
        Rule::Not(inner) => types_of(inner),
        Rule::Filter { .. } | Rule::Connection { .. } => Types::default(),
    }
}

/// Joins sayings: the one that decides, else a doubt, else the first.
fn joined(sayings: impl Iterator<Item = Saying>, decides: Truth) -> Saying {
    let (mut doubt, mut first) = (None, None);
    for saying in sayings {
        if saying.truth == decides {
            return saying;
        }
        let slot = if saying.truth == Truth::Unknown { &mut doubt } else { &mut first };
        slot.get_or_insert(saying);
    }
    doubt.or(first).unwrap_or_else(|| Saying::unknown("there is no condition"))
}

fn on_attribute(attribute: &Attribute, body: &Val) -> Saying {
    let Attribute { path, jsonpath, operator } = attribute;
    let matches = match jsonpath {
        Some(jsonpath) => jsonpath.find(body),
        None if path.wild => path.matches(body),
        None => Vec::new(),
    };
    if matches.is_empty() {
        let found = if jsonpath.is_some() { Ok(Val::Null) } else { path.get(body) };
        return match found {
            Err(why) => Saying::unknown(why.to_string()),
            Ok(found) => one(attribute, &found),
        };
    }
    let for_all = jsonpath.is_some() || operator.is_for_all();
    let sayings = matches.iter().map(|found| match found {
        Err(why) => Saying::unknown(why.to_string()),
        Ok(found) => one(attribute, found),
    });
    joined(sayings, if for_all { Truth::False } else { Truth::True })
}

fn one(attribute: &Attribute, found: &Val) -> Saying {
    let operator = &attribute.operator;
    let doubt = found.doubt().filter(|_| operator.needs_value());
    match (operator.holds(found), doubt) {
        (Err(_), Some(why)) => Saying::unknown(why.to_string()),
        (Ok(held), Some(why)) if !operator.is_decided(found, held) => Saying::unknown(why.to_string()),
        (Ok(held), _) => Saying::of(held, described(attribute, found)),
        (Err(why), None) => Saying::unknown(why),
    }
}

fn described(attribute: &Attribute, found: &Val) -> String {
    let (path, operator) = (&attribute.path.text, &attribute.operator);
    let value = if operator.value == Val::Null { String::new() } else { format!(" {}", shown(&operator.value)) };
    let found = if crate::judge::is_sensitive(path) { "a value that is not shown".to_owned() } else { shown(found) };
    format!("`{path}` {}{value}: it is {found}", operator.name.replace('_', " "))
}

fn shown(val: &Val) -> String {
    let text = match val {
        Val::Null => return "not set".to_owned(),
        Val::Text(text) => format!("{text:?}"),
        // The values of a map may be what nobody should see.
        Val::Map(entries) => {
            let keys: Vec<&str> = entries.iter().map(|(key, _)| &**key).collect();
            format!("a map of {}", if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") })
        }
        Val::List(items) if items.iter().any(|item| matches!(item, Val::Map(_) | Val::List(_))) => {
            format!("a list of {}", items.len())
        }
        other => other.text(),
    };
    if text.chars().count() <= SHOWN_MAX {
        return text;
    }
    text.chars().take(SHOWN_MAX).chain(['…']).collect()
}

fn shown_types(names: &[String]) -> String {
    match names {
        [] => "resource".to_owned(),
        [one] => one.clone(),
        [first, ..] => format!("{first} or {} other types", names.len() - 1),
    }
}
