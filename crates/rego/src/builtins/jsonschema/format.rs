//! Formats of texts that JSON Schema names. One that is not known holds of every text.

use regex::Regex;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a text is of a format.
pub(super) fn holds(format: &str, text: &str) -> bool {
    match format {
        "date" => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        "date-time" => text.contains(['T', 't']) && text.parse::<jiff::Timestamp>().is_ok(),
        "time" => time(text),
        "email" | "idn-email" => text.rsplit_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
        "hostname" => hostname(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "uri" | "iri" => text.split_once(':').is_some_and(|(scheme, _)| scheme_holds(scheme)) && reference(text),
        "uri-reference" | "iri-reference" => reference(text),
        "uuid" => uuid(text),
        "regex" => Regex::new(text).is_ok(),
        "json-pointer" => text.is_empty() || (text.starts_with('/') && escapes_hold(text)),
        "relative-json-pointer" => {
            let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let rest = &text[digits..];
            digits > 0
                && (digits == 1 || !text.starts_with('0'))
                && (rest == "#" || rest.is_empty() || (rest.starts_with('/') && escapes_hold(rest)))
        }
        _ => true,
    }
}

/// A time of the day with its offset.
fn time(text: &str) -> bool {
    format!("2000-01-01T{text}").parse::<jiff::Timestamp>().is_ok()
}

fn hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..64).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() < 256 && text.split('.').all(label)
}

fn scheme_holds(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn reference(text: &str) -> bool {
    !text.contains(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '\\' | '<' | '>' | '"' | '{' | '}' | '^')
    })
}

fn uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// A tilde stands before 0 or 1 only.
fn escapes_hold(pointer: &str) -> bool {
    pointer.split('~').skip(1).all(|behind| behind.starts_with(['0', '1']))
}
