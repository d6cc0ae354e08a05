//! `mainstay slo` as it is called; what it writes is checked by Prometheus' own tool.

#![expect(clippy::disallowed_methods, reason = "a test starts programs and writes their input")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use std::path::PathBuf;
use std::process::{Command, Output};

const SHOP: &str = "\
version: prometheus/v1
service: shop
slos:
  - name: checkout
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_requests_total{job=\"shop\", code=~\"5..\"}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job=\"shop\"}[{{.window}}]))
    alerting:
      name: CheckoutBurns
";

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("mainstay-slo-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mainstay")).arg("slo").args(arguments).output().unwrap()
}

#[test]
fn rules_are_accepted_by_prometheus_and_weigh_the_period_by_its_events() {
    let input = file("shop.yaml", SHOP);
    for like in ["mainstay", "sloth"] {
        let output = run(&["rules", &input.to_string_lossy(), "--like", like]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.contains("sum_over_time(slo:sli_total:events5m"), like == "mainstay", "{text}");
        // One bad event of 69 is more than 14.4 times 0.1 %, of 70 it is not.
        assert_eq!(text.contains("* 3600 > 69)"), like == "mainstay", "{text}");
        assert_eq!(text.contains("Needs more than 69 events in 1h or 166 in 6h"), like == "mainstay", "{text}");
        let rules = file(&format!("{like}.rules.yaml"), &text);
        let Ok(checked) = Command::new("promtool").args(["check", "rules"]).arg(&rules).output() else {
            eprintln!("SKIPPED: there is no promtool, so the rules are not checked by Prometheus' own tool");
            continue;
        };
        assert!(
            checked.status.success(),
            "{}{}",
            String::from_utf8_lossy(&checked.stdout),
            String::from_utf8_lossy(&checked.stderr)
        );
        std::fs::remove_file(rules).unwrap();
    }
    std::fs::remove_file(input).unwrap();
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_costs_itself_only() {
    let two = format!(
        "{SHOP}  - name: search\n    objective: 101\n    sli:\n      raw:\n        error_ratio_query: up[{{{{.window}}}}]\n    alerting:\n      name: SearchBurns\n"
    );
    let input = file("two.yaml", &two);
    let output = run(&["check", &input.to_string_lossy(), "--format", "csv"]);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("two.yaml:12:5: error: the objective of search is 101 %"), "{err}");
    assert!(err.contains("mend: "), "{err}");
    assert!(out.contains("checkout") && !out.contains("search"), "{out}");
    std::fs::remove_file(input).unwrap();
    assert_eq!(run(&["check", "missing.yaml"]).status.code(), Some(2));
    assert_eq!(run(&["check", "missing.yaml", "--period", "soon"]).status.code(), Some(2));
}

/// Ten hours of requests from 2026-11-01 on, a sample a minute; from three to half past three all of them fail.
fn history() -> String {
    const START: u64 = 1_793_491_200;
    let mut lines = [const { String::new() }; 2];
    let (mut good, mut bad) = (0_u64, 0_u64);
    for minute in 0..=600_u64 {
        for (line, code, count) in [(0, "200", good), (1, "500", bad)] {
            use std::fmt::Write as _;
            writeln!(
                lines[line],
                "http_requests_total{{job=\"shop\",code=\"{code}\"}} {count} {}.000",
                START + minute * 60
            )
            .unwrap();
        }
        let fails = (180..210).contains(&minute);
        if fails { bad += 6_000 } else { good += 6_000 }
    }
    format!("# TYPE http_requests counter\n{}{}# EOF\n", lines[0], lines[1])
}

const OUTAGE: &str = "id,from,until,service\noutage,2026-11-01T03:00:00Z,2026-11-01T03:30:00Z,shop\n";
const SPAN: [&str; 4] = ["--from", "2026-11-01T00:10:00Z", "--until", "2026-11-01T10:00:00Z"];

fn row<'a>(answer: &'a serde_json::Value, approach: &str, severity: &str) -> &'a serde_json::Value {
    let rows = answer["outcomes"].as_array().unwrap();
    rows.iter().find(|row| row["approach"] == approach && row["severity"] == severity).unwrap()
}

#[test]
fn a_backtest_says_when_each_alert_would_have_fired_from_a_file_and_from_a_prometheus_alike() {
    let (spec, text, outage) = (file("bt.yaml", SHOP), file("bt.txt", &history()), file("bt.csv", OUTAGE));
    let (spec, text, outage) = (spec.to_string_lossy(), text.to_string_lossy(), outage.to_string_lossy());
    let common = [&["backtest", &spec, "--incidents", &outage, "--format", "json"][..], &SPAN].concat();
    let output = run(&[&common[..], &["--history", &text]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for approach in ["mainstay", "sloth"] {
        let page = row(&answer, approach, "page");
        assert_eq!(
            (&page["fired"], &page["precision"], &page["found"], &page["missed"]),
            (&1.into(), &1.0.into(), &1.into(), &0.into())
        );
        // A minute of nothing but errors is more than 14.4 times 0.1 % of an hour.
        assert!(["1m", "2m"].contains(&page["detected_after"].as_str().unwrap()), "{page}");
    }
    assert!(["10m", "11m", "12m"].contains(&row(&answer, "threshold", "page")["detected_after"].as_str().unwrap()));
    let table = String::from_utf8(run(&[&["backtest", &spec, "--history", &text][..], &SPAN].concat()).stdout).unwrap();
    assert!(table.contains("DETECTED AFTER") && table.contains("shop-checkout"), "{table}");
    let Some(prometheus) = Prometheus::start("backtest", &text) else {
        eprintln!("SKIPPED: prometheus or promtool is not installed, so that history is read from a file only");
        return;
    };
    let fetched = run(&[&common[..], &["--prometheus", &prometheus.url]].concat());
    assert_eq!(fetched.status.code(), Some(0), "{}", String::from_utf8_lossy(&fetched.stderr));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&fetched.stdout).unwrap(), answer);
}

#[test]
fn a_history_that_cannot_answer_is_told_with_its_place() {
    let (spec, text) = (file("bad.yaml", SHOP), file("bad.txt", &history()));
    let (spec, text) = (spec.to_string_lossy(), text.to_string_lossy());
    let said = |arguments: &[&str]| {
        let output = run(&[&["backtest", &spec][..], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let short = said(&["--history", &text]);
    assert!(short.contains("shorter than the longest window") && short.contains("3d"), "{short}");
    let late = said(&["--history", &text, "--from", "2026-11-02"]);
    assert!(late.contains("behind the last evaluation at 2026-11-01T10:00:00Z"), "{late}");
    let broken = file("broken.txt", "up 1 1793491200.000\nup one 1793491260.000\n# EOF\n");
    let broken = said(&["--history", &broken.to_string_lossy()]);
    assert!(broken.contains("broken.txt:2:") && broken.contains("\"one\" is no number"), "{broken}");
    let incidents = file("broken.csv", "id,from,until\na,yesterday,2026-11-01\n");
    let incidents = said(&["--history", &text, "--incidents", &incidents.to_string_lossy()]);
    assert!(incidents.contains("broken.csv:2:") && incidents.contains("yesterday"), "{incidents}");
    let unreachable = said(&[&["--prometheus", "http://127.0.0.1:9"][..], &SPAN].concat());
    assert!(unreachable.contains("127.0.0.1:9"), "{unreachable}");
}

/// An objective over a rolling window of hours, for the requests of [`history`].
fn hours(hours: u32) -> String {
    format!(
        "\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: checkout}}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{{duration: {hours}h, isRolling: true}}]
  indicator:
    metadata: {{name: requests}}
    spec:
      ratioMetric:
        counter: true
        bad: {{metricSource: {{type: Prometheus, spec: {{query: 'sum(rate(http_requests_total{{code=\"500\"}}[{{{{.window}}}}]))'}}}}}}
        total: {{metricSource: {{type: Prometheus, spec: {{query: 'sum(rate(http_requests_total[{{{{.window}}}}]))'}}}}}}
  objectives: [{{target: 0.999}}]
"
    )
}

const CATALOG: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop, labels: {tier: '1'}}
spec: {type: service, lifecycle: production, owner: group:default/commerce, system: retail}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: commerce}
spec: {type: team, children: []}
";

/// What is said at a moment, with the exit status.
fn status(spec: &str, source: &[&str], now: &str) -> (i32, serde_json::Value) {
    let output = run(&[&["status", spec, "--now", now, "--format", "json"], source].concat());
    let code = output.status.code().unwrap();
    let answer = serde_json::from_slice(&output.stdout);
    (code, answer.unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr))))
}

#[test]
fn a_status_has_the_figures_that_arithmetic_has_from_a_file_and_from_a_prometheus_alike() {
    let (six, three) = (hours_file(6), hours_file(3));
    let text = file("st.txt", &history()).to_string_lossy().into_owned();
    let data = std::env::temp_dir().join(format!("mainstay-slo-data-{}", std::process::id()));
    let data = data.to_string_lossy();
    let catalog = file("catalog-info.yaml", CATALOG);
    let collected = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["--data", &data, "collect", "backstage", &catalog.to_string_lossy()])
        .output()
        .unwrap();
    assert_eq!(collected.status.code(), Some(0), "{}", String::from_utf8_lossy(&collected.stderr));
    let recorded = ["--history", &text, "--data", &data];
    // From midnight to six: 6,000 requests a minute, of which those of half an hour fail; 2,160 may.
    let morning = "2026-11-01T06:00:00Z";
    let (code, answer) = status(&six, &recorded, morning);
    let row = &answer["statuses"][0];
    assert_eq!((code, &row["state"]), (1, &"exhausted".into()), "{row}");
    assert_eq!((&row["bad"], &row["total"]), (&180_000.0.into(), &2_160_000.0.into()));
    assert_eq!((&row["good"], &row["left_count"]), (&0.916_667.into(), &(-177_840.0).into()));
    assert_eq!((&row["burns"][0]["rate"], &row["burns"][1]["rate"]), (&0.0.into(), &83.3333.into()));
    assert_eq!((&row["owner"], &row["tier"]), (&"team:commerce".into(), &"1".into()));
    // Ten minutes into the outage, three hours: 60,000 of 1,080,000, and a sixth of the last hour.
    let (_, early) = status(&three, &recorded, "2026-11-01T03:10:00Z");
    let early = &early["statuses"][0];
    assert_eq!((&early["bad"], &early["total"]), (&60_000.0.into(), &1_080_000.0.into()));
    assert_eq!(&early["burns"][0]["rate"], &serde_json::json!(166.6667));
    // Four hours of which three are recorded are no verdict, though half an hour later there is one.
    let (code, unknown) = status(&hours_file(4), &recorded, "2026-11-01T03:00:00Z");
    assert_eq!(
        (code, &unknown["statuses"][0]["state"], &unknown["statuses"][0]["covered"]),
        (2, &"unknown".into(), &0.75.into())
    );
    assert_eq!(unknown["statuses"][0]["gaps"][0]["until"], "2026-11-01T00:00:00Z");
    let table = run(&[&["status", &six, "--now", morning, "--by", "owner"][..], &recorded].concat());
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("team:commerce") && table.contains("91.667 %"), "{table}");
    std::fs::remove_dir_all(&*data).unwrap();
    let Some(prometheus) = Prometheus::start("status", &text) else {
        eprintln!("SKIPPED: prometheus or promtool is not installed, so that history is read from a file only");
        return;
    };
    let running = ["--prometheus", &prometheus.url, "--data", "/nowhere"];
    let (code, mut fetched) = status(&six, &running, morning);
    assert_eq!(code, 1);
    for (name, value) in [("owner", "team:commerce"), ("tier", "1")] {
        fetched["statuses"][0][name] = value.into();
    }
    assert_eq!(fetched, answer, "owner and tier apart, the engine answers as the file does");
    let silent = status(&six, &["--prometheus", "http://127.0.0.1:9", "--data", "/nowhere"], morning);
    assert_eq!((silent.0, &silent.1["statuses"][0]["state"]), (2, &"unknown".into()));
    assert!(
        silent.1["statuses"][0]["notes"][0].as_str().unwrap().contains("http://127.0.0.1:9 cannot be reached"),
        "{}",
        silent.1
    );
}

const POLICY: &str = "\
version: mainstay/budget-policy/v1
name: usual
tiers: ['1']
steps:
  - {left_percent: 50, do: [note]}
  - {left_percent: 0, do: [note, finding, freeze], say: Only what mends reliability goes out.}
";

/// A folder with a catalog, an objective, and a policy, whose budgets are measured as a line of the configuration says.
struct Estate {
    folder: PathBuf,
    source: String,
}

impl Estate {
    fn new(source: String) -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-slo-estate-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("objectives")).unwrap();
        for (name, text) in
            [("catalog-info.yaml", CATALOG), ("objectives/shop.yaml", &hours(6)), ("objectives/policy.yaml", POLICY)]
        {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self { folder, source }
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .current_dir(&self.folder)
            .args(["--data", "data"])
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Collects an hour before a time, as an archive does.
    fn collect(&self, day: &str) {
        let text = format!(
            "as_of = \"{day}\"\n[[source]]\nconnector = \"objectives\"\npaths = [\"objectives\"]\n{}\n",
            self.source
        );
        std::fs::write(self.folder.join("mainstay.toml"), text).unwrap();
        self.run(&["collect"]);
    }

    /// The facts of a type, newest first.
    fn facts(&self, fact_type: &str) -> Vec<serde_json::Value> {
        let text = self.run(&["facts", "list", "--type", fact_type, "--format", "json"]);
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        let rows = answer.as_object().unwrap().values().find_map(|value| value.as_array()).unwrap();
        rows.iter().map(|row| row.get("fact").unwrap_or(row).clone()).collect()
    }
}

impl Drop for Estate {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

#[test]
fn a_spent_budget_is_a_finding_a_proposed_freeze_and_a_note_until_it_is_back() {
    let text = file("estate.txt", &history()).to_string_lossy().into_owned();
    let prometheus = Prometheus::start("estate", &text);
    let estate = Estate::new(match &prometheus {
        Some(prometheus) => format!("prometheus = \"{}\"", prometheus.url),
        None => format!("history = [\"{text}\"]"),
    });
    // Six hours until 06:00 hold the outage of half an hour: 180,000 of 2,160,000.
    estate.collect("2026-11-01T07:00:00Z");
    let measured = estate.facts("mainstay.budget.measured.v1");
    let said = &measured[0]["data"];
    assert_eq!((&said["state"], &said["left"]), (&"exhausted".into(), &serde_json::json!(-82.333_333)), "{said}");
    assert_eq!((&said["bad"], &said["total"]), (&180_000.0.into(), &2_160_000.0.into()));
    let notes = estate.facts("mainstay.note.written.v1");
    assert_eq!((notes.len(), &notes[0]["data"]["to"]), (2, &"team:commerce".into()), "{notes:?}");
    let freeze = &estate.facts("mainstay.freeze.proposed.v1")[0]["data"];
    assert_eq!(freeze["services"], serde_json::json!(["service:shop"]));
    let reason = freeze["reason"].as_str().unwrap();
    assert!(reason.contains("checkout of shop is spent: -8233.3 % of it are left. Only what mends"), "{reason}");
    let findings = || estate.run(&["finding", "list", "--where", "rule=watch.error-budget-spent", "--format", "csv"]);
    assert!(findings().contains("open") && findings().contains("high"), "{}", findings());
    // The same again says nothing new.
    let said = || estate.run(&["facts", "list", "--source", "mainstay:watch", "--limit", "1000", "--format", "csv"]);
    let before = said().lines().count();
    estate.collect("2026-11-01T07:00:00Z");
    assert_eq!(said().lines().count(), before);
    // Six hours until 09:30 begin when the outage ends.
    estate.collect("2026-11-01T10:31:00Z");
    let said = &estate.facts("mainstay.budget.measured.v1")[0]["data"];
    assert_eq!((&said["state"], &said["left"]), (&"kept".into(), &1.0.into()), "{said}");
    assert!(findings().contains("resolved"), "{}", findings());
    assert_eq!(estate.facts("mainstay.freeze.lifted.v1")[0]["data"]["reason"], "budget back");
    assert_eq!(estate.facts("mainstay.note.written.v1").len(), 2);
    // An objective that is no more is a promise withdrawn.
    std::fs::remove_file(estate.folder.join("objectives/shop.yaml")).unwrap();
    estate.collect("2026-11-01T10:40:00Z");
    assert_eq!(estate.facts("mainstay.promise.withdrawn.v1").len(), 1);
}

fn hours_file(length: u32) -> String {
    file(&format!("hours{length}.yaml"), &hours(length)).to_string_lossy().into_owned()
}

/// A Prometheus with a history.
struct Prometheus {
    folder: PathBuf,
    url: String,
    process: std::process::Child,
}

impl Prometheus {
    fn start(name: &str, history: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("mainstay-slo-prometheus-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (data, config) = (folder.join("data"), folder.join("prometheus.yml"));
        std::fs::write(&config, "global: {evaluation_interval: 1m}\n").unwrap();
        let made =
            Command::new("promtool").args(["tsdb", "create-blocks-from", "openmetrics", history]).arg(&data).output();
        if made.ok().is_none_or(|made| !made.status.success()) {
            std::fs::remove_dir_all(&folder).ok();
            return None;
        }
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .args(["--storage.tsdb.retention.time=100y".to_owned(), format!("--web.listen-address={address}")])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .ok()?;
        let peer = Self { folder, url: format!("http://{address}"), process };
        let is_up = (0..300).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            std::net::TcpStream::connect(address).is_ok()
        });
        assert!(is_up, "Prometheus did not start at {address}");
        // It listens before its history is open.
        std::thread::sleep(std::time::Duration::from_secs(1));
        Some(peer)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
