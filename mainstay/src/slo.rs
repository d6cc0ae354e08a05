//! `mainstay slo`: files in; diagnostics, rules and backtests out.

mod ask;
mod backtest;
pub mod history;
mod known;
mod status;

use crate::Context;
use crate::arguments::{Format, Slo, SloCheck, SloRules, Style};
use crate::files::yaml_files;
use mainstay_kit::Problem;
use mainstay_slo::rules::{self, Options};
use mainstay_slo::{Duration, Reading, read};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

pub use ask::Engine;

/// The period of objectives that say none.
pub const PERIOD: Duration = Duration::days(30);

/// The settings under which budgets are looked at.
pub fn usual_options(reading: &Reading) -> Options {
    Options {
        period: PERIOD,
        windows: reading.windows.clone(),
        style: rules::Style::Mainstay,
        labels: std::collections::BTreeMap::new(),
        alerts: true,
        recordings: true,
    }
}

/// Runs the command; exits with 1 where an objective is wrong, and with 2 where nothing could be read.
pub fn run(context: &Context, ask: &Slo) -> Result<ExitCode, Problem> {
    match ask {
        Slo::Check(ask) => {
            let reading = reading(context, ask)?;
            show(context, &reading);
            Ok(code(&reading))
        }
        Slo::Rules(ask) => {
            let reading = reading(context, &ask.check)?;
            write(context, ask, &reading)?;
            Ok(code(&reading))
        }
        Slo::Backtest(ask) => {
            let reading = reading(context, &ask.check)?;
            backtest::run(context, ask, &reading)
        }
        Slo::Status(ask) => {
            let reading = read_all(context, &ask.paths, None)?;
            status::run(context, ask, &reading)
        }
    }
}

fn code(reading: &Reading) -> ExitCode {
    match (reading.documents, reading.is_damaged()) {
        (0, _) => ExitCode::from(2),
        (_, true) => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    }
}

fn period(ask: &SloCheck) -> Result<Option<Duration>, Problem> {
    if ask.period == "own" {
        return Ok(None);
    }
    let wrong = || {
        Problem::malformed("slo.period", format!("{:?} is no length of time; write it as in 30d, or own", ask.period))
    };
    Duration::parse(&ask.period).map(Some).ok_or_else(wrong)
}

fn reading(context: &Context, ask: &SloCheck) -> Result<Reading, Problem> {
    read_all(context, &ask.paths, period(ask)?)
}

fn read_all(context: &Context, paths: &[PathBuf], period: Option<Duration>) -> Result<Reading, Problem> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(yaml_files(context, path, "slo.unreadable")?);
    }
    let reading = read(&files, period);
    reading.diagnostics.iter().for_each(|diagnostic| context.view.complain(diagnostic));
    Ok(reading)
}

fn show(context: &Context, reading: &Reading) {
    let row = |slo: &mainstay_slo::Slo| {
        json!({
            "id": slo.id(), "service": slo.service, "name": slo.name, "objective": slo.objective,
            "period": slo.period.unwrap_or(PERIOD).to_string(), "spec": slo.spec, "file": slo.place.file, "line": slo.place.line,
            "page": slo.alerting.page.is_some(), "ticket": slo.alerting.ticket.is_some(),
        })
    };
    let rows: Vec<Value> = reading.slos.iter().map(row).collect();
    let mut answer = json!({"slos": rows, "documents": reading.documents});
    if context.view.format == Format::Json {
        answer["diagnostics"] = serde_json::to_value(&reading.diagnostics).unwrap_or_default();
    }
    context.view.rows(&["service", "name", "objective", "period", "spec", "page", "ticket", "file", "line"], &answer);
}

fn write(context: &Context, ask: &SloRules, reading: &Reading) -> Result<(), Problem> {
    let mut labels = std::collections::BTreeMap::new();
    for label in &ask.label {
        let wrong = || Problem::malformed("slo.label", format!("{label:?} is no label; write NAME=VALUE"));
        let (name, value) = label.split_once('=').ok_or_else(wrong)?;
        labels.insert(name.to_owned(), value.to_owned());
    }
    let options = Options {
        period: period(&ask.check)?.unwrap_or(PERIOD),
        windows: reading.windows.clone(),
        style: match ask.like {
            Style::Mainstay => rules::Style::Mainstay,
            Style::Sloth => rules::Style::Sloth,
        },
        labels,
        alerts: !ask.no_alerts,
        recordings: !ask.no_recordings,
    };
    let groups = rules::groups(&reading.slos, &options);
    match context.view.format {
        Format::Json => {
            let rule = |rule: &rules::Rule| {
                let (kind, name) = match &rule.makes {
                    rules::Makes::Record(name) => ("record", name),
                    rules::Makes::Alert(name) => ("alert", name),
                };
                json!({kind: name, "expr": rule.expr, "labels": rule.labels, "annotations": rule.annotations})
            };
            let group = |group: &rules::Group| json!({"name": group.name, "rules": group.rules.iter().map(rule).collect::<Vec<_>>()});
            context.view.json(&json!({"groups": groups.iter().map(group).collect::<Vec<_>>()}));
        }
        _ => context.view.print(&rules::to_yaml(&groups)),
    }
    Ok(())
}
