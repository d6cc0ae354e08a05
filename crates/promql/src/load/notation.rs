//! The notation of series in Prometheus' tests: `requests_total{job="a"} 0+10x100 _ stale`.
//!
//! `0+10x100` is 0 and a hundred more, each 10 higher; `1x4` is 1 five times; `_` is a gap, `_x5` five of them; `stale` ends the
//! series. `{{...}}` is a native histogram: such a series is taken, but no query may use it.

use crate::labels::Labels;
use crate::store::{STALE, Store};

/// How many values one series may be written to have.
pub const VALUES_MAX: usize = 5_000_000;
/// Why a series with native histograms cannot be evaluated.
pub const NATIVE_HISTOGRAMS: &str = "native histograms";

/// The values of a series, in order: a number, or nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    /// A number a step; `None` where there is no sample.
    pub numbers: Vec<Option<f64>>,
    /// Whether there are native histograms among them.
    pub has_histograms: bool,
}

/// Reads a series with its values.
///
/// # Errors
/// What is wrong with the text.
pub fn series(text: &str) -> Result<(Labels, Values), String> {
    let text = text.trim();
    let end = name_end(text);
    let labels = crate::parse_series(&text[..end]).map_err(|error| error.message)?;
    Ok((labels, values(&text[end..])?))
}

/// Where the name of a series ends: behind its braces, or before the first blank.
pub(super) fn name_end(text: &str) -> usize {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(mark) if c == '\\' && mark != '`' => escaped = true,
            Some(mark) if c == mark => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if c == '}' => return at + 1,
            None if c.is_whitespace() && !text[..at].contains('{') && !text[at..].trim_start().starts_with("{") => {
                return at;
            }
            None if c.is_whitespace() && text[at..].trim_start().starts_with("{{") && !text[..at].contains('{') => {
                return at;
            }
            None => {}
        }
    }
    text.len()
}

/// Reads values.
///
/// # Errors
/// Names the first that cannot be read.
pub fn values(text: &str) -> Result<Values, String> {
    let mut read = Values::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if rest.starts_with("{{") {
            read.has_histograms = true;
            let end = histogram_end(rest).ok_or("a histogram is not closed by }}")?;
            rest = rest[end..].trim_start();
            continue;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        one(&rest[..end], &mut read)?;
        if read.numbers.len() > VALUES_MAX {
            return Err(format!("more than {VALUES_MAX} values"));
        }
        rest = rest[end..].trim_start();
    }
    Ok(read)
}

/// The end of a histogram, or of a row of them: `{{a}}+{{b}}x5`.
fn histogram_end(text: &str) -> Option<usize> {
    let mut end = text.find("}}")? + 2;
    if matches!(text.as_bytes().get(end), Some(b'+' | b'-')) && text[end + 1..].starts_with("{{") {
        end += text[end..].find("}}")? + 2;
    }
    let tail = &text[end..];
    Some(end + tail.find(char::is_whitespace).unwrap_or(tail.len()))
}

fn one(word: &str, read: &mut Values) -> Result<(), String> {
    let wrong = || format!("{word:?} is no value; values are written as 5, 0+10x100, 1x4, _, _x5 or stale");
    let count = |text: &str| -> Result<usize, String> {
        let count: usize = text.parse().map_err(|_| wrong())?;
        if count > VALUES_MAX { Err(format!("{word:?} has more than {VALUES_MAX} values")) } else { Ok(count) }
    };
    if let Some(gap) = word.strip_prefix('_') {
        let gaps = match gap.strip_prefix('x') {
            Some(times) => count(times)?,
            None if gap.is_empty() => 1,
            None => return Err(wrong()),
        };
        read.numbers.extend(std::iter::repeat_n(None, gaps));
        return Ok(());
    }
    if word == "stale" {
        read.numbers.push(Some(STALE));
        return Ok(());
    }
    // The sign of the second number also tells where the first one ends; one behind an exponent belongs to it.
    let (body, times) = match word.rsplit_once('x') {
        Some((body, times)) if !body.is_empty() => (body, Some(count(times)?)),
        _ => (word, None),
    };
    let bytes = body.as_bytes();
    let sign = (1..bytes.len()).find(|at| matches!(bytes[*at], b'+' | b'-') && !matches!(bytes[at - 1], b'e' | b'E'));
    let (first, change) = match (sign, times) {
        (Some(at), Some(_)) => (&body[..at], number(&body[at..]).ok_or_else(wrong)?),
        (Some(_), None) => return Err(wrong()),
        (None, _) => (body, 0.0),
    };
    let mut value = number(first).ok_or_else(wrong)?;
    for _ in 0..=times.unwrap_or(0) {
        read.numbers.push(Some(value));
        value += change;
    }
    Ok(())
}

fn number(text: &str) -> Option<f64> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let value = match unsigned.to_ascii_lowercase().as_str() {
        "inf" => f64::INFINITY,
        "nan" => crate::NAN,
        _ => crate::parse::number(unsigned)?,
    };
    Some(if text.starts_with('-') { -value } else { value })
}

/// Puts a series into a store, its first value at 0 and the others a step apart.
///
/// # Errors
/// Where another value stands at one of the moments.
pub fn add(store: &mut Store, labels: &Labels, values: &Values, start: i64, step: i64) -> Result<(), String> {
    let series = store.series_of(labels);
    if values.has_histograms {
        store.mark_foreign(series, NATIVE_HISTOGRAMS);
        return Ok(());
    }
    let mut time = start;
    for value in &values.numbers {
        if let Some(value) = *value {
            store.push(series, crate::Sample { time, value }).map_err(|why| format!("{labels}: {why}"))?;
        }
        time = time.saturating_add(step);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_expanded() {
        let of = |text: &str| values(text).unwrap().numbers;
        let some = |numbers: &[f64]| numbers.iter().copied().map(Some).collect::<Vec<_>>();
        assert_eq!(of("0+10x3 5"), some(&[0.0, 10.0, 20.0, 30.0, 5.0]));
        assert_eq!(of("1e3-1e+2x2"), some(&[1000.0, 900.0, 800.0]));
        assert_eq!(of("-2x1 -1-1x1"), some(&[-2.0, -2.0, -1.0, -2.0]));
        assert_eq!(of("0x2"), some(&[0.0, 0.0, 0.0]));
        assert_eq!(of("_ _x2 1"), [None, None, None, Some(1.0)]);
        assert!(crate::is_stale(of("stale")[0].unwrap()));
        assert!(values("{{sum:1 count:1}}x3 {{a}}+{{b}}x2 1").unwrap().has_histograms);
        for wrong in ["1+2", "x", "1y2", "_y", "1x99999999999", "1+x5"] {
            assert!(values(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_series_is_its_name_and_its_values() {
        for (text, name) in [
            ("up 1 2", "up"),
            ("up{a=\"}\\\" b\"} 1 2", "up{a=\"}\\\" b\"}"),
            ("{__name__=\"up\"}  1 2", "up"),
            ("up {a=\"b\"} 1 2", "up{a=\"b\"}"),
            ("up {{a}} 1 2", "up"),
        ] {
            let (labels, values) = series(text).unwrap();
            assert_eq!((labels.to_string().as_str(), values.numbers.len()), (name, 2), "{text}");
        }
    }
}
