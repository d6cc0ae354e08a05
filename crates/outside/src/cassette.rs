//! Cassettes: what was asked of the outside world and what it answered, as a JSON file that tests replay.

use crate::{FileError, Secret, files};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::Path;

/// Largest cassette file in bytes.
const CASSETTE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What stands in a cassette in place of a secret.
const STRUCK: &str = "[struck]";

/// Why a cassette gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum CassetteError {
    /// It was never asked that.
    #[error("the cassette has no {0} for {1:?}")]
    Unknown(String, String),
    /// It was asked that less often.
    #[error("the cassette has no further {0} for {1:?}")]
    Exhausted(String, String),
    /// The answer was an error then, too.
    #[error("{0}")]
    Recorded(String),
    /// The answer does not have the form of one.
    #[error("the cassette's {0} for {1:?} is malformed")]
    Malformed(String, String),
    /// The file cannot be read or written.
    #[error("{0}")]
    File(#[from] FileError),
    /// The file is no cassette.
    #[error("{0} is not a cassette: {1}")]
    Format(String, String),
}

/// What was asked and answered, in order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Cassette {
    exchanges: Vec<Exchange>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Exchange {
    /// `http`, `run`, `read` or `walk`.
    kind: String,
    /// What identifies the question: method, address and digest of the body; program and arguments; path.
    ask: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Cassette {
    /// Reads a cassette file.
    ///
    /// # Errors
    /// The file cannot be read or is no cassette.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CassetteError> {
        let path = path.as_ref();
        let bytes = files::read(path, CASSETTE_BYTES_MAX)?;
        serde_json::from_slice(&bytes).map_err(|e| CassetteError::Format(path.display().to_string(), e.to_string()))
    }

    /// Writes the cassette file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CassetteError> {
        let path = path.as_ref();
        let failed = |e: serde_json::Error| CassetteError::Format(path.display().to_string(), e.to_string());
        let mut bytes = serde_json::to_vec_pretty(self).map_err(failed)?;
        bytes.push(b'\n');
        Ok(files::write_atomic(path, &bytes)?)
    }

    /// How many exchanges it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    pub(crate) fn push(&mut self, kind: &str, ask: &str, outcome: Result<Value, String>, secrets: &[Secret]) {
        let (answer, error) = match outcome {
            Ok(value) => (Some(strike_value(value, secrets)), None),
            Err(text) => (None, Some(strike(&text, secrets))),
        };
        self.exchanges.push(Exchange { kind: kind.to_owned(), ask: strike(ask, secrets), answer, error });
    }
}

/// A cassette while it plays: for each question its answers in order.
pub(crate) struct Tape(BTreeMap<(String, String), VecDeque<Result<Value, String>>>);

impl Tape {
    pub(crate) fn new(cassette: Cassette) -> Self {
        let mut answers: BTreeMap<_, VecDeque<_>> = BTreeMap::new();
        for exchange in cassette.exchanges {
            let answer = match exchange.error {
                Some(error) => Err(error),
                None => Ok(exchange.answer.unwrap_or(Value::Null)),
            };
            answers.entry((exchange.kind, exchange.ask)).or_default().push_back(answer);
        }
        Self(answers)
    }

    pub(crate) fn next(&mut self, kind: &str, ask: &str) -> Result<Value, CassetteError> {
        let key = (kind.to_owned(), ask.to_owned());
        let Some(answers) = self.0.get_mut(&key) else { return Err(CassetteError::Unknown(key.0, key.1)) };
        match answers.pop_front() {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(CassetteError::Recorded(error)),
            None => Err(CassetteError::Exhausted(key.0, key.1)),
        }
    }
}

fn strike(text: &str, secrets: &[Secret]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), STRUCK))
}

fn strike_value(value: Value, secrets: &[Secret]) -> Value {
    match value {
        Value::String(text) => Value::String(strike(&text, secrets)),
        Value::Array(items) => items.into_iter().map(|item| strike_value(item, secrets)).collect(),
        Value::Object(map) => map.into_iter().map(|(key, item)| (key, strike_value(item, secrets))).collect(),
        other => other,
    }
}

/// Bytes as text where they are text, so that a person can read and mend a cassette; else as base64.
pub(crate) fn bytes_to_json(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => json!({ "base64": BASE64_STANDARD.encode(bytes) }),
    }
}

pub(crate) fn bytes_from_json(json: &Value) -> Option<Vec<u8>> {
    match json {
        Value::String(text) => Some(text.clone().into_bytes()),
        other => BASE64_STANDARD.decode(other.get("base64")?.as_str()?).ok(),
    }
}

pub(crate) fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
