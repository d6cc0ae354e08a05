//! PromQL and what goes with it: queries, rules with their tests, series in texts, objectives.

use crate::files::files;
use crate::holds;
use mainstay_promql::rules::{self, backtest, template::Template, unit};
use mainstay_promql::{Answer, Cause, Grid, Options, Output, Points, Result, Store, instant, load, parse, range};
use mainstay_slo::rules::{Options as Wanted, Style, groups, to_yaml};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The moments of the queries, in milliseconds: within the series of [`store`].
const START: i64 = 0;
const END: i64 = 3_600_000;
const STEP: i64 = 60_000;
/// Series for queries: counters with a reset, a gauge with gaps, a histogram, what is no number.
const SERIES: &[&str] = &[
    "http_requests_total{job=\"api\",instance=\"a\",code=\"200\"} 0+10x30 0+10x30",
    "http_requests_total{job=\"api\",instance=\"b\",code=\"500\"} 1+1x60",
    "up{job=\"api\",instance=\"a\"} 1x20 _x10 0x30",
    "up{job=\"db\",instance=\"b\"} 1x10 stale 1x40",
    "temperature 20 21 NaN +Inf -Inf 20.5x20",
    "latency_bucket{job=\"api\",le=\"0.1\"} 0+5x60",
    "latency_bucket{job=\"api\",le=\"1\"} 0+9x60",
    "latency_bucket{job=\"api\",le=\"+Inf\"} 0+10x60",
];

/// Bounds that a made-up query reaches soon: what is wanted is how it is reached, and not how long a large one takes.
fn bounded() -> Options {
    Options { samples_max: 2_000_000, cells_max: 1_000_000, ..Options::default() }
}

fn store() -> &'static Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    STORE.get_or_init(filled)
}

fn filled() -> Store {
    let mut store = Store::new();
    for line in SERIES {
        let (labels, values) = load::notation::series(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let added = load::notation::add(&mut store, &labels, &values, START, STEP);
        assert!(added.is_ok(), "{line}: {added:?}");
    }
    store
}

/// A query, at one moment and over many.
pub fn promql(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let expr = match parse(text) {
        Ok(expr) => expr,
        Err(error) => return within(&error, text),
    };
    for options in
        [bounded(), Options { as_version_2: true, ..bounded() }, Options { late_name_drop: true, ..bounded() }]
    {
        answered(&instant(store(), &expr, END / 2, &options), text, 1);
        let Ok(grid) = Grid::range(START, END, STEP * 5) else { continue };
        answered(&range(store(), &expr, grid, &options), text, grid.count);
    }
}

fn within(error: &mainstay_promql::Error, text: &str) {
    let span = error.span;
    assert!(span.start <= text.len() && span.end <= text.len(), "{error:?} stands beyond {text:?}");
    assert!(text.is_char_boundary(span.start), "{error:?} stands within a letter of {text:?}");
    assert!(!error.message.is_empty());
}

/// No series stands twice in an answer, and none has more points than there are moments.
fn answered(answer: &Result<Answer>, text: &str, moments: usize) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            assert!(error.cause != Cause::Syntax || !error.message.is_empty());
            return within(error, text);
        }
    };
    let mut seen = std::collections::HashSet::new();
    match &answer.output {
        Output::Vector(series) => {
            assert!(moments == 1);
            assert!(series.iter().all(|(labels, _)| seen.insert(labels)), "a series stands twice: {text:?}");
        }
        Output::Matrix(series) => {
            assert!(series.iter().all(|points| seen.insert(&points.labels)), "a series stands twice: {text:?}");
            let held = |points: &Points| moments == 1 || points.samples.len() <= moments;
            assert!(series.iter().all(held), "more than {moments} moments: {text:?}");
        }
        Output::Scalar(_) | Output::Text(_) => {}
    }
}

/// Rules files; what stands in a file of `test` in its name are tests of the rules.
pub fn rules(input: &[u8]) {
    let files = files(input, "rules.yaml");
    let mut all = Vec::new();
    for file in files.iter().filter(|file| !file.path.contains("test")) {
        let Ok(text) = std::str::from_utf8(&file.bytes) else { continue };
        let reading = rules::read(text, &file.path);
        holds::places_of(&reading.diagnostics, &file.bytes);
        all.extend(reading.groups);
    }
    for file in files.iter().filter(|file| file.path.contains("test")) {
        let Ok(text) = std::str::from_utf8(&file.bytes) else { continue };
        let (tests, diagnostics) = unit::read(text, &file.path);
        holds::places_of(&diagnostics, &file.bytes);
        for outcome in unit::run(&tests, &all, &bounded()) {
            assert!(outcome.failures.iter().all(|failure| !failure.message.is_empty()));
        }
    }
    let run = || backtest(&mut filled(), &all, START, END, STEP * 5, &bounded());
    let (first, again) = (run(), run());
    assert_eq!(format!("{first:?}"), format!("{again:?}"), "a second run differs");
}

/// Series as text: of an exporter, of a test, of the API; and a template.
pub fn series(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let lines = text.split('\n').count();
    if let Err(error) = load::openmetrics::add(&mut Store::new(), text) {
        assert!(error.line <= lines && !error.message.is_empty(), "{error:?}");
    }
    for line in text.lines().take(8) {
        let Ok((labels, values)) = load::notation::series(line) else { continue };
        let _ = load::notation::add(&mut Store::new(), &labels, &values, START, STEP);
    }
    if let Ok(answer) = serde_json::from_str(text) {
        let _ = load::matrix::add(&mut Store::new(), &answer);
    }
    if let Ok(template) = Template::parse(text) {
        assert_eq!(template.source(), text);
        let query = |_: &str| Err("there is no store".to_owned());
        let (labels, external) = (mainstay_promql::Labels::default(), BTreeMap::new());
        let _ = template.expand(&rules::template::Context {
            labels: &labels,
            value: 1.5,
            external_labels: &external,
            external_url: "",
            query: &query,
        });
    }
}

/// Objectives, and the rules for them: what is written is YAML, and the expressions of rules stand in it.
pub fn slo(input: &[u8]) {
    let files = files(input, "slo.yaml");
    let reading = mainstay_slo::read(&files, None);
    for file in &files {
        let of_file: Vec<_> = reading.diagnostics.iter().filter(|one| one.place.file == file.path).cloned().collect();
        holds::places_of(&of_file, &file.bytes);
    }
    let again = mainstay_slo::read(&files, None);
    assert_eq!((&reading.slos, &reading.diagnostics), (&again.slos, &again.diagnostics));
    for style in [Style::Mainstay, Style::Sloth] {
        let wanted = Wanted {
            period: mainstay_slo::Duration::days(30),
            windows: reading.windows.clone(),
            style,
            labels: BTreeMap::new(),
            alerts: true,
            recordings: true,
        };
        let groups = groups(&reading.slos, &wanted);
        let written = to_yaml(&groups);
        let read = mainstay_iac::yaml::parse(&written, mainstay_iac::Origin::of("a"), mainstay_iac::yaml::Schema::Core);
        assert!(read.diagnostics.is_empty(), "{:?}\n{written}", read.diagnostics);
        let [document] = read.documents.as_slice() else { continue };
        let expressions: Vec<_> =
            groups.iter().flat_map(|group| &group.rules).map(|rule| rule.expr.trim_end()).collect();
        // A newline at the end says nothing, and is left away.
        assert_eq!(written_expressions(&document.to_json()), expressions, "{written}");
    }
}

fn written_expressions(document: &serde_json::Value) -> Vec<&str> {
    let groups = document["groups"].as_array().into_iter().flatten();
    let rules = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
    rules.filter_map(|rule| rule["expr"].as_str()).collect()
}
