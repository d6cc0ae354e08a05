//! Outputs written after restic's documentation, and a real repository where restic is installed.

use super::{collect, read};
use crate::collect::{Origin, Request};
use crate::reconcile::{KnownMap, known_of, reconcile};
use crate::{Document, Part, ReadContext, Reading};
use mainstay_model::FactData;
use mainstay_model::facts::{BackupFinished, BackupOutcome};
use mainstay_outside::{Command, Outside};

const LISTING: &str = r#"[{"time":"2026-03-01T02:00:00.5Z","paths":["/srv/orders"],"hostname":"db-1","tags":["orders-db"],
  "id":"aaaaaaaa11112222","short_id":"aaaaaaaa"},
 {"time":"2026-03-02T02:00:00+01:00","paths":["/srv/orders/"],"hostname":"db-1","id":"bbbbbbbb11112222",
  "summary":{"backup_end":"2026-03-02T01:10:00Z","total_bytes_processed":5}}]"#;

const LOG: &str = r#"{"message_type":"status","percent_done":0}
{"message_type":"error","error":{"message":"permission denied"},"during":"archival","item":"/srv/orders/key"}
{"message_type":"summary","total_bytes_processed":7,"total_duration":90.5,"snapshot_id":"aaaaaaaa"}
"#;

fn context() -> ReadContext {
    ReadContext::at("2026-03-03T00:00:00Z".parse().unwrap())
}

fn read_parts(parts: &[(&str, &str)]) -> Reading {
    let parts = parts.iter().map(|(path, text)| Part::new(*path, *text)).collect();
    read(&Document::folder("restic", parts), &context())
}

#[test]
fn a_listing_gives_a_run_a_snapshot_with_its_job() {
    let reading = read_parts(&[("snapshots.json", LISTING)]);
    assert!(reading.diagnostics.is_empty());
    let subjects: Vec<_> = reading.facts.iter().map(|fact| fact.subject.as_ref().unwrap().as_str()).collect();
    assert_eq!(subjects, ["backup:restic:orders-db/aaaaaaaa", "backup:restic:db-1/orders/bbbbbbbb"]);
    let second = BackupFinished::read(&reading.facts[1]).unwrap();
    assert_eq!(second.started.to_string(), "2026-03-02T01:00:00Z");
    assert_eq!(reading.facts[1].time.to_string(), "2026-03-02T01:10:00Z");
    assert_eq!(second.bytes, Some(5));
}

#[test]
fn a_run_that_could_not_read_a_file_is_partial_whatever_the_listing_says() {
    let reading = read_parts(&[("log.jsonl", LOG), ("snapshots.json", LISTING)]);
    assert_eq!(reading.facts.len(), 2);
    let run = BackupFinished::read(&reading.facts[0]).unwrap();
    assert_eq!((run.outcome, run.unreadable, &*run.job), (BackupOutcome::Partial, 1, "restic:orders-db"));
    assert_eq!(reading.facts[0].time.to_string(), "2026-03-01T02:01:31Z");

    let alone = read_parts(&[("log.jsonl", LOG)]);
    assert!(alone.facts.is_empty());
    assert_eq!(alone.diagnostics[0].code, "restic.no-time");
    let cut = read_parts(&[("log.jsonl", LOG.split_once("{\"message_type\":\"summary").unwrap().0)]);
    assert!(cut.diagnostics[0].summary.contains("no summary"));
}

#[test]
fn a_check_says_of_every_run_whether_it_is_intact_and_says_it_once() {
    let good = "check snapshots, trees and blobs\nno errors were found\n";
    let reading = read_parts(&[("snapshots.json", LISTING), ("check.txt", good)]);
    let facts = reconcile(&reading.snapshots[0], &KnownMap::new());
    assert_eq!(facts.len(), 2);
    assert_eq!(facts[0].data, serde_json::json!({"intact": true}));
    let known: KnownMap = facts.iter().filter_map(known_of).collect();
    assert!(reconcile(&reading.snapshots[0], &known).is_empty());
    let bad = "error for tree ab\nFatal: repository contains errors\n";
    let reading = read_parts(&[("snapshots.json", LISTING), ("check.txt", bad)]);
    let facts = reconcile(&reading.snapshots[0], &known);
    assert!(facts.len() == 2 && facts.iter().all(|fact| fact.data["intact"] == false));
}

#[test]
fn a_real_repository_tells_its_runs_and_its_check() {
    let outside = Outside::live();
    if outside.run(&Command::new("restic").args(["version"])).is_err() {
        println!("SKIPPED: restic is not installed");
        return;
    }
    let root = std::env::temp_dir().join(format!("mainstay-restic-{}", std::process::id()));
    let data = root.join("orders");
    mainstay_outside::files::make_folder(&data).unwrap();
    mainstay_outside::files::write_atomic(&data.join("a"), b"hello").unwrap();
    let repository = root.join("repository").display().to_string();
    let restic = |args: &[&str]| {
        let command = Command::new("restic").args(["-r", &*repository]).args(args.iter().copied());
        let output = outside.run(&command.env("RESTIC_PASSWORD", "hunter2")).unwrap();
        assert!(output.succeeded(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    restic(&["init"]);
    let log = restic(&["backup", "--json", "--tag", "orders-db", &data.display().to_string()]);
    let listing = restic(&["snapshots", "--json"]);
    let ctx = ReadContext::at(outside.clock().now());
    let parts = vec![Part::new("log.jsonl", log), Part::new("snapshots.json", listing)];
    let from_files = read(&Document::folder("restic", parts), &ctx);
    assert!(from_files.diagnostics.is_empty(), "{:?}", from_files.diagnostics);
    let run = BackupFinished::read(&from_files.facts[0]).unwrap();
    assert_eq!((&*run.job, run.outcome, run.bytes), ("restic:orders-db", BackupOutcome::Complete, Some(5)));

    let mut ctx = ctx;
    ctx.options.token = Some(mainstay_outside::SecretRef::parse("cmd:echo hunter2").unwrap());
    ctx.options.check = true;
    let origin = Origin::of(&format!("restic://{repository}"));
    let mut got = Reading::default();
    collect(&outside, &Request { origin, context: ctx, progress: &|_| {} }, &mut |reading| got.merge(reading));
    assert!(got.diagnostics.is_empty(), "{:?}", got.diagnostics);
    assert_eq!(got.facts.len(), 1);
    assert_eq!(got.facts[0].subject, from_files.facts[0].subject);
    assert_eq!(got.snapshots[0].items[0].data, serde_json::json!({"intact": true}));
}
