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
