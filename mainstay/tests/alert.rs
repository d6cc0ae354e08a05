//! `mainstay alert` as it is called: routes of a configuration, and a change over a small history.

#![expect(clippy::disallowed_methods, reason = "a test starts programs and writes their input")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("mainstay-alert-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mainstay")).current_dir(folder).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn routes_name_receiver_route_and_line() {
    let folder = folder("routes");
    let config = "route:\n  receiver: all\n  group_by: [alertname]\n  routes:\n    - matchers: [team=a]\n      receiver: a\n      continue: true\n    \
                  - {match_re: {team: a|b}, receiver: b, group_by: ['...']}\nreceivers: [{name: all}, {name: a}, {name: b}]\n";
    std::fs::write(folder.join("alertmanager.yml"), config).unwrap();
    let csv = |arguments: &[&str]| {
        let all = [&["alert", "routes", "--format", "csv"], arguments].concat();
        let output = run(&folder, &all);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let cut = |line: &str| line.rsplitn(10, ',').last().unwrap_or_default().to_owned();
        out(&output).lines().skip(1).map(cut).collect::<Vec<_>>()
    };
    let labels = ["alertname=X", "team=a"];
    assert_eq!(
        csv(&labels),
        [r#"a,"{team=""a""}",5,"{alertname=""X""}""#, r#"b,"{team=~""a|b""}",8,"{alertname=""X"", team=""a""}""#]
    );
    assert_eq!(csv(&["team=c"]), ["all,root,2,{}"]);
    assert_eq!(csv(&[]).len(), 3);

    std::fs::write(folder.join("bad.yml"), "route: {receiver: a, group_wait: 5}\nreceivers: [{name: a}]\n").unwrap();
    let output = run(&folder, &["alert", "routes", "--config", "bad.yml", "a=b"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("bad.yml:1:34: error: `group_wait`") && said.contains("mend: "), "{said}");
}

/// Facts of an episode of ten minutes that told the pager and led to an incident.
fn history() -> String {
    let fact = |kind: &str, at: &str, data: &str| {
        format!(
            "{{\"specversion\":\"1.0\",\"id\":\"{kind}\",\"source\":\"test\",\"subject\":\"alert:1\",\"time\":\"2026-10-05T{at}:00Z\",\
             \"type\":\"mainstay.alert.{kind}.v1\",\"data\":{data}}}\n"
        )
    };
    fact("fired", "10:00", "{\"rule\":\"Disk\",\"fingerprint\":\"f\",\"labels\":{\"alertname\":\"Disk\"}}")
        + &fact("notified", "10:00", "{\"receiver\":\"pager\"}")
        + &fact("acted-on", "10:05", "{\"evidence\":\"incident\",\"reference\":\"incident:1\"}")
        + &fact("resolved", "10:10", "{}")
}

#[test]
fn a_change_says_what_would_have_been_missed() {
    let folder = folder("replay");
    std::fs::write(folder.join("history.jsonl"), history()).unwrap();
    let change = |text: &str| std::fs::write(folder.join("change.yml"), text).unwrap();
    let replay = || run(&folder, &["--quiet", "alert", "replay", "--change", "change.yml", "--to", "2026-11-01"]);
    assert_eq!(run(&folder, &["--quiet", "ledger", "import", "history.jsonl"]).status.code(), Some(0));

    change("rules: [{alert: Disk, now: {for: 5m}, proposed: {for: 15m}}]\n");
    let output = replay();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(out(&output).starts_with("1 fewer pages of 1, 0 incidents found later, 1 missed\n"), "{}", out(&output));
    assert!(out(&output).contains("incident:1  missed"), "{}", out(&output));

    change("rules: [{alert: Disk, now: {for: 5m}, proposed: {for: 10m}}]\n");
    let output = replay();
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).starts_with("0 fewer pages of 1, 1 incidents found later, 0 missed\n"), "{}", out(&output));

    change("rules: [{alert: Disk, now: {for: 5m}, proposed: {for: 1m}}]\n");
    let output = replay();
    assert_eq!(output.status.code(), Some(2));
    assert!(out(&output).contains("unknown: Disk: what held for less"), "{}", out(&output));

    change("rules: [{alert: Disk, now: {for: 5}, proposed: {for: 10m}}]\n");
    let output = replay();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("change.yml:1:34: error: "), "{output:?}");
}
