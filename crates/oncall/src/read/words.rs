//! What single values say: lengths, times, days.

use crate::rotation::MINUTES_OF_DAY;
use crate::{Length, Weekdays};
use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The longest turn that is taken for meant, in its unit: ten years of hours.
const COUNT_MAX: i32 = 87_660;

/// `week`, `1 week`, `12 hours`, `daily`, `30 minutes`.
pub fn length(text: &str) -> Result<Length, String> {
    let wrong = || format!("{text:?} is no length of turns");
    let mut words = text.split_whitespace();
    let (count, unit) = match (words.next(), words.next(), words.next()) {
        (Some(unit), None, _) => (1, unit),
        (Some(count), Some(unit), None) => (count.parse::<i32>().map_err(|_| wrong())?, unit),
        _ => return Err(wrong()),
    };
    if !(1..=COUNT_MAX).contains(&count) {
        return Err(wrong());
    }
    let minutes = |each: i32| count.checked_mul(each).map(|minutes| Length { months: 0, minutes }).ok_or_else(wrong);
    match unit.to_lowercase().as_str() {
        "minute" | "minutes" => minutes(1),
        "hour" | "hours" | "hourly" => minutes(60),
        "day" | "days" | "daily" => minutes(MINUTES_OF_DAY),
        "week" | "weeks" | "weekly" => minutes(7 * MINUTES_OF_DAY),
        "month" | "months" | "monthly" => Ok(Length { months: count, minutes: 0 }),
        _ => Err(wrong()),
    }
}

/// `5m`, `90s`, `1h`, `2d`.
pub fn delay(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("{text:?} is no length of time");
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (count, unit) = text.split_at(split);
    let count: i64 = count.parse().map_err(|_| wrong())?;
    let each = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let seconds = count.checked_mul(each).filter(|seconds| *seconds <= i64::from(COUNT_MAX) * 3_600);
    Ok(SignedDuration::from_secs(seconds.ok_or_else(wrong)?))
}

/// A time on a wall: `2026-01-05T09:00`, `2026-01-05 09:00`, `2026-01-05`.
pub fn wall(text: &str) -> Result<DateTime, String> {
    let wrong = || format!("{text:?} is no time on a wall");
    let has_zone = text.ends_with(['Z', 'z']) || text.get(10..).is_some_and(|rest| rest.contains(['+', '-', '[']));
    if has_zone {
        return Err(wrong());
    }
    let at: DateTime = text.parse().map_err(|_| wrong())?;
    // Somebody wakes up on the minute; below it, only typing errors are meant.
    if at.second() == 0 && at.subsec_nanosecond() == 0 { Ok(at) } else { Err(wrong()) }
}

/// An instant, or a time on a wall of a zone.
pub fn moment(text: &str, zone: &TimeZone, skipped: crate::Skipped) -> Result<Timestamp, String> {
    match text.parse::<Timestamp>() {
        Ok(at) => Ok(at),
        Err(_) => {
            wall(text).map(|at| crate::civil::instant(at, zone, skipped)).map_err(|_| format!("{text:?} is no time"))
        }
    }
}

/// `18:00`, `fri 18:00`; `24:00` is the end of the day.
pub fn time_of_week(text: &str) -> Result<(Option<Weekday>, Time, bool), String> {
    let wrong = || format!("{text:?} is no time of a day");
    let (day, time) = match text.split_once(' ') {
        None => (None, text),
        Some((day, time)) => (Some(weekday(day)?), time.trim()),
    };
    let (hour, minute) = time.split_once(':').ok_or_else(wrong)?;
    let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<i8>().ok()).flatten();
    match (two(hour).ok_or_else(wrong)?, two(minute).ok_or_else(wrong)?) {
        (24, 0) => Ok((day, Time::midnight(), true)),
        (hour, minute) => Ok((day, Time::new(hour, minute, 0, 0).map_err(|_| wrong())?, false)),
    }
}

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

fn weekday(word: &str) -> Result<Weekday, String> {
    let word = word.trim().to_lowercase();
    let is = |day: &str| word.len() >= 2 && day.starts_with(&word);
    let at = DAYS.iter().position(|day| is(day)).ok_or_else(|| format!("{word:?} is no day of the week"))?;
    Weekday::from_monday_zero_offset(i8::try_from(at).unwrap_or(0)).map_err(|e| e.to_string())
}

/// `mon`, `mon-fri`, `sat-mon`.
pub fn days(text: &str, days: Weekdays) -> Result<Weekdays, String> {
    let (first, last) = match text.split_once('-') {
        None => (weekday(text)?, weekday(text)?),
        Some((first, last)) => (weekday(first)?, weekday(last)?),
    };
    let mut out = days.with(first);
    let mut day = first;
    while day != last {
        day = day.next();
        out = out.with(day);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_words_with_or_without_a_number() {
        assert_eq!(length("week"), Ok(Length { months: 0, minutes: 10_080 }));
        assert_eq!(length("12 hours"), Ok(Length { months: 0, minutes: 720 }));
        assert_eq!(length("Monthly"), Ok(Length { months: 1, minutes: 0 }));
        for bad in ["", "0 days", "-1 week", "fortnight", "1 2 weeks", "1.5 days", "99999999 weeks"] {
            assert!(length(bad).is_err(), "{bad}");
        }
        assert_eq!(delay("5m"), Ok(SignedDuration::from_mins(5)));
        assert_eq!(delay("0s"), Ok(SignedDuration::ZERO));
        for bad in ["5", "m", "-5m", "5 weeks", "999999999999999999999s"] {
            assert!(delay(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_of_a_wall_or_of_the_world_and_never_half() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| moment(text, &berlin, crate::Skipped::Shifted).map(|at| at.to_string());
        assert_eq!(at("2026-07-01T09:00").unwrap(), "2026-07-01T07:00:00Z");
        assert_eq!(at("2026-07-01").unwrap(), "2026-06-30T22:00:00Z");
        assert_eq!(at("2026-07-01T09:00Z").unwrap(), "2026-07-01T09:00:00Z");
        assert_eq!(at("2026-07-01T09:00+05:30").unwrap(), "2026-07-01T03:30:00Z");
        for bad in ["2026-13-01", "noon", "2026-07-01T25:00", "09:00"] {
            assert!(at(bad).is_err(), "{bad}");
        }
        for bad in ["2026-07-01T09:00Z", "2026-07-01T09:00+02:00", "2026-07-01T09:00:30"] {
            assert!(wall(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn days_go_round_the_week() {
        let some = |text: &str| days(text, Weekdays::default());
        let of = |days: &[Weekday]| days.iter().fold(Weekdays::default(), |all, day| all.with(*day));
        assert_eq!(some("sat-mon"), Ok(of(&[Weekday::Saturday, Weekday::Sunday, Weekday::Monday])));
        assert_eq!(some("Tue"), Ok(of(&[Weekday::Tuesday])));
        assert!(some("x").is_err() && some("m").is_err() && some("mon-").is_err() && some("t-f").is_err());
        assert_eq!(time_of_week("fri 17:30").unwrap().0, Some(Weekday::Friday));
        assert!(time_of_week("24:00").unwrap().2);
        for bad in ["24:01", "9:00", "0900", "xx 09:00", "09:60"] {
            assert!(time_of_week(bad).is_err(), "{bad}");
        }
    }
}
