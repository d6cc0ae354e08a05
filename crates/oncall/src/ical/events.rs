//! Calendars of others: what happens between two times.

use super::lines::{Component, Property, components};
use super::moments::{Duration, Moment, Zones, duration, moment};
use super::rules;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use mainstay_model::{Diagnostic, Place};
use std::collections::{BTreeMap, BTreeSet};

/// Something that happens once.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The id of the event that it is an occurrence of.
    pub uid: String,
    /// What it is called.
    pub summary: String,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// Whether it is of whole days.
    pub is_all_day: bool,
    /// The line on which it stands.
    pub line: u32,
}

/// What a calendar says of a time.
#[derive(Debug, Default)]
pub struct Calendar {
    /// What touches the time, in order.
    pub events: Vec<Event>,
    /// What is wrong, or read in a doubtful way.
    pub diagnostics: Vec<Diagnostic>,
}

/// One `VEVENT` with its times read.
struct Entry<'c> {
    component: &'c Component,
    uid: String,
    start: Moment,
    length: Duration,
    /// Which occurrence of its event it stands for.
    replaces: Option<Timestamp>,
    is_cancelled: bool,
    sequence: i64,
}

/// Reads a calendar. Whole days, and times that name no zone, are of the given one.
#[must_use]
pub fn read(text: &str, path: &str, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Calendar {
    let mut diagnostics = Vec::new();
    let calendars = components(text, path, &mut diagnostics);
    if !calendars.iter().any(|calendar| calendar.name == "VCALENDAR") {
        let mend = "a calendar begins with BEGIN:VCALENDAR";
        diagnostics.push(Diagnostic::error("oncall.calendar", "holds no calendar", Place::file(path), mend));
    }
    let zones = Zones::of(&calendars, zone);
    let mut reader = Reader { path, zones, diagnostics };
    let all = calendars.iter().flat_map(|calendar| &calendar.within).filter(|one| one.name == "VEVENT");
    let entries: Vec<Entry<'_>> = newest(all.filter_map(|component| reader.entry(component)).collect());
    // What stands for an occurrence takes it away from the event, whether it is moved, changed or cancelled.
    let mut replaced: BTreeMap<&str, BTreeSet<Timestamp>> = BTreeMap::new();
    for entry in &entries {
        if let Some(at) = entry.replaces {
            replaced.entry(&entry.uid).or_default().insert(at);
        }
    }
    let mut events = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.is_cancelled) {
        let none = BTreeSet::new();
        let gone = replaced.get(entry.uid.as_str()).unwrap_or(&none);
        let happens = reader.times(entry, gone, to);
        events.extend(happens.into_iter().map(|wall| entry.event(wall)).filter(|e| e.start < to && e.end > from));
    }
    events.sort_by_key(|event| (event.start, event.end, event.line));
    Calendar { events, diagnostics: reader.diagnostics }
}

/// Of several that say the same event or occurrence, the newest: a file may hold old versions beside it.
fn newest(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let mut out: Vec<Entry<'_>> = Vec::with_capacity(entries.len());
    let mut at: BTreeMap<(String, Option<Timestamp>), usize> = BTreeMap::new();
    for entry in entries {
        match at.get(&(entry.uid.clone(), entry.replaces)) {
            // Without an id, nothing tells that two are one.
            Some(older) if !entry.uid.is_empty() => {
                if out[*older].sequence <= entry.sequence {
                    out[*older] = entry;
                }
            }
            _ => {
                at.insert((entry.uid.clone(), entry.replaces), out.len());
                out.push(entry);
            }
        }
    }
    out
}

impl Entry<'_> {
    fn event(&self, wall: DateTime) -> Event {
        let start = Moment { wall, ..self.start.clone() };
        Event {
            uid: self.uid.clone(),
            summary: self.component.text("SUMMARY").unwrap_or_default(),
            start: start.instant(),
            end: self.length.end(wall, &self.start.zone),
            is_all_day: self.start.is_date,
            line: self.component.line,
        }
    }
}

struct Reader<'a> {
    path: &'a str,
    zones: Zones,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn warn(&mut self, line: u32, what: impl Into<String>, mend: &str) {
        let place = Place::at(self.path, line, 1);
        self.diagnostics.push(Diagnostic::warning("oncall.calendar-doubtful", what, place, mend));
    }

    fn error(&mut self, line: u32, what: impl Into<String>, mend: &str) {
        let place = Place::at(self.path, line, 1);
        self.diagnostics.push(Diagnostic::error("oncall.calendar-event", what, place, mend));
    }

    /// A time of a property. A zone that nobody knows is told once for each event.
    fn moment(&mut self, property: &Property) -> Option<Moment> {
        let (zone, unknown) = self.zones.zone_of(property);
        if let Some(unknown) = unknown {
            let what = format!("{unknown:?} is no known time zone; the time is read as one of the schedule's zone");
            self.warn(property.line, what, "use a name of the IANA database, such as Europe/Berlin");
        }
        let moment = moment(property.value.trim(), &zone);
        if moment.is_none() {
            let what = format!("{:?} is no time", property.value);
            self.error(property.line, what, "write it as in 20261101T090000Z");
        }
        moment
    }

    fn entry<'c>(&mut self, component: &'c Component) -> Option<Entry<'c>> {
        let Some(begin) = component.property("DTSTART") else {
            self.error(component.line, "the event has no DTSTART", "say when it begins");
            return None;
        };
        let start = self.moment(begin)?;
        let length = self.length(component, &start)?;
        let replaces = match component.property("RECURRENCE-ID") {
            None => None,
            Some(property) => {
                if property.parameter("RANGE").is_some() {
                    let what = "RANGE=THISANDFUTURE is not read here: the change counts for this occurrence only";
                    self.warn(property.line, what, "end the event with UNTIL, and begin another one");
                }
                Some(self.moment(property)?.instant())
            }
        };
        let status = component.text("STATUS").unwrap_or_default();
        Some(Entry {
            component,
            uid: component.text("UID").unwrap_or_default(),
            start,
            length,
            replaces,
            is_cancelled: status.trim().eq_ignore_ascii_case("CANCELLED"),
            sequence: component.text("SEQUENCE").and_then(|text| text.trim().parse().ok()).unwrap_or(0),
        })
    }

    /// How long an event lasts, on the wall: what recurs daily from nine to nine meets itself on days of 23 hours, too, which
    /// is how calendars show it.
    fn length(&mut self, component: &Component, start: &Moment) -> Option<Duration> {
        if let Some(property) = component.property("DURATION") {
            let length = duration(property.value.trim()).filter(|length| *length != Duration::default());
            if length.is_none() {
                let what = format!("{:?} is no length of an event", property.value);
                self.error(property.line, what, "write it as in PT8H");
            }
            return length;
        }
        let Some(property) = component.property("DTEND") else {
            if !start.is_date {
                self.warn(component.line, "the event has no end and takes no time", "give it DTEND or DURATION");
                return None;
            }
            return Some(Duration { wall: SignedDuration::from_hours(24), time: SignedDuration::ZERO });
        };
        let end = self.moment(property)?;
        let wall = end.wall_in(&start.zone);
        if end.instant() <= start.instant() {
            self.error(property.line, "the event is over before it begins", "put DTEND behind DTSTART");
            return None;
        }
        Some(Duration { wall: wall.duration_since(start.wall), time: SignedDuration::ZERO })
    }

    /// The times on a wall at which an entry happens.
    fn times(&mut self, entry: &Entry<'_>, gone: &BTreeSet<Timestamp>, to: Timestamp) -> Vec<DateTime> {
        if entry.replaces.is_some() {
            return vec![entry.start.wall];
        }
        // Zones differ by less than two days.
        let until = to.to_zoned(entry.start.zone.clone()).datetime().saturating_add(Span::new().days(2));
        let mut times: BTreeSet<DateTime> = [entry.start.wall].into();
        for property in entry.component.properties.iter().filter(|property| property.name == "RRULE") {
            match rules::times(&property.value, &entry.start, until) {
                Ok(found) => times.extend(found),
                Err(what) => {
                    let what = format!("the rule cannot be read, and the event counts once: {what}");
                    self.error(property.line, what, "write it as in FREQ=WEEKLY;BYDAY=MO,FR");
                }
            }
        }
        for property in entry.component.properties.iter().filter(|property| property.name == "RDATE") {
            times.extend(self.list(property).iter().map(|moment| moment.wall_in(&entry.start.zone)));
        }
        for property in entry.component.properties.iter().filter(|property| property.name == "EXDATE") {
            for moment in self.list(property) {
                // A day takes away what begins on it.
                times.retain(|wall| match moment.is_date {
                    true => wall.date() != moment.wall.date(),
                    false => Moment { wall: *wall, ..entry.start.clone() }.instant() != moment.instant(),
                });
            }
        }
        times.retain(|wall| !gone.contains(&Moment { wall: *wall, ..entry.start.clone() }.instant()));
        times.into_iter().collect()
    }

    fn list(&mut self, property: &Property) -> Vec<Moment> {
        let (moments, wrong) = rules::list(property, &self.zones);
        for text in wrong {
            let what = format!("{text:?} is no time and is passed over");
            self.warn(property.line, what, "write it as in 20261101T090000Z");
        }
        moments
    }
}
