//! The only door to the outside world: network, files, processes, clock, randomness and secrets.
//!
//! Everything else in the workspace takes an [`Outside`] (or a value that came through one) as an argument, so that a
//! test can hand over a recorded one: [`Outside::replaying`] answers from a cassette of real exchanges and reaches
//! nothing; [`Outside::recording`] writes such a cassette, with every secret it handed out struck from it.

#![expect(
    clippy::disallowed_methods,
    reason = "this crate is the door that the ban list points to; every other crate goes through it"
)]

mod cassette;
mod clock;
pub mod files;
pub mod http;
mod mail;
mod process;
mod random;
mod secret;
pub mod terminal;
mod wire;

pub use cassette::{Cassette, CassetteError};
pub use clock::Clock;
pub use files::{FILE_BYTES_MAX, FileError, Walk};
pub use http::{Auth, HttpError, Method, Request, Response, shown_address};
pub use mail::{Mail, MailError, MailTls};
pub use process::{Command, Output, ProcessError, Running};
pub use random::Random;
pub use secret::{Secret, SecretError, SecretRef};
pub use wire::{Answered, Connected, Handshake, Trust, WireError};

use cassette::{Tape, digest_of};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A way to the outside world, live or recorded. Cheap to clone; clones share clock, cassette and connections.
#[derive(Clone)]
pub struct Outside {
    inner: Arc<Inner>,
}

struct Inner {
    mode: Mode,
    clock: Clock,
    random: Random,
    agent: http::Client,
    /// Values that were handed out as secrets, so that a recording can strike them out.
    handed_out: Mutex<Vec<Secret>>,
}

enum Mode {
    Live,
    Recording(Mutex<Cassette>),
    Replaying(Mutex<Tape>),
}

impl Outside {
    /// The real world: system clock, system randomness, real network, files and processes.
    #[must_use]
    pub fn live() -> Self {
        Self::new(Mode::Live, Clock::system(), Random::system())
    }

    /// The real world, with everything asked and answered kept for [`Outside::cassette`].
    #[must_use]
    pub fn recording() -> Self {
        Self::new(Mode::Recording(Mutex::new(Cassette::default())), Clock::system(), Random::system())
    }

    /// A recorded world that answers from the cassette, in the order recorded for each question, and reaches nothing.
    #[must_use]
    pub fn replaying(cassette: Cassette, clock: Clock) -> Self {
        Self::new(Mode::Replaying(Mutex::new(Tape::new(cassette))), clock, Random::seeded(0))
    }

    /// The real world with another clock and source of randomness, for tests that touch real files at a fixed time.
    #[must_use]
    pub fn with(clock: Clock, random: Random) -> Self {
        Self::new(Mode::Live, clock, random)
    }

    fn new(mode: Mode, clock: Clock, random: Random) -> Self {
        let agent = http::Client::new();
        Self { inner: Arc::new(Inner { mode, clock, random, agent, handed_out: Mutex::default() }) }
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The source of randomness.
    #[must_use]
    pub fn random(&self) -> &Random {
        &self.inner.random
    }

    /// Reads a whole file of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn read(&self, path: impl AsRef<Path>, bytes_max: u64) -> Result<Vec<u8>, FileError> {
        let path = path.as_ref();
        let key = path.to_string_lossy();
        match &self.inner.mode {
            Mode::Live => files::read(path, bytes_max),
            Mode::Recording(tape) => {
                let answer = files::read(path, bytes_max);
                self.record(tape, "read", &key, answer, |bytes| cassette::bytes_to_json(bytes))
            }
            Mode::Replaying(tape) => {
                replay(tape, "read", &key, cassette::bytes_from_json).map_err(|e| FileError::replayed(path, e))
            }
        }
    }

    /// Opens a file for streaming; one that ends in `.gz` is decompressed on the way. A recorded world reads it from the
    /// cassette whole.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Box<dyn std::io::Read + Send>, FileError> {
        let path = path.as_ref();
        let file: Box<dyn std::io::Read + Send> = match &self.inner.mode {
            Mode::Live => Box::new(files::open(path)?),
            Mode::Recording(_) | Mode::Replaying(_) => Box::new(std::io::Cursor::new(self.read(path, FILE_BYTES_MAX)?)),
        };
        let packed = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
        Ok(if packed { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { file })
    }

    /// Lists the files below a folder; see [`files::walk`].
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn walk(&self, root: impl AsRef<Path>) -> Result<Walk, FileError> {
        let root = root.as_ref();
        let key = root.to_string_lossy();
        match &self.inner.mode {
            Mode::Live => files::walk(root),
            Mode::Recording(tape) => {
                let answer = files::walk(root);
                self.record(tape, "walk", &key, answer, |walk| serde_json::to_value(walk).unwrap_or_default())
            }
            Mode::Replaying(tape) => {
                let read = |json: &serde_json::Value| serde_json::from_value(json.clone()).ok();
                replay(tape, "walk", &key, read).map_err(|e| FileError::replayed(root, e))
            }
        }
    }

    /// Sends a request; see [`http`] for limits and retries.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let key = request.identity();
        match &self.inner.mode {
            Mode::Live => self.inner.agent.send(request, self.clock(), self.random()),
            Mode::Recording(tape) => {
                let answer = self.inner.agent.send(request, self.clock(), self.random());
                self.record(tape, "http", &key, answer, Response::to_json)
            }
            Mode::Replaying(tape) => {
                replay(tape, "http", &key, Response::from_json).map_err(|e| HttpError::Replayed(request.shown_url(), e))
            }
        }
    }

    /// Sends a mail once; what the server said.
    ///
    /// # Errors
    /// See [`MailError`].
    pub fn mail(&self, mail: &Mail) -> Result<String, MailError> {
        let key = mail.identity();
        match &self.inner.mode {
            Mode::Live => mail::send(mail),
            Mode::Recording(tape) => {
                self.record(tape, "mail", &key, mail::send(mail), |said| serde_json::Value::String(said.clone()))
            }
            Mode::Replaying(tape) => replay(tape, "mail", &key, |json| json.as_str().map(str::to_owned))
                .map_err(|e| MailError::Passing(e.to_string())),
        }
    }

    /// Runs a process to its end; see [`Command`] for limits.
    ///
    /// # Errors
    /// See [`ProcessError`].
    pub fn run(&self, command: &Command) -> Result<Output, ProcessError> {
        let key = command.identity();
        match &self.inner.mode {
            Mode::Live => process::run(command, self.clock()),
            Mode::Recording(tape) => {
                let answer = process::run(command, self.clock());
                self.record(tape, "run", &key, answer, Output::to_json)
            }
            Mode::Replaying(tape) => replay(tape, "run", &key, Output::from_json)
                .map_err(|e| ProcessError::Replayed(command.shown().to_owned(), e)),
        }
    }

    /// Fetches a secret by its reference. A recorded world hands out a stand-in: secrets are never on a cassette.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub fn secret(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        if matches!(self.inner.mode, Mode::Replaying(_)) {
            return Ok(Secret::new("recorded-secret".to_owned()));
        }
        let secret = secret::fetch(reference, self.clock())?;
        if matches!(self.inner.mode, Mode::Recording(_)) {
            let mut handed_out = self.inner.handed_out.lock().unwrap_or_else(PoisonError::into_inner);
            handed_out.push(secret.clone());
        }
        Ok(secret)
    }

    /// What was recorded so far; `None` unless this world records.
    #[must_use]
    pub fn cassette(&self) -> Option<Cassette> {
        match &self.inner.mode {
            Mode::Recording(tape) => Some(tape.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Mode::Live | Mode::Replaying(_) => None,
        }
    }

    /// Whether answers come from a cassette.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        matches!(self.inner.mode, Mode::Replaying(_))
    }

    fn record<T, E: std::fmt::Display>(
        &self,
        tape: &Mutex<Cassette>,
        kind: &str,
        key: &str,
        answer: Result<T, E>,
        to_json: impl Fn(&T) -> serde_json::Value,
    ) -> Result<T, E> {
        let outcome = match &answer {
            Ok(value) => Ok(to_json(value)),
            Err(error) => Err(error.to_string()),
        };
        let handed_out = self.inner.handed_out.lock().unwrap_or_else(PoisonError::into_inner);
        tape.lock().unwrap_or_else(PoisonError::into_inner).push(kind, key, outcome, &handed_out);
        answer
    }
}

fn replay<T>(
    tape: &Mutex<Tape>,
    kind: &str,
    key: &str,
    from_json: impl Fn(&serde_json::Value) -> Option<T>,
) -> Result<T, CassetteError> {
    let answer = tape.lock().unwrap_or_else(PoisonError::into_inner).next(kind, key)?;
    from_json(&answer).ok_or_else(|| CassetteError::Malformed(kind.to_owned(), key.to_owned()))
}

/// The path of a file inside a folder, with `/` between its parts; the whole path where it is not inside.
#[must_use]
pub fn relative(root: &Path, path: &Path) -> String {
    let inside: PathBuf = path.strip_prefix(root).unwrap_or(path).to_path_buf();
    let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    // The root of an absolute path is a part of its own, already with its slash.
    parts.join("/").replacen("//", "/", 1)
}

/// SHA-256 of some bytes as lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    digest_of(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_relative_to_its_folder_or_whole() {
        assert_eq!(relative(Path::new("/data"), Path::new("/data/a/b.json")), "a/b.json");
        assert_eq!(relative(Path::new(""), Path::new("/tmp/deep.json")), "/tmp/deep.json");
        assert_eq!(relative(Path::new("."), Path::new("./a.tf")), "a.tf");
    }
}
