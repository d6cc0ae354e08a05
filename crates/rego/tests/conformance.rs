//! OPA's conformance cases of Rego v1, with a floor under how many pass.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of a test stop at what is wrong and say what is skipped"
)]
#![expect(clippy::disallowed_methods, reason = "a test reads real inputs from the disk")]

use mainstay_rego::{Dialect, Module, Options, Policy, term};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How many of every thousand cases pass, at least.
const FLOOR_PER_MILLE: usize = 996;

/// A fixed time, so that what policies say of the present is the same every day.
const NOW_NS: i64 = 1_760_000_000_000_000_000;

fn case_files() -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/policy/rego-conformance/Tests");
    if !root.is_dir() {
        println!("SKIPPED: {} is not here", root.display());
        return None;
    }
    let (mut files, mut folders) = (Vec::new(), vec![root]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    Some(files)
}

#[test]
fn conformance_cases_pass() {
    let Some(files) = case_files() else { return };
    let (mut passed, mut all) = (0, 0);
    let mut failed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let document: Json = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for case in document["cases"].as_array().into_iter().flatten() {
            all += 1;
            match run(case) {
                Ok(()) => passed += 1,
                Err(why) => {
                    let group = file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
                    let note = case["note"].as_str().unwrap_or_default();
                    failed.entry(group).or_default().push(format!("{note}: {why}"));
                }
            }
        }
    }
    for (group, cases) in &failed {
        println!("{group}: {} fail", cases.len());
        cases.iter().for_each(|case| println!("    {}", case.chars().take(400).collect::<String>()));
    }
    println!("{passed} of {all} cases pass");
    assert!(passed * 1000 >= all * FLOOR_PER_MILLE, "{passed} of {all} pass, fewer than {FLOOR_PER_MILLE} per mille");
}

fn run(case: &Json) -> Result<(), String> {
    let wants_error = case["want_error"].is_string() || case["want_error_code"].is_string();
    match (answers(case), wants_error) {
        (Err(_), true) => Ok(()),
        (Err(why), false) => Err(why),
        (Ok(got), true) => Err(format!("should fail with {}, gave {}", case["want_error_code"], Json::Array(got))),
        (Ok(got), false) => {
            let any_order = case["sort_bindings"].as_bool().unwrap_or(false);
            let sorted = |answers: Vec<Json>| {
                let mut answers: Vec<Json> = answers.iter().map(numbers).collect();
                if any_order {
                    answers.iter_mut().for_each(sort_bindings);
                }
                answers.sort_by_key(Json::to_string);
                Json::Array(answers)
            };
            let (got, want) = (sorted(got), sorted(case["want_result"].as_array().cloned().unwrap_or_default()));
            if got == want { Ok(()) } else { Err(format!("wants {want}, gave {got}")) }
        }
    }
}

/// Sorts the arrays that are values of variables, where a case leaves their order open.
fn sort_bindings(answer: &mut Json) {
    for value in answer.as_object_mut().into_iter().flat_map(|bindings| bindings.values_mut()) {
        if let Json::Array(items) = value {
            items.sort_by_key(Json::to_string);
        }
    }
}

/// With numbers of one form: 1.0 is 1.
fn numbers(json: &Json) -> Json {
    match json {
        Json::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "whole and small enough, as is asked before")]
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Json::from(float as i64),
            _ => json.clone(),
        },
        Json::Array(items) => Json::Array(items.iter().map(numbers).collect()),
        Json::Object(map) => Json::Object(map.iter().map(|(key, value)| (key.clone(), numbers(value))).collect()),
        other => other.clone(),
    }
}

fn answers(case: &Json) -> Result<Vec<Json>, String> {
    let modules: Vec<Module> = case["modules"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(at, text)| Module { path: format!("{at}.rego"), text: text.as_str().unwrap_or_default().to_owned() })
        .collect();
    let options = Options { now_ns: Some(NOW_NS), strict: case["strict_error"].as_bool().unwrap_or(false) };
    let data = if case["data"].is_null() { Json::Object(serde_json::Map::new()) } else { case["data"].clone() };
    let policy = Policy::compile(&modules, Dialect::V1, &data, options)
        .map_err(|problems| problems.into_iter().map(|problem| problem.summary).collect::<Vec<_>>().join("; "))?;
    let input = match (&case["input_term"], &case["input"]) {
        (Json::String(text), _) => Some(term(text).map_err(|failure| failure.to_string())?),
        (_, Json::Null) => None,
        (_, input) => Some(input.clone().into()),
    };
    policy.query(case["query"].as_str().unwrap_or_default(), input).map_err(|failure| failure.to_string())
}
