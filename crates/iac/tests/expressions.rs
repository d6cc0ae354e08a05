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
