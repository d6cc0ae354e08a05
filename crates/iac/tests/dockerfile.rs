//! Dockerfiles: what each instruction says, where, and what only the build knows.

use mainstay_iac::terraform::Options;
use mainstay_iac::{Reading, SourceFile, read};
use serde_json::json;

fn reading(text: &str) -> Reading {
    read(&[SourceFile { path: "app/Dockerfile".to_owned(), bytes: text.as_bytes().to_vec() }], &Options::default())
}

/// The value of an attribute of the nth instruction.
fn value(reading: &Reading, nth: usize, path: &str) -> serde_json::Value {
    reading.resources[nth + 1].attribute(path).map_or(serde_json::Value::Null, mainstay_iac::Node::to_json)
}

#[test]
fn instructions_are_found_with_their_lines() {
    let text = "# syntax=docker/dockerfile:1\n\nFROM debian:12 AS base\n  run apt-get update && \\\n# a comment\n\n      \
                apt-get install -y curl\nCMD [\"sh\", \"-c\", \"exec app\"]\n";
    let reading = reading(text);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let found: Vec<_> =
        reading.resources.iter().map(|r| (r.resource_type.as_str(), r.at.line, r.at.column, r.line_end)).collect();
    let wanted = [
        ("dockerfile", 1, 1, 8),
        ("dockerfile.FROM", 3, 1, 3),
        ("dockerfile.RUN", 4, 3, 7),
        ("dockerfile.CMD", 8, 1, 8),
    ];
    assert_eq!(found, wanted);
    assert_eq!(reading.resources[2].address, "/Dockerfile.RUN");
    assert_eq!(value(&reading, 1, "commands.1.program"), json!("apt-get"));
    assert_eq!(value(&reading, 1, "commands.1.words"), json!(["install", "-y", "curl"]));
    assert_eq!(value(&reading, 2, "commands.0.program"), json!("app"));
    assert_eq!(value(&reading, 2, "form"), json!("json"));
}

#[test]
fn an_image_has_a_name_a_tag_and_a_digest() {
    let reading = reading(
        "ARG VERSION=3.20\nFROM --platform=linux/amd64 reg.example:5000/a/b:1.2@sha256:ab AS Build\nFROM alpine:${VERSION}\n\
         FROM build\nFROM reg.example:5000/plain\n",
    );
    assert_eq!(value(&reading, 1, "name"), json!("reg.example:5000/a/b"));
    assert_eq!(value(&reading, 1, "tag"), json!("1.2"));
    assert_eq!(value(&reading, 1, "digest"), json!("sha256:ab"));
    assert_eq!(value(&reading, 1, "platform"), json!("linux/amd64"));
    assert_eq!(value(&reading, 2, "image"), json!("alpine:3.20"));
    assert_eq!(value(&reading, 3, "from_stage"), json!(true));
    assert_eq!(value(&reading, 4, "tag"), json!(null));
    assert_eq!(value(&reading, 4, "stage"), json!(4));
}

#[test]
fn variables_hold_where_the_build_says() {
    let reading = reading(
        "ARG TAG=1\nFROM scratch AS one\nARG TAG\nARG SECRET\nENV A=x B=$A C=${TAG}\nENV D=$A\nWORKDIR /$C/${D}/${NONE}\n\
         USER $SECRET\nFROM one\nWORKDIR /$A/$TAG\nFROM debian:12\nWORKDIR $HOME\n",
    );
    assert_eq!(value(&reading, 4, "variables.1.value"), json!(""), "an ENV does not see itself");
    assert_eq!(value(&reading, 4, "variables.2.value"), json!("1"), "an argument takes the default from before FROM");
    assert_eq!(value(&reading, 6, "path"), json!("/1/x/"));
    assert!(!reading.resources[8].attribute("user").unwrap().is_known());
    assert_eq!(value(&reading, 9, "path"), json!("/x/"), "a stage hands on its environment and not its arguments");
    assert!(!reading.resources[12].attribute("path").unwrap().is_known(), "the base image may set HOME");
}

#[test]
fn heredocs_and_the_escape_directive_are_read() {
    let text = "# escape=`\nFROM mcr.example/windows:1\nWORKDIR C:\\app\nRUN a `\n  b\nRUN <<EOF\ncurl -k x\nFROM y\nEOF\n\
                COPY <<-\"A B\" /x\nCOPY --from=0 a b/ c/\nEXPOSE 80 8000-8010/UDP\n";
    let reading = reading(text);
    let types: Vec<_> =
        reading.resources.iter().skip(1).map(|r| r.resource_type.trim_start_matches("dockerfile.")).collect();
    assert_eq!(types[..4], ["FROM", "WORKDIR", "RUN", "RUN"]);
    assert_eq!(value(&reading, 1, "path"), json!("C:\\app"));
    assert_eq!(value(&reading, 2, "commands.0.words"), json!(["b"]));
    let programs = [value(&reading, 3, "commands.0.program"), value(&reading, 3, "commands.1.program")];
    assert_eq!(programs, [json!("curl"), json!("FROM")]);
}

#[test]
fn mistakes_are_named_and_the_rest_counts() {
    let reading = reading("FROM a:1\nRUNN x\nLABEL a=\"b\nCOPY only\nUSER\nUSER app\n");
    let found: Vec<_> = reading.diagnostics.iter().map(|d| (d.place.line, d.summary.as_str())).collect();
    let wanted = [
        (2, "`RUNN` is no instruction"),
        (3, "a quote in LABEL has no end"),
        (4, "COPY needs what to copy and where to"),
        (5, "USER says nothing"),
    ];
    assert_eq!(found, wanted);
    assert_eq!(reading.resources.last().unwrap().attribute("user").unwrap().to_json(), json!("app"));
}
