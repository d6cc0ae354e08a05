//! Dates, times, lengths and zones as iCalendar writes them.

use super::lines::{Component, Property};
use crate::civil::{Skipped, instant};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A time as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// On a wall of its zone.
    pub wall: DateTime,
    /// The zone; UTC where it ends with Z.
    pub zone: TimeZone,
    /// Whether it is a whole day.
    pub is_date: bool,
}

impl Moment {
    /// When that is.
    pub fn instant(&self) -> Timestamp {
        instant(self.wall, &self.zone, Skipped::Shifted)
    }

    /// As clocks of another zone show it.
    pub fn wall_in(&self, zone: &TimeZone) -> DateTime {
        if self.zone == *zone { self.wall } else { self.instant().to_zoned(zone.clone()).datetime() }
    }
}

/// A length: first on a wall, then of time that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duration {
    /// On the wall.
    pub wall: SignedDuration,
    /// Behind that.
    pub time: SignedDuration,
}

impl Duration {
    /// The end of what begins at a time on a wall.
    pub fn end(self, wall: DateTime, zone: &TimeZone) -> Timestamp {
        let end = instant(wall.saturating_add(self.wall), zone, Skipped::Shifted);
        end.checked_add(self.time).unwrap_or(end)
    }
}

/// `20210127`, `20210127T130000`, `20210127T130000Z`, in a zone where it names none. Nothing where it is no time.
pub fn moment(text: &str, zone: &TimeZone) -> Option<Moment> {
    let (text, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(text) => (text, TimeZone::UTC),
        None => (text, zone.clone()),
    };
    let (date, time) = text.split_once(['T', 't']).map_or((text, None), |(date, time)| (date, Some(time)));
    let number = |text: &str, from: usize, to: usize| text.get(from..to).filter(|t| is_digits(t))?.parse::<i16>().ok();
    let small = |text: &str, from: usize| number(text, from, from + 2).and_then(|n| i8::try_from(n).ok());
    if date.len() != 8 || time.is_some_and(|time| time.len() != 6) {
        return None;
    }
    let date = Date::new(number(date, 0, 4)?, small(date, 4)?, small(date, 6)?).ok()?;
    let Some(time) = time else { return Some(Moment { wall: date.into(), zone, is_date: true }) };
    // A leap second is the last one of its minute.
    let time = Time::new(small(time, 0)?, small(time, 2)?, small(time, 4)?.min(59), 0).ok()?;
    Some(Moment { wall: date.to_datetime(time), zone, is_date: false })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `P1W`, `P1DT12H`, `PT30M`: weeks and days are those of a wall (RFC 5545, 3.3.6), the rest passes. Nothing where it is no length, or a negative one.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let mut out = Duration::default();
    let mut is_time = false;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T') {
            (is_time, rest) = (true, time);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..end].parse().ok().filter(|count| *count < 1_000_000)?;
        let seconds = match (rest.as_bytes()[end], is_time) {
            (b'W', false) => {
                out.wall += SignedDuration::from_hours(24 * 7 * count);
                0
            }
            (b'D', false) => {
                out.wall += SignedDuration::from_hours(24 * count);
                0
            }
            (b'H', true) => count * 3_600,
            (b'M', true) => count * 60,
            (b'S', true) => count,
            _ => return None,
        };
        out.time += SignedDuration::from_secs(seconds);
        rest = &rest[end + 1..];
    }
    Some(out)
}

/// The zones that a calendar names.
pub struct Zones {
    defined: BTreeMap<String, String>,
    usual: TimeZone,
}

/// Names of zones that Windows and Outlook write, with a place of the IANA database (as CLDR maps them).
const WINDOWS: [(&str, &str); 24] = [
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("Central Standard Time", "America/Chicago"),
    ("China Standard Time", "Asia/Shanghai"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("Eastern Standard Time", "America/New_York"),
    ("FLE Standard Time", "Europe/Kiev"),
    ("GMT Standard Time", "Europe/London"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Mountain Standard Time", "America/Denver"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("W. Europe Standard Time", "Europe/Berlin"),
];

impl Zones {
    /// What calendars say of their zones, and the zone of times that name none.
    pub fn of(calendars: &[Component], usual: &TimeZone) -> Self {
        let mut defined = BTreeMap::new();
        for zone in calendars.iter().flat_map(|calendar| &calendar.within).filter(|c| c.name == "VTIMEZONE") {
            if let (Some(id), Some(location)) = (zone.text("TZID"), zone.text("X-LIC-LOCATION")) {
                defined.insert(id, location);
            }
        }
        Self { defined, usual: usual.clone() }
    }

    /// The zone of a property; the usual one, and what it should have been, where that is not known.
    pub fn zone_of(&self, property: &Property) -> (TimeZone, Option<String>) {
        let Some(id) = property.parameter("TZID") else { return (self.usual.clone(), None) };
        match self.named(id) {
            Some(zone) => (zone, None),
            None => (self.usual.clone(), Some(id.to_owned())),
        }
    }

    fn named(&self, id: &str) -> Option<TimeZone> {
        let of_windows = || WINDOWS.iter().find(|(name, _)| *name == id).map(|(_, place)| *place);
        // Some write the name of the database behind a prefix of their own: /example.org/20050126_1/Europe/Berlin.
        let tail = id.starts_with('/').then(|| id.rsplitn(3, '/').take(2).collect::<Vec<_>>());
        let tail = tail.filter(|tail| tail.len() == 2).map(|tail| format!("{}/{}", tail[1], tail[0]));
        let names = [Some(id), tail.as_deref(), self.defined.get(id).map(String::as_str), of_windows()];
        names.into_iter().flatten().find_map(|name| TimeZone::get(name).ok())
    }
}
