//! Functions of times. What depends on the present is unknown.

use super::Call;
use crate::terraform::eval::{Evaluated, Fault};
use crate::terraform::val::Val;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

pub(super) fn call(call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "timestamp" | "plantimestamp" => Ok(Val::unknown(format!("{} is the time of the run", call.name))),
        "timeadd" => add(call),
        "timecmp" => compare(call),
        "formatdate" => format_date(call),
        _ => return None,
    })
}

/// An RFC 3339 time: when, as its own clock shows it, and its offset as written (`Z`, `+02:00`).
fn parse(text: &str) -> Result<(Timestamp, DateTime, String), Fault> {
    let wrong = || Fault::new(format!("`{text}` is no time such as 2018-01-02T23:12:01Z"));
    let stamp: Timestamp = text.parse().map_err(|_| wrong())?;
    let clock_end =
        text.find(['Z', 'z']).or_else(|| text.get(19..).and_then(|rest| rest.find(['+', '-'])).map(|place| place + 19));
    let clock_end = clock_end.ok_or_else(wrong)?;
    let civil: DateTime = text[..clock_end].parse().map_err(|_| wrong())?;
    Ok((stamp, civil, text[clock_end..].to_uppercase()))
}

fn add(call: &Call<'_>) -> Evaluated {
    let (_, civil, offset) = parse(&call.text(0)?)?;
    let moved = civil.checked_add(duration(&call.text(1)?)?).map_err(|_| Fault::new("the time lies out of range"))?;
    Ok(Val::text(format!("{}{offset}", moved.strftime("%Y-%m-%dT%H:%M:%S"))))
}

fn compare(call: &Call<'_>) -> Evaluated {
    let ((a, ..), (b, ..)) = (parse(&call.text(0)?)?, parse(&call.text(1)?)?);
    Ok(Val::number(a.cmp(&b) as i64))
}

/// A duration of Go: `1h30m`, `-10s`, `1.5h`.
fn duration(text: &str) -> Result<SignedDuration, Fault> {
    let wrong = || Fault::new(format!("`{text}` is no duration such as 1h30m"));
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() && rest != "0" {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit_end =
            rest[digits..].find(|c: char| c.is_ascii_digit() || c == '.').map_or(rest.len(), |end| digits + end);
        seconds += number
            * match &rest[digits..unit_end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return Err(wrong()),
            };
        rest = &rest[unit_end..];
    }
    SignedDuration::try_from_secs_f64(if negative { -seconds } else { seconds }).map_err(|_| wrong())
}

fn format_date(call: &Call<'_>) -> Evaluated {
    let (spec, (_, time, offset)) = (call.text(0)?, parse(&call.text(1)?)?);
    let mut out = String::new();
    let mut rest = &*spec;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (literal, after) = quoted(rest)?;
            out.push_str(&literal);
            rest = after;
        } else if first.is_ascii_alphabetic() {
            let len = rest.chars().take_while(|c| *c == first).count();
            out.push_str(&field(&rest[..len], time, &offset)?);
            rest = &rest[len..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(Val::text(out))
}

/// Text in single quotes; two of them stand for one.
fn quoted(text: &str) -> Result<(String, &str), Fault> {
    let mut out = String::new();
    let mut rest = &text[1..];
    loop {
        let end = rest.find('\'').ok_or_else(|| Fault::new("a quote in the format is not closed"))?;
        out.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                out.push('\'');
                rest = after;
            }
            None => return Ok((out, rest)),
        }
    }
}

fn field(letters: &str, time: DateTime, offset: &str) -> Result<String, Fault> {
    let hour12 = if time.hour() % 12 == 0 { 12 } else { time.hour() % 12 };
    let utc = offset == "Z";
    Ok(match letters {
        "YYYY" => format!("{:04}", time.year()),
        "YY" => format!("{:02}", time.year() % 100),
        "MMMM" => time.strftime("%B").to_string(),
        "MMM" => time.strftime("%b").to_string(),
        "MM" => format!("{:02}", time.month()),
        "M" => time.month().to_string(),
        "DD" => format!("{:02}", time.day()),
        "D" => time.day().to_string(),
        "EEEE" => time.strftime("%A").to_string(),
        "EEE" => time.strftime("%a").to_string(),
        "hh" => format!("{:02}", time.hour()),
        "h" => time.hour().to_string(),
        "HH" => format!("{hour12:02}"),
        "H" => hour12.to_string(),
        "AA" => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "aa" => if time.hour() < 12 { "am" } else { "pm" }.to_owned(),
        "mm" => format!("{:02}", time.minute()),
        "m" => time.minute().to_string(),
        "ss" => format!("{:02}", time.second()),
        "s" => time.second().to_string(),
        "ZZZZZ" => {
            if utc {
                "+00:00".to_owned()
            } else {
                offset.to_owned()
            }
        }
        "ZZZZ" => {
            if utc {
                "+0000".to_owned()
            } else {
                offset.replace(':', "")
            }
        }
        "ZZZ" => {
            if utc {
                "UTC".to_owned()
            } else {
                offset.replace(':', "")
            }
        }
        "Z" => if offset == "+00:00" { "Z" } else { offset }.to_owned(),
        other => return Err(Fault::new(format!("there is no date field `{other}`"))),
    })
}
