//! `mainstay cause`: which of many services made one slow, or made it fail.

use crate::Context;
use crate::arguments::{Cause, CauseKind, Format};
use mainstay_cause::{Question, Services, Signal, Silence, Table, causes, moment, read};
use mainstay_kit::Problem;
use mainstay_outside::FILE_BYTES_MAX;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Names the probable causes, or says why there is no answer.
pub fn run(context: &Context, ask: &Cause) -> Result<ExitCode, Problem> {
    crate::commands::plain_format(context)?;
    let onset = moment(&ask.at).ok_or_else(|| {
        Problem::malformed("cause.at", format!("{:?} is no time; write 2026-11-01T12:00:00Z", ask.at))
    })?;
    let bytes = |path: &Path| {
        let read = context.outside.read(path, FILE_BYTES_MAX);
        read.map_err(|e| Problem::malformed("cause.file", format!("failed to read {}: {e}", path.display())))
    };
    let (calls, series) = (bytes(&ask.calls)?, bytes(&ask.series)?);
    let (calls_name, series_name) = (ask.calls.to_string_lossy(), ask.series.to_string_lossy());
    let (services, wrong) =
        read(Table { name: &calls_name, bytes: &calls }, Table { name: &series_name, bytes: &series });
    wrong.iter().for_each(|diagnostic| context.view.complain(diagnostic));
    known(&services, &ask.service)?;
    let signal = match ask.signal {
        CauseKind::Latency => Signal::Latency,
        CauseKind::Failures => Signal::Failures,
    };
    let found = causes(&services, Question { service: &ask.service, signal, onset });
    let named = found.is_ok();
    show(context, ask, found);
    Ok(match (wrong.is_empty(), named) {
        (false, _) => ExitCode::from(2),
        (true, true) => ExitCode::SUCCESS,
        (true, false) => ExitCode::from(1),
    })
}

fn known(services: &Services, service: &str) -> Result<(), Problem> {
    if services.series.contains_key(service) {
        return Ok(());
    }
    let names: Vec<&str> = services.series.keys().map(String::as_str).take(20).collect();
    let others = if names.is_empty() {
        "and none that can be read".to_owned()
    } else {
        format!("there are series of {}", names.join(", "))
    };
    let detail = format!("there is no series of {service:?}; {others}");
    Err(Problem::malformed("cause.service", detail))
}

fn show(context: &Context, ask: &Cause, found: Result<Vec<mainstay_cause::Cause>, Silence>) {
    let view = &context.view;
    match found {
        Ok(causes) => {
            let row = |cause: &mainstay_cause::Cause| {
                json!({"service": cause.service, "explains": rounded(cause.explains), "before": rounded(cause.before),
                    "since": rounded(cause.since), "own_excess": rounded(cause.own_excess), "way": cause.path.join(" > ")})
            };
            let rows: Vec<Value> = causes.iter().map(row).collect();
            view.rows(&["service", "explains", "before", "since", "way"], &json!({"causes": rows, "silence": null}));
        }
        Err(silence) if context.global.format == Format::Table => view.note(&said(ask, &silence)),
        Err(silence) => view.rows(
            &["service", "explains", "before", "since", "way"],
            &json!({"causes": [], "silence": silence, "why": said(ask, &silence)}),
        ),
    }
}

fn said(ask: &Cause, silence: &Silence) -> String {
    let service = &ask.service;
    match silence {
        Silence::NotMeasured => format!("no cause: {service} was not measured before {} or since", ask.at),
        Silence::NotMoved { before, since } => {
            format!("no cause: {service} was {} before {} and is {} since", rounded(*before), ask.at, rounded(*since))
        }
        Silence::NotExplained { most } => {
            format!(
                "no cause: none that {service} reaches explains half of it; the most is {} %",
                (most * 100.0).round()
            )
        }
    }
}

/// To four digits, which is more than the figures hold.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
