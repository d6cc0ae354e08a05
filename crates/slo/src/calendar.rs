//! Budgets that begin anew on a day of the calendar: a week, a month, a quarter in a named zone.
//!
//! As OpenSLO says it: a first start, in the wall time of a zone, and a length in units of the calendar. Every later start is
//! counted from the first one, so that budgets of a month that begin on the 31st begin on the last day of shorter months and
//! on the 31st again afterwards.

use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit as Of, Zoned};
use mainstay_model::{Span, Window};

/// A unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Days, of 23 to 25 hours.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Quarters of a year.
    Quarter,
    /// Years.
    Year,
}

impl Unit {
    /// How many months or days it has; a unit has either.
    const fn months_or_days(self) -> Result<i64, i64> {
        match self {
            Self::Day => Err(1),
            Self::Week => Err(7),
            Self::Month => Ok(1),
            Self::Quarter => Ok(3),
            Self::Year => Ok(12),
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// When budgets begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// The unit of their length.
    pub unit: Unit,
    /// How many of it.
    pub count: i64,
    /// When the first one began, in the zone's wall time.
    pub start: DateTime,
    /// The zone of the IANA database.
    pub zone: String,
}

/// A Monday that begins a month, a quarter and a year: where budgets begin of which nothing says so.
const USUAL_START: DateTime = date(2024, 1, 1).at(0, 0, 0, 0);

impl Calendar {
    /// One whose budgets begin with the unit, in UTC.
    #[must_use]
    pub fn usual(unit: Unit, count: i64) -> Self {
        Self { unit, count, start: USUAL_START, zone: "UTC".to_owned() }
    }

    /// The budget's window that holds an instant; nothing where the zone is none, or at the end of all calendars.
    #[must_use]
    pub fn window(&self, at: Timestamp) -> Option<Span> {
        let zone = Window::zone(&self.zone).ok()?;
        let here = at.to_zoned(zone.clone()).datetime();
        let mut number = self.near(here)?;
        // Clamped days and hours of the day put the estimate off by one at most; the loops would right it by more.
        while self.begin(number, &zone)? > at {
            number -= 1;
        }
        while self.begin(number + 1, &zone)? <= at {
            number += 1;
        }
        Some(Span { from: self.begin(number, &zone)?, to: self.begin(number + 1, &zone)? })
    }

    /// About how many windows lie between the first start and a wall time.
    fn near(&self, here: DateTime) -> Option<i64> {
        let length = self.count.max(1);
        Some(match self.unit.months_or_days() {
            Ok(months) => {
                let of = |at: DateTime| i64::from(at.year()) * 12 + i64::from(at.month());
                (of(here) - of(self.start)).div_euclid(months.checked_mul(length)?)
            }
            Err(days) => {
                let between = here.date().since((Of::Day, self.start.date())).ok()?.get_days();
                i64::from(between).div_euclid(days.checked_mul(length)?)
            }
        })
    }

    fn begin(&self, number: i64, zone: &TimeZone) -> Option<Timestamp> {
        let times = number.checked_mul(self.count.max(1))?;
        let span = match self.unit.months_or_days() {
            Ok(months) => jiff::Span::new().try_months(times.checked_mul(months)?).ok()?,
            Err(days) => jiff::Span::new().try_days(times.checked_mul(days)?).ok()?,
        };
        let wall = self.start.checked_add(span).ok()?;
        wall.to_zoned(zone.clone()).ok().as_ref().map(Zoned::timestamp)
    }

    /// `a month`, `2 weeks`, with the zone where it is not UTC.
    #[must_use]
    pub fn shown(&self) -> String {
        let length = match self.count {
            0 | 1 => format!("calendar {}", self.unit.word()),
            count => format!("{count} calendar {}s", self.unit.word()),
        };
        if self.zone == "UTC" { length } else { format!("{length} in {}", self.zone) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(calendar: &Calendar, at: &str, from: &str, to: &str) {
        let window = calendar.window(at.parse().unwrap()).unwrap();
        assert_eq!((window.from.to_string(), window.to.to_string()), (from.to_owned(), to.to_owned()), "{at}");
    }

    #[test]
    fn a_month_of_a_zone_begins_at_its_own_midnight_and_is_an_hour_longer_or_shorter_with_the_clock() {
        let berlin = Calendar { zone: "Europe/Berlin".to_owned(), ..Calendar::usual(Unit::Month, 1) };
        check(&berlin, "2026-10-31T22:59:59Z", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z");
        check(&berlin, "2026-10-31T23:00:00Z", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z");
    }

    #[test]
    fn weeks_begin_on_monday_and_quarters_with_their_first_month() {
        check(&Calendar::usual(Unit::Week, 1), "2026-11-28T12:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z");
        check(
            &Calendar::usual(Unit::Quarter, 1),
            "2026-11-28T12:00:00Z",
            "2026-10-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
        );
        check(&Calendar::usual(Unit::Year, 1), "2023-12-31T12:00:00Z", "2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z");
    }

    #[test]
    fn every_start_is_counted_from_the_first() {
        let start = date(2026, 1, 31).at(12, 30, 0, 0);
        let last = Calendar { start, ..Calendar::usual(Unit::Month, 1) };
        check(&last, "2026-02-28T12:29:59Z", "2026-01-31T12:30:00Z", "2026-02-28T12:30:00Z");
        check(&last, "2026-03-01T00:00:00Z", "2026-02-28T12:30:00Z", "2026-03-31T12:30:00Z");
        check(&last, "2025-12-31T12:30:00Z", "2025-12-31T12:30:00Z", "2026-01-31T12:30:00Z");
        let fortnight = Calendar { start: date(2026, 11, 2).at(0, 0, 0, 0), ..Calendar::usual(Unit::Week, 2) };
        check(&fortnight, "2026-11-28T00:00:00Z", "2026-11-16T00:00:00Z", "2026-11-30T00:00:00Z");
    }
}
