//! `mainstay slo status`: what is left of budgets.

use super::{Engine, history, known, usual_options};
use crate::Context;
use crate::arguments::{Format, SloStatus};
use jiff::tz::TimeZone;
use mainstay_estate::Owner;
use mainstay_kit::Problem;
use mainstay_model::{Timestamp, Window};
use mainstay_outside::Auth;
use mainstay_slo::maintenance;
use mainstay_slo::status::{Plan, State, Status};
use mainstay_slo::{Reading, Slo};
use serde_json::{Value, json};
use std::process::ExitCode;

mod shown;

/// An objective, a series of it, and who answers for it.
struct Row<'s> {
    slo: &'s Slo,
    status: Status,
    owner: Owner,
}

impl Row<'_> {
    /// Names it among all.
    fn id(&self) -> String {
        let series = &self.status.series;
        if series.is_empty() { self.slo.id() } else { format!("{}{series}", self.slo.id()) }
    }
}

/// Runs the command; exits with 1 where a budget is exhausted, and with 2 where one cannot be told.
pub fn run(context: &Context, ask: &SloStatus, reading: &Reading) -> Result<ExitCode, Problem> {
    crate::commands::plain_format(context)?;
    let store = history::of_files(&context.outside, &ask.history)?;
    let mut engine = match &ask.prometheus {
        Some(url) => Engine::running(&context.outside, url, Auth::None),
        None => Engine::Recorded(&store),
    };
    let now = match &ask.now {
        Some(text) => {
            Window::instant(text, &TimeZone::UTC).map_err(|e| Problem::malformed("slo.time", e.to_string()))?
        }
        None if ask.prometheus.is_none() => end_of(&store),
        None => context.outside.clock().now(),
    };
    let options = usual_options(reading);
    let owners = known::owners(context, reading.slos.iter().map(|slo| slo.service.as_str()))?;
    let mut planned = known::planned(context)?;
    planned.extend(reading.maintenance.iter().cloned());
    let mut rows = Vec::new();
    for (number, slo) in reading.slos.iter().enumerate() {
        context.view.progress(&format!("objective {} of {}: {}", number + 1, reading.slos.len(), slo.id()));
        let plan = Plan::of(slo, &options, now, &maintenance::out_of(slo, &planned));
        let statuses = plan.judge(&engine.answer(&plan.asks()));
        let owner = owners.get(&slo.service).cloned().unwrap_or_default();
        rows.extend(statuses.into_iter().map(|status| Row { slo, status, owner: owner.clone() }));
    }
    context.view.clear();
    print(context, ask, &rows, now);
    Ok(code(reading, &rows))
}

fn code(reading: &Reading, rows: &[Row<'_>]) -> ExitCode {
    let any = |state: State| rows.iter().any(|row| row.status.state == state);
    match (any(State::Exhausted), any(State::Unknown)) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::from(2),
        (false, false) => super::code(reading),
    }
}

fn end_of(store: &mainstay_promql::Store) -> Timestamp {
    let last = store.series().iter().filter_map(|series| series.times.last()).max();
    Timestamp::from_millisecond(last.copied().unwrap_or_default()).unwrap_or_default()
}

fn print(context: &Context, ask: &SloStatus, rows: &[Row<'_>], now: Timestamp) {
    let at = now.to_string();
    if let Some(by) = ask.by {
        let columns =
            ["by", "objectives", "kept", "burning", "exhausted", "unknown", "good", "left", "least", "bad", "total"];
        let rows: Vec<Value> =
            shown::groups(rows, by).iter().map(|(name, rows)| shown::group(context, name, rows)).collect();
        context.view.rows(&columns, &json!({"at": at, "groups": rows}));
        return;
    }
    if context.view.format == Format::Table {
        let burns = shown::burn_columns(rows);
        let head = ["slo", "state", "good", "objective", "window", "left", "left_of"].map(str::to_owned);
        let columns = head.into_iter().chain(burns.clone()).chain(["gone_in", "events", "covered"].map(str::to_owned));
        let known = ["owner", "tier"].iter().filter(|_| rows.iter().any(|row| row.owner != Owner::default()));
        let columns: Vec<String> = columns.chain(known.map(|column| (*column).to_owned())).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let shown: Vec<Value> = rows.iter().map(|row| shown::for_eyes(row, &burns)).collect();
        context.view.rows(&columns, &json!({ "statuses": shown }));
        for row in rows {
            row.status.notes.iter().for_each(|note| context.view.note(&format!("{}: {note}", row.id())));
        }
        return;
    }
    let columns = [
        "slo",
        "service",
        "tier",
        "owner",
        "state",
        "good",
        "objective",
        "left",
        "left_count",
        "gone_in_s",
        "bad",
        "total",
        "covered",
    ];
    let all: Vec<Value> = rows.iter().map(shown::whole).collect();
    context.view.rows(&columns, &json!({"at": at, "statuses": all}));
}
