//! A Prometheus that posts its alerts to Mainstay, as it would to an Alertmanager.

#![expect(clippy::disallowed_methods, reason = "a test starts programs and looks at its folder")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

mod served;

use serde_json::json;
use served::{Running, Scratch, episodes, send, up};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// As long as a busy machine may need for what takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(90);

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn rules(expression: &str) -> String {
    format!(
        "groups:\n- name: shop\n  rules:\n  - alert: CheckoutSlow\n    expr: {expression}\n    labels: {{severity: page, service: checkout}}\n    \
         annotations: {{summary: slow, runbook_url: 'https://example.com/slow'}}\n"
    )
}

#[test]
fn an_alert_of_a_real_prometheus_is_one_episode_from_its_first_post_to_its_end() {
    if Command::new("prometheus").arg("--version").output().is_err() {
        eprintln!(
            "SKIPPED: prometheus is not installed, so that none posted its alerts; cargo xtask setup installs it"
        );
        return;
    }
    let scratch = Scratch::new("prometheus");
    let (mainstay, address) = up(&scratch.0);
    let (config, rule_file) = (scratch.0.join("prometheus.yml"), scratch.0.join("rules.yml"));
    let text = format!(
        "global: {{evaluation_interval: 1s}}\nrule_files: ['{}']\nalerting:\n  alertmanagers:\n  - static_configs: [{{targets: ['{address}']}}]\n",
        rule_file.display()
    );
    std::fs::write(&config, text).unwrap();
    std::fs::write(&rule_file, rules("vector(1) > 0")).unwrap();
    let listen = format!("127.0.0.1:{}", free_port());
    let prometheus = Command::new("prometheus")
        .args([
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", scratch.0.join("tsdb").display()),
            format!("--web.listen-address={listen}"),
            "--web.enable-lifecycle".to_owned(),
            // Posts again every second what fires.
            "--rules.alert.resend-delay=1s".to_owned(),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _prometheus = Running(prometheus);
    let firing = [("CheckoutSlow".to_owned(), "service:checkout".to_owned(), false)];
    wait_for("the alert arrives", || episodes(&address) == firing);
    // Repetitions change nothing, nor does a start in between that no longer knows them.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(episodes(&address), firing);
    drop(mainstay);
    let (_mainstay, address) = again(&scratch.0, &address);
    assert_eq!(episodes(&address), firing);
    std::fs::write(&rule_file, rules("vector(1) > 1")).unwrap();
    assert_eq!(send(&listen, "POST", "/-/reload", "").0, 200);
    wait_for("the alert ends", || {
        episodes(&address) == [("CheckoutSlow".to_owned(), "service:checkout".to_owned(), true)]
    });
    let (_, facts) = send(&address, "GET", "/v1/facts?source=prometheus", "");
    let count = |kind: &str| facts.matches(kind).count();
    assert_eq!((count("mainstay.alert.fired.v1"), count("mainstay.alert.resolved.v1")), (1, 1), "{facts}");
}

/// The server anew at the same address, where Prometheus looks for it.
fn again(folder: &Path, address: &str) -> (Running, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .arg("--data")
        .arg(folder.join("data"))
        .arg("up")
        .arg(folder.join("estate"))
        .args(["--listen", address])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Running(child), address.to_owned())
}

#[test]
fn what_is_posted_wrong_is_told_and_the_rest_counts() {
    let scratch = Scratch::new("wrong");
    let (_mainstay, address) = up(&scratch.0);
    let post = |body: &str| send(&address, "POST", "/api/v2/alerts", body);
    let good = json!({"labels": {"alertname": "DiskFull", "service": "shop", "empty": ""}, "startsAt": "2026-11-28T10:00:00.123456Z"});
    let body = json!([good, {"labels": {}}, {"labels": {"alertname": "X"}, "startsAt": "yesterday"}, {"labels": {"a-b": "x"}}]);
    let (status, said) = post(&body.to_string());
    assert_eq!(status, 400);
    for place in ["alert 2 of", "alert 3 of", "alert 4 of", "the rest counts"] {
        assert!(said.contains(place), "{place} in {said}");
    }
    assert_eq!(episodes(&address), [("DiskFull".to_owned(), "service:shop".to_owned(), false)]);
    assert_eq!(post(&json!([good]).to_string()).0, 200);
    for nonsense in ["", "{}", "[1", "<html>", "\u{0}"] {
        let (status, said) = post(nonsense);
        assert_eq!(status, 400, "{said}");
        assert!(said.contains("startsAt"), "names what is wanted: {said}");
    }
    let over = json!([{"labels": good["labels"], "startsAt": good["startsAt"], "endsAt": "2026-11-28T10:05:00Z"}]);
    assert_eq!(post(&over.to_string()).0, 200);
    assert_eq!(episodes(&address), [("DiskFull".to_owned(), "service:shop".to_owned(), true)]);
}
