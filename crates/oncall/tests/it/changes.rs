//! What changes a schedule for a while: overrides, swaps, temporary schedules.

use crate::{expanded, lines, roster, who};

/// Ada is on duty from noon to three, on every day from 2 November 2026 on.
const NOON: &str = "    layers:
      - {name: noon, every: day, start: 2026-11-02T00:00, people: [ada], hours: [{from: \"12:00\", to: \"15:00\"}]}
";

fn with(change: &str) -> Vec<String> {
    lines(&roster("UTC", &format!("{NOON}{change}")), "2026-11-02", "2026-11-04")
}

#[test]
fn an_override_stands_in_the_place_of_everybody() {
    let over = |from: &str, to: &str| {
        with(&format!("    overrides: [{{from: 2026-11-02T{from}, to: 2026-11-02T{to}, people: ben}}]\n"))
    };
    let next = "03T12:00 03T15:00 ada";
    assert_eq!(over("12:00", "15:00"), ["02T12:00 02T15:00 ben", next]);
    assert_eq!(over("12:00", "14:00"), ["02T12:00 02T14:00 ben", "02T14:00 02T15:00 ada", next]);
    assert_eq!(
        over("13:00", "14:00"),
        ["02T12:00 02T13:00 ada", "02T13:00 02T14:00 ben", "02T14:00 02T15:00 ada", next]
    );
    // Where nobody else is on duty, it puts somebody there.
    assert_eq!(over("20:00", "21:00"), ["02T12:00 02T15:00 ada", "02T20:00 02T21:00 ben", next]);
    assert!(expanded(&roster("UTC", NOON), "2026-11-02", "2026-11-04").doubles.is_empty());
}

#[test]
fn an_override_may_add_remove_or_replace_single_people() {
    let base = "    layers:
      - {name: all, every: week, start: 2000-01-01T00:00, people: [[rab, baz, bin]]}
    overrides:
      - {from: 2000-01-02T03:05, to: 2000-01-02T03:06, add: foo}
      - {from: 2000-01-02T03:05, to: 2000-01-02T03:06, people: bar, instead_of: rab}
      - {from: 2000-01-02T03:05, to: 2000-01-02T03:06, remove: baz}
      - {from: 2000-01-02T03:05, to: 2000-01-02T03:06, people: zed, instead_of: nil}
";
    let roster = roster("UTC", base);
    assert_eq!(who(&roster, "2000-01-02T03:04Z"), "baz,bin,rab");
    assert_eq!(who(&roster, "2000-01-02T03:05Z"), "bar,bin,foo");
    assert_eq!(who(&roster, "2000-01-02T03:06Z"), "baz,bin,rab");
}

#[test]
fn two_who_stand_in_for_each_other_do_not_end_as_one() {
    let pair = "    layers: [{every: week, start: 2026-11-02T00:00, people: [[ada, ben]]}]\n";
    let overrides = "    overrides:
      - {from: 2026-11-02T00:00, to: 2026-11-03T00:00, people: ben, instead_of: ada}
      - {from: 2026-11-02T00:00, to: 2026-11-03T00:00, people: ada, instead_of: ben}
";
    assert_eq!(who(&roster("UTC", &format!("{pair}{overrides}")), "2026-11-02T12:00Z"), "ada,ben");
    let swaps = "    swaps:
      - {from: 2026-11-02T00:00, to: 2026-11-03T00:00, of: ada, taken_by: cleo}
      - {from: 2026-11-02T00:00, to: 2026-11-03T00:00, of: cleo, taken_by: ben}
";
    // Cleo takes Ada's shift and does not pass it on.
    assert_eq!(who(&roster("UTC", &format!("{pair}{swaps}")), "2026-11-02T12:00Z"), "ben,cleo");
}

#[test]
fn an_override_by_somebody_who_is_not_there_changes_nothing() {
    let text = format!(
        "version: oncall/v1\npeople: [{{id: ada}}, {{id: ben, until: 2026-11-01}}]\nschedules:\n  - id: shop\n    zone: UTC\n{NOON}    overrides: [{{from: 2026-11-02T12:00, to: 2026-11-02T15:00, people: ben}}]\n    swaps: [{{from: 2026-11-02T12:00, to: 2026-11-02T15:00, of: ada, taken_by: ben}}]\n"
    );
    let reading = crate::reading(&text);
    assert_eq!(lines(&reading.roster, "2026-11-02", "2026-11-03"), ["02T12:00 02T15:00 ada"]);
}

#[test]
fn a_swap_counts_once_it_is_taken_and_splits_the_shift() {
    let first = "02T12:00 02T15:00 ada";
    let swap = |from: &str, to: &str, taken: bool| {
        let taker = if taken { ", taken_by: ben" } else { "" };
        with(&format!("    swaps: [{{from: 2026-11-03T{from}, to: 2026-11-0{to}, of: ada{taker}}}]\n"))
    };
    for (from, to) in [("13:00", "3T18:00"), ("10:00", "3T13:00"), ("13:00", "3T14:00"), ("00:00", "4T12:00")] {
        assert_eq!(swap(from, to, false), [first, "03T12:00 03T15:00 ada"], "not taken");
    }
    assert_eq!(swap("13:00", "3T18:00", true), [first, "03T12:00 03T13:00 ada", "03T13:00 03T15:00 ben"]);
    assert_eq!(swap("10:00", "3T13:00", true), [first, "03T12:00 03T13:00 ben", "03T13:00 03T15:00 ada"]);
    assert_eq!(
        swap("13:00", "3T14:00", true),
        [first, "03T12:00 03T13:00 ada", "03T13:00 03T14:00 ben", "03T14:00 03T15:00 ada"]
    );
    assert_eq!(swap("00:00", "4T12:00", true), [first, "03T12:00 03T15:00 ben"]);
}

#[test]
fn a_swap_is_of_one_person_in_a_turn_of_several() {
    let pair = "    layers: [{every: day, start: 2026-11-02T00:00, people: [[ada, cleo]], hours: [{from: \"12:00\", to: \"15:00\"}]}]\n";
    let swaps = "    swaps: [{from: 2026-11-02T10:00, to: 2026-11-02T13:00, of: ada, taken_by: ben}]\n";
    let roster = roster("UTC", &format!("{pair}{swaps}"));
    assert_eq!(
        lines(&roster, "2026-11-02", "2026-11-03"),
        ["02T12:00 02T13:00 ben,cleo", "02T13:00 02T15:00 ada,cleo"]
    );
    let shifts = expanded(&roster, "2026-11-02", "2026-11-03").shifts;
    assert_eq!(shifts.iter().map(|shift| shift.is_swapped).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn swaps_that_concern_nobody_change_nothing() {
    let unchanged = with("");
    for swap in [
        "of: dora, taken_by: ben, from: 2026-11-02T00:00, to: 2026-11-04T00:00",
        "of: ada, taken_by: ben, from: 2026-10-20T00:00, to: 2026-10-27T00:00",
        "of: ada, from: 2026-11-01T00:00, to: 2026-11-04T00:00",
        "of: ada, taken_by: ben, from: 2026-11-02T15:00, to: 2026-11-03T12:00",
    ] {
        assert_eq!(with(&format!("    swaps: [{{{swap}}}]\n")), unchanged, "{swap}");
    }
}

#[test]
fn who_gave_a_shift_away_is_not_put_back_by_an_override() {
    let change = "    overrides: [{from: 2026-11-02T12:00, to: 2026-11-02T13:00, people: ada}]
    swaps: [{from: 2026-11-02T00:00, to: 2026-11-03T00:00, of: ada, taken_by: ben}]
";
    assert_eq!(with(change), ["02T12:00 02T13:00 ben", "02T13:00 02T15:00 ben", "03T12:00 03T15:00 ada"]);
}

#[test]
fn a_temporary_schedule_takes_the_place_of_the_layers() {
    let fields = "    layers: [{every: day, start: 2018-01-01T00:00, people: [foobar], hours: [{from: \"08:00\", to: \"10:00\"}]}]
    temporary:
      - from: 2018-01-01T08:15
        to: 2018-01-01T08:45
        shifts: [{from: 2018-01-01T08:25, to: 2018-01-01T08:35, people: baz}]
";
    let roster = roster("UTC", fields);
    let expected = ["01T08:00 01T08:15 foobar", "01T08:25 01T08:35 baz", "01T08:45 01T09:00 foobar"];
    assert_eq!(lines(&roster, "2018-01-01T08:00Z", "2018-01-01T09:00Z"), expected);
    // What it leaves open is a gap, and an override still counts in it.
    assert_eq!(expanded(&roster, "2018-01-01T08:15Z", "2018-01-01T08:45Z").gaps.len(), 2);
}

#[test]
fn shifts_are_cut_to_their_temporary_schedule_and_those_that_overlap_count_together() {
    let fields = "    layers: [{every: day, start: 2000-01-01T00:00, people: [other]}]
    temporary:
      - from: 2000-01-01T10:00
        to: 2000-01-01T14:00
        shifts:
          - {from: 2000-01-01T09:00, to: 2000-01-01T18:00, people: foo}
          - {from: 2000-01-01T12:00, to: 2000-01-01T15:00, people: bar}
          - {from: 2000-01-01T15:00, to: 2000-01-01T16:00, people: late}
      - {from: 2000-01-01T13:00, to: 2000-01-01T15:00, shifts: [{from: 2000-01-01T13:00, to: 2000-01-01T15:00, people: baz}]}
";
    let roster = roster("UTC", fields);
    let expected = [
        "01T00:00 01T10:00 other",
        "01T10:00 01T14:00 foo",
        "01T12:00 01T14:00 bar",
        "01T13:00 01T15:00 baz",
        "01T15:00 02T00:00 other",
    ];
    assert_eq!(lines(&roster, "2000-01-01", "2000-01-02"), expected);
}

#[test]
fn what_begins_before_the_time_that_is_asked_for_counts_in_it() {
    let change = "    swaps: [{from: 2026-11-03T13:00, to: 2026-11-03T15:00, of: ada, taken_by: ben}]\n";
    let roster = roster("UTC", &format!("{NOON}{change}"));
    assert_eq!(lines(&roster, "2026-11-03T14:10Z", "2026-11-03T14:11Z"), ["03T14:10 03T14:11 ben"]);
}
