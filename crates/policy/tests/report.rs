//! The reports, on one bucket that fails, one that passes and one that nobody can tell, with names that try to break out.

use mainstay_iac::{SourceFile, read, terraform::Options};
use mainstay_model::{Diagnostic, Place};
use mainstay_policy::report::{Report, github, gitlab, json, junit, markdown, sarif, table};
use mainstay_policy::{ControlFile, Engine, Wanted};
use serde_json::Value;

const CONTROL: &str = "---
id: test.bucket-private
title: Bucket is private
severity: high
key: true
types: [aws_s3_bucket]
frameworks: {nist-800-53: [AC-3]}
aliases: [CKV_AWS_20]
---

## Why

Because of <leaks> & \"fines\".

## Fix

Make it private.

```rule
acl == \"private\"
```

## Examples

```hcl pass
```

```hcl fail
```

```hcl unknown
```
";

const CODE: &str = "variable \"acl\" {}

resource \"aws_s3_bucket\" \"open\" {
  acl = \"<public>|& \\\"x\\\"\"
}

resource \"aws_s3_bucket\" \"closed\" {
  acl = \"private\"
}

resource \"aws_s3_bucket\" \"doubtful\" {
  acl = var.acl
}
";

fn with_report<T>(wanted: Wanted, render: impl FnOnce(&Report<'_>) -> T) -> T {
    let (engine, wrong) = Engine::load([&ControlFile { path: "c.md".to_owned(), text: CONTROL.to_owned() }]);
    assert_eq!(wrong, []);
    let file = SourceFile { path: "my infra/main.tf".to_owned(), bytes: CODE.as_bytes().to_vec() };
    let reading = read(&[file], &Options::default());
    let judging = engine.judge_wanted(&reading, wanted);
    let diagnostics = [Diagnostic::error("hcl.syntax", "a brace is missing", Place::at("b.tf", 3, 7), "close it")];
    render(&Report { judging: &judging, diagnostics: &diagnostics, engine: &engine, version: "1.2.3" })
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn json_holds_verdicts_diagnostics_and_summary() {
    let whole = parsed(&with_report(Wanted::All, json));
    let verdicts = whole["verdicts"].as_array().expect("a list");
    let said: Vec<_> = verdicts.iter().map(|one| (one["resource"].as_str(), one["verdict"].as_str())).collect();
    let expected = [
        (Some("aws_s3_bucket.open"), Some("fail")),
        (Some("aws_s3_bucket.closed"), Some("pass")),
        (Some("aws_s3_bucket.doubtful"), Some("unknown")),
    ];
    assert_eq!(said, expected);
    let first = &verdicts[0];
    assert_eq!(first["control"], "test.bucket-private");
    assert_eq!(first["aliases"][0], "CKV_AWS_20");
    assert_eq!(first["type"], "aws_s3_bucket");
    assert_eq!((first["name"].as_str(), first["file"].as_str()), (Some("open"), Some("my infra/main.tf")));
    assert_eq!((first["line"].as_u64(), first["line_end"].as_u64()), (Some(3), Some(5)));
    assert_eq!(first["why"], "`acl` is \"<public>|& \"x\"\" at my infra/main.tf:4:9");
    assert_eq!(whole["diagnostics"][0]["place"]["line"], 3);
    assert_eq!(whole["summary"]["fail"], 1);
    assert_eq!(whole["summary"]["pass"], 1);
    assert_eq!(whole["summary"]["unknown"], 1);
    assert_eq!(whole["summary"]["resources"], 3);
}

#[test]
fn findings_leave_passes_out_and_count_them() {
    let whole = parsed(&with_report(Wanted::Findings, json));
    assert_eq!(whole["verdicts"].as_array().map(Vec::len), Some(2));
    assert_eq!(whole["summary"]["pass"], 1);
}

#[test]
fn sarif_points_from_each_result_to_its_rule_and_place() {
    let log = parsed(&with_report(Wanted::All, sarif));
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "Mainstay");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for result in run["results"].as_array().expect("results") {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20infra/main.tf");
        assert!(place["region"]["startLine"].as_u64() <= place["region"]["endLine"].as_u64());
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        // SARIF demands the level none wherever the kind is not fail.
        assert_eq!(result["level"] == "none", result["kind"] != "fail");
    }
    let kinds: Vec<_> = run["results"].as_array().expect("results").iter().map(|one| one["kind"].as_str()).collect();
    assert_eq!(kinds, [Some("fail"), Some("pass"), Some("open")]);
    let note = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(note["locations"][0]["physicalLocation"]["region"]["startColumn"], 7);
}

#[test]
fn junit_counts_failures_and_errors_and_escapes_what_it_quotes() {
    let text = with_report(Wanted::All, junit);
    assert!(
        text.contains("<testsuites name=\"mainstay\" tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"0\">"),
        "{text}"
    );
    assert!(text.contains("&lt;public&gt;|&amp; &quot;x&quot;"), "{text}");
    assert!(!text.contains("<public>"));
    assert_eq!(text.matches("<testcase ").count(), 3);
}

#[test]
fn markdown_keeps_values_within_their_cells() {
    let text = with_report(Wanted::Findings, markdown);
    assert!(text.starts_with("**1 failed**, 1 unknown, 1 passed"), "{text}");
    let row = text.lines().find(|line| line.contains("aws_s3_bucket.open")).expect("a row");
    assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    assert!(!row.contains("<public>"));
    assert!(text.contains("| b.tf:3 | a brace is missing | close it |"), "{text}");
}

#[test]
fn the_table_shows_the_worst_first_and_colours_only_when_asked() {
    let text = with_report(Wanted::All, |report| table(report, false));
    let order: Vec<_> = ["aws_s3_bucket.open", "aws_s3_bucket.doubtful", "aws_s3_bucket.closed"]
        .iter()
        .map(|name| text.find(name).expect("shown"))
        .collect();
    assert!(order.is_sorted(), "{text}");
    assert!(!text.contains('\u{1b}'));
    assert!(text.ends_with("1 failed, 1 unknown, 1 passed, 0 waived (3 resources, 1 controls)\n"), "{text}");
    assert!(with_report(Wanted::All, |report| table(report, true)).contains("\u{1b}[31m"));
}

#[test]
fn one_broken_control_does_not_hide_the_others() {
    let good = ControlFile { path: "good.md".to_owned(), text: CONTROL.to_owned() };
    let broken = ControlFile { path: "broken.md".to_owned(), text: CONTROL.replace("acl == ", "acl = ") };
    let twin = ControlFile { path: "twin.md".to_owned(), text: CONTROL.to_owned() };
    let no_severity = ControlFile { path: "word.md".to_owned(), text: CONTROL.replace("high", "huge") };
    let empty = ControlFile { path: "empty.md".to_owned(), text: String::new() };
    let (engine, wrong) = Engine::load([&good, &broken, &twin, &no_severity, &empty]);
    assert_eq!(engine.controls().len(), 1);
    let about = |path: &str| wrong.iter().find(|one| one.place.file == path).expect("a diagnostic");
    assert_eq!((about("broken.md").place.line, about("broken.md").place.column), (20, 5));
    assert_eq!(about("twin.md").code, "control.duplicate-id");
    assert_eq!((about("word.md").place.line, about("word.md").summary.as_str()), (4, "`huge` is no severity"));
    assert!(wrong.iter().any(|one| one.place.file == "empty.md" && one.summary.contains("`id` is missing")));
}

#[test]
fn annotations_of_github_stay_on_their_line() {
    let text = with_report(Wanted::All, github);
    let failed = text.lines().find(|line| line.starts_with("::error file=my infra/main.tf")).expect("a failure");
    assert!(failed.contains(",line=3,endLine=5,title=Bucket is private (test.bucket-private)::aws_s3_bucket.open"));
    assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
    assert!(text.lines().any(|line| line.starts_with("::notice file=my infra/main.tf,line=11")), "unknown is a notice");
    assert!(text.contains("::error file=b.tf,line=3,col=7,title=hcl.syntax::a brace is missing; close it"));
    assert!(!text.contains("closed"), "what passes needs nobody's eyes");
}

#[test]
fn violations_of_gitlab_have_fingerprints_that_no_line_changes() {
    let list = parsed(&with_report(Wanted::All, gitlab));
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["severity"], "critical");
    assert_eq!(list[0]["location"]["path"], "my infra/main.tf");
    assert_eq!(list[0]["location"]["lines"]["begin"], 3);
    let fingerprints: Vec<_> = list.iter().map(|one| one["fingerprint"].as_str().expect("a text")).collect();
    assert!(fingerprints[0] != fingerprints[1] && fingerprints.iter().all(|one| one.len() == 32));
    assert_eq!(list, parsed(&with_report(Wanted::Findings, gitlab)).as_array().expect("a list"));
}

/// What SARIF 2.1.0 demands of the parts that we write (sections 3.13 to 3.58 of the standard): which properties there
/// are, which must be, and what they hold.
#[test]
fn sarif_has_what_its_standard_demands() {
    let log = parsed(&with_report(Wanted::All, sarif));
    fn keys(value: &Value, required: &[&str], optional: &[&str]) {
        let object = value.as_object().expect("an object");
        for name in required {
            assert!(object.contains_key(*name), "{name} is missing in {value}");
        }
        for name in object.keys() {
            assert!(required.contains(&name.as_str()) || optional.contains(&name.as_str()), "{name} in {value}");
        }
    }
    fn message(value: &Value) {
        keys(value, &["text"], &["markdown"]);
        assert!(value["text"].is_string());
    }
    fn location(value: &Value) {
        keys(value, &["physicalLocation"], &["logicalLocations", "message"]);
        let physical = &value["physicalLocation"];
        keys(physical, &["artifactLocation"], &["region"]);
        let uri = physical["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(uri.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b)), "{uri}");
        for number in physical["region"].as_object().into_iter().flat_map(|region| region.values()) {
            assert!(number.as_u64().is_some_and(|number| number > 0), "lines and columns count from 1");
        }
    }
    keys(&log, &["version", "runs"], &["$schema"]);
    let run = &log["runs"][0];
    keys(run, &["tool"], &["results", "columnKind", "invocations"]);
    assert!(["utf16CodeUnits", "unicodeCodePoints"].contains(&run["columnKind"].as_str().expect("a text")));
    keys(&run["tool"]["driver"], &["name"], &["version", "rules"]);
    for rule in run["tool"]["driver"]["rules"].as_array().expect("rules") {
        keys(rule, &["id"], &["shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"]);
        ["shortDescription", "fullDescription", "help"].iter().for_each(|name| message(&rule[name]));
        let tags = rule["properties"]["tags"].as_array().expect("tags");
        assert!((1..tags.len()).all(|at| !tags[at..].contains(&tags[at - 1])), "tags are distinct");
    }
    for result in run["results"].as_array().expect("results") {
        let optional = ["ruleId", "ruleIndex", "kind", "level", "locations", "partialFingerprints", "relatedLocations"];
        keys(result, &["message"], &[&optional[..], &["properties", "suppressions"]].concat());
        message(&result["message"]);
        assert!(
            ["pass", "open", "informational", "notApplicable", "review", "fail"]
                .contains(&result["kind"].as_str().expect("a kind"))
        );
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().expect("a level")));
        result["locations"].as_array().expect("locations").iter().for_each(location);
        result["relatedLocations"].as_array().expect("locations").iter().for_each(location);
        assert!(result["partialFingerprints"].as_object().expect("texts").values().all(Value::is_string));
    }
    for invocation in run["invocations"].as_array().expect("invocations") {
        keys(invocation, &["executionSuccessful"], &["toolExecutionNotifications"]);
        for note in invocation["toolExecutionNotifications"].as_array().expect("notes") {
            keys(note, &["message"], &["descriptor", "level", "locations"]);
            note["locations"].as_array().expect("locations").iter().for_each(location);
        }
    }
}

#[test]
fn hostile_names_break_out_of_no_form() {
    let hostile = "x`|<b>@all [a](http://e.example)\n::error::y%0A,z:]]>\u{1b}[31m";
    let (engine, _) = Engine::load([&ControlFile { path: "c.md".to_owned(), text: CONTROL.to_owned() }]);
    let code = "{\"apiVersion\": \"v1\", \"kind\": \"aws_s3_bucket\", \"metadata\": {\"name\": NAME}, \"acl\": NAME}";
    let code = code.replace("NAME", &Value::String(hostile.to_owned()).to_string());
    let reading = read(&[SourceFile { path: "a,b:c.json".to_owned(), bytes: code.into_bytes() }], &Options::default());
    let judging = engine.judge_wanted(&reading, Wanted::All);
    assert_eq!(judging.summary.fail, 1);
    let report = Report { judging: &judging, diagnostics: &[], engine: &engine, version: "1" };
    let annotations = github(&report);
    assert_eq!(annotations.lines().count(), 2, "{annotations}");
    assert!(annotations.starts_with("::error file=a%2Cb%3Ac.json,"), "{annotations}");
    let comment = markdown(&report);
    let row = comment.lines().find(|line| line.contains("a,b:c.json")).expect("a row");
    // Within a code span nothing is markup; the name's own backtick does not end it.
    let prose: String = row.split('`').step_by(2).collect();
    assert!(!prose.contains("<b>") && !prose.contains("@all") && !prose.contains("[a]("), "{prose}");
    assert!(row.starts_with("| `aws_s3_bucket.default.x'"), "{row}");
    let xml = junit(&report);
    assert!(!xml.contains("<b>") && !xml.contains('\u{1b}'), "{xml}");
    let eyes = table(&report, false);
    assert!(!eyes.contains('\u{1b}') && eyes.lines().count() < 8, "{eyes}");
    for text in [json(&report), sarif(&report), gitlab(&report)] {
        parsed(&text);
    }
}
