//! The examples of a control, run as tests.

use crate::control::{Control, Example};
use crate::engine::{Engine, Judgement, Wanted};
use mainstay_iac::{Map, Node, Reading, SourceFile, Unknown, Value};
use mainstay_model::{Diagnostic, Place, Verdict};

/// In an example in YAML or JSON this text stands for an unknown value, as it does in Terraform's own output.
const UNKNOWN: &str = "(known after apply)";

/// In an example of a control for files this joins what stands around it, so that the page itself holds no token.
const JOIN: &str = "<+>";

impl Engine {
    /// Runs the examples of a control; `read` turns files into resources. What comes back is wrong with the control or
    /// its examples; nothing means that all hold.
    pub fn test(&self, control: &Control, read: &dyn Fn(&[SourceFile]) -> Reading) -> Vec<Diagnostic> {
        control.examples.iter().filter_map(|example| self.test_one(control, example, read)).collect()
    }

    fn test_one(
        &self,
        control: &Control,
        example: &Example,
        read: &dyn Fn(&[SourceFile]) -> Reading,
    ) -> Option<Diagnostic> {
        if control.is_for_secrets() {
            return self.test_secret(control, example);
        }
        let wrong = |line: u32, summary: String, help: &str| {
            Some(Diagnostic::error("control.example", summary, Place::at(&control.path, line, 1), help))
        };
        let path = match example.language.as_str() {
            "hcl" => "main.tf",
            "arm" => "template.json",
            "bicep" => "main.bicep",
            "yaml" => "manifest.yaml",
            "json" => "manifest.json",
            "dockerfile" => "Dockerfile",
            "github" => ".github/workflows/ci.yml",
            "gitlab" => ".gitlab-ci.yml",
            "azure-pipelines" => "azure-pipelines.yml",
            "ansible" => "playbook.yml",
            "cloudformation" => "template.yaml",
            "serverless" => "serverless.yml",
            "openapi" => "openapi.yaml",
            other => {
                let help = "use hcl, yaml, json, arm, bicep, cloudformation, serverless, openapi, dockerfile, github, gitlab, \
                            azure-pipelines or ansible";
                return wrong(example.line.saturating_sub(1), format!("`{other}` is no language of an example"), help);
            }
        };
        let text = if example.language == "arm" { template_of(&example.text) } else { example.text.clone() };
        let file = SourceFile { path: path.to_owned(), bytes: text.into_bytes() };
        let mut reading = read(&[file]);
        // A module that is not there is how an example shows a relation that cannot be known.
        let unreadable = |found: &&Diagnostic| found.code != "terraform.module-not-read";
        if let Some(found) = reading.diagnostics.iter().find(unreadable) {
            let line = example.line + found.place.line.saturating_sub(1);
            return wrong(line, format!("the example cannot be read: {}", found.summary), &found.help);
        }
        if path != "main.tf" {
            for resource in &mut reading.resources {
                doubt_map(&mut resource.body);
            }
        }
        let judgements: Vec<_> =
            self.judge(&reading).into_iter().filter(|judgement| judgement.control == control.id).collect();
        let found = overall(&judgements);
        if found == Some(example.verdict) {
            return None;
        }
        let reasons: Vec<_> =
            judgements.iter().map(|one| format!("{} {}: {}", one.resource, one.verdict.as_str(), one.why)).collect();
        let found = found.map_or("nothing", Verdict::as_str);
        wrong(
            example.line,
            format!("the example must be {}, and is {found} ({})", example.verdict.as_str(), reasons.join("; ")),
            "correct the rule or the example",
        )
    }
}

impl Engine {
    /// The example of a control for files: it is judged as text, and need not be whole.
    fn test_secret(&self, control: &Control, example: &Example) -> Option<Diagnostic> {
        let wrong = |line: u32, summary: String, help: &str| {
            Some(Diagnostic::error("control.example", summary, Place::at(&control.path, line, 1), help))
        };
        let path = match example.language.as_str() {
            "hcl" => "main.tf",
            "yaml" => "values.yaml",
            "json" => "settings.json",
            "bicep" => "main.bicep",
            "dockerfile" => "Dockerfile",
            "env" => ".env",
            "ini" => "app.ini",
            "pem" => "server.pem",
            "properties" => "app.properties",
            "shell" => "run.sh",
            "toml" => "app.toml",
            "xml" => "app.xml",
            other => {
                let help = "use hcl, yaml, json, bicep, dockerfile, env, ini, pem, properties, shell, toml or xml";
                return wrong(example.line.saturating_sub(1), format!("`{other}` is no language of an example"), help);
            }
        };
        let text = example.text.replace(JOIN, "");
        let file = SourceFile { path: path.to_owned(), bytes: text.into_bytes() };
        let judged = self.judge_secrets(&[file], Wanted::All).judgements;
        let judged: Vec<_> = judged.into_iter().filter(|judgement| judgement.control == control.id).collect();
        let found = overall(&judged);
        if found == Some(example.verdict) {
            return None;
        }
        let reasons: Vec<_> = judged.iter().map(|one| one.why.as_str()).collect();
        let found = found.map_or("nothing", Verdict::as_str);
        wrong(
            example.line,
            format!("the example must be {}, and is {found} ({})", example.verdict.as_str(), reasons.join("; ")),
            "correct the secret block or the example",
        )
    }
}

/// A whole template; an example may be its resources alone, one or several with commas between. Lines stay the same.
fn template_of(text: &str) -> String {
    if text.contains("\"$schema\"") {
        return text.to_owned();
    }
    let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
    format!("{{\"$schema\": \"{schema}\", \"resources\": [{text}\n]}}")
}

/// One fail fails the whole, then one unknown leaves it open; no judgement is no verdict.
fn overall(judgements: &[Judgement]) -> Option<Verdict> {
    [Verdict::Fail, Verdict::Unknown, Verdict::Pass]
        .into_iter()
        .find(|verdict| judgements.iter().any(|judgement| judgement.verdict == *verdict))
}

fn doubt_map(map: &mut Map) {
    let doubted: Vec<(String, Node)> = map
        .iter()
        .map(|(key, node)| {
            let mut node = node.clone();
            doubt(&mut node);
            (key.to_owned(), node)
        })
        .collect();
    for (key, node) in doubted {
        map.set(key, node);
    }
}

fn doubt(node: &mut Node) {
    match &mut node.value {
        Value::String(text) if &**text == UNKNOWN => {
            node.value = Value::Unknown(Unknown::new(UNKNOWN.trim_matches(['(', ')'])));
        }
        Value::List(items) => items.iter_mut().for_each(doubt),
        Value::Map(map) => doubt_map(map),
        _ => {}
    }
}
