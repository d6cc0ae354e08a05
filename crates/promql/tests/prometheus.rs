//! The same queries over the same samples, here and in a real Prometheus (Debian's, version 2): written ones, and two thousand
//! that a seeded generator writes. Every answer must be the same: series, labels, times, numbers, and what is refused.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops where its inputs are not as they should be, starts the peer itself and says what it skips"
)]

mod prometheus {
    pub mod answers;
    pub mod peer;
    pub mod queries;
    pub mod samples;
}

use mainstay_promql::{Grid, Options, Store};
use prometheus::answers::{self, Answer};
use prometheus::peer::Peer;
use prometheus::samples::{END_S, START_S};

/// Queries that a generator writes; enough that each function and operator meets counters that reset, gaps and what is no
/// number.
const GENERATED: u64 = 2_000;

/// What is asked in words for the cases that people meet: alerts, objectives, capacity.
const WRITTEN: &[&str] = &[
    "sum by (job) (rate(http_requests_total{code=~\"5..\"}[5m])) / sum by (job) (rate(http_requests_total[5m])) > 0.01",
    "1 - (sum(rate(http_requests_total{code!~\"5..\"}[1h])) / sum(rate(http_requests_total[1h])))",
    "histogram_quantile(0.99, sum by (le, job) (rate(latency_seconds_bucket[10m])))",
    "max_over_time(sum(rate(http_requests_total[5m]))[1h:5m])",
    "predict_linear(disk_free_bytes[1h], 4 * 3600) < 0",
    "absent(nothing{job=\"a\"})",
    "absent_over_time(nothing{job=\"a\", x=~\".*\"}[5m])",
    "temperature > bool on(job) group_left(instance) avg by (job) (temperature)",
    "http_requests_total unless on(job, instance) up == 0",
    "topk(2, temperature) or bottomk(1, temperature)",
    "label_replace(up, \"short\", \"$1\", \"instance\", \"(.*):.*\")",
    "count_values(\"value\", up)",
    "quantile_over_time(0.5, temperature[30m] offset 5m)",
    "rate(http_requests_total[5m] @ end())",
    "avg_over_time((temperature - temperature offset 10m)[30m:1m])",
    "sum(changes(up[1h])) by (instance) > 2",
    "day_of_week() + hour() / 100",
    "vector(time()) - timestamp(temperature)",
    "scalar(temperature) + 1",
    "holt_winters(temperature[10m], 0.5, 0.5)",
    "sort_desc(temperature)",
    "temperature + temperature",
    "temperature * on(job) temperature",
    "rate(temperature)",
    "sum(temperature[5m])",
    "clamp(temperature, 20, 22)",
    "stddev by (job) (temperature) + stdvar without (instance) (temperature)",
    "-temperature ^ 2 % 7",
    "sum by (instance) (temperature) atan2 sum by (instance) (disk_free_bytes)",
    "clamp_min(temperature, Inf) or clamp_max(temperature, -Inf)",
    "minute(vector(1709210096)) + days_in_month(vector(1709210096)) * 100 + day_of_year(vector(1709210096)) * 10000",
];

#[test]
fn answers_are_those_of_a_real_prometheus() {
    let text = prometheus::samples::openmetrics();
    let Some(peer) = Peer::start(&text) else {
        eprintln!("SKIPPED: prometheus or promtool is not installed, so that nothing is compared");
        return;
    };
    let mut store = Store::new();
    mainstay_promql::load::openmetrics::add(&mut store, &text).unwrap();
    let generated = (0..GENERATED).map(prometheus::queries::query);
    let queries: Vec<String> = WRITTEN.iter().map(|text| (*text).to_owned()).chain(generated).collect();
    let (mut differences, mut with_answer, mut refused) = (Vec::new(), 0, 0);
    for (number, query) in queries.iter().enumerate() {
        for kind in [Asked::instant(number), Asked::range(number)] {
            let theirs = peer.ask(query, &kind);
            let ours = here(&store, query, &kind);
            with_answer += usize::from(matches!(&theirs, Answer::Series(series) if !series.is_empty()));
            refused += usize::from(theirs == Answer::Refused);
            if let Some(difference) = answers::difference(&ours, &theirs) {
                differences.push(format!("{query}\n  {kind:?}: {difference}"));
            }
        }
    }
    let total = queries.len() * 2;
    eprintln!("{total} answers: {with_answer} hold series, {refused} are refused, {} differ", differences.len());
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences[..differences.len().min(20)].join("\n")
    );
    // A generator whose queries find nothing would compare nothing.
    assert!(
        with_answer * 2 > total && refused * 5 < total,
        "{with_answer} of {total} hold series, {refused} are refused"
    );
}

/// When a query is asked about, in seconds.
#[derive(Debug, Clone, Copy)]
pub enum Asked {
    /// At one moment.
    Instant(i64),
    /// At many.
    Range {
        /// The first.
        start: i64,
        /// The last.
        end: i64,
        /// From each to the next.
        step: i64,
    },
}

impl Asked {
    fn instant(number: usize) -> Self {
        // Steps that meet no other period of the data.
        Self::Instant(START_S + 3_600 + i64::try_from(number).unwrap() * 37 % (END_S - START_S - 3_600))
    }

    fn range(number: usize) -> Self {
        let start = START_S + i64::try_from(number).unwrap() * 113 % 7_200;
        Self::Range { start, end: start + 3_600, step: [60, 97, 300][number % 3] }
    }
}

fn here(store: &Store, query: &str, asked: &Asked) -> Answer {
    let options = Options { as_version_2: true, ..Options::default() };
    let Ok(expr) = mainstay_promql::parse(query) else { return Answer::Refused };
    let answer = match *asked {
        Asked::Instant(at) => mainstay_promql::instant(store, &expr, at * 1_000, &options),
        Asked::Range { start, end, step } => {
            let grid = Grid::range(start * 1_000, end * 1_000, step * 1_000).unwrap();
            mainstay_promql::range(store, &expr, grid, &options)
        }
    };
    answer.map_or(Answer::Refused, |answer| answers::ours(answer.output, asked))
}
