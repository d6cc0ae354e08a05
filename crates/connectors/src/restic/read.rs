//! restic's outputs to facts about runs.

use crate::json::{self, NodeExt};
use crate::{At, Document, Family, Part, ReadContext, Reading, Snapshot};
use jiff::{SignedDuration, Timestamp};
use mainstay_iac::{Node, Value};
use mainstay_model::facts::{BackupFinished, BackupOutcome, BackupVerified};
use mainstay_model::{Diagnostic, Subject};
use std::collections::BTreeMap;

/// Characters of a snapshot's id that restic prints as its short id.
const SHORT_ID: usize = 8;

/// A run as the listing of snapshots tells of it.
struct Listed {
    job: String,
    started: Timestamp,
    ended: Timestamp,
    bytes: Option<u64>,
    at: (usize, u32, u32),
}

/// A run as its own output tells of it.
struct Logged {
    short_id: String,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    duration: Option<SignedDuration>,
    bytes: Option<u64>,
    unreadable: u64,
    at: (usize, u32, u32),
}

/// Reads outputs of restic. Those of one repository belong into one document.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let (mut listed, mut logged, mut checks) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (index, part) in document.parts.iter().enumerate() {
        if let Some(intact) = check_text(part) {
            checks.push(intact);
            continue;
        }
        let first = part.bytes.iter().find(|byte| byte.is_ascii_graphic());
        if first == Some(&b'[') {
            let Some((node, _)) = json::parse(part, &["[]"], &mut reading) else { continue };
            for item in node.items() {
                match snapshot(item, ctx, index) {
                    Some((id, run)) => drop(listed.insert(id, run)),
                    None => refuse(part, item, "a snapshot needs `id` and `time`", ctx, &mut reading),
                }
            }
        } else {
            log(part, index, &mut logged, &mut checks, ctx, &mut reading);
        }
    }
    let teller = Teller { document, ctx, source: ctx.source_or("restic") };
    for run in &logged {
        teller.logged(run, listed.get(&run.short_id), &mut reading);
    }
    for (id, run) in &listed {
        if !logged.iter().any(|logged| logged.short_id == *id) {
            teller.listed(id, run, &mut reading);
        }
    }
    if let Some(intact) = checks.iter().copied().reduce(|all, one| all && one) {
        teller.verified(&listed, &logged, intact, &mut reading);
    }
    reading
}

/// What `restic check` found, where the part is its text.
fn check_text(part: &Part) -> Option<bool> {
    let text = String::from_utf8_lossy(&part.bytes[..part.bytes.len().min(1 << 20)]);
    if text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    if text.contains("no errors were found") {
        return Some(true);
    }
    text.contains("repository contains errors").then_some(false)
}

fn snapshot(item: &Node, ctx: &ReadContext, part: usize) -> Option<(String, Listed)> {
    let id = item.text("id").or_else(|| item.text("short_id"))?.get(..SHORT_ID)?.to_owned();
    let started: Timestamp = item.text("time")?.parse().ok()?;
    let summary = item.field("summary");
    let ended = summary.and_then(|summary| summary.text("backup_end")?.parse().ok()).unwrap_or(started);
    let bytes = summary.and_then(|summary| whole_number(summary, "total_bytes_processed"));
    let job = ctx.options.job.clone().unwrap_or_else(|| job_of(item));
    Some((id, Listed { job, started, ended, bytes, at: (part, item.at.line, item.at.column) }))
}

/// The job that a snapshot belongs to: its first tag, else host and last folder.
fn job_of(item: &Node) -> String {
    let first = |key: &str| item.field(key).and_then(|list| list.items().first()).and_then(NodeExt::as_text);
    if let Some(tag) = first("tags") {
        return format!("restic:{tag}");
    }
    let host = item.text("hostname").unwrap_or("unknown");
    let folder = first("paths").and_then(|path| path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next());
    format!("restic:{host}/{}", folder.filter(|folder| !folder.is_empty()).unwrap_or("root"))
}

/// The runs in the output of `restic backup --json`, and checks in that of `restic check --json`.
fn log(
    part: &Part,
    index: usize,
    runs: &mut Vec<Logged>,
    checks: &mut Vec<bool>,
    ctx: &ReadContext,
    reading: &mut Reading,
) {
    let (mut unreadable, mut ended) = (0, false);
    let nodes = json::parse_lines(part, reading);
    for node in &nodes {
        match node.text("message_type") {
            Some("error") => unreadable += 1,
            Some("summary") if node.field("num_errors").is_some() => {
                checks.push(whole_number(node, "num_errors") == Some(0));
                ended = true;
            }
            Some("summary") => {
                ended = true;
                match run(node, index, unreadable) {
                    Some(run) => runs.push(run),
                    None if node.field("dry_run").is_some() => {}
                    None => refuse(part, node, "a summary needs `snapshot_id`", ctx, reading),
                }
                unreadable = 0;
            }
            Some("exit_error") => {
                ended = true;
                let why = node.text("message").unwrap_or("restic ended with an error").to_owned();
                refuse(part, node, &format!("the run failed and saved nothing: {why}"), ctx, reading);
            }
            Some(_) => {}
            None => refuse(part, node, "this is no output of restic", ctx, reading),
        }
    }
    if !ended && !nodes.is_empty() {
        refuse(part, &nodes[0], "the output has no summary: the run did not end, or the file is cut", ctx, reading);
    }
}

fn run(node: &Node, part: usize, unreadable: u64) -> Option<Logged> {
    let time = |key: &str| node.text(key).and_then(|text| text.parse().ok());
    let seconds = match node.field("total_duration").map(|node| &node.value) {
        Some(Value::Number(number)) => number.to_string().parse::<f64>().ok(),
        _ => None,
    };
    Some(Logged {
        short_id: node.text("snapshot_id")?.get(..SHORT_ID)?.to_owned(),
        started: time("backup_start"),
        ended: time("backup_end"),
        duration: seconds.and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok()),
        bytes: whole_number(node, "total_bytes_processed"),
        unreadable,
        at: (part, node.at.line, node.at.column),
    })
}

struct Teller<'a> {
    document: &'a Document,
    ctx: &'a ReadContext,
    source: String,
}

impl Teller<'_> {
    fn logged(&self, run: &Logged, listed: Option<&Listed>, reading: &mut Reading) {
        let at = self.at(run.at);
        let Some(started) = run.started.or(listed.map(|listed| listed.started)) else {
            reading.note(Diagnostic::error(
                "restic.no-time",
                format!("the output of run {} has no time, as restic before 0.18 prints it", run.short_id),
                at.place(),
                "put the output of `restic snapshots --json` beside it",
            ));
            return;
        };
        let ended = run.ended.or_else(|| started.checked_add(run.duration?).ok()).unwrap_or(started).max(started);
        let job = listed.map(|listed| listed.job.clone()).or_else(|| self.ctx.options.job.clone());
        let finished = BackupFinished {
            job: job.unwrap_or_else(|| format!("restic:{}", stem(at.path))),
            started,
            outcome: if run.unreadable > 0 { BackupOutcome::Partial } else { BackupOutcome::Complete },
            target: self.target(),
            snapshot: Some(run.short_id.clone()),
            bytes: run.bytes,
            unreadable: run.unreadable,
        };
        let subject = subject(&finished.job, &run.short_id);
        reading.say(&finished, &self.source, &format!("run/{}", run.short_id), subject, ended, &at);
    }

    fn listed(&self, id: &str, run: &Listed, reading: &mut Reading) {
        let finished = BackupFinished {
            job: run.job.clone(),
            started: run.started,
            outcome: BackupOutcome::Complete,
            target: self.target(),
            snapshot: Some(id.to_owned()),
            bytes: run.bytes,
            unreadable: 0,
        };
        let at = self.at(run.at);
        reading.say(&finished, &self.source, &format!("snapshot/{id}"), subject(&run.job, id), run.ended, &at);
    }

    /// A check is of the whole repository, and so of every run in it.
    fn verified(&self, listed: &BTreeMap<String, Listed>, logged: &[Logged], intact: bool, reading: &mut Reading) {
        let mut snapshot = Snapshot::new(&self.source, Family::Verification, self.ctx.now);
        // A run that is no longer listed was forgotten by its retention; that takes no check back.
        snapshot.complete = false;
        for (id, run) in listed {
            snapshot.add(subject(&run.job, id), &BackupVerified { intact }, reading, &self.at(run.at));
        }
        if snapshot.items.is_empty() {
            let place = At { now: self.ctx.now, path: &self.document.origin, line: 0, column: 0 }.place();
            let why =
                format!("a check was read without the snapshots that it is about ({} runs in outputs)", logged.len());
            let help = "put the output of `restic snapshots --json` beside it";
            reading.note(Diagnostic::warning("restic.check-of-nothing", why, place, help));
        }
        reading.snapshots.push(snapshot);
    }

    fn target(&self) -> Option<Subject> {
        self.ctx.options.target.as_deref().and_then(|target| Subject::new(target).ok())
    }

    fn at(&self, (part, line, column): (usize, u32, u32)) -> At<'_> {
        let path = self.document.parts.get(part).map_or("", |part| &part.path);
        At { now: self.ctx.now, path, line, column }
    }
}

fn subject(job: &str, id: &str) -> Subject {
    Subject::of("backup", &format!("{job}/{id}"))
}

/// The job's name in a path: the file's, unless that is a date or a word for outputs; then its folder's.
fn stem(path: &str) -> &str {
    const WORDS: [&str; 6] = ["backup", "backups", "snapshots", "summary", "log", "output"];
    let plain = |part: &&str| {
        let digits = part.chars().filter(char::is_ascii_digit).count();
        !part.is_empty() && digits * 2 < part.len() && !WORDS.contains(part)
    };
    let mut parts = path.rsplit('/').map(|part| part.split('.').next().unwrap_or(part));
    let first = parts.clone().next().unwrap_or(path);
    parts.find(plain).unwrap_or(first)
}

fn whole_number(node: &Node, key: &str) -> Option<u64> {
    match &node.field(key)?.value {
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

fn refuse(part: &Part, node: &Node, why: &str, ctx: &ReadContext, reading: &mut Reading) {
    let at = At { now: ctx.now, path: &part.path, line: node.at.line, column: node.at.column };
    let help = "save what `restic backup --json`, `restic snapshots --json` or `restic check` prints";
    reading.note(Diagnostic::error("restic.malformed", why, at.place(), help));
}
