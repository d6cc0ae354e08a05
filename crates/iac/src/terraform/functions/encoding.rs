//! JSON, YAML, CSV, base64 and URLs.

use super::text::fits;
use super::{Call, yaml};
use crate::PartialText;
use crate::source::Origin;
use crate::terraform::eval::{Evaluated, Fault};
use crate::terraform::val::{Item, Val, unknown_of};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

pub(super) fn call(call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "jsonencode" => call.arg(0).and_then(partial_json).map(Val::of_partial),
        "jsondecode" => json_decode(call),
        "yamlencode" => call.arg(0).and_then(yaml::encode).map(Val::text),
        "yamldecode" => yaml_decode(call),
        "csvdecode" => csv_decode(call),
        "base64encode" => call.text(0).map(|text| Val::text(STANDARD.encode(text.as_bytes()))),
        "base64decode" => base64_decode(call),
        "urlencode" => call.text(0).map(|text| Val::text(url_encode(&text))),
        "urldecode" => url_decode(call),
        "textencodebase64" => text_encode(call),
        "textdecodebase64" => text_decode(call),
        "base64gzip" | "base64gunzip" => Ok(Val::unknown(format!("{} is not computed", call.name))),
        _ => return None,
    })
}

/// Compact JSON of a value that is known.
pub(super) fn json(val: &Val) -> Result<String, Fault> {
    partial_json(val)?.finish().map_err(|unknown| Fault::new(unknown.why.to_string()))
}

/// Compact JSON as Terraform writes it, with `<`, `>` and `&` escaped and a gap for what is unknown.
pub(super) fn partial_json(val: &Val) -> Result<PartialText, Fault> {
    let mut out = PartialText::default();
    write_json(val, &mut out)?;
    Ok(out)
}

fn write_json(val: &Val, out: &mut PartialText) -> Result<(), Fault> {
    fits(out.len())?;
    match val {
        Val::Null => out.push_str("null"),
        Val::String(text) => out.push_str(&quoted(text)),
        Val::Bool(_) | Val::Number(_) => out.push_str(&val.to_text().unwrap_or_default()),
        Val::List(items) | Val::Set(items) => {
            out.push_str("[");
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    out.push_str(",");
                }
                write_json(&item.val, out)?;
            }
            out.push_str("]");
        }
        Val::Map(object) => {
            out.push_str("{");
            for (nth, (key, item)) in object.entries.iter().enumerate() {
                if nth > 0 {
                    out.push_str(",");
                }
                out.push_str(&quoted(key));
                out.push_str(":");
                write_json(&item.val, out)?;
            }
            out.push_str("}");
        }
        Val::Unknown(unknown) => match &unknown.text {
            // Quotes around it and an escape for what is known keep it a text of JSON.
            Some(partial) => {
                out.push_str("\"");
                out.push_partial(partial, |known| {
                    let quoted = quoted(known);
                    quoted[1..quoted.len() - 1].to_owned()
                });
                out.push_str("\"");
            }
            None => out.push_gap(unknown),
        },
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(text, &mut out);
    out
}

pub(super) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", character as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

fn json_decode(call: &Call<'_>) -> Evaluated {
    let argument = call.arg(0)?;
    if let Val::Unknown(unknown) = argument {
        let node = unknown.text.as_ref().and_then(|text| text.json(call.at));
        return Ok(node.map_or_else(|| unknown_of([argument]).unwrap_or(Val::Null), |node| Val::of_node(&node)));
    }
    let text = call.text(0)?;
    let node =
        crate::json::parse(&text, Origin::of("")).map_err(|fault| Fault::new(format!("no JSON: {}", fault.summary)))?;
    // Places within the text would name other lines of the file; so everything has that of the call.
    Ok(Val::of_node_at(&node, call.at))
}

fn yaml_decode(call: &Call<'_>) -> Evaluated {
    let text = call.text(0)?;
    let read = crate::yaml::parse(&text, Origin::of(""), crate::yaml::Schema::Terraform);
    match (read.diagnostics.first(), read.documents.as_slice()) {
        (Some(fault), _) => Err(Fault::new(format!("no YAML: {}", fault.summary))),
        (None, []) => Err(Fault::new("there is no YAML document")),
        (None, [node]) => Ok(Val::of_node_at(node, call.at)),
        _ => Err(Fault::new("one YAML document is decoded, not several")),
    }
}

fn csv_decode(call: &Call<'_>) -> Evaluated {
    let text = call.text(0)?;
    let mut rows = csv_rows(&text)?.into_iter();
    let header: Vec<Arc<str>> =
        rows.next().ok_or_else(|| Fault::new("the header is missing"))?.into_iter().map(Arc::from).collect();
    if header.iter().collect::<std::collections::BTreeSet<_>>().len() < header.len() {
        return Err(Fault::new("two columns have the same name"));
    }
    let mut items = Vec::new();
    for row in rows {
        if row.len() != header.len() {
            return Err(Fault::new(format!("a row has {} fields, the header {}", row.len(), header.len())));
        }
        super::size(items.len())?;
        let entries: BTreeMap<_, _> =
            header.iter().cloned().zip(row.into_iter().map(|field| call.item(Val::text(field)))).collect();
        items.push(Item { val: Val::map(entries), at: call.at });
    }
    Ok(Val::list(items))
}

/// RFC 4180: fields, rows, quotes doubled within quotes. Empty lines are passed over.
fn csv_rows(text: &str) -> Result<Vec<Vec<String>>, Fault> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut characters = text.chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                if !row.is_empty() || !field.is_empty() {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
            }
            other => field.push(other),
        }
    }
    if quoted {
        return Err(Fault::new("a quote is not closed"));
    }
    if !row.is_empty() || !field.is_empty() {
        row.push(field);
        rows.push(row);
    }
    Ok(rows)
}

fn base64_bytes(call: &Call<'_>) -> Result<Vec<u8>, Fault> {
    STANDARD.decode(call.text(0)?.as_bytes()).map_err(|_| Fault::new("the text is no base64"))
}

fn base64_decode(call: &Call<'_>) -> Evaluated {
    String::from_utf8(base64_bytes(call)?).map(Val::text).map_err(|_| Fault::new("what is encoded is no UTF-8 text"))
}

/// As Go's `url.QueryEscape`: a blank becomes `+`.
fn url_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            b' ' => out.push('+'),
            byte => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn url_decode(call: &Call<'_>) -> Evaluated {
    let text = call.text(0)?;
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex = rest
                    .get(..2)
                    .and_then(|hex| std::str::from_utf8(hex).ok())
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                bytes.push(hex.ok_or_else(|| Fault::new("after % two hexadecimal digits are required"))?);
                rest = &rest[2..];
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map(Val::text).map_err(|_| Fault::new("what is encoded is no UTF-8 text"))
}

fn text_encode(call: &Call<'_>) -> Evaluated {
    let (text, encoding) = (call.text(0)?, call.text(1)?);
    let bytes: Vec<u8> = match &*encoding.to_ascii_uppercase() {
        "UTF-8" => text.as_bytes().to_vec(),
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "ISO-8859-1" | "LATIN1" => text
            .chars()
            .map(|c| u8::try_from(c).map_err(|_| Fault::new(format!("{encoding} has no {c:?}"))))
            .collect::<Result<_, _>>()?,
        _ => return Ok(Val::unknown(format!("the encoding {encoding} is not computed"))),
    };
    Ok(Val::text(STANDARD.encode(bytes)))
}

fn text_decode(call: &Call<'_>) -> Evaluated {
    let (bytes, encoding) = (base64_bytes(call)?, call.text(1)?);
    let wide =
        |from: fn([u8; 2]) -> u16| -> Vec<u16> { bytes.as_chunks::<2>().0.iter().map(|pair| from(*pair)).collect() };
    let text = match &*encoding.to_ascii_uppercase() {
        "UTF-8" => String::from_utf8(bytes).ok(),
        "UTF-16LE" => String::from_utf16(&wide(u16::from_le_bytes)).ok(),
        "UTF-16BE" => String::from_utf16(&wide(u16::from_be_bytes)).ok(),
        "ISO-8859-1" | "LATIN1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => return Ok(Val::unknown(format!("the encoding {encoding} is not computed"))),
    };
    text.map(Val::text).ok_or_else(|| Fault::new(format!("what is encoded is no {encoding} text")))
}
