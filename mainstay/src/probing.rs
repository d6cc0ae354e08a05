//! Watching endpoints: each of the probes that sources name is asked when it is due, and what turned becomes a fact.

use crate::Context;
use crate::collect::{Errand, errands};
use crate::probe::samples;
use mainstay_connectors::Origin;
use mainstay_connectors::probes::{asked, service};
use mainstay_kit::{Call, Principal, Problem, World};
use mainstay_model::facts::{ProbeObserved, ProbeState, Role};
use mainstay_model::{Fact, FactData, PrincipalId, Subject, Timestamp, Verdict};
use mainstay_probe::{Outcome, Probe, Said, Sample, Watch};
use mainstay_watch::SAID_AGAIN;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Who says what was seen.
const SOURCE: &str = "mainstay:watch";
/// How often is looked whether a probe is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the configuration and the files of probes are read again.
const READ_EVERY: Duration = Duration::from_secs(60);
/// Under which name replicas agree who of them asks.
const LEASE: &str = "watch.probes";
/// For how long one does at least, before it has to say so again.
const LEASE_MIN: Duration = Duration::from_secs(60);

/// What this process saw of endpoints, by their names. Another process that asks the same ones begins anew.
static SEEN: Mutex<Option<HashMap<String, Watch>>> = Mutex::new(None);

/// The probes of an errand's files. What is wrong in them, the connector tells.
pub fn probes_of(call: &Call<'_>, errand: &Errand) -> Vec<Probe> {
    let Origin::Files(root, paths) = &errand.origin else { return Vec::new() };
    let (files, _) = crate::collect::sources(&call.world.outside, root, paths);
    let mut probes = mainstay_probe::read(&files).probes;
    for probe in &mut probes {
        // A file of authorities lies where the configuration lies, as all that it names does.
        probe.authorities = probe.authorities.take().map(|file| root.join(file).to_string_lossy().into_owned());
    }
    probes
}

/// Asks the probes that are due; the facts about what is worth saying.
///
/// # Errors
/// A fact of ours is malformed, which is our mistake.
pub fn ask(call: &Call<'_>, probes: &[Probe]) -> Result<Vec<Fact>, Problem> {
    let now = call.world.outside.clock().now();
    let due = due(probes, now);
    let done = samples(&call.world.outside, &due, &|_| {});
    let mut facts = Vec::new();
    for (probe, (sample, outcome)) in due.iter().zip(&done) {
        if let Some(said) = heard(probe, outcome.verdict, now) {
            facts.push(fact(probe, sample, outcome, said).map_err(|e| Problem::ours("probe.fact", e.to_string()))?);
        }
    }
    Ok(facts)
}

fn due(probes: &[Probe], now: Timestamp) -> Vec<&Probe> {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = seen.get_or_insert_default();
    probes.iter().filter(|probe| seen.get(&probe.name).is_none_or(|watch| watch.is_due(probe, now))).collect()
}

fn heard(probe: &Probe, verdict: Verdict, now: Timestamp) -> Option<Said> {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = seen.get_or_insert_default();
    if let Some(watch) = seen.get_mut(&probe.name) {
        return watch.hear(verdict, now, probe, SAID_AGAIN);
    }
    let (watch, said) = Watch::begin(verdict, now);
    seen.insert(probe.name.clone(), watch);
    Some(said)
}

fn fact(probe: &Probe, sample: &Sample, outcome: &Outcome, said: Said) -> Result<Fact, mainstay_model::FactError> {
    let state = match said.state {
        Verdict::Pass => ProbeState::Passing,
        Verdict::Fail => ProbeState::Failing,
        Verdict::Unknown | Verdict::Waived => ProbeState::Unknown,
    };
    let observed = ProbeObserved {
        state,
        why: outcome.why.clone(),
        asks: asked(&probe.target),
        service: service(probe),
        every_s: probe.every.as_secs().max(1),
        resumed: said.resumed,
        certificate_expires: sample.certificate.as_ref().map(|certificate| certificate.expires),
    };
    observed.fact(SOURCE, &format!("probe/{}/{}", probe.name, said.at), Subject::of("probe", &probe.name), said.at)
}

/// Asks the probes that the folder's sources name, each on its cadence, until the process ends. Of several replicas one does.
pub fn keep_asking(context: &Context, world: &World, dir: &Path) {
    let holder = world.outside.random().hex(8).unwrap_or_else(|_| "replica".to_owned());
    let Ok(id) = PrincipalId::new(format!("job:{LEASE}")) else { return };
    let principal = Principal::new(id, Role::Engineer);
    let clock = world.outside.clock();
    let mut read: Option<(Duration, Vec<Probe>)> = None;
    loop {
        let stale = read.as_ref().is_none_or(|(at, _)| clock.elapsed().saturating_sub(*at) >= READ_EVERY);
        if stale {
            read = Some((clock.elapsed(), all_probes(context, &Call::new(world, &principal), dir)));
        }
        let probes = read.as_ref().map_or(&[][..], |(_, probes)| probes);
        if !probes.is_empty() {
            match turn(world, &principal, &holder, probes) {
                Ok(0) => {}
                Ok(said) => tracing::info!(said, "endpoints turned, or are said again"),
                Err(problem) => tracing::error!("failed to watch endpoints: {problem}"),
            }
        }
        clock.sleep(if probes.is_empty() { READ_EVERY } else { LOOK_EVERY });
    }
}

/// One look; how many facts are new.
fn turn(world: &World, principal: &Principal, holder: &str, probes: &[Probe]) -> Result<u64, Problem> {
    if due(probes, world.outside.clock().now()).is_empty() {
        return Ok(0);
    }
    // Whoever asks says so with each question, and keeps the others waiting until the next but one.
    let shortest = probes.iter().map(|probe| probe.every + probe.timeout).min().unwrap_or_default();
    if !world.hold(LEASE, holder, LEASE_MIN.max(shortest * 2))? {
        return Ok(0);
    }
    let call = Call::new(world, principal);
    let facts = ask(&call, probes)?;
    if facts.is_empty() {
        return Ok(0);
    }
    Ok(call.append(facts)?.new)
}

fn all_probes(context: &Context, call: &Call<'_>, dir: &Path) -> Vec<Probe> {
    let path = crate::commands::config_path(context, Some(dir));
    let config = crate::compose::configuration(&context.outside, &path, false).unwrap_or_default();
    let Ok((errands, _)) = errands(&context.outside, dir, &config) else { return Vec::new() };
    let of_probes = errands.iter().filter(|errand| errand.connector.name == "probes");
    of_probes.flat_map(|errand| probes_of(call, errand)).collect()
}
