//! Parts of a time in UTC.

use super::{Evaluator, Grid, Row, Rows};
use crate::error::{Result, Span};
use crate::functions::Date;
use crate::labels::Labels;
use crate::parse::tree::Expr;

impl Evaluator<'_> {
    /// A part of the time that each number is in seconds since 1970, or of the moment of evaluation.
    pub(super) fn dates(&mut self, date: Date, arguments: &[Expr], grid: Grid, span: Span) -> Result<Rows> {
        let rows = match arguments.first() {
            Some(argument) => self.rows(argument, grid)?,
            None => vec![Row::new(Labels::default(), grid.times().map(super::seconds).collect())],
        };
        self.mapped(rows, span, |value, _| part(date, value))
    }
}

const DAY_S: i64 = 86_400;

fn part(date: Date, seconds: f64) -> f64 {
    if seconds.is_nan() {
        return crate::NAN;
    }
    #[expect(clippy::cast_possible_truncation, reason = "as Go does; the cast holds at the ends of the range")]
    let seconds = (seconds as i64).clamp(-(1 << 60), 1 << 60);
    let (days, of_day) = (seconds.div_euclid(DAY_S), seconds.rem_euclid(DAY_S));
    let (year, month, day) = civil(days);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let number = match date {
        Date::Minute => of_day / 60 % 60,
        Date::Hour => of_day / 3600,
        // 1970 began on a Thursday.
        Date::DayOfWeek => (days + 4).rem_euclid(7),
        Date::DayOfMonth => day,
        Date::DayOfYear => days - days_before_year(year) + 1,
        Date::DaysInMonth => days_in_month,
        Date::Month => month,
        Date::Year => year,
    };
    #[expect(clippy::cast_precision_loss, reason = "parts of a time are small")]
    let number = number as f64;
    number
}

/// Days from 1970 to the first of January of a year.
fn days_before_year(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162
}

/// Year, month and day of a number of days since 1970. Years are counted from March, so that a leap day ends its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_time_are_those_of_the_calendar() {
        // 2024-02-29T23:59:00Z, 1970-01-01 and 1969-12-31T23:59:59Z.
        let of = |seconds: f64| {
            use Date::{DayOfMonth, DayOfWeek, DayOfYear, DaysInMonth, Hour, Minute, Month, Year};
            [Year, Month, DayOfMonth, DayOfWeek, DayOfYear, DaysInMonth, Hour, Minute].map(|date| part(date, seconds))
        };
        assert_eq!(of(1_709_251_140.0), [2024.0, 2.0, 29.0, 4.0, 60.0, 29.0, 23.0, 59.0]);
        assert_eq!(of(0.0), [1970.0, 1.0, 1.0, 4.0, 1.0, 31.0, 0.0, 0.0]);
        assert_eq!(of(-1.0), [1969.0, 12.0, 31.0, 3.0, 365.0, 31.0, 23.0, 59.0]);
    }
}
