//! What is to happen when error budgets run out, as code.
//!
//! ```yaml
//! version: mainstay/budget-policy/v1
//! name: usual
//! tiers: ["1"]              # or services: [checkout]; without either, for all
//! steps:
//!   - left_percent: 50
//!     do: [note]
//!   - left_percent: 0
//!     do: [note, finding, freeze]
//!     severity: high
//!     say: Only what mends reliability goes out.
//! ```

use crate::maintenance::services;
use mainstay_iac::fields::{Document, field};
use mainstay_iac::{Node, Value};
use mainstay_model::facts::{BudgetDeed, BudgetPolicyDeclared, BudgetStep};
use mainstay_model::{Place, Severity};

/// The format's name.
pub const VERSION: &str = "mainstay/budget-policy/v1";

/// A policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// What it says.
    pub said: BudgetPolicyDeclared,
    /// Where it stands.
    pub place: Place,
}

pub(crate) fn read(document: &mut Document<'_>, node: &Node) -> Option<Policy> {
    let before = document.errors();
    document.only(node, &["version", "name", "services", "tiers", "steps"]);
    let name = document.required(node, "name");
    if !name.is_empty() && !crate::read::is_name(&name) {
        document.error(node, format!("{name:?} cannot be the name of a policy"), "letters, digits, dots and dashes");
    }
    let services = services(document, node, "services");
    let tiers = texts(document, node, "tiers");
    let list = document.list(node, "steps");
    if list.is_empty() {
        document.error(node, "there is no step in `steps`", "say what happens at which share left");
    }
    let mut steps: Vec<BudgetStep> = list.iter().filter_map(|item| step(document, item)).collect();
    steps.sort_by(|a, b| b.left_percent.total_cmp(&a.left_percent));
    if let Some(pair) = steps.windows(2).find(|pair| pair[0].left_percent.total_cmp(&pair[1].left_percent).is_eq()) {
        let what = format!("there are two steps at {} %", pair[0].left_percent);
        document.error(node, what, "make one of them, with all that is to be done");
    }
    let said = BudgetPolicyDeclared { services, tiers, steps };
    (document.errors() == before).then(|| Policy { name, said, place: document.place(node) })
}

fn step(document: &mut Document<'_>, node: &Node) -> Option<BudgetStep> {
    let before = document.errors();
    document.only(node, &["left_percent", "do", "severity", "say"]);
    let left_percent = document.number(node, "left_percent");
    match left_percent {
        None => document.error(node, "`left_percent` is missing", "say how much is left, such as 50 or 0"),
        Some(left) if !(-1_000.0..=100.0).contains(&left) => {
            document.error(node, format!("{left} percent of a budget are never left"), "write 100 or less");
        }
        Some(_) => {}
    }
    let mut deeds = Vec::new();
    for word in texts(document, node, "do") {
        match word.as_str() {
            "note" => deeds.push(BudgetDeed::Note),
            "finding" => deeds.push(BudgetDeed::Finding),
            "freeze" => deeds.push(BudgetDeed::Freeze),
            _ => document.error(node, format!("{word:?} is nothing that can be done"), "write note, finding or freeze"),
        }
    }
    deeds.sort_unstable();
    deeds.dedup();
    if deeds.is_empty() {
        document.error(node, "the step does nothing", "write `do:` with note, finding or freeze");
    }
    let severity = document.text(node, "severity").and_then(|word| {
        let found = Severity::from_word(&word);
        if found.is_none() {
            let at = field(node, "severity").unwrap_or(node);
            document.error(at, format!("{word:?} is no severity"), "write info, low, medium, high or critical");
        }
        found
    });
    let say = document.text(node, "say").unwrap_or_default();
    let left_percent = left_percent.filter(|_| document.errors() == before)?;
    Some(BudgetStep { left_percent, deeds, severity, say })
}

fn texts(document: &mut Document<'_>, node: &Node, key: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for item in document.list(node, key) {
        match &item.value {
            Value::String(text) => texts.push(text.to_string()),
            Value::Number(number) => texts.push(number.to_string()),
            _ => document.error(item, format!("each of `{key}` is a text"), "write words between brackets"),
        }
    }
    texts
}
