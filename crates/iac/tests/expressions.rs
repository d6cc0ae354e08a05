//! Every operator, template form and built-in function against what Terraform itself answers.

use mainstay_iac::SourceFile;
use mainstay_iac::terraform::{Options, read_terraform};

/// Each line: an expression, a tab, and what Terraform gives for `jsonencode(expression)`.
const EXPRESSIONS: &str = include_str!("fixtures/expressions.tsv");

#[test]
fn expressions_have_the_values_that_terraform_gives_them() {
    let cases: Vec<(&str, &str)> =
        EXPRESSIONS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')).collect();
    assert!(cases.len() > 300, "{}", cases.len());
    let mut text = String::from("locals {\n  tpl = \"$${x}%%{ for i in l } $${i}%%{ endfor }\"\n}\n");
    for (nth, (expression, _)) in cases.iter().enumerate() {
        text.push_str(&format!("resource \"r\" \"r{nth}\" {{\n  value = jsonencode({expression})\n}}\n"));
    }
    let files = [SourceFile { path: "main.tf".to_owned(), bytes: text.into_bytes() }];
    let reading = read_terraform(&files, &Options::default());
    let mut wrong = Vec::new();
    for (nth, (expression, expected)) in cases.iter().enumerate() {
        let address = format!("r.r{nth}");
        let resource = reading.resources.iter().find(|r| r.address == address);
        let given = resource.and_then(|r| r.attribute("value")).map(|node| match node.to_json() {
            serde_json::Value::String(text) => text,
            _ => format!("{:?}", node.value),
        });
        if given.as_deref() != Some(*expected) {
            wrong.push(format!("{expression}\n  expected {expected}\n  given    {}", given.unwrap_or_default()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}\n{:?}",
        wrong.len(),
        cases.len(),
        wrong.join("\n"),
        reading.diagnostics.iter().take(5).map(ToString::to_string).collect::<Vec<_>>()
    );
}

/// The attribute `value` of the only resource.
fn value(files: &[(&str, &str)]) -> serde_json::Value {
    let files: Vec<SourceFile> = files
        .iter()
        .map(|(path, text)| SourceFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() })
        .collect();
    let reading = read_terraform(&files, &Options::default());
    reading.resources[0].attribute("value").map_or(serde_json::Value::Null, mainstay_iac::Node::to_json)
}

#[test]
fn any_within_a_list_or_map_stands_for_one_type() {
    // Terraform 1.11.4 plans just these values.
    let text = r#"
variable "l" {
  type    = list(any)
  default = [1, "a", true]
}
variable "m" {
  type    = map(any)
  default = { a = 1, b = "x" }
}
variable "o" {
  type    = object({ a = any })
  default = { a = [1, "x"] }
}
resource "r" "r" { value = [var.l, var.m, var.o] }
"#;
    let expected = serde_json::json!([["1", "a", "true"], {"a": "1", "b": "x"}, {"a": [1, "x"]}]);
    assert_eq!(value(&[("main.tf", text)]), expected);
}

#[test]
fn files_of_a_folder_are_found_by_their_pattern_and_what_is_not_there_is_unknown() {
    let text = r#"resource "r" "r" {
  value = {
    one  = fileset("${path.module}/p", "*.json")
    all  = fileset(path.module, "**/*.{json,yaml}")
    one2 = fileset("p", "?.json")
    none = fileset("p", "*.csv")
  }
}"#;
    let found =
        value(&[("main.tf", text), ("p/a.json", "{}"), ("p/bb.json", "{}"), ("p/q/c.yaml", ""), ("p/d.txt", "")]);
    let expected = serde_json::json!({
        "one": ["a.json", "bb.json"],
        "all": ["p/a.json", "p/bb.json", "p/q/c.yaml"],
        "one2": ["a.json"],
        "none": null,
    });
    assert_eq!(found, expected);
}
