//! What would change a verdict, on rules of each kind.

use mainstay_iac::{SourceFile, read, terraform::Options};
use mainstay_model::Verdict;
use mainstay_policy::{ControlFile, Engine};

/// The verdict of a rule on the first resource, and the changes that turn it round.
fn changes(rule: &str, code: &str) -> (Verdict, Vec<String>) {
    let text = format!(
        "---\nid: test.rule\ntitle: Rule\nseverity: low\ntypes: [t_a]\n---\n\n## Why\n\nSo.\n\n## Fix\n\nSo.\n\n\
         ```rule\n{rule}\n```\n\n## Examples\n\n```hcl pass\n```\n\n```hcl fail\n```\n\n```hcl unknown\n```\n"
    );
    let (engine, wrong) = Engine::load([&ControlFile { path: "c.md".to_owned(), text }]);
    assert_eq!(wrong, []);
    let file = SourceFile { path: "main.tf".to_owned(), bytes: code.as_bytes().to_vec() };
    let mut reading = read(&[file], &Options::default());
    let before: Vec<_> = reading.resources.iter().map(|resource| resource.body.clone()).collect();
    let explained = engine.explain(&mut reading, engine.controls()[0], 0).expect("a verdict");
    let after: Vec<_> = reading.resources.iter().map(|resource| resource.body.clone()).collect();
    assert_eq!(before, after, "the reading is as it was");
    (explained.judgement.verdict, explained.changes.into_iter().map(|change| change.text).collect())
}

fn of(attributes: &str) -> String {
    format!("resource \"t_a\" \"x\" {{\n{attributes}\n}}\n")
}

#[test]
fn the_smallest_change_comes_first_and_holds() {
    let rule = "require encrypted == true\nrequire days >= 7";
    let (verdict, found) = changes(rule, &of("encrypted = false\ndays = 3"));
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(found, ["set `encrypted` to true, and set `days` to 7"]);
    assert_eq!(changes(rule, &of("encrypted = true\ndays = 3")).1, ["set `days` to 7"]);
}

#[test]
fn one_of_several_ways_is_enough() {
    let (_, found) = changes("require a == 1 or b in [\"x\", \"y\"]", &of("a = 2"));
    assert_eq!(found, ["set `a` to 1", "set `b` to \"x\"", "set `b` to \"y\""]);
}

#[test]
fn items_of_lists_are_changed_one_by_one() {
    let rule = "require none i in ingress: i.port == 22 and i.open == true";
    let code = of("ingress {\n  port = 22\n  open = true\n}\ningress {\n  port = 80\n  open = true\n}");
    let (_, found) = changes(rule, &code);
    assert!(found.contains(&"set `ingress[0].open` to false".to_owned()), "{found:?}");
    assert!(found.iter().all(|text| !text.contains("ingress[1]")), "{found:?}");
}

#[test]
fn what_is_not_set_is_to_be_set_and_nested_blocks_are_made() {
    assert_eq!(changes("require has(kms_key)", &of("")).1, ["set `kms_key`"]);
    assert_eq!(changes("require versioning.enabled == true", &of("")).1, ["set `versioning.enabled` to true"]);
}

#[test]
fn a_pass_says_what_would_break_it_and_unknown_what_would_settle_it() {
    let (verdict, found) = changes("require public != true", &of("public = false"));
    assert_eq!((verdict, found), (Verdict::Pass, vec!["set `public` to true".to_owned()]));
    let unknown = format!("variable \"v\" {{}}\n{}", of("public = var.v"));
    let (verdict, found) = changes("require public == false", &unknown);
    assert_eq!((verdict, found), (Verdict::Unknown, vec!["set `public` to false".to_owned()]));
}
