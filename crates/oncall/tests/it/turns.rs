//! Whose turn it is on which day: rotations by hours, days, weeks and months, some days only, and begun in the middle.

use crate::{at, lines, roster, who};
use jiff::ToSpan;
use jiff::civil::Date;

/// Who is on duty on each day at noon, from a date on, `-` for nobody: `-A BB` without the spaces. People are letters.
fn days(layer: &str, from: &str, count: usize) -> String {
    let roster = roster("UTC", &format!("    layers:\n      - {{{layer}}}\n"));
    let first: Date = from.parse().unwrap();
    let on_day = |day: usize| {
        let date = first.saturating_add(i64::try_from(day).unwrap().days());
        let who = who(&roster, &format!("{date}T12:00Z")).replace(',', "").to_uppercase();
        match who.len() {
            0 => "-".to_owned(),
            1 => who,
            _ => format!("({who})"),
        }
    };
    (0..count).map(on_day).collect::<Vec<_>>().concat()
}

#[test]
fn a_daily_turn_on_some_days_passes_only_on_them() {
    let abc = "people: [a, b, c]";
    let five = "people: [a, b, c, d, e]";
    // 1 August 2024 was a Thursday.
    let on = |on: &str, every: &str, start: &str, people: &str| {
        format!("every: {every}, start: {start}T00:00, on: {on}, {people}")
    };
    assert_eq!(days(&on("fri", "day", "2024-08-01", abc), "2024-08-01", 21), "-A------B------C-----");
    assert_eq!(days(&on("mon-fri", "day", "2024-08-05", five), "2024-08-05", 14), "ABCDE--ABCDE--");
    assert_eq!(
        days(&on("mon-fri", "2 days", "2024-08-05", "people: [a, b, c, d]"), "2024-08-05", 14),
        "AABBC--CDDAA--"
    );
    assert_eq!(days(&on("mon-fri", "day", "2024-08-08", five), "2024-08-08", 14), "AB--CDEAB--CDE");
    assert_eq!(days(&on("[sat, sun]", "day", "2024-08-03", abc), "2024-08-03", 15), "AB-----CA-----B");
    assert_eq!(days(&on("[sat, sun]", "day", "2024-08-03", five), "2024-08-03", 14), "AB-----CD-----");
    assert_eq!(days(&on("[sat, sun]", "day", "2024-08-01", "people: [a]"), "2024-08-01", 5), "--AA-");
    assert_eq!(days(&on("[sat, sun]", "day", "2024-08-01", abc), "2024-08-01", 17), "--AB-----CA-----B");
    assert_eq!(
        days(&on("[sat, sun]", "day", "2024-08-01", "people: [a, b, c, d, e, f]"), "2024-08-01", 17),
        "--AB-----CD-----E"
    );
    assert_eq!(days(&on("[sat, sun]", "2 days", "2024-08-01", abc), "2024-08-01", 17), "--AA-----BB-----C");
    assert_eq!(days(&on("mon", "day", "2024-08-01", "people: [a]"), "2024-08-01", 14), "----A------A--");
}

#[test]
fn a_turn_of_days_wraps_after_the_last_person() {
    let ten = "people: [a, b, c, d, e, f, g, h, i, j]";
    let daily = format!("every: day, start: 2024-09-30T00:00, {ten}");
    assert_eq!(days(&daily, "2024-09-30", 18), "ABCDEFGHIJABCDEFGH");
    assert_eq!(days(&format!("{daily}, on: mon-sun"), "2024-09-30", 18), "ABCDEFGHIJABCDEFGH");
    let seven = format!("every: 7 days, start: 2024-09-30T00:00, on: mon-sun, {ten}");
    assert_eq!(days(&seven, "2024-09-30", 18), "AAAAAAABBBBBBBCCCC");
    // A day of duty out of seven: nobody has the other six.
    let one_of_seven = format!("every: 7 days, lasts: day, start: 2024-09-30T00:00, {ten}");
    assert_eq!(days(&one_of_seven, "2024-09-30", 18), "A------B------C---");
}

#[test]
fn several_people_have_a_turn_together() {
    assert_eq!(
        days("every: day, start: 2024-08-14T00:00, people: [[a, b], c]", "2024-08-14", 9),
        "(AB)C(AB)C(AB)C(AB)C(AB)"
    );
}

#[test]
fn weeks_and_months_may_be_begun_in_their_middle() {
    let five = "people: [a, b, c, d, e]";
    let work = "hours: [{days: mon-fri}]";
    let weekend = "hours: [{days: sat-sun}]";
    let weekly =
        |start: &str, from: &str, rest: &str| format!("every: week, start: {start}T00:00, from: {from}, {rest}");
    let monthly = |from: &str, rest: &str| format!("every: month, start: 2024-08-01T00:00, from: {from}, {rest}");
    assert_eq!(
        days(&weekly("2024-08-05", "2024-08-05", &format!("{five}, {work}")), "2024-08-05", 14),
        "AAAAA--BBBBB--"
    );
    assert_eq!(
        days(&weekly("2024-08-05", "2024-08-08", &format!("{five}, {work}")), "2024-08-08", 14),
        "AA--BBBBB--CCC"
    );
    assert_eq!(days(&monthly("2024-08-26", &format!("{five}, {work}")), "2024-08-26", 14), "AAAAA--BBBBB--");
    assert_eq!(days(&monthly("2024-08-29", &format!("{five}, {work}")), "2024-08-29", 14), "AA--BBBBB--BBB");
    let abc = "people: [a, b, c]";
    assert_eq!(
        days(&weekly("2024-07-29", "2024-08-01", &format!("{abc}, {weekend}")), "2024-08-01", 18),
        "--AA-----BB-----CC"
    );
    let every_other =
        format!("every: 2 weeks, lasts: week, start: 2024-07-29T00:00, from: 2024-08-01, {abc}, {weekend}");
    assert_eq!(days(&every_other, "2024-08-01", 18), "--AA------------BB");
    assert_eq!(days(&monthly("2024-08-29", &format!("{abc}, {weekend}")), "2024-08-29", 18), "--AB-----BB-----BB");
}

/// People on duty so many hours or days after a start, each five minutes in.
fn after(layer: &str, hours: &[i64]) -> String {
    let roster = roster("UTC", &format!("    layers:\n      - {{start: 2026-11-04T10:30, {layer}}}\n"));
    let start = at("2026-11-04T10:30Z");
    let on = |hour: &i64| {
        let who = who(&roster, &(start + jiff::SignedDuration::from_mins(hour * 60 + 5)).to_string());
        if who.is_empty() { "-".to_owned() } else { who }
    };
    hours.iter().map(on).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_part_of_each_turn_may_be_duty() {
    let day = |days: &[i64]| days.iter().map(|day| day * 24).collect::<Vec<_>>();
    assert_eq!(after("every: 2 days, lasts: 3 hours, people: [a]", &day(&[0, 1, 2, 3, 4])), "a - a - a");
    assert_eq!(after("every: 2 days, lasts: 3 hours, people: [a, b]", &day(&[0, 1, 2, 3, 4, 5, 6])), "a - b - a - b");
    assert_eq!(
        after("every: 2 hours, lasts: 10 minutes, from: 2026-11-04T11:30, people: [a, b]", &[0, 1, 2, 3, 4, 5, 6]),
        "- - b - a - b"
    );
    assert_eq!(
        after(
            "every: 2 weeks, lasts: 3 hours, from: 2026-11-04T11:30, people: [a, b]",
            &day(&[0, 7, 14, 21, 28, 35, 42])
        ),
        "- - b - a - b"
    );
}

#[test]
fn whoever_would_have_begun_before_the_layer_is_passed_over() {
    let day = |days: &[i64]| days.iter().map(|day| day * 24).collect::<Vec<_>>();
    let people = "lasts: 30 minutes, people: [a, b, c]";
    assert_eq!(
        after(
            &format!("every: hour, from: 2026-11-04T12:30, until: 2026-11-04T17:29, {people}"),
            &[0, 1, 2, 3, 4, 5, 6, 7]
        ),
        "- - c a b c a -"
    );
    assert_eq!(
        after(
            &format!("every: day, from: 2026-11-05T11:30, until: 2026-11-10T10:40, {people}"),
            &day(&[0, 1, 2, 3, 4, 5, 6, 7])
        ),
        "- - c a b c a -"
    );
    assert_eq!(
        after(
            &format!("every: week, from: 2026-11-11T11:30, until: 2026-12-16T10:40, {people}"),
            &day(&[0, 7, 14, 21, 28, 35, 42, 43])
        ),
        "- - c a b c a -"
    );
    // A layer that begins and ends within one turn.
    for every in ["hour", "day", "week", "month"] {
        let layer = format!("every: {every}, from: 2026-11-04T10:40, until: 2026-11-04T11:10, people: [a]");
        let roster = roster("UTC", &format!("    layers:\n      - {{start: 2026-11-04T10:30, {layer}}}\n"));
        assert_eq!(lines(&roster, "2026-11-04", "2026-11-06"), ["04T10:40 04T11:10 a"], "{every}");
    }
}

#[test]
fn days_of_a_week_within_weekly_turns() {
    // Begun on a Wednesday; duty on Thursdays and Saturdays at the same time.
    let layer = "every: week, start: 2026-11-04T10:30, from: 2026-11-12T11:30, until: 2026-11-27T10:31,
         people: [a, b, c], hours: [{days: [thu, sat], from: \"10:30\", to: \"11:00\"}]";
    let roster = roster("UTC", &format!("    layers:\n      - {{{layer}}}\n"));
    let expected = ["14T10:30 14T11:00 b", "19T10:30 19T11:00 c", "21T10:30 21T11:00 c", "26T10:30 26T11:00 a"];
    assert_eq!(lines(&roster, "2026-11-01", "2026-12-31"), expected);
}

#[test]
fn months_hand_over_and_the_first_days_of_each_may_be_all() {
    let begin = "start: 2022-12-01T10:30, from: 2022-12-31T11:30, until: 2023-02-11T10:31, people: [a, b, c]";
    let monthly = roster("UTC", &format!("    layers:\n      - {{every: month, lasts: 30 minutes, {begin}}}\n"));
    assert_eq!(lines(&monthly, "2022-12-01", "2023-06-01"), ["01T10:30 01T11:00 b", "01T10:30 01T11:00 c"]);
    let first_days = roster(
        "UTC",
        &format!(
            "    layers:\n      - {{every: month, lasts: 4 days, hours: [{{from: \"10:30\", to: \"11:00\"}}], {begin}}}\n"
        ),
    );
    let shifts = lines(&first_days, "2022-12-01", "2023-06-01");
    let of = |who: &str| (1..=4).map(|day| format!("{day:02}T10:30 {day:02}T11:00 {who}")).collect::<Vec<_>>();
    assert_eq!(shifts, [of("b"), of("c")].concat());
    let every_other =
        "every: 2 months, lasts: 3 hours, start: 2022-10-01T10:30, from: 2022-10-01T11:30, people: [a, b]";
    let every_other = roster("UTC", &format!("    layers:\n      - {{{every_other}}}\n"));
    for (month, who_then) in [("2022-11", ""), ("2022-12", "b"), ("2023-01", ""), ("2023-02", "a")] {
        assert_eq!(who(&every_other, &format!("{month}-01T10:35Z")), who_then, "{month}");
    }
    assert_eq!(who(&every_other, "2022-10-01T10:35Z"), "");
    assert_eq!(who(&every_other, "2022-10-01T11:35Z"), "a");
}

#[test]
fn a_week_is_as_long_as_its_place_makes_it() {
    let roster =
        roster("America/Chicago", "    layers:\n      - {every: week, start: 2024-10-01T00:00, people: [ada]}\n");
    let shift_at = |from: &str, to: &str| {
        let shifts = crate::expanded(&roster, from, to).shifts;
        (shifts[1].start.to_string(), shifts[1].end.to_string())
    };
    let is = |start: &str, end: &str| (start.to_owned(), end.to_owned());
    assert_eq!(shift_at("2024-10-28", "2024-11-12"), is("2024-10-29T05:00:00Z", "2024-11-05T06:00:00Z"));
    assert_eq!(shift_at("2025-03-03", "2025-03-18"), is("2025-03-04T06:00:00Z", "2025-03-11T05:00:00Z"));
}
