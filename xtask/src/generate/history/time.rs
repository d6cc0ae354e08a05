//! Seconds since 1970 in UTC, which is all that the made-up world counts in.

use mainstay_model::Timestamp;

/// A minute, in seconds.
pub const MINUTE: i64 = 60;
/// An hour, in seconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day, in seconds.
pub const DAY: i64 = 24 * HOUR;

/// The first instant: 2026-08-17T00:00:00Z.
pub const START: i64 = 1_786_924_800;
/// Whole days of the history.
pub const DAYS: i64 = 90;
/// The first instant behind: 2026-11-15T00:00:00Z.
pub const END: i64 = START + DAYS * DAY;

/// The instant as facts write it.
pub fn stamp(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The instant of a text such as `2026-09-01T00:00:00Z`. Only constants of this generator come here.
pub fn at(text: &str) -> i64 {
    let parsed: Result<Timestamp, _> = text.parse();
    parsed.expect("the generator's own instants are well-formed").as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_spans_ninety_days_that_hold_two_calendar_months() {
        assert_eq!((START, END), (at("2026-08-17T00:00:00Z"), at("2026-11-15T00:00:00Z")));
        assert!(START < at("2026-09-01T00:00:00Z") && at("2026-11-01T00:00:00Z") < END);
    }
}
