//! iCalendar: what is written, and what calendars of others mean.

use crate::{at, only, roster};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mainstay_oncall::expand;
use mainstay_oncall::ical::{Calendar, Feed, read, write};

/// Events within `VCALENDAR`, read between two times; whole days are those of Berlin.
fn calendar(events: &str, from: &str, to: &str) -> Calendar {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", events.replace('\n', "\r\n"));
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    read(&text, "calendar.ics", &berlin, at(from), at(to))
}

/// What happens, as `2026-11-02T08:00 2026-11-02T17:00 summary` in UTC.
fn lines(calendar: &Calendar) -> Vec<String> {
    let time = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M").to_string();
    calendar.events.iter().map(|event| format!("{} {} {}", time(event.start), time(event.end), event.summary)).collect()
}

fn complaints(calendar: &Calendar) -> Vec<String> {
    calendar.diagnostics.iter().map(|d| format!("{} {}", d.place.line, d.summary)).collect()
}

/// One event whose lines are given.
fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\nUID:a\nSUMMARY:ada\n{lines}\nEND:VEVENT\n")
}

#[test]
fn what_recurs_does_so_on_the_wall() {
    let daily = event(
        "DTSTART;TZID=Asia/Yekaterinburg:20210124T130000\nDTEND;TZID=Asia/Yekaterinburg:20210124T220000\nRRULE:FREQ=DAILY",
    );
    let found = calendar(&daily, "2021-01-26T15:00Z", "2021-01-28T15:00Z");
    let expected = [
        "2021-01-26T08:00 2021-01-26T17:00 ada",
        "2021-01-27T08:00 2021-01-27T17:00 ada",
        "2021-01-28T08:00 2021-01-28T17:00 ada",
    ];
    assert_eq!(lines(&found), expected);
    // So does its end, also when clocks change within: it is half past four and not half past five.
    let over = event(
        "DTSTART;TZID=America/Chicago:20260306T013000\nDTEND;TZID=America/Chicago:20260307T163000\nRRULE:FREQ=DAILY;COUNT=2",
    );
    let expected = ["2026-03-06T07:30 2026-03-07T22:30 ada", "2026-03-07T07:30 2026-03-08T21:30 ada"];
    assert_eq!(lines(&calendar(&over, "2026-03-01", "2026-04-01")), expected);
    // A length of hours passes, whatever the clocks show; one of days is of the wall.
    let hours = event("DTSTART;TZID=America/Chicago:20260308T003000\nDURATION:PT24H");
    assert_eq!(lines(&calendar(&hours, "2026-03-01", "2026-04-01")), ["2026-03-08T06:30 2026-03-09T06:30 ada"]);
    let day = event("DTSTART;TZID=America/Chicago:20260308T003000\nDURATION:P1DT1H");
    assert_eq!(lines(&calendar(&day, "2026-03-01", "2026-04-01")), ["2026-03-08T06:30 2026-03-09T06:30 ada"]);
    // A day from nine to nine meets the next one where the day has 23 hours, and where nine is in a gap of the clocks.
    let shifts = event(
        "DTSTART;TZID=America/Chicago:20200306T023000\nDTEND;TZID=America/Chicago:20200307T023000\nRRULE:FREQ=DAILY;COUNT=4",
    );
    let expected = [
        "2020-03-06T08:30 2020-03-07T08:30 ada",
        "2020-03-07T08:30 2020-03-08T08:30 ada",
        "2020-03-08T08:30 2020-03-09T07:30 ada",
        "2020-03-09T07:30 2020-03-10T07:30 ada",
    ];
    assert_eq!(lines(&calendar(&shifts, "2020-03-01", "2020-04-01")), expected);
}

#[test]
fn one_occurrence_may_be_changed_moved_or_cancelled() {
    let series = "DTSTART;TZID=Asia/Yekaterinburg:20210124T130000\nDTEND;TZID=Asia/Yekaterinburg:20210124T220000\nRRULE:FREQ=DAILY;COUNT=5";
    let changed = |rest: &str| {
        let one = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;TZID=Asia/Yekaterinburg:20210126T130000";
        format!("{one}\n{rest}\nEND:VEVENT\n{}", event(series))
    };
    let bob = changed(
        "SUMMARY:bob\nDTSTART;TZID=Asia/Yekaterinburg:20210126T130000\nDTEND;TZID=Asia/Yekaterinburg:20210126T220000",
    );
    let found = lines(&calendar(&bob, "2021-01-25", "2021-01-28"));
    assert_eq!(
        found,
        [
            "2021-01-25T08:00 2021-01-25T17:00 ada",
            "2021-01-26T08:00 2021-01-26T17:00 bob",
            "2021-01-27T08:00 2021-01-27T17:00 ada"
        ]
    );
    // Moved beyond what is asked for, it is gone from here; the id may be written in another zone.
    let moved = changed("SUMMARY:ada\nDTSTART:20210310T080000Z\nDTEND:20210310T090000Z")
        .replace(";TZID=Asia/Yekaterinburg:20210126T130000\nSUMMARY", ":20210126T080000Z\nSUMMARY");
    let found = lines(&calendar(&moved, "2021-01-25", "2021-01-28"));
    assert_eq!(found, ["2021-01-25T08:00 2021-01-25T17:00 ada", "2021-01-27T08:00 2021-01-27T17:00 ada"]);
    assert_eq!(lines(&calendar(&moved, "2021-03-01", "2021-04-01")), ["2021-03-10T08:00 2021-03-10T09:00 ada"]);
    let cancelled = changed(
        "STATUS:CANCELLED\nDTSTART;TZID=Asia/Yekaterinburg:20210126T130000\nDTEND;TZID=Asia/Yekaterinburg:20210126T220000",
    );
    assert_eq!(lines(&calendar(&cancelled, "2021-01-25", "2021-01-28")).len(), 2);
    let all = event(&format!("{series}\nSTATUS:cancelled"));
    assert_eq!(lines(&calendar(&all, "2021-01-25", "2021-01-28")), [""; 0]);
}

#[test]
fn a_change_of_an_occurrence_that_is_none_stands_for_itself() {
    let text = "BEGIN:VEVENT\nUID:e\nSUMMARY:user\nDTSTART;VALUE=DATE:20230717\nDTEND;VALUE=DATE:20230725\nRRULE:FREQ=WEEKLY;WKST=MO;UNTIL=20230806;INTERVAL=3;BYDAY=MO\nEND:VEVENT
BEGIN:VEVENT\nUID:e\nSUMMARY:user\nDTSTART;TZID=Europe/Warsaw:20230717T100000\nDTEND;TZID=Europe/Warsaw:20230724T100000\nRECURRENCE-ID;TZID=Europe/Warsaw:19700101T010000\nSEQUENCE:2\nEND:VEVENT
";
    let found = calendar(text, "2023-07-17", "2023-07-24");
    assert_eq!(lines(&found), ["2023-07-16T22:00 2023-07-24T22:00 user", "2023-07-17T08:00 2023-07-24T08:00 user"]);
}

#[test]
fn whole_days_are_days_of_the_schedule() {
    let days = "BEGIN:VEVENT\nUID:1\nSUMMARY:alex\nDTSTART;VALUE=DATE:20210127\nDTEND;VALUE=DATE:20210128\nEND:VEVENT
BEGIN:VEVENT\nUID:2\nSUMMARY:alice\nDTSTART;VALUE=DATE:20210127\nDTEND;VALUE=DATE:20210129\nEND:VEVENT
BEGIN:VEVENT\nUID:3\nSUMMARY:one\nDTSTART;VALUE=DATE:20210327\nRRULE:FREQ=DAILY;UNTIL=20210328\nEND:VEVENT
";
    let found = calendar(days, "2021-01-01", "2021-04-01");
    let expected = [
        "2021-01-26T23:00 2021-01-27T23:00 alex",
        "2021-01-26T23:00 2021-01-28T23:00 alice",
        "2021-03-26T23:00 2021-03-27T23:00 one",
        // The day of summer time has 23 hours.
        "2021-03-27T23:00 2021-03-28T22:00 one",
    ];
    assert_eq!(lines(&found), expected);
    assert!(found.events.iter().all(|event| event.is_all_day));
}

#[test]
fn rules_end_where_they_say_whatever_zone_says_it() {
    let until = |until: &str| {
        let lines_ = format!(
            "DTSTART;TZID=Europe/Madrid:20221201T130000\nDTEND;TZID=Europe/Madrid:20221201T133000\nRRULE:FREQ=WEEKLY;UNTIL={until}"
        );
        lines(&calendar(&event(&lines_), "2022-12-01", "2023-03-01")).len()
    };
    // Thursdays at 13:00 in Madrid, which is 12:00 UTC: the 1st, 8th, 15th, 22nd, 29th.
    assert_eq!(until("20221231T010101"), 5);
    assert_eq!(until("20221222T120000Z"), 4);
    assert_eq!(until("20221222T115959Z"), 3);
    assert_eq!(until("20221222"), 4);
    assert_eq!(until("20201222"), 1, "an end before the begin leaves the event itself");
}

#[test]
fn rules_of_every_kind() {
    let begins = |rule: &str| {
        let text = event(&format!("DTSTART:20260105T090000Z\nDURATION:PT1H\n{rule}"));
        let found = calendar(&text, "2026-01-01", "2026-06-01");
        assert_eq!(complaints(&found), [""; 0], "{rule}");
        found.events.iter().map(|event| event.start.strftime("%m%d").to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(begins("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=4"), "0105 0109 0119 0123");
    assert_eq!(begins("RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=3"), "0105 0202 0302");
    assert_eq!(begins("RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3"), "0105 0131 0228 0331");
    assert_eq!(begins("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2"), "0105 0130 0227");
    assert_eq!(begins("RRULE:FREQ=DAILY;COUNT=4\nEXDATE:20260106T090000Z,20260107T090000Z"), "0105 0108");
    assert_eq!(begins("RRULE:FREQ=DAILY;COUNT=4\nEXDATE;TZID=Asia/Tokyo:20260106T180000"), "0105 0107 0108");
    assert_eq!(begins("RRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260106"), "0105 0107");
    assert_eq!(begins("RDATE:20260201T090000Z,20260301T090000Z"), "0105 0201 0301");
    assert_eq!(begins("SEQUENCE:1"), "0105");
}

#[test]
fn zones_go_by_many_names_and_one_that_nobody_knows_is_told() {
    let in_zone = |zone: &str| {
        let text = event(&format!("DTSTART;TZID={zone}:20260701T090000\nDTEND;TZID={zone}:20260701T100000"));
        calendar(&text, "2026-06-01", "2026-08-01")
    };
    for (zone, hour) in [
        ("America/Chicago", "14"),
        ("Central Standard Time", "14"),
        ("\"W. Europe Standard Time\"", "07"),
        ("/example.org/20050126_1/Asia/Tokyo", "00"),
        ("UTC", "09"),
    ] {
        let found = in_zone(zone);
        assert_eq!(complaints(&found), [""; 0], "{zone}");
        assert_eq!(found.events[0].start, at(&format!("2026-07-01T{hour}:00Z")), "{zone}");
    }
    // Read as the schedule's, Berlin's; and said.
    let found = in_zone("Custom 1");
    assert_eq!(found.events[0].start, at("2026-07-01T07:00Z"));
    assert_eq!(
        complaints(&found),
        [
            "6 \"Custom 1\" is no known time zone; the time is read as one of the schedule's zone",
            "7 \"Custom 1\" is no known time zone; the time is read as one of the schedule's zone",
        ]
    );
    // A calendar may say what its names mean.
    let named = format!(
        "BEGIN:VTIMEZONE\nTZID:Custom 1\nX-LIC-LOCATION:Asia/Tokyo\nEND:VTIMEZONE\n{}",
        event("DTSTART;TZID=Custom 1:20260701T090000\nDTEND;TZID=Custom 1:20260701T100000")
    );
    assert_eq!(calendar(&named, "2026-06-01", "2026-08-01").events[0].start, at("2026-07-01T00:00Z"));
}

#[test]
fn bad_events_are_told_and_cost_themselves() {
    let text = [
        event("DTEND:20260101T090000Z"),
        event("DTSTART:today"),
        event("DTSTART:20260101T090000Z\nDTEND:20260101T080000Z"),
        event("DTSTART:20260101T090000Z\nDURATION:-PT1H"),
        event("DTSTART:20260101T090000Z"),
        event("DTSTART:20260101T090000Z\nDURATION:PT1H\nRRULE:FREQ=OFTEN"),
        event("DTSTART:20260101T090000Z\nDURATION:PT1H\nEXDATE:never").replace("UID:a", "UID:b"),
    ]
    .concat();
    let found = calendar(&text, "2026-01-01", "2026-01-03");
    assert_eq!(lines(&found).len(), 2);
    let complaints = complaints(&found);
    assert_eq!(complaints.len(), 7, "{complaints:#?}");
    assert!(complaints[0].starts_with("3 the event has no DTSTART"), "{complaints:#?}");
    assert!(complaints[1].starts_with("11 \"today\" is no time"), "{complaints:#?}");
    assert!(complaints[2].starts_with("17 the event is over before it begins"), "{complaints:#?}");
}

#[test]
fn files_that_are_cut_off_or_no_calendar_are_told() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let whole = format!(
        "BEGIN:VCALENDAR\n{}{}END:VCALENDAR\n",
        event("DTSTART:20260101T090000Z\nDURATION:PT1H"),
        event("DTSTART:20260102T090000Z\nDURATION:PT1H").replace("UID:a", "UID:b")
    );
    let cut = &whole[..whole.len() - 40];
    let found = read(cut, "c.ics", &berlin, at("2026-01-01"), at("2026-02-01"));
    assert_eq!(lines(&found).len(), 1, "what is whole counts");
    assert_eq!(found.diagnostics.iter().filter(|d| d.code == "oncall.calendar-cut").count(), 2);
    for text in ["", "hello", "<html>", "BEGIN:VEVENT\nEND:VEVENT\n", "END:VEVENT\n", "\u{feff}\r\n\r\n"] {
        let found = read(text, "c.ics", &berlin, at("2026-01-01"), at("2026-02-01"));
        assert!(found.events.is_empty() && !found.diagnostics.is_empty(), "{text:?}");
    }
    // A rule that never comes to an end does not keep us.
    let endless = event("DTSTART:20260101T090000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30");
    let _ = calendar(&endless, "2026-01-01", "2026-02-01");
    let many = event("DTSTART:19700101T090000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY");
    assert!(complaints(&calendar(&many, "2026-01-01", "2026-02-01")).iter().any(|what| what.contains("more than")));
}

#[test]
fn the_newest_version_of_an_event_counts() {
    let version = |sequence: u32, hour: u32| {
        event(&format!("SEQUENCE:{sequence}\nDTSTART:20260101T{hour:02}0000Z\nDURATION:PT1H"))
    };
    let found = calendar(&[version(2, 12), version(1, 9)].concat(), "2026-01-01", "2026-02-01");
    assert_eq!(lines(&found), ["2026-01-01T12:00 2026-01-01T13:00 ada"]);
}

const WEEKS: &str = "    layers:
      - {name: \"weeks, all; of\\\\ them\", every: week, start: 2026-11-02T09:00, people: [ada, ben]}
    swaps: [{from: 2026-11-10T00:00, to: 2026-11-11T00:00, of: ben, taken_by: jürgen-äöüß-日本語日本語日本語日本語日本語日本語}]
";

fn feed() -> Feed {
    Feed { stamp: at("2026-11-01"), person: None, reminder: Some(SignedDuration::from_mins(30)) }
}

#[test]
fn what_is_written_is_folded_utc_and_can_be_read_back() {
    let roster = roster("Europe/Berlin", WEEKS);
    let schedule = only(&roster);
    let expansion = expand(&roster, schedule, at("2026-11-01"), at("2026-12-01"));
    let text = write(&roster, schedule, &expansion, &feed());
    assert!(text.ends_with("END:VCALENDAR\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{} octets: {line}", line.len());
    }
    assert!(text.contains("\r\n "), "the long name is folded");
    assert!(text.contains("DTSTART:20261102T080000Z\r\n") && text.contains("TRIGGER:-PT30M\r\n"));
    assert!(text.contains("DESCRIPTION:weeks\\, all\\; of\\\\ them\r\n"), "{text}");
    let back = read(&text, "back.ics", &TimeZone::UTC, at("2026-11-01"), at("2026-12-01"));
    assert_eq!(back.diagnostics, []);
    let shifts: Vec<_> = expansion.shifts.iter().map(|shift| (shift.start, shift.end)).collect();
    assert_eq!(back.events.iter().map(|event| (event.start, event.end)).collect::<Vec<_>>(), shifts);
    assert_eq!(back.events[2].summary, "On call: jürgen-äöüß-日本語日本語日本語日本語日本語日本語 (shop)");
    let mut uids: Vec<&str> = back.events.iter().map(|event| event.uid.as_str()).collect();
    uids.sort_unstable();
    uids.dedup();
    assert_eq!(uids.len(), back.events.len(), "each shift has its own id");
}

#[test]
fn ids_stay_whoever_has_the_shift_and_whenever_it_is_written() {
    let uids = |fields: &str, from: &str| {
        let roster = roster("Europe/Berlin", fields);
        let expansion = expand(&roster, only(&roster), at(from), at("2026-12-01"));
        let text = write(&roster, only(&roster), &expansion, &feed());
        text.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect::<Vec<_>>()
    };
    let ada = "    layers: [{name: weeks, every: week, start: 2026-11-02T09:00, people: [ada, ben]}]\n";
    let swapped = format!(
        "{ada}    swaps: [{{from: 2026-11-09T09:00+01:00, to: 2026-11-16T09:00+01:00, of: ben, taken_by: cleo}}]\n"
    );
    let first = uids(ada, "2026-11-02T08:00Z");
    assert_eq!(uids(&swapped, "2026-11-02T08:00Z"), first);
    assert_eq!(uids(ada, "2026-11-09T08:00Z"), first[1..]);
    assert_eq!(first[0], "UID:shop.layer.weeks.20261102T080000Z@oncall.mainstay");
}

#[test]
fn a_calendar_may_be_of_one_person() {
    let roster = roster("Europe/Berlin", WEEKS);
    let expansion = expand(&roster, only(&roster), at("2026-11-01"), at("2026-12-01"));
    let ada = roster.people.iter().position(|person| person.id == "ada").unwrap();
    let ada = mainstay_oncall::PersonAt(u32::try_from(ada).unwrap());
    let text = write(&roster, only(&roster), &expansion, &Feed { person: Some(ada), reminder: None, ..feed() });
    assert_eq!(
        text.matches("BEGIN:VEVENT").count(),
        expansion.shifts.iter().filter(|s| s.people.contains(&ada)).count()
    );
    assert!(!text.contains("VALARM") && !text.contains("ben"));
}

/// Damaged calendars are read without panic, and what is read of them holds together.
#[test]
fn damaged_calendars_are_read_for_what_they_are() {
    let series = "DTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260106T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;UNTIL=20260401T000000Z;WKST=SU\nEXDATE;TZID=Europe/Berlin:20260119T090000";
    let changed = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260116T080000Z\nSTATUS:CANCELLED\nDTSTART:20260116T080000Z\nDURATION:P1DT2H\nEND:VEVENT\n";
    let whole = format!("BEGIN:VCALENDAR\n{}{changed}END:VCALENDAR\n", event(series)).into_bytes();
    let mut numbers = crate::zones::Numbers(7);
    let mut below = |bound: usize| usize::try_from(numbers.below(bound as u64)).unwrap();
    for _ in 0..3_000 {
        let mut bytes = whole.clone();
        for _ in 0..=below(4) {
            let at = below(bytes.len());
            match below(4) {
                0 => drop(bytes.drain(at..(at + 1 + below(12)).min(bytes.len()))),
                1 => bytes[at] = b"0123456789;:,=-+TZPRMO\n \\\"\xff"[below(27)],
                2 => bytes.insert(at, b"9;:T-\n"[below(6)]),
                _ => {
                    let piece = bytes[at..(at + below(40)).min(bytes.len())].to_vec();
                    let to = below(bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let found = read(&text, "c.ics", &TimeZone::UTC, at("2026-01-01"), at("2026-06-01"));
        let lines = u32::try_from(text.split('\n').count()).unwrap();
        assert!(found.events.iter().all(|event| event.start < event.end && event.line <= lines), "{text}");
        assert!(found.diagnostics.iter().all(|diagnostic| diagnostic.place.line <= lines), "{text}");
    }
}
