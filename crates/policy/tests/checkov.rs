//! Checkov's policies: three values, what broken ones are told, and how reports show them.

use mainstay_iac::{SourceFile, read, terraform::Options};
use mainstay_model::{Severity, Verdict};
use mainstay_policy::report::{Report, sarif};
use mainstay_policy::{ControlFile, Engine, Wanted};

fn policy(definition: &str) -> ControlFile {
    let text = format!(
        "metadata:\n  id: TEAM_1\n  name: Buckets are encrypted\n  category: ENCRYPTION\n  severity: HIGH\ndefinition:\n{definition}\n"
    );
    ControlFile { path: "policies/team.yaml".to_owned(), text }
}

/// The verdict and reason on every resource, in order.
fn judged(definition: &str, code: &str) -> Vec<(String, Verdict, String)> {
    let (engine, wrong) = Engine::load(&[policy(definition)]);
    assert_eq!(wrong, []);
    let file = SourceFile { path: "main.tf".to_owned(), bytes: code.as_bytes().to_vec() };
    let judgements = engine.judge(&read(&[file], &Options::default()));
    judgements.into_iter().map(|j| (j.resource.to_string(), j.verdict, j.why)).collect()
}

fn verdict(definition: &str, code: &str) -> Verdict {
    let all = judged(definition, code);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].1
}

fn on_a(operator: &str, value: &str) -> String {
    format!("  cond_type: attribute\n  resource_types: [t_x]\n  attribute: a\n  operator: {operator}\n  value: {value}")
}

const UNKNOWN: &str = "variable \"v\" {}\nresource \"t_x\" \"x\" {\n  a = var.v\n}\n";
const PARTLY: &str = "variable \"v\" {}\nresource \"t_x\" \"x\" {\n  a = [\"k\", var.v]\n}\n";

#[test]
fn an_unknown_value_is_unknown_and_that_it_exists_is_known() {
    assert_eq!(verdict(&on_a("equals", "k"), UNKNOWN), Verdict::Unknown);
    assert_eq!(verdict(&on_a("not_equals", "k"), UNKNOWN), Verdict::Unknown);
    assert_eq!(verdict(&on_a("exists", "''"), UNKNOWN), Verdict::Pass);
    assert_eq!(verdict(&on_a("not_exists", "''"), UNKNOWN), Verdict::Fail);
}

#[test]
fn an_unknown_part_spreads_only_where_it_decides() {
    assert_eq!(verdict(&on_a("contains", "k"), PARTLY), Verdict::Pass);
    assert_eq!(verdict(&on_a("contains", "z"), PARTLY), Verdict::Unknown);
    assert_eq!(verdict(&on_a("not_contains", "k"), PARTLY), Verdict::Fail);
    assert_eq!(verdict(&on_a("length_equals", "2"), PARTLY), Verdict::Pass);
    assert_eq!(verdict(&on_a("is_empty", "''"), PARTLY), Verdict::Fail);
    assert_eq!(verdict(&on_a("subset", "[k, z]"), PARTLY), Verdict::Unknown);
    assert_eq!(verdict(&on_a("subset", "[z]"), PARTLY), Verdict::Fail);
}

#[test]
fn and_or_and_not_are_three_valued() {
    let unknown = "cond_type: attribute, resource_types: [t_x], attribute: a, operator: equals, value: k";
    let holds = "cond_type: attribute, resource_types: [t_x], attribute: a, operator: exists";
    let of = |word: &str, a: &str, b: &str| format!("  {word}:\n    - {{{a}}}\n    - {{{b}}}");
    assert_eq!(verdict(&of("and", unknown, holds), UNKNOWN), Verdict::Unknown);
    assert_eq!(verdict(&of("or", unknown, holds), UNKNOWN), Verdict::Pass);
    assert_eq!(verdict(&format!("  not: {{{unknown}}}"), UNKNOWN), Verdict::Unknown);
    assert_eq!(verdict(&format!("  not: {{{holds}}}"), UNKNOWN), Verdict::Fail);
    let absent = "cond_type: attribute, resource_types: [t_x], attribute: z, operator: exists";
    assert_eq!(verdict(&of("and", unknown, absent), UNKNOWN), Verdict::Fail);
}

#[test]
fn a_reason_names_attribute_operator_and_value() {
    let all = judged(&on_a("equals", "k"), "resource \"t_x\" \"x\" {\n  a = \"z\"\n}\n");
    assert_eq!(all, [("t_x.x".to_owned(), Verdict::Fail, "`a` equals \"k\": it is \"z\"".to_owned())]);
}

#[test]
fn a_secret_is_not_shown() {
    let definition = on_a("equals", "k").replace("attribute: a", "attribute: db_password");
    let all = judged(&definition, "resource \"t_x\" \"x\" {\n  db_password = \"hunter2\"\n}\n");
    assert!(!all[0].2.contains("hunter2"), "{}", all[0].2);
}

#[test]
fn all_resources_of_a_provider_and_taggable_ones_can_be_meant() {
    let code = "resource \"aws_s3_bucket\" \"b\" {}\nresource \"google_storage_bucket\" \"g\" {}\n\
                resource \"aws_iam_role_policy\" \"p\" {}\n";
    let scoped = |types: &str| {
        let text = policy(&format!(
            "  cond_type: attribute\n  resource_types: {types}\n  attribute: tags\n  operator: exists\nscope:\n  provider: aws"
        ));
        let (engine, wrong) = Engine::load(&[text]);
        assert_eq!(wrong, []);
        let file = SourceFile { path: "main.tf".to_owned(), bytes: code.as_bytes().to_vec() };
        let judgements = engine.judge(&read(&[file], &Options::default()));
        judgements.iter().map(|j| j.resource.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(scoped("all"), ["aws_s3_bucket.b", "aws_iam_role_policy.p"]);
    assert_eq!(scoped("taggable"), ["aws_s3_bucket.b"]);
}

#[test]
fn broken_policies_are_told_where_and_what() {
    let cases = [
        ("  cond_type: attribute\n  operator: equalz\n  attribute: a", "there is no operator `equalz`"),
        ("  cond_type: attribute\n  operator: equals", "the condition names no attribute"),
        ("  cond_type: magic", "there is no kind of condition `magic`"),
        ("  and: []", "there is no condition"),
        (
            "  cond_type: filter\n  operator: within\n  attribute: resource_type\n  value: [a]",
            "a filter alone judges nothing",
        ),
        (&on_a("regex_match", "'['"), "the regular expression cannot be read"),
        (&on_a("jsonpath_equals", "x").replace("attribute: a", "attribute: '$.a['"), "cannot be read"),
    ];
    for (definition, expected) in cases {
        let (engine, wrong) = Engine::load(&[policy(definition)]);
        assert_eq!(engine.controls().len(), 0, "{definition}");
        assert_eq!(wrong.len(), 1, "{definition}: {wrong:?}");
        assert!(wrong[0].summary.contains(expected), "{}", wrong[0].summary);
        assert!(wrong[0].place.line >= 6, "{:?}", wrong[0].place);
        assert!(!wrong[0].help.is_empty());
    }
}

#[test]
fn a_report_shows_a_policy_as_any_control() {
    let (engine, _) = Engine::load(&[policy(&on_a("equals", "k"))]);
    let code = "resource \"t_x\" \"x\" {\n  a = \"z\"\n}\n";
    let file = SourceFile { path: "main.tf".to_owned(), bytes: code.as_bytes().to_vec() };
    let judging = engine.judge_wanted(&read(&[file], &Options::default()), Wanted::All);
    assert_eq!(judging.judgements[0].severity, Severity::High);
    let report = Report { judging: &judging, diagnostics: &[], engine: &engine, version: "0" };
    let log: serde_json::Value = serde_json::from_str(&sarif(&report)).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "TEAM_1");
    assert_eq!(run["tool"]["driver"]["rules"][0]["shortDescription"]["text"], "Buckets are encrypted");
    assert_eq!(run["results"][0]["ruleId"], "TEAM_1");
    assert_eq!(run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "main.tf");
}
