//! Suppressions in real texts: what they waive, what they do not, and what is said of those that do nothing.

use mainstay_iac::{Reading, SourceFile, read, terraform::Options};
use mainstay_model::{Diagnostic, Verdict};
use mainstay_policy::report::Report;
use mainstay_policy::suppress::{self, Suppression, Today};
use mainstay_policy::{ControlFile, Engine, Judging, Wanted};

const CONTROL: &str = "---
id: test.bucket-private
title: Bucket is private
severity: high
types: [aws_s3_bucket]
aliases: [CKV_AWS_20, AVD-AWS-0092]
---

## Why

Because.

## Fix

Make it private.

```rule
require acl != \"public-read\"
require none r in rule: r.open == true
```

## Examples

```hcl pass
```

```hcl fail
```

```hcl unknown
```
";

fn pod_control() -> String {
    CONTROL
        .replace("test.bucket-private", "test.pod-named")
        .replace("aws_s3_bucket", "Pod")
        .replace("CKV_AWS_20, AVD-AWS-0092", "CKV_K8S_1")
        .replace("require acl != \"public-read\"\nrequire none r in rule: r.open == true", "require has(spec.owner)")
}

fn judged(files: &[(&str, &str)]) -> (Engine, Reading, Judging) {
    let controls = [("a.md", CONTROL.to_owned()), ("b.md", pod_control())]
        .map(|(path, text)| ControlFile { path: path.to_owned(), text });
    let (engine, wrong) = Engine::load(&controls);
    assert_eq!(wrong, []);
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| SourceFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() })
        .collect();
    let reading = read(&files, &Options::default());
    let judging = engine.judge_wanted(&reading, Wanted::All);
    (engine, reading, judging)
}

/// Verdicts by address, and what is said: code and line.
type Outcome = (Vec<(String, Verdict)>, Vec<(String, u32)>);

fn outcome(files: &[(&str, &str)], more: &[Suppression]) -> Outcome {
    let (engine, reading, mut judging) = judged(files);
    let mut suppressions = suppress::in_code(&reading);
    suppressions.extend_from_slice(more);
    let today = Today { day: "2026-11-23", workspace: "" };
    let said = suppress::apply(&mut judging, &reading, &engine, &suppressions, today);
    let counted = |wanted| judging.judgements.iter().filter(|j| j.verdict == wanted).count() as u64;
    let summary = judging.summary;
    assert_eq!(
        [summary.pass, summary.fail, summary.unknown, summary.waived],
        [Verdict::Pass, Verdict::Fail, Verdict::Unknown, Verdict::Waived].map(counted)
    );
    let verdicts = judging.judgements.iter().map(|j| (j.resource.to_string(), j.verdict)).collect();
    (verdicts, said.iter().map(|d: &Diagnostic| (d.code.clone(), d.place.line)).collect())
}

fn verdicts(files: &[(&str, &str)]) -> Vec<Verdict> {
    let (verdicts, said) = outcome(files, &[]);
    assert_eq!(said, []);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

#[test]
fn a_comment_within_the_block_waives_that_block_alone() {
    let text = "resource \"aws_s3_bucket\" \"a\" {\n  # checkov:skip=CKV_AWS_20:a public site\n  acl = \"public-read\"\n}\n\
                resource \"aws_s3_bucket\" \"b\" {\n  acl = \"public-read\"\n}\n";
    assert_eq!(verdicts(&[("main.tf", text)]), [Verdict::Waived, Verdict::Fail]);
    let (engine, reading, mut judging) = judged(&[("main.tf", text)]);
    let suppressions = suppress::in_code(&reading);
    let today = Today { day: "2026-11-23", workspace: "" };
    let _ = suppress::apply(&mut judging, &reading, &engine, &suppressions, today);
    let waiver = judging.judgements[0].waiver.as_ref().expect("a waiver");
    assert_eq!((waiver.reason.as_str(), waiver.by.as_str()), ("a public site", "checkov:skip"));
    assert_eq!(waiver.place.to_string(), "main.tf:2:3");
}

#[test]
fn words_in_strings_and_heredocs_are_no_comment() {
    let text = "resource \"aws_s3_bucket\" \"a\" {\n  acl = \"public-read\"\n  x = \"# checkov:skip=CKV_AWS_20\"\n  \
                y = <<-EOT\n    # checkov:skip=CKV_AWS_20:no\n  EOT\n}\n";
    assert_eq!(verdicts(&[("main.tf", text)]), [Verdict::Fail]);
}

#[test]
fn tfsec_and_trivy_speak_of_the_line_below_or_their_own() {
    let above = "#tfsec:ignore:AVD-AWS-0092\n#trivy:ignore:AVD-AWS-0001\nresource \"aws_s3_bucket\" \"a\" {\n  \
                 acl = \"public-read\"\n}\n";
    let (found, said) = outcome(&[("main.tf", above)], &[]);
    assert_eq!(found[0].1, Verdict::Waived, "comments above each other");
    assert_eq!(said, [("suppress.unknown-id".to_owned(), 2)]);
    let on_line = "resource \"aws_s3_bucket\" \"a\" {\n  acl = \"public-read\" # trivy:ignore:AWS-0092\n}\n";
    assert_eq!(verdicts(&[("main.tf", on_line)]), [Verdict::Waived]);
    let other_line =
        "resource \"aws_s3_bucket\" \"a\" {\n  x = 1 # trivy:ignore:AWS-0092\n  acl = \"public-read\"\n}\n";
    let (found, said) = outcome(&[("main.tf", other_line)], &[]);
    assert_eq!((found[0].1, said), (Verdict::Fail, vec![("suppress.unused".to_owned(), 2)]));
    let block = "resource \"aws_s3_bucket\" \"a\" {\n  #nosec CKV_AWS_20 -- known\n  rule {\n    open = true\n  }\n}\n";
    assert_eq!(verdicts(&[("main.tf", block)]), [Verdict::Waived]);
    let apart = "#tfsec:ignore:AWS-0092\n\nresource \"aws_s3_bucket\" \"a\" {\n  acl = \"public-read\"\n}\n";
    assert_eq!(outcome(&[("main.tf", apart)], &[]).0[0].1, Verdict::Fail, "a blank line parts them");
}

#[test]
fn days_and_workspaces_bound_a_suppression() {
    let until = |day: &str| {
        format!("#trivy:ignore:AWS-0092:exp:{day}\nresource \"aws_s3_bucket\" \"a\" {{\n  acl = \"public-read\"\n}}\n")
    };
    assert_eq!(verdicts(&[("main.tf", &until("2026-11-23"))]), [Verdict::Waived], "the last day counts");
    let (found, said) = outcome(&[("main.tf", &until("2026-11-22"))], &[]);
    assert_eq!((found[0].1, said), (Verdict::Fail, vec![("suppress.expired".to_owned(), 1)]));
    let (found, said) = outcome(&[("main.tf", &until("soon"))], &[]);
    assert_eq!((found[0].1, said), (Verdict::Fail, vec![("suppress.day".to_owned(), 1)]));
    let (found, said) = outcome(&[("main.tf", &until("2027-01-01:ws:prod"))], &[]);
    assert_eq!((found[0].1, said), (Verdict::Fail, vec![("suppress.workspace".to_owned(), 1)]));
}

#[test]
fn values_bound_a_suppression() {
    let text = |value: &str| {
        format!(
            "#trivy:ignore:AWS-0092[bucket={value}]\nresource \"aws_s3_bucket\" \"a\" {{\n  bucket = \"site\"\n  \
             acl    = \"public-read\"\n}}\n"
        )
    };
    assert_eq!(verdicts(&[("main.tf", &text("site"))]), [Verdict::Waived]);
    assert_eq!(outcome(&[("main.tf", &text("other"))], &[]).0[0].1, Verdict::Fail);
}

#[test]
fn a_comment_in_a_module_call_speaks_of_all_in_the_module() {
    let call = "module \"a\" {\n  #checkov:skip=CKV_AWS_20:known\n  source = \"./m\"\n}\nmodule \"b\" {\n  source = \"./m\"\n}\n";
    let module = "resource \"aws_s3_bucket\" \"x\" {\n  acl = \"public-read\"\n}\n";
    let (found, said) = outcome(&[("main.tf", call), ("m/main.tf", module)], &[]);
    let of = |address: &str| found.iter().find(|(known, _)| known == address).map(|(_, verdict)| *verdict);
    assert_eq!(of("module.a.aws_s3_bucket.x"), Some(Verdict::Waived));
    assert_eq!(of("module.b.aws_s3_bucket.x"), Some(Verdict::Fail));
    assert_eq!(said, []);
    let inside = module.replace("  acl", "  # checkov:skip=CKV_AWS_20\n  acl");
    let plain = call.replace("  #checkov:skip=CKV_AWS_20:known\n", "");
    assert_eq!(verdicts(&[("main.tf", &plain), ("m/main.tf", &inside)]), [Verdict::Waived, Verdict::Waived]);
}

#[test]
fn manifests_have_annotations_and_comments() {
    let pod =
        |more: &str, name: &str| format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n{more}spec:\n  x: 1\n");
    let annotated =
        pod("  annotations:\n    checkov.io/skip1: CKV_K8S_1=a test\n    checkov.io/skip2: CKV_K8S_999=b\n", "a");
    let text = format!("{annotated}---\n{}---\n# checkov:skip=CKV_K8S_1:c\n{}# end\n", pod("", "b"), pod("", "c"));
    let (found, said) = outcome(&[("pods.yaml", &text)], &[]);
    let verdicts: Vec<_> = found.iter().map(|(_, verdict)| *verdict).collect();
    assert_eq!(verdicts, [Verdict::Waived, Verdict::Fail, Verdict::Waived]);
    assert_eq!(said, [("suppress.unknown-id".to_owned(), 7)]);
}

#[test]
fn a_suppression_that_does_nothing_is_named() {
    let text = "# checkov:skip=CKV_AWS_20:outside\n\nresource \"aws_s3_bucket\" \"a\" {\n  # checkov:skip=CKV_AWS_20:fine\n  \
                acl = \"private\"\n}\n";
    let (found, said) = outcome(&[("main.tf", text)], &[]);
    assert_eq!(found[0].1, Verdict::Pass);
    assert_eq!(said, [("suppress.unused".to_owned(), 1), ("suppress.unused".to_owned(), 4)]);
}

#[test]
fn baselines_know_findings_and_not_lines() {
    use suppress::baseline::{self, Baseline};
    let text = "resource \"aws_s3_bucket\" \"a\" {\n  acl = \"public-read\"\n}\n";
    let (_, _, judging) = judged(&[("infra/main.tf", text)]);
    let Ok(Baseline::Ours(known)) = baseline::read(&baseline::write(&judging), "base.json") else {
        panic!("a baseline of ours")
    };
    let moved = format!("# a line\n{text}resource \"aws_s3_bucket\" \"b\" {{\n  acl = \"public-read\"\n}}\n");
    let (_, reading, mut judging) = judged(&[("infra/other.tf", &moved)]);
    assert!(baseline::apply(&mut judging, &known, "base.json", &reading.files).is_none());
    let verdicts: Vec<_> = judging.judgements.iter().map(|j| j.verdict).collect();
    assert_eq!(verdicts, [Verdict::Waived, Verdict::Fail]);
    let (_, reading, mut judging) = judged(&[("infra/main.tf", "resource \"aws_s3_bucket\" \"a\" {}\n")]);
    let said = baseline::apply(&mut judging, &known, "base.json", &reading.files).expect("a note");
    assert_eq!(said.summary, "1 of 1 findings of the baseline are no more");
    assert_eq!(baseline::read("{", "base.json").expect_err("no JSON").place.line, 1);
}

#[test]
fn a_baseline_of_checkov_names_files_from_its_own_folder() {
    use suppress::baseline::{self, Baseline};
    let text = r#"{"failed_checks": [{"file": "/main.tf", "findings": [
        {"resource": "aws_s3_bucket.a", "check_ids": ["CKV_AWS_20"]}]}]}"#;
    let Ok(Baseline::Checkov(known)) = baseline::read(text, "infra/.checkov.baseline") else {
        panic!("a baseline of Checkov")
    };
    let code = "resource \"aws_s3_bucket\" \"a\" {\n  acl = \"public-read\"\n}\n";
    assert_eq!(outcome(&[("infra/main.tf", code)], &known).0[0].1, Verdict::Waived);
    assert_eq!(outcome(&[("other/main.tf", code)], &known).0[0].1, Verdict::Fail);
    assert_eq!(outcome(&[("infra/main.tf", &code.replace("\"a\"", "\"b\""))], &known).0[0].1, Verdict::Fail);
}

#[test]
fn sarif_says_a_suppression_in_words_that_every_published_schema_knows() {
    let text =
        "resource \"aws_s3_bucket\" \"a\" {\n  # checkov:skip=CKV_AWS_20:a public site\n  acl = \"public-read\"\n}\n";
    let (engine, reading, mut judging) = judged(&[("main.tf", text)]);
    let suppressions = suppress::in_code(&reading);
    let today = Today { day: "2026-11-23", workspace: "" };
    let _ = suppress::apply(&mut judging, &reading, &engine, &suppressions, today);
    let report = Report { judging: &judging, diagnostics: &[], engine: &engine, version: "1" };
    let log: serde_json::Value = serde_json::from_str(&mainstay_policy::report::sarif(&report)).unwrap();
    let said = log["runs"][0]["results"][0]["suppressions"][0].as_object().unwrap();
    let names: Vec<&str> = said.keys().map(String::as_str).collect();
    // `status` of the standard is `state` in another copy of its schema, and both forbid what they do not know.
    assert_eq!(names, ["justification", "kind", "location"]);
    assert_eq!((said["kind"].as_str(), said["justification"].as_str()), (Some("inSource"), Some("a public site")));
}
