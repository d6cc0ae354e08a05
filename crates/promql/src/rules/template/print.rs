//! Values as Go prints them, and numbers as people read them.

use super::functions::Value;
use crate::number::{general, significant, special};

/// `%v`
pub(super) fn print(value: &Value) -> String {
    match value {
        Value::Nil => "<no value>".to_owned(),
        Value::Root => "{}".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Number(number) => general(*number),
        Value::Text(text) => text.clone(),
        Value::Map(map) => {
            let parts: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("map[{}]", parts.join(" "))
        }
        Value::Sample(labels, number) => {
            let parts: Vec<String> = labels.iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("{{map[{}] {}}}", parts.join(" "), general(*number))
        }
        Value::List(list) => format!("[{}]", list.iter().map(print).collect::<Vec<_>>().join(" ")),
    }
}

/// `print`: a blank stands between two values where neither is a text.
pub(super) fn joined(values: &[Value]) -> String {
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        let is_text = |value: &Value| matches!(value, Value::Text(_));
        if index > 0 && !is_text(value) && !is_text(&values[index - 1]) {
            out.push(' ');
        }
        out.push_str(&print(value));
    }
    out
}

/// `println`
pub(super) fn lines(values: &[Value]) -> String {
    format!("{}\n", values.iter().map(print).collect::<Vec<_>>().join(" "))
}

/// `printf`, with the verbs and flags that make sense for texts, numbers and truths.
pub(super) fn formatted(format: &str, values: &[Value]) -> String {
    let mut out = String::new();
    let mut values = values.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let spec = Spec::read(&mut rest);
        let Some(verb) = rest.chars().next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        rest = &rest[verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
            continue;
        }
        match values.next() {
            Some(value) => out.push_str(&spec.padded(&spec.one(verb, value))),
            None => out.push_str(&format!("%!{verb}(MISSING)")),
        }
    }
    out.push_str(rest);
    let extra: Vec<String> = values.map(|value| format!("{}={}", kind(value), print(value))).collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    out
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "int",
        Value::Number(_) => "float64",
        Value::Text(_) => "string",
        Value::Bool(_) => "bool",
        _ => "map[string]string",
    }
}

/// Flags, width and precision of a verb.
#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    zero: bool,
    space: bool,
    width: usize,
    precision: Option<usize>,
}

/// How wide a verb may be made.
const WIDTH_MAX: usize = 1000;

impl Spec {
    fn read(rest: &mut &str) -> Self {
        let mut spec = Self::default();
        while let Some(flag) = rest.chars().next().filter(|c| matches!(c, '-' | '+' | '0' | ' ' | '#')) {
            match flag {
                '-' => spec.left = true,
                '+' => spec.plus = true,
                '0' => spec.zero = true,
                ' ' => spec.space = true,
                _ => {}
            }
            *rest = &rest[1..];
        }
        spec.width = digits(rest).unwrap_or(0);
        if let Some(behind) = rest.strip_prefix('.') {
            *rest = behind;
            spec.precision = Some(digits(rest).unwrap_or(0));
        }
        spec
    }

    fn one(&self, verb: char, value: &Value) -> String {
        let bad = || format!("%!{verb}({}={})", kind(value), print(value));
        match (verb, value) {
            ('v', Value::Number(number)) if self.precision.is_some() => {
                self.signed(significant(*number, self.precision.unwrap_or(6)))
            }
            ('v', _) => print(value),
            ('s', Value::Text(text)) => match self.precision {
                Some(precision) => text.chars().take(precision).collect(),
                None => text.clone(),
            },
            ('q', Value::Text(text)) => format!("{text:?}"),
            ('s', Value::Map(_) | Value::List(_)) => print(value),
            ('d', Value::Integer(integer)) => self.signed(integer.to_string()),
            ('x', Value::Integer(integer)) => format!("{integer:x}"),
            ('t', Value::Bool(truth)) => truth.to_string(),
            ('f' | 'F' | 'e' | 'g', Value::Number(number)) => self.signed(self.number(verb, *number)),
            _ => bad(),
        }
    }

    fn signed(&self, text: String) -> String {
        if text.starts_with(['-', '+']) && text != "+Inf" {
            return text;
        }
        let text = if text == "+Inf" && !self.plus { "+Inf".to_owned() } else { text };
        match (self.plus, self.space) {
            (true, _) if !text.starts_with('+') => format!("+{text}"),
            (false, true) => format!(" {text}"),
            _ => text,
        }
    }

    fn number(&self, verb: char, number: f64) -> String {
        if let Some(text) = special(number) {
            return text.to_owned();
        }
        match verb {
            'g' => match self.precision {
                Some(precision) => significant(number, precision),
                None => crate::number::general_from(number, 21),
            },
            'e' => {
                let text = format!("{number:.*e}", self.precision.unwrap_or(6));
                let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                crate::number::with_exponent(digits, exponent.parse().unwrap_or(0))
            }
            _ => format!("{number:.*}", self.precision.unwrap_or(6)),
        }
    }

    fn padded(&self, text: &str) -> String {
        let missing = self.width.min(WIDTH_MAX).saturating_sub(text.chars().count());
        if missing == 0 {
            return text.to_owned();
        }
        if self.left {
            return format!("{text}{}", " ".repeat(missing));
        }
        if self.zero {
            let sign = text.len() - text.trim_start_matches(['-', '+']).len();
            return format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..]);
        }
        format!("{}{text}", " ".repeat(missing))
    }
}

fn digits(rest: &mut &str) -> Option<usize> {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let read = rest[..length].parse().ok();
    *rest = &rest[length..];
    read
}

/// Metric prefixes of a thousand.
pub(super) fn humanize(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return significant(value, 4);
    }
    let (value, prefix) = if value.abs() >= 1.0 {
        larger(value, 1000.0, &["k", "M", "G", "T", "P", "E", "Z", "Y"])
    } else {
        smaller(value)
    };
    format!("{}{prefix}", significant(value, 4))
}

/// Prefixes of 1024.
pub(super) fn humanize_1024(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return significant(value, 4);
    }
    let (value, prefix) = larger(value, 1024.0, &["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]);
    format!("{}{prefix}", significant(value, 4))
}

fn larger(mut value: f64, step: f64, prefixes: &[&'static str]) -> (f64, &'static str) {
    let mut taken = "";
    for prefix in prefixes {
        if value.abs() < step {
            break;
        }
        (taken, value) = (prefix, value / step);
    }
    (value, taken)
}

fn smaller(mut value: f64) -> (f64, &'static str) {
    let mut taken = "";
    for prefix in ["m", "u", "n", "p", "f", "a", "z", "y"] {
        if value.abs() >= 1.0 {
            break;
        }
        (taken, value) = (prefix, value * 1000.0);
    }
    (value, taken)
}

/// Days, hours, minutes and seconds; below a second with a prefix.
pub(super) fn humanize_duration(value: f64) -> String {
    if !value.is_finite() {
        return significant(value, 4);
    }
    if value == 0.0 {
        return "0s".to_owned();
    }
    if value.abs() < 1.0 {
        let (value, prefix) = smaller(value);
        return format!("{}{prefix}s", significant(value, 4));
    }
    let sign = if value < 0.0 { "-" } else { "" };
    #[expect(clippy::cast_possible_truncation, reason = "as Go does; the cast holds at the end of the range")]
    let whole = value.abs() as i64;
    let (seconds, minutes, hours, days) = (whole % 60, whole / 60 % 60, whole / 3600 % 24, whole / 86_400);
    if days != 0 {
        format!("{sign}{days}d {hours}h {minutes}m {seconds}s")
    } else if hours != 0 {
        format!("{sign}{hours}h {minutes}m {seconds}s")
    } else if minutes != 0 {
        format!("{sign}{minutes}m {seconds}s")
    } else {
        format!("{sign}{}s", significant(value.abs(), 4))
    }
}

/// A time in UTC, as Go prints one.
pub(super) fn humanize_timestamp(value: f64) -> Result<String, String> {
    if !value.is_finite() {
        return Ok(significant(value, 4));
    }
    #[expect(clippy::cast_possible_truncation, reason = "out of range the next call refuses it")]
    let milliseconds = ((value * 1e9) as i128 / 1_000_000) as i64;
    let time = jiff::Timestamp::from_millisecond(milliseconds).map_err(|_| format!("{} is no time", general(value)))?;
    let fraction = match time.subsec_nanosecond().unsigned_abs() {
        0 => String::new(),
        part => format!(".{part:09}").trim_end_matches('0').to_owned(),
    };
    Ok(format!("{}{fraction} +0000 UTC", time.strftime("%Y-%m-%d %H:%M:%S")))
}

/// As Go escapes a value of a query in a URL.
pub(super) fn url_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
