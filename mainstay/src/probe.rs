//! `mainstay probe`: files of probes in; answers of endpoints, judged, out.

mod sample;

use crate::Context;
use crate::arguments::{Probe as Ask, ProbeFiles, ProbeRun};
use crate::files::yaml_files;
use mainstay_connectors::probes::asked;
use mainstay_kit::Problem;
use mainstay_model::Verdict;
use mainstay_outside::Outside;
use mainstay_probe::{Outcome, Probe, Reading, Sample, judge, read};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Endpoints that are asked at once.
const AT_ONCE: usize = 16;

/// Runs the command.
pub fn run(context: &Context, ask: &Ask) -> Result<ExitCode, Problem> {
    crate::commands::plain_format(context)?;
    match ask {
        Ask::Check(files) => check(context, files),
        Ask::Run(ask) => ask_all(context, ask),
    }
}

fn reading(context: &Context, ask: &ProbeFiles) -> Result<Reading, Problem> {
    let mut files = Vec::new();
    for path in &ask.paths {
        files.extend(yaml_files(context, path, "probe.unreadable")?);
    }
    let reading = read(&files);
    reading.diagnostics.iter().for_each(|diagnostic| context.view.complain(diagnostic));
    Ok(reading)
}

fn is_damaged(reading: &Reading) -> bool {
    reading.diagnostics.iter().any(|diagnostic| diagnostic.level == mainstay_model::Level::Error)
}

fn check(context: &Context, ask: &ProbeFiles) -> Result<ExitCode, Problem> {
    let reading = reading(context, ask)?;
    let row = |probe: &Probe| {
        json!({"name": probe.name, "service": probe.service, "asks": asked(&probe.target), "every_s": probe.every.as_secs_f64(),
            "conditions": probe.conditions.iter().map(|one| one.text.as_str()).collect::<Vec<_>>().join(", "),
            "file": probe.place.file, "line": probe.place.line})
    };
    let rows: Vec<Value> = reading.probes.iter().map(row).collect();
    context.view.rows(&["name", "service", "asks", "every_s", "conditions", "file", "line"], &json!({"probes": rows}));
    Ok(match (reading.documents, is_damaged(&reading)) {
        (0, _) => ExitCode::from(2),
        (_, true) => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

fn ask_all(context: &Context, ask: &ProbeRun) -> Result<ExitCode, Problem> {
    let reading = reading(context, &ask.files)?;
    let wanted = |probe: &&Probe| ask.only.as_ref().is_none_or(|part| probe.name.contains(part));
    let probes: Vec<&Probe> = reading.probes.iter().filter(wanted).collect();
    if let (Some(part), true) = (&ask.only, probes.is_empty()) {
        let names: Vec<&str> = reading.probes.iter().map(|probe| probe.name.as_str()).take(20).collect();
        let detail = format!("no endpoint's name holds {part:?}; there are {}", names.join(", "));
        return Err(Problem::malformed("probe.only", detail));
    }
    let done = samples(&context.outside, &probes, &|done| {
        context.view.progress(&format!("{done} of {} endpoints asked", probes.len()));
    });
    context.view.clear();
    let rows: Vec<Value> =
        probes.iter().zip(&done).map(|(probe, (sample, outcome))| row(probe, sample, outcome)).collect();
    context.view.rows(&["verdict", "name", "asks", "took_ms", "why"], &json!({"probes": rows}));
    let any = |verdict: Verdict| done.iter().any(|(_, outcome)| outcome.verdict == verdict);
    Ok(if any(Verdict::Unknown) || is_damaged(&reading) || probes.is_empty() {
        ExitCode::from(2)
    } else if any(Verdict::Fail) {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

/// Asks them all, some at once, and gives what came of it in their order.
pub fn samples(outside: &Outside, probes: &[&Probe], progress: &(dyn Fn(usize) + Sync)) -> Vec<(Sample, Outcome)> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(probes.len()) {
            scope.spawn(|| {
                while let Some((at, probe)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, probes.get(at)?)))
                {
                    let sample = sample::take(outside, probe);
                    let outcome = judge(probe, &sample, outside.clock().now());
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((at, (sample, outcome)));
                    progress(done.len());
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, one)| one).collect()
}

fn row(probe: &Probe, sample: &Sample, outcome: &Outcome) -> Value {
    let certificate = sample.certificate.as_ref().map(|one| {
        json!({"expires": one.expires, "subject": one.subject, "issuer": one.issuer, "mistrust": one.mistrust,
            "stapled": one.stapled.word()})
    });
    let took = (sample.failure.is_none() && sample.trouble.is_none()).then(|| milliseconds(sample.took));
    json!({"verdict": outcome.verdict, "name": probe.name, "service": probe.service, "asks": asked(&probe.target),
        "took_ms": took, "why": outcome.why.join("; "), "ip": sample.ip, "status": sample.status, "rcode": sample.rcode,
        "certificate": certificate, "file": probe.place.file, "line": probe.place.line})
}

fn milliseconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 10_000.0).round() / 10.0
}
