//! Policies in Rego over manifests and Terraform, and policies that mean harm.

use mainstay_iac::{SourceFile, read, terraform::Options};
use mainstay_model::Verdict;
use mainstay_policy::{ControlFile, Engine};

fn file(path: &str, text: &str) -> ControlFile {
    ControlFile { path: path.to_owned(), text: text.to_owned() }
}

/// Control, resource, verdict and reason of every judgement.
fn judged(policies: &[ControlFile], path: &str, code: &str) -> Vec<(String, String, Verdict, String)> {
    let (engine, wrong) = Engine::load(policies);
    assert_eq!(wrong, []);
    let source = SourceFile { path: path.to_owned(), bytes: code.as_bytes().to_vec() };
    let judgements = engine.judge(&read(&[source], &Options::default()));
    judgements.into_iter().map(|j| (j.control.to_string(), j.resource.to_string(), j.verdict, j.why)).collect()
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostNetwork: true}\n";

#[test]
fn deny_and_warn_are_controls_with_their_packages() {
    let policy = "package main\n\ndeny contains msg if {\n  input.spec.hostNetwork\n  msg := sprintf(\"%s is on the host\", [input.metadata.name])\n}\n\n\
                  warn_name contains msg if {\n  input.metadata.name == data.bad\n  msg := \"bad name\"\n}\n";
    let policies = [file("p/main.rego", policy), file("p/data.yaml", "bad: other\n")];
    let expected =
        [("main.deny", Verdict::Fail, "web is on the host"), ("main.warn_name", Verdict::Pass, "nothing was found")];
    let found = judged(&policies, "pod.yaml", POD);
    let found: Vec<_> =
        found.iter().map(|(control, _, verdict, why)| (control.as_str(), *verdict, why.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_rule_without_a_message_is_named() {
    let policy = "package main\n\ndeny contains \"\" if input.spec.hostNetwork\n";
    let found = judged(&[file("p.rego", policy)], "pod.yaml", POD);
    assert_eq!(found[0].3, "the rule `main.deny` reports this, and gives no message");
}

#[test]
fn rego_of_before_opa_1_is_read() {
    let policy = "package kubernetes\n\nviolation[{\"msg\": msg}] {\n  input.spec.hostNetwork\n  msg = \"host\"\n}\n";
    let found = judged(&[file("p.rego", policy)], "pod.yaml", POD);
    assert_eq!((found[0].2, found[0].3.as_str()), (Verdict::Fail, "host"));
}

const BUCKETS: &str = "package main\n\ndeny contains msg if {\n  some name, bucket in input.resource.aws_s3_bucket\n  bucket.acl == \"public-read\"\n  \
                       msg := sprintf(\"aws_s3_bucket.%s is public\", [name])\n}\n";

#[test]
fn terraform_is_given_by_type_and_name_and_a_message_finds_its_resource() {
    let code = "resource \"aws_s3_bucket\" \"a\" {\n  acl = \"private\"\n}\nresource \"aws_s3_bucket\" \"b\" {\n  acl = \"public-read\"\n}\n";
    let found = judged(&[file("p.rego", BUCKETS)], "main.tf", code);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].1.as_str(), found[0].2), ("aws_s3_bucket.b", Verdict::Fail));
}

#[test]
fn what_is_unknown_does_not_pass() {
    let code = "variable \"acl\" {}\nresource \"aws_s3_bucket\" \"a\" {\n  acl = var.acl\n}\n";
    let found = judged(&[file("p.rego", BUCKETS)], "main.tf", code);
    assert_eq!(found[0].2, Verdict::Unknown);
}

#[test]
fn a_broken_policy_is_told_with_its_place() {
    let (engine, wrong) = Engine::load(&[file("p.rego", "package main\n\ndeny contains msg if {\n  msg := ]\n}\n")]);
    assert_eq!(engine.controls().len(), 0);
    assert_eq!((wrong[0].place.file.as_str(), wrong[0].place.line), ("p.rego", 4), "{wrong:?}");
}

#[test]
fn a_function_that_calls_itself_is_refused() {
    let policy = "package main\n\nf(x) := g(x + 1)\n\ng(x) := f(x + 1)\n\ndeny contains \"x\" if f(1) == 2\n";
    let (_, wrong) = Engine::load(&[file("p.rego", policy)]);
    assert!(wrong.iter().any(|w| w.summary.contains("calls itself") && w.place.line == 3), "{wrong:?}");
}

#[test]
fn policies_that_take_too_much_are_unknown() {
    let bodies = [
        "count(numbers.range(1, 1000000000000)) > 0",
        "object.subset([1], [])",
        "some a in numbers.range(1, 100000)\n  some b in numbers.range(1, 100000)\n  some c in numbers.range(1, 100000)\n  a + b + c == 0",
    ];
    for body in bodies {
        let policy = format!("package main\n\ndeny contains \"x\" if {{\n  {body}\n}}\n");
        let found = judged(&[file("p.rego", &policy)], "pod.yaml", POD);
        assert_ne!(found[0].3, "", "{body}");
    }
    let endless = format!("package main\n\ndeny contains \"x\" if {{\n  {}\n}}\n", bodies[2]);
    assert_eq!(judged(&[file("p.rego", &endless)], "pod.yaml", POD)[0].2, Verdict::Unknown);
}
