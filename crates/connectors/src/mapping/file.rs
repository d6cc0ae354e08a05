//! The mapping file.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A mapping file: where the data is, and which facts a record gives.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// Data files, relative to the mapping file.
    #[serde(default)]
    pub data: Vec<String>,
    /// `csv`, `json` or `jsonl`; by the file's ending without.
    pub format: Option<String>,
    /// JSON: path of the list of records; without, the document is the list.
    pub records: Option<String>,
    /// CSV: what separates fields; a comma without.
    pub separator: Option<char>,
    /// The facts' `source`.
    pub source: String,
    /// IANA zone of times that name none; UTC without.
    pub zone: Option<String>,
    /// How times are written (strptime); RFC 3339 and the like without.
    pub time_format: Option<String>,
    /// The facts of a record.
    #[serde(rename = "fact")]
    pub facts: Vec<FactMapping>,
}

/// One fact of a record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FactMapping {
    /// The fact type.
    #[serde(rename = "type")]
    pub fact_type: String,
    /// Template of the subject: `incident:{Number}`.
    pub subject: String,
    /// Column or path of the time; without, the time of collection, which fits states only.
    pub time: Option<String>,
    /// Template of the id; a digest of all that the fact says without.
    pub id: Option<String>,
    /// Only records in which this column or path is filled, or has the value behind `=` (`status=firing`).
    pub when: Option<String>,
    /// Records state what exists: what vanishes from the data is gone.
    #[serde(default)]
    pub state: bool,
    /// The fact is about the alert's open episode: the subject names the alert (`alert:{check}`), as its sender knows it.
    #[serde(default)]
    pub episode: bool,
    /// The fields of the fact's data.
    #[serde(default)]
    pub fields: BTreeMap<String, Field>,
}

/// Where a field's value comes from: a column or path by itself, or with what is to be made of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Field {
    /// A column or path, taken as it is.
    Plain(String),
    /// One of several ways.
    Detailed(Detailed),
}

/// A field in detail.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Detailed {
    /// Column or path.
    pub from: Option<String>,
    /// Template of a text: `service:{Service}`.
    pub template: Option<String>,
    /// The same value for every record.
    pub value: Option<Value>,
    /// Values by text; a text that is not listed is a diagnostic.
    pub map: BTreeMap<String, Value>,
    /// `text`, `number`, `bool`, `time`, `list` (split at commas or semicolons) or `tags` (a list of pairs, see below).
    #[serde(rename = "as")]
    pub kind: Option<String>,
    /// Template for each element of a list: `service:{}`.
    pub each: Option<String>,
    /// `tags`: name of the key in a pair; `Key` without.
    pub key: Option<String>,
    /// `tags`: name of the value in a pair; `Value` without.
    pub value_key: Option<String>,
}

impl Field {
    /// The field in detail.
    pub fn detailed(&self) -> Detailed {
        match self {
            Self::Plain(from) => Detailed { from: Some(from.clone()), ..Detailed::default() },
            Self::Detailed(detailed) => detailed.clone(),
        }
    }
}
