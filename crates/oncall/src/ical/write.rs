//! Shifts as events: in UTC, so that no reader needs to know a zone, with ids that are the same whenever they are written.

use crate::{Expansion, PersonAt, Roster, Schedule, Shift, Source};
use jiff::{SignedDuration, Timestamp};

/// Octets of a line at most (RFC 5545, 3.1), without its end.
const LINE_BYTES_MAX: usize = 75;

/// What a calendar is made for.
#[derive(Debug, Clone)]
pub struct Feed {
    /// When it is written.
    pub stamp: Timestamp,
    /// Shifts of this person only.
    pub person: Option<PersonAt>,
    /// How long before each shift a reminder comes; none where nothing is said.
    pub reminder: Option<SignedDuration>,
}

/// The calendar of a schedule's shifts.
#[must_use]
pub fn write(roster: &Roster, schedule: &Schedule, expansion: &Expansion, feed: &Feed) -> String {
    let mut out = String::new();
    line(&mut out, "BEGIN:VCALENDAR");
    line(&mut out, "VERSION:2.0");
    line(&mut out, "PRODID:-//Mainstay//on-call//EN");
    line(&mut out, "CALSCALE:GREGORIAN");
    line(&mut out, "METHOD:PUBLISH");
    line(&mut out, &format!("X-WR-CALNAME:{}", escaped(&format!("On call: {}", schedule.id))));
    let is_wanted = |shift: &&Shift| feed.person.is_none_or(|person| shift.people.contains(&person));
    for shift in expansion.shifts.iter().filter(is_wanted) {
        event(&mut out, roster, schedule, shift, feed);
    }
    line(&mut out, "END:VCALENDAR");
    out
}

fn event(out: &mut String, roster: &Roster, schedule: &Schedule, shift: &Shift, feed: &Feed) {
    let names: Vec<&str> = shift.people.iter().map(|at| roster.person(*at).name.as_str()).collect();
    let summary = format!("On call: {} ({})", names.join(", "), schedule.id);
    line(out, "BEGIN:VEVENT");
    line(out, &format!("UID:{}", escaped(&uid(schedule, shift))));
    line(out, &format!("DTSTAMP:{}", utc(feed.stamp)));
    line(out, &format!("DTSTART:{}", utc(shift.start)));
    line(out, &format!("DTEND:{}", utc(shift.end)));
    line(out, &format!("SUMMARY:{}", escaped(&summary)));
    line(out, &format!("DESCRIPTION:{}", escaped(&source_name(schedule, shift))));
    line(out, "STATUS:CONFIRMED");
    // Who is on call can still be invited to meetings.
    line(out, "TRANSP:TRANSPARENT");
    if let Some(before) = feed.reminder {
        line(out, "BEGIN:VALARM");
        line(out, "ACTION:DISPLAY");
        line(out, &format!("TRIGGER:-PT{}M", before.as_mins()));
        line(out, &format!("DESCRIPTION:{}", escaped(&summary)));
        line(out, "END:VALARM");
    }
    line(out, "END:VEVENT");
}

/// The id of a shift: what puts people there, and when it begins. Whoever has the shift, it is the same shift, so that a swap
/// changes an event and leaves no second one behind.
fn uid(schedule: &Schedule, shift: &Shift) -> String {
    let source = match shift.source {
        Source::Layer { layer, .. } => format!("layer.{}", schedule.layers[layer].name),
        Source::Temporary { schedule, shift } => format!("temporary.{schedule}.{shift}"),
        Source::Override(number) => format!("override.{number}"),
    };
    format!("{}.{source}.{}@oncall.mainstay", schedule.id, utc(shift.start)).replace(char::is_whitespace, "-")
}

fn source_name(schedule: &Schedule, shift: &Shift) -> String {
    match shift.source {
        Source::Layer { layer, .. } => schedule.layers[layer].name.clone(),
        Source::Temporary { .. } => "temporary".to_owned(),
        Source::Override(_) => "override".to_owned(),
    }
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text as a value holds it (RFC 5545, 3.3.11). Control characters are not allowed and go.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

/// Writes a line, folded where it is long: what follows begins with a space. No character is torn.
fn line(out: &mut String, text: &str) {
    let mut room = LINE_BYTES_MAX;
    for letter in text.chars() {
        if letter.len_utf8() > room {
            out.push_str("\r\n ");
            room = LINE_BYTES_MAX - 1;
        }
        room -= letter.len_utf8();
        out.push(letter);
    }
    out.push_str("\r\n");
}
