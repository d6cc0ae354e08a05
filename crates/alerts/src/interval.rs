//! Times at which a route is muted or active.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Times that meet all of some conditions. A condition that is not given is met always; of one that is given without any
/// range, nothing meets it.
#[derive(Debug, Clone, Default)]
pub struct TimeInterval {
    pub(crate) times: Option<Vec<Range>>,
    pub(crate) weekdays: Option<Vec<Range>>,
    pub(crate) days_of_month: Option<Vec<Range>>,
    pub(crate) months: Option<Vec<Range>>,
    pub(crate) years: Option<Vec<Range>>,
    pub(crate) zone: Option<TimeZone>,
}

/// First and last of a range; of times the last minute is not part of it.
pub(crate) type Range = (i64, i64);

impl TimeInterval {
    /// Whether it contains an instant.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.zone.clone().unwrap_or(TimeZone::UTC));
        let within = |ranges: &Option<Vec<Range>>, value: i64| {
            ranges.as_ref().is_none_or(|ranges| ranges.iter().any(|(first, last)| (*first..=*last).contains(&value)))
        };
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let in_times =
            self.times.as_ref().is_none_or(|times| times.iter().any(|(from, to)| (*from..*to).contains(&minute)));
        in_times
            && self.days_of_month.as_ref().is_none_or(|ranges| ranges.iter().any(|range| has_day(*range, &local)))
            && within(&self.months, i64::from(local.month()))
            && within(&self.weekdays, day_number(local.weekday()))
            && within(&self.years, i64::from(local.year()))
    }
}

/// Sunday is 0.
fn day_number(day: Weekday) -> i64 {
    i64::from(day.to_sunday_zero_offset())
}

/// Whether a day of the month is in a range, in which negative days count from the end.
fn has_day((first, last): Range, at: &Zoned) -> bool {
    let days = days_in_month(at);
    let from_end = |day: i64| if day < 0 { days + day + 1 } else { day };
    let (first, last) = (from_end(first), from_end(last));
    // A range that begins behind the end of a short month is not met in it, but one that ends there is cut.
    first <= days && (first.max(-days)..=last.clamp(-days, days)).contains(&i64::from(at.day()))
}

/// The days of the month as Alertmanager 0.25 counts them: whole days of 24 hours between its first and the next one's
/// first midnight. Where summer time begins in it, that is one less than the calendar has; mended in later versions.
fn days_in_month(at: &Zoned) -> i64 {
    let first = at.date().first_of_month();
    let midnight = |date: jiff::civil::Date| date.to_zoned(at.time_zone().clone()).ok();
    let next = at.date().last_of_month().tomorrow().ok().and_then(midnight);
    let hours = midnight(first).zip(next).map(|(first, next)| first.duration_until(&next).as_hours());
    hours.map_or_else(|| i64::from(at.date().days_in_month()), |hours| hours / 24)
}

const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// `monday:friday`, upper or lower case.
pub(crate) fn weekdays(text: &str) -> Result<Range, String> {
    let day = |word: &str| WEEKDAYS.iter().position(|day| *day == word).map(|at| at as i64);
    let (first, last) = range(text, |word| day(word).ok_or_else(|| format!("{word} is not a valid weekday")))?;
    if first > last { Err("start day cannot be before end day".to_owned()) } else { Ok((first, last)) }
}

/// `january:3`. Numbers beyond 12 are read and never met.
pub(crate) fn months(text: &str) -> Result<Range, String> {
    let named = |word: &str| MONTHS.iter().position(|month| *month == word).map(|at| at as i64 + 1);
    let month = |word: &str| named(word).or_else(|| whole(word)).ok_or_else(|| format!("{word} is not a valid month"));
    let (first, last) = range(text, month)?;
    if first > last { Err(format!("end month {last} is before start month {first}")) } else { Ok((first, last)) }
}

/// `2026:2028`.
pub(crate) fn years(text: &str) -> Result<Range, String> {
    let (first, last) = range(text, |word| whole(word).ok_or_else(|| format!("{word} is not a valid year")))?;
    if first > last { Err(format!("end year {last} is before start year {first}")) } else { Ok((first, last)) }
}

/// `1:15`, `-7:-1`: negative days count from the end of the month.
pub(crate) fn days_of_month(text: &str) -> Result<Range, String> {
    let (first, last) = range(text, |word| whole(word).ok_or_else(|| format!("{word} is not a valid day")))?;
    for day in [first, last] {
        if day == 0 || !(-31..=31).contains(&day) {
            return Err(format!("{day} is not a valid day of the month: out of range"));
        }
    }
    if first < 0 && last > 0 {
        return Err("end day must be negative if start day is negative".to_owned());
    }
    // In the shortest month at the latest the start must not be behind the end.
    let least = |day: i64| if day < 0 { 28 + day } else { day };
    if least(first) > least(last) {
        return Err(format!("end day {last} is always before start day {first}"));
    }
    Ok((first, last))
}

/// Minutes of `09:30`; `24:00` ends a day.
pub(crate) fn minute(text: &str) -> Result<i64, String> {
    let wrong = || format!("couldn't parse timestamp {text:?}; write HH:MM");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let two = |digits: &str| (digits.len() == 2).then(|| whole(digits)).flatten().filter(|n| *n >= 0);
    match (two(hour).ok_or_else(wrong)?, two(minute).ok_or_else(wrong)?) {
        (24, 0) => Ok(1440),
        (hour @ 0..24, minute @ 0..60) => Ok(hour * 60 + minute),
        _ => Err(wrong()),
    }
}

fn range(text: &str, member: impl Fn(&str) -> Result<i64, String>) -> Result<Range, String> {
    let text = text.to_lowercase();
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        [one] => member(one).map(|one| (one, one)),
        [first, last] => Ok((member(first)?, member(last)?)),
        _ => Err(format!("couldn't parse range {text}, invalid format")),
    }
}

fn whole(word: &str) -> Option<i64> {
    word.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(interval: &TimeInterval, at: &str) -> bool {
        interval.contains(at.parse().unwrap())
    }

    #[test]
    fn a_working_week_is_that_of_its_place() {
        let week = TimeInterval {
            times: Some(vec![(9 * 60, 17 * 60)]),
            weekdays: Some(vec![weekdays("Monday:FRIDAY").unwrap()]),
            zone: Some(TimeZone::get("Europe/Berlin").unwrap()),
            ..TimeInterval::default()
        };
        // Monday, 7 December 2026, is winter: Berlin is an hour ahead. 17:00 is no longer part of it.
        assert!(contains(&week, "2026-12-07T08:00:00Z"));
        assert!(!contains(&week, "2026-12-07T07:59:59Z"));
        assert!(contains(&week, "2026-12-07T15:59:59Z"));
        assert!(!contains(&week, "2026-12-07T16:00:00Z"));
        assert!(!contains(&week, "2026-12-06T10:00:00Z"));
        // Monday, 6 July, is summer: two hours.
        assert!(contains(&week, "2026-07-06T07:00:00Z"));
    }

    #[test]
    fn days_count_from_both_ends_and_are_cut_to_the_month() {
        let days = |text: &str| TimeInterval {
            days_of_month: Some(vec![days_of_month(text).unwrap()]),
            ..TimeInterval::default()
        };
        assert!(contains(&days("-1"), "2026-02-28T12:00:00Z"));
        assert!(!contains(&days("-1"), "2024-02-28T12:00:00Z"));
        assert!(contains(&days("-1"), "2024-02-29T12:00:00Z"));
        assert!(contains(&days("28:31"), "2026-02-28T12:00:00Z"));
        assert!(!contains(&days("29:31"), "2026-02-28T12:00:00Z"));
        assert!(contains(&days("1:-1"), "2026-02-14T12:00:00Z"));
    }

    #[test]
    fn the_month_of_summer_time_is_a_day_short_as_in_0_25() {
        // 743 hours lie between 1 March and 1 April 2026 in Berlin, which are 30 whole days.
        let last = TimeInterval {
            days_of_month: Some(vec![(-1, -1)]),
            zone: Some(TimeZone::get("Europe/Berlin").unwrap()),
            ..TimeInterval::default()
        };
        assert!(contains(&last, "2026-03-30T12:00:00Z"));
        assert!(!contains(&last, "2026-03-31T12:00:00Z"));
        assert!(contains(&last, "2026-10-31T12:00:00Z"));
    }

    #[test]
    fn ranges_are_refused_where_they_can_never_be_met() {
        assert!(weekdays("friday:monday").is_err() && weekdays("noday").is_err() && weekdays("a:b:c").is_err());
        assert!(months("december:1").is_err() && months("13").is_ok() && months("x").is_err());
        assert!(years("2026:2025").is_err() && years("2026").is_ok());
        for bad in ["0", "32", "-32", "-1:3", "5:2", "28:-5", "x"] {
            assert!(days_of_month(bad).is_err(), "{bad}");
        }
        assert_eq!(minute("24:00"), Ok(1440));
        for bad in ["24:01", "9:00", "09:60", "0900", "-1:00", "09:00:00"] {
            assert!(minute(bad).is_err(), "{bad}");
        }
    }
}
