//! Functions of several groups: arrays, objects, texts, numbers, UUIDs, and those that are never allowed here.

use super::{Answer, ELEMENTS_MAX, Function, TEXT_BYTES_MAX, elements, text, whole};
use regorus::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("array.flatten", 1, flatten),
    ("concat", 2, concat),
    ("http.send", 1, |_| Err("policies reach no network here".to_owned())),
    ("numbers.range", 2, |a| range(whole(a, 0)?, whole(a, 1)?, None)),
    ("numbers.range_step", 3, |a| {
        let step = a[2].as_i128().map_err(|_| "the step must be a whole number")?;
        if step <= 0 {
            return Err("the step must be above 0".to_owned());
        }
        range(whole(a, 0)?, whole(a, 1)?, Some(i64::try_from(step).unwrap_or(i64::MAX)))
    }),
    ("object.subset", 2, |a| Ok(Value::from(subset(&a[0], &a[1])?))),
    // The interpreter's own gives away the environment's variables.
    ("opa.runtime", 0, |_| Ok(Value::from(BTreeMap::new()))),
    ("replace", 3, replace),
    ("strings.count", 2, |a| {
        let (whole, part) = (text(a, 0)?, text(a, 1)?);
        // Between all characters, and at both ends, there is an empty text.
        let count = if part.is_empty() { whole.chars().count() + 1 } else { whole.matches(part).count() };
        Ok(Value::from(count as u64))
    }),
    ("uuid.parse", 1, uuid),
    ("uuid.rfc4122", 1, |a| Ok(Value::from(uuid_of(text(a, 0)?)))),
];

/// One level of arrays in an array, taken out.
fn flatten(arguments: &[Value]) -> Answer {
    let Some(Value::Array(items)) = arguments.first() else { return Err("the argument must be an array".to_owned()) };
    let mut out = Vec::new();
    for item in items.iter() {
        match item {
            Value::Array(inner) => out.extend(inner.iter().cloned()),
            other => out.push(other.clone()),
        }
    }
    Ok(Value::from(out))
}

/// Bounded, because doubling a text forty times takes a line of policy each.
fn concat(arguments: &[Value]) -> Answer {
    let between = text(arguments, 0)?;
    let mut out = String::new();
    for (at, item) in elements(arguments, 1)?.iter().enumerate() {
        let Value::String(item) = item else { return Err("only texts can be joined".to_owned()) };
        if out.len() + between.len() + item.len() > TEXT_BYTES_MAX {
            return Err(format!("the text would have more than {TEXT_BYTES_MAX} bytes"));
        }
        if at > 0 {
            out.push_str(between);
        }
        out.push_str(item);
    }
    Ok(Value::from(out))
}

fn replace(arguments: &[Value]) -> Answer {
    let (whole, from, to) = (text(arguments, 0)?, text(arguments, 1)?, text(arguments, 2)?);
    let times = if from.is_empty() { whole.chars().count() + 1 } else { whole.matches(from).count() };
    if times.saturating_mul(to.len()).saturating_add(whole.len()) > TEXT_BYTES_MAX {
        return Err(format!("the text would have more than {TEXT_BYTES_MAX} bytes"));
    }
    Ok(Value::from(whole.replace(from, to)))
}

fn range(from: i64, to: i64, step: Option<i64>) -> Answer {
    let step = step.unwrap_or(1);
    let length = from.abs_diff(to) / step.unsigned_abs() + 1;
    if length > ELEMENTS_MAX as u64 {
        return Err(format!("the range has more than {ELEMENTS_MAX} numbers"));
    }
    let signed = if from <= to { step } else { -step };
    let numbers = (0..length).filter_map(|at| from.checked_add(signed.checked_mul(i64::try_from(at).ok()?)?));
    Ok(Value::from(numbers.map(Value::from).collect::<Vec<_>>()))
}

/// Whether a collection holds all of another, level by level; an array holds another where that follows in it in a row.
fn subset(whole: &Value, part: &Value) -> Result<bool, String> {
    Ok(match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (key, value) in part.iter_sorted() {
                let Some(known) = whole.get(key) else { return Ok(false) };
                let nested = matches!(
                    (known, value),
                    (Value::Object(_), Value::Object(_))
                        | (Value::Set(_), Value::Set(_))
                        | (Value::Array(_), Value::Array(_))
                );
                if !(if nested { subset(known, value)? } else { known == value }) {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Set(whole), Value::Set(part)) => part.iter().all(|item| whole.iter().any(|known| known == item)),
        (Value::Array(whole), Value::Array(part)) => {
            let (whole, part): (Vec<_>, Vec<_>) = (whole.iter().collect(), part.iter().collect());
            part.is_empty() || whole.windows(part.len()).any(|window| window == part.as_slice())
        }
        (Value::Array(whole), Value::Set(part)) => part.iter().all(|item| whole.iter().any(|known| known == item)),
        _ => return Err("both must be objects, sets or arrays".to_owned()),
    })
}

/// The sixteen bytes of a UUID, with or without dashes, in braces, or as a URN.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let lower = text.to_ascii_lowercase();
    let body = lower.strip_prefix("urn:uuid:").unwrap_or(&lower);
    let body = body.strip_prefix('{').map_or(Some(body), |body| body.strip_suffix('}'))?;
    let digits: String = match body.len() {
        32 => body.to_owned(),
        36 if [8, 13, 18, 23].iter().all(|at| body.as_bytes()[*at] == b'-') => body.replace('-', ""),
        _ => return None,
    };
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    let mut out = [0; 16];
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(out)
}

/// What RFC 4122 writes into a UUID: version, variant, and for versions 1 and 2 the time and the node.
fn uuid(arguments: &[Value]) -> Answer {
    let bytes = uuid_bytes(text(arguments, 0)?).ok_or("the text is no UUID")?;
    let version = bytes[6] >> 4;
    let variant = match bytes[8] >> 5 {
        0..=3 => "Reserved",
        4 | 5 => "RFC4122",
        6 => "Microsoft",
        _ => "Future",
    };
    let mut out: BTreeMap<Value, Value> = BTreeMap::new();
    let mut set = |key: &str, value: Value| drop(out.insert(Value::from(key), value));
    set("version", Value::from(u64::from(version)));
    set("variant", Value::from(variant));
    if version == 1 || version == 2 {
        let node: Vec<String> = bytes[10..].iter().map(|byte| format!("{byte:02x}")).collect();
        set("nodeid", Value::from(node.join("-")));
        let part =
            |range: std::ops::Range<usize>| bytes[range].iter().fold(0u64, |all, byte| all << 8 | u64::from(*byte));
        let ticks = (part(6..8) & 0x0fff) << 48 | part(4..6) << 32 | part(0..4);
        // Ticks of 100 ns since 15 October 1582.
        let since_1970 = i128::from(ticks) - 0x01b2_1dd2_1381_4000;
        set("time", Value::from(since_1970 * 100));
        set("clocksequence", Value::from(part(8..10) & 0x3fff));
        let macs = ["local:unicast", "local:multicast", "global:unicast", "global:multicast"];
        let kind = usize::from(bytes[10] & 2 == 0) * 2 + usize::from(bytes[10] & 1 == 1);
        set("macvariables", Value::from(macs[kind]));
    }
    if version == 2 {
        let domain = match bytes[9] {
            0 => "Person".to_owned(),
            1 => "Group".to_owned(),
            2 => "Org".to_owned(),
            other => format!("Domain{other}"),
        };
        set("domain", Value::from(domain));
        let id = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        set("id", Value::from(u64::from(id)));
    }
    Ok(Value::from(out))
}

/// A UUID of version 4 that depends on its key alone: nothing here draws random numbers.
fn uuid_of(key: &str) -> String {
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&Sha256::digest(key)[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = super::crypto::hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
