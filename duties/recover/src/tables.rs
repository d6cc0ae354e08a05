//! What facts about backups fold into.

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{BackupFinished, BackupOutcome, BackupVerified, PromiseMade, PromiseWithdrawn};
use mainstay_model::{FactData, Promise, PromiseKind, Recorded};
use serde::{Deserialize, Serialize};

/// Days by which a run can lie away from the slot that it meets; a promised window that is longer is cut to this.
pub const SLOT_WINDOW_DAYS_MAX: i64 = 31;

/// One run of a backup job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupRun {
    /// How it ended, in the newest statement.
    pub run: BackupFinished,
    /// When it ended.
    pub finished: Timestamp,
    /// Every check that it can be read back, oldest first.
    pub checks: Vec<(Timestamp, bool)>,
}

impl BackupRun {
    /// Whether the run saved all, and no check found it damaged.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.run.outcome == BackupOutcome::Complete && self.checks.iter().all(|(_, intact)| *intact)
    }

    /// The word for how it ended, used in lists and addresses.
    #[must_use]
    pub fn outcome_word(&self) -> &'static str {
        match self.run.outcome {
            BackupOutcome::Complete if !self.is_whole() => "damaged",
            BackupOutcome::Complete => "complete",
            BackupOutcome::Partial => "partial",
            BackupOutcome::Failed => "failed",
        }
    }
}

impl Entity for BackupRun {
    const TABLE: &'static str = "backup_run";

    const TYPES: &'static [&'static str] = &[BackupFinished::TYPE, BackupVerified::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("job", Kind::Text),
        ("outcome", Kind::Text),
        ("target", Kind::Text),
        ("started", Kind::Time),
        ("finished", Kind::Time),
        ("bytes", Kind::Integer),
        ("took_s", Kind::Integer),
        ("verified", Kind::Text),
    ];

    const INDEXED: &'static [&'static str] = &["job"];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let (finished, run) = facts.iter().rev().find_map(|r| Some((r.fact.time, BackupFinished::read(&r.fact)?)))?;
        let check = |r: &Recorded| Some((r.fact.time, BackupVerified::read(&r.fact)?.intact));
        Some(Self { run, finished, checks: facts.iter().filter_map(check).collect() })
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.run.job.as_str().into(),
            self.outcome_word().into(),
            self.run.target.as_ref().map_or(Cell::Null, |target| target.as_str().into()),
            Cell::Time(self.run.started),
            Cell::Time(self.finished),
            self.run.bytes.map_or(Cell::Null, |bytes| Cell::Integer(i64::try_from(bytes).unwrap_or(i64::MAX))),
            Cell::Integer(self.finished.duration_since(self.run.started).as_secs().max(0)),
            self.checks.last().map_or(Cell::Null, |(_, intact)| if *intact { "intact" } else { "damaged" }.into()),
        ]
    }

    /// A run can meet a slot before its start, and be spent on one that a later slot would like to have.
    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let reach = SignedDuration::from_hours(24 * SLOT_WINDOW_DAYS_MAX);
        let first = self.run.started.checked_sub(reach).unwrap_or(Timestamp::MIN);
        (first, self.run.started.max(self.finished).checked_add(reach).ok())
    }
}

/// A promise to take backups on a schedule, as it stood over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupPromise {
    /// The promise from each time on; `None` from where it was withdrawn.
    pub history: Vec<(Timestamp, Option<Promise>)>,
}

impl BackupPromise {
    /// The promise as it stands, unless it is withdrawn.
    #[must_use]
    pub fn current(&self) -> Option<&Promise> {
        self.history.last()?.1.as_ref()
    }

    /// The promise as it stands or stood last.
    #[must_use]
    pub fn newest(&self) -> Option<&Promise> {
        self.history.iter().rev().find_map(|(_, promise)| promise.as_ref())
    }
}

impl Entity for BackupPromise {
    const TABLE: &'static str = "backup_promise";

    const TYPES: &'static [&'static str] = &[PromiseMade::TYPE, PromiseWithdrawn::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("subject", Kind::Text),
        ("job", Kind::Text),
        ("schedule", Kind::Text),
        ("zone", Kind::Text),
        ("window_min", Kind::Integer),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let mut history: Vec<(Timestamp, Option<Promise>)> = Vec::new();
        for Recorded { fact, .. } in facts {
            if let Some(made) = PromiseMade::read(fact) {
                let ours = matches!(made.promise.kind, PromiseKind::BackupSchedule { .. });
                history.push((fact.time, ours.then_some(made.promise)));
            } else if PromiseWithdrawn::read(fact).is_some() {
                history.push((fact.time, None));
            }
        }
        history.iter().any(|(_, promise)| promise.is_some()).then_some(Self { history })
    }

    fn cells(&self) -> Vec<Cell> {
        let state = if self.current().is_some() { "made" } else { "withdrawn" };
        let mut cells = vec![Cell::from(state)];
        if let Some(promise) = self.newest() {
            cells.push(promise.subject.as_str().into());
            if let PromiseKind::BackupSchedule { schedule, zone, window_min, job } = &promise.kind {
                cells.extend([job.as_str().into(), schedule.as_str().into(), zone.as_str().into()]);
                cells.push(Cell::Integer((*window_min).into()));
            }
        }
        cells.resize(Self::COLUMNS.len(), Cell::Null);
        cells
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let first = self.history.first().map_or(Timestamp::MIN, |(at, _)| *at);
        let end = self.history.last().filter(|(_, promise)| promise.is_none()).map(|(at, _)| *at);
        // Its last slots can still take runs that a later promise of the same subject would count.
        (first, end.and_then(|at| at.checked_add(SignedDuration::from_hours(24 * SLOT_WINDOW_DAYS_MAX)).ok()))
    }
}
