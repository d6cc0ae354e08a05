//! KPI 11, backup success.

use crate::slots::Slot;
use crate::tables::{BackupPromise, BackupRun, SLOT_WINDOW_DAYS_MAX};
use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Contribution, Folded, Query, Standing};
use mainstay_model::Span;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// KPI 11: the share of the promised slots that a whole run met, by time of the slot.
///
/// The slots come from the promises and not from the runs: a run that never began is in no log. A slot is met by a run
/// that began in its window, saved all and was not found damaged; a run meets one slot of a promise at most. A slot whose
/// window is not over at `as_of` is pending.
#[must_use]
pub fn backup_success(
    promises: &[Folded<BackupPromise>],
    runs: &[Folded<BackupRun>],
    query: &Query,
) -> Vec<Contribution> {
    let mut by_job: HashMap<&str, Vec<&Folded<BackupRun>>> = HashMap::new();
    for run in runs {
        by_job.entry(&run.entity.run.job).or_default().push(run);
    }
    for runs in by_job.values_mut() {
        runs.sort_by(|a, b| a.entity.run.started.cmp(&b.entity.run.started).then_with(|| a.key.cmp(&b.key)));
    }
    promises.iter().flat_map(|promise| of_promise(promise, &by_job, query)).collect()
}

type RunsByJob<'a> = HashMap<&'a str, Vec<&'a Folded<BackupRun>>>;

fn of_promise(promise: &Folded<BackupPromise>, by_job: &RunsByJob<'_>, query: &Query) -> Vec<Contribution> {
    let Ok(slots) = slots_that_matter(&promise.entity, query.window) else {
        let why = "schedule cannot be read";
        let out = Contribution::excluded(&promise.key, query.window.from, why, promise.facts.clone());
        return vec![Contribution { standing: Standing::Unknown(why), ..out }];
    };
    let mut out = Vec::new();
    let mut rest = slots.as_slice();
    // A promise remade for another job begins to look at that job's runs.
    while let Some((_, job)) = rest.first() {
        let (same, later) = rest.split_at(rest.iter().position(|(_, other)| other != job).unwrap_or(rest.len()));
        rest = later;
        let slots: Vec<Slot> = same.iter().map(|(slot, _)| *slot).collect();
        let runs = by_job.get(job).map_or(&[][..], Vec::as_slice);
        let met = met_by(&slots, runs);
        for (slot, run) in slots.iter().zip(met).filter(|(slot, _)| query.window.contains(slot.at)) {
            out.push(of_slot(promise, job, *slot, run, runs, query));
        }
    }
    out
}

/// The slots in the window, and those before it that could take a run from one in it. Only where windows overlap the
/// next slot, runs are scarce, and then the look back is as long as a window may be.
fn slots_that_matter(promise: &BackupPromise, window: Span) -> Result<Vec<(Slot, &str)>, crate::slots::ScheduleError> {
    let back = |by: SignedDuration| Span { from: window.from.checked_sub(by).unwrap_or(Timestamp::MIN), to: window.to };
    let slots = promise.slots(back(promise.window_max()))?;
    let is_tight = slots.windows(2).any(|pair| pair[1].0.at < pair[0].0.deadline);
    if is_tight { promise.slots(back(SignedDuration::from_hours(24 * SLOT_WINDOW_DAYS_MAX))) } else { Ok(slots) }
}

/// Which run meets each slot, as an index into the runs. Runs are spent in order of their start, each on the open slot
/// whose window ends first, which meets as many slots as can be met.
fn met_by(slots: &[Slot], runs: &[&Folded<BackupRun>]) -> Vec<Option<usize>> {
    let mut met = vec![None; slots.len()];
    let (Some(first), Some(last)) = (slots.first(), slots.iter().map(|slot| slot.deadline).max()) else { return met };
    let begin = runs.partition_point(|run| run.entity.run.started < first.at);
    let mut waiting: BinaryHeap<Reverse<(Timestamp, usize)>> = BinaryHeap::new();
    let mut next = 0;
    for (index, run) in runs.iter().enumerate().skip(begin) {
        let started = run.entity.run.started;
        if started >= last {
            break;
        }
        if !run.entity.is_whole() {
            continue;
        }
        while next < slots.len() && slots[next].at <= started {
            waiting.push(Reverse((slots[next].deadline, next)));
            next += 1;
        }
        while waiting.peek().is_some_and(|Reverse((deadline, _))| *deadline <= started) {
            waiting.pop();
        }
        if let Some(Reverse((_, slot))) = waiting.pop() {
            met[slot] = Some(index);
        }
    }
    met
}

fn of_slot(
    promise: &Folded<BackupPromise>,
    job: &str,
    slot: Slot,
    met: Option<usize>,
    runs: &[&Folded<BackupRun>],
    query: &Query,
) -> Contribution {
    // The evidence is the run that met it, or every run that tried.
    let tried = |at: Timestamp| runs.partition_point(|run| run.entity.run.started < at);
    let evidence = match met {
        Some(index) => &runs[index..=index],
        None => &runs[tried(slot.at)..tried(slot.deadline)],
    };
    let mut facts = promise.facts.clone();
    facts.extend(evidence.iter().flat_map(|run| &run.facts));
    facts.sort_unstable();
    let mut out = Contribution::counted(&promise.key, slot.at, f64::from(u8::from(met.is_some())), 1.0, facts);
    if slot.deadline > query.as_of {
        out.standing = Standing::Excluded("pending");
    }
    out.slice = Some(("job", job.to_owned()));
    if let Some(promise) = promise.entity.newest() {
        out.service = (promise.subject.kind() == "service").then(|| promise.subject.to_string());
        out.team = promise.owner.as_ref().map(ToString::to_string);
    }
    out
}

#[cfg(test)]
mod tests;
