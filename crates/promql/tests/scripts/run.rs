//! Runs a script.

use super::expect::{self, Expected};
use super::read::{self, Eval, Kind, When};
use mainstay_promql::{
    Cause, Error, Grid, Labels, NAME, Options, Output, Store, instant, load::notation, parse, range,
};

/// What became of an evaluation.
pub enum Outcome {
    Passed,
    /// It uses a feature that is refused.
    Outside(&'static str),
    Failed(String),
}

/// Runs all evaluations; gives the line and outcome of each.
pub fn run(text: &str) -> Vec<(usize, Outcome)> {
    let mut store = Store::new();
    // The tests of Prometheus run with names dropped late.
    let options = Options { late_name_drop: true, ..Options::default() };
    let mut outcomes = Vec::new();
    for command in read::commands(text) {
        match command.kind {
            Kind::Clear => store = Store::new(),
            Kind::Load { step, with_custom_buckets, series } => {
                // A script may give a series twice in one load; the last one is meant.
                let name = |line: &String| match line.split_once('}') {
                    Some((name, rest)) => format!("{name}{}", rest.starts_with("@st")),
                    None => line.clone(),
                };
                for (index, line) in series.iter().enumerate() {
                    if !series[index + 1..].iter().any(|later| name(later) == name(line) && line.contains('}')) {
                        load(&mut store, line, step, with_custom_buckets);
                    }
                }
            }
            Kind::Eval(eval) => outcomes.push((command.line, evaluate(&store, &eval, &options))),
        }
    }
    outcomes
}

fn load(store: &mut Store, line: &str, step: i64, with_custom_buckets: bool) {
    if let Some((series, _)) = line.split_once("@st") {
        // Start times are a feature of their own; a series that has them is not what it is without.
        let labels = mainstay_promql::parse_series(series).unwrap();
        let at = store.series_of(&labels);
        store.mark_foreign(at, "start timestamps");
        return;
    }
    let (labels, values) = notation::series(line).unwrap_or_else(|why| panic!("{line}: {why}"));
    notation::add(store, &labels, &values, 0, step).unwrap();
    if let (true, Some(base)) = (with_custom_buckets, labels.name().strip_suffix("_bucket")) {
        let mut builder = labels.builder();
        builder.set(NAME, base);
        builder.remove("le");
        let at = store.series_of(&builder.finish());
        store.mark_foreign(at, notation::NATIVE_HISTOGRAMS);
    }
}

fn evaluate(store: &Store, eval: &Eval, options: &Options) -> Outcome {
    let expected = expect::read(&eval.word, &eval.expected);
    match check(store, eval, &expected, options) {
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(why)) => Outcome::Failed(format!("{} : {why}", eval.query)),
        Err(feature) => Outcome::Outside(feature),
    }
}

/// The outer error is a feature that is refused.
fn check(
    store: &Store,
    eval: &Eval,
    expected: &Expected,
    options: &Options,
) -> Result<Result<(), String>, &'static str> {
    let failed = |error: Error| match error.cause {
        Cause::Unsupported(feature) => Err(feature),
        _ => Ok(expected.check_failure(&error)),
    };
    let expr = match parse(&eval.query) {
        Ok(expr) => expr,
        Err(error) => return failed(error),
    };
    let answer = match eval.when {
        When::Instant(at) => instant(store, &expr, at, options),
        When::Range { start, end, step } => {
            Grid::range(start, end, step).and_then(|grid| range(store, &expr, grid, options))
        }
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return failed(error),
    };
    if expected.has_histograms {
        return Err("native histograms");
    }
    if expected.fails {
        return Ok(Err(format!("does not fail: {:?}", answer.output)));
    }
    if let Err(why) = expected.check_notes(&answer.notes, &eval.query) {
        return Ok(Err(why));
    }
    Ok(match (eval.when, &answer.output) {
        (When::Instant(at), output) => expected
            .check_instant(output, expected.ordered)
            .and_then(|()| same_in_range(store, eval, at, expected, options)),
        (When::Range { start, step, .. }, Output::Matrix(points)) => {
            let points: Vec<_> = points.clone();
            match expected.scalar {
                Some(_) => Err("a scalar over a range".to_owned()),
                None => expected.check_matrix(&points, start, step),
            }
        }
        _ => Err("a range query gives a matrix".to_owned()),
    })
}

/// A range query around the moment must say the same of it.
fn same_in_range(store: &Store, eval: &Eval, at: i64, expected: &Expected, options: &Options) -> Result<(), String> {
    let lower = eval.query.to_lowercase();
    let depends_on_range = ["start()", "end()", "step()", "range()"].iter().any(|word| lower.contains(word));
    if depends_on_range || expected.ordered || expected.text.is_some() || expected.range_vector.is_some() {
        return Ok(());
    }
    let expr = parse(&eval.query).unwrap();
    let grid = Grid::range(at - 60_000, at + 60_000, 60_000).unwrap();
    let answer = match range(store, &expr, grid, options) {
        Ok(answer) => answer,
        // A moment beside may fail on its own.
        Err(_) => return Ok(()),
    };
    let Output::Matrix(points) = answer.output else { return Err("a range query gives a matrix".to_owned()) };
    let now: Vec<(Labels, f64)> = points
        .iter()
        .filter_map(|points| {
            Some((points.labels.clone(), points.samples.iter().find(|sample| sample.time == at)?.value))
        })
        .collect();
    let output = match expected.scalar {
        Some(_) => Output::Scalar(now.first().map_or(f64::NAN, |(_, value)| *value)),
        None => Output::Vector(now),
    };
    expected.check_instant(&output, false).map_err(|why| format!("in a range: {why}"))
}
