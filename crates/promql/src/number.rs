//! Numbers as Go prints them, because templates, labels and messages of Prometheus do.

/// `%v` of Go: the shortest digits that read back, with an exponent below 1e-4 and from 1e21 on.
#[must_use]
pub fn general(value: f64) -> String {
    general_from(value, 21)
}

/// `strconv.FormatFloat(value, 'f', -1, 64)` of Go: the shortest digits that read back, without exponent.
#[must_use]
pub fn plain(value: f64) -> String {
    match special(value) {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

/// The shortest digits that read back, with an exponent from a power of ten on.
pub(crate) fn general_from(value: f64, exponent_from: i32) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && (exponent < -4 || exponent >= exponent_from) {
        return with_exponent(digits, exponent);
    }
    value.to_string()
}

/// `%.<digits>g` of Go; trailing zeros are left out.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let digits = digits.max(1);
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if exponent < -4 || exponent >= limit {
        return with_exponent(&trimmed(mantissa), exponent);
    }
    let decimals = usize::try_from(limit - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{value:.decimals$}"))
}

pub(crate) fn with_exponent(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

pub(crate) fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("+Inf")
    } else if value == f64::NEG_INFINITY {
        Some("-Inf")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Go's rules: `%v` has an exponent below 1e-4 and from 1e21 on, of two digits at least; halves go to the even digit.
    #[test]
    fn numbers_are_printed_as_go_does() {
        for (value, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (f64::INFINITY, "+Inf"),
            (-2.5e-7, "-2.5e-07"),
        ] {
            assert_eq!(general(value), text);
        }
        for (value, text) in [
            (1234.5, "1234"),
            (1235.5, "1236"),
            (0.01562, "0.01562"),
            (1.0, "1"),
            (123456.0, "1.235e+05"),
            (99.99999, "100"),
        ] {
            assert_eq!(significant(value, 4), text);
        }
        assert_eq!(plain(1e21), "1000000000000000000000");
    }
}
