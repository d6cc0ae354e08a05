//! Over all zones of the IANA database and ten years: every minute is covered once, never twice, never not at all.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use mainstay_oncall::{Length, PersonAt, Rotation, Skipped, expand};

use crate::{at, only, roster};

/// SplitMix64 (Steele, Lea and Flood 2014): small, seeded, and the same on every machine.
pub struct Numbers(pub u64);

impl Numbers {
    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn zones() -> Vec<(String, TimeZone)> {
    let zones: Vec<_> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    assert!(zones.len() > 400, "the database is in the program: {}", zones.len());
    zones.into_iter().filter_map(|name| TimeZone::get(&name).ok().map(|zone| (name, zone))).collect()
}

#[test]
fn turns_of_every_zone_tile_ten_years() {
    let mut numbers = Numbers(5);
    // Ten years in which Samoa lost a day, Lord Howe moved by half an hour and Morocco four times a year.
    let (from, to) = (at("2010-01-01"), at("2020-01-01"));
    for (name, zone) in zones() {
        // One long and one short rotation a zone, hand-offs at any minute of a day.
        for round in 0..2 {
            let minute = numbers.below(24 * 60);
            let start = format!("2009-12-{:02}T{:02}:{:02}", 1 + numbers.below(28), minute / 60, minute % 60);
            let every = match (round, numbers.below(3)) {
                (0, _) => Length { months: 0, minutes: 60 * (1 + i32::try_from(numbers.below(47)).unwrap()) },
                (_, 0) => Length { months: 1 + i32::try_from(numbers.below(2)).unwrap(), minutes: 0 },
                _ => Length { months: 0, minutes: 24 * 60 * (1 + i32::try_from(numbers.below(14)).unwrap()) },
            };
            let rotation = Rotation {
                start: start.parse::<DateTime>().unwrap(),
                every: vec![every],
                lasts: None,
                on: None,
                turns: vec![vec![PersonAt(0)].into()],
            };
            let skipped = if numbers.below(2) == 0 { Skipped::Shifted } else { Skipped::Behind };
            let turns = rotation.turns(&zone, skipped, from, to);
            let what = || format!("{name} from {start} every {every:?} {skipped:?}");
            assert!(turns.first().is_some_and(|turn| turn.start <= from), "{}", what());
            assert!(turns.last().is_some_and(|turn| turn.end >= to), "{}", what());
            for pair in turns.windows(2) {
                assert!(pair[0].start < pair[0].end && pair[0].end == pair[1].start, "{} at {}", what(), pair[1].start);
                assert!(pair[0].number < pair[1].number, "{} at {}", what(), pair[1].start);
            }
        }
    }
}

#[test]
fn day_and_night_shifts_of_every_zone_meet_exactly() {
    let mut numbers = Numbers(6);
    let (from, to) = (at("2010-01-01"), at("2020-01-01"));
    for (name, _) in zones() {
        // Hand-offs near the hours at which clocks change; they need not be on the hour.
        let (morning, evening) = (numbers.below(6 * 60), 6 * 60 + numbers.below(18 * 60));
        let time = |minute: u64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let skipped = if numbers.below(2) == 0 { "rfc5545" } else { "goalert" };
        let fields = format!(
            "    skipped_times: {skipped}
    layers:
      - {{every: day, start: 2009-12-01T00:00, people: [ada], hours: [{{from: \"{morning}\", to: \"{evening}\"}}]}}
      - {{every: week, start: 2009-12-01T12:34, people: [ben, cleo], hours: [{{from: \"{evening}\", to: \"{morning}\"}}]}}
",
            morning = time(morning),
            evening = time(evening)
        );
        let roster = roster(&name, &fields);
        let expansion = expand(&roster, only(&roster), from, to);
        let what = format!("{name} {morning} {evening} {skipped}");
        assert_eq!(expansion.gaps, [], "{what}");
        assert_eq!(expansion.doubles, [], "{what}");
        assert_eq!(expansion.covered(), [(from, to)], "{what}");
        let seconds: i64 = expansion.shifts.iter().map(|shift| shift.end.duration_since(shift.start).as_secs()).sum();
        assert_eq!(seconds, to.duration_since(from).as_secs(), "{what}");
    }
}

/// Sampled minute by minute around every change of a zone's clocks, an instant is covered when the wall says so.
#[test]
fn around_every_change_of_clocks_the_wall_decides() {
    let (from, to) = (at("2015-01-01"), at("2025-01-01"));
    for (name, zone) in zones() {
        let fields = "    layers:
      - {every: day, start: 2014-12-01T00:00, people: [ada], hours: [{days: sat-sun, from: \"01:00\", to: \"03:00\"}]}
";
        let roster = roster(&name, fields);
        let covered = expand(&roster, only(&roster), from, to).covered();
        let is_covered = |at: Timestamp| {
            let before = covered.partition_point(|stretch| stretch.0 <= at);
            before > 0 && at < covered[before - 1].1
        };
        for transition in zone.following(from).take_while(|transition| transition.timestamp() < to).step_by(5) {
            for minute in -60..60 {
                let at = transition.timestamp() + jiff::SignedDuration::from_mins(minute);
                let (begin, end) = (wall_instant(at, &zone, 1), wall_instant(at, &zone, 3));
                let weekend = at.to_zoned(zone.clone()).weekday().to_monday_zero_offset() >= 5;
                assert_eq!(is_covered(at), weekend && begin <= at && at < end, "{name} at {at}");
            }
        }
    }
}

/// When clocks of the day first show an hour, or would have with the offset that they had before they jumped: as the library
/// of time has it ("compatible"), and not as hand-offs are computed.
fn wall_instant(at: Timestamp, zone: &TimeZone, hour: i8) -> Timestamp {
    let date = at.to_zoned(zone.clone()).date();
    zone.to_ambiguous_zoned(date.at(hour, 0, 0, 0)).compatible().unwrap().timestamp()
}
