//! Probes as code (the `endpoints:` of Gatus). What endpoints answer is in no file: whoever collects asks them.

use crate::text::decode;
use crate::{At, Document, Family, Part, ReadContext, Reading, Snapshot};
use mainstay_iac::SourceFile;
use mainstay_model::facts::ProbeDeclared;
use mainstay_model::{Level, Subject};
use mainstay_probe::{Probe, Target};

/// Reads all files of probes as one batch.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let mut files = Vec::new();
    let is_ours = |part: &&Part| [".yaml", ".yml"].iter().any(|ending| part.path.ends_with(ending));
    let parts: Vec<&Part> = document.parts.iter().filter(is_ours).collect();
    for part in &parts {
        if let Some(text) = decode(&part.bytes, &part.path, &mut reading) {
            files.push(SourceFile { path: part.path.clone(), bytes: text.into_owned().into_bytes() });
        }
    }
    let mut found = mainstay_probe::read(&files);
    let mut snapshot = Snapshot::new(ctx.source_or("probes"), Family::Probe, ctx.now);
    let is_whole = found.diagnostics.iter().all(|diagnostic| diagnostic.level != Level::Error);
    snapshot.complete = is_whole && files.len() == parts.len();
    found.diagnostics.drain(..).for_each(|diagnostic| reading.note(diagnostic));
    for probe in &found.probes {
        let place = &probe.place;
        let at = At { now: ctx.now, path: &place.file, line: place.line, column: place.column };
        snapshot.add(Subject::of("probe", &probe.name), &declared(probe), &mut reading, &at);
    }
    reading.snapshots.push(snapshot);
    reading
}

fn declared(probe: &Probe) -> ProbeDeclared {
    ProbeDeclared {
        asks: asked(&probe.target),
        service: service(probe),
        every_s: probe.every.as_secs().max(1),
        conditions: probe.conditions.iter().map(|condition| condition.text.clone()).collect(),
    }
}

/// The service that a probe says it belongs to.
#[must_use]
pub fn service(probe: &Probe) -> Option<Subject> {
    probe.service.as_ref().map(|service| Subject::of("service", service))
}

/// What is asked, in a few words and without secrets.
#[must_use]
pub fn asked(target: &Target) -> String {
    match target {
        Target::Http { url, method, .. } => format!("{method} {}", mainstay_outside::shown_address(url)),
        Target::Tcp { address } => format!("tcp {address}"),
        Target::Tls { address } => format!("tls {address}"),
        Target::Dns { address, name, kind } => format!("dns {kind} {name} of {address}"),
        Target::Icmp { host } => format!("icmp {host}"),
    }
}
