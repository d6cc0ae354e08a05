//! The slots of a schedule: when a backup is expected, through daylight saving time and changes of the promise.

use crate::tables::{BackupPromise, SLOT_WINDOW_DAYS_MAX};
use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, Direction};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use mainstay_model::{PromiseKind, Span};

/// Why a schedule cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression is not five-field cron.
    #[error("schedule {0:?} is not a cron expression of five fields: {1}")]
    Cron(String, String),
    /// The IANA database has no such zone.
    #[error("{0:?} is not a time zone of the IANA database")]
    Zone(String),
}

/// A cron expression in a zone.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
    /// The hour field is a wildcard, so that the schedule follows elapsed time and not the clock on the wall.
    every_hour: bool,
}

/// One expected backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// When it is expected.
    pub at: Timestamp,
    /// A run must have begun before this.
    pub deadline: Timestamp,
}

impl Schedule {
    /// Reads an expression of five fields and the name of a zone.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub fn new(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let refused = |e: croner::errors::CronError| ScheduleError::Cron(expression.to_owned(), e.to_string());
        let cron = parser.parse(expression).map_err(refused)?;
        let zone = TimeZone::get(zone).map_err(|_| ScheduleError::Zone(zone.to_owned()))?;
        let hour = expression.split_whitespace().nth(1);
        let every_hour = hour.map_or(expression.trim().eq_ignore_ascii_case("@hourly"), |hour| hour.starts_with('*'));
        Ok(Self { cron, zone, every_hour })
    }

    /// The instants in a span, ascending.
    ///
    /// A schedule at fixed hours has one slot for each time on the wall clock: where the clock goes back and shows a
    /// time twice, the first counts; where it goes forward past a time, the slot moves to the first instant behind the
    /// gap. A schedule with a wildcard for the hour follows elapsed time: it runs in both passes of a repeated hour and
    /// not in an hour that does not exist. That is what cron of Debian and croner do for the plain cases; croner itself
    /// treats lists of hours as the second kind and would give such a slot 0 or 2 times, so the zone is resolved here.
    #[must_use]
    pub fn instants(&self, span: Span) -> Vec<Timestamp> {
        let local = |at: Timestamp| at.to_zoned(self.zone.clone()).datetime();
        // Offsets move by hours at most, so a day on either side sees every candidate.
        let first = local(span.from).checked_sub(1.day()).unwrap_or(DateTime::MIN);
        let last = local(span.to).checked_add(1.day()).unwrap_or(DateTime::MAX);
        let mut out = Vec::new();
        for civil in self.cron.iter_from(first, Direction::Forward).take_while(|civil| *civil <= last) {
            self.resolve(civil, &mut out);
        }
        out.retain(|at| span.contains(*at));
        out.sort_unstable();
        out.dedup();
        out
    }

    fn resolve(&self, civil: DateTime, out: &mut Vec<Timestamp>) {
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => out.extend(offset.to_timestamp(civil).ok()),
            AmbiguousOffset::Fold { before, after } => {
                out.extend(before.to_timestamp(civil).ok());
                if self.every_hour {
                    out.extend(after.to_timestamp(civil).ok());
                }
            }
            AmbiguousOffset::Gap { after, .. } => {
                // Read with the offset from behind the gap, the time lies before it; so the gap is what comes next.
                let before_gap = after.to_timestamp(civil).ok().filter(|_| !self.every_hour);
                out.extend(before_gap.and_then(|at| Some(self.zone.following(at).next()?.timestamp())));
            }
        }
    }
}

impl BackupPromise {
    /// The slots in a span, ascending, each by the promise as it stood at that time; with the job that must meet it.
    ///
    /// # Errors
    /// The schedule or zone of the promise cannot be read.
    pub fn slots(&self, span: Span) -> Result<Vec<(Slot, &str)>, ScheduleError> {
        let mut out = Vec::new();
        for (index, (from, promise)) in self.history.iter().enumerate() {
            let until = self.history.get(index + 1).map_or(Timestamp::MAX, |(next, _)| *next);
            let in_force = Span { from: *from, to: until }.overlap(&span);
            let kind = promise.as_ref().map(|promise| &promise.kind);
            let (Some(in_force), Some(PromiseKind::BackupSchedule { schedule, zone, window_min, job })) =
                (in_force, kind)
            else {
                continue;
            };
            let minutes = i64::from(*window_min).min(SLOT_WINDOW_DAYS_MAX * 24 * 60);
            for at in Schedule::new(schedule, zone)?.instants(in_force) {
                let deadline = at.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
                out.push((Slot { at, deadline }, job.as_str()));
            }
        }
        Ok(out)
    }

    /// The longest window that it ever promised.
    #[must_use]
    pub fn window_max(&self) -> SignedDuration {
        let minutes = self.history.iter().filter_map(|(_, promise)| match &promise.as_ref()?.kind {
            PromiseKind::BackupSchedule { window_min, .. } => Some(i64::from(*window_min)),
            _ => None,
        });
        SignedDuration::from_mins(minutes.max().unwrap_or(0).min(SLOT_WINDOW_DAYS_MAX * 24 * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn berlin(expression: &str, from: &str, to: &str) -> Vec<String> {
        let schedule = Schedule::new(expression, "Europe/Berlin").unwrap();
        schedule.instants(Span { from: at(from), to: at(to) }).iter().map(ToString::to_string).collect()
    }

    // In 2026 the clocks of Berlin go forward on 29 March at 01:00 UTC and back on 25 October at 01:00 UTC.

    #[test]
    fn a_time_that_does_not_exist_moves_to_the_end_of_the_gap_and_is_not_lost() {
        let out = berlin("30 2 * * *", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z");
        assert_eq!(out, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    }

    #[test]
    fn a_time_that_exists_twice_is_one_slot_at_the_first() {
        let out = berlin("30 2 * * *", "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z");
        assert_eq!(out, ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn a_list_of_hours_keeps_one_slot_a_time_as_well() {
        assert_eq!(
            berlin("0 2,14 * * *", "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z"),
            ["2026-10-25T00:00:00Z", "2026-10-25T13:00:00Z"]
        );
        assert_eq!(
            berlin("0 2,14 * * *", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"),
            ["2026-03-29T01:00:00Z", "2026-03-29T12:00:00Z"]
        );
    }

    #[test]
    fn an_hourly_schedule_follows_elapsed_time() {
        // Local 25 October has 25 hours, local 29 March 23.
        assert_eq!(berlin("0 * * * *", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z").len(), 25);
        assert_eq!(berlin("0 * * * *", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z").len(), 23);
    }

    #[test]
    fn spans_are_half_open() {
        assert_eq!(
            berlin("0 3 * * *", "2026-07-01T01:00:00Z", "2026-07-03T01:00:00Z"),
            ["2026-07-01T01:00:00Z", "2026-07-02T01:00:00Z"]
        );
    }

    #[test]
    fn day_of_month_or_day_of_week_as_in_cron() {
        // 1 July 2026 is a Wednesday; Sundays are the 5th and 12th.
        let out = berlin("0 12 1 * 0", "2026-06-30T22:00:00Z", "2026-07-13T22:00:00Z");
        assert_eq!(out, ["2026-07-01T10:00:00Z", "2026-07-05T10:00:00Z", "2026-07-12T10:00:00Z"]);
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_the_text() {
        assert!(matches!(Schedule::new("61 * * * *", "UTC"), Err(ScheduleError::Cron(..))));
        assert!(matches!(Schedule::new("0 0 2 * * *", "UTC"), Err(ScheduleError::Cron(..))));
        assert!(matches!(Schedule::new("0 2 * * *", "Mars/Base"), Err(ScheduleError::Zone(..))));
    }
}
