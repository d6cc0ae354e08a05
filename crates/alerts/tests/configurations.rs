//! What is accepted, what is refused and where; with Alertmanager's own tool beside it where it is installed.

#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use mainstay_alerts::{Labels, read};
use mainstay_outside::{self as door, Command, Outside};
use std::path::PathBuf;

const CASES: &str = include_str!("configurations/cases.txt");

struct Case<'a> {
    name: &'a str,
    text: &'a str,
    /// Line and column of the first mistake; none where there is no mistake.
    wrong_at: Option<&'a str>,
}

fn cases() -> Vec<Case<'static>> {
    CASES
        .split("#### ")
        .skip(1)
        .map(|part| {
            let (head, text) = part.split_once('\n').unwrap();
            let (verdict, rest) = head.split_once(' ').unwrap();
            match verdict {
                "good" => Case { name: rest, text, wrong_at: None },
                _ => {
                    let (place, name) = rest.split_once(' ').unwrap();
                    Case { name, text, wrong_at: Some(place) }
                }
            }
        })
        .collect()
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mainstay-alerts-{name}-{}", std::process::id()));
    door::files::make_folder(&folder).unwrap();
    folder
}

fn amtool(outside: &Outside, arguments: &[&str]) -> Option<door::Output> {
    outside.run(&Command::new("amtool").args(arguments.iter().copied())).ok()
}

#[test]
fn configurations_are_refused_at_their_mistake() {
    let mut wrong = Vec::new();
    for case in cases() {
        let reading = read(case.text, "alertmanager.yml");
        let first = reading.diagnostics.iter().find(|d| d.level == mainstay_model::Level::Error);
        let at = first.map(|d| format!("{}:{}", d.place.line, d.place.column));
        if at.as_deref() != case.wrong_at || reading.config.is_some() != case.wrong_at.is_none() {
            let said: Vec<String> = reading.diagnostics.iter().map(ToString::to_string).collect();
            wrong.push(format!("{}: {at:?} instead of {:?}\n  {}", case.name, case.wrong_at, said.join("\n  ")));
        }
        let has_mend = reading.diagnostics.iter().all(|d| !d.help.is_empty() && !d.summary.is_empty());
        assert!(has_mend, "{}", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn amtool_accepts_and_refuses_the_same() {
    let outside = Outside::live();
    let folder = folder("check");
    let path = folder.join("alertmanager.yml");
    let mut wrong = Vec::new();
    for case in cases() {
        door::files::write_atomic(&path, case.text.as_bytes()).unwrap();
        let Some(output) = amtool(&outside, &["check-config", &path.to_string_lossy()]) else {
            println!("SKIPPED: amtool is not installed");
            return;
        };
        if output.succeeded() != case.wrong_at.is_none() {
            wrong.push(format!("{}: {}", case.name, String::from_utf8_lossy(&output.stdout)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const TREE: &str = r#"
route:
  receiver: root
  routes:
  - matchers: ['team="a"']
    receiver: a
    continue: true
    routes:
    - {match: {severity: page}, receiver: a-page}
    - {match_re: {severity: 'warn|info'}, receiver: a-low, continue: true}
    - {matchers: ['severity!=page', 'zone=~"x.*"'], receiver: a-zone}
  - {matchers: ['{team!~"b|c", severity=""}'], receiver: nobody}
  - matchers: ['team=~"a|b"']
    routes:
    - {receiver: b, matchers: ['severity=page']}
  - {receiver: all, continue: true}
  - {receiver: end, match: {zone: y}}
receivers: [{name: root}, {name: a}, {name: a-page}, {name: a-low}, {name: a-zone}, {name: nobody}, {name: b}, {name: all}, {name: end}]
"#;

#[test]
fn amtool_routes_the_same() {
    let outside = Outside::live();
    let path = folder("routes").join("alertmanager.yml");
    door::files::write_atomic(&path, TREE.as_bytes()).unwrap();
    let config = read(TREE, "alertmanager.yml").config.unwrap();
    let values = |name: &'static str, values: &[&'static str]| -> Vec<Option<(&'static str, &'static str)>> {
        std::iter::once(None).chain(values.iter().map(|value| Some((name, *value)))).collect()
    };
    let mut seen = std::collections::BTreeSet::new();
    for team in values("team", &["a", "b", "c"]) {
        for severity in values("severity", &["page", "warn", "info", "other"]) {
            for zone in values("zone", &["xa", "y"]) {
                let pairs: Vec<(&str, &str)> = [team, severity, zone].into_iter().flatten().collect();
                let labels = Labels::new(pairs.iter().copied());
                let receivers: Vec<&str> =
                    config.matching(&labels).into_iter().map(|at| config.routes[at].receiver.as_str()).collect();
                let mut arguments: Vec<String> =
                    ["config", "routes", "test", "--config.file"].map(str::to_owned).to_vec();
                arguments.push(path.to_string_lossy().into_owned());
                arguments.extend(pairs.iter().map(|(name, value)| format!("{name}={value}")));
                let Some(output) = amtool(&outside, &arguments.iter().map(String::as_str).collect::<Vec<_>>()) else {
                    println!("SKIPPED: amtool is not installed");
                    return;
                };
                assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), receivers.join(","), "{pairs:?}");
                seen.extend(receivers.into_iter().map(str::to_owned));
            }
        }
    }
    assert_eq!(seen.len(), 9, "every receiver but the root's and a's own is reached: {seen:?}");
}
