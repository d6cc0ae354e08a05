//! `mainstay oncall` as it is called.

#![expect(clippy::disallowed_methods, reason = "a test starts programs and writes their input")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SHOP: &str = "\
version: oncall/v1
people: [{id: ada, name: Ada M}, {id: ben, name: Ben O, email: ben@shop.example}, {id: gone, until: 2026-11-01}]
schedules:
  - id: shop
    zone: Europe/Berlin
    answers: [{team: shop}]
    layers: [{name: weeks, every: week, start: 2026-11-02T09:00, people: [ada, ben, gone]}]
";

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("mainstay-oncall-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mainstay")).arg("oncall").args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output)))
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn who_is_on_call_and_the_status_when_nobody_is() {
    let shop = file("now.yaml", SHOP);
    let now = |at: &str| run(&["now", path(&shop), "--at", at, "--format", "csv"]);
    let found = now("2026-11-09T08:00:00Z");
    assert_eq!(found.status.code(), Some(0));
    assert!(
        text(&found).contains("shop,ben,2026-11-09T09:00+01:00,2026-11-16T09:00+01:00,Europe/Berlin,weeks"),
        "{}",
        text(&found)
    );
    // The third week is of somebody who left.
    let found = now("2026-11-20T08:00:00Z");
    assert_eq!(found.status.code(), Some(1));
    assert!(text(&found).contains("shop,nobody,2026-11-16T09:00+01:00,2026-11-23T09:00+01:00,Europe/Berlin,gap"));
    assert_eq!(run(&["now", path(&shop), "--schedule", "other"]).status.code(), Some(2));
    assert_eq!(run(&["now", "/nowhere.yaml"]).status.code(), Some(2));
    let next = json(&["next", path(&shop), "--at", "2026-11-03", "--person", "ada", "--count", "2"]);
    let starts: Vec<&str> =
        next["shifts"].as_array().unwrap().iter().map(|shift| shift["from"].as_str().unwrap()).collect();
    assert_eq!(starts, ["2026-11-23T09:00+01:00", "2026-12-14T09:00+01:00"]);
    std::fs::remove_file(shop).unwrap();
}

#[test]
fn what_is_not_covered_is_found_and_a_wrong_file_is_told_with_its_place() {
    let shop = file("coverage.yaml", SHOP);
    let covered = run(&["coverage", path(&shop), "--from", "2026-11-03", "--to", "2026-11-16"]);
    assert_eq!((covered.status.code(), text(&covered).as_str()), (Some(0), "nothing\n"));
    let found = run(&["coverage", path(&shop), "--from", "2026-11-03", "--to", "2026-11-24", "--format", "csv"]);
    assert_eq!(found.status.code(), Some(1));
    for (from, to) in [("2026-11-03", "2026-11-03"), ("1970-01-01", "2026-11-03")] {
        assert_eq!(run(&["coverage", path(&shop), "--from", from, "--to", to]).status.code(), Some(2), "{from}");
    }
    let kinds: Vec<String> =
        text(&found).lines().skip(1).map(|line| line.split(',').nth(1).unwrap().to_owned()).collect();
    assert_eq!(kinds, ["gap", "empty"]);
    let bad = file("bad.yaml", &SHOP.replace("every: week", "every: fortnight"));
    let output = run(&["check", path(&bad)]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&format!("{}:7:35: error: \"fortnight\" is no length of turns", path(&bad))), "{said}");
    std::fs::remove_file(shop).unwrap();
    std::fs::remove_file(bad).unwrap();
}

#[test]
fn alerts_of_a_file_are_given_to_those_who_would_have_been_on_call() {
    let shop = file("simulate.yaml", SHOP);
    let alerts = file(
        "alerts.csv",
        "id,class,fired,team\n\
         1,actionable,2026-11-04T02:00:00Z,team:shop\n\
         2,noise,2026-11-10T12:00:00Z,team:shop\n\
         3,silenced,2026-11-10T13:00:00Z,team:shop\n\
         4,actionable,2026-11-10T13:00:00Z,team:other\n\
         5,actionable,2026-11-17T13:00:00Z,team:shop\n",
    );
    let ask = |to: &str| {
        ["simulate", path(&shop), "--alerts", path(&alerts), "--from", "2026-11-03", "--to", to].map(str::to_owned)
    };
    let run_to = |to: &str| run(&ask(to).iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(run_to("2026-11-16").status.code(), Some(0));
    assert_eq!(run_to("2026-11-24").status.code(), Some(1), "nobody is on call for the fifth");
    let answer = json(&ask("2026-11-24").iter().map(String::as_str).collect::<Vec<_>>());
    let people: Vec<(&str, u64, u64)> = answer["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["person"].as_str().unwrap(), row["pages"].as_u64().unwrap(), row["nights"].as_u64().unwrap()))
        .collect();
    assert_eq!(people, [("ada", 1, 1), ("ben", 1, 0)]);
    let proposed = &answer["proposed"];
    assert_eq!(
        (&proposed["answered"], &proposed["unanswered"], &proposed["unrouted"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(proposed["unfairness"]["pages"], 0.0);
    let broken = file("broken.csv", "id,at\n1,yesterday\n");
    let output =
        run(&["simulate", path(&shop), "--alerts", path(&broken), "--from", "2026-11-03", "--to", "2026-11-04"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken.csv:2: \"yesterday\" is no time"));
    for path in [shop, alerts, broken] {
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn what_is_exported_and_imported_means_the_same() {
    let shop = file("export.yaml", SHOP);
    let span = ["--from", "2026-11-03", "--to", "2026-11-16"];
    let exported = run(&[&["export", path(&shop)], &span[..]].concat());
    assert_eq!(exported.status.code(), Some(0));
    let calendar = file("export.ics", &text(&exported));
    let imported = run(&[
        &["import", path(&calendar), "--id", "copy", "--zone", "Europe/Berlin", "--people", path(&shop)],
        &span[..],
    ]
    .concat());
    assert_eq!(imported.status.code(), Some(0), "{}", String::from_utf8_lossy(&imported.stderr));
    let copy = file("copy.yaml", &text(&imported));
    for at in ["2026-11-03T00:00:00Z", "2026-11-09T07:59:59Z", "2026-11-09T08:00:00Z", "2026-11-15T23:00:00Z"] {
        let who = |file: &Path| json(&["now", path(file), "--at", at])["shifts"][0]["on_call"].clone();
        assert_eq!(who(&copy), who(&shop), "{at}");
    }
    let marked = file(
        "marked.ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:[L2] @BEN@shop.example\\, Zoe: 1\nDTSTART:20261103T090000Z\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    let imported = run(&[
        "import",
        path(&marked),
        "--id",
        "x: y",
        "--zone",
        "UTC",
        "--people",
        path(&shop),
        "--from",
        "2026-11-03",
    ]);
    let said = text(&imported);
    assert!(said.contains("  - id: \"x: y\"\n"), "{said}");
    assert!(said.contains("people: [ben, \"Zoe: 1\"], priority: 2}"), "{said}");
    for path in [shop, calendar, copy, marked] {
        std::fs::remove_file(path).unwrap();
    }
}
