//! Our verdicts on custom policies beside those of Checkov itself, on generated resources and policies: every attribute
//! operator with every kind of value, paths with `*`, JSONPath, and the kinds of connections.
//!
//! Needs Checkov: `python3 -m venv target/checkov-venv && target/checkov-venv/bin/pip install checkov`. Where it is not
//! there the comparison is left out, and says so.

#![expect(clippy::unwrap_used, reason = "a test stops at what is wrong")]
#![expect(clippy::disallowed_methods, reason = "the test runs another program and reads what it writes")]

use mainstay_iac::{SourceFile, read, terraform::Options};
use mainstay_model::Verdict;
use mainstay_policy::{ControlFile, Engine};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One attribute a resource, with every kind of value.
const VALUES: [&str; 34] = [
    "", // not set
    "a = null",
    "a = true",
    "a = false",
    "a = \"true\"",
    "a = \"False\"",
    "a = 0",
    "a = 5",
    "a = -3",
    "a = 1.5",
    "a = 443",
    "a = \"5\"",
    "a = \"10\"",
    "a = \"abc\"",
    "a = \"ABC\"",
    "a = \"abcdef\"",
    "a = \"one two  three\"",
    "a = \"\"",
    "a = \"*\"",
    "a = \"400-500\"",
    "a = \"10.0.1.0/24\"",
    "a = \"11.0.0.0/8\"",
    "a = \"fd00::1/64\"",
    "a = []",
    "a = [\"abc\"]",
    "a = [\"abc\", \"x\"]",
    "a = [5, 443]",
    "a = [\"10.0.1.0/24\", \"10.0.2.0/24\"]",
    "a = {}",
    "a = { abc = \"x\", y = \"z\" }",
    "a = { k = \"abc\" }",
    "a {\n abc = 1\n }",
    "a {\n abc = 1\n }\n a {\n abc = 2\n }",
    "a = jsonencode({ Statement = { Effect = \"Allow\" }, abc = [\"x\"] })",
];

/// Values that a policy may give, as YAML.
const WANTED: [&str; 22] = [
    "abc",
    "ABC",
    "''",
    "5",
    "'5'",
    "0",
    "3",
    "1",
    "true",
    "'true'",
    "'False'",
    "[abc, x]",
    "[5]",
    "['5', 5]",
    "[]",
    "{abc: x, y: z}",
    "10.0.0.0/8",
    "['10.0.0.0/8', 'fd00::/16']",
    "'443-445'",
    "'^a.*f$'",
    "'(?!abc)'",
    "x",
];

const OPERATORS: [&str; 45] = [
    "any",
    "cidr_range_not_subset",
    "cidr_range_subset",
    "contains",
    "ending_with",
    "equals",
    "equals_ignore_case",
    "exists",
    "greater_than",
    "greater_than_or_equal",
    "intersects",
    "is_empty",
    "is_false",
    "is_not_empty",
    "is_true",
    "length_equals",
    "length_greater_than",
    "length_greater_than_or_equal",
    "length_less_than",
    "length_less_than_or_equal",
    "length_not_equals",
    "less_than",
    "less_than_or_equal",
    "not_contains",
    "not_ending_with",
    "not_equals",
    "not_equals_ignore_case",
    "not_exists",
    "not_intersects",
    "not_regex_match",
    "not_starting_with",
    "not_subset",
    "not_within",
    "number_of_words_equals",
    "number_of_words_greater_than",
    "number_of_words_greater_than_or_equal",
    "number_of_words_less_than",
    "number_of_words_less_than_or_equal",
    "number_of_words_not_equals",
    "range_includes",
    "range_not_includes",
    "regex_match",
    "starting_with",
    "subset",
    "within",
];

/// Resources whose paths have several levels.
const NESTED: &str = r#"
resource "aws_n" "one" {
  rule {
    port  = 22
    cidrs = ["10.0.0.0/8"]
    inner { deep = "x" }
  }
}
resource "aws_n" "two" {
  rule { port = 22 }
  rule {
    port  = 443
    cidrs = ["0.0.0.0/0", "10.0.0.0/8"]
  }
  tags = { Env = "prod" }
}
resource "aws_n" "none" {
  tags = { Env = "dev", Owner = "x" }
}
resource "aws_n" "policy" {
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Action = ["s3:*"], Principal = "*" },
      { Effect = "Deny", Action = "s3:Get" },
    ]
  })
}
"#;

/// Conditions on [`NESTED`]: attribute, operator, value.
const NESTED_CONDITIONS: [(&str, &str, &str); 26] = [
    ("rule.port", "equals", "22"),
    ("rule.*.port", "equals", "22"),
    ("rule.*.port", "not_equals", "22"),
    ("rule.*.port", "equals", "443"),
    ("rule.0.port", "equals", "22"),
    ("rule.1.port", "equals", "443"),
    ("rule.*.cidrs", "contains", "0.0.0.0/0"),
    ("rule.*.cidrs", "not_contains", "0.0.0.0/0"),
    ("rule.*.cidrs.*", "equals", "0.0.0.0/0"),
    ("rule.cidrs", "contains", "10.0.0.0/8"),
    ("rule.inner.deep", "equals", "x"),
    ("rule.*.inner.deep", "exists", "''"),
    ("rule.*.port", "exists", "''"),
    ("rule.*.port", "not_exists", "''"),
    ("rule.*.port", "greater_than", "100"),
    ("rule.*.port", "within", "[22, 80]"),
    ("tags.Env", "equals", "prod"),
    ("tags.Owner", "exists", "''"),
    ("tags.Owner", "not_exists", "''"),
    ("tags", "contains", "Env"),
    ("$.rule[*].port", "jsonpath_equals", "22"),
    ("rule[*].port", "jsonpath_not_equals", "443"),
    ("$.tags.Env", "jsonpath_equals", "prod"),
    ("$.tags.Env", "jsonpath_exists", "''"),
    ("policy.Statement[?(@.Effect == Allow)].Action[*]", "jsonpath_not_contains", "'s3:*'"),
    ("$.rule[0].port", "jsonpath_less_than", "23"),
];

const CONNECTED: &str = r#"
resource "aws_b" "held" { name = "held" }
resource "aws_b" "free" { name = "free" }
resource "aws_b" "twice" { name = "twice" }
resource "aws_p" "held" {
  b     = aws_b.held.id
  block = true
}
resource "aws_p" "bad" {
  b     = aws_b.twice.id
  block = false
}
resource "aws_q" "twice" { b = aws_b.twice.id }
resource "aws_p" "alone" { block = true }
data "aws_d" "one" { name = "x" }
"#;

const CONNECTIONS: [&str; 12] = [
    "cond_type: connection\n  operator: exists\n  resource_types: [aws_b]\n  connected_resource_types: [aws_p]",
    "cond_type: connection\n  operator: not_exists\n  resource_types: [aws_b]\n  connected_resource_types: [aws_p]",
    "cond_type: connection\n  operator: one_exists\n  resource_types: [aws_b]\n  connected_resource_types: [aws_p, aws_q]",
    "cond_type: connection\n  operator: exists\n  resource_types: [aws_b]\n  connected_resource_types: [aws_none]",
    "and:\n    - cond_type: filter\n      attribute: resource_type\n      operator: within\n      value: [aws_b]\n    - cond_type: connection\n      operator: exists\n      resource_types: [aws_b]\n      connected_resource_types: [aws_p]",
    "and:\n    - cond_type: filter\n      attribute: resource_type\n      operator: within\n      value: [aws_b]\n    - cond_type: connection\n      operator: exists\n      resource_types: [aws_b]\n      connected_resource_types: [aws_p]\n    - cond_type: attribute\n      attribute: block\n      operator: equals\n      value: true\n      resource_types: [aws_p]",
    "or:\n    - cond_type: connection\n      operator: exists\n      resource_types: [aws_b]\n      connected_resource_types: [aws_q]\n    - cond_type: attribute\n      attribute: name\n      operator: equals\n      value: free\n      resource_types: [aws_b]",
    "or:\n    - and:\n        - cond_type: connection\n          operator: exists\n          resource_types: [aws_b]\n          connected_resource_types: [aws_p]\n        - cond_type: attribute\n          attribute: block\n          operator: is_true\n          resource_types: [aws_p]\n    - cond_type: attribute\n      attribute: name\n      operator: equals\n      value: free\n      resource_types: [aws_b]",
    "and:\n    - cond_type: attribute\n      attribute: name\n      operator: exists\n      resource_types: [aws_b]\n    - not:\n        cond_type: attribute\n        attribute: name\n        operator: equals\n        value: free\n        resource_types: [aws_b]",
    "or:\n    - cond_type: attribute\n      attribute: name\n      operator: equals\n      value: held\n      resource_types: [aws_b]\n    - cond_type: attribute\n      attribute: block\n      operator: is_true\n      resource_types: [aws_p]",
    "cond_type: attribute\n  attribute: name\n  operator: equals\n  value: x\n  resource_types: [data.aws_d]",
    "and:\n    - cond_type: filter\n      attribute: resource_type\n      operator: within\n      value: [aws_b]\n    - cond_type: connection\n      operator: not_exists\n      resource_types: [aws_b]\n      connected_resource_types: [aws_q]",
];

fn policies() -> Vec<(String, String)> {
    let page = |id: &str, definition: &str| {
        let text =
            format!("metadata:\n  id: {id}\n  name: {id}\n  category: GENERAL_SECURITY\ndefinition:\n  {definition}\n");
        (id.to_owned(), text)
    };
    let condition = |types: &str, attribute: &str, operator: &str, value: &str| {
        format!(
            "cond_type: attribute\n  resource_types: [{types}]\n  attribute: '{attribute}'\n  operator: {operator}\n  value: {value}"
        )
    };
    let mut out = Vec::new();
    for operator in OPERATORS {
        for (at, value) in WANTED.iter().enumerate() {
            // `[]` is no regular expression: Checkov takes it for one that matches nothing, we report the policy.
            if operator.contains("regex") && *value == "[]" {
                continue;
            }
            out.push(page(&format!("V2_{operator}_{at}"), &condition("aws_v", "a", operator, value)));
            if at % 3 == 0 {
                let operator = format!("jsonpath_{operator}");
                out.push(page(&format!("V2_{operator}_{at}"), &condition("aws_v", "$.a", &operator, value)));
            }
        }
    }
    for (at, (attribute, operator, value)) in NESTED_CONDITIONS.iter().enumerate() {
        out.push(page(&format!("N2_{operator}_{at}"), &condition("aws_n", attribute, operator, value)));
    }
    for (at, definition) in CONNECTIONS.iter().enumerate() {
        out.push(page(&format!("C2_{at}"), definition));
    }
    out
}

fn code() -> String {
    let mut out = format!("{NESTED}{CONNECTED}");
    for (at, value) in VALUES.iter().enumerate() {
        out += &format!("resource \"aws_v\" \"v{at}\" {{\n  {value}\n}}\n");
    }
    out
}

type Verdicts = BTreeMap<(String, String), &'static str>;

fn ours(code: &str, policies: &[(String, String)]) -> Verdicts {
    let files: Vec<ControlFile> =
        policies.iter().map(|(id, text)| ControlFile { path: format!("{id}.yaml"), text: text.clone() }).collect();
    let (engine, _) = Engine::load(&files);
    let file = SourceFile { path: "main.tf".to_owned(), bytes: code.as_bytes().to_vec() };
    let reading = read(&[file], &Options::default());
    assert_eq!(reading.diagnostics, []);
    let judgements = engine.judge(&reading).into_iter();
    judgements
        .filter_map(|j| {
            let verdict = match j.verdict {
                Verdict::Pass => "pass",
                Verdict::Fail => "fail",
                _ => return None,
            };
            let resource = j.resource.strip_prefix("data.").unwrap_or(&j.resource);
            Some(((j.control.to_string(), resource.to_owned()), verdict))
        })
        .collect()
}

fn theirs(program: &Path, code: &str, policies: &[(String, String)]) -> Verdicts {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("checkov-peer-{}", std::process::id()));
    let (code_at, policies_at) = (folder.join("code"), folder.join("policies"));
    std::fs::create_dir_all(&code_at).unwrap();
    std::fs::create_dir_all(&policies_at).unwrap();
    std::fs::write(code_at.join("main.tf"), code).unwrap();
    for (id, text) in policies {
        std::fs::write(policies_at.join(format!("{id}.yaml")), text).unwrap();
    }
    let output = Command::new(program)
        .args(["-o", "json", "--compact", "--framework", "terraform", "-d"])
        .arg(&code_at)
        .arg("--external-checks-dir")
        .arg(&policies_at)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let mut out = Verdicts::new();
    for (key, verdict) in [("passed_checks", "pass"), ("failed_checks", "fail")] {
        for check in report["results"][key].as_array().unwrap() {
            let text = |key: &str| check[key].as_str().unwrap().to_owned();
            if policies.iter().any(|(id, _)| *id == text("check_id")) {
                let old = out.insert((text("check_id"), text("resource")), verdict);
                // Of two answers on one resource the worse counts.
                if old == Some("fail") {
                    out.insert((text("check_id"), text("resource")), "fail");
                }
            }
        }
    }
    out
}

fn checkov() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let kept = root.join("target/checkov-venv/bin/checkov");
    kept.exists().then_some(kept)
}

#[test]
fn every_operator_answers_as_checkov_does() {
    let Some(program) = checkov() else {
        eprintln!("LEFT OUT: target/checkov-venv/bin/checkov is not there, so nothing was compared with Checkov");
        return;
    };
    let (code, policies) = (code(), policies());
    let (ours, theirs) = (ours(&code, &policies), theirs(&program, &code, &policies));
    let mut wrong = Vec::new();
    let mut agreed = 0;
    for (key, verdict) in &theirs {
        match ours.get(key) {
            Some(own) if own == verdict => agreed += 1,
            own => wrong.push(format!("{key:?}: Checkov {verdict}, ours {own:?}")),
        }
    }
    let more = ours.iter().filter(|(key, _)| !theirs.contains_key(key));
    let more: Vec<String> = more.map(|(key, verdict)| format!("{key:?}: Checkov none, ours {verdict}")).collect();
    println!("{agreed} verdicts of {} agree; {} are ours alone", theirs.len(), more.len());
    more.iter().for_each(|line| println!("{line}"));
    assert!(theirs.len() > 10_000, "Checkov gave {} verdicts only", theirs.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
