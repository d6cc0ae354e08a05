//! `mainstay plan review` as a pipeline uses it: with and without a ledger.

#![expect(clippy::disallowed_methods, reason = "a test starts the program and looks at its folder")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-plan-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.current_dir(&self.0).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        child.wait_with_output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn plan(force_destroy: bool) -> String {
    let before = json!({"bucket": "logs", "force_destroy": force_destroy, "tags": {"service": "logs"}});
    let change = json!({"address": "aws_s3_bucket.logs", "mode": "managed", "type": "aws_s3_bucket", "name": "logs",
        "change": {"actions": ["delete"], "before": before, "after": null, "after_unknown": {}},
        "action_reason": "delete_because_no_resource_config"});
    json!({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [change]}).to_string()
}

#[test]
fn the_exit_status_says_what_the_gate_decided() {
    let folder = Folder::new("gate");
    let stopped = folder.run(&["plan", "review", "-"], &plan(true));
    let text = String::from_utf8_lossy(&stopped.stdout);
    assert_eq!(stopped.status.code(), Some(1), "{text}");
    assert!(text.contains("lost: every object and version in the bucket"), "{text}");
    assert!(text.contains("its block is no longer in the configuration"), "{text}");
    let through = folder.run(&["plan", "review", "-"], &plan(false));
    assert_eq!(through.status.code(), Some(0), "{}", String::from_utf8_lossy(&through.stdout));
    let allowed = folder.run(&["plan", "review", "-", "--allow", "data-loss", "--max-risk", "90"], &plan(true));
    assert_eq!(allowed.status.code(), Some(0), "{}", String::from_utf8_lossy(&allowed.stdout));
    assert!(!folder.0.join(".mainstay").exists(), "a review without a ledger makes none");
}

#[test]
fn what_cannot_be_read_or_asked_is_told_with_its_place() {
    let folder = Folder::new("wrong");
    for (arguments, input, said) in [
        (&["plan", "review", "-"][..], "{\n  \"format_version\": \n}", "3:1"),
        (&["plan", "review", "absent.json"], "", "absent.json"),
        (&["plan", "review", "-", "--allow", "everything"], "{}", "data-loss or renamed"),
        (&["plan", "review", "-", "--severity", "bad"], "{}", "critical, high"),
        (&["plan", "review", "-", "--format", "csv"], &plan(false), "table, json and markdown"),
    ] {
        let output = folder.run(arguments, input);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}

#[test]
fn with_a_ledger_the_review_is_kept_and_a_second_one_counts_as_one_plan() {
    let folder = Folder::new("kept");
    assert!(folder.run(&["ledger", "checkpoint"], "").status.success());
    for _ in 0..2 {
        let output = folder.run(&["plan", "review", "-", "--format", "json"], &plan(true));
        let review: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(review["steps"][0]["service"], "service:logs");
        assert_eq!(review["services"][0]["service"], "service:logs");
    }
    let output = folder.run(&["plan", "list", "--format", "json"], "");
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list["total"], 1, "{list}");
    assert_eq!((&list["items"][0]["gate"], &list["items"][0]["plan"]), (&json!("stopped"), &json!("-")));
    let shown = folder.run(&["plan", "show", list["items"][0]["id"].as_str().unwrap(), "--format", "json"], "");
    assert!(String::from_utf8_lossy(&shown.stdout).contains("data-loss"));
}
