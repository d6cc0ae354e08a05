//! Processes: run with a time-out and limits on output, in a group of their own that ends with them.

use crate::cassette::{bytes_from_json, bytes_to_json};
use crate::{CassetteError, Clock, Secret};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Longest run unless the caller says otherwise.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Most bytes that are taken of each of the two outputs unless the caller says otherwise.
const OUTPUT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How often a running process is looked at.
const POLL: Duration = Duration::from_millis(10);

/// Why a process gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("failed to start {0:?}: {1}")]
    Start(String, String),
    /// It ran longer than it may and was killed with its whole group.
    #[error("{0:?} was killed after {1} s")]
    Timeout(String, u64),
    /// It printed more than it may and was killed with its whole group.
    #[error("{0:?} was killed because it printed more than {1} bytes")]
    Output(String, usize),
    /// The system lost sight of it.
    #[error("failed to wait for {0:?}: {1}")]
    Wait(String, String),
    /// A recorded world had no answer.
    #[error("{0:?}: {1}")]
    Replayed(String, CassetteError),
}

/// What to run, and how long and how much it may.
#[derive(Debug, Clone)]
pub struct Command {
    program: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    secret_env: Vec<(String, Secret)>,
    dir: Option<PathBuf>,
    stdin: Vec<u8>,
    timeout: Duration,
    output_bytes_max: usize,
}

/// What a process left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it printed as its result.
    pub stdout: Vec<u8>,
    /// What it said besides.
    pub stderr: Vec<u8>,
}

impl Command {
    /// A program by name (found through `PATH`) or path.
    #[must_use]
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            secret_env: Vec::new(),
            dir: None,
            stdin: Vec::new(),
            timeout: TIMEOUT,
            output_bytes_max: OUTPUT_BYTES_MAX,
        }
    }

    /// Adds arguments. They are seen by every user of the machine: secrets go through [`Command::secret_env`].
    #[must_use]
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable in its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Hands a secret over in its environment.
    #[must_use]
    pub fn secret_env(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.secret_env.push((name.into(), value));
        self
    }

    /// Runs it in a folder.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Writes to its standard input; without, that is empty.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Sets the longest run.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the most bytes of each output.
    #[must_use]
    pub fn output_bytes_max(mut self, bytes: usize) -> Self {
        self.output_bytes_max = bytes;
        self
    }

    /// Starts it without waiting for it, its output thrown away; it is killed with its group when the handle is dropped.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(&self) -> Result<Running, ProcessError> {
        let mut command = self.prepare();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|e| ProcessError::Start(self.program.clone(), e.to_string()))?;
        Ok(Running(child))
    }

    pub(crate) fn shown(&self) -> &str {
        &self.program
    }

    pub(crate) fn identity(&self) -> String {
        let mut parts = vec![self.program.as_str()];
        parts.extend(self.args.iter().map(String::as_str));
        parts.join(" ")
    }

    fn prepare(&self) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.args);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.envs(self.secret_env.iter().map(|(name, value)| (name, value.expose())));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

impl Output {
    /// Whether it ended with exit code 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// How it ended, as a fragment: `exit code 3`, `a signal`.
    #[must_use]
    pub fn ending(&self) -> String {
        self.code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"code": self.code, "stdout": bytes_to_json(&self.stdout), "stderr": bytes_to_json(&self.stderr)})
    }

    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let code = json.get("code")?.as_i64().and_then(|code| i32::try_from(code).ok());
        let (stdout, stderr) = (bytes_from_json(json.get("stdout")?)?, bytes_from_json(json.get("stderr")?)?);
        Some(Self { code, stdout, stderr })
    }
}

/// A process that runs beside us. Dropping it kills it and everything it started.
pub struct Running(Child);

impl Running {
    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end_group(&self.0);
        // It was killed; waiting only takes its entry out of the process table.
        let _ = self.0.wait();
    }
}

/// Runs a command to its end. Children that it leaves behind are ended with it, since they would hold its outputs open.
pub(crate) fn run(command: &Command, clock: &Clock) -> Result<Output, ProcessError> {
    let name = || command.program.clone();
    let mut prepared = command.prepare();
    let stdin = if command.stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
    prepared.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = prepared.spawn().map_err(|e| ProcessError::Start(name(), e.to_string()))?;
    let over = Arc::new(AtomicBool::new(false));
    let stdout = child.stdout.take().map(|pipe| drain(pipe, command.output_bytes_max, &over));
    let stderr = child.stderr.take().map(|pipe| drain(pipe, command.output_bytes_max, &over));
    if let Some(mut pipe) = child.stdin.take() {
        let bytes = command.stdin.clone();
        // A program that ends before it has read everything breaks the pipe; that is its right.
        std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    }
    let ended = wait(&mut child, command, clock, &over);
    end_group(&child);
    if ended.is_err() {
        let _ = child.wait();
    }
    let take = |reader: Option<std::thread::JoinHandle<Vec<u8>>>| {
        reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
    };
    let (stdout, stderr) = (take(stdout), take(stderr));
    let code = ended?;
    if over.load(Ordering::Relaxed) {
        return Err(ProcessError::Output(name(), command.output_bytes_max));
    }
    Ok(Output { code, stdout, stderr })
}

fn wait(child: &mut Child, command: &Command, clock: &Clock, over: &AtomicBool) -> Result<Option<i32>, ProcessError> {
    let name = || command.program.clone();
    let start = clock.elapsed();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.code()),
            Ok(None) => {}
            Err(error) => return Err(ProcessError::Wait(name(), error.to_string())),
        }
        if over.load(Ordering::Relaxed) {
            return Err(ProcessError::Output(name(), command.output_bytes_max));
        }
        if clock.elapsed().saturating_sub(start) >= command.timeout {
            return Err(ProcessError::Timeout(name(), command.timeout.as_secs()));
        }
        // A fixed clock moves by this, so a time-out is reached in a test as well; the real pause keeps the loop calm.
        clock.advance(POLL);
        std::thread::sleep(POLL);
    }
}

/// Reads a pipe to its end in a thread of its own, keeping at most `bytes_max`; says so where there was more.
fn drain(
    pipe: impl Read + Send + 'static,
    bytes_max: usize,
    over: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<Vec<u8>> {
    let over = Arc::clone(over);
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
        // An unreadable pipe ends the reading; what was read before counts.
        let _ = pipe.take(limit).read_to_end(&mut bytes);
        if bytes.len() > bytes_max {
            over.store(true, Ordering::Relaxed);
            bytes.truncate(bytes_max);
        }
        bytes
    })
}

/// Kills what is left of a child's group; that there is nothing left is the usual case.
fn end_group(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        Command::new("sh").args(["-c", script])
    }

    #[test]
    fn a_process_gives_its_outputs_and_its_code() {
        let output = run(&sh("cat; echo bad >&2; exit 3").stdin("hello"), &Clock::system()).unwrap();
        assert_eq!((output.code, &*output.stdout, &*output.stderr), (Some(3), &b"hello"[..], &b"bad\n"[..]));
        assert_eq!(output.ending(), "exit code 3");
        let error = run(&Command::new("mainstay-no-such-program"), &Clock::system()).unwrap_err();
        assert!(matches!(error, ProcessError::Start(..)));
    }

    #[test]
    fn a_process_that_takes_too_long_is_killed_with_its_children() {
        let clock = Clock::system();
        let start = clock.elapsed();
        let error = run(&sh("sleep 60 & sleep 60").timeout(Duration::from_millis(200)), &clock).unwrap_err();
        assert!(matches!(error, ProcessError::Timeout(..)), "{error}");
        assert!(clock.elapsed() - start < Duration::from_secs(20), "the child's child held the output open");
    }

    #[test]
    fn a_process_that_prints_too_much_is_killed() {
        let error = run(&sh("yes").output_bytes_max(1000), &Clock::system()).unwrap_err();
        assert!(matches!(error, ProcessError::Output(_, 1000)), "{error}");
        let output = run(&sh("printf 1234").output_bytes_max(4), &Clock::system()).unwrap();
        assert_eq!(output.stdout, b"1234");
    }

    #[test]
    fn a_secret_reaches_the_process_and_no_print() {
        let command = sh("printf %s \"$TOKEN\" | wc -c").secret_env("TOKEN", Secret::new("hunter2".to_owned()));
        assert!(!format!("{command:?}").contains("hunter2"));
        assert_eq!(String::from_utf8(run(&command, &Clock::system()).unwrap().stdout).unwrap().trim(), "7");
    }
}
