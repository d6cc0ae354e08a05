//! Values as a policy of Checkov sees them, and how its operators turn them to text and numbers.
//!
//! Those operators are written against Python's values, so `True` is compared as a word, a number by its digits, and
//! an attribute that is not there reads as the word `None`. Verdicts agree only where these conversions do.

use mainstay_iac::{Map, Node, Value};
use std::sync::Arc;

/// Nothing is read deeper than this; the readers allow 128 levels.
const DEPTH_MAX: usize = 130;

/// A value, with blocks and documents within texts resolved.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Val {
    /// Not there, or explicitly nothing.
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    List(Vec<Val>),
    Map(Vec<(Arc<str>, Val)>),
    /// Nobody can tell yet, and why.
    Unknown(Arc<str>),
}

impl Val {
    /// A value of a policy, or of a manifest: as it stands.
    pub fn plain(node: &Node) -> Self {
        Reader { terraform: false }.val(node, 0)
    }

    /// All attributes of a resource.
    pub fn body(body: &Map, terraform: bool) -> Self {
        Reader { terraform }.map(body, 0)
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| &**name == key).map(|(_, val)| val),
            _ => None,
        }
    }

    /// What Python's `str()` gives.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            _ => {
                let mut out = String::new();
                self.write(&mut out);
                out
            }
        }
    }

    /// What Python's `repr()` gives.
    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("None"),
            Self::Bool(true) => out.push_str("True"),
            Self::Bool(false) => out.push_str("False"),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Float(number) => out.push_str(&format!("{number:?}")),
            Self::Text(text) => quoted(text, out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (at, (key, val)) in entries.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    quoted(key, out);
                    out.push_str(": ");
                    val.write(out);
                }
                out.push('}');
            }
            Self::Unknown(why) => out.push_str(why),
        }
    }

    /// The whole number that the value can be read as; a fraction is cut off, a text must be whole digits.
    pub fn whole(&self) -> Option<i64> {
        match self {
            Self::Bool(flag) => Some(i64::from(*flag)),
            Self::Int(number) => Some(*number),
            #[expect(clippy::cast_possible_truncation, reason = "cut off on purpose, and saturating")]
            Self::Float(number) => number.is_finite().then_some(number.trunc() as i64),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The number that the value can be read as.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(flag) => Some(f64::from(u8::from(*flag))),
            #[expect(clippy::cast_precision_loss, reason = "compared as doubles, as the definition does")]
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Equality of Python: numbers and truths by their number, texts never equal to numbers, maps in any order.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(_) | Self::Int(_) | Self::Float(_), Self::Bool(_) | Self::Int(_) | Self::Float(_)) => {
                self.number() == other.number()
            }
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| other.get(key).is_some_and(|b| a.same(b)))
            }
            (Self::Unknown(_), _) | (_, Self::Unknown(_)) => false,
            _ => self == other,
        }
    }

    /// Whether Python counts the value as true.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(flag) => *flag,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
            Self::Unknown(_) => true,
        }
    }

    /// The first reason in the value for which it is not wholly known.
    pub fn doubt(&self) -> Option<&Arc<str>> {
        match self {
            Self::Unknown(why) => Some(why),
            Self::List(items) => items.iter().find_map(Self::doubt),
            Self::Map(entries) => entries.iter().find_map(|(_, val)| val.doubt()),
            _ => None,
        }
    }
}

fn quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// A JSON value as a value of a policy.
pub(super) fn from_json(json: &serde_json::Value) -> Val {
    match json {
        serde_json::Value::Null => Val::Null,
        serde_json::Value::Bool(flag) => Val::Bool(*flag),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Val::Int(whole),
            None => Val::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Val::Text(text.as_str().into()),
        serde_json::Value::Array(items) => Val::List(items.iter().map(from_json).collect()),
        serde_json::Value::Object(map) => {
            Val::Map(map.iter().map(|(key, val)| (key.as_str().into(), from_json(val))).collect())
        }
    }
}

struct Reader {
    terraform: bool,
}

impl Reader {
    fn val(&self, node: &Node, depth: usize) -> Val {
        if depth > DEPTH_MAX {
            return Val::Unknown("the value is nested too deep".into());
        }
        match &node.value {
            Value::Null => Val::Null,
            Value::Bool(flag) => Val::Bool(*flag),
            Value::Number(_) => from_json(&node.to_json()),
            Value::String(text) => self.text(text),
            Value::Unknown(unknown) => Val::Unknown(unknown.why.clone()),
            Value::List(items) => match items.as_slice() {
                [Node { value: Value::Map(block), .. }] if self.terraform => self.map(block, depth + 1),
                _ => Val::List(items.iter().map(|item| self.val(item, depth + 1)).collect()),
            },
            Value::Map(map) => self.map(map, depth + 1),
        }
    }

    fn map(&self, map: &Map, depth: usize) -> Val {
        Val::Map(map.iter().map(|(key, node)| (Arc::from(key), self.val(node, depth))).collect())
    }

    fn text(&self, text: &Arc<str>) -> Val {
        if !self.terraform {
            return Val::Text(text.clone());
        }
        match text.as_ref() {
            "true" => Val::Bool(true),
            "false" => Val::Bool(false),
            _ if text.trim_start().starts_with(['{', '[']) => match serde_json::from_str(text) {
                Ok(json) => from_json(&json),
                Err(_) => Val::Text(text.clone()),
            },
            _ => Val::Text(text.clone()),
        }
    }
}
