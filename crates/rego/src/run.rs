//! Evaluation on a thread of its own: bounded in time and stack, and a panic stays there.

use crate::builtins::json;
use crate::rewrite::PLAIN;
use crate::{Failure, Problem};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, PolicyLengthConfig, Value};
use serde_json::Value as Json;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The stack of an evaluation: room for the depth of rules that the interpreter allows. Taken as it is used.
const STACK_BYTES: usize = 512 << 20;
/// How long a thread is waited for, at most. The interpreter looks at its clock between steps; a single step that takes
/// this long is left alone, and the evaluation counts as failed.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// How many steps go by between two looks at the clock.
const STEPS: NonZeroU32 = NonZeroU32::new(256).expect("256 is not 0");
/// Lines of policies may be long: embedded documents and certificates are written on one.
const COLUMNS_MAX: NonZeroU32 = NonZeroU32::new(1 << 20).expect("not 0");
const BYTES_MAX: NonZeroUsize = NonZeroUsize::new(4 << 20).expect("not 0");
const LINES_MAX: NonZeroUsize = NonZeroUsize::new(100_000).expect("not 0");

/// Does something on a thread of its own.
pub(crate) fn isolated<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let (answer, answered) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("policy".to_owned()).stack_size(STACK_BYTES);
    let spawned = thread.spawn(move || drop(answer.send(work())));
    let handle = spawned.map_err(|error| Failure::Panic(error.to_string()))?;
    match answered.recv_timeout(WAIT_MAX) {
        Ok(done) => Ok(done),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Failure::Time),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let why = handle.join().err().map(|panic| {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
            });
            Err(Failure::Panic(why.unwrap_or_default()))
        }
    }
}

pub(crate) fn timer(limit: Duration) -> ExecutionTimerConfig {
    ExecutionTimerConfig { limit, check_interval: STEPS }
}

pub(crate) fn length() -> PolicyLengthConfig {
    PolicyLengthConfig { max_col: COLUMNS_MAX, max_file_bytes: BYTES_MAX, max_lines: LINES_MAX }
}

/// Runs a query and gives the variables of every answer.
pub(crate) fn query(engine: &mut Engine, query: String) -> Result<Vec<Json>, Failure> {
    let found = engine.eval_query(query, false).map_err(|error| failure(&error.to_string()))?;
    let mut out = Vec::new();
    for result in found.result {
        if result.expressions.iter().any(|expression| expression.value == Value::Bool(false)) {
            continue;
        }
        out.push(plain(json(&result.bindings).map_err(Failure::Policy)?));
    }
    Ok(out)
}

/// Names as they were before the rewrite.
fn plain(json: Json) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.into_iter().map(plain).collect()),
        Json::Object(map) => {
            let name = |key: String| key.strip_prefix(PLAIN).map(str::to_owned).unwrap_or(key);
            Json::Object(map.into_iter().map(|(key, value)| (name(key), plain(value))).collect())
        }
        other => other,
    }
}

fn failure(text: &str) -> Failure {
    if text.contains("exceeded") && text.contains("limit") { Failure::Time } else { Failure::Policy(last_line(text)) }
}

/// The interpreter's messages begin with `--> path:line:column` and an excerpt, and end with `error: ...`.
pub(crate) fn problem(path: &str, text: &str) -> Problem {
    let mut problem = Problem { path: path.to_owned(), line: 0, column: 0, summary: last_line(text) };
    if let Some((_, rest)) = text.split_once("--> ") {
        let place = rest.lines().next().unwrap_or_default();
        let mut parts = place.rsplitn(3, ':');
        let column = parts.next().and_then(|column| column.trim().parse().ok());
        let line = parts.next().and_then(|line| line.trim().parse().ok());
        if let (Some(column), Some(line), Some(named)) = (column, line, parts.next()) {
            problem = Problem { path: named.trim().to_owned(), line, column, ..problem };
        }
    }
    problem
}

fn last_line(text: &str) -> String {
    let message = text.rsplit_once("error: ").map_or(text, |(_, message)| message);
    message.lines().next().unwrap_or_default().trim().to_owned()
}
