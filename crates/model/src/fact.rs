//! The fact: a CloudEvents 1.0 envelope around what a source says, and the same with what the ledger adds.

use crate::{FactId, Subject};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Largest `data` of one fact as JSON text, in bytes. What is larger is bulk and belongs into a file or a store of its own.
pub const FACT_DATA_BYTES_MAX: usize = 256 * 1024;

/// How long a fact's source may be.
pub const FACT_SOURCE_BYTES_MAX: usize = 1024;

/// Deepest nesting of `data`. Real documents stay below 30; a deeper one is an attack or a mistake.
pub const FACT_DATA_DEPTH_MAX: usize = 64;

/// Why a statement is not a well-formed fact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    /// The document is not a JSON object in CloudEvents form, or an attribute has the wrong form.
    #[error("{0}")]
    Envelope(String),
    /// The type is not a namespaced name.
    #[error("type {0:?} is not a namespaced name such as com.example.note")]
    Type(String),
    /// The type has our prefix and names no fact type of ours.
    #[error("type {0:?} is none of Mainstay's fact types{1}")]
    UnknownType(String, String),
    /// The data of one of our types does not have the type's form.
    #[error("data of {0} is malformed: {1}")]
    Data(String, String),
    /// The data is too large or too deep.
    #[error("data has {0}; at most {1} are allowed")]
    Size(String, String),
    /// The time lies so far ahead that a clock or a unit must be wrong.
    #[error("time {0} lies more than {1} minutes in the future")]
    Future(Timestamp, i64),
}

/// An immutable statement by a source about a subject. CloudEvents 1.0 (cloudevents.io, `spec.md`), JSON format.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Unique within the source. The same (`source`, `id`) is the same fact.
    pub id: FactId,
    /// Who says so: a URI reference such as `terraform:envs/prod` or `/alertmanager/eu`.
    pub source: String,
    /// What kind of statement: `mainstay.change.completed.v1`, or any namespaced type of somebody else.
    pub fact_type: String,
    /// What it is about. A duty folds all facts of one subject into one row, so the subject names the entity
    /// (`incident:INC-7`, `aws:s3:bucket/logs`), never the report.
    pub subject: Option<Subject>,
    /// When what it says happened (event time).
    pub time: Timestamp,
    /// What it says.
    pub data: Value,
    /// Further CloudEvents attributes (`dataschema`, `traceparent`, extensions), kept as they came.
    pub extensions: Map<String, Value>,
}

/// A fact as the ledger keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Position in the ledger, from 0, without gaps; also the leaf's index in the Merkle tree.
    pub seq: u64,
    /// When the ledger learned it.
    pub recorded: Timestamp,
    /// The fact.
    pub fact: Fact,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    specversion: String,
    id: FactId,
    source: String,
    #[serde(rename = "type")]
    fact_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    datacontenttype: Option<String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    data: Value,
    #[serde(flatten)]
    extensions: Map<String, Value>,
}

impl Fact {
    /// Minutes that an event may lie ahead of the ledger's clock before it is refused: clocks drift, units get mixed up.
    pub const FUTURE_MIN_MAX: i64 = 24 * 60;

    /// Reads a CloudEvents 1.0 JSON object. A fact without `time` happened when it was learned (`now`); `recorded` and
    /// `sequence`, which an export adds, are dropped: they are the ledger's to set.
    ///
    /// # Errors
    /// [`FactError::Envelope`] names the attribute that is missing or malformed.
    pub fn from_json(document: Value, now: Timestamp) -> Result<Self, FactError> {
        if !document.is_object() {
            return Err(FactError::Envelope("a fact is a JSON object in CloudEvents form".to_owned()));
        }
        let envelope: Envelope = serde_json::from_value(document).map_err(|e| FactError::Envelope(e.to_string()))?;
        if envelope.specversion != "1.0" {
            return Err(FactError::Envelope(format!(
                "specversion is {:?}; only \"1.0\" is read",
                envelope.specversion
            )));
        }
        check_source(&envelope.source)?;
        let subject = match envelope.subject {
            None => None,
            Some(text) => Some(Subject::new(text).map_err(|e| FactError::Envelope(e.to_string()))?),
        };
        let time = match envelope.time {
            None => now,
            Some(text) => text.parse().map_err(|_| {
                FactError::Envelope(format!("time {text:?} is no time of RFC 3339, such as 2026-11-01T00:00:00Z"))
            })?,
        };
        let mut extensions = envelope.extensions;
        extensions.remove("recorded");
        extensions.remove("sequence");
        if let Some(kind) = envelope.datacontenttype.filter(|kind| kind != "application/json") {
            extensions.insert("datacontenttype".to_owned(), Value::String(kind));
        }
        Ok(Self {
            id: envelope.id,
            source: envelope.source,
            fact_type: envelope.fact_type,
            subject,
            time,
            data: envelope.data,
            extensions,
        })
    }

    /// The CloudEvents 1.0 JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut extensions = self.extensions.clone();
        let kind = match extensions.remove("datacontenttype") {
            Some(Value::String(kind)) => Some(kind),
            _ => (!self.data.is_null()).then(|| "application/json".to_owned()),
        };
        let envelope = Envelope {
            specversion: "1.0".to_owned(),
            id: self.id.clone(),
            source: self.source.clone(),
            fact_type: self.fact_type.clone(),
            subject: self.subject.clone().map(String::from),
            time: Some(self.time.to_string()),
            datacontenttype: kind,
            data: self.data.clone(),
            extensions,
        };
        serde_json::to_value(envelope).unwrap_or(Value::Null)
    }

    /// Checks what every fact must keep and, for a type of ours, that its data has the type's form.
    ///
    /// # Errors
    /// See [`FactError`].
    pub fn check(&self, now: Timestamp) -> Result<(), FactError> {
        check_type_name(&self.fact_type)?;
        check_source(&self.source)?;
        let ahead_s = self.time.as_second() - now.as_second();
        if ahead_s > Self::FUTURE_MIN_MAX * 60 {
            return Err(FactError::Future(self.time, Self::FUTURE_MIN_MAX));
        }
        let Some(bytes) = rough_size(&self.data, FACT_DATA_DEPTH_MAX) else {
            return Err(FactError::Size("too many levels".to_owned(), format!("{FACT_DATA_DEPTH_MAX} levels")));
        };
        if bytes > FACT_DATA_BYTES_MAX {
            return Err(FactError::Size(format!("about {bytes} bytes"), format!("{FACT_DATA_BYTES_MAX} bytes")));
        }
        crate::registry::check_data(self)
    }
}

impl Recorded {
    /// The CloudEvents object with the extensions `sequence` and `recorded`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = self.fact.to_json();
        if let Value::Object(map) = &mut json {
            map.insert("recorded".to_owned(), Value::String(self.recorded.to_string()));
            map.insert("sequence".to_owned(), Value::String(self.seq.to_string()));
        }
        json
    }
}

/// Whoever reads a fact again must be able to.
fn check_source(source: &str) -> Result<(), FactError> {
    if source.is_empty() || source.len() > FACT_SOURCE_BYTES_MAX || source.chars().any(char::is_control) {
        let what = format!("source must be 1 to {FACT_SOURCE_BYTES_MAX} bytes without control characters");
        return Err(FactError::Envelope(what));
    }
    Ok(())
}

/// A type name has two or more dot-separated parts of letters, digits, `-` and `_`, as the specification advises
/// (reverse DNS), and at most 255 bytes.
fn check_type_name(name: &str) -> Result<(), FactError> {
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/'))
    };
    if name.len() <= 255 && name.contains('.') && name.split('.').all(plain) {
        return Ok(());
    }
    Err(FactError::Type(name.to_owned()))
}

/// About how many bytes the value has as JSON text, without writing it; `None` where it nests deeper than `levels`, without
/// recursing deeper than that.
fn rough_size(value: &Value, levels: usize) -> Option<usize> {
    Some(match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => {
            let inner = levels.checked_sub(1)?;
            items.iter().try_fold(2, |bytes, item| Some(bytes + rough_size(item, inner)?))?
        }
        Value::Object(map) => {
            let inner = levels.checked_sub(1)?;
            map.iter().try_fold(2, |bytes, (key, item)| Some(bytes + key.len() + 4 + rough_size(item, inner)?))?
        }
    })
}
