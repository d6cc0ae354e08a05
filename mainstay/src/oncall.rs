//! `mainstay oncall`: schedules in; who is on call, the next shifts, what is not covered, and who would have been paged out.

mod alarms;
mod calendar;
mod simulate;

use crate::Context;
use crate::arguments::{Format, Oncall, OncallCoverage, OncallFiles, OncallNext, OncallNow};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mainstay_iac::SourceFile;
use mainstay_kit::Problem;
use mainstay_model::{Diagnostic, Level, Window};
use mainstay_oncall::escalation::Target;
use mainstay_oncall::{Expansion, Gap, PersonAt, Reading, Roster, Schedule, Shift, Source, expand, read};
use mainstay_outside::FILE_BYTES_MAX;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How far around a moment shifts are looked for. Who has a longer shift is shown with its part within.
const REACH: SignedDuration = SignedDuration::from_hours(24 * 400);

/// How much is checked where nobody says until when.
const COVERAGE: SignedDuration = SignedDuration::from_hours(24 * 28);

/// The longest time that is looked at: more is a typing error, and would fill the memory with shifts of an hour.
const SPAN_MAX: SignedDuration = SignedDuration::from_hours(24 * 366 * 20);

/// Runs the command; exits with 1 where somebody is missing or a schedule is wrong, and with 2 where nothing could be read.
pub fn run(context: &Context, ask: &Oncall) -> Result<ExitCode, Problem> {
    crate::commands::plain_format(context)?;
    match ask {
        Oncall::Check(ask) => check(context, ask),
        Oncall::Now(ask) => now(context, ask),
        Oncall::Next(ask) => next(context, ask),
        Oncall::Coverage(ask) => coverage(context, ask),
        Oncall::Simulate(ask) => simulate::run(context, ask),
        Oncall::Export(ask) => calendar::export(context, ask),
        Oncall::Import(ask) => calendar::import(context, ask),
    }
}

/// What the files say, with its mistakes told, and only the schedules that were asked for.
fn reading(context: &Context, ask: &OncallFiles) -> Result<Reading, Problem> {
    let mut files = Vec::new();
    for path in &ask.paths {
        files.extend(files_of(context, path)?);
    }
    let mut reading = read(&files);
    reading.diagnostics.iter().for_each(|diagnostic| context.view.complain(diagnostic));
    let known = |id: &String| reading.roster.schedules.iter().any(|schedule| schedule.id == *id);
    if let Some(unknown) = ask.schedule.iter().find(|id| !known(id)) {
        let all: Vec<&str> = reading.roster.schedules.iter().map(|schedule| schedule.id.as_str()).collect();
        let detail = format!("there is no schedule {unknown:?} that can be used; there are: {}", all.join(", "));
        return Err(Problem::malformed("oncall.schedule", detail));
    }
    let is_kept = |id: &String| ask.schedule.is_empty() || ask.schedule.contains(id);
    reading.roster.schedules.retain(|schedule| is_kept(&schedule.id));
    // A policy that needs another schedule could not be followed.
    reading.roster.policies.retain(|policy| {
        policy.steps.iter().flat_map(|step| &step.targets).all(|target| match target {
            Target::Schedule(id) => is_kept(id),
            Target::Person(_) => true,
        })
    });
    Ok(reading)
}

/// A file, or the files of YAML below a folder.
fn files_of(context: &Context, path: &Path) -> Result<Vec<SourceFile>, Problem> {
    let wrong = |e: mainstay_outside::FileError| Problem::malformed("oncall.unreadable", e.to_string());
    let one = |path: PathBuf| {
        let bytes = context.outside.read(&path, FILE_BYTES_MAX).map_err(wrong)?;
        Ok(SourceFile { path: path.to_string_lossy().into_owned(), bytes })
    };
    if !mainstay_outside::files::is_folder(path) {
        return Ok(vec![one(path.to_owned())?]);
    }
    let walk = context.outside.walk(path).map_err(wrong)?;
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    walk.files.into_iter().filter(is_yaml).map(one).collect()
}

/// The status of what was read: what could not be read is nothing to judge by.
fn code(reading: &Reading, is_satisfied: bool) -> ExitCode {
    match (reading.roster.schedules.is_empty(), reading.is_damaged(), is_satisfied) {
        (true, ..) => ExitCode::from(2),
        (_, true, _) | (_, _, false) => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    }
}

fn check(context: &Context, ask: &OncallFiles) -> Result<ExitCode, Problem> {
    let reading = reading(context, ask)?;
    let row = |schedule: &Schedule| {
        let people = |layer: &mainstay_oncall::Layer| layer.rotation.turns.iter().map(|turn| turn.len()).sum::<usize>();
        json!({
            "schedule": schedule.id, "zone": zone_name(&schedule.zone), "layers": schedule.layers.len(),
            "people": schedule.layers.iter().map(people).sum::<usize>(), "overrides": schedule.overrides.len(),
            "swaps": schedule.swaps.len(), "temporary": schedule.temporary.len(), "file": schedule.place.file,
            "line": schedule.place.line,
        })
    };
    let rows: Vec<Value> = reading.roster.schedules.iter().map(row).collect();
    let columns = ["schedule", "zone", "layers", "people", "overrides", "swaps", "temporary", "file", "line"];
    show(context, &columns, "schedules", rows, &reading.diagnostics);
    Ok(match reading.diagnostics.iter().map(|diagnostic| diagnostic.level).max() {
        _ if reading.documents == 0 => ExitCode::from(2),
        Some(Level::Error | Level::Warning) => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

fn now(context: &Context, ask: &OncallNow) -> Result<ExitCode, Problem> {
    let reading = reading(context, &ask.files)?;
    let at = moment(context, ask.at.as_deref())?;
    let mut rows = Vec::new();
    let mut is_covered = true;
    for schedule in &reading.roster.schedules {
        let expansion = around(&reading.roster, schedule, at)?;
        let mut shifts = expansion.shifts.iter().filter(|shift| shift.start <= at && at < shift.end).peekable();
        if shifts.peek().is_none() {
            is_covered &= !expansion.gaps.iter().any(|gap| gap.start <= at && at < gap.end);
            rows.push(nobody(schedule, &expansion, at));
        }
        rows.extend(shifts.map(|shift| shift_row(&reading.roster, schedule, shift)));
    }
    show(context, &SHIFT_COLUMNS, "shifts", rows, &reading.diagnostics);
    Ok(code(&reading, is_covered))
}

const SHIFT_COLUMNS: [&str; 6] = ["schedule", "on_call", "from", "to", "zone", "why"];

/// A row that says until when nobody is there.
fn nobody(schedule: &Schedule, expansion: &Expansion, at: Timestamp) -> Value {
    let from = expansion.shifts.iter().map(|shift| shift.end).filter(|end| *end <= at).max();
    let to = expansion.shifts.iter().map(|shift| shift.start).filter(|start| *start > at).min();
    let is_gap = expansion.gaps.iter().any(|gap| gap.start <= at && at < gap.end);
    json!({
        "schedule": schedule.id, "on_call": "nobody", "people": [], "from": from.map(|at| local(at, &schedule.zone)),
        "to": to.map(|at| local(at, &schedule.zone)), "zone": zone_name(&schedule.zone),
        "why": if is_gap { "gap" } else { "outside of what is to be covered" },
    })
}

fn next(context: &Context, ask: &OncallNext) -> Result<ExitCode, Problem> {
    let reading = reading(context, &ask.files)?;
    let at = moment(context, ask.at.as_deref())?;
    let person = person(&reading.roster, ask.person.as_deref())?;
    let mut rows = Vec::new();
    for schedule in &reading.roster.schedules {
        let expansion = around(&reading.roster, schedule, at)?;
        let shifts = expansion.shifts.iter().filter(|shift| shift.start > at);
        let shifts = shifts.filter(|shift| person.is_none_or(|person| shift.people.contains(&person)));
        rows.extend(shifts.take(ask.count).map(|shift| shift_row(&reading.roster, schedule, shift)));
    }
    show(context, &SHIFT_COLUMNS, "shifts", rows, &reading.diagnostics);
    Ok(code(&reading, true))
}

/// The person of an id, where one is asked for.
fn person(roster: &Roster, id: Option<&str>) -> Result<Option<PersonAt>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let found = roster.people.iter().position(|person| person.id == id);
    let unknown = || Problem::malformed("oncall.person", format!("nobody of the id {id:?} is known"));
    Ok(Some(PersonAt(u32::try_from(found.ok_or_else(unknown)?).unwrap_or(u32::MAX))))
}

fn coverage(context: &Context, ask: &OncallCoverage) -> Result<ExitCode, Problem> {
    let reading = reading(context, &ask.files)?;
    let from = moment(context, ask.from.as_deref())?;
    let to = match ask.to.as_deref() {
        Some(text) => moment(context, Some(text))?,
        None => later(from, COVERAGE)?,
    };
    in_order(from, to)?;
    let mut rows = Vec::new();
    for schedule in &reading.roster.schedules {
        let expansion = expand(&reading.roster, schedule, from, to);
        rows.extend(coverage_rows(&reading.roster, schedule, &expansion));
    }
    let is_covered = rows.iter().all(|row| row["kind"] == "double");
    show(context, &["schedule", "kind", "from", "to", "hours", "zone", "what"], "findings", rows, &reading.diagnostics);
    Ok(code(&reading, is_covered))
}

/// What is not covered, covered by nobody, or covered twice, by time.
fn coverage_rows(roster: &Roster, schedule: &Schedule, expansion: &Expansion) -> Vec<Value> {
    let row = |kind: &str, (start, end): (Timestamp, Timestamp), what: String| {
        let hours = end.duration_since(start).as_secs_f64() / 3_600.0;
        let row = json!({
            "schedule": schedule.id, "kind": kind, "from": local(start, &schedule.zone), "to": local(end, &schedule.zone),
            "hours": (hours * 100.0).round() / 100.0, "zone": zone_name(&schedule.zone), "what": what,
        });
        (start, row)
    };
    let mut rows = Vec::new();
    for gap in &expansion.gaps {
        rows.push(row("gap", (gap.start, gap.end), "nobody is on call".to_owned()));
    }
    for shift in &expansion.empty {
        let ids = roster.ids(&shift.people).join(", ");
        let who = if ids.is_empty() { "nobody is named".to_owned() } else { format!("{ids} not there") };
        rows.push(row("empty", (shift.start, shift.end), format!("{}: {who}", why(schedule, shift))));
    }
    for Gap { start, end } in &expansion.doubles {
        let people: Vec<&str> = roster.ids(&expansion.on_duty(*start));
        rows.push(row("double", (*start, *end), people.join(", ")));
    }
    rows.sort_by_key(|(start, _)| *start);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn shift_row(roster: &Roster, schedule: &Schedule, shift: &Shift) -> Value {
    let ids = roster.ids(&shift.people);
    json!({
        "schedule": schedule.id, "on_call": ids.join(", "), "people": ids, "from": local(shift.start, &schedule.zone),
        "to": local(shift.end, &schedule.zone), "zone": zone_name(&schedule.zone), "why": why(schedule, shift),
    })
}

/// What puts somebody on duty, in words.
fn why(schedule: &Schedule, shift: &Shift) -> String {
    let why = match shift.source {
        Source::Layer { layer, .. } => schedule.layers[layer].name.clone(),
        Source::Temporary { .. } => "temporary".to_owned(),
        Source::Override(_) => "override".to_owned(),
    };
    if shift.is_swapped { format!("{why}, swapped") } else { why }
}

fn around(roster: &Roster, schedule: &Schedule, at: Timestamp) -> Result<Expansion, Problem> {
    let from = at.checked_sub(REACH).map_err(|e| Problem::malformed("oncall.time", e.to_string()))?;
    Ok(expand(roster, schedule, from, later(at, REACH)?))
}

fn later(at: Timestamp, by: SignedDuration) -> Result<Timestamp, Problem> {
    at.checked_add(by).map_err(|e| Problem::malformed("oncall.time", e.to_string()))
}

/// Whether a time may be looked at.
fn in_order(from: Timestamp, to: Timestamp) -> Result<(), Problem> {
    if to <= from {
        return Err(Problem::malformed("oncall.time", "--to must be behind --from"));
    }
    if to.duration_since(from) > SPAN_MAX {
        return Err(Problem::malformed("oncall.time", "--from and --to may lie twenty years apart, and no more"));
    }
    Ok(())
}

fn moment(context: &Context, text: Option<&str>) -> Result<Timestamp, Problem> {
    match text {
        None => Ok(context.outside.clock().now()),
        Some(text) => {
            Window::instant(text, &TimeZone::UTC).map_err(|e| Problem::malformed("oncall.time", e.to_string()))
        }
    }
}

/// A time as clocks of a zone show it, with their offset, so that it is an instant as well.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M%:z").to_string()
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

/// Prints rows; JSON has what is wrong with the files beside them.
fn show(context: &Context, columns: &[&str], name: &str, rows: Vec<Value>, diagnostics: &[Diagnostic]) {
    let mut answer = json!({ name: rows });
    if context.view.format == Format::Json {
        answer["diagnostics"] = serde_json::to_value(diagnostics).unwrap_or_default();
    }
    context.view.rows(columns, &answer);
}
