//! What has to be opened before it can be scanned: states that OpenTofu encrypted, and Helm charts.

#![expect(clippy::disallowed_methods, reason = "a test starts the program and looks at its folder")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const STATE: &str = include_str!("../../crates/iac/tests/fixtures/encrypted/sha512.tfstate");
const PLAN: &str = include_str!("../../crates/iac/tests/fixtures/encrypted/plan.out");
const PASSPHRASE: &str = "correct-horse-battery-staple";

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("mainstay-opened-{name}-{}", std::process::id()));
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

    /// Runs a scan with one more variable.
    fn scan(&self, variable: (&str, &str), arguments: &[&str]) -> (Output, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.current_dir(&self.0).env(variable.0, variable.1).args(["scan", "--format", "json"]).args(arguments);
        let output = command.output().unwrap();
        let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output, report)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn codes(report: &Value) -> Vec<&str> {
    report["diagnostics"].as_array().unwrap().iter().filter_map(|d| d["code"].as_str()).collect()
}

/// File, line and verdict of what a control says.
fn of_control(report: &Value, control: &str) -> Vec<(String, u64, String)> {
    let found = report["verdicts"].as_array().unwrap().iter().filter(|one| one["control"] == control);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    found.map(|one| (text(&one["file"]), one["line"].as_u64().unwrap(), text(&one["verdict"]))).collect()
}

#[test]
fn an_encrypted_state_is_judged_with_its_passphrase_by_reference() {
    let folder = Folder::new("state", &[("terraform.tfstate", STATE), ("pass", &format!("{PASSPHRASE}\n"))]);
    let env = ("STATE_KEY", PASSPHRASE);
    for reference in ["env:STATE_KEY", "file:pass", "cmd:cat pass"] {
        let (output, report) = folder.scan(env, &["--passphrase", reference, "."]);
        let found = of_control(&report, "aws.s3-bucket-public-acl");
        assert_eq!(found.len(), 1, "{reference}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(
            !codes(&report).iter().any(|code| code.starts_with("encrypted") || code.starts_with("state")),
            "{reference}"
        );
        let said = [output.stdout, output.stderr].concat();
        assert!(
            !String::from_utf8_lossy(&said).contains(PASSPHRASE) && !String::from_utf8_lossy(&said).contains("canary")
        );
    }
    let kept = std::fs::read_to_string(folder.0.join("terraform.tfstate")).unwrap();
    assert_eq!(kept, STATE, "the file is left alone");
}

#[test]
fn what_keeps_a_state_closed_is_said_once_and_without_the_passphrase() {
    let folder = Folder::new("closed", &[("terraform.tfstate", STATE), ("plan.out", PLAN)]);
    let wrong = ("STATE_KEY", "hunter2-is-not-it");
    let (output, report) = folder.scan(wrong, &["terraform.tfstate"]);
    assert_eq!((output.status.code(), codes(&report)), (Some(2), vec!["encrypted.passphrase"]));
    let (output, report) = folder.scan(wrong, &["--passphrase", "env:STATE_KEY", "terraform.tfstate"]);
    assert_eq!((output.status.code(), codes(&report)), (Some(2), vec!["encrypted.passphrase"]));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("hunter2"));
    let (_, report) = folder.scan(("STATE_KEY", PASSPHRASE), &["--passphrase", "env:STATE_KEY", "plan.out"]);
    assert!(codes(&report).contains(&"encrypted.plan"), "{report}");
    let (output, _) = folder.scan(wrong, &["--passphrase", "hunter2-is-not-it", "."]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("env:NAME") && !said.contains("hunter2"), "{said}");
    let (output, _) = folder.scan(wrong, &["--passphrase", "env:NO_SUCH_VARIABLE", "."]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("NO_SUCH_VARIABLE"));
}

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 0.1.0\n";
const TEMPLATE: &str = "{{- if .Values.deployed }}\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-web\nspec:\n  containers:\n    \
                        - name: web\n      image: {{ .Values.image }}\n      securityContext:\n        privileged: {{ .Values.privileged }}\n{{- end }}\n";

fn chart(name: &str) -> Folder {
    let values = "deployed: true\nimage: nginx\nprivileged: false\n";
    let files = [
        ("shop/Chart.yaml", CHART),
        ("shop/templates/pod.yaml", TEMPLATE),
        ("shop/values.yaml", values),
        ("shop/values-prod.yaml", "privileged: true\n"),
    ];
    Folder::new(name, &files)
}

/// `PATH` with a Helm: that of the folder which `cargo xtask test` names, where it must be, then the one that
/// `cargo xtask setup` left, then whatever is installed.
fn helm() -> Option<String> {
    let path = std::env::var("PATH").unwrap();
    if let Ok(folder) = std::env::var("MAINSTAY_TEST_HELM") {
        assert!(Path::new(&folder).join("helm").is_file(), "`cargo xtask setup` installs helm in {folder}");
        return Some(format!("{folder}:{path}"));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/helm");
    if folder.join("helm").is_file() {
        return Some(format!("{}:{path}", folder.display()));
    }
    std::env::split_paths(&path).any(|folder| folder.join("helm").is_file()).then_some(path)
}

/// A chart that Helm renders: with its own values, and with each file of values beside it.
#[test]
fn a_chart_is_rendered_and_its_templates_are_the_places() {
    let Some(path) = helm() else {
        eprintln!("SKIPPED: there is no helm, so no chart was rendered; cargo xtask setup installs it");
        return;
    };
    let folder = chart("chart");
    let path = ("PATH", path.as_str());
    let (output, report) = folder.scan(path, &["."]);
    let found = of_control(&report, "k8s.container-privileged");
    assert_eq!(
        found,
        [("shop/templates/pod.yaml".to_owned(), 2, "fail".to_owned())],
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let cause =
        report["verdicts"].as_array().unwrap().iter().find(|one| one["control"] == "k8s.container-privileged").unwrap();
    assert_eq!(cause["causes"][0]["line"], 11, "the line of the template that gave it: {cause}");
    assert!(!codes(&report).contains(&"helm.chart"));
    folder.write(
        "shop/Chart.yaml",
        &format!("{CHART}dependencies:\n  - name: db\n    version: 1.0.0\n    repository: https://charts.invalid\n"),
    );
    let (output, report) = folder.scan(path, &["."]);
    assert_eq!(output.status.code(), Some(2));
    let said = report["diagnostics"].to_string();
    assert!(
        said.contains("helm.dependencies") && said.contains("missing: db") && said.contains("helm dependency build"),
        "{said}"
    );
    folder.write("shop/Chart.yaml", CHART);
    folder.write("shop/templates/pod.yaml", &format!("{TEMPLATE}{{{{ if }}}}\n"));
    let (_, report) = folder.scan(path, &["."]);
    let place = report["diagnostics"].as_array().unwrap().iter().find(|d| d["code"] == "helm.template").unwrap();
    assert_eq!((&place["place"]["file"], &place["place"]["line"]), (&"shop/templates/pod.yaml".into(), &13.into()));
}

#[test]
fn without_helm_it_is_said_that_a_chart_is_not_judged() {
    let folder = chart("no-helm");
    let (_, report) = folder.scan(("PATH", "/nowhere"), &["."]);
    assert_eq!(codes(&report), ["helm.chart"]);
    assert!(report["diagnostics"].to_string().contains("not rendered"));
    assert!(of_control(&report, "k8s.container-privileged").is_empty());
}

/// A script in the place of Helm that fails.
#[cfg(unix)]
#[test]
fn what_helm_says_when_it_fails_is_passed_on() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = chart("stand-in");
    folder.write("bin/helm", "#!/bin/sh\necho 'Error: values do not meet the schema' >&2\nexit 1\n");
    std::fs::set_permissions(folder.0.join("bin/helm"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.0.join("bin").display());
    let (output, report) = folder.scan(("PATH", &path), &["shop"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(report["diagnostics"].to_string().contains("values do not meet the schema"));
}
