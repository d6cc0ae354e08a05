//! How many evaluations a second and core, and whether time grows with the number of resources and no faster.
//!
//! `cargo run --release -p mainstay-policy --example bench`

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use mainstay_iac::{At, Block, Dialect, Map, Node, Reading, Reference, Resource, Unknown, Value, json};
use mainstay_policy::{ControlFile, Engine, built_in};
use std::time::Instant;

const RULES: [(&str, &str); 5] = [
    ("attribute", "storage_encrypted == true"),
    (
        "open port in nested blocks",
        "none r in ingress: (is_open_cidr(r.cidr_blocks) or is_open_cidr(r.ipv6_cidr_blocks)) and (r.protocol in [\"-1\", \"all\"] or port_between(22, r.from_port, r.to_port))",
    ),
    (
        "related resource",
        "any v in referrers(\"aws_s3_bucket_versioning\", \"bucket\"): v.versioning_configuration.status == \"Enabled\"",
    ),
    (
        "membership and pattern",
        "acl not in [\"public-read\", \"public-read-write\"] and bucket matches \"^[a-z0-9.-]+$\"",
    ),
    (
        "policy statements",
        "none s in statements(policy): s.effect == \"Allow\" and s.anyone and s.actions contains \"*\"",
    ),
];

/// Controls for one type, as many as a common type of resource has; relations are indexed once for all of them.
const COPIES: u32 = 20;

const BODY: &str = r#"{"bucket": "shop-logs", "acl": "private", "storage_encrypted": true, "description": "x", "tags": {"Owner": "shop"},
  "policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:GetObject\"], \"Principal\": {\"AWS\": \"arn:aws:iam::1:root\"}, \"Resource\": \"*\"}]}",
  "ingress": [
    {"from_port": 80, "to_port": 80, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8", "192.168.0.0/16"]},
    {"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]},
    {"from_port": 20, "to_port": 21, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}]}"#;

fn main() {
    println!("{:32} {:>14} {:>10}", "rule (one core)", "evaluations/s", "us each");
    for (name, rule) in RULES {
        let pages: Vec<_> = (0..COPIES).map(|copy| page(copy, rule)).collect();
        let (engine, wrong) = Engine::load(&pages);
        assert!(wrong.is_empty(), "{wrong:?}");
        let reading = reading(50_000);
        let (seconds, count) = timed(&engine, &reading);
        let each = seconds / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        println!("{name:32} {:>14.0} {:>10.3}", 1.0 / each, each * 1e6);
    }
    let start = Instant::now();
    let (engine, _) = Engine::load(&built_in());
    println!("\n{} built-in controls loaded in {:.1} ms", engine.controls().len(), start.elapsed().as_secs_f64() * 1e3);
    println!("\n{:>10} {:>12} {:>12} {:>10}", "resources", "verdicts", "seconds", "growth");
    let mut before: Option<f64> = None;
    for size in [1_000, 10_000, 100_000] {
        let reading = reading(size);
        let (seconds, count) = timed(&engine, &reading);
        let growth = before.map_or_else(String::new, |before| format!("{:.1}x", seconds / before));
        println!("{:>10} {count:>12} {seconds:>12.4} {growth:>10}", reading.resources.len());
        before = Some(seconds);
    }
}

/// Seconds for judging all of a reading, the best of three, and how many verdicts that were.
fn timed(engine: &Engine, reading: &Reading) -> (f64, u64) {
    let mut best = f64::INFINITY;
    let mut count = 0;
    for _ in 0..3 {
        let start = Instant::now();
        let summary = engine.count(reading);
        best = best.min(start.elapsed().as_secs_f64());
        count = summary.pass + summary.fail + summary.unknown;
    }
    (best, count)
}

fn page(copy: u32, rule: &str) -> ControlFile {
    let text = format!(
        "---\nid: bench.rule-{copy}\ntitle: a rule\nseverity: low\ntypes: [aws_s3_bucket]\n---\n\n## Why\n\nx\n\n## Fix\n\nx\n\n```rule\n{rule}\n```\n\n```hcl pass\n```\n```hcl fail\n```\n```hcl unknown\n```\n"
    );
    ControlFile { path: "bench.md".to_owned(), text }
}

/// Pairs of a bucket and the versioning that refers to it.
fn reading(resources: usize) -> Reading {
    let body = body(BODY);
    let mut out = Reading { files: vec!["main.tf".to_owned()], ..Reading::default() };
    for number in 0..resources / 2 {
        let bucket = format!("aws_s3_bucket.b{number}");
        out.resources.push(resource("aws_s3_bucket", &format!("b{number}"), body.clone(), Vec::new()));
        let mut versioning = Map::default();
        let unknown = Unknown::referring("known after apply", [bucket.clone()].into());
        versioning.set("bucket", Node { value: Value::Unknown(unknown), at: At::default() });
        let status = self::body(r#"{"versioning_configuration": [{"status": "Enabled"}]}"#);
        for (key, node) in status.iter() {
            versioning.set(key, node.clone());
        }
        let reference = Reference { attribute: "bucket".to_owned(), target: bucket };
        out.resources.push(resource("aws_s3_bucket_versioning", &format!("v{number}"), versioning, vec![reference]));
    }
    out
}

fn body(text: &str) -> Map {
    match json::parse(text, mainstay_iac::Origin::of("main.tf")) {
        Ok(Node { value: Value::Map(map), .. }) => map,
        other => panic!("the benchmark's own JSON does not parse: {other:?}"),
    }
}

fn resource(resource_type: &str, name: &str, body: Map, references: Vec<Reference>) -> Resource {
    Resource {
        dialect: Dialect::Terraform,
        block: Block::Resource,
        root: ".".into(),
        address: format!("{resource_type}.{name}"),
        resource_type: resource_type.to_owned(),
        api_version: String::new(),
        name: name.to_owned(),
        namespace: None,
        body,
        at: At { file: 0, line: 1, column: 1 },
        line_end: 9,
        references,
        action: None,
        live_id: None,
    }
}
