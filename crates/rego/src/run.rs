//! Evaluation on a thread of its own: bounded in time and stack, and a panic stays there.

use crate::builtins::json;
use crate::rewrite::PLAIN;
use crate::{Failure, Module, Problem, place};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, PolicyLengthConfig, Value};
use serde_json::Value as Json;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// The stack of an evaluation: room for the depth of rules that the interpreter allows. Taken as it is used.
const STACK_BYTES: usize = 512 << 20;
/// How long a thread is waited for, at most. The interpreter looks at its clock between steps; a single step that takes
/// this long is left alone, and the evaluation counts as failed.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(20);
/// How many threads that were left alone may still run, all together. Nothing can end a thread from outside, and each of
/// them keeps a processor busy; as long as so many do, nothing further is begun.
pub(crate) const LEFT_MAX: usize = 4;
/// How many steps go by between two looks at the clock: so few that steps of a second each, such as patterns over long
/// texts, end in time. A look costs some ten nanoseconds, and a step hundreds.
const STEPS: NonZeroU32 = NonZeroU32::new(8).expect("8 is not 0");
/// Lines of policies may be long: embedded documents and certificates are written on one.
const COLUMNS_MAX: NonZeroU32 = NonZeroU32::new(1 << 20).expect("not 0");
const BYTES_MAX: NonZeroUsize = NonZeroUsize::new(4 << 20).expect("not 0");
const LINES_MAX: NonZeroUsize = NonZeroUsize::new(100_000).expect("not 0");

/// The threads that were left alone and still run.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// Whether a thread ended, or nobody waits for it any longer.
#[derive(Default)]
struct Watch(AtomicBool);

impl Watch {
    /// Whether the one who asks is the first of the two; the second one evens out the count.
    fn first(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// What a thread says when it ends, also by a panic.
struct Ending(Arc<Watch>);

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.0.first() {
            LEFT.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Does something on a thread of its own.
pub(crate) fn isolated<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    within(WAIT_MAX, work)
}

fn within<T: Send + 'static>(wait: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    if LEFT.load(Ordering::SeqCst) >= LEFT_MAX {
        return Err(Failure::Refused);
    }
    let (answer, answered) = mpsc::sync_channel(1);
    let watch = Arc::new(Watch::default());
    let ending = Ending(watch.clone());
    let thread = thread::Builder::new().name("policy".to_owned()).stack_size(STACK_BYTES);
    let spawned = thread.spawn(move || {
        let _ending = ending;
        drop(answer.send(work()));
    });
    let handle = spawned.map_err(|error| Failure::Panic(error.to_string()))?;
    match answered.recv_timeout(wait) {
        Ok(done) => Ok(done),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            // Counted before it is said, so that the thread never takes away what was not added yet.
            LEFT.fetch_add(1, Ordering::SeqCst);
            if !watch.first() {
                LEFT.fetch_sub(1, Ordering::SeqCst);
            }
            Err(Failure::Left)
        }
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

/// The interpreter's messages begin with `--> path:line:column` and an excerpt with a mark below it, and end with
/// `error: ...` or another word.
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

/// A problem of what the rewrite made of modules, where it stands in the modules as they were; what was made beside them
/// stands nowhere.
pub(crate) fn placed(problem: Problem, modules: &[Module], rewritten: &[Module]) -> Problem {
    let of = |modules: &'_ [Module]| modules.iter().position(|module| module.path == problem.path);
    let (Some(original), Some(rewrite)) = (of(modules), of(rewritten)) else {
        let path = modules.first().map(|module| module.path.clone()).unwrap_or_default();
        return Problem { path, line: 0, column: 0, ..problem };
    };
    if problem.line == 0 {
        return problem;
    }
    let (original, rewritten) = (&modules[original].text, &rewritten[rewrite].text);
    let (line, column) = place::told(original, rewritten, problem.line, problem.column);
    Problem { line, column, ..problem }
}

/// What the message says behind the last excerpt, in words of ours where it says nothing.
fn last_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let excerpt = lines.iter().rposition(|line| line.starts_with('|') && line.ends_with('^'));
    let behind = &lines[excerpt.map_or(0, |at| at + 1)..];
    let said = behind.iter().find(|line| !line.is_empty()).copied().unwrap_or_default();
    let said =
        ["error:", "warning:"].iter().fold(said, |said, word| said.rsplit_once(word).map_or(said, |(_, said)| said));
    let said = said.trim();
    if said.is_empty() { "the interpreter does not read what stands here".to_owned() } else { said.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_do_not_come_back_are_bounded_and_counted_off_when_they_end() {
        let (let_go, wait): (Vec<_>, Vec<_>) = (0..LEFT_MAX).map(|_| mpsc::channel::<()>()).unzip();
        for wait in wait {
            let left = within(Duration::from_millis(1), move || wait.recv().is_ok());
            assert_eq!(left, Err(Failure::Left));
        }
        assert_eq!(isolated(|| 1), Err(Failure::Refused));
        drop(let_go);
        while LEFT.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
        assert_eq!(isolated(|| 1), Ok(1));
        assert_eq!(isolated(|| -> u8 { panic!("no") }), Err(Failure::Panic("no".to_owned())));
        assert_eq!(isolated(|| 2), Ok(2));
    }

    #[test]
    fn messages_are_what_stands_behind_the_excerpt() {
        let told = |kind: &str| format!("\n--> a.rego:2:8\n  |\n2 | x error: y ^\n  |        ^\n{kind}");
        assert_eq!(last_line(&told("error: expecting `)`")), "expecting `)`");
        assert_eq!(last_line(&told("error: failed\nand more")), "failed");
        assert_eq!(last_line(&told("error: ")), "the interpreter does not read what stands here");
        assert_eq!(last_line(&told("warning: invalid")), "invalid");
        assert_eq!(last_line("error: no place"), "no place");
        assert_eq!(last_line(""), "the interpreter does not read what stands here");
        assert_eq!(problem("b.rego", &told("error: a")).line, 2);
    }
}
