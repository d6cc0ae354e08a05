//! `mainstay cause` as it is typed: the example, thin evidence, wrong input.

#![expect(clippy::disallowed_methods, reason = "a test starts the program and writes its input")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example(file: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/cause").join(file).to_string_lossy().into_owned()
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mainstay")).arg("cause").args(arguments).output().unwrap()
}

fn written(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("mainstay-cause-{name}-{}.csv", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_example_names_the_service_that_got_slow_and_the_way_to_it() {
    let (series, calls) = (example("series.csv"), example("calls.csv"));
    let common = ["--series", &series, "--calls", &calls, "--format", "json"];
    let output = run(&[&["storefront", "--at", "2026-11-20T09:20:00Z"][..], &common].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    // The example's prices take 0.09 s longer from 09:20 on: 0.6 of them a request of the storefront are 0.054 s.
    let first = &answer["causes"][0];
    assert_eq!(
        (first["service"].as_str(), first["way"].as_str()),
        (Some("prices"), Some("storefront > basket > prices"))
    );
    let slower = first["since"].as_f64().unwrap() - first["before"].as_f64().unwrap();
    assert!((slower - 0.09).abs() < 0.002, "{first}");
    assert!((first["explains"].as_f64().unwrap() - 1.0).abs() < 0.05, "{first}");
    // The catalogue's part of the shop noticed nothing.
    let output = run(&[&["catalogue", "--at", "2026-11-20T09:20:00Z"][..], &common].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), answer["silence"]["kind"].as_str()), (Some(1), Some("not-moved")));
    assert!(answer["causes"].as_array().unwrap().is_empty());
}

#[test]
fn wrong_input_is_told_with_its_place_and_the_mend() {
    let calls = example("calls.csv");
    let torn = written(
        "torn",
        "service,begin,value,requests\nweb,2026-11-20T09:00:00Z,0.1,10\nweb,later,0.1,10\nweb,2026-11-20T09:05:00Z,0.5,1000\n",
    );
    let torn_name = torn.to_string_lossy();
    let output = run(&["web", "--at", "2026-11-20T09:05:00Z", "--series", &torn_name, "--calls", &calls]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(":3:1") && said.contains("\"later\" is no time") && said.contains("requests"), "{said}");
    for (arguments, wanted) in [
        (
            ["nobody", "--at", "2026-11-20T09:05:00Z", "--series", &*torn_name, "--calls", &calls],
            "there are series of web",
        ),
        (["web", "--at", "noon", "--series", &torn_name, "--calls", &calls], "2026-11-01T12:00:00Z"),
        (["web", "--at", "0", "--series", "/nowhere.csv", "--calls", &calls], "/nowhere.csv"),
    ] {
        let output = run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains(wanted), "{wanted} in {said}");
    }
    std::fs::remove_file(torn).unwrap();
}
