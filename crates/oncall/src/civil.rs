//! From the time on a wall to the instant.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// What becomes of a time that a wall clock jumps over. One that it shows twice is the first of the two, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Skipped {
    /// As RFC 5545 (3.3.5) has it: read with the offset before the gap, so that 02:30 becomes 03:30.
    #[default]
    Shifted,
    /// As `GoAlert` has it: the first instant behind the gap, so that 02:30 becomes 03:00.
    Behind,
}

/// The instant at which clocks of a zone show a time. At the ends of the calendar it is the last instant there is.
#[must_use]
pub fn instant(at: DateTime, zone: &TimeZone, skipped: Skipped) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    let (offset, is_gap) = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => (offset, false),
        AmbiguousOffset::Gap { before, .. } => (before, true),
        AmbiguousOffset::Fold { before, .. } => (before, false),
    };
    let Ok(shifted) = offset.to_timestamp(at) else {
        return if at.year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
    };
    if !is_gap || skipped == Skipped::Shifted {
        return shifted;
    }
    // Read with the offset before, a skipped time lies at or behind the transition that skips it, and no other lies between.
    let behind = shifted.checked_add(SignedDuration::from_nanos(1)).unwrap_or(shifted);
    zone.preceding(behind).next().map_or(shifted, |transition| transition.timestamp())
}

/// Whether clocks of a zone jump over a time.
#[must_use]
pub fn is_skipped(at: DateTime, zone: &TimeZone) -> bool {
    matches!(zone.to_ambiguous_timestamp(at).offset(), AmbiguousOffset::Gap { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zone: &str, wall: &str, skipped: Skipped) -> String {
        let zone = TimeZone::get(zone).unwrap();
        instant(wall.parse().unwrap(), &zone, skipped).to_zoned(zone).strftime("%Y-%m-%d %H:%M %:z").to_string()
    }

    #[test]
    fn a_skipped_time_is_read_with_the_offset_before_or_is_the_end_of_the_gap() {
        let chicago = |wall: &str, skipped| at("America/Chicago", &format!("2018-03-11T{wall}"), skipped);
        for skipped in [Skipped::Shifted, Skipped::Behind] {
            assert_eq!(chicago("01:00", skipped), "2018-03-11 01:00 -06:00");
            assert_eq!(chicago("01:30", skipped), "2018-03-11 01:30 -06:00");
            assert_eq!(chicago("02:00", skipped), "2018-03-11 03:00 -05:00");
            assert_eq!(chicago("03:00", skipped), "2018-03-11 03:00 -05:00");
            assert_eq!(chicago("03:30", skipped), "2018-03-11 03:30 -05:00");
            assert_eq!(at("America/Chicago", "2018-03-09T01:00", skipped), "2018-03-09 01:00 -06:00");
        }
        assert_eq!(chicago("02:30", Skipped::Shifted), "2018-03-11 03:30 -05:00");
        assert_eq!(chicago("02:30", Skipped::Behind), "2018-03-11 03:00 -05:00");
    }

    #[test]
    fn a_time_that_is_shown_twice_is_the_first() {
        for skipped in [Skipped::Shifted, Skipped::Behind] {
            let chicago = |wall: &str| at("America/Chicago", &format!("2018-11-04T{wall}"), skipped);
            assert_eq!(chicago("00:30"), "2018-11-04 00:30 -05:00");
            assert_eq!(chicago("01:00"), "2018-11-04 01:00 -05:00");
            assert_eq!(chicago("01:30"), "2018-11-04 01:30 -05:00");
            assert_eq!(chicago("02:00"), "2018-11-04 02:00 -06:00");
            assert_eq!(chicago("02:30"), "2018-11-04 02:30 -06:00");
        }
    }

    #[test]
    fn half_an_hour_of_lord_howe_and_a_whole_day_of_apia() {
        let howe = |wall: &str, skipped| at("Australia/Lord_Howe", wall, skipped);
        assert_eq!(howe("2020-10-04T02:15", Skipped::Shifted), "2020-10-04 02:45 +11:00");
        assert_eq!(howe("2020-10-04T02:15", Skipped::Behind), "2020-10-04 02:30 +11:00");
        assert_eq!(howe("2021-04-04T01:45", Skipped::Shifted), "2021-04-04 01:45 +11:00");
        assert_eq!(howe("2021-04-04T02:00", Skipped::Behind), "2021-04-04 02:00 +10:30");
        // Samoa had no 30 December 2011.
        assert_eq!(at("Pacific/Apia", "2011-12-30T10:00", Skipped::Shifted), "2011-12-31 10:00 +14:00");
        assert_eq!(at("Pacific/Apia", "2011-12-30T10:00", Skipped::Behind), "2011-12-31 00:00 +14:00");
    }
}
