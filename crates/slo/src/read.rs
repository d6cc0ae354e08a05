//! From files to objectives: each document by its own format, then all of them together.

use crate::windows::Duration;
use crate::{AlertWindows, Maintenance, Policy, Slo, maintenance, openslo, policy, pyrra, query, sloth};
use mainstay_iac::fields::{Document, field};
use mainstay_iac::{Node, Origin, SourceFile, Value, yaml};
use mainstay_model::{Diagnostic, Level, Place};
use mainstay_promql::Cause;
use std::collections::BTreeMap;

/// How long a name may be: it becomes part of names in Kubernetes and of groups of rules.
const NAME_CHARS_MAX: usize = 63;

/// How much of a query is repeated to show where it is wrong.
const NEAR_CHARS: usize = 24;

/// What some files say.
#[derive(Debug, Default)]
pub struct Reading {
    /// The objectives that can be used.
    pub slos: Vec<Slo>,
    /// Windows that somebody chose.
    pub windows: Vec<AlertWindows>,
    /// Planned work.
    pub maintenance: Vec<Maintenance>,
    /// What is to happen when budgets run out.
    pub policies: Vec<Policy>,
    /// What is wrong. An error costs the objective that it speaks of, and no other.
    pub diagnostics: Vec<Diagnostic>,
    /// How many documents were read that say something about objectives.
    pub documents: usize,
}

/// An objective, and the nodes that complaints about it are to name.
pub struct Draft<'n> {
    /// The objective.
    pub slo: Slo,
    /// All of it.
    pub whole: &'n Node,
    /// Its queries.
    pub queries: Vec<&'n Node>,
    /// Where its period is said.
    pub period: Option<&'n Node>,
}

/// Reads files of YAML or JSON as one batch. With a period, objectives that say another are refused: the rules of one run
/// are for one period, so that what dashboards show side by side can be compared. Without, each keeps its own.
#[must_use]
pub fn read(files: &[SourceFile], period: Option<Duration>) -> Reading {
    let mut reading = Reading::default();
    let mut parsed: Vec<(&str, Vec<Node>)> = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&file.bytes);
        let documents = yaml::parse(&text, Origin::of(&file.path), yaml::Schema::Core);
        reading.diagnostics.extend(documents.diagnostics);
        if documents.documents.is_empty() && reading.diagnostics.iter().all(|d| d.place.file != file.path) {
            let what = "holds no document";
            let mend = "write an objective of Sloth, OpenSLO or Pyrra into it";
            reading.diagnostics.push(Diagnostic::error("slo.empty", what, Place::file(&file.path), mend));
        }
        parsed.push((&file.path, documents.documents));
    }
    let indicators = openslo::indicators(parsed.iter().flat_map(|(_, nodes)| nodes));
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for (path, nodes) in &parsed {
        for node in nodes {
            let mut document = Document { path, about: "slo", diagnostics: Vec::new() };
            let drafts = one(&mut document, node, &indicators, &mut reading);
            for draft in drafts {
                let before = document.errors();
                check(&mut document, &draft, period);
                if let Some(first) = places.get(&draft.slo.id()) {
                    let what = format!("{} of service {} stands already at {first}", draft.slo.name, draft.slo.service);
                    document.error(draft.whole, what, "give one of them another name");
                }
                if document.errors() == before {
                    places.insert(draft.slo.id(), draft.slo.place.clone());
                    reading.slos.push(draft.slo);
                }
            }
            reading.diagnostics.append(&mut document.diagnostics);
        }
    }
    reading.diagnostics.sort_by(|a, b| a.place.cmp(&b.place).then(b.level.cmp(&a.level)));
    reading
}

/// The objectives of one document. Where something is wrong with one as it is read, it is left out.
fn one<'n>(
    document: &mut Document<'_>,
    node: &'n Node,
    indicators: &openslo::Indicators<'n>,
    reading: &mut Reading,
) -> Vec<Draft<'n>> {
    reading.documents += 1;
    let text = |key: &str| match field(node, key).map(|node| &node.value) {
        Some(Value::String(text)) => text.to_string(),
        _ => String::new(),
    };
    let (version, api, kind) = (text("version"), text("apiVersion"), text("kind"));
    match (version.as_str(), api.as_str(), kind.as_str()) {
        ("prometheus/v1", ..) => sloth::plain(document, node),
        (maintenance::VERSION, ..) => {
            reading.maintenance.extend(maintenance::read(document, node));
            Vec::new()
        }
        (policy::VERSION, ..) => {
            let read = policy::read(document, node);
            if let Some(first) = read.as_ref().and_then(|new| reading.policies.iter().find(|old| old.name == new.name))
            {
                document.error(
                    node,
                    format!("a policy of this name stands at {}", first.place),
                    "give it another name",
                );
                return Vec::new();
            }
            reading.policies.extend(read);
            Vec::new()
        }
        (_, "sloth.slok.dev/v1", "PrometheusServiceLevel") => sloth::resource(document, node),
        (_, "sloth.slok.dev/v1", "AlertWindows") => {
            reading.windows.extend(sloth::windows(document, node));
            Vec::new()
        }
        (_, "openslo/v1alpha", _) => openslo::alpha(document, node),
        (_, "openslo/v1", _) => openslo::one(document, node, indicators),
        (_, "pyrra.dev/v1alpha1", "ServiceLevelObjective") => pyrra::resource(document, node),
        _ => {
            let said = if version.is_empty() { format!("{api} {kind}") } else { version };
            let what = format!("{:?} is no format of objectives that is read here", said.trim());
            let mend = "begin with `version: prometheus/v1`, or `apiVersion:` openslo/v1, openslo/v1alpha, sloth.slok.dev/v1 or pyrra.dev/v1alpha1; or with `version:` mainstay/maintenance/v1 or mainstay/budget-policy/v1";
            document.error(node, what, mend);
            Vec::new()
        }
    }
}

/// What holds for an objective of whatever format.
fn check(document: &mut Document<'_>, draft: &Draft<'_>, period: Option<Duration>) {
    let Draft { slo, whole, queries, .. } = draft;
    for (what, name) in [("service", &slo.service), ("name", &slo.name)] {
        if !name.is_empty() && !is_name(name) {
            let mend =
                "letters, digits, dots, dashes and underscores, a letter or digit at both ends, at most 63 of them";
            document.error(whole, format!("{name:?} cannot be the {what} of an objective"), mend);
        }
    }
    if slo.objective <= 0.0 || slo.objective > 100.0 || !slo.objective.is_finite() {
        let what = format!("the objective of {} is {} %", slo.name, slo.objective);
        document.error(whole, what, "an objective is above 0 and at most 100 percent");
    } else if slo.objective >= 100.0 {
        let mend = "leave a budget, such as 0.01 percent; nothing is always there";
        document.warn(whole, format!("{} leaves no budget: any error fires both alerts", slo.name), mend);
    }
    for query in queries {
        check_query(document, query);
    }
    if let (Some(asked), Some(own)) = (period, slo.period)
        && asked != own
    {
        let what = format!("{} is over {own}, and the rules are to be for {asked}", slo.name);
        document.error(
            draft.period.unwrap_or(whole),
            what,
            format!("ask for --period {own}, or --period own for each its own"),
        );
    }
    check_reach(document, draft, period);
}

/// Whether each alert can fire at all: no share of errors is above 1.
fn check_reach(document: &mut Document<'_>, draft: &Draft<'_>, period: Option<Duration>) {
    let slo = &draft.slo;
    let windows = AlertWindows::usual(slo.period.or(period).unwrap_or(Duration::days(30)));
    let all = [(&slo.alerting.page, windows.page), (&slo.alerting.ticket, windows.ticket)];
    for window in all.into_iter().filter(|(alert, _)| alert.is_some()).flat_map(|(_, w)| [w.quick, w.slow]) {
        let factor = windows.factor(window);
        let threshold = factor * slo.budget();
        if threshold >= 1.0 {
            let what = format!(
                "{} allows {:.4} % of errors: its alert on {} can never fire, as {:.1} times that is {:.0} %",
                slo.name,
                slo.budget() * 100.0,
                window.long,
                factor,
                threshold * 100.0
            );
            document.warn(draft.whole, what, "raise the objective, or rely on the alert over the longer window");
        }
    }
}

fn check_query(document: &mut Document<'_>, node: &Node) {
    let Value::String(text) = &node.value else { return };
    let text = query::template(text);
    if text.trim().is_empty() {
        document.error(node, "a query is empty", "write a query of PromQL");
        return;
    }
    // Any window does: what is no PromQL over one is none over another.
    let query = query::over(&text, Duration(300));
    match mainstay_promql::parse(&query) {
        Ok(_) => {}
        // Prometheus answers it, so the rules are right; only the evaluator here could not run them.
        Err(error) if matches!(error.cause, Cause::Unsupported(_)) => {}
        Err(error) => {
            let rest = query.get(error.span.start..).unwrap_or_default();
            let near: String = rest.chars().take(NEAR_CHARS).collect();
            let near = if near.is_empty() { "its end".to_owned() } else { format!("{near:?}") };
            let mend = "write it as Prometheus would take it, with {{.window}} for the range";
            document.error(node, format!("a query cannot be read at {near}: {}", error.message), mend);
        }
    }
}

pub(crate) fn is_name(name: &str) -> bool {
    let within = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.chars().all(within)
        && end(name.chars().next())
        && end(name.chars().last())
        && name.chars().count() <= NAME_CHARS_MAX
}

impl Reading {
    /// Whether something could not be used.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }
}
