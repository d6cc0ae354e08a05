//! When turns begin, hand-off by hand-off: daylight saving, months, and time before the first turn.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use mainstay_oncall::{Length, PersonAt, Rotation, Skipped};

const HOUR: i32 = 60;
const DAY: i32 = 24 * HOUR;
const WEEK: i32 = 7 * DAY;

fn rotation(start: &str, months: i32, minutes: i32) -> Rotation {
    Rotation {
        start: start.parse::<DateTime>().unwrap(),
        every: vec![Length { months, minutes }],
        lasts: None,
        on: None,
        turns: vec![vec![PersonAt(0)].into(), vec![PersonAt(1)].into()],
    }
}

fn zoned(zone: &TimeZone, at: Timestamp) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string()
}

fn instant(zone: &TimeZone, wall: &str) -> Timestamp {
    wall.parse::<DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp()
}

/// The hand-offs around a time on a wall, until another: the begin of the turn that holds the first, and all ends.
fn handoffs(zone: &str, rotation: &Rotation, skipped: Skipped, from: &str, to: &str) -> Vec<String> {
    let zone = TimeZone::get(zone).unwrap();
    let turns = rotation.turns(&zone, skipped, instant(&zone, from), instant(&zone, to));
    for pair in turns.windows(2) {
        assert_eq!(pair[0].end, pair[1].start, "turns meet");
    }
    let first = turns.first().map(|turn| turn.start);
    first.into_iter().chain(turns.iter().map(|turn| turn.end)).map(|at| zoned(&zone, at)).collect()
}

/// Begin and end of the turn that holds an instant.
fn turn(zone: &TimeZone, rotation: &Rotation, at: Timestamp) -> (Timestamp, Timestamp) {
    let turns = rotation.turns(zone, Skipped::Behind, at, at + jiff::SignedDuration::from_secs(1));
    let turn = turns.iter().find(|turn| turn.start <= at && at < turn.end).unwrap();
    (turn.start, turn.end)
}

#[test]
fn twenty_four_hours_are_a_day_across_the_end_of_summer_time() {
    for minutes in [24 * HOUR, DAY] {
        let rotation = rotation("2020-10-30T01:30", 0, minutes);
        for skipped in [Skipped::Shifted, Skipped::Behind] {
            let found = handoffs("America/Chicago", &rotation, skipped, "2020-10-30T01:00", "2020-11-03T01:00");
            let expected = [
                "2020-10-29 01:30 -05:00",
                "2020-10-30 01:30 -05:00",
                "2020-10-31 01:30 -05:00",
                "2020-11-01 01:30 -05:00",
                "2020-11-02 01:30 -06:00",
                "2020-11-03 01:30 -06:00",
            ];
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn a_daily_hand_off_that_the_clock_jumps_over_is_an_hour_later_or_at_the_end_of_the_gap() {
    let rotation = rotation("2020-03-06T02:30", 0, DAY);
    for (skipped, moved) in [(Skipped::Behind, "03:00"), (Skipped::Shifted, "03:30")] {
        let found = handoffs("America/Chicago", &rotation, skipped, "2020-03-06T01:00", "2020-03-10T01:00");
        let moved = format!("2020-03-08 {moved} -05:00");
        let expected = [
            "2020-03-05 02:30 -06:00",
            "2020-03-06 02:30 -06:00",
            "2020-03-07 02:30 -06:00",
            moved.as_str(),
            "2020-03-09 02:30 -05:00",
            "2020-03-10 02:30 -05:00",
        ];
        assert_eq!(found, expected);
    }
}

#[test]
fn hourly_turns_in_a_gap() {
    let half_past = rotation("2020-03-06T02:30", 0, HOUR);
    let span = ("2020-03-08T01:00", "2020-03-08T04:00");
    let found = handoffs("America/Chicago", &half_past, Skipped::Behind, span.0, span.1);
    let expected = [
        "2020-03-08 00:30 -06:00",
        "2020-03-08 01:30 -06:00",
        "2020-03-08 03:00 -05:00",
        "2020-03-08 03:30 -05:00",
        "2020-03-08 04:30 -05:00",
    ];
    assert_eq!(found, expected);
    // Shifted, 02:30 is 03:30, when the one after it begins as well: the turn in the gap has no time of its own.
    let found = handoffs("America/Chicago", &half_past, Skipped::Shifted, span.0, span.1);
    let expected =
        ["2020-03-08 00:30 -06:00", "2020-03-08 01:30 -06:00", "2020-03-08 03:30 -05:00", "2020-03-08 04:30 -05:00"];
    assert_eq!(found, expected);
    let full = rotation("2020-03-06T02:00", 0, HOUR);
    for skipped in [Skipped::Shifted, Skipped::Behind] {
        let found = handoffs("America/Chicago", &full, skipped, span.0, span.1);
        let expected = ["2020-03-08 01:00 -06:00", "2020-03-08 03:00 -05:00", "2020-03-08 04:00 -05:00"];
        assert_eq!(found, expected);
    }
}

#[test]
fn hourly_turns_where_an_hour_comes_twice() {
    let half_past = rotation("2020-07-06T02:30", 0, HOUR);
    let found = handoffs("America/Chicago", &half_past, Skipped::Behind, "2020-11-01T00:00", "2020-11-01T04:00");
    let expected = [
        "2020-10-31 23:30 -05:00",
        "2020-11-01 00:30 -05:00",
        "2020-11-01 01:30 -05:00",
        "2020-11-01 02:30 -06:00",
        "2020-11-01 03:30 -06:00",
        "2020-11-01 04:30 -06:00",
    ];
    assert_eq!(found, expected);
    let full = rotation("2020-07-06T02:00", 0, HOUR);
    let found = handoffs("America/Chicago", &full, Skipped::Shifted, "2020-11-01T00:00", "2020-11-01T03:30");
    let expected = [
        "2020-11-01 00:00 -05:00",
        "2020-11-01 01:00 -05:00",
        "2020-11-01 02:00 -06:00",
        "2020-11-01 03:00 -06:00",
        "2020-11-01 04:00 -06:00",
    ];
    assert_eq!(found, expected);
}

#[test]
fn months_hand_over_on_their_day() {
    let second = rotation("2020-01-02T01:30", 1, 0);
    let found = handoffs("America/Chicago", &second, Skipped::Behind, "2020-04-05T01:00", "2020-06-12T01:00");
    let expected =
        ["2020-04-02 01:30 -05:00", "2020-05-02 01:30 -05:00", "2020-06-02 01:30 -05:00", "2020-07-02 01:30 -05:00"];
    assert_eq!(found, expected);
    let first = rotation("2020-10-01T01:30", 1, 0);
    let found = handoffs("America/Chicago", &first, Skipped::Behind, "2020-10-02T01:00", "2020-12-02T01:00");
    let expected =
        ["2020-10-01 01:30 -05:00", "2020-11-01 01:30 -05:00", "2020-12-01 01:30 -06:00", "2021-01-01 01:30 -06:00"];
    assert_eq!(found, expected);
}

#[test]
fn the_thirty_first_is_the_last_day_of_shorter_months_and_comes_back() {
    let last = rotation("2023-10-31T09:00", 1, 0);
    let found = handoffs("UTC", &last, Skipped::Shifted, "2023-10-31T09:00", "2024-04-15T00:00");
    let expected = [
        "2023-10-31 09:00 +00:00",
        "2023-11-30 09:00 +00:00",
        "2023-12-31 09:00 +00:00",
        "2024-01-31 09:00 +00:00",
        "2024-02-29 09:00 +00:00",
        "2024-03-31 09:00 +00:00",
        "2024-04-30 09:00 +00:00",
    ];
    assert_eq!(found, expected);
    // Backwards from the first as well.
    let found = handoffs("UTC", &last, Skipped::Shifted, "2023-02-10T00:00", "2023-03-15T00:00");
    assert_eq!(found, ["2023-01-31 09:00 +00:00", "2023-02-28 09:00 +00:00", "2023-03-31 09:00 +00:00"]);
}

#[test]
fn lord_howe_moves_its_clocks_by_half_an_hour() {
    let howe = "Australia/Lord_Howe";
    let hourly = rotation("2021-04-03T02:30", 0, HOUR);
    let found = handoffs(howe, &hourly, Skipped::Shifted, "2021-04-04T01:00", "2021-04-04T04:00");
    let expected = [
        "2021-04-04 00:30 +11:00",
        "2021-04-04 01:30 +11:00",
        "2021-04-04 02:30 +10:30",
        "2021-04-04 03:30 +10:30",
        "2021-04-04 04:30 +10:30",
    ];
    assert_eq!(found, expected);
    for (start, minutes) in [("2021-04-02T02:30", DAY), ("2021-04-02T02:00", DAY), ("2021-04-02T02:00", 24 * HOUR)] {
        let found =
            handoffs(howe, &rotation(start, 0, minutes), Skipped::Behind, "2021-04-03T12:00", "2021-04-05T12:00");
        let time = &start[11..];
        let expected: Vec<String> = [("03", "11:00"), ("04", "10:30"), ("05", "10:30"), ("06", "10:30")]
            .map(|(day, offset)| format!("2021-04-{day} {time} +{offset}"))
            .into();
        assert_eq!(found, expected);
    }
    for minutes in [24 * HOUR, DAY] {
        let found = handoffs(
            howe,
            &rotation("2020-10-02T01:30", 0, minutes),
            Skipped::Behind,
            "2020-10-03T12:00",
            "2020-10-05T12:00",
        );
        let expected = [
            "2020-10-03 01:30 +10:30",
            "2020-10-04 01:30 +10:30",
            "2020-10-05 01:30 +11:00",
            "2020-10-06 01:30 +11:00",
        ];
        assert_eq!(found, expected);
    }
    let quarter_past = rotation("2020-10-02T02:15", 0, DAY);
    for (skipped, moved) in [(Skipped::Behind, "02:30"), (Skipped::Shifted, "02:45")] {
        let found = handoffs(howe, &quarter_past, skipped, "2020-10-03T12:00", "2020-10-05T12:00");
        let moved = format!("2020-10-04 {moved} +11:00");
        let expected =
            ["2020-10-03 02:15 +10:30", moved.as_str(), "2020-10-05 02:15 +11:00", "2020-10-06 02:15 +11:00"];
        assert_eq!(found, expected);
    }
}

#[test]
fn a_day_that_a_place_never_had_has_no_turns_of_its_own() {
    // Samoa went from 29 to 31 December 2011.
    let daily = rotation("2011-12-01T10:00", 0, DAY);
    let found = handoffs("Pacific/Apia", &daily, Skipped::Shifted, "2011-12-29T12:00", "2012-01-01T12:00");
    let expected =
        ["2011-12-29 10:00 -10:00", "2011-12-31 10:00 +14:00", "2012-01-01 10:00 +14:00", "2012-01-02 10:00 +14:00"];
    assert_eq!(found, expected);
    // Hour by hour, the first of the new day is on time: none of the hours that never were goes before it.
    let hourly = rotation("2011-12-01T10:00", 0, HOUR);
    let found = handoffs("Pacific/Apia", &hourly, Skipped::Shifted, "2011-12-29T22:30", "2011-12-31T01:30");
    let expected = [
        "2011-12-29 22:00 -10:00",
        "2011-12-29 23:00 -10:00",
        "2011-12-31 00:00 +14:00",
        "2011-12-31 01:00 +14:00",
        "2011-12-31 02:00 +14:00",
    ];
    assert_eq!(found, expected);
}

#[test]
fn turns_are_as_long_as_clocks_say() {
    let chicago = TimeZone::get("America/Chicago").unwrap();
    // Start, months, minutes, end, and hours between them.
    for (start, months, minutes, end, hours) in [
        ("2017-06-01T00:00", 1, 0, "2017-07-01T00:00", 30 * 24),
        ("2017-07-01T00:00", 2, 0, "2017-09-01T00:00", 62 * 24),
        ("2017-03-01T00:00", 1, 0, "2017-04-01T00:00", 31 * 24 - 1),
        ("2017-11-01T00:00", 2, 0, "2018-01-01T00:00", 61 * 24 + 1),
        ("2017-06-10T08:00", 0, WEEK, "2017-06-17T08:00", 7 * 24),
        ("2017-06-10T08:00", 0, 2 * WEEK, "2017-06-24T08:00", 14 * 24),
        ("2017-03-10T08:00", 0, WEEK, "2017-03-17T08:00", 7 * 24 - 1),
        ("2017-11-04T08:00", 0, WEEK, "2017-11-11T08:00", 7 * 24 + 1),
        ("2017-06-16T08:00", 0, WEEK, "2017-06-23T08:00", 7 * 24),
        ("2017-06-10T08:00", 0, DAY, "2017-06-11T08:00", 24),
        ("2017-06-10T08:00", 0, 2 * DAY, "2017-06-12T08:00", 48),
        ("2017-03-11T08:00", 0, DAY, "2017-03-12T08:00", 23),
        ("2017-11-04T08:00", 0, DAY, "2017-11-05T08:00", 25),
        ("2017-06-10T08:00", 0, HOUR, "2017-06-10T09:00", 1),
        ("2017-06-10T08:00", 0, 2 * HOUR, "2017-06-10T10:00", 2),
        ("2017-03-12T00:00", 0, 3 * HOUR, "2017-03-12T03:00", 2),
        ("2017-11-05T00:00", 0, 3 * HOUR, "2017-11-05T03:00", 4),
    ] {
        let begin = instant(&chicago, start);
        let found = turn(&chicago, &rotation(start, months, minutes), begin);
        assert_eq!(found, (begin, instant(&chicago, end)), "{start}");
        assert_eq!(found.1.duration_since(found.0).as_hours(), hours, "{start}");
    }
    // Every hour from New Year on: the hour at the gap is one, the hour that comes twice is two.
    let hourly = rotation("2017-01-01T01:00", 0, HOUR);
    for (wall, hours) in [("2017-03-12T01:00", 1), ("2017-11-05T01:00", 2)] {
        let begin = instant(&chicago, wall);
        assert_eq!(turn(&chicago, &hourly, begin).1.duration_since(begin).as_hours(), hours, "{wall}");
    }
}

#[test]
fn hours_beyond_a_day_roll_over() {
    for (hours, end) in
        [(60, "2026-11-04T12:00"), (12, "2026-11-02T12:00"), (24, "2026-11-03T00:00"), (25, "2026-11-03T01:00")]
    {
        let begin = instant(&TimeZone::UTC, "2026-11-02T00:00");
        let found = turn(&TimeZone::UTC, &rotation("2026-11-02T00:00", 0, hours * HOUR), begin);
        assert_eq!(found, (begin, instant(&TimeZone::UTC, end)));
    }
    let begin = instant(&TimeZone::UTC, "2026-11-02T00:00");
    let found = turn(&TimeZone::UTC, &rotation("2026-11-02T00:00", 0, 25 * HOUR + 30), begin);
    assert_eq!(found.1, instant(&TimeZone::UTC, "2026-11-03T01:30"));
}

#[test]
fn any_turn_is_found_without_those_before_it() {
    let utc = TimeZone::UTC;
    let is = |rotation: &Rotation, at: &str, start: &str, end: &str| {
        let found = turn(&utc, rotation, at.parse().unwrap());
        assert_eq!(found, (start.parse().unwrap(), end.parse().unwrap()), "{at}");
    };
    let tens = rotation("2020-06-01T03:00", 0, 10 * HOUR);
    is(&tens, "2020-06-02T09:00Z", "2020-06-02T09:00Z", "2020-06-02T19:00Z");
    is(&tens, "2020-05-30T21:00Z", "2020-05-30T21:00Z", "2020-05-31T07:00Z");
    let chicago = TimeZone::get("America/Chicago").unwrap();
    let halves = rotation("2017-01-01T00:00", 0, 12 * HOUR);
    let found = turn(&chicago, &halves, instant(&chicago, "2017-01-03T06:00"));
    assert_eq!(found.1, instant(&chicago, "2017-01-03T12:00"));
    // From the end of one to the next, through the first turn of all.
    for (rotation, ends) in [
        (
            rotation("2020-01-01T00:00", 0, HOUR),
            ["2019-12-31T22:00Z", "2019-12-31T23:00Z", "2020-01-01T00:00Z", "2020-01-01T01:00Z"],
        ),
        (
            rotation("2020-01-01T00:00", 0, DAY),
            ["2019-12-30T00:00Z", "2019-12-31T00:00Z", "2020-01-01T00:00Z", "2020-01-02T00:00Z"],
        ),
        (
            rotation("2020-01-10T00:00", 1, 0),
            ["2019-11-10T00:00Z", "2019-12-10T00:00Z", "2020-01-10T00:00Z", "2020-02-10T00:00Z"],
        ),
    ] {
        for pair in ends.windows(2) {
            is(&rotation, pair[0], pair[0], pair[1]);
        }
    }
}

#[test]
fn turns_are_half_open_and_go_back_before_the_first() {
    let daily = rotation("2018-12-10T00:00", 0, DAY);
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let tick = jiff::SignedDuration::from_nanos(1);
    let found = |instant: Timestamp| turn(&TimeZone::UTC, &daily, instant);
    assert_eq!(found(at("2018-12-05T00:00Z")), (at("2018-12-05T00:00Z"), at("2018-12-06T00:00Z")));
    assert_eq!(found(at("2018-12-05T00:00Z") - tick), (at("2018-12-04T00:00Z"), at("2018-12-05T00:00Z")));
    assert_eq!(found(at("2018-12-10T00:00Z")), (at("2018-12-10T00:00Z"), at("2018-12-11T00:00Z")));
    assert_eq!(found(at("2018-12-10T00:00Z") - tick), (at("2018-12-09T00:00Z"), at("2018-12-10T00:00Z")));
}

#[test]
fn turns_of_differing_lengths_follow_each_other_in_a_circle() {
    let mut custom = rotation("2026-11-02T09:00", 0, 5 * DAY);
    custom.every.push(Length { months: 0, minutes: 2 * DAY });
    let found = handoffs("UTC", &custom, Skipped::Shifted, "2026-11-02T09:00", "2026-11-15T00:00");
    let days = ["02", "07", "09", "14", "16"];
    assert_eq!(found, days.map(|day| format!("2026-11-{day} 09:00 +00:00")));
}

#[test]
fn the_ends_of_the_calendar_end_quietly() {
    let weekly = rotation("2026-01-05T09:00", 0, WEEK);
    let near = Timestamp::MAX - jiff::SignedDuration::from_hours(24 * 30);
    assert!(!weekly.turns(&TimeZone::UTC, Skipped::Shifted, near, Timestamp::MAX).is_empty());
    let near = Timestamp::MIN + jiff::SignedDuration::from_hours(24 * 30);
    let _ = weekly.turns(&TimeZone::UTC, Skipped::Shifted, Timestamp::MIN, near);
    assert!(weekly.turns(&TimeZone::UTC, Skipped::Shifted, near, near).is_empty());
}
