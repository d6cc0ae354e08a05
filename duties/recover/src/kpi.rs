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
    Needs::of(promises, query.window).met(runs, query)
}

type RunsByJob<'a> = HashMap<&'a str, Vec<&'a Folded<BackupRun>>>;

fn of_promise(
    promise: &Folded<BackupPromise>,
    slots: &Slots<'_>,
    by_job: &RunsByJob<'_>,
    query: &Query,
) -> Vec<Contribution> {
    let Ok(slots) = slots else {
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
fn slots_that_matter(promise: &BackupPromise, window: Span) -> Slots<'_> {
    let back = |by: SignedDuration| Span { from: window.from.checked_sub(by).unwrap_or(Timestamp::MIN), to: window.to };
    let slots = promise.slots(back(promise.window_max()))?;
    let is_tight = slots.windows(2).any(|pair| pair[1].0.at < pair[0].0.deadline);
    if is_tight { promise.slots(back(SignedDuration::from_hours(24 * SLOT_WINDOW_DAYS_MAX))) } else { Ok(slots) }
}

/// The slots of a promise with their jobs, or why its schedule cannot be read.
type Slots<'a> = Result<Vec<(Slot, &'a str)>, crate::slots::ScheduleError>;

/// What a window needs of promises, once it is known which slots they make.
pub struct Needs<'a> {
    slots: Vec<(&'a Folded<BackupPromise>, Slots<'a>)>,
}

impl<'a> Needs<'a> {
    /// The slots that matter to the window.
    #[must_use]
    pub fn of(promises: &'a [Folded<BackupPromise>], window: Span) -> Self {
        let slots = |promise: &'a Folded<BackupPromise>| (promise, slots_that_matter(&promise.entity, window));
        Self { slots: promises.iter().map(slots).collect() }
    }

    /// The span that the runs touch which these slots can need; `None` where there is no slot.
    ///
    /// A run reaches as far around its start as the longest window of all slots, because it knows no promise. The slots
    /// know better, and so this span may end before it begins: whoever reaches over both ends began between the first
    /// slot and the last deadline.
    #[must_use]
    pub fn runs(&self) -> Option<Span> {
        let slots = || self.slots.iter().filter_map(|(_, slots)| slots.as_ref().ok()).flatten();
        let first = slots().map(|(slot, _)| slot.at).min()?;
        let last = slots().map(|(slot, _)| slot.deadline).max()?;
        let reach = SignedDuration::from_hours(24 * SLOT_WINDOW_DAYS_MAX);
        // A second more takes in the edge.
        let from = first.checked_add(reach - SignedDuration::from_secs(1)).unwrap_or(first);
        Some(Span { from, to: last.checked_sub(reach).unwrap_or(last) })
    }

    /// KPI 11 of these promises; see [`backup_success`].
    #[must_use]
    pub fn met(&self, runs: &[Folded<BackupRun>], query: &Query) -> Vec<Contribution> {
        let mut by_job: HashMap<&str, Vec<&Folded<BackupRun>>> = HashMap::new();
        for run in runs {
            by_job.entry(&run.entity.run.job).or_default().push(run);
        }
        for runs in by_job.values_mut() {
            runs.sort_by(|a, b| a.entity.run.started.cmp(&b.entity.run.started).then_with(|| a.key.cmp(&b.key)));
        }
        self.slots.iter().flat_map(|(promise, slots)| of_promise(promise, slots, &by_job, query)).collect()
    }
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
