//! `mainstay scan` as it is called: suppressions, baselines, comparison with a revision, forms of output.

#![expect(clippy::disallowed_methods, reason = "a test starts the program and looks at its folder")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

const OPEN: &str = "resource \"aws_s3_bucket\" \"open\" {\n  bucket = \"open\"\n  acl    = \"public-read\"\n}\n";
const CONTROL: &str = "aws.s3-bucket-public-acl";

/// A folder with files, which goes when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("mainstay-scan-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        let folder = Self(path);
        std::fs::create_dir_all(&folder.0).unwrap();
        files.iter().for_each(|(path, text)| folder.write(path, text));
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mainstay")).current_dir(&self.0).args(arguments).output().unwrap()
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.current_dir(&self.0).args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(arguments);
        let output = git.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["scan", "--format", "json"], arguments].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
            panic!("{arguments:?} gave no JSON ({e}): {}", String::from_utf8_lossy(&output.stderr));
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The verdicts of one control: resource and verdict.
fn of_control(report: &Value, control: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let verdicts = report["verdicts"].as_array().unwrap().iter().filter(|one| one["control"] == control);
    verdicts.map(|one| (text(&one["resource"]), text(&one["verdict"]))).collect()
}

fn codes(report: &Value) -> Vec<&str> {
    report["diagnostics"].as_array().unwrap().iter().filter_map(|d| d["code"].as_str()).collect()
}

fn said(resource: &str, verdict: &str) -> (String, String) {
    (resource.to_owned(), verdict.to_owned())
}

#[test]
fn only_what_a_change_introduced_is_shown() {
    let folder = Folder::new("diff", &[("infra/main.tf", OPEN)]);
    folder.git(&["init", "-q"]);
    folder.git(&["add", "."]);
    folder.git(&["commit", "-q", "-m", "one"]);
    // Lines move, the file gets another name, and one bucket is new.
    let moved = format!("# a comment\n\n{OPEN}{}", OPEN.replace("open", "fresh"));
    std::fs::remove_file(folder.0.join("infra/main.tf")).unwrap();
    folder.write("infra/storage.tf", &moved);
    for path in [".", "infra", "infra/storage.tf"] {
        let report = folder.json(&["--diff", "HEAD", path]);
        let found = of_control(&report, CONTROL);
        if path == "infra/storage.tf" {
            // The base has no such file, so all of it is new.
            assert_eq!(found.len(), 2, "{path}");
        } else {
            assert_eq!(found, [said("aws_s3_bucket.fresh", "fail")], "{path}");
            assert!(report["summary"]["before"].as_u64().unwrap() > 0);
        }
    }
    assert_eq!(folder.run(&["scan", "--diff", "HEAD", "."]).status.code(), Some(1));
    folder.write("infra/storage.tf", &format!("\n\n{OPEN}"));
    let same = folder.run(&["scan", "--diff", "HEAD", "."]);
    assert_ne!(same.status.code(), Some(1), "{}", String::from_utf8_lossy(&same.stdout));
    let kept = std::fs::read_to_string(folder.0.join("infra/storage.tf")).unwrap();
    assert_eq!(kept, format!("\n\n{OPEN}"), "the work tree is left alone");
    for (revision, words) in [("no-such-branch", "git knows no revision"), ("--all", "git knows no revision")] {
        let output = folder.run(&["scan", &format!("--diff={revision}"), "."]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(words));
    }
}

#[test]
fn without_a_repository_or_git_the_message_says_so() {
    let folder = Folder::new("no-git", &[("main.tf", OPEN)]);
    let output = folder.run(&["scan", "--diff", "HEAD", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no git repository"));
    let mut lonely = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    let output =
        lonely.current_dir(&folder.0).env("PATH", "/nowhere").args(["scan", "--diff", "HEAD"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("install git"));
}

#[test]
fn a_baseline_lets_old_findings_be_and_new_ones_fail() {
    let folder = Folder::new("baseline", &[("main.tf", OPEN)]);
    folder.run(&["scan", "--write-baseline", "base.json", "main.tf"]);
    folder.write("main.tf", &format!("\n{OPEN}{}", OPEN.replace("open", "fresh")));
    let report = folder.json(&["--baseline", "base.json", "main.tf"]);
    let found = of_control(&report, CONTROL);
    assert_eq!(found, [said("aws_s3_bucket.open", "waived"), said("aws_s3_bucket.fresh", "fail")]);
    let checkov = r#"{"failed_checks": [{"file": "/main.tf", "findings": [
        {"resource": "aws_s3_bucket.fresh", "check_ids": ["CKV_AWS_20"]}]}]}"#;
    folder.write(".checkov.baseline", checkov);
    let report = folder.json(&["--baseline", "base.json", "--baseline", ".checkov.baseline", "main.tf"]);
    assert!(of_control(&report, CONTROL).iter().all(|(_, verdict)| verdict == "waived"));
}

#[test]
fn waivers_count_until_their_day() {
    let waiver = |day: &str| {
        format!(
            "[[waiver]]\ncontrol = \"CKV_AWS_20\"\nresource = \"aws_s3_bucket.*\"\nreason = \"a site\"\n\
             approver = \"ada\"\nexpires = \"{day}\"\n"
        )
    };
    let folder = Folder::new("waivers", &[("main.tf", OPEN), ("new.toml", &waiver("2999-01-01"))]);
    folder.write("old.toml", &waiver("2001-01-01"));
    let report = folder.json(&["--waivers", "new.toml", "main.tf"]);
    assert_eq!(of_control(&report, CONTROL), [said("aws_s3_bucket.open", "waived")]);
    let waived = report["verdicts"].as_array().unwrap().iter().find(|one| one["verdict"] == "waived").unwrap();
    assert_eq!(waived["waiver"]["approver"], "ada");
    let report = folder.json(&["--waivers", "old.toml", "main.tf"]);
    assert_eq!(of_control(&report, CONTROL), [said("aws_s3_bucket.open", "fail")]);
    assert!(codes(&report).contains(&"suppress.expired"));
}

#[test]
fn a_named_file_that_is_no_code_is_not_passed_over_in_silence() {
    let folder = Folder::new("no-code", &[("notes.yaml", "a: 1\n"), ("main.tf", OPEN)]);
    let report = folder.json(&["notes.yaml", "main.tf"]);
    assert!(codes(&report).contains(&"scan.not-code"));
    assert_eq!(folder.run(&["scan", "notes.yaml"]).status.code(), Some(2));
    assert!(!codes(&folder.json(&["."])).contains(&"scan.not-code"), "of a folder only code is expected");
}

#[test]
fn two_roots_with_one_address_are_told_apart_in_every_form() {
    let folder = Folder::new("roots", &[("a/main.tf", OPEN), ("b/main.tf", OPEN)]);
    for format in ["table", "markdown", "sarif", "junit", "github", "gitlab"] {
        let output = folder.run(&["scan", "--format", format, "."]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("(root a)") && text.contains("(root b)"), "{format}: {text}");
    }
    let csv = String::from_utf8(folder.run(&["scan", "--format", "csv", "."]).stdout).unwrap();
    assert!(csv.contains("aws_s3_bucket.open,a,a/main.tf"), "{csv}");
}

#[test]
fn a_watch_scans_again_after_an_edit() {
    use std::io::{BufRead, BufReader};
    let folder = Folder::new("watch", &[("main.tf", OPEN)]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    command.current_dir(&folder.0).args(["scan", "--watch", "main.tf"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut count = || lines.by_ref().map(|line| line.unwrap()).find(|line| line.contains("resources,")).unwrap();
    assert!(count().contains("(1 resources"));
    folder.write("main.tf", &format!("{OPEN}{}", OPEN.replace("open", "fresh")));
    assert!(count().contains("(2 resources"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_verdict_is_explained_from_the_variable_to_the_change() {
    let code = "variable \"acl\" {\n  default = \"public-read\"\n}\nmodule \"m\" {\n  source = \"./m\"\n  acl    = var.acl\n}\n";
    let module = "variable \"acl\" {}\nresource \"aws_s3_bucket\" \"x\" {\n  acl = var.acl\n}\n";
    let folder = Folder::new("explain", &[("main.tf", code), ("m/main.tf", module)]);
    let output = folder.run(&["explain", "CKV_AWS_20", "module.m.aws_s3_bucket.x", "."]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [
        "`acl` is \"public-read\" at m/main.tf:3:9",
        "acl = var.acl is \"public-read\" (attribute in module.m, m/main.tf:3:9)",
        "var.acl = var.acl is \"public-read\" (argument, main.tf:6:3)",
        "var.acl is \"public-read\" (default, main.tf:2:3)",
        "remove `acl`: then it is pass",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let json = folder.run(&["explain", "--format", "json", CONTROL, "module.m.aws_s3_bucket.x", "."]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["origins"][0]["origin"]["from"][0]["kind"], "argument");
    assert_eq!(json["changes"][0]["verdict"], "pass");
    let unknown = folder.run(&["explain", CONTROL, "aws_s3_bucket.x", "."]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there are module.m.aws_s3_bucket.x"));
}

#[test]
fn values_of_variables_come_from_the_environment_and_from_files_as_terraform_takes_them() {
    let text =
        "variable \"acl\" {}\nresource \"aws_s3_bucket\" \"open\" {\n  bucket = \"open\"\n  acl    = var.acl\n}\n";
    let folder = Folder::new("environment", &[("main.tf", text), ("other/values.tfvars", "acl = \"private\"\n")]);
    let verdict = |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.current_dir(&folder.0).args(["scan", "--format", "json", "--verdicts", "all"]).args(arguments);
        let output = command.envs(environment.iter().copied()).output().unwrap();
        of_control(&serde_json::from_slice(&output.stdout).unwrap(), CONTROL)[0].1.clone()
    };
    assert_eq!(verdict(&[], &[]), "unknown");
    assert_eq!(verdict(&[("TF_VAR_acl", "public-read")], &[]), "fail");
    let file = ["--var-file", "other/values.tfvars"];
    assert_eq!(verdict(&[("TF_VAR_acl", "public-read")], &file), "pass");
}
