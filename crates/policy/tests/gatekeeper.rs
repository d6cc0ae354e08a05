//! Gatekeeper's own library of templates with its suites, and constraints over manifests.
#![expect(clippy::unwrap_used, reason = "helpers of a test stop at what is wrong")]
#![expect(clippy::disallowed_methods, reason = "a test reads real inputs from the disk")]

use mainstay_iac::{SourceFile, read, terraform::Options};
use mainstay_model::Verdict;
use mainstay_policy::{ControlFile, Engine, Suite};
use std::path::{Path, PathBuf};

fn suites(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            suites(&path, found);
        } else if path.file_name().is_some_and(|name| name == "suite.yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_assertion_of_the_library_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/policy/gatekeeper");
    if !root.is_dir() {
        println!("SKIPPED: {} is not here", root.display());
        return;
    }
    let mut found = Vec::new();
    suites(&root, &mut found);
    let (mut assertions, mut wrong) = (0, Vec::new());
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let folder = path.parent().unwrap();
        let shown = path.display().to_string();
        let report = Suite { path: &shown, text: &text }.run(&|name| std::fs::read_to_string(folder.join(name)).ok());
        assertions += report.assertions;
        wrong.extend(report.diagnostics.iter().map(ToString::to_string));
    }
    println!("{assertions} assertions, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(assertions, 299);
}

const TEMPLATE: &str = "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: needslabel
spec:
  crd:
    spec:
      names:
        kind: NeedsLabel
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package needslabel
        violation[{\"msg\": msg}] {
          not input.review.object.metadata.labels[input.parameters.label]
          msg := sprintf(\"%v has no label %v\", [input.review.object.metadata.name, input.parameters.label])
        }
";

fn constraint(matching: &str) -> String {
    format!(
        "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: NeedsLabel\nmetadata:\n  name: owner\nspec:\n  match: {matching}\n  \
         parameters:\n    label: owner\n"
    )
}

const MANIFESTS: &str = "apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {owner: a, tier: one}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: good, namespace: shop, labels: {owner: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: bad, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: other}
";

/// Name and verdict of every manifest that a constraint is for.
fn judged(matching: &str) -> Vec<(String, Verdict)> {
    let files = [
        ControlFile { path: "t.yaml".to_owned(), text: TEMPLATE.to_owned() },
        ControlFile { path: "c.yaml".to_owned(), text: constraint(matching) },
    ];
    let (engine, wrong) = Engine::load(&files);
    assert_eq!(wrong, []);
    let file = SourceFile { path: "m.yaml".to_owned(), bytes: MANIFESTS.as_bytes().to_vec() };
    let judgements = engine.judge(&read(&[file], &Options::default()));
    judgements.iter().map(|j| (j.name.to_string(), j.verdict)).collect()
}

fn names(matching: &str) -> Vec<String> {
    judged(matching).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_constraint_judges_what_it_matches() {
    let expected = [("good", Verdict::Pass), ("bad", Verdict::Fail)].map(|(name, verdict)| (name.to_owned(), verdict));
    assert_eq!(judged("{kinds: [{apiGroups: [''], kinds: [ConfigMap]}]}"), expected);
}

#[test]
fn all_ways_to_match_narrow() {
    assert_eq!(names("{}"), ["shop", "good", "bad", "web"]);
    assert_eq!(names("{kinds: [{apiGroups: ['*'], kinds: ['*']}]}"), ["shop", "good", "bad", "web"]);
    assert_eq!(names("{kinds: [{apiGroups: [apps], kinds: ['*']}]}"), ["web"]);
    assert_eq!(names("{namespaces: [oth*]}"), ["web"]);
    assert_eq!(names("{excludedNamespaces: ['*op']}"), ["web"]);
    assert_eq!(names("{scope: Cluster}"), ["shop"]);
    assert_eq!(names("{scope: Namespaced}"), ["good", "bad", "web"]);
    assert_eq!(names("{name: 'ba*'}"), ["bad"]);
    assert_eq!(names("{labelSelector: {matchLabels: {owner: a}}}"), ["shop", "good"]);
    assert_eq!(names("{labelSelector: {matchExpressions: [{key: owner, operator: DoesNotExist}]}}"), ["bad", "web"]);
    assert_eq!(
        names("{labelSelector: {matchExpressions: [{key: owner, operator: NotIn, values: [a]}]}}"),
        ["bad", "web"]
    );
    assert_eq!(names("{namespaceSelector: {matchLabels: {tier: one}}}"), ["shop", "good", "bad"]);
}

#[test]
fn broken_templates_and_constraints_without_one_are_told() {
    let file = |path: &str, text: String| ControlFile { path: path.to_owned(), text };
    let broken = TEMPLATE.replace("package needslabel", "package needslabel ]");
    let (_, wrong) = Engine::load(&[file("t.yaml", broken), file("c.yaml", constraint("{}"))]);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    // The bracket is the 20th character of a line that is moved by eight.
    let place = &wrong[0].place;
    assert_eq!((place.file.as_str(), place.line, place.column), ("t.yaml", 13, 28), "{wrong:?}");
    assert!(wrong[1].summary.contains("there is no template"), "{wrong:?}");
}

#[test]
fn rego_that_is_no_block_is_told_by_its_line() {
    let text = "apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {name: a}\n\
                spec: {crd: {spec: {names: {kind: A}}}, targets: [{rego: \"package a\\n\\nviolation[x] { ] }\"}]}\n";
    let (_, wrong) = Engine::load(&[ControlFile { path: "t.yaml".to_owned(), text: text.to_owned() }]);
    assert_eq!((wrong[0].place.line, wrong[0].place.column), (4, 58), "{wrong:?}");
    assert!(wrong[0].summary.starts_with("line 3 of the Rego: "), "{wrong:?}");
}

#[test]
fn a_violation_without_a_message_has_words() {
    let silent = TEMPLATE
        .replace("%v has no label %v", "")
        .replace(", [input.review.object.metadata.name, input.parameters.label]", ", []");
    let files = [("t.yaml", silent), ("c.yaml", constraint("{name: bad}"))];
    let files = files.map(|(path, text)| ControlFile { path: path.to_owned(), text });
    let (engine, wrong) = Engine::load(&files);
    assert_eq!(wrong, []);
    let file = SourceFile { path: "m.yaml".to_owned(), bytes: MANIFESTS.as_bytes().to_vec() };
    let judgements = engine.judge(&read(&[file], &Options::default()));
    assert_eq!(judgements[0].verdict, Verdict::Fail);
    assert_eq!(judgements[0].why, "the template of NeedsLabel reports this, and gives no message");
}
