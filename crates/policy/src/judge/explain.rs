//! Why a rule came out as it did: which attribute has which value, and where that was written. Runs after the verdict,
//! on the verdicts that are shown, so the evaluation itself carries nothing for it.

use super::eval::Evaluation;
use super::value::{Doubt, Item, Truth, Val};
use crate::lang::{Function, Id, Kind, Meta, Quantifier, Root};
use mainstay_iac::{At, Node, Value};

/// How many reasons are given, at most.
const REASONS_MAX: usize = 4;

/// How many characters of a value are shown, at most.
const SHOWN_MAX: usize = 80;

/// Words in the name of an attribute whose value is never shown.
const SENSITIVE: [&str; 10] = [
    "password",
    "secret",
    "token",
    "private_key",
    "access_key",
    "user_data",
    "passphrase",
    "credential",
    "connection_string",
    "environment",
];

/// Whether the last name of a path says that its value must not be shown.
pub(crate) fn is_sensitive(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    SENSITIVE.iter().any(|word| last.contains(word))
}

/// One reason for a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// For eyes, a fragment.
    pub text: String,
    /// The attribute that it speaks of, and where it was written; nothing where it was not.
    pub cause: Option<(String, At)>,
}

/// The reasons for which a rule came out as `outcome`.
pub(crate) fn why(on: &Evaluation<'_, '_>, outcome: Truth) -> Vec<Reason> {
    let mut reasons = Reasons { on, names: Vec::new(), out: Vec::new() };
    if outcome == Truth::Unknown {
        for id in on.rule.when.iter().filter(|id| on.truth(**id) == Truth::Unknown) {
            reasons.of(*id, Truth::Unknown);
        }
    }
    for id in &on.rule.require {
        let truth = on.truth(*id);
        if truth == outcome {
            reasons.of(*id, truth);
        }
    }
    if reasons.out.is_empty() {
        reasons.say(without_a_value(on, outcome).to_owned());
    }
    reasons.out
}

/// Why a rule came out as it did where no value of the resource had a part in it: `u == 1 or true`.
fn without_a_value(on: &Evaluation<'_, '_>, outcome: Truth) -> &'static str {
    match outcome {
        Truth::True => "the rule holds by itself, whatever the values are",
        Truth::False => "the rule fails by itself, whatever the values are",
        Truth::Unknown if on.is_exhausted() => "the rule takes too many steps on this resource",
        Truth::Unknown => "the rule cannot be decided",
    }
}

struct Reasons<'a, 'r, 'e> {
    on: &'e Evaluation<'a, 'r>,
    /// What the variables of the quantifiers around stand for: `ingress[2]`.
    names: Vec<(u8, String)>,
    out: Vec<Reason>,
}

impl<'a> Reasons<'a, '_, '_> {
    fn say(&mut self, text: String) {
        self.push(Reason { text, cause: None });
    }

    fn push(&mut self, reason: Reason) {
        if self.out.len() < REASONS_MAX && !self.out.contains(&reason) {
            self.out.push(reason);
        }
    }

    fn full(&self) -> bool {
        self.out.len() >= REASONS_MAX
    }

    /// Adds the reasons for which an expression has this truth.
    fn of(&mut self, id: Id, truth: Truth) {
        if self.full() {
            return;
        }
        match self.on.rule.expression(id) {
            Kind::Not(inner) => self.of(*inner, truth.not()),
            Kind::And(parts) | Kind::Or(parts) => {
                for part in parts {
                    let one = self.on.truth(*part);
                    if one == truth {
                        self.of(*part, one);
                    }
                }
            }
            Kind::Implies(left, right) => {
                let (a, b) = (self.on.truth(*left), self.on.truth(*right));
                if a.not() == truth || truth == Truth::False {
                    self.of(*left, a);
                }
                if b == truth {
                    self.of(*right, b);
                }
            }
            Kind::Quantified { how, key, item, list, body }
                if !matches!(how, Quantifier::Count | Quantifier::Filter) =>
            {
                let wanted = if *how == Quantifier::None { truth.not() } else { truth };
                self.quantified((*key, *item), *list, *body, wanted);
            }
            Kind::Compare(_, left, right) => {
                self.operand(*left);
                self.operand(*right);
            }
            _ => self.operand(id),
        }
    }

    fn quantified(&mut self, slots: (Option<u8>, u8), list: Id, body: Id, wanted: Truth) {
        let (on, val) = (self.on, self.on.val(list));
        if val.is_unknown() || val.items().next().is_none() {
            return self.operand(list);
        }
        let base = self.name(list);
        let (before, said) = (self.names.len(), self.out.len());
        let mut position = 0;
        on.each(val, slots.0, slots.1, |item| {
            let label = match (item.val, slots.0.map(|key| on.slot(key).val)) {
                (Val::Resource(index), _) => on.batch.reading.resources[index as usize].address.clone(),
                (_, Some(Val::Text(key))) => format!("{base}[\"{key}\"]"),
                _ => format!("{base}[{position}]"),
            };
            position += 1;
            let truth = on.truth(body);
            if truth == wanted {
                self.names.push((slots.1, label));
                self.of(body, truth);
                self.names.truncate(before);
            }
            !self.full()
        });
        if self.out.len() == said {
            self.operand(list);
        }
    }

    /// Says what a value is, where it is something that was read.
    fn operand(&mut self, id: Id) {
        match self.on.rule.expression(id) {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {}
            Kind::List(items) => items.iter().for_each(|item| self.operand(*item)),
            Kind::Path { .. } | Kind::Field(..) | Kind::Index(..) | Kind::Splat(_) | Kind::Each(..) => {
                let item = self.on.item(id);
                let name = self.name(id);
                let text = self.described(&name, item);
                self.push(Reason { text, cause: item.at.map(|at| (name, at)) });
            }
            Kind::Default(left, right) => {
                self.operand(*left);
                if matches!(self.on.val(*left), Val::Null) {
                    self.operand(*right);
                }
            }
            Kind::Matches(text, _) => self.operand(*text),
            Kind::Quantified { list, body, how, item, key } => {
                if matches!(how, Quantifier::Count | Quantifier::Filter) {
                    self.operand(*list);
                } else {
                    let truth = self.on.truth(id);
                    let wanted = if *how == Quantifier::None { truth.not() } else { truth };
                    self.quantified((*key, *item), *list, *body, wanted);
                }
            }
            Kind::Call(function, arguments) => self.called(id, *function, arguments),
            Kind::Not(_) | Kind::And(_) | Kind::Or(_) | Kind::Implies(..) | Kind::Compare(..) => {
                let truth = self.on.truth(id);
                self.of(id, truth);
            }
        }
    }

    fn called(&mut self, id: Id, function: Function, arguments: &[Id]) {
        let related =
            matches!(function, Function::Referrers | Function::Targets | Function::Connected | Function::Resources);
        if related {
            let found: Vec<_> = self
                .on
                .val(id)
                .items()
                .filter_map(|item| match item.val {
                    Val::Resource(index) => Some(self.on.batch.reading.resources[index as usize].address.as_str()),
                    _ => None,
                })
                .take(3)
                .collect();
            let reason = match found.as_slice() {
                [] => format!(
                    "no {} {}",
                    self.types(arguments[0]),
                    match function {
                        Function::Referrers => "refers to it",
                        Function::Targets => "is referred to by it",
                        Function::Connected => "is connected to it",
                        _ => "was read",
                    }
                ),
                found => format!("related: {}", found.join(", ")),
            };
            return self.say(reason);
        }
        if arguments.is_empty() {
            let name = function.signature().name;
            let reason = match self.on.val(id) {
                Val::Unknown(doubt) => format!("{name}() is unknown: {}", doubt_text(doubt)),
                val if val.items().next().is_none() => format!("{name}() finds nothing"),
                _ => return,
            };
            return self.say(reason);
        }
        let before = self.out.len();
        arguments.iter().for_each(|argument| self.operand(*argument));
        if let Val::Unknown(doubt @ Doubt::Rule(_)) = self.on.val(id)
            && self.out.len() >= before
        {
            self.say(doubt_text(doubt));
        }
    }

    fn types(&self, id: Id) -> String {
        let types = self.on.val(id).items().filter_map(|item| item.val.text());
        let types: Vec<_> = types.map(|name| if name == "*" { "resource" } else { name }).collect();
        types.join(" or ")
    }

    /// How the file would spell what an expression reads.
    fn name(&self, id: Id) -> String {
        match self.on.rule.expression(id) {
            Kind::Path { root, fields } => {
                let mut name = match root {
                    Root::Resource => String::new(),
                    Root::Variable(slot) => {
                        let named = self.names.iter().rev().find(|(known, _)| known == slot);
                        named.map_or_else(|| "its value".to_owned(), |(_, label)| label.clone())
                    }
                    Root::Meta(meta) => {
                        let named = Meta::ALL.iter().find(|(_, known)| known == meta);
                        named.map_or("", |(name, _)| *name).to_owned()
                    }
                };
                for field in fields {
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(field);
                }
                if name.is_empty() { "the resource".to_owned() } else { name }
            }
            Kind::Field(of, field) | Kind::Each(of, field) => format!("{}.{field}", self.name(*of)),
            Kind::Index(of, index) => match self.on.val(*index) {
                Val::Text(key) => format!("{}[\"{key}\"]", self.name(*of)),
                Val::Number(at) => format!("{}[{at}]", self.name(*of)),
                _ => self.name(*of),
            },
            Kind::Splat(of) => self.name(*of),
            Kind::Default(left, _) => self.name(*left),
            Kind::Quantified { list, .. } => self.name(*list),
            Kind::Call(function, arguments) => match arguments.first() {
                Some(first) => format!("{}({})", function.signature().name, self.name(*first)),
                None => function.signature().name.replace('_', " "),
            },
            _ => "it".to_owned(),
        }
    }

    fn described(&self, name: &str, item: Item<'a>) -> String {
        let place = item.at.map(|at| format!(" at {}", self.place(at))).unwrap_or_default();
        match item.val {
            Val::Null => format!("`{name}` is not set"),
            Val::Unknown(doubt) => format!("`{name}` is unknown{place}: {}", doubt_text(doubt)),
            val => format!("`{name}` is {}{place}", shown(name, val)),
        }
    }

    fn place(&self, at: At) -> String {
        let file = self.on.batch.reading.files.get(at.file as usize).map_or("", String::as_str);
        format!("{file}:{}:{}", at.line, at.column)
    }
}

fn doubt_text(doubt: Doubt<'_>) -> String {
    match doubt {
        Doubt::Read(unknown) => unknown.why.to_string(),
        Doubt::Rule(why) | Doubt::Presence(why) => why.to_owned(),
    }
}

fn shown(name: &str, val: Val<'_>) -> String {
    if is_sensitive(name) && !matches!(val, Val::Bool(_)) {
        return "set (not shown)".to_owned();
    }
    let mut out = String::new();
    write_val(&mut out, val, 0);
    if out.chars().count() > SHOWN_MAX {
        out = out.chars().take(SHOWN_MAX).collect();
        out.push('…');
    }
    out
}

fn write_val(out: &mut String, val: Val<'_>, depth: u32) {
    if out.len() > SHOWN_MAX * 4 || depth > 3 {
        return;
    }
    match val {
        Val::Null => out.push_str("null"),
        Val::Bool(known) => out.push_str(if known { "true" } else { "false" }),
        Val::Number(number) => out.push_str(&number.to_string()),
        Val::Text(text) => {
            let one_line = text.replace(['\n', '\r'], " ");
            out.push_str(&format!("\"{one_line}\""));
        }
        Val::Resource(_) => out.push_str("a resource"),
        Val::Unknown(_) => out.push_str("unknown"),
        Val::Node(Node { value: Value::Map(map), .. }) => {
            out.push('{');
            for (position, (key, node)) in map.iter().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                out.push_str(key);
                out.push_str(" = ");
                if SENSITIVE.iter().any(|word| key.to_ascii_lowercase().contains(word)) {
                    out.push_str("(not shown)");
                } else {
                    write_val(out, Val::of(node), depth + 1);
                }
            }
            out.push('}');
        }
        list => {
            out.push('[');
            for (position, item) in list.items().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                write_val(out, item.val, depth + 1);
            }
            out.push(']');
        }
    }
}
