//! A group of alerts of one route, with its timer.

use crate::config::Route;
use crate::sent::sum;
use jiff::Timestamp;
use mainstay_promql::Labels;
use std::collections::HashMap;

/// An alert as it is kept.
#[derive(Debug, Clone)]
pub struct Alert {
    pub fingerprint: u64,
    pub labels: Labels,
    pub starts: Timestamp,
    pub ends: Timestamp,
    /// Whether its end is only that of the resolve timeout.
    pub timeout: bool,
}

impl Alert {
    /// What one and the same alert is after it was posted again: Alertmanager's `Merge`, in which this is the older one.
    pub fn merged(&self, newer: &Self, now: Timestamp) -> Self {
        let mut out = newer.clone();
        out.starts = out.starts.min(self.starts);
        let is_later = self.ends > newer.ends;
        let keeps_end = if newer.ends <= now { self.ends <= now && is_later } else { is_later && !self.timeout };
        if keeps_end {
            out.ends = self.ends;
        }
        out
    }

    /// Whether two statements about an alert overlap so that they are merged; otherwise the newer replaces the older.
    pub fn overlaps(&self, newer: &Self) -> bool {
        (newer.ends > self.starts && newer.ends < self.ends) || (newer.starts > self.starts && newer.starts < self.ends)
    }
}

/// Alerts of one route with the same values of the labels that it groups by.
#[derive(Debug)]
pub struct Group {
    pub route: usize,
    pub labels: Labels,
    /// Alertmanager's key: the route's, and the labels.
    pub key: String,
    pub alerts: HashMap<u64, Alert>,
    /// When it is looked at next. Entries of the queue with another time are void.
    pub next: Timestamp,
    has_flushed: bool,
}

impl Group {
    /// An empty group that waits.
    pub fn new(number: usize, route: &Route, labels: Labels, now: Timestamp) -> Self {
        let key = format!("{}:{}", route.key, quoted(&labels));
        let next = sum(now, route.group_wait);
        Self { route: number, labels, key, alerts: HashMap::new(), next, has_flushed: false }
    }

    /// Takes an alert; true where the group must be looked at now because the alert has waited long enough elsewhere.
    pub fn insert(&mut self, alert: Alert, route: &Route, now: Timestamp) -> bool {
        let is_due = !self.has_flushed && sum(alert.starts, route.group_wait) < now;
        self.alerts.insert(alert.fingerprint, alert);
        if is_due {
            self.next = now;
        }
        is_due
    }

    /// The timer has run out; it is wound up again.
    pub fn wind(&mut self, route: &Route, now: Timestamp) {
        self.has_flushed = true;
        self.next = sum(now, route.group_interval);
    }
}

/// Labels as Go prints them: `{a="b", c="d"}`.
fn quoted(labels: &Labels) -> String {
    let parts: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={}", go_quoted(value))).collect();
    format!("{{{}}}", parts.join(", "))
}

/// A text in quotes as `%q` of Go writes it.
fn go_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn alert(starts: i64, ends: i64, timeout: bool) -> Alert {
        Alert { fingerprint: 1, labels: Labels::default(), starts: at(starts), ends: at(ends), timeout }
    }

    fn ends(old: &Alert, new: &Alert, now: i64) -> (i64, i64) {
        let merged = old.merged(new, at(now));
        (merged.starts.as_second(), merged.ends.as_second())
    }

    #[test]
    fn merging_keeps_the_earliest_start_and_an_end_that_was_meant() {
        // Types and rules of `Alert.Merge`, types/types.go of 0.25. An explicit end that is later rules ...
        assert_eq!(ends(&alert(10, 100, false), &alert(20, 80, false), 30), (10, 100));
        // ... but not one of the timeout.
        assert_eq!(ends(&alert(10, 100, true), &alert(20, 80, false), 30), (10, 80));
        // A resolution counts, and of two the later.
        assert_eq!(ends(&alert(10, 100, false), &alert(10, 50, false), 60), (10, 50));
        assert_eq!(ends(&alert(10, 55, false), &alert(10, 50, false), 60), (10, 55));
        assert!(alert(10, 100, false).overlaps(&alert(10, 50, false)));
        assert!(!alert(10, 100, false).overlaps(&alert(10, 100, false)));
        assert!(!alert(10, 100, false).overlaps(&alert(100, 200, false)));
    }

    #[test]
    fn labels_are_quoted_as_in_go() {
        let labels = Labels::new([("b", "x\"\\\n"), ("a", "é\u{1}")]);
        assert_eq!(quoted(&labels), "{a=\"é\\x01\", b=\"x\\\"\\\\\\n\"}");
    }
}
