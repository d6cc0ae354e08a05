//! Layers over each other, their hours, and what they leave open.

use crate::{at, expanded, lines, only, roster, who};
use mainstay_oncall::expand;

/// A layer of one person with duty from an hour to another on every day.
fn layer(who: &str, priority: i64, from: &str, to: &str) -> String {
    format!(
        "      - {{priority: {priority}, every: day, start: 2026-11-02T00:00, people: [{who}], hours: [{{from: \"{from}\", to: \"{to}\"}}]}}\n"
    )
}

fn layers(layers: &[(&str, i64, &str, &str)]) -> String {
    let layers = layers.iter().map(|(who, priority, from, to)| layer(who, *priority, from, to));
    format!("    layers:\n{}", layers.collect::<String>())
}

#[test]
fn the_highest_priority_counts_and_equals_count_together() {
    let fields = layers(&[("a", 1, "10:00", "20:00"), ("b", 1, "12:00", "16:00"), ("c", 2, "15:00", "18:00")]);
    let roster = roster("UTC", &fields);
    let expected = ["02T10:00 02T15:00 a", "02T12:00 02T15:00 b", "02T15:00 02T18:00 c", "02T18:00 02T20:00 a"];
    // B's own time between 15 and 16 is C's, and so is A's.
    assert_eq!(lines(&roster, "2026-11-02", "2026-11-03"), expected);
}

#[test]
fn layers_of_the_same_hours() {
    let fields = layers(&[("a", 1, "10:00", "20:00"), ("b", 1, "10:00", "20:00"), ("c", 2, "10:00", "13:00")]);
    let roster = roster("UTC", &fields);
    let expected = ["02T10:00 02T13:00 c", "02T13:00 02T20:00 a", "02T13:00 02T20:00 b"];
    assert_eq!(lines(&roster, "2026-11-02", "2026-11-03"), expected);
    let doubles = expanded(&roster, "2026-11-02", "2026-11-03").doubles;
    assert_eq!(doubles.len(), 1);
    assert_eq!((doubles[0].start, doubles[0].end), (at("2026-11-02T13:00Z"), at("2026-11-02T20:00Z")));
}

#[test]
fn a_day_of_layers_overrides_and_gaps() {
    let mut fields = layers(&[
        ("a", 1, "10:00", "15:00"),
        ("b", 1, "11:00", "13:00"),
        ("a", 1, "16:00", "19:00"),
        ("a", 1, "21:00", "22:00"),
        ("b", 1, "22:00", "24:00"),
        ("c", 2, "12:00", "14:00"),
        ("d", 2, "14:00", "15:00"),
        ("d", 2, "17:00", "18:00"),
        ("d", 2, "20:00", "23:00"),
    ]);
    fields += "    overrides:
      - {from: 2026-11-02T22:00, to: 2026-11-02T23:00, people: e}
      - {from: 2026-11-02T22:00, to: 2026-11-02T22:30, people: a, priority: 1}
";
    let roster = roster("UTC", &fields);
    let expected = [
        "02T10:00 02T12:00 a",
        "02T11:00 02T12:00 b",
        "02T12:00 02T14:00 c",
        "02T14:00 02T15:00 d",
        "02T16:00 02T17:00 a",
        "02T17:00 02T18:00 d",
        "02T18:00 02T19:00 a",
        "02T20:00 02T22:00 d",
        "02T22:00 02T22:30 a",
        "02T22:30 02T23:00 e",
        "02T23:00 03T00:00 b",
    ];
    assert_eq!(lines(&roster, "2026-11-02", "2026-11-03"), expected);
    let gaps: Vec<String> = expanded(&roster, "2026-11-02", "2026-11-03")
        .gaps
        .iter()
        .map(|gap| format!("{} {}", gap.start.strftime("%H:%M"), gap.end.strftime("%H:%M")))
        .collect();
    assert_eq!(gaps, ["00:00 10:00", "15:00 16:00", "19:00 20:00"]);
}

#[test]
fn a_gap_is_where_somebody_should_be_and_nobody_is() {
    let fields = layers(&[("a", 0, "10:00", "18:00")]);
    let whole = roster("UTC", &fields);
    assert_eq!(expanded(&whole, "2026-11-02", "2026-11-03").gaps.len(), 2);
    // Only working hours are to be covered: nine to ten is missing, and evenings are not.
    let work = roster("UTC", &format!("    covers: [{{days: mon-fri, from: \"09:00\", to: \"17:00\"}}]\n{fields}"));
    let gaps = expanded(&work, "2026-11-02", "2026-11-09").gaps;
    assert_eq!(gaps.len(), 5);
    assert_eq!((gaps[0].start, gaps[0].end), (at("2026-11-02T09:00Z"), at("2026-11-02T10:00Z")));
    // Before the first hand-off there is nobody either.
    let before = expanded(&whole, "2026-10-30", "2026-11-02").gaps;
    assert_eq!(before.len(), 1);
    // Asked for a time within a shift, there is no gap, and asked for none there is nothing.
    assert_eq!(expanded(&whole, "2026-11-02T12:00Z", "2026-11-02T12:01Z").gaps, []);
    assert_eq!(expanded(&whole, "2026-11-02T12:00Z", "2026-11-02T12:00Z").shifts, []);
}

#[test]
fn shifts_of_people_who_are_not_there_are_empty_and_let_others_through() {
    let text = "version: oncall/v1
people:
  - {id: ada}
  - {id: ben, until: 2026-11-03T12:00Z}
schedules:
  - id: shop
    zone: UTC
    layers:
      - {name: first, priority: 2, every: day, start: 2026-11-02T00:00, people: [ben, ben, zoe, []]}
      - {name: rest, priority: 1, every: day, start: 2026-11-02T00:00, until: 2026-11-04T06:00, people: [ada]}
      - {name: pair, priority: 3, every: day, start: 2026-11-07T00:00, people: [[ada, ben]]}
";
    let reading = crate::reading(text);
    assert!(!reading.is_damaged());
    let roster = &reading.roster;
    let expansion = expand(roster, only(roster), at("2026-11-02"), at("2026-11-08"));
    let line =
        |start: jiff::Timestamp, end: jiff::Timestamp| format!("{} {}", start.strftime("%dT%H"), end.strftime("%dT%H"));
    let empty: Vec<String> = expansion
        .empty
        .iter()
        .map(|shift| format!("{} {}", line(shift.start, shift.end), roster.ids(&shift.people).join(",")))
        .collect();
    // Ben leaves at noon of the third; nobody knows Zoe; the fifth is of nobody; on the sixth Ben is gone for good.
    assert_eq!(empty, ["03T12 04T00 ben", "04T00 05T00 zoe", "05T00 06T00 ", "06T00 07T00 ben", "07T00 08T00 ben"]);
    assert_eq!(
        lines(roster, "2026-11-02", "2026-11-04"),
        ["02T00:00 03T00:00 ben", "03T00:00 03T12:00 ben", "03T12:00 04T00:00 ada"]
    );
    let gaps: Vec<String> = expansion.gaps.iter().map(|gap| line(gap.start, gap.end)).collect();
    assert_eq!(gaps, ["04T06 07T00"]);
    // Of a turn of two, the one who is there has it.
    assert_eq!(who(roster, "2026-11-07T12:00Z"), "ada");
}

#[test]
fn hours_are_half_open_and_last_over_midnight() {
    // 24 July 2017 was a Monday.
    let active = |hours: &str, at: &str| {
        let fields =
            format!("    layers:\n      - {{every: day, start: 2017-07-01T00:00, people: [a], hours: [{hours}]}}\n");
        who(&roster("UTC", &fields), at) == "a"
    };
    let day = "{days: mon, from: \"08:00\", to: \"20:00\"}";
    for (at, is) in [
        ("20T08:00", false),
        ("25T08:00", false),
        ("24T08:00", true),
        ("24T20:00", false),
        ("24T09:00", true),
        ("24T07:59", false),
        ("24T19:59", true),
    ] {
        assert_eq!(active(day, &format!("2017-07-{at}Z")), is, "{at}");
    }
    let night = "{days: mon, from: \"20:00\", to: \"08:00\"}";
    for (at, is) in [
        ("20T08:00", false),
        ("26T08:00", false),
        ("24T20:00", true),
        ("25T08:00", false),
        ("24T09:00", false),
        ("24T21:00", true),
        ("25T07:00", true),
    ] {
        assert_eq!(active(night, &format!("2017-07-{at}Z")), is, "{at}");
    }
    // From the same time to the same is a whole day, and those of a working week are one stretch.
    let week = "{days: mon-fri, from: \"08:00\", to: \"08:00\"}";
    for (at, is) in [
        ("23T08:00", false),
        ("24T07:00", false),
        ("24T08:00", true),
        ("28T08:00", true),
        ("29T07:00", true),
        ("29T08:00", false),
    ] {
        assert_eq!(active(week, &format!("2017-07-{at}Z")), is, "{at}");
    }
    let nights = "{days: mon-fri, from: \"20:00\", to: \"08:00\"}";
    for (at, is) in [
        ("23T20:00", false),
        ("24T07:00", false),
        ("24T20:00", true),
        ("25T07:00", true),
        ("28T20:00", true),
        ("29T07:00", true),
        ("29T20:00", false),
        ("30T07:00", false),
    ] {
        assert_eq!(active(nights, &format!("2017-07-{at}Z")), is, "{at}");
    }
}

#[test]
fn stretches_of_hours_begin_and_end_with_their_days() {
    let stretches = |hours: &str| {
        let fields =
            format!("    layers:\n      - {{every: month, start: 2017-07-01T00:00, people: [a], hours: [{hours}]}}\n");
        lines(&roster("UTC", &fields), "2017-07-20", "2017-08-02")
    };
    assert_eq!(
        stretches("{days: mon, from: \"08:00\", to: \"20:00\"}"),
        ["24T08:00 24T20:00 a", "31T08:00 31T20:00 a"]
    );
    assert_eq!(stretches("{days: mon-tue, from: \"08:00\", to: \"08:00\"}")[0], "24T08:00 26T08:00 a");
    assert_eq!(
        stretches("{days: [fri, sat, mon], from: \"08:00\", to: \"20:00\"}")[..3],
        ["21T08:00 21T20:00 a", "22T08:00 22T20:00 a", "24T08:00 24T20:00 a"]
    );
    assert_eq!(stretches("{days: mon, from: \"20:00\", to: \"08:00\"}")[0], "24T20:00 25T08:00 a");
    assert_eq!(stretches("{from: fri 17:00, to: mon 09:00}")[..2], ["21T17:00 24T09:00 a", "28T17:00 31T09:00 a"]);
    assert_eq!(
        stretches("{from: mon 09:00, to: mon 09:00}").len(),
        2,
        "a whole week, again and again, cut by the turn"
    );
    assert_eq!(stretches("{days: mon-sun, from: \"12:00\", to: \"24:00\"}").len(), 13);
}

#[test]
fn the_sun_goes_round_three_zones() {
    let fields = "    layers:
      - {name: tokyo, zone: Asia/Tokyo, every: day, start: 2026-10-01T00:00, people: [eri], hours: [{from: \"09:00\", to: \"17:00\"}]}
      - {name: berlin, zone: Europe/Berlin, every: day, start: 2026-10-01T00:00, people: [ada], hours: [{from: \"09:00\", to: \"17:00\"}]}
      - {name: chicago, zone: America/Chicago, every: day, start: 2026-10-01T00:00, people: [dan], hours: [{from: \"10:00\", to: \"18:00\"}]}
";
    let roster = roster("UTC", fields);
    // In winter everywhere, eight hours each make a day.
    let winter = expanded(&roster, "2026-11-02", "2026-12-01");
    assert_eq!((winter.gaps, winter.doubles), (Vec::new(), Vec::new()));
    // Europe goes back on 25 October, America on 1 November: in between, Chicago begins an hour before Berlin ends, and ends
    // an hour before Tokyo begins.
    let between = expanded(&roster, "2026-10-26", "2026-10-27");
    assert_eq!(
        between.gaps.iter().map(|gap| (gap.start, gap.end)).collect::<Vec<_>>(),
        [(at("2026-10-26T23:00Z"), at("2026-10-27"))]
    );
    assert_eq!(
        between.doubles.iter().map(|gap| (gap.start, gap.end)).collect::<Vec<_>>(),
        [(at("2026-10-26T15:00Z"), at("2026-10-26T16:00Z"))]
    );
}
