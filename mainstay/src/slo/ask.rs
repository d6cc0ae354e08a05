//! Questions of a plan answered: by recorded series, or by what speaks Prometheus' API.

use super::history::encoded;
use mainstay_outside::{Auth, HttpError, Method, Outside, Request};
use mainstay_promql::{Grid, Output, Points, Sample, Store, load};
use mainstay_slo::status::{Answered, Ask};

/// Moments of one request: a week of slots of five minutes. Prometheus answers 11,000 at most, and whoever asks for less at once
/// leaves it room for others.
const MOMENTS_MAX: usize = 2_016;

/// Queries up to this length go into the address: what only asks may be repeated when the line breaks.
const ADDRESS_BYTES_MAX: usize = 4_000;

/// Who answers.
pub enum Engine<'a> {
    /// Recorded series.
    Recorded(&'a Store),
    /// A running engine.
    Running {
        /// The door to it.
        outside: &'a Outside,
        /// Its address.
        url: &'a str,
        /// Who we say we are.
        auth: Auth,
        /// Why it is asked no more.
        silent: Option<String>,
    },
}

impl<'a> Engine<'a> {
    /// A running engine at an address.
    pub fn running(outside: &'a Outside, url: &'a str, auth: Auth) -> Self {
        Self::Running { outside, url, auth, silent: None }
    }

    /// The answers, in the order of the questions. Where the engine cannot be reached, nothing more is asked of it: many
    /// objectives must not each wait for a time-out.
    pub fn answer(&mut self, asks: &[Ask]) -> Vec<Answered> {
        asks.iter().map(|ask| self.one(ask)).collect()
    }

    fn one(&mut self, ask: &Ask) -> Answered {
        match self {
            Self::Recorded(store) => recorded(store, ask),
            Self::Running { silent: Some(why), .. } => Err(why.clone()),
            Self::Running { outside, url, auth, silent } => {
                running(outside, (url, auth), ask).map_err(|(why, reached)| {
                    if !reached {
                        *silent = Some(why.clone());
                    }
                    why
                })
            }
        }
    }
}

fn recorded(store: &Store, ask: &Ask) -> Answered {
    let expr = mainstay_promql::parse(&ask.query).map_err(|e| format!("{}: {}", ask.query, e.message))?;
    // With both borders in a range, as Prometheus 2 has it, each increase between two samples lies in exactly one of slots that
    // touch, and what is seen in them adds up to what happened.
    let options = mainstay_promql::Options { as_version_2: true, ..mainstay_promql::Options::default() };
    let answer = mainstay_promql::range(store, &expr, ask.grid, &options).map_err(|e| e.message)?;
    match answer.output {
        Output::Matrix(points) => Ok(points),
        _ => Err(format!("{} is no query for a range", ask.query)),
    }
}

/// What a running engine answers; with the reason for none, whether it was reached at all.
fn running(outside: &Outside, engine: (&str, &Auth), ask: &Ask) -> Result<Vec<Points>, (String, bool)> {
    let mut store = Store::new();
    let mut at = 0;
    while at < ask.grid.count {
        let count = (ask.grid.count - at).min(MOMENTS_MAX);
        let part = Grid { start: ask.grid.time(at), count, until: ask.grid.time(at + count - 1), ..ask.grid };
        fetch(outside, engine, &ask.query, part, &mut store)?;
        at += count;
    }
    let points = store.series().iter().map(|series| Points {
        labels: series.labels.clone(),
        samples: series
            .times
            .iter()
            .zip(&series.values)
            .map(|(time, value)| Sample { time: *time, value: *value })
            .collect(),
    });
    Ok(points.collect())
}

fn fetch(
    outside: &Outside,
    (url, auth): (&str, &Auth),
    query: &str,
    grid: Grid,
    store: &mut Store,
) -> Result<(), (String, bool)> {
    let address = format!("{}/api/v1/query_range", url.trim_end_matches('/'));
    let form = format!(
        "query={}&start={}&end={}&step={}",
        encoded(query),
        seconds(grid.start),
        seconds(grid.end()),
        seconds(grid.step.max(1_000))
    );
    let request = if form.len() <= ADDRESS_BYTES_MAX {
        Request::get(format!("{address}?{form}"))
    } else {
        Request::new(Method::Post, address).body("application/x-www-form-urlencoded", form)
    };
    let shown = mainstay_outside::shown_address(url);
    let response = outside.send(&request.auth(auth.clone())).map_err(|e| match e {
        // Its own address holds the whole query.
        HttpError::Status(_, code, why) => (format!("{shown} answers {code}{why}"), code < 500),
        HttpError::Transport(_, why) => (format!("{shown} cannot be reached: {why}"), false),
        other => (other.to_string(), false),
    })?;
    let answer = serde_json::from_slice(&response.body).map_err(|_| {
        let start: String = String::from_utf8_lossy(&response.body).chars().take(60).collect();
        (format!("{shown} answers no JSON; is it Prometheus? It begins with {start:?}"), false)
    })?;
    load::matrix::add(store, &answer).map(|_| ()).map_err(|error| (format!("{shown}: {}", error.message), true))
}

/// Milliseconds as seconds with a point, exactly.
fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms.div_euclid(1_000), ms.rem_euclid(1_000))
}
