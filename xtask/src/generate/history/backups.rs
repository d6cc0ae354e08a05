//! Backups promised and taken: KPI 11.

use super::time::{DAY, DAYS, END, HOUR, MINUTE, START, at, stamp};
use super::truth::{Period, Truth};
use super::{Log, Rng, subject_of};
use crate::shell::Outcome;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use mainstay_model::facts::*;
use mainstay_model::{Promise, PromiseKind, Timestamp};

/// A promised schedule.
struct Job {
    name: &'static str,
    service: &'static str,
    team: &'static str,
    cron: &'static str,
    zone: &'static str,
    window_min: i64,
    /// What the expression means: hours of the day, the minute, and the day of the week if only one.
    hours: &'static [i8],
    minute: i8,
    weekday: Option<Weekday>,
    made: i64,
    withdrawn: Option<&'static str>,
}

/// Before the history began.
const LONG_AGO: i64 = START - 30 * DAY;

const JOBS: &[Job] = &[
    Job {
        name: "restic:orders-db",
        service: "orders",
        team: "commerce",
        cron: "30 2 * * *",
        zone: "Europe/Berlin",
        window_min: 45,
        hours: &[2],
        minute: 30,
        weekday: None,
        made: LONG_AGO,
        withdrawn: None,
    },
    Job {
        name: "restic:payments-db",
        service: "payments",
        team: "payments",
        cron: "0 */6 * * *",
        zone: "UTC",
        window_min: 60,
        hours: &[0, 6, 12, 18],
        minute: 0,
        weekday: None,
        made: LONG_AGO,
        withdrawn: None,
    },
    // Its slots of the first of a month lie in the month before, counted in UTC.
    Job {
        name: "restic:catalogue-media",
        service: "catalogue",
        team: "commerce",
        cron: "30 0 * * *",
        zone: "Europe/Berlin",
        window_min: 240,
        hours: &[0],
        minute: 30,
        weekday: None,
        made: LONG_AGO,
        withdrawn: Some("2026-11-10T12:00:00Z"),
    },
    // Where the clock goes forward over its slot in this season.
    Job {
        name: "restic:mirror-sydney",
        service: "storefront",
        team: "commerce",
        cron: "30 2 * * *",
        zone: "Australia/Sydney",
        window_min: 180,
        hours: &[2],
        minute: 30,
        weekday: None,
        made: LONG_AGO,
        withdrawn: None,
    },
    // Promised in the middle of a month; before that nothing was expected.
    Job {
        name: "restic:warehouse",
        service: "inventory",
        team: "fulfilment",
        cron: "0 3 * * 0",
        zone: "UTC",
        window_min: 600,
        hours: &[3],
        minute: 0,
        weekday: Some(Weekday::Sunday),
        made: START + 24 * DAY,
        withdrawn: None,
    },
];

/// What became of a slot: the runs for it, and whether it was met.
pub struct Slot {
    job: usize,
    at: i64,
    runs: Vec<Run>,
    met: bool,
}

struct Run {
    started: i64,
    minutes: i64,
    outcome: BackupOutcome,
    verified: Option<bool>,
}

/// Makes up every slot that was promised, and the runs.
pub fn make(rng: &mut Rng) -> Vec<Slot> {
    let mut out = Vec::new();
    for (index, job) in JOBS.iter().enumerate() {
        for at in slots(job) {
            let window = job.window_min * MINUTE;
            let (runs, met) = runs(rng, at, window);
            out.push(Slot { job: index, at, runs, met });
        }
    }
    // The night on which the clock went back, and the one on which it went forward, were kept.
    for night in ["2026-10-25T00:30:00Z", "2026-10-03T16:00:00Z"] {
        let at = at(night);
        if let Some(slot) = out.iter_mut().find(|slot| slot.at == at && slot.job != 1) {
            (slot.runs, slot.met) = (vec![complete(at + 2 * MINUTE, 9)], true);
        }
    }
    out
}

/// The promised instants of the history. Five-field cron on local time, as Debian's cron reads it: a time that the clock
/// skips runs when the skip is over, and one that it repeats runs once.
fn slots(job: &Job) -> Vec<i64> {
    let zone = TimeZone::get(job.zone).unwrap_or(TimeZone::UTC);
    let first: Date = zone.to_datetime(stamp(START)).date();
    let mut out = Vec::new();
    let mut day = first.yesterday().unwrap_or(first);
    for _ in 0..DAYS + 3 {
        if job.weekday.is_none_or(|weekday| weekday == day.weekday()) {
            for hour in job.hours {
                let local = day.to_datetime(Time::constant(*hour, job.minute, 0, 0));
                let ambiguous = zone.to_ambiguous_timestamp(local);
                let skipped = matches!(ambiguous.offset(), jiff::tz::AmbiguousOffset::Gap { .. });
                let instant = ambiguous.compatible().unwrap_or(Timestamp::UNIX_EPOCH);
                let at = instant.as_second();
                // jiff moves a skipped time on by the length of the skip; cron runs it at the skip's end.
                let at = if skipped { at - i64::from(job.minute) * MINUTE } else { at };
                out.push(at);
            }
        }
        day = day.tomorrow().unwrap_or(day);
    }
    let end = job.withdrawn.map_or(END, at);
    out.retain(|at| job.made.max(START) <= *at && *at < end);
    out
}

fn complete(started: i64, minutes: i64) -> Run {
    Run { started, minutes, outcome: BackupOutcome::Complete, verified: None }
}

/// What happened in a slot, and whether that kept the promise.
fn runs(rng: &mut Rng, slot: i64, window: i64) -> (Vec<Run>, bool) {
    let begin = slot + rng.between(0, 240);
    let minutes = rng.between(6, 20);
    let run = complete(begin, minutes);
    let failed = |outcome| Run { outcome, ..complete(begin, 4) };
    match rng.between(1, 200) {
        // It never started: there is no log of it anywhere.
        1..=2 => (Vec::new(), false),
        // It failed, and a retry inside the window made good.
        3..=5 => (vec![failed(BackupOutcome::Failed), complete(slot + window / 2, minutes)], true),
        // The retry came at the first instant behind the window.
        6 => (vec![failed(BackupOutcome::Failed), complete(slot + window, minutes)], false),
        // A part was left out.
        7 => (vec![failed(BackupOutcome::Partial)], false),
        8 => (vec![failed(BackupOutcome::Partial), complete(slot + window / 2, minutes)], true),
        // Somebody ran it by hand before the slot and thought that was it.
        9 => (vec![complete(slot - 20 * MINUTE, minutes)], false),
        // It ended well and could not be read back.
        10 => (vec![Run { verified: Some(false), ..run }], false),
        // It could not be read back, and was taken again in time.
        11 => {
            let again = Run { verified: Some(true), ..complete(slot + window - 1, minutes) };
            (vec![Run { verified: Some(false), ..run }, again], true)
        }
        12..=60 => (vec![Run { verified: Some(true), ..run }], true),
        _ => (vec![run], true),
    }
}

/// KPI 11: slots with a complete run that started in their window, of all that were promised.
pub fn success(slots: &[Slot], period: &Period) -> Truth {
    let mut truth = Truth::new(11, "backup-success", period);
    for slot in slots.iter().filter(|slot| period.contains(slot.at)) {
        truth.count(i64::from(slot.met));
    }
    truth
}

/// What the promise files and restic would have written.
pub fn facts(slots: &[Slot]) -> Outcome<Log> {
    let mut log = Log::new("restic:lumen");
    for job in JOBS {
        let name = job.name.trim_start_matches("restic:");
        let kind = PromiseKind::BackupSchedule {
            schedule: job.cron.to_owned(),
            zone: job.zone.to_owned(),
            window_min: u32::try_from(job.window_min).unwrap_or(0),
            job: job.name.to_owned(),
        };
        let subject = subject_of(&format!("service:{}", job.service))?;
        let promise = Promise {
            id: format!("backup.{name}"),
            subject,
            owner: Some(subject_of(&format!("team:{}", job.team))?),
            kind,
        };
        log.say(&format!("promise:backup.{name}"), job.made, &PromiseMade { promise })?;
        if let Some(withdrawn) = job.withdrawn {
            log.say(&format!("promise:backup.{name}"), at(withdrawn), &PromiseWithdrawn {})?;
        }
    }
    for slot in slots {
        let job = &JOBS[slot.job];
        for run in &slot.runs {
            let id = format!("backup:{}/{}", job.name, stamp(run.started));
            let end = run.started + run.minutes * MINUTE;
            let finished = BackupFinished {
                job: job.name.to_owned(),
                started: stamp(run.started),
                outcome: run.outcome,
                target: Some(subject_of(&format!("service:{}", job.service))?),
                snapshot: None,
                bytes: Some(48_318_382_080 + run.started.unsigned_abs() % 1_000_003),
                unreadable: u64::from(run.outcome == BackupOutcome::Partial) * 3,
            };
            log.say(&id, end, &finished)?;
            if let Some(intact) = run.verified {
                log.say(&id, end + HOUR, &BackupVerified { intact })?;
            }
        }
    }
    Ok(log)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(job: usize, from: &str, to: &str) -> Vec<String> {
        let within = |slot: &i64| at(from) <= *slot && *slot < at(to);
        slots(&JOBS[job]).into_iter().filter(within).map(|slot| stamp(slot).to_string()).collect()
    }

    #[test]
    fn a_slot_that_the_clock_repeats_is_expected_once() {
        let night = on(0, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
        assert_eq!(night, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn a_slot_that_the_clock_skips_is_expected_when_the_skip_is_over() {
        let night = on(3, "2026-10-02T12:00:00Z", "2026-10-05T12:00:00Z");
        assert_eq!(night, ["2026-10-02T16:30:00Z", "2026-10-03T16:00:00Z", "2026-10-04T15:30:00Z"]);
    }

    #[test]
    fn nothing_is_expected_before_a_promise_is_made_or_after_it_is_withdrawn() {
        assert_eq!(on(4, "2026-08-17T00:00:00Z", "2026-09-20T00:00:00Z"), ["2026-09-13T03:00:00Z"]);
        assert_eq!(on(2, "2026-11-09T12:00:00Z", "2026-11-15T00:00:00Z"), ["2026-11-09T23:30:00Z"]);
    }
}
