//! GraphQL: what a query may ask of a schema, one rule after another, and limits.
#![expect(clippy::unwrap_used, reason = "helpers of a test stop at what is wrong")]

use mainstay_rego::{Dialect, Module, Options, Policy};
use serde_json::{Value as Json, json};

const SCHEMA: &str = r#"
    type Query { pet(name: String! = "x", tags: [String!]): Pet dog: Dog all: [Pet!]! find(by: By): Pet any: Any }
    type Subscription { born: Dog died: Dog }
    interface Pet { name: String! owner: Person }
    type Dog implements Pet { name: String! owner: Person barks(loud: Boolean!): Int }
    type Cat implements Pet { name: String! owner: Person lives: Int }
    type Person { name: String age: Int }
    union Any = Cat | Person
    input By { name: String age: Int! = 3 size: Size! }
    enum Size { BIG SMALL }
"#;

/// The value of an expression over `input`; `null` where it is undefined.
fn value(expression: &str, input: &Json) -> Json {
    let text = format!("package t\n\nimport rego.v1\n\nx := {expression}\n");
    let modules = [Module { path: "t.rego".to_owned(), text }];
    let policy = Policy::compile(&modules, Dialect::V1, &json!({}), Options::default()).unwrap();
    policy.rule("data.t.x", input).unwrap().unwrap_or(Json::Null)
}

fn is_valid(query: &str) -> bool {
    let input = json!({"query": query, "schema": SCHEMA});
    value("graphql.is_valid(input.query, input.schema)", &input).as_bool().unwrap()
}

#[test]
fn a_query_that_fits_is_valid() {
    for query in [
        "",
        "{ dog { name owner { age } } }",
        "{ pet { __typename ... on Dog { barks(loud: true) } ...cat } } fragment cat on Cat { lives }",
        "query q($n: String, $s: Size!) { pet(name: $n) { name } find(by: {size: $s}) { name } }",
        "{ pet(tags: \"one\") { name } find(by: {size: BIG, name: null}) { name } }",
        "{ a: pet(name: \"a\") { name } b: pet(name: \"b\") { name } }",
        "{ all { ... on Dog { x: barks(loud: true) } ... on Cat { x: lives } } }",
        "{ __schema { types { name fields { name type { kind } } } } }",
        "subscription { born { name } }",
    ] {
        assert!(is_valid(query), "{query}");
    }
}

#[test]
fn a_query_that_breaks_a_rule_is_not() {
    for query in [
        // Fields and what is selected of them.
        "{ bird { name } }",
        "{ dog }",
        "{ dog { name { first } } }",
        "{ pet { barks(loud: true) } }",
        // Arguments.
        "{ dog { barks } }",
        "{ dog { barks(loud: true, long: true) } }",
        "{ dog { barks(loud: true, loud: true) } }",
        "{ dog { name(x: 1) } }",
        // Values.
        "{ dog { barks(loud: 1) } }",
        "{ dog { barks(loud: null) } }",
        "{ pet(name: 1) { name } }",
        "{ pet(tags: [null]) { name } }",
        "{ find(by: {size: HUGE}) { name } }",
        "{ find(by: {size: \"BIG\"}) { name } }",
        "{ find(by: {}) { name } }",
        "{ find(by: {size: BIG, colour: 1}) { name } }",
        // Variables.
        "{ pet(name: $n) { name } }",
        "query ($n: String) { dog { name } }",
        "query ($n: Int) { pet(name: $n) { name } }",
        "query ($n: Dog) { pet(name: $n) { name } }",
        "query ($l: Boolean) { dog { barks(loud: $l) } }",
        "query ($n: String, $n: String) { pet(name: $n) { name } }",
        // Fragments.
        "{ dog { ...f } }",
        "{ dog { name } } fragment f on Dog { name }",
        "{ dog { ...f } } fragment f on Dog { ...f }",
        "{ dog { ...f } } fragment f on Bird { name }",
        "{ dog { ...f } } fragment f on Size { name }",
        "{ dog { ... on Cat { name } } }",
        "{ any { ... on Dog { name } } }",
        // Operations.
        "mutation { dog { name } }",
        "{ dog { name } } { dog { name } }",
        "query a { dog { name } } query a { dog { name } }",
        "subscription { born { name } died { name } }",
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
        // Directives.
        "{ dog @skip { name } }",
        "{ dog @skip(if: true) @skip(if: true) { name } }",
        "{ dog @deprecated { name } }",
        "{ dog @other { name } }",
        // One name, two meanings.
        "{ x: dog { name } x: pet { name } }",
        "{ pet(name: \"a\") { name } pet(name: \"b\") { name } }",
        "{ dog { owner { x: name } ...f } } fragment f on Dog { owner { x: age } }",
        "{ all { ... on Dog { x: barks(loud: true) } ... on Cat { x: name } } }",
    ] {
        assert!(!is_valid(query), "{query}");
    }
}

#[test]
fn a_schema_that_breaks_a_rule_is_not_valid() {
    let valid = |schema: &str| value("graphql.schema_is_valid(input)", &json!(schema));
    assert_eq!(valid(SCHEMA), true);
    for schema in [
        "type A { x: B }",
        "type A { x: Int x: Int }",
        "type A { x: Int } type A { y: Int }",
        "type A { __x: Int }",
        "type A { x: I } input I { y: Int }",
        "type A implements I { x: Int } interface I { y: Int }",
        "type A implements I { x: Int } interface I { x: String }",
        "type A implements I { x: Int } interface I { x: Int! }",
        "type A implements I { x(a: Int!): Int } interface I { x: Int }",
        "interface I implements J { x: Int } interface J { x: Int } type A implements I { x: Int }",
        "input I { i: I! }",
        "input I { j: J! } input J { i: I! }",
        "input I { x: A } type A { x: Int }",
        "enum E { A A }",
        "enum E { true }",
        "union U = Int",
        "directive @d(a: Int @d) on ARGUMENT_DEFINITION",
        "type A { x: Int @skip(if: true) }",
        "scalar S @specifiedBy",
        "schema { query: Q }",
        "extend type A { x: B }",
    ] {
        assert_eq!(valid(schema), false, "{schema}");
    }
    assert_eq!(valid("input I { i: I, list: [I!]! }"), true);
}

#[test]
fn what_nests_or_multiplies_without_end_is_refused_in_time() {
    let deep = format!("{}{}", "{ dog ".repeat(100_000), "}".repeat(100_000));
    assert!(!is_valid(&deep));
    let list = format!("{{ pet(tags: {}) {{ name }} }}", "[".repeat(100_000));
    assert!(!is_valid(&list));
    // Each fragment uses the next one twice, which doubles with each of them.
    let mut doubling = String::from("{ dog { ...f0 } }");
    for number in 0..200 {
        let next = if number < 199 { format!("...f{}", number + 1) } else { "name".to_owned() };
        doubling
            .push_str(&format!(" fragment f{number} on Dog {{ owner {{ name }} a: owner {{ name }} {next} {next} }}"));
    }
    assert!(is_valid(&doubling));
    let same = format!("{{ {} }}", "dog { name owner { name } } ".repeat(10_000));
    assert!(!is_valid(&same), "too many fields to compare");
}
