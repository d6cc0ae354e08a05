//! Queries with a window left open.

use crate::windows::Duration;

/// Stands for the window in a query, as in Sloth's templates.
pub const WINDOW: &str = "{{.window}}";

/// A query with every spelling of the window's template made one.
pub fn template(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else { break };
        let inner = rest[start + 2..start + length].trim_matches(['-', ' ', '\t']);
        out += &rest[..start];
        out += if inner == ".window" { WINDOW } else { &rest[start..start + length + 2] };
        rest = &rest[start + length + 2..];
    }
    out + rest
}

/// The query over a window.
pub fn over(template: &str, window: Duration) -> String {
    template.replace(WINDOW, &window.to_string())
}

/// How many events a query counts in a window, as what its value must be multiplied by; nothing where that cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Events a second.
    ASecond,
    /// Events of the whole window.
    AWindow,
}

/// What a query counts, by the function that reaches over its window.
pub fn counts(template: &str) -> Option<Counts> {
    let has = |names: &[&str]| names.iter().any(|name| template.contains(&format!("{name}(")));
    match (has(&["rate", "irate"]), has(&["increase", "count_over_time", "sum_over_time", "delta"])) {
        (true, false) => Some(Counts::ASecond),
        (false, true) => Some(Counts::AWindow),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_window_is_one() {
        assert_eq!(
            template("rate(x[{{ .window }}]) / rate(y[{{.window}}])"),
            "rate(x[{{.window}}]) / rate(y[{{.window}}])"
        );
        assert_eq!(template("x{a=\"{{ b }}\"} {{"), "x{a=\"{{ b }}\"} {{");
        assert_eq!(over("rate(x[{{.window}}])", Duration(300)), "rate(x[5m])");
    }

    #[test]
    fn what_a_query_counts_is_told_by_its_function() {
        assert_eq!(counts("sum(rate(x[{{.window}}]))"), Some(Counts::ASecond));
        assert_eq!(counts("sum(increase(x[{{.window}}]))"), Some(Counts::AWindow));
        assert_eq!(counts("sum(rate(x[1m])) + sum(increase(y[1m]))"), None);
        assert_eq!(counts("x"), None);
    }
}
