//! Policies in the languages of other programs, beside our controls: read once, judged over the same resources.

use crate::checkov::{self, Saying, Vertices};
use crate::conftest::{self, Rule};
use crate::control::{Control, ControlFile};
use crate::document;
use crate::gatekeeper::{self, Constraint, Review, Template};
use crate::judge::{Relations, Truth};
use mainstay_iac::{Dialect, Reading};
use mainstay_model::Diagnostic;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A policy that is no control of ours.
#[derive(Debug)]
pub(crate) enum Policy {
    /// A custom policy of Checkov.
    Checkov(checkov::Policy),
    /// A constraint of Gatekeeper.
    Gatekeeper(Constraint),
    /// A rule of Rego.
    Rego(Rule),
}

/// All of them, each with the position of its control.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    checkov: Vec<(u32, checkov::Policy)>,
    gatekeeper: Vec<(u32, Constraint)>,
    rego: Vec<(u32, Rule)>,
}

/// Whether a file may hold a control or a policy, by its name.
#[must_use]
pub fn can_hold_policy(path: &str) -> bool {
    [".md", ".yaml", ".yml", ".json", ".rego"].iter().any(|end| path.ends_with(end))
}

/// Reads the policies among files; a file that holds none is passed over.
pub(crate) fn read(files: &[&ControlFile], wrong: &mut Vec<Diagnostic>) -> Vec<(Control, Policy)> {
    let mut found = Vec::new();
    let (mut templates, mut constraints) = (Vec::new(), Vec::new());
    let mut data = serde_json::json!({});
    let is_rego = |file: &ControlFile| file.path.ends_with(".rego");
    let modules: Vec<&ControlFile> = files.iter().copied().filter(|file| is_rego(file)).collect();
    for file in files.iter().filter(|file| !is_rego(file)) {
        let (documents, mut diagnostics) = document::documents(&file.path, &file.text);
        wrong.append(&mut diagnostics);
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if matches!(name, "data.json" | "data.yaml" | "data.yml") {
            let entries = documents.first().map(mainstay_iac::Node::to_json);
            if let (Some(serde_json::Value::Object(entries)), Some(data)) = (entries, data.as_object_mut()) {
                data.extend(entries);
            }
        }
        for document in documents.iter().filter(|document| gatekeeper::is_template(document)) {
            match Template::read(&file.path, &file.text, document) {
                Ok(template) => templates.push(Arc::new(template)),
                Err(mut diagnostics) => wrong.append(&mut diagnostics),
            }
        }
        constraints.extend(documents.iter().filter(|d| gatekeeper::is_constraint(d)).map(|d| (&file.path, d.clone())));
        for document in documents.iter().filter(|document| checkov::is_policy(document)) {
            match checkov::read(&file.path, document) {
                Ok((control, policy)) => found.push((control, Policy::Checkov(policy))),
                Err(mut diagnostics) => wrong.append(&mut diagnostics),
            }
        }
    }
    for (path, document) in constraints {
        match Constraint::read(path, &document, &templates) {
            Ok((control, constraint)) => found.push((control, Policy::Gatekeeper(constraint))),
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    let rules = conftest::read(&modules, &data, wrong);
    found.extend(rules.into_iter().map(|(control, rule)| (control, Policy::Rego(rule))));
    found
}

impl Foreign {
    pub(crate) fn of(policies: impl Iterator<Item = (u32, Policy)>) -> Self {
        let mut out = Self::default();
        for (at, policy) in policies {
            match policy {
                Policy::Checkov(policy) => out.checkov.push((at, policy)),
                Policy::Gatekeeper(constraint) => out.gatekeeper.push((at, constraint)),
                Policy::Rego(rule) => out.rego.push((at, rule)),
            }
        }
        out
    }

    /// What the policies say, by the position of the resource; each with the position of the control.
    pub(crate) fn judge(&self, reading: &Reading, relations: &Relations<'_>) -> BTreeMap<usize, Vec<(u32, Saying)>> {
        let mut said: BTreeMap<usize, Vec<(u32, Saying)>> = BTreeMap::new();
        if !self.checkov.is_empty() {
            let vertices = Vertices::of(reading, relations);
            for (control, policy) in &self.checkov {
                for (at, saying) in policy.judge(&vertices) {
                    said.entry(at).or_default().push((*control, saying));
                }
            }
        }
        let inputs = if self.rego.is_empty() { Vec::new() } else { conftest::inputs(reading) };
        for input in &inputs {
            for (control, rule) in &self.rego {
                for (at, saying) in rule.judge(input) {
                    said.entry(at).or_default().push((*control, saying));
                }
            }
        }
        if !self.gatekeeper.is_empty() {
            self.admit(reading, &mut said);
        }
        said
    }

    /// What the constraints say of the manifests.
    fn admit(&self, reading: &Reading, said: &mut BTreeMap<usize, Vec<(u32, Saying)>>) {
        let manifests: Vec<(usize, serde_json::Value)> = (0..)
            .zip(&reading.resources)
            .filter(|(_, resource)| resource.dialect == Dialect::Kubernetes)
            .map(|(at, resource)| (at, resource.body.to_json()))
            .collect();
        let inventory = gatekeeper::inventory(manifests.iter().map(|(_, object)| object));
        let namespaces = gatekeeper::namespaces(manifests.iter().map(|(_, object)| object));
        for (at, object) in manifests {
            let review = Review::of(object);
            for (control, constraint) in &self.gatekeeper {
                if constraint.is_for(&review, &namespaces) {
                    let saying = of_violations(constraint.kind(), constraint.violations(&review, &inventory));
                    said.entry(at).or_default().push((*control, saying));
                }
            }
        }
    }
}

/// A policy that finds nothing passes; one that breaks down says nothing either way.
fn of_violations(kind: &str, found: Result<Vec<String>, mainstay_rego::Failure>) -> Saying {
    let in_words = |message: String| {
        let is_silent = message.trim().is_empty();
        if is_silent { format!("the template of {kind} reports this, and gives no message") } else { message }
    };
    match found {
        Ok(found) if found.is_empty() => Saying { truth: Truth::True, why: "no violation".to_owned(), cause: None },
        Ok(found) => {
            let why = found.into_iter().map(in_words).collect::<Vec<_>>().join("; ");
            Saying { truth: Truth::False, why, cause: None }
        }
        Err(failure) => Saying { truth: Truth::Unknown, why: format!("the policy failed: {failure}"), cause: None },
    }
}
