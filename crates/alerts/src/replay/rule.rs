//! What is proposed for a rule.

use super::change::Files;
use crate::config::forms::{SPAN, is_label, span};
use crate::config::shape::{Kind, Reader, Shape, field, items};
use crate::matcher::{Matcher, parse_matchers};
use jiff::SignedDuration;
use mainstay_iac::Node;
use mainstay_promql::load::{matrix, openmetrics};
use mainstay_promql::rules::{self, Group};
use mainstay_promql::{Labels, Store};

/// How often Prometheus evaluates rules unless it is told otherwise.
const INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// What is proposed for the alerts of a rule.
#[derive(Debug)]
pub struct RuleChange {
    /// The rule.
    pub alert: String,
    /// What its alerts must meet besides.
    pub matchers: Vec<Matcher>,
    /// How often it is evaluated.
    pub interval: SignedDuration,
    /// `for:` as it is.
    pub hold: SignedDuration,
    /// `keep_firing_for:` as it is.
    pub keep: SignedDuration,
    /// `for:` as it would be.
    pub proposed_hold: SignedDuration,
    /// Whether it would be taken away.
    pub removed: bool,
    /// Labels that it would set.
    pub labels: Vec<(String, String)>,
    /// Another condition, with the samples to look at.
    pub condition: Option<Condition>,
}

/// A condition and the samples that it is evaluated over.
#[derive(Debug)]
pub struct Condition {
    /// The rule as it would be, ready to run.
    pub proposed: Vec<Group>,
    /// The rule as it is, where its condition is given: run over the same samples it must give what is recorded.
    pub now: Option<Vec<Group>>,
    /// What is recorded of the series.
    pub samples: Store,
}

impl RuleChange {
    /// Whether it is about an alert.
    #[must_use]
    pub fn covers(&self, labels: &Labels) -> bool {
        labels.get("alertname") == self.alert && self.matchers.iter().all(|matcher| matcher.matches(labels))
    }
}

pub static RULE: Shape = Shape {
    what: "a rule",
    fields: &[
        ("alert", Kind::Text),
        ("matchers", Kind::Texts),
        ("interval", SPAN),
        ("labels", Kind::TextMap),
        ("samples", Kind::Text),
        ("now", Kind::Part(&NOW)),
        ("proposed", Kind::Part(&PROPOSED)),
    ],
    check: |reader, node| {
        reader.must_say(node, &["alert"]);
        if field(node, "proposed").is_none() {
            reader.error(
                node,
                "nothing is proposed for the rule",
                "write `proposed:` with for, expr, labels or remove",
            );
        }
    },
};

static NOW: Shape = Shape {
    what: "a rule as it is",
    fields: &[("for", SPAN), ("keep_firing_for", SPAN), ("expr", Kind::Text)],
    check: |_, _| {},
};

static PROPOSED: Shape = Shape {
    what: "a rule as it would be",
    fields: &[("for", SPAN), ("expr", Kind::Text), ("labels", Kind::TextMap), ("remove", Kind::Truth)],
    check: |_, _| {},
};

/// Reads what is proposed for a rule; nothing where it is wrong.
pub fn rule_change(reader: &mut Reader<'_>, node: &Node, files: &Files) -> Option<RuleChange> {
    let (now, proposed) = (field(node, "now"), field(node, "proposed")?);
    let of = |reader: &Reader<'_>, node: Option<&Node>, key: &str| {
        node.and_then(|node| reader.text(node, key)).and_then(|text| span(&text).ok())
    };
    let mut matchers = Vec::new();
    for (text, at) in reader.texts(node, "matchers").into_iter().zip(items(field(node, "matchers"))) {
        match parse_matchers(&text) {
            Ok(found) => matchers.extend(found),
            Err(why) => reader.error(at, why, "write it as in service=\"checkout\""),
        }
    }
    let hold = of(reader, now, "for");
    let proposed_hold = of(reader, Some(proposed), "for");
    if proposed_hold.is_some() && hold.is_none() {
        let what = "how long the rule waits now is not said";
        reader.error(proposed, what, "write `now: {for: ...}`, or 0s where it has no `for`");
    }
    let mut labels = Vec::new();
    for (name, value, at) in reader.pairs(proposed, "labels") {
        if !is_label(name) || name == "alertname" {
            reader.error(at, format!("{name:?} cannot be a label that a rule sets"), "letters, digits and underscores");
        }
        labels.push((name.to_owned(), value));
    }
    let interval = of(reader, Some(node), "interval").filter(|interval| !interval.is_zero()).unwrap_or(INTERVAL);
    let hold = hold.unwrap_or(SignedDuration::ZERO);
    let proposed_hold = proposed_hold.unwrap_or(hold);
    Some(RuleChange {
        alert: reader.text(node, "alert")?,
        matchers,
        interval,
        hold,
        keep: of(reader, now, "keep_firing_for").unwrap_or(SignedDuration::ZERO),
        proposed_hold,
        removed: reader.truth(proposed, "remove", false),
        labels,
        condition: condition(reader, node, files, (hold, proposed_hold)),
    })
}

fn condition(
    reader: &mut Reader<'_>,
    node: &Node,
    files: &Files,
    (hold, proposed_hold): (SignedDuration, SignedDuration),
) -> Option<Condition> {
    let proposed = field(node, "proposed")?;
    field(proposed, "expr")?;
    let at = field(node, "samples").unwrap_or(proposed);
    let text = reader.text(node, "samples").and_then(|name| files.get(&name));
    let Some(text) = text else {
        let mend = "name a file with `samples:`: OpenMetrics with times, or an answer of /api/v1/query_range";
        reader.error(at, "a condition can only be judged over samples, and there are none", mend);
        return None;
    };
    let mut samples = Store::new();
    let read = match text.trim_start().starts_with('{') {
        true => serde_json::from_str(text)
            .map_err(|e| e.to_string())
            .and_then(|answer| matrix::add(&mut samples, &answer).map_err(|e| e.to_string())),
        false => openmetrics::add(&mut samples, text).map_err(|e| format!("line {}: {e}", e.line)),
    };
    if let Err(why) = read {
        reader.error(at, format!("the samples cannot be read: {why}"), "mend the file of samples");
        return None;
    }
    let now = field(node, "now").filter(|now| field(now, "expr").is_some());
    let now = now.and_then(|now| rule(reader, node, now, hold));
    Some(Condition { proposed: rule(reader, node, proposed, proposed_hold)?, now, samples })
}

/// A rule of Prometheus with the condition of a part.
fn rule(reader: &mut Reader<'_>, node: &Node, part: &Node, hold: SignedDuration) -> Option<Vec<Group>> {
    let at = field(part, "expr")?;
    let quoted = |text: &str| format!("{text:?}").replace("\\'", "'");
    let (name, expr) = (reader.text(node, "alert")?, reader.text(part, "expr")?);
    let hold = mainstay_promql::duration::format(i64::try_from(hold.as_millis()).unwrap_or(i64::MAX));
    let mut text =
        format!("groups: [{{name: g, rules: [{{alert: {}, expr: {}, for: {hold}", quoted(&name), quoted(&expr));
    let labels: Vec<String> = reader
        .pairs(node, "labels")
        .iter()
        .map(|(name, value, _)| format!("{}: {}", quoted(name), quoted(value)))
        .collect();
    text += &format!(", labels: {{{}}}}}]}}]\n", labels.join(", "));
    let reading = rules::read(&text, reader.path);
    for diagnostic in &reading.diagnostics {
        reader.error(at, diagnostic.summary.clone(), diagnostic.help.clone());
    }
    reading.diagnostics.is_empty().then_some(reading.groups)
}
