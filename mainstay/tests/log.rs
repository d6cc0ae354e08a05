//! `mainstay log templates` as it is called.

#![expect(clippy::disallowed_methods, reason = "a test starts the program and writes its input")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str], input: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    program.args(["log", "templates"]).args(arguments);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!("no JSON ({e}): {}", String::from_utf8_lossy(&output.stderr));
    })
}

fn texts(answer: &Value) -> Vec<&str> {
    answer["templates"].as_array().unwrap().iter().map(|row| row["template"].as_str().unwrap()).collect()
}

const LINES: &str = "\
2026-11-28T09:00:00Z INFO shop.Cart: order 17 placed by customer 4
2026-11-28T09:00:01Z INFO shop.Cart: order 18 placed by customer 9
2026-11-28T09:00:02Z ERROR shop.Pay: card of customer 9 was refused
{\"level\": \"warn\", \"msg\": \"order 19 placed by customer 5\", \"logger\": \"shop.Cart\"}
";

#[test]
fn lines_of_text_and_of_json_share_templates() {
    let answer = json(&run(&["--format", "json"], LINES));
    assert_eq!(texts(&answer), ["order <*> placed by customer <*>", "card of customer <*> was refused"]);
    let first = &answer["templates"][0];
    assert_eq!(
        (first["lines"].as_u64(), first["level"].as_str()),
        (Some(3), Some("warning")),
        "the worst level counts"
    );
    assert_eq!((first["first_line"].as_u64(), first["last_line"].as_u64()), (Some(1), Some(4)));
    assert_eq!(answer["templates"][1]["component"], "shop.Pay");
    assert_eq!(answer["lines"], 4);
}

#[test]
fn only_what_is_new_beside_a_former_run_is_shown_and_found() {
    let known = std::env::temp_dir().join(format!("mainstay-log-known-{}.json", std::process::id()));
    std::fs::write(&known, run(&["--format", "json"], LINES).stdout).unwrap();
    let known = known.to_string_lossy();
    let same = run(&["--format", "json", "--known", &known], LINES);
    assert_eq!((texts(&json(&same)).len(), same.status.code()), (0, Some(0)));
    let later = format!("{LINES}2026-11-28T09:00:04Z ERROR shop.Pay: bank at 10.0.0.7 does not answer\n");
    let other = run(&["--format", "json", "--known", &known], &later);
    assert_eq!(texts(&json(&other)), ["bank at <*> does not answer"]);
    assert_eq!(other.status.code(), Some(1));
    std::fs::remove_file(&*known).unwrap();
}

#[test]
fn a_file_that_is_missing_does_not_hide_the_others() {
    let there = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = run(&["--format", "json", "missing.log", &there.to_string_lossy()], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing.log"));
    let answer = json(&output);
    assert_eq!(answer["unread_files"], 1);
    assert!(answer["lines"].as_u64().unwrap() > 10);
}

#[test]
fn each_line_can_be_asked_for_its_template() {
    let output = run(&["--lines", "--format", "csv"], LINES);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 5, "{text}");
    assert!(rows[1].ends_with("order <*> placed by customer <*>"), "{text}");
    assert_eq!(rows[1].split(',').nth(1), rows[4].split(',').nth(1), "{text}");
}
