//! What schedules must mean. Cases that other programs are tested with are covered by tests of our own: those of `GoAlert`
//! (`schedule/rotation/rotation_test.go`, `util/timeutil/clock_test.go`, `schedule/rule/rule_test.go`) and of Grafana `OnCall`
//! (`engine/apps/schedules/tests`).

#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

mod calendars;
mod changes;
mod course;
mod escalations;
mod handoffs;
mod layers;
mod oracle;
mod peer;
mod reader;
mod simulation;
mod turns;
mod zones;

use jiff::Timestamp;
use mainstay_iac::SourceFile;
use mainstay_oncall::{Expansion, Reading, Roster, Schedule, expand, read};

/// Reads one file.
fn reading(text: &str) -> Reading {
    read(&[SourceFile { path: "oncall.yaml".to_owned(), bytes: text.as_bytes().to_vec() }])
}

/// A roster with one schedule whose fields are given, indented by four.
fn roster(zone: &str, fields: &str) -> Roster {
    let text = format!("version: oncall/v1\nschedules:\n  - id: shop\n    zone: {zone}\n{fields}");
    let reading = reading(&text);
    assert!(!reading.is_damaged(), "{text}\n{:#?}", reading.diagnostics);
    reading.roster
}

/// An instant, or midnight UTC of a day.
fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| format!("{text}T00:00Z").parse().unwrap())
}

fn only(roster: &Roster) -> &Schedule {
    assert_eq!(roster.schedules.len(), 1);
    &roster.schedules[0]
}

fn expanded(roster: &Roster, from: &str, to: &str) -> Expansion {
    expand(roster, only(roster), at(from), at(to))
}

/// Shifts as `02T10:00 02T12:00 ada,ben`: day and time in the schedule's zone.
fn lines(roster: &Roster, from: &str, to: &str) -> Vec<String> {
    let zone = &only(roster).zone;
    let time = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%dT%H:%M").to_string();
    let shifts = expanded(roster, from, to).shifts;
    let line = |shift: &mainstay_oncall::Shift| {
        format!("{} {} {}", time(shift.start), time(shift.end), roster.ids(&shift.people).join(","))
    };
    shifts.iter().map(line).collect()
}

/// Who is on duty at an instant, sorted and joined.
fn who(roster: &Roster, instant: &str) -> String {
    let instant = at(instant);
    let day = jiff::SignedDuration::from_hours(24);
    let expansion = expand(roster, only(roster), instant - day, instant + day);
    let people = expansion.on_duty(instant);
    let mut ids = roster.ids(&people);
    ids.sort_unstable();
    ids.join(",")
}
