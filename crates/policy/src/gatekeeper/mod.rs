//! Gatekeeper: constraint templates in Rego, constraints that apply them to kinds of objects, and suites of tests in the
//! format of `gator`.
//!
//! Templates of `templates.gatekeeper.sh` `v1`, `v1beta1` and `v1alpha1` with `rego` or with a `code` entry for the engine
//! `Rego`. A template that has code in CEL alone is reported and left out.

mod matching;
mod suite;

pub use suite::{Suite, SuiteReport};

use crate::control::Control;
use mainstay_iac::{At, Node, Value};
use mainstay_model::{Diagnostic, Place, Severity};
use mainstay_rego::{Dialect, Failure, Module, Options, Policy};
use matching::Matching;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A template, compiled once.
#[derive(Debug)]
pub(crate) struct Template {
    /// The kind of its constraints.
    kind: String,
    title: String,
    description: String,
    policy: Policy,
    /// `data.k8srequiredlabels.violation`
    rule: String,
    /// Whether it looks at other objects.
    needs_inventory: bool,
}

/// A constraint: a template with parameters, for objects that match.
#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    template: Arc<Template>,
    parameters: Json,
    matching: Matching,
}

/// An object that is judged, and what is asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    /// As `input.review` has it.
    json: Json,
}

fn child<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(map) => map.get(key),
        _ => None,
    }
}

fn below<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| child(node, key))
}

fn text(node: Option<&Node>) -> Option<&str> {
    match &node?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// Whether a document is a template.
pub(crate) fn is_template(document: &Node) -> bool {
    text(child(document, "kind")) == Some("ConstraintTemplate")
}

/// Whether a document is a constraint.
pub(crate) fn is_constraint(document: &Node) -> bool {
    text(child(document, "apiVersion")).is_some_and(|version| version.starts_with("constraints.gatekeeper.sh/"))
}

fn wrong(path: &str, at: At, summary: impl Into<String>, help: &str) -> Diagnostic {
    Diagnostic::error("gatekeeper.policy", summary, Place::at(path, at.line, at.column), help)
}

impl Template {
    /// Reads and compiles a template, a document of the text of a file.
    pub fn read(path: &str, file: &str, document: &Node) -> Result<Self, Vec<Diagnostic>> {
        let kind = text(below(document, &["spec", "crd", "spec", "names", "kind"]));
        let Some(kind) = kind else {
            let help = "add the kind that its constraints have";
            return Err(vec![wrong(path, document.at, "`spec.crd.spec.names.kind` is missing", help)]);
        };
        let Some(target) = items(below(document, &["spec", "targets"])).first() else {
            return Err(vec![wrong(path, document.at, "`spec.targets` is missing", "add a target with `rego`")]);
        };
        let is_rego = |code: &&Node| text(child(code, "engine")) == Some("Rego");
        let coded = items(child(target, "code")).iter().find(is_rego).and_then(|code| child(code, "source"));
        let source = coded.unwrap_or(target);
        let Some(rego) = child(source, "rego").filter(|rego| text(Some(rego)).is_some()) else {
            let help = "templates in CEL are not read; add a `code` entry for the engine `Rego`";
            return Err(vec![wrong(path, target.at, "the template holds no Rego", help)]);
        };
        let version = text(child(source, "version"));
        let dialect = if version == Some("v1") { Dialect::V1 } else { Dialect::V0 };
        let libraries = items(child(source, "libs")).iter().filter(|library| text(Some(library)).is_some());
        let sources: Vec<&Node> = std::iter::once(rego).chain(libraries).collect();
        let texts = sources.iter().filter_map(|source| text(Some(source)));
        let modules: Vec<Module> = texts
            .enumerate()
            .map(|(at, text)| Module { path: format!("{path}#{at}"), text: text.to_owned() })
            .collect();
        let needs_inventory = modules.iter().any(|module| module.text.contains("inventory"));
        // An inventory that is empty is there; what looks into it finds nothing.
        let data = if needs_inventory { json!({}) } else { json!({"inventory": {}}) };
        let policy = Policy::compile(&modules, dialect, &data, Options::default()).map_err(|problems| {
            let of = |problem: &mainstay_rego::Problem| {
                let module = modules.iter().position(|module| module.path == problem.path).unwrap_or_default();
                let (at, summary) = embedded(file, sources[module].at, &modules[module].text, problem);
                wrong(path, at, summary, "mend the Rego of the template")
            };
            problems.iter().map(of).collect::<Vec<_>>()
        })?;
        let package = policy.packages().first().cloned().unwrap_or_default();
        let annotation = |key: &str| text(below(document, &["metadata", "annotations", key])).map(str::to_owned);
        Ok(Self {
            kind: kind.to_owned(),
            title: annotation("metadata.gatekeeper.sh/title").unwrap_or_else(|| kind.to_owned()),
            description: annotation("description").unwrap_or_default(),
            policy,
            rule: format!("{package}.violation"),
            needs_inventory,
        })
    }
}

/// Where a problem of Rego stands in the file that the Rego is a text in. In a block of YAML every line stands by itself,
/// moved to the right; of a text that is written otherwise the line is told in words.
fn embedded(file: &str, at: At, rego: &str, problem: &mainstay_rego::Problem) -> (At, String) {
    // Blank lines at the start of a block may stand before the place of the text, and the sign of the block on the line above.
    let blank = rego.split('\n').take_while(|line| line.trim().is_empty()).count();
    let earliest = at.line.saturating_sub(u32::try_from(blank).unwrap_or(u32::MAX));
    let found = (earliest..=at.line.saturating_add(1)).find_map(|first| {
        let of = |inner: u32| Some((first.checked_add(inner)?.checked_sub(1)?, moved(file, first, rego, inner)?));
        of(1).and(of(problem.line))
    });
    if let Some((line, moved)) = found {
        let at = At { line, column: problem.column.saturating_add(moved), ..at };
        return (at, problem.summary.clone());
    }
    let told = if problem.line > 0 { format!("line {} of the Rego: ", problem.line) } else { String::new() };
    (at, format!("{told}{}", problem.summary))
}

/// By how many columns a line of Rego is moved to the right in a file in which its first line is the one given.
fn moved(file: &str, first: u32, rego: &str, line: u32) -> Option<u32> {
    let nth = |text: &'_ str, line: u32| -> Option<String> {
        let line = text.split('\n').nth(usize::try_from(line.checked_sub(1)?).ok()?)?;
        Some(line.trim_end_matches('\r').to_owned())
    };
    let (outer, inner) = (nth(file, first.checked_add(line)?.checked_sub(1)?)?, nth(rego, line)?);
    let left = outer.strip_suffix(inner.as_str()).filter(|left| left.trim().is_empty())?;
    u32::try_from(left.chars().count()).ok()
}

impl Constraint {
    /// Reads a constraint of one of the templates.
    pub fn read(path: &str, document: &Node, templates: &[Arc<Template>]) -> Result<(Control, Self), Diagnostic> {
        let kind = text(child(document, "kind")).unwrap_or_default();
        let Some(template) = templates.iter().find(|template| template.kind == kind) else {
            let help = "give the template of this kind beside it";
            return Err(wrong(path, document.at, format!("there is no template for the kind {kind:?}"), help));
        };
        let name = text(below(document, &["metadata", "name"])).unwrap_or_default();
        let spec = child(document, "spec");
        let matching = Matching::read(spec.and_then(|spec| child(spec, "match")));
        let matching = matching.map_err(|(at, summary)| wrong(path, at, summary, "see docs/policies.md"))?;
        let parameters = spec.and_then(|spec| child(spec, "parameters")).map_or_else(|| json!({}), Node::to_json);
        let severity = match spec.and_then(|spec| text(child(spec, "enforcementAction"))) {
            Some("dryrun") => Severity::Low,
            Some("warn") => Severity::Medium,
            _ => Severity::High,
        };
        let why = if template.description.is_empty() {
            "A constraint of this team, written for Gatekeeper.".to_owned()
        } else {
            template.description.clone()
        };
        let fix = format!("See the constraint in {path} and its template.");
        let control = Control::foreign(&format!("{kind}/{name}"), &template.title, severity, path, why, &fix);
        Ok((control, Self { template: template.clone(), parameters, matching }))
    }

    /// The kind that its template defines.
    pub fn kind(&self) -> &str {
        &self.template.kind
    }

    /// Whether it is for an object, among the namespaces that are known.
    pub fn is_for(&self, review: &Review, namespaces: &BTreeMap<String, Json>) -> bool {
        self.matching.holds(review.object(), namespaces)
    }

    /// The messages of what an object breaks.
    pub fn violations(&self, review: &Review, inventory: &Json) -> Result<Vec<String>, Failure> {
        let input = json!({"review": review.json, "parameters": self.parameters});
        let found = if self.template.needs_inventory {
            let policy = self.template.policy.clone().with_data(&json!({"inventory": inventory}))?;
            policy.rule(&self.template.rule, &input)?
        } else {
            self.template.policy.rule(&self.template.rule, &input)?
        };
        let message = |violation: &Json| match &violation["msg"] {
            Json::String(text) => text.clone(),
            Json::Null => violation.to_string(),
            other => other.to_string(),
        };
        Ok(match found {
            Some(Json::Array(found)) => found.iter().map(message).collect(),
            Some(Json::Object(found)) => found.keys().cloned().collect(),
            _ => Vec::new(),
        })
    }
}

impl Review {
    /// What the admission of an object asks; a document that is such a question already is taken as it is.
    pub fn of(object: Json) -> Self {
        if object["kind"] == "AdmissionReview" && object["request"].is_object() {
            return Self { json: object["request"].clone() };
        }
        let (group, version) = group_and_version(&object);
        let metadata = &object["metadata"];
        let mut review = json!({
            "kind": {"group": group, "version": version, "kind": object["kind"]},
            "name": metadata["name"].as_str().unwrap_or_default(),
            "operation": "CREATE",
        });
        if let (Some(namespace), Some(review)) = (metadata["namespace"].as_str(), review.as_object_mut()) {
            review.insert("namespace".to_owned(), namespace.into());
        }
        if let Some(review) = review.as_object_mut() {
            review.insert("object".to_owned(), object);
        }
        Self { json: review }
    }

    /// The object that is judged; of a deletion the one that was.
    fn object(&self) -> &Json {
        let object = &self.json["object"];
        if object.is_object() { object } else { &self.json["oldObject"] }
    }
}

fn group_and_version(object: &Json) -> (&str, &str) {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    version.split_once('/').unwrap_or(("", version))
}

/// All objects as `data.inventory` has them.
pub(crate) fn inventory<'o>(objects: impl Iterator<Item = &'o Json>) -> Json {
    let mut out = json!({"cluster": {}, "namespace": {}});
    for object in objects {
        let word = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let (version, kind, name) =
            (word(&object["apiVersion"]), word(&object["kind"]), word(&object["metadata"]["name"]));
        let scope = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => &mut out["namespace"][namespace],
            None => &mut out["cluster"],
        };
        scope[version][kind][name] = object.clone();
    }
    out
}

/// The namespaces among objects, by name.
pub(crate) fn namespaces<'o>(objects: impl Iterator<Item = &'o Json>) -> BTreeMap<String, Json> {
    let is_namespace = |object: &&Json| object["kind"] == "Namespace" && object["apiVersion"] == "v1";
    let named = |object: &Json| Some((object["metadata"]["name"].as_str()?.to_owned(), object.clone()));
    objects.filter(is_namespace).filter_map(named).collect()
}
