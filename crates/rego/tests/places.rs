//! What is wrong with a policy is told where it stands in the text of the user, and in words.

use mainstay_rego::{Dialect, Module, Options, Policy, Problem};
use serde_json::json;

fn problem(dialect: Dialect, text: &str) -> Problem {
    let module = Module { path: "a.rego".to_owned(), text: text.to_owned() };
    let found = Policy::compile(&[module], dialect, &json!({}), Options::default());
    let problem = found.err().and_then(|found| found.into_iter().next());
    problem.unwrap_or_else(|| panic!("is compiled: {text}"))
}

/// The mark `@` stands before what is told, and is taken out first.
#[track_caller]
fn check(dialect: Dialect, marked: &str) {
    let (before, after) = marked.split_once('@').unwrap_or((marked, ""));
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let problem = problem(dialect, &format!("{before}{after}"));
    let told = (problem.line as usize, problem.column as usize);
    assert_eq!(told, (line, column), "{problem:?} of {marked}");
    assert!(!problem.summary.is_empty(), "{problem:?}");
}

#[test]
fn columns_count_characters_whatever_the_interpreter_counts() {
    check(Dialect::V1, "package a\nx := @)\n");
    check(Dialect::V1, "package a\n\t\tx := @)\n");
    check(Dialect::V1, "package a\nx := [\"äöü\", @)]\n");
    check(Dialect::V1, "package a\nx := [`ä\tö`, @)]\n");
    check(Dialect::V1, "package a\r\nx := [`a\r\nb`, @)]\r\n");
    check(Dialect::V1, "package a\nx := \"ä\" + \"ö@\\q\"\n");
    check(Dialect::V1, "package a\nx := [1,@");
    check(Dialect::V1, "package a\nx := \"a@\nb := [`ö \"`, 1\n");
}

#[test]
fn the_rewrite_moves_no_place() {
    // The argument of the negation goes before it.
    check(Dialect::V1, "package a\ndeny if { not startswith(input.a.b, \"x\"); y := @) }\n");
    check(Dialect::V1, "package a\ndeny if {\n  not startswith(\n    input.a.b,\n    \"x\",\n  )\n  y := @)\n}\n");
    // The head is written once more.
    check(Dialect::V0, "package a\np { true } { true }\nq = @)\n");
    check(Dialect::V0, "package a\np { true } @{ ) }\n");
    // A name that is a keyword gets a prefix.
    check(Dialect::V1, "package a\nx := if.a + @)\n");
    // What is known of a rule is written in place of the question.
    check(Dialect::V1, "package a\nx := [rego.metadata.rule(\n), @)]\n");
    check(Dialect::V1, "package a\nx := [$\"ä{input.a}\", @)]\n");
}

#[test]
fn what_the_interpreter_says_is_words() {
    check(Dialect::V1, "package main\nimport @rego\0\0\0\ndeny contains \"x\"\n");
    let problem = problem(Dialect::V1, "package main\nimport rego\0\0\0\ndeny contains \"x\"\n");
    assert_eq!(problem.summary, "invalid ref in import");
}
