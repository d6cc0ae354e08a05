//! Figures as people read them: per cent, durations, counts, money, times.
//!
//! Everything here is pure and total; what cannot be shown is a dash, never a zero.

use crate::Unit;
use jiff::Timestamp;
use mainstay_model::Money;

/// Stands between a figure and its unit, and between groups of digits: never broken, narrower than a space.
const NARROW: char = '\u{202f}';

/// Shown where there is no figure.
pub const NONE: &str = "–";

/// A value of a KPI in its unit.
#[must_use]
pub fn value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Ratio => ratio(value),
        Unit::Seconds => seconds(value),
        Unit::Count => decimal(value, 1),
        Unit::Money => decimal(value, 4),
        Unit::Score => decimal(value, 1),
    }
}

/// A share from 0 to 1 as per cent, with one digit behind the point. What is not quite 0 % or 100 % never looks it.
#[must_use]
pub fn ratio(share: f64) -> String {
    if !share.is_finite() {
        return NONE.to_owned();
    }
    let percent = share * 100.0;
    let text = match percent {
        p if p > 0.0 && p < 0.05 => "< 0.1".to_owned(),
        p if p > 99.95 && p < 100.0 => "> 99.9".to_owned(),
        p => trimmed(p, 1),
    };
    format!("{text}{NARROW}%")
}

/// A duration in seconds by its two largest units: `3 d 4 h`, `1 h 5 min`, `42 s`.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    if !seconds.is_finite() {
        return NONE.to_owned();
    }
    let sign = if seconds < 0.0 { "−" } else { "" };
    let total = seconds.abs();
    if total < 10.0 && total.fract() > 0.0 {
        return format!("{sign}{}{NARROW}s", trimmed(total, 1));
    }
    // Rounding to whole seconds first keeps 59.9 s from becoming "60 s".
    let total = total.round() as u64;
    let (days, hours, minutes, rest) = (total / 86_400, total / 3600 % 24, total / 60 % 60, total % 60);
    let parts = match (days, hours, minutes) {
        (0, 0, 0) => vec![(rest, "s")],
        (0, 0, _) => vec![(minutes, "min"), (rest, "s")],
        (0, ..) => vec![(hours, "h"), (minutes, "min")],
        _ => vec![(days, "d"), (hours, "h")],
    };
    let shown = parts.iter().enumerate().filter(|(at, (n, _))| *at == 0 || *n > 0);
    let text: Vec<String> = shown.map(|(_, (n, unit))| format!("{}{NARROW}{unit}", grouped(&n.to_string()))).collect();
    format!("{sign}{}", text.join(" "))
}

/// A whole number with its digits in groups of three.
#[must_use]
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// A number with at most `digits` behind the point, in groups of three.
#[must_use]
pub fn decimal(number: f64, digits: usize) -> String {
    if !number.is_finite() {
        return NONE.to_owned();
    }
    grouped(&trimmed(number, digits))
}

/// An amount with its currency, to the cent where it is larger than a cent.
#[must_use]
pub fn money(money: &Money) -> String {
    let cents = money.amount.round_dp(2);
    let small = cents.is_zero() && !money.amount.is_zero();
    let text = if small { money.amount.normalize().to_string() } else { format!("{cents:.2}") };
    format!("{}{NARROW}{}", grouped(&text), money.currency)
}

/// A number of bytes in binary units.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes}{NARROW}B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{}{NARROW}{}", trimmed(size, 1), UNITS[unit])
}

/// `2026-11-23 19:22` in UTC.
#[must_use]
pub fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// `2026-11-23 19:22:07.123 UTC`, as exact as it is known to the millisecond.
#[must_use]
pub fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}

/// `2026-11-23` in UTC.
#[must_use]
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// At most so many characters of a text, with a sign where more follow.
#[must_use]
pub fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// How far from now, by the largest unit: `3 h ago`, `in 12 d`.
#[must_use]
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second().saturating_sub(now.as_second());
    let size = seconds.unsigned_abs();
    let (n, unit) = match size {
        0..60 => return "now".to_owned(),
        60..3600 => (size / 60, "min"),
        3600..172_800 => (size / 3600, "h"),
        172_800..63_072_000 => (size / 86_400, "d"),
        _ => (size / 31_536_000, "y"),
    };
    if seconds < 0 { format!("{n}{NARROW}{unit} ago") } else { format!("in {n}{NARROW}{unit}") }
}

/// At most `digits` behind the point, without trailing zeros.
fn trimmed(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.replace('-', "−") }
}

/// Digits before the point in groups of three, from five digits on.
fn grouped(text: &str) -> String {
    let (sign, plain) = text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(0));
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    if whole.len() < 5 {
        return text.to_owned();
    }
    let mut out = sign.replace('-', "−");
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(NARROW);
        }
        out.push(digit);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same with plain spaces, so that expectations can be read.
    fn plain(text: &str) -> String {
        text.replace(NARROW, " ")
    }

    #[test]
    fn a_share_that_is_not_all_or_nothing_never_looks_so() {
        for (share, text) in
            [(0.0, "0 %"), (0.0001, "< 0.1 %"), (0.125, "12.5 %"), (0.9999, "> 99.9 %"), (1.0, "100 %")]
        {
            assert_eq!(plain(&ratio(share)), text);
        }
        assert_eq!(ratio(f64::NAN), NONE);
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let cases = [
            (0.0, "0 s"),
            (1.5, "1.5 s"),
            (59.9, "1 min"),
            (61.0, "1 min 1 s"),
            (3600.0, "1 h"),
            (93_780.0, "1 d 2 h"),
            (-90.0, "−1 min 30 s"),
        ];
        for (size, text) in cases {
            assert_eq!(plain(&seconds(size)), text, "{size}");
        }
    }

    #[test]
    fn long_numbers_are_grouped_and_short_ones_are_not() {
        assert_eq!((plain(&count(1234)), plain(&count(1_234_567))), ("1234".to_owned(), "1 234 567".to_owned()));
        assert_eq!(plain(&decimal(-12_345.678, 2)), "−12 345.68");
        assert_eq!(decimal(-0.01, 1), "0");
    }

    #[test]
    fn money_is_exact_and_keeps_what_is_below_a_cent() {
        let show = |amount| plain(&money(&Money::parse(amount, "EUR").unwrap()));
        assert_eq!(show("12345.6"), "12 345.60 EUR");
        assert_eq!(show("0.00012"), "0.00012 EUR");
        assert_eq!(show("-3"), "-3.00 EUR");
    }

    #[test]
    fn times_are_told_from_now() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-23T12:00:00Z");
        assert_eq!(plain(&relative(at("2026-11-23T09:00:00Z"), now)), "3 h ago");
        assert_eq!(plain(&relative(at("2026-12-05T12:00:00Z"), now)), "in 12 d");
        assert_eq!(minute(now), "2026-11-23 12:00");
    }

    #[test]
    fn sizes_are_binary() {
        assert_eq!(
            (plain(&bytes(512)), plain(&bytes(1536)), plain(&bytes(5 << 30))),
            ("512 B".to_owned(), "1.5 KiB".to_owned(), "5 GiB".to_owned())
        );
    }
}
