//! Calendars beside a library of others (`recurring-ical-events` on PyPI, which Grafana `OnCall` reads calendars with): what we
//! write, it reads as we meant it, and what others write, both read alike.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test starts a program of others, and says where it is not there"
)]

use crate::zones::Numbers;
use crate::{at, only, roster};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use mainstay_oncall::expand;
use mainstay_oncall::ical::{Feed, read, write};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const FROM: &str = "2026-01-10T00:00:00Z";
const TO: &str = "2027-01-10T00:00:00Z";

/// What the other library says of calendars; nothing where it is not installed.
fn theirs(calendars: &[String]) -> Option<Vec<Value>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../../target/tools/venv/bin/python");
    let has = |program: &Path| Command::new(program).args(["-c", "import recurring_ical_events"]).output();
    if !has(&python).is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: recurring-ical-events is not installed; cargo xtask setup installs it");
        return None;
    }
    let asked: Vec<Value> = calendars.iter().map(|text| json!([text, FROM, TO])).collect();
    let mut child = Command::new(&python)
        .arg(root.join("tests/it/peer.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(Value::from(asked).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What we say of one, in the same form.
fn ours(calendar: &str) -> Value {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let found = read(calendar, "peer.ics", &berlin, at(FROM), at(TO));
    assert_eq!(found.diagnostics, [], "{calendar}");
    let mut events: Vec<(i64, i64, String)> =
        found.events.into_iter().map(|event| (event.start.as_second(), event.end.as_second(), event.summary)).collect();
    events.sort();
    json!(events)
}

/// A made-up event of any kind that both can read: rules, exceptions, one occurrence that was moved.
fn made_up(numbers: &mut Numbers) -> String {
    let mut below = |bound: u64| numbers.below(bound);
    let zone = ["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Tokyo", "UTC"]
        [usize::try_from(below(5)).unwrap()];
    // Near the hours at which clocks change, and anywhere else.
    let (hour, minute) = if below(2) == 0 { (below(4), below(4) * 15) } else { (below(24), below(60)) };
    let start: DateTime =
        format!("2026-{:02}-{:02}T{hour:02}:{minute:02}", 1 + below(3), 1 + below(28)).parse().unwrap();
    let length = SignedDuration::from_mins(i64::try_from(30 + below(3_000)).unwrap());
    let stamp = |at: DateTime| at.strftime("%Y%m%dT%H%M%S").to_string();
    let days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let own = days[usize::try_from(start.weekday().to_monday_zero_offset()).unwrap()];
    let other = days[usize::try_from(below(7)).unwrap()];
    let rule = match below(6) {
        0 => format!("FREQ=DAILY;INTERVAL={}", 1 + below(4)),
        1 => format!("FREQ=WEEKLY;INTERVAL={};BYDAY={own},{other}", 1 + below(3)),
        2 => format!("FREQ=MONTHLY;BYMONTHDAY={}", start.day()),
        3 => format!("FREQ=MONTHLY;INTERVAL={};BYDAY={}{own}", 1 + below(2), 1 + (start.day() - 1) / 7),
        4 => format!("FREQ=WEEKLY;WKST=SU;INTERVAL=2;BYDAY={own},{other}"),
        _ => "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR,SA,SU".to_owned(),
    };
    let end = match below(3) {
        0 => format!(";COUNT={}", 1 + below(40)),
        1 => format!(";UNTIL=2026{:02}{:02}T120000Z", 6 + below(6), 1 + below(28)),
        _ => String::new(),
    };
    let mut text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY:ada\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID={zone}:{}\r\nDTEND;TZID={zone}:{}\r\nRRULE:{rule}{end}\r\n",
        stamp(start),
        stamp(start + length)
    );
    // The day after the first, a week after it, or the first itself: an occurrence or none.
    let some = start.saturating_add(jiff::Span::new().days([0_i64, 1, 7, 14][usize::try_from(below(4)).unwrap()]));
    match below(3) {
        0 => text += &format!("EXDATE;TZID={zone}:{}\r\nEND:VEVENT\r\n", stamp(some)),
        _ => text += "END:VEVENT\r\n",
    }
    text + "END:VCALENDAR\r\n"
}

#[test]
fn calendars_of_others_mean_the_same_to_both() {
    let mut numbers = Numbers(9);
    let calendars: Vec<String> = (0..150).map(|_| made_up(&mut numbers)).collect();
    let Some(theirs) = theirs(&calendars) else { return };
    let mut wrong = Vec::new();
    for (calendar, theirs) in calendars.iter().zip(theirs) {
        let (ours, theirs) = (ours(calendar), theirs.as_array().unwrap().clone());
        let ours = ours.as_array().unwrap();
        let only = |some: &[Value], others: &[Value]| {
            let only = some.iter().filter(|event| !others.contains(event)).map(Value::to_string);
            only.take(3).collect::<Vec<_>>().join(" ")
        };
        if *ours != theirs {
            wrong.push(format!("{calendar}only ours: {}\nonly theirs: {}\n", only(ours, &theirs), only(&theirs, ours)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), calendars.len(), wrong.join("\n"));
}

#[test]
fn what_we_write_is_read_as_it_was_meant() {
    let fields = "    layers:
      - {name: \"weeks; all, of them\", every: week, start: 2026-01-05T02:30, people: [ada, \"jürgen, der zweite\"]}
      - {name: nights, priority: 2, every: day, start: 2026-01-05T22:00, people: [ben, cleo], hours: [{from: \"22:00\", to: \"06:00\"}]}
    swaps: [{from: 2026-03-01, to: 2026-04-01, of: ada, taken_by: dan}]
";
    let roster = roster("Europe/Berlin", fields);
    let expansion = expand(&roster, only(&roster), at(FROM), at(TO));
    let feed = Feed { stamp: at(FROM), person: None, reminder: Some(SignedDuration::from_mins(30)) };
    let text = write(&roster, only(&roster), &expansion, &feed);
    let Some(theirs) = theirs(std::slice::from_ref(&text)) else { return };
    let named = |shift: &mainstay_oncall::Shift| {
        let summary = format!("On call: {} (shop)", roster.ids(&shift.people).join(", "));
        (shift.start.as_second(), shift.end.as_second(), summary)
    };
    let mut meant: Vec<_> = expansion.shifts.iter().map(named).collect();
    meant.sort();
    assert_eq!(theirs[0], json!(meant));
}
