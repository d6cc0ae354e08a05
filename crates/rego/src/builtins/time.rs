//! Dates and times. Times are nanoseconds since 1970 in UTC; a zone is a name of the IANA database, `Local` is UTC here.
//!
//! Layouts are written as the reference time `Mon Jan 2 15:04:05 MST 2006`, as in Go, or by the name of a known one.

use super::{Answer, Function, text, whole};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned, civil};
use regorus::Value;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("time.add_date", 4, add_date),
    ("time.clock", 1, |a| {
        let at = zoned(&a[0])?;
        Ok(numbers(&[at.hour().into(), at.minute().into(), at.second().into()]))
    }),
    ("time.date", 1, |a| {
        let at = zoned(&a[0])?;
        Ok(numbers(&[at.year().into(), at.month().into(), at.day().into()]))
    }),
    ("time.diff", 2, diff),
    ("time.format", 1, format),
    ("time.parse_duration_ns", 1, |a| duration(text(a, 0)?).map(Value::from)),
    ("time.parse_ns", 2, |a| nanoseconds(parse(text(a, 0)?, text(a, 1)?)?)),
    ("time.parse_rfc3339_ns", 1, |a| {
        let given = text(a, 0)?;
        nanoseconds(given.parse::<Timestamp>().map_err(|error| error.to_string())?)
    }),
    ("time.weekday", 1, |a| {
        let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        let day = zoned(&a[0])?.weekday().to_monday_zero_offset();
        Ok(Value::from(names[usize::try_from(day).unwrap_or(0)]))
    }),
];

fn numbers(numbers: &[i64]) -> Value {
    Value::from(numbers.iter().map(|number| Value::from(*number)).collect::<Vec<_>>())
}

fn nanoseconds(at: Timestamp) -> Answer {
    let ns = i64::try_from(at.as_nanosecond()).map_err(|_| "the time is outside of what 64 bits hold")?;
    Ok(Value::from(ns))
}

fn timestamp(ns: i64) -> Result<Timestamp, String> {
    Timestamp::from_nanosecond(ns.into()).map_err(|error| error.to_string())
}

/// A time, or an array of a time and a zone.
fn zoned(value: &Value) -> Result<Zoned, String> {
    match value {
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().cloned().collect();
            Ok(timestamp(whole(&items, 0)?)?.to_zoned(zone(text(&items, 1)?)?))
        }
        _ => Ok(timestamp(whole(std::slice::from_ref(value), 0)?)?.to_zoned(TimeZone::UTC)),
    }
}

fn zone(name: &str) -> Result<TimeZone, String> {
    match name {
        "" | "UTC" | "Local" => Ok(TimeZone::UTC),
        name => TimeZone::get(name).map_err(|error| error.to_string()),
    }
}

/// Days beyond a month's end flow over into the next month.
fn add_date(arguments: &[Value]) -> Answer {
    let at = zoned(&arguments[0])?;
    let (years, months, days) = (whole(arguments, 1)?, whole(arguments, 2)?, whole(arguments, 3)?);
    let months = i64::from(at.month()) - 1 + months;
    let year = i64::from(at.year()) + years + months.div_euclid(12);
    let out_of_range = || "the date is outside of what can be held".to_owned();
    let year = i16::try_from(year).map_err(|_| out_of_range())?;
    let month = i8::try_from(months.rem_euclid(12) + 1).map_err(|_| out_of_range())?;
    let first = civil::Date::new(year, month, 1).map_err(|error| error.to_string())?;
    let days = jiff::Span::new().try_days(days + i64::from(at.day()) - 1).map_err(|error| error.to_string())?;
    let date = first.checked_add(days).map_err(|error| error.to_string())?;
    let moved = date.to_datetime(at.time()).to_zoned(at.time_zone().clone()).map_err(|error| error.to_string())?;
    nanoseconds(moved.timestamp())
}

/// Years, months, days, hours, minutes and seconds between two times.
fn diff(arguments: &[Value]) -> Answer {
    let (a, b) = (zoned(&arguments[0])?, zoned(&arguments[1])?.timestamp());
    let b = b.to_zoned(a.time_zone().clone());
    let (early, late) = if a.timestamp() <= b.timestamp() { (a, b) } else { (b, a) };
    let span = late.datetime() - early.datetime();
    let rounding = jiff::civil::DateTimeDifference::new(late.datetime()).largest(jiff::Unit::Year);
    let span = early.datetime().until(rounding).unwrap_or(span);
    Ok(numbers(&[
        span.get_years().into(),
        span.get_months().into(),
        span.get_days().into(),
        span.get_hours().into(),
        span.get_minutes(),
        span.get_seconds(),
    ]))
}

/// `300ms`, `-1.5h`, `2h45m`.
fn duration(given: &str) -> Result<i64, String> {
    let wrong = || format!("{given:?} is no duration");
    let (negative, mut rest) = match given.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, given.strip_prefix('+').unwrap_or(given)),
    };
    if rest == "0" {
        return Ok(0);
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(wrong()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(wrong());
        }
        let digits = |text: &str| if text.is_empty() { Ok(0i128) } else { text.parse().map_err(|_| wrong()) };
        let fraction = &fraction[..fraction.len().min(18)];
        let scale = 10i128.pow(u32::try_from(fraction.len()).unwrap_or(18));
        let part = digits(whole)?.checked_mul(unit).ok_or_else(wrong)? + digits(fraction)? * unit / scale;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = tail;
    }
    if given.is_empty() || given == "-" || given == "+" {
        return Err(wrong());
    }
    i64::try_from(if negative { -total } else { total }).map_err(|_| wrong())
}

const LAYOUTS: [(&str, &str); 15] = [
    ("ANSIC", "Mon Jan _2 15:04:05 2006"),
    ("UnixDate", "Mon Jan _2 15:04:05 MST 2006"),
    ("RubyDate", "Mon Jan 02 15:04:05 -0700 2006"),
    ("RFC822", "02 Jan 06 15:04 MST"),
    ("RFC822Z", "02 Jan 06 15:04 -0700"),
    ("RFC850", "Monday, 02-Jan-06 15:04:05 MST"),
    ("RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"),
    ("RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"),
    ("RFC3339", "2006-01-02T15:04:05Z07:00"),
    ("RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"),
    ("Kitchen", "3:04PM"),
    ("Stamp", "Jan _2 15:04:05"),
    ("DateTime", "2006-01-02 15:04:05"),
    ("DateOnly", "2006-01-02"),
    ("TimeOnly", "15:04:05"),
];

/// Parts of layouts in the order in which they are tried, as directives of `strftime`; the empty one is treated apart.
const PARTS: [(&str, &str); 30] = [
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("MST", "%Z"),
    ("2006", "%Y"),
    ("Z07:00", "zone:"),
    ("Z0700", "zone"),
    ("-07:00", "%:z"),
    ("-0700", "%z"),
    (".999999999", "fraction"),
    (".999999", "fraction"),
    (".999", "fraction"),
    (".000000000", "%.9f"),
    (".000000", "%.6f"),
    (".000", "%.3f"),
    ("002", "%j"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("_2", "%e"),
    ("PM", "%p"),
    ("pm", "%P"),
    ("1", "%-m"),
    ("2", "%-d"),
    ("3", "%-I"),
];

/// A layout taken apart: directives and the texts between them.
fn directives(layout: &str) -> Vec<(bool, String)> {
    let layout = LAYOUTS.iter().find(|(name, _)| *name == layout).map_or(layout, |(_, layout)| *layout);
    let mut out: Vec<(bool, String)> = Vec::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        if let Some((part, directive)) = PARTS.iter().find(|(part, _)| rest.starts_with(part)) {
            out.push((true, (*directive).to_owned()));
            rest = &rest[part.len()..];
            continue;
        }
        let text = if c == '%' { "%%".to_owned() } else { c.to_string() };
        match out.last_mut() {
            Some((false, last)) => last.push_str(&text),
            _ => out.push((false, text)),
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn parse(layout: &str, value: &str) -> Result<Timestamp, String> {
    let mut format = String::new();
    let mut value = value.to_owned();
    for (directive, part) in directives(layout) {
        match part.as_str() {
            "zone:" | "zone" if directive => {
                if let Some(start) = value.strip_suffix('Z') {
                    value = format!("{start}+0000");
                    format.push_str("%z");
                } else {
                    format.push_str(if part == "zone:" { "%:z" } else { "%z" });
                }
            }
            "fraction" => format.push_str("%.f"),
            "%Z" => {
                // Names of zones other than UTC say nothing about their offset.
                value = value.replace("UTC", "+0000").replace("GMT", "+0000");
                format.push_str("%z");
            }
            part => format.push_str(part),
        }
        // A fraction may follow the seconds though the layout has none.
        if directive && part == "%S" && !layout.contains('.') {
            format.push_str("%.f");
        }
    }
    let wrong = |error: jiff::Error| error.to_string();
    let broken = jiff::fmt::strtime::BrokenDownTime::parse(&format, &value).map_err(wrong)?;
    if let Ok(at) = broken.to_timestamp() {
        return Ok(at);
    }
    let date = broken.to_date().map_err(wrong)?;
    let time = broken.to_time().unwrap_or(civil::Time::midnight());
    Ok(date.to_datetime(time).to_zoned(TimeZone::UTC).map_err(wrong)?.timestamp())
}

/// A time, `[time, zone]` or `[time, zone, layout]`.
fn format(arguments: &[Value]) -> Answer {
    let (at, layout) = match &arguments[0] {
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().cloned().collect();
            let at = timestamp(whole(&items, 0)?)?.to_zoned(zone(text(&items, 1)?)?);
            (at, if items.len() > 2 { text(&items, 2)?.to_owned() } else { "RFC3339Nano".to_owned() })
        }
        other => (zoned(other)?, "RFC3339Nano".to_owned()),
    };
    let mut out = String::new();
    for (directive, part) in directives(&layout) {
        let utc = at.offset().is_zero();
        match part.as_str() {
            "zone:" | "zone" if directive && utc => out.push('Z'),
            "zone:" if directive => out.push_str(&at.strftime("%:z").to_string()),
            "zone" if directive => out.push_str(&at.strftime("%z").to_string()),
            "fraction" if directive => {
                let fraction = format!("{:09}", at.subsec_nanosecond());
                let fraction = fraction.trim_end_matches('0');
                if !fraction.is_empty() {
                    out.push_str(&format!(".{fraction}"));
                }
            }
            part => out.push_str(&at.strftime(part).to_string()),
        }
    }
    Ok(Value::from(out))
}
