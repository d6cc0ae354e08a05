//! Reports of our own, and the counts that another tool expects of real ones.

use super::read;
use crate::reconcile::{KnownMap, known_of, reconcile};
use crate::{Document, ReadContext, Reading};
use mainstay_model::facts::VulnerabilityFound;
use mainstay_model::{FactData, Severity};
use std::collections::BTreeMap;

fn context() -> ReadContext {
    ReadContext::at("2026-11-01T00:00:00Z".parse().unwrap())
}

fn report(created: &str, vulnerabilities: &str) -> String {
    format!(
        r#"{{"SchemaVersion":2,"CreatedAt":"{created}","ArtifactName":"acme/web:1.2","ArtifactType":"container_image",
        "Results":[{{"Target":"acme/web:1.2 (debian 12)","Class":"os-pkgs","Type":"debian","Vulnerabilities":[{vulnerabilities}]}}]}}"#
    )
}

fn one(id: &str, package: &str, severity: &str) -> String {
    format!(
        r#"{{"VulnerabilityID":"{id}","PkgName":"{package}","InstalledVersion":"1.0","FixedVersion":"1.1, 2.0","Severity":"{severity}","Title":"t"}}"#
    )
}

fn read_text(text: &str) -> Reading {
    read(&Document::of("trivy.json", text), &context())
}

#[test]
fn packages_of_one_vulnerability_are_one_statement_with_the_worst_severity() {
    let text = report("2026-10-01T00:00:00Z", &[one("CVE-1", "b", "LOW"), one("CVE-1", "a", "HIGH")].join(","));
    let reading = read_text(&text);
    let snapshot = &reading.snapshots[0];
    assert_eq!(snapshot.items.len(), 1);
    assert_eq!(snapshot.items[0].subject.as_str(), "vulnerability:CVE-1@image:acme/web:1.2");
    let facts = reconcile(snapshot, &KnownMap::new());
    let found = VulnerabilityFound::read(&facts[0]).unwrap();
    assert_eq!(found.severity, Severity::High);
    assert_eq!(found.packages, ["a 1.0", "b 1.0"]);
    assert_eq!(found.fixed_in, ["a 1.1", "a 2.0", "b 1.1", "b 2.0"]);
    assert_eq!(facts[0].time.to_string(), "2026-10-01T00:00:00Z");
}

#[test]
fn a_later_scan_fixes_what_it_no_longer_finds_and_a_damaged_or_other_scan_fixes_nothing() {
    let two = [one("CVE-1", "a", "LOW"), one("CVE-2", "b", "LOW")].join(",");
    let first = reconcile(&read_text(&report("2026-10-01T00:00:00Z", &two)).snapshots[0], &KnownMap::new());
    let known: KnownMap = first.iter().filter_map(known_of).collect();

    let fixed = reconcile(&read_text(&report("2026-10-02T00:00:00Z", &one("CVE-1", "a", "LOW"))).snapshots[0], &known);
    assert_eq!(fixed.len(), 1);
    assert_eq!(fixed[0].fact_type, "mainstay.vulnerability.fixed.v1");
    assert_eq!(fixed[0].data, serde_json::json!({"verified": true}));

    let whole = report("2026-10-02T00:00:00Z", &two);
    let cut = read_text(&whole[..whole.find("CVE-2").unwrap()]);
    assert_eq!(cut.snapshots[0].items.len(), 1);
    assert!(reconcile(&cut.snapshots[0], &known).is_empty());
    assert!(cut.has_errors());

    let config_only = whole.replace("os-pkgs", "config").replace("\"Vulnerabilities\"", "\"Misconfigurations\"");
    let reading = read_text(&config_only);
    assert!(reading.snapshots.is_empty());
    assert_eq!(reading.diagnostics[0].code, "trivy.others");
}

#[test]
fn a_report_filtered_by_severity_fixes_nothing_that_it_hides() {
    let all = [one("CVE-1", "a", "LOW"), one("CVE-2", "b", "HIGH"), one("CVE-3", "c", "CRITICAL")].join(",");
    let first = reconcile(&read_text(&report("2026-10-01T00:00:00Z", &all)).snapshots[0], &KnownMap::new());
    let known: KnownMap = first.iter().filter_map(known_of).collect();
    let gone = |vulnerabilities: &str, ctx: &ReadContext| -> Vec<String> {
        let document = Document::of("trivy.json", report("2026-10-02T00:00:00Z", vulnerabilities));
        let facts = reconcile(&read(&document, ctx).snapshots[0], &known);
        facts.iter().map(|fact| fact.subject.as_ref().unwrap().name().split('@').next().unwrap().to_owned()).collect()
    };
    let high = one("CVE-2", "b", "HIGH");
    // With HIGH as its least, the report may hide LOW; CRITICAL it would show.
    assert_eq!(gone(&high, &context()), ["CVE-3"]);
    assert_eq!(gone(&one("CVE-1", "a", "LOW"), &context()), ["CVE-2", "CVE-3"]);
    assert_eq!(gone("", &context()), ["CVE-3"]);
    let mut ctx = context();
    ctx.options.severities = vec!["HIGH".to_owned(), "LOW".to_owned()];
    assert_eq!(gone(&high, &ctx), ["CVE-1"]);
    assert_eq!(gone("", &ctx), ["CVE-1", "CVE-2"]);
}

/// The counts that DefectDojo's own tests expect of Trivy's outputs, where they count vulnerabilities alone.
#[test]
fn counts_and_severities_agree_with_another_tool_on_real_reports() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let file = |name: &str| mainstay_outside::files::read(std::path::Path::new(&format!("{root}/{name}")), 1 << 26);
    let Ok(expected) = file("scans-expected.json") else {
        println!("SKIPPED: {root} is not there");
        return;
    };
    let expected: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&expected).unwrap();
    let mut compared = 0;
    for (name, expectation) in expected.iter().filter(|(_, value)| value["tool"] == "trivy") {
        let bytes = file(&format!("scans/{name}")).unwrap();
        let reading = read(&Document::of(name.as_str(), bytes.clone()), &context());
        assert!(!reading.has_errors(), "{name}: {:?}", reading.diagnostics);
        let text = String::from_utf8_lossy(&bytes);
        if ["\"Misconfigurations\"", "\"Licenses\"", "\"Secrets\""].iter().any(|other| text.contains(other)) {
            // Its count is of things that are no vulnerabilities as well.
            continue;
        }
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for item in reading.snapshots.iter().flat_map(|snapshot| &snapshot.items) {
            let severity = item.data["severity"].as_str().unwrap();
            let name = severity[..1].to_uppercase() + &severity[1..];
            *counts.entry(name).or_default() += item.data["packages"].as_array().unwrap().len() as u64;
        }
        assert_eq!(serde_json::to_value(&counts).unwrap(), expectation["severities"], "{name}");
        compared += 1;
    }
    assert!(compared >= 9, "only {compared} reports were compared");
}

#[test]
fn every_report_of_trivys_own_tests_is_read_without_error() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/vulns/trivy");
    let Ok(walk) = mainstay_outside::files::walk(std::path::Path::new(root)) else {
        println!("SKIPPED: {root} is not there");
        return;
    };
    let mut vulnerabilities = 0;
    for path in &walk.files {
        let name = path.to_string_lossy();
        if !name.ends_with(".json.golden")
            || ["cyclonedx", "spdx", "cdx", "fixtures"].iter().any(|word| name.contains(word))
        {
            continue;
        }
        let bytes = mainstay_outside::files::read(path, 1 << 26).unwrap();
        let raw: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let listed: usize = raw["Results"].as_array().map_or(0, |results| {
            results.iter().map(|result| result["Vulnerabilities"].as_array().map_or(0, Vec::len)).sum()
        });
        let reading = read(&Document::of(name.as_ref(), bytes), &context());
        assert!(!reading.has_errors(), "{name}: {:?}", reading.diagnostics);
        let items = reading.snapshots.iter().flat_map(|snapshot| &snapshot.items);
        let read: usize = items.map(|item| item.data["packages"].as_array().unwrap().len()).sum();
        assert_eq!(read, listed, "{name}");
        vulnerabilities += read;
    }
    assert!(vulnerabilities > 50, "only {vulnerabilities} vulnerabilities");
}
