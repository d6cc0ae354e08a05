//! Durations as Prometheus writes them: `1h30m`, units in falling order, years of 365 days.

const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Milliseconds of a duration such as `1h30m` or `0`; nothing where it is none, or does not fit.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    if text == "0" {
        return Some(0);
    }
    let (mut rest, mut total, mut next_unit) = (text, 0_i64, 0);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let amount: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = UNITS.iter().position(|(name, _)| *name == &rest[..letters])?;
        if unit < next_unit {
            return None;
        }
        next_unit = unit + 1;
        rest = &rest[letters..];
        total = total.checked_add(amount.checked_mul(UNITS[unit].1)?)?;
    }
    (!text.is_empty()).then_some(total)
}

/// Writes milliseconds in the shortest of Prometheus' forms: weeks and years only where nothing is left over.
#[must_use]
pub fn format(milliseconds: i64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let mut text = String::from(if milliseconds < 0 { "-" } else { "" });
    let mut rest = milliseconds.unsigned_abs();
    for (index, (name, size)) in UNITS.iter().enumerate() {
        let size = size.unsigned_abs();
        let exact_only = index < 2;
        if rest >= size && (!exact_only || rest.is_multiple_of(size)) {
            text.push_str(&format!("{}{name}", rest / size));
            rest %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_as_prometheus_does() {
        assert_eq!(parse("1h30m"), Some(5_400_000));
        assert_eq!(parse("1y2w3d"), Some((365 + 14 + 3) * 86_400_000));
        assert_eq!(parse("500ms"), Some(500));
        for wrong in ["", "5", "m", "30m1h", "5x", "1h1h", "99999999999999999999s", "9223372036854775807y"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        for text in ["5m", "1h30m", "1d", "2w", "8d", "1s500ms", "0s", "-5m"] {
            let positive = text.trim_start_matches('-');
            let sign = if positive == text { 1 } else { -1 };
            assert_eq!(format(sign * parse(positive).unwrap_or_default()), text);
        }
    }
}
