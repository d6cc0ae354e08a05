//! Policies: our controls, Checkov's and Gatekeeper's YAML, Rego; and what waives their verdicts.
//!
//! Files of an input whose path begins with `policies/` are policies, the others code that they judge; where there is no
//! code they judge [`SAMPLE`].

use crate::files::files;
use crate::holds::{self, judged};
use crate::unknowing;
use mainstay_iac::terraform::Options;
use mainstay_iac::{SourceFile, read};
use mainstay_policy::report::{self, Report};
use mainstay_policy::suppress::{self, Today, baseline, in_code};
use mainstay_policy::{ControlFile, Engine, Suite};
use mainstay_rego::{Dialect, Module, Policy};
use serde_json::{Value as Json, json};

/// Code for policies that come without: blocks, lists, relations, unknown values and texts of JSON.
const SAMPLE: &str = r#"
variable "given" {}
resource "aws_s3_bucket" "logs" {
  bucket = "logs"
  acl    = var.given
  tags   = { Owner = "shop", Level = 3 }
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = ["s3:*"], Principal = "*", Resource = "${var.given}/*" }] })
}
resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_security_group" "web" {
  ingress {
    from_port   = 22
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8", "0.0.0.0/0"]
  }
  ingress {
    from_port   = var.given
    to_port     = 80
    protocol    = "-1"
    cidr_blocks = [var.given]
  }
}
"#;
const MANIFEST: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop, labels: {app: web}}\n\
    spec: {hostNetwork: true, containers: [{name: a, image: 'nginx:1', securityContext: {privileged: true}}]}\n";

/// Policies and code of an input.
fn parts(input: &[u8], name: &str) -> (Vec<ControlFile>, Vec<SourceFile>) {
    let (policies, mut code): (Vec<_>, Vec<_>) =
        files(input, name).into_iter().partition(|file| file.path.starts_with("policies/"));
    // A policy that is no UTF-8 is refused where it is taken from the disk.
    let text = |file: SourceFile| Some(ControlFile { path: file.path, text: String::from_utf8(file.bytes).ok()? });
    if code.is_empty() {
        code.push(SourceFile { path: "main.tf".to_owned(), bytes: SAMPLE.as_bytes().to_vec() });
        code.push(SourceFile { path: "pod.yaml".to_owned(), bytes: MANIFEST.as_bytes().to_vec() });
    }
    (policies.into_iter().filter_map(text).collect(), code)
}

/// Loads policies; what is wrong with them stands in them.
fn load(policies: &[ControlFile]) -> Engine {
    let (engine, wrong) = Engine::load(policies);
    for file in policies {
        let of_file: Vec<_> = wrong.iter().filter(|diagnostic| diagnostic.place.file == file.path).cloned().collect();
        holds::places_of(&of_file, file.text.as_bytes());
    }
    engine
}

/// Controls of ours. What does not begin as a page is the rule of one.
pub fn controls(input: &[u8]) {
    let (mut policies, code) = parts(input, "policies/control.md");
    for file in policies.iter_mut().filter(|file| !file.text.starts_with("---")) {
        file.text = page(&file.text);
    }
    let engine = load(&policies);
    let mut reading = read(&code, &Options::default());
    let judging = judged(&engine, &reading);
    unknowing::keeps_verdicts(&engine, &reading, &judging);
    for control in engine.controls() {
        for at in 0..reading.resources.len().min(8) {
            let Some(explained) = engine.explain(&mut reading, control, at) else { continue };
            assert!(explained.changes.iter().all(|change| change.verdict != explained.judgement.verdict));
        }
    }
}

/// A control's page around a rule.
fn page(rule: &str) -> String {
    format!(
        "---\nid: test.rule\ntitle: a test\nseverity: high\ntypes: [aws_*, Pod]\n---\n\n## Why\n\nBecause.\n\n## Fix\n\nSo.\n\n\
         ```rule\n{rule}\n```\n\n## Examples\n\n```hcl pass\n```\n\n```hcl fail\n```\n\n```hcl unknown\n```\n"
    )
}

/// Custom policies of Checkov.
pub fn checkov(input: &[u8]) {
    let (policies, code) = parts(input, "policies/policy.yaml");
    judged(&load(&policies), &read(&code, &Options::default()));
}

/// Templates, constraints and suites of Gatekeeper.
pub fn gatekeeper(input: &[u8]) {
    let (policies, code) = parts(input, "policies/template.yaml");
    judged(&load(&policies), &read(&code, &Options::default()));
    for suite in policies.iter().filter(|file| Suite::is_suite(&file.text)) {
        let read = |path: &str| {
            let wanted = format!("policies/{path}");
            policies.iter().find(|file| file.path == wanted).map(|file| file.text.clone())
        };
        let report = Suite { path: &suite.path, text: &suite.text }.run(&read);
        let own: Vec<_> = report.diagnostics.into_iter().filter(|one| one.place.file == suite.path).collect();
        holds::places_of(&own, suite.text.as_bytes());
    }
}

/// Rego as Conftest runs it, and by itself in both of its forms.
pub fn rego(input: &[u8]) {
    let (policies, code) = parts(input, "policies/policy.rego");
    judged(&load(&policies), &read(&code, &Options::default()));
    let modules: Vec<Module> = policies
        .into_iter()
        .map(|file| Module { path: file.path, text: file.text })
        .filter(|m| m.path.ends_with(".rego"))
        .collect();
    let options = mainstay_rego::Options { now_ns: Some(1_700_000_000_000_000_000), strict: false };
    for dialect in [Dialect::V0, Dialect::V1] {
        if let Ok(policy) = Policy::compile(&modules, dialect, &json!({"known": {"a": [1, "b", null]}}), options) {
            for package in policy.packages().iter().take(2) {
                let _ = policy.rule(package, &json!({"kind": "Pod", "a": [1, 2, {"b": "c"}]}));
            }
        }
    }
}

/// Comments, annotations and baselines that waive verdicts, and every report of what is left.
pub fn suppressions(input: &[u8]) {
    let files = files(input, "main.tf");
    let (baselines, code): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.path.ends_with("baseline"));
    let (engine, reading) = (holds::engine(), read(&code, &Options::default()));
    holds::places(&reading, &code);
    let mut judging = judged(engine, &reading);
    let before = judging.judgements.len();
    let mut wishes = in_code(&reading);
    for file in baselines {
        let Ok(text) = String::from_utf8(file.bytes) else { continue };
        match baseline::read(&text, &file.path) {
            Ok(baseline::Baseline::Ours(known)) => {
                let _ = baseline::apply(&mut judging, &known, &file.path, &reading.files);
            }
            Ok(baseline::Baseline::Checkov(mut found)) => wishes.append(&mut found),
            Err(diagnostic) => holds::places_of(&[*diagnostic], text.as_bytes()),
        }
    }
    let mut diagnostics =
        suppress::apply(&mut judging, &reading, engine, &wishes, Today { day: "2026-11-23", workspace: "" });
    diagnostics.extend(reading.diagnostics.iter().cloned());
    let all = judging.summary;
    assert_eq!(all.pass + all.fail + all.unknown + all.waived, before as u64, "a waiver adds and removes no verdict");
    let written = baseline::write(&judging);
    assert!(matches!(baseline::read(&written, "baseline"), Ok(baseline::Baseline::Ours(_))), "{written}");
    reports(&Report { judging: &judging, diagnostics: &diagnostics, engine, version: "0" });
}

fn reports(report: &Report<'_>) {
    for json in [report::json(report), report::sarif(report), report::gitlab(report)] {
        assert!(serde_json::from_str::<Json>(&json).is_ok(), "{json}");
    }
    let xml = report::junit(report);
    assert!(!xml.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r')), "{xml:?}");
    assert!(!report::markdown(report).is_empty());
    let _ = (report::table(report, false), report::github(report));
}
