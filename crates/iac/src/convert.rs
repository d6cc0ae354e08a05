//! Nodes to `serde_json` values, so that a typed structure can be read with `serde_json::from_value`.

use crate::{Map, Node, Value};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

impl Node {
    /// The value as JSON. A whole number stays whole where it fits 64 bits; other numbers become the nearest double; a
    /// value that is unknown becomes `null`, so ask [`Node::is_known`] first where that matters.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null | Value::Unknown(_) => serde_json::Value::Null,
            Value::Bool(flag) => serde_json::Value::Bool(*flag),
            Value::Number(number) => number_to_json(*number),
            Value::String(text) => serde_json::Value::String(text.to_string()),
            Value::List(items) => serde_json::Value::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(map) => map.to_json(),
        }
    }

    /// Whether neither the value nor anything in it is unknown.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match &self.value {
            Value::Unknown(_) => false,
            Value::List(items) => items.iter().all(Node::is_known),
            Value::Map(map) => map.iter().all(|(_, node)| node.is_known()),
            _ => true,
        }
    }
}

impl Map {
    /// The map as a JSON object; see [`Node::to_json`].
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::Value::Object(self.iter().map(|(key, node)| (key.to_owned(), node.to_json())).collect())
    }
}

fn number_to_json(number: Decimal) -> serde_json::Value {
    if number.is_integer() {
        if let Some(whole) = number.to_i64() {
            return whole.into();
        }
        if let Some(whole) = number.to_u64() {
            return whole.into();
        }
    }
    number.to_f64().and_then(serde_json::Number::from_f64).map_or(serde_json::Value::Null, serde_json::Value::Number)
}
