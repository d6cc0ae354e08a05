//! When something recurs. Rules are expanded on a wall without any zone, and each time becomes an instant as all others of ours
//! do: the library's own zones are of another age than ours, and would treat gaps in another way.

use super::moments::{Moment, Zones, moment};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rrule::RRuleSet;

/// Times that one event is followed through at most.
const TIMES_MAX: usize = 100_000;

/// The times on a wall at which an event begins by its rule, until one. The first is where it begins, rule or no rule.
///
/// # Errors
/// What is wrong with the rule.
pub fn times(rule: &str, start: &Moment, until: DateTime) -> Result<Vec<DateTime>, String> {
    // The library cuts a day's name by bytes, and stops the process within any other letter.
    if let Some(letter) = rule.chars().find(|letter| !letter.is_ascii()) {
        return Err(format!("{letter:?} is no part of a rule"));
    }
    let text = format!("DTSTART:{}\nRRULE:{}", stamp(start.wall), on_wall(rule, start)?);
    let set: RRuleSet = text.parse().map_err(|error: rrule::RRuleError| error.to_string())?;
    let set = set.limit();
    let mut out = Vec::new();
    for (count, time) in set.into_iter().enumerate() {
        let Some(wall) = wall_of(&time.format("%Y%m%dT%H%M%S").to_string()) else { continue };
        if wall > until {
            break;
        }
        if count >= TIMES_MAX {
            return Err(format!("it recurs more than {TIMES_MAX} times"));
        }
        out.push(wall);
    }
    Ok(out)
}

fn wall_of(text: &str) -> Option<DateTime> {
    moment(text, &TimeZone::UTC).map(|moment| moment.wall)
}

fn stamp(wall: DateTime) -> String {
    wall.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A rule whose end is on the wall on which the event begins. It may be written in UTC, on a wall, or as a day, which counts
/// as a whole.
fn on_wall(rule: &str, start: &Moment) -> Result<String, String> {
    let mut parts = Vec::new();
    for part in rule.trim().split(';').filter(|part| !part.is_empty()) {
        let Some(end) = part.strip_prefix("UNTIL=").or_else(|| part.strip_prefix("until=")) else {
            parts.push(part.to_owned());
            continue;
        };
        let until = moment(end, &start.zone).ok_or_else(|| format!("{end:?} is no time"))?;
        let wall = match (until.is_date, start.is_date) {
            (true, false) => until.wall.date().at(23, 59, 59, 0),
            (false, true) => until.wall,
            _ => until.wall_in(&start.zone),
        };
        // An end before the begin is no error: the event happens once.
        parts.push(format!("UNTIL={}", stamp(wall.max(start.wall))));
    }
    Ok(parts.join(";"))
}

/// The zone-aware times of a list such as EXDATE; what cannot be read is left out and told.
pub fn list(property: &super::lines::Property, zones: &Zones) -> (Vec<Moment>, Vec<String>) {
    let (zone, _) = zones.zone_of(property);
    let mut wrong = Vec::new();
    let mut out = Vec::new();
    for text in property.value.split(',').map(str::trim) {
        match moment(text, &zone) {
            Some(moment) => out.push(moment),
            None => wrong.push(text.to_owned()),
        }
    }
    (out, wrong)
}
