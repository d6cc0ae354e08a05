//! The one text that a JSON value is hashed as: no white space, keys sorted by their bytes, strings and numbers as
//! `serde_json` writes them. Equal values give equal text whatever order their keys came in.

use crate::error::{LedgerError, Result};
use serde_json::{Map, Value};

/// The canonical text of a value. It is written in `room`, which many texts share, and then takes no more than it needs.
pub(crate) fn text(value: &Value, room: &mut String) -> Result<String> {
    room.clear();
    write(value, room)?;
    Ok(room.as_str().to_owned())
}

/// The canonical text of an object.
pub(crate) fn object_text(map: &Map<String, Value>) -> Result<String> {
    let mut out = String::new();
    write_object(map, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String) -> Result<()> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            std::fmt::Write::write_fmt(out, format_args!("{number}"))
                .map_err(|error| LedgerError::refused(error.to_string()))?;
        }
        Value::String(text) => write_string(text, out)?,
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(map) => write_object(map, out)?,
    }
    Ok(())
}

fn write_object(map: &Map<String, Value>, out: &mut String) -> Result<()> {
    // The map is sorted already unless some crate in the build asks serde_json to keep the order of insertion.
    if map.keys().is_sorted() {
        return write_members(map.iter(), out);
    }
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
    write_members(entries.into_iter(), out)
}

fn write_members<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, out: &mut String) -> Result<()> {
    out.push('{');
    for (at, (key, value)) in members.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(key, out)?;
        out.push(':');
        write(value, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_string(text: &str, out: &mut String) -> Result<()> {
    // Every byte is looked at without stopping at the first that needs a quote: that the processor does many at a time.
    let quoted = text.bytes().fold(false, |any, byte| any | (byte < 0x20) | (byte == b'"') | (byte == b'\\'));
    if !quoted {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return Ok(());
    }
    let quoted = serde_json::to_string(text).map_err(|error| LedgerError::refused(error.to_string()))?;
    out.push_str(&quoted);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_level_and_nothing_is_added() {
        let value: Value =
            serde_json::from_str(r#"{"b": [1, 2.50, {"z": null, "a": true}], "a": "q\"\u0001ü"}"#).unwrap();
        assert_eq!(
            text(&value, &mut String::from("of before")).unwrap(),
            r#"{"a":"q\"\u0001ü","b":[1,2.5,{"a":true,"z":null}]}"#
        );
    }
}
