//! What templates may call.

use super::Context;
use super::print;
use crate::labels::Labels;
use std::cmp::Ordering;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub(super) enum Value {
    Nil,
    /// What `.` is at the start.
    Root,
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Map(BTreeMap<String, String>),
    /// One series of a query.
    Sample(Labels, f64),
    List(Vec<Value>),
}

impl Value {
    pub(super) fn labels(labels: &Labels) -> Self {
        Value::Map(labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Whether Go takes it for true.
    pub(super) fn holds(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(truth) => *truth,
            Value::Integer(integer) => *integer != 0,
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Root | Value::Sample(..) => true,
        }
    }

    /// What a loop goes over, with keys.
    pub(super) fn items(self) -> Result<Vec<(Value, Value)>, String> {
        match self {
            Value::List(list) => {
                let keys = (0..).map(Value::Integer);
                Ok(keys.zip(list).collect())
            }
            Value::Map(map) => Ok(map.into_iter().map(|(key, value)| (Value::Text(key), Value::Text(value))).collect()),
            Value::Nil => Ok(Vec::new()),
            other => Err(format!("range can't iterate over {}", other.print())),
        }
    }

    /// As `{{ }}` prints it.
    pub(super) fn print(&self) -> String {
        print::print(self)
    }

    /// A number of what may stand for one.
    fn number(&self) -> Result<f64, String> {
        match self {
            Value::Number(number) => Ok(*number),
            #[expect(clippy::cast_precision_loss, reason = "as Go converts it")]
            Value::Integer(integer) => Ok(*integer as f64),
            Value::Text(text) => text.parse().map_err(|_| format!("{text:?} is no number")),
            other => Err(format!("can't convert {} to float", other.print())),
        }
    }

    fn text(&self) -> Result<&str, String> {
        match self {
            Value::Text(text) => Ok(text),
            other => Err(format!("wrong type for value; expected string; got {}", other.print())),
        }
    }
}

const NAMES: [&str; 48] = [
    "and",
    "or",
    "not",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "len",
    "index",
    "print",
    "println",
    "printf",
    "html",
    "js",
    "urlquery",
    "query",
    "first",
    "label",
    "value",
    "strvalue",
    "sortByLabel",
    "args",
    "safeHtml",
    "externalURL",
    "pathPrefix",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "title",
    "toUpper",
    "toLower",
    "match",
    "reReplaceAll",
    "graphLink",
    "tableLink",
    "parseDuration",
    "stripPort",
    "stripDomain",
    "now",
    "toTime",
    "toDuration",
    "call",
    "slice",
    "tmpl",
];

pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

pub(super) fn call(name: &str, arguments: &[Value], context: &Context<'_>) -> Result<Value, String> {
    let at =
        |index: usize| arguments.get(index).ok_or_else(|| format!("wrong number of args: got {}", arguments.len()));
    let text = |text: String| Ok(Value::Text(text));
    match name {
        "and" | "or" => at(arguments.len().wrapping_sub(1)).cloned(),
        "not" => Ok(Value::Bool(!at(0)?.holds())),
        "eq" | "ne" | "lt" | "le" | "gt" | "ge" => compare(name, at(0)?, &arguments[1..]).map(Value::Bool),
        "len" => length(at(0)?),
        "index" => index(at(0)?, &arguments[1..]),
        "print" => text(print::joined(arguments)),
        "println" => text(print::lines(arguments)),
        "printf" => text(print::formatted(at(0)?.text()?, &arguments[1..])),
        "query" => {
            let found = (context.query)(at(0)?.text()?)?;
            Ok(Value::List(found.into_iter().map(|(labels, value)| Value::Sample(labels, value)).collect()))
        }
        "first" => match at(0)? {
            Value::List(list) => {
                list.first().cloned().ok_or_else(|| "first() called on vector with no elements".to_owned())
            }
            other => Err(format!("first() called on {}", other.print())),
        },
        "label" => match at(1)? {
            Value::Sample(labels, _) => text(labels.get(at(0)?.text()?).to_owned()),
            other => Err(format!("label() called on {}", other.print())),
        },
        "value" | "strvalue" => match at(0)? {
            Value::Sample(_, value) if name == "value" => Ok(Value::Number(*value)),
            Value::Sample(labels, _) => text(labels.get("__value__").to_owned()),
            other => Err(format!("{name}() called on {}", other.print())),
        },
        "sortByLabel" => sorted(at(0)?.text()?, at(1)?),
        "externalURL" => text(context.external_url.to_owned()),
        _ => texts(name, arguments),
    }
}

/// Functions of texts and numbers.
fn texts(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let at =
        |index: usize| arguments.get(index).ok_or_else(|| format!("wrong number of args: got {}", arguments.len()));
    let text = |text: String| Ok(Value::Text(text));
    match name {
        "humanize" => text(print::humanize(at(0)?.number()?)),
        "humanize1024" => text(print::humanize_1024(at(0)?.number()?)),
        "humanizeDuration" => text(print::humanize_duration(at(0)?.number()?)),
        "humanizePercentage" => text(format!("{}%", crate::number::significant(at(0)?.number()? * 100.0, 4))),
        "humanizeTimestamp" => print::humanize_timestamp(at(0)?.number()?).map(Value::Text),
        "title" => text(title(at(0)?.text()?)),
        "toUpper" => text(at(0)?.text()?.to_uppercase()),
        "toLower" => text(at(0)?.text()?.to_lowercase()),
        "safeHtml" => text(at(0)?.text()?.to_owned()),
        "match" => {
            let regex = regex::Regex::new(at(0)?.text()?).map_err(|error| error.to_string())?;
            Ok(Value::Bool(regex.is_match(at(1)?.text()?)))
        }
        "reReplaceAll" => {
            let regex = regex::Regex::new(at(0)?.text()?).map_err(|error| error.to_string())?;
            text(regex.replace_all(at(2)?.text()?, at(1)?.text()?).into_owned())
        }
        "graphLink" | "tableLink" => {
            let tab = if name == "graphLink" { 0 } else { 1 };
            text(format!("/graph?g0.expr={}&g0.tab={tab}", print::url_escaped(at(0)?.text()?)))
        }
        "urlquery" => text(print::url_escaped(&print::joined(arguments))),
        "parseDuration" => {
            let written = at(0)?.text()?;
            let read =
                crate::duration::parse(written).ok_or_else(|| format!("not a valid duration string: {written:?}"))?;
            #[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 milliseconds")]
            let seconds = read as f64 / 1000.0;
            Ok(Value::Number(seconds))
        }
        "stripPort" => {
            let host = at(0)?.text()?;
            text(
                host.rsplit_once(':')
                    .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
                    .map_or(host, |(h, _)| h)
                    .to_owned(),
            )
        }
        "stripDomain" => text(strip_domain(at(0)?.text()?)),
        "pathPrefix" => text(String::new()),
        other => Err(format!("{other} is not supported here")),
    }
}

/// A host without its domain; an address stays as it is.
fn strip_domain(host: &str) -> String {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, format!(":{port}"))
        }
        _ => (host, String::new()),
    };
    if name.parse::<std::net::IpAddr>().is_ok() || name.contains(['[', ':']) {
        return host.to_owned();
    }
    format!("{}{port}", name.split('.').next().unwrap_or(name))
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut starts = true;
    for c in text.chars() {
        if starts {
            out.extend(c.to_uppercase())
        } else {
            out.push(c)
        }
        starts = !(c.is_alphanumeric() || c == '_' || c == '\'');
    }
    out
}

fn compare(name: &str, first: &Value, others: &[Value]) -> Result<bool, String> {
    let mismatch = || "incompatible types for comparison".to_owned();
    let order = |a: &Value, b: &Value| -> Result<Option<Ordering>, String> {
        match (a, b) {
            (Value::Integer(a), Value::Integer(b)) => Ok(Some(a.cmp(b))),
            (Value::Number(a), Value::Number(b)) => Ok(a.partial_cmp(b)),
            (Value::Text(a), Value::Text(b)) => Ok(Some(a.cmp(b))),
            (Value::Bool(a), Value::Bool(b)) => Ok(Some(a.cmp(b))),
            _ => Err(mismatch()),
        }
    };
    let second = others.first().ok_or("missing argument for comparison")?;
    if name == "eq" {
        for other in others {
            if order(first, other)? == Some(Ordering::Equal) {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let order = order(first, second)?;
    Ok(match name {
        "ne" => order != Some(Ordering::Equal),
        "lt" => order == Some(Ordering::Less),
        "le" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        "gt" => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

fn length(of: &Value) -> Result<Value, String> {
    let length = match of {
        Value::Text(text) => text.len(),
        Value::Map(map) => map.len(),
        Value::List(list) => list.len(),
        other => return Err(format!("len of {}", other.print())),
    };
    Ok(Value::Integer(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(of: &Value, keys: &[Value]) -> Result<Value, String> {
    let Some((key, rest)) = keys.split_first() else { return Ok(of.clone()) };
    let item = match (of, key) {
        (Value::Map(map), Value::Text(key)) => Value::Text(map.get(key).cloned().unwrap_or_default()),
        (Value::List(list), Value::Integer(at)) => {
            let found = usize::try_from(*at).ok().and_then(|at| list.get(at));
            found.cloned().ok_or_else(|| format!("index out of range: {at}"))?
        }
        _ => return Err(format!("cannot index {} with {}", of.print(), key.print())),
    };
    index(&item, rest)
}

fn sorted(label: &str, of: &Value) -> Result<Value, String> {
    let Value::List(list) = of else { return Err(format!("sortByLabel() called on {}", of.print())) };
    let mut list = list.clone();
    let key = |value: &Value| match value {
        Value::Sample(labels, _) => labels.get(label).to_owned(),
        _ => String::new(),
    };
    list.sort_by_key(key);
    Ok(Value::List(list))
}
