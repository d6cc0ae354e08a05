//! `mainstay slo backtest`: what alerts on objectives would have done.

use super::{PERIOD, history, period, usual_options};
use crate::Context;
use crate::arguments::SloBacktest;
use jiff::tz::TimeZone;
use mainstay_kit::Problem;
use mainstay_model::Window;
use mainstay_outside::FILE_BYTES_MAX;
use mainstay_promql::Store;
use mainstay_slo::backtest::{self, Incident, Outcome, Report, Span};
use mainstay_slo::rules::Options;
use mainstay_slo::{Duration, Reading};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Runs the command; exits with 1 where an objective is wrong, and with 2 where something could not be evaluated.
pub fn run(context: &Context, ask: &SloBacktest, reading: &Reading) -> Result<ExitCode, Problem> {
    let options = Options { period: period(&ask.check)?.unwrap_or(PERIOD), ..usual_options(reading) };
    if reading.slos.is_empty() {
        return Ok(super::code(reading));
    }
    let incidents = ask.incidents.as_deref().map(|path| incidents(context, path)).transpose()?;
    let every = Duration::parse(&ask.every).ok_or_else(|| {
        Problem::malformed("slo.every", format!("{:?} is no length of time; write it as in 1m", ask.every))
    })?;
    let window_ms = backtest::longest_window(&reading.slos, &options).as_ms();
    let (from, until) = (time(ask.from.as_deref())?, time(ask.until.as_deref())?);
    let store = match (&ask.prometheus, from, until) {
        (Some(url), Some(from), Some(until)) => {
            let selectors = backtest::selectors(&reading.slos);
            history::of_prometheus(context, url, &selectors, (from - window_ms, until))?
        }
        _ => history::of_files(&context.outside, &ask.history)?,
    };
    let (first, last) = reach(&store);
    let whole = first.saturating_add(window_ms);
    let span = Span { from: from.unwrap_or(whole), until: until.unwrap_or(last), every_ms: every.as_ms() };
    if span.from > span.until {
        let detail = if from.is_some() {
            format!("--from is {}, behind the last evaluation at {}", stamp(span.from), stamp(span.until))
        } else {
            let window = backtest::longest_window(&reading.slos, &options);
            let length = seconds(last - first);
            format!(
                "the history of {length} is shorter than the longest window of the alerts, {window}: name --from to begin within it"
            )
        };
        return Err(Problem::malformed("slo.history", detail));
    }
    if span.from < whole {
        context.view.note(&format!(
            "before {} the longest windows of the alerts reach back beyond the history: what they say there is of what is recorded",
            stamp(whole)
        ));
    }
    let report = backtest::run(&store, &reading.slos, &options, span, incidents.as_deref().unwrap_or_default());
    print(context, &report, span, incidents.is_some());
    Ok(if report.problems.is_empty() { super::code(reading) } else { ExitCode::from(2) })
}

fn print(context: &Context, report: &Report, span: Span, knows_incidents: bool) {
    let rows: Vec<Value> = report.outcomes.iter().map(|outcome| row(outcome, span, knows_incidents)).collect();
    let answer = json!({
        "outcomes": rows, "problems": report.problems, "from": stamp(span.from), "until": stamp(span.until),
        "every": seconds(span.every_ms),
    });
    let columns = [
        "slo",
        "severity",
        "approach",
        "fired",
        "fired_for",
        "precision",
        "found",
        "missed",
        "detected_after",
        "reset_after",
    ];
    context.view.rows(&columns, &answer);
    for problem in &report.problems {
        context.view.note(&format!("unknown: {problem}"));
    }
}

fn row(outcome: &Outcome, span: Span, knows_incidents: bool) -> Value {
    let firings: Vec<Value> = outcome
        .firings
        .iter()
        .map(|firing| json!({"from": stamp(firing.from), "until": firing.until.map(stamp)}))
        .collect();
    let fired_ms: i64 = outcome.firings.iter().map(|firing| firing.until.unwrap_or(span.until) - firing.from).sum();
    let middle = |mut values: Vec<i64>| {
        values.sort_unstable();
        values.get(values.len() / 2).map(|value| seconds(*value))
    };
    #[expect(clippy::cast_precision_loss, reason = "alerts are few")]
    let precision = (knows_incidents && !outcome.firings.is_empty())
        .then(|| (outcome.precise as f64 / outcome.firings.len() as f64 * 1_000.0).round() / 1_000.0);
    json!({
        "slo": outcome.slo, "severity": outcome.severity, "approach": outcome.approach, "fired": outcome.firings.len(),
        "fired_for": seconds(fired_ms), "precision": precision,
        "found": knows_incidents.then_some(outcome.found.len()), "missed": knows_incidents.then_some(outcome.missed.len()),
        "detected_after": middle(outcome.found.iter().map(|found| found.detection_ms).collect()),
        "reset_after": middle(outcome.found.iter().filter_map(|found| found.reset_ms).collect()),
        "firings": firings, "missed_incidents": outcome.missed,
    })
}

/// The first and the last moment of which there is a sample.
fn reach(store: &Store) -> (i64, i64) {
    let first = store.series().iter().filter_map(|series| series.times.first()).min();
    let last = store.series().iter().filter_map(|series| series.times.last()).max();
    (first.copied().unwrap_or_default(), last.copied().unwrap_or_default())
}

fn seconds(milliseconds: i64) -> String {
    match u64::try_from(milliseconds / 1_000) {
        Ok(0) | Err(_) => "0s".to_owned(),
        Ok(seconds) => Duration(seconds).to_string(),
    }
}

pub fn stamp(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).map_or_else(|_| milliseconds.to_string(), |at| at.to_string())
}

fn time(text: Option<&str>) -> Result<Option<i64>, Problem> {
    let read = |text: &str| {
        let at = Window::instant(text, &TimeZone::UTC).map_err(|e| Problem::malformed("slo.time", e.to_string()))?;
        Ok(at.as_millisecond())
    };
    text.map(read).transpose()
}

/// A table of incidents. A row that cannot be read is an error: without it the figures would be others.
fn incidents(context: &Context, path: &Path) -> Result<Vec<Incident>, Problem> {
    let wrong = |detail: String| Problem::malformed("slo.incidents", format!("{}{detail}", path.display()));
    let bytes = context.outside.read(path, FILE_BYTES_MAX).map_err(|e| wrong(format!(": {e}")))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(bytes.as_slice());
    let header = reader.headers().map_err(|e| wrong(format!(": {e}")))?.clone();
    let column = |name: &str| header.iter().position(|title| title.eq_ignore_ascii_case(name));
    let (Some(id), Some(from), Some(until)) = (column("id"), column("from"), column("until")) else {
        return Err(wrong(
            ":1: the first line must name the columns id, from and until, and may name service".to_owned(),
        ));
    };
    let service = column("service");
    let mut all = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| wrong(format!(": {e}")))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let moment = |at: usize| match time(Some(cell(at))) {
            Ok(Some(time)) => Ok(time),
            _ => Err(wrong(format!(":{line}: {:?} is no time such as 2026-11-01T12:00:00Z", cell(at)))),
        };
        let incident = Incident {
            id: cell(id).to_owned(),
            from: moment(from)?,
            until: moment(until)?,
            service: service.map(cell).filter(|service| !service.is_empty()).map(str::to_owned),
        };
        if incident.until < incident.from {
            return Err(wrong(format!(":{line}: incident {} is over before it begins", incident.id)));
        }
        all.push(incident);
    }
    Ok(all)
}
