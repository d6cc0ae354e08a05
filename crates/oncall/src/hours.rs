//! Weekdays, and hours of a week in which something holds.

use crate::civil::{Skipped, instant};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Days of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weekdays([bool; 7]);

/// From one time of a day to another, on some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The days on which they begin.
    pub days: Weekdays,
    /// When they begin.
    pub from: Time,
    /// When they are over.
    pub to: Time,
    /// How many days later that is: 1 where they last over midnight.
    pub days_later: i8,
}

/// A stretch of time, without its end.
pub(crate) type Stretch = (Timestamp, Timestamp);

impl Weekdays {
    /// Every day.
    pub const ALL: Self = Self([true; 7]);

    /// One more day.
    #[must_use]
    pub fn with(mut self, day: Weekday) -> Self {
        self.0[index(day)] = true;
        self
    }

    /// Whether a day is among them.
    #[must_use]
    pub fn has(self, day: Weekday) -> bool {
        self.0[index(day)]
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// How many of them there are from a date until before another; negative where the other is earlier.
    #[must_use]
    pub fn between(self, from: Date, to: Date) -> i64 {
        if to < from {
            return -self.between(to, from);
        }
        let days = i64::from(from.until(to).map_or(0, |span| span.get_days()));
        let each = i64::try_from(self.0.iter().filter(|has| **has).count()).unwrap_or(7);
        let rest = (0..days % 7).filter(|day| self.0[(index(from.weekday()) + usize::try_from(*day).unwrap_or(0)) % 7]);
        days / 7 * each + i64::try_from(rest.count()).unwrap_or(0)
    }
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

/// The stretches of all hours that touch a time, in order and joined where they meet.
pub(crate) fn stretches(
    hours: &[Hours],
    zone: &TimeZone,
    skipped: Skipped,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Stretch> {
    let mut all = Vec::new();
    for one in hours {
        let reach = Span::new().days(i64::from(one.days_later) + 2);
        let mut date = from.to_zoned(zone.clone()).date().saturating_sub(reach);
        let last = to.to_zoned(zone.clone()).date().saturating_add(Span::new().days(1));
        while date <= last {
            if one.days.has(date.weekday()) {
                let ends = date.saturating_add(Span::new().days(i64::from(one.days_later)));
                let start = instant(date.to_datetime(one.from), zone, skipped);
                let end = instant(ends.to_datetime(one.to), zone, skipped);
                if start < end && start < to && end > from {
                    all.push((start, end));
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
    }
    joined(all)
}

/// The same time in stretches that are in order and do not touch.
pub(crate) fn joined(mut all: Vec<Stretch>) -> Vec<Stretch> {
    all.sort_unstable();
    let mut out: Vec<Stretch> = Vec::with_capacity(all.len());
    for (start, end) in all {
        match out.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => out.push((start, end)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    fn hours(days: &[Weekday], from: Time, to: Time, days_later: i8) -> Hours {
        Hours { days: days.iter().fold(Weekdays::default(), |all, day| all.with(*day)), from, to, days_later }
    }

    #[test]
    fn weekdays_are_counted_across_weeks_and_backwards() {
        let work = [Weekday::Monday, Weekday::Wednesday, Weekday::Friday];
        let work = work.into_iter().fold(Weekdays::default(), Weekdays::with);
        // From Thursday, 5 November 2026: Friday 6, Monday 9, Wednesday 11.
        assert_eq!(work.between(date(2026, 11, 5), date(2026, 11, 12)), 3);
        assert_eq!(work.between(date(2026, 11, 5), date(2026, 11, 6)), 0);
        assert_eq!(work.between(date(2026, 11, 6), date(2026, 11, 7)), 1);
        assert_eq!(work.between(date(2026, 11, 12), date(2026, 11, 5)), -3);
        assert_eq!(work.between(date(2026, 11, 2), date(2027, 11, 1)), 52 * 3);
    }

    #[test]
    fn a_night_of_summer_time_is_an_hour_short() {
        let night = [hours(&[Weekday::Saturday], time(22, 0, 0, 0), time(6, 0, 0, 0), 1)];
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let found = stretches(&night, &berlin, Skipped::Shifted, at("2026-03-28T00:00Z"), at("2026-03-30T00:00Z"));
        assert_eq!(found, [(at("2026-03-28T21:00Z"), at("2026-03-29T04:00Z"))]);
    }

    #[test]
    fn hours_that_meet_are_one_stretch_and_a_weekend_may_be_written_at_once() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (from, to) = (at("2026-11-06T00:00Z"), at("2026-11-12T00:00Z"));
        let weekend = [hours(&[Weekday::Friday], time(17, 0, 0, 0), time(9, 0, 0, 0), 3)];
        let found = stretches(&weekend, &TimeZone::UTC, Skipped::Shifted, from, to);
        assert_eq!(found, [(at("2026-11-06T17:00Z"), at("2026-11-09T09:00Z"))]);
        let days = [
            hours(&[Weekday::Tuesday], time(0, 0, 0, 0), time(0, 0, 0, 0), 1),
            hours(&[Weekday::Wednesday], time(0, 0, 0, 0), time(12, 0, 0, 0), 0),
        ];
        let found = stretches(&days, &TimeZone::UTC, Skipped::Shifted, from, to);
        assert_eq!(found, [(at("2026-11-10T00:00Z"), at("2026-11-11T12:00Z"))]);
    }
}
