//! `mainstay oncall export` and `import`: schedules to iCalendar and back.

use super::{REACH, in_order, later, moment, person, reading};
use crate::Context;
use crate::arguments::{OncallExport, OncallFiles, OncallImport};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mainstay_kit::Problem;
use mainstay_model::Level;
use mainstay_oncall::ical::{Event, Feed, read, write};
use mainstay_oncall::{Person, expand};
use mainstay_outside::FILE_BYTES_MAX;
use std::process::ExitCode;

/// How much of the past a calendar shows where nobody says from when.
const BACK: SignedDuration = SignedDuration::from_hours(-24 * 28);
/// How much of the future it shows.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 183);

/// Runs `mainstay oncall export`.
pub fn export(context: &Context, ask: &OncallExport) -> Result<ExitCode, Problem> {
    let reading = reading(context, &ask.files)?;
    let [schedule] = reading.roster.schedules.as_slice() else {
        let all: Vec<&str> = reading.roster.schedules.iter().map(|schedule| schedule.id.as_str()).collect();
        let detail = format!("a calendar is of one schedule; choose with --schedule: {}", all.join(", "));
        return Err(Problem::malformed("oncall.schedule", detail));
    };
    let now = context.outside.clock().now();
    let from = ask.from.as_deref().map_or_else(|| later(now, BACK), |text| moment(context, Some(text)))?;
    let to = ask.to.as_deref().map_or_else(|| later(now, AHEAD), |text| moment(context, Some(text)))?;
    in_order(from, to)?;
    // Shifts at the edges are written as a whole, or their ids and times would change with every export.
    let mut expansion = expand(&reading.roster, schedule, later(from, -REACH)?, later(to, REACH)?);
    expansion.shifts.retain(|shift| shift.start < to && shift.end > from);
    let reminder = (ask.reminder > 0).then(|| SignedDuration::from_mins(i64::from(ask.reminder)));
    let feed = Feed { stamp: now, person: person(&reading.roster, ask.person.as_deref())?, reminder };
    context.view.print(&write(&reading.roster, schedule, &expansion, &feed));
    Ok(if reading.is_damaged() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Runs `mainstay oncall import`.
pub fn import(context: &Context, ask: &OncallImport) -> Result<ExitCode, Problem> {
    let zone = TimeZone::get(&ask.zone).map_err(|_| {
        Problem::malformed("oncall.zone", format!("{:?} is no time zone; write it as in Europe/Berlin", ask.zone))
    })?;
    let from = moment(context, ask.from.as_deref())?;
    let to = ask.to.as_deref().map_or_else(|| later(from, AHEAD), |text| moment(context, Some(text)))?;
    in_order(from, to)?;
    let people = match ask.people.is_empty() {
        true => Vec::new(),
        false => reading(context, &OncallFiles { paths: ask.people.clone(), schedule: Vec::new() })?.roster.people,
    };
    let bytes = context
        .outside
        .read(&ask.file, FILE_BYTES_MAX)
        .map_err(|e| Problem::malformed("oncall.unreadable", e.to_string()))?;
    let calendar = read(&String::from_utf8_lossy(&bytes), &ask.file.to_string_lossy(), &zone, from, to);
    calendar.diagnostics.iter().for_each(|diagnostic| context.view.complain(diagnostic));
    context.view.print(&yaml(&ask.id, &ask.zone, &calendar.events, &people));
    let worst = calendar.diagnostics.iter().map(|diagnostic| diagnostic.level).max();
    Ok(match (calendar.events.is_empty(), worst) {
        (true, Some(Level::Error)) => ExitCode::from(2),
        (_, Some(Level::Error | Level::Warning)) => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// A schedule in which each event is an override: those of the highest priority count, and equals count together, as events in
/// a calendar do.
fn yaml(id: &str, zone: &str, events: &[Event], people: &[Person]) -> String {
    let mut out =
        format!("version: oncall/v1\nschedules:\n  - id: {}\n    zone: {}\n    overrides:", quoted(id), quoted(zone));
    if events.is_empty() {
        out += " []";
    }
    for event in events {
        let (priority, names) = level(&event.summary);
        let ids: Vec<String> = names
            .split(',')
            .map(|name| name.trim().trim_start_matches('@'))
            .filter(|name| !name.is_empty())
            .map(|name| quoted(known(name, people)))
            .collect();
        let priority = if priority == 0 { String::new() } else { format!(", priority: {priority}") };
        out += &format!(
            "\n      - {{from: {}, to: {}, people: [{}]{priority}}}",
            stamp(event.start),
            stamp(event.end),
            ids.join(", ")
        );
    }
    out
}

/// `[L2] ada` as Grafana `OnCall` writes priorities, and what our own calendars write: `On call: Ada Marlow (commerce)`.
fn level(summary: &str) -> (i64, &str) {
    let marked = summary.trim().strip_prefix("[L").and_then(|rest| rest.split_once(']'));
    let marked = marked.and_then(|(level, names)| Some((level.parse::<i64>().ok()?, names)));
    let (priority, names) = marked.unwrap_or((0, summary));
    let own = names.trim().strip_prefix("On call: ").and_then(|rest| rest.rsplit_once(" ("));
    (priority, own.map_or(names, |(names, _)| names))
}

/// The id of whom a name means; the name itself where nobody is known by it.
fn known<'n>(name: &'n str, people: &'n [Person]) -> &'n str {
    let lower = name.to_lowercase();
    let is = |text: &str| text.to_lowercase() == lower;
    let found = people.iter().find(|person| {
        person.is_known && (is(&person.id) || is(&person.name) || person.email.as_deref().is_some_and(is))
    });
    found.map_or(name, |person| person.id.as_str())
}

/// A text as YAML takes it whatever it holds: as JSON.
fn quoted(text: &str) -> String {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "null", "yes", "no"].contains(&text.to_lowercase().as_str());
    if is_plain && is_word { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%MZ").to_string()
}
