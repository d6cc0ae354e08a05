//! Half-open spans of time, and calendar windows in a named zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a window is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// The end is not behind the start.
    #[error("a window must end after it starts; {0} is not before {1}")]
    Empty(String, String),
    /// The IANA database has no such zone.
    #[error("{0:?} is not a time zone of the IANA database, such as Europe/Berlin")]
    Zone(String),
    /// The date is none, or out of range.
    #[error("{0:?} is not a date such as 2026-11-01 or a time such as 2026-11-01T00:00:00Z")]
    Date(String),
}

/// A half-open span `[from, to)` of absolute time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant behind.
    pub to: Timestamp,
}

impl Span {
    /// Whether the instant lies inside; the start does, the end does not.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Whole seconds from start to end.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.to.as_second().saturating_sub(self.from.as_second())
    }

    /// What both spans share, if anything.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Option<Self> {
        let shared = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (shared.from < shared.to).then_some(shared)
    }

    /// Disjoint spans in order that cover exactly what the given ones cover.
    #[must_use]
    pub fn union(mut spans: Vec<Self>) -> Vec<Self> {
        spans.retain(|span| span.from < span.to);
        spans.sort_unstable();
        let mut out: Vec<Self> = Vec::with_capacity(spans.len());
        for span in spans {
            match out.last_mut() {
                Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
                _ => out.push(span),
            }
        }
        out
    }
}

/// A span that a figure is computed for, with the zone in which its days and months are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The half-open span.
    pub span: Span,
    /// The zone whose calendar cut the span.
    pub zone: TimeZone,
}

impl Window {
    /// A window from one instant to another.
    ///
    /// # Errors
    /// [`WindowError::Empty`] where `to` is not behind `from`.
    pub fn new(from: Timestamp, to: Timestamp, zone: TimeZone) -> Result<Self, WindowError> {
        if from >= to {
            return Err(WindowError::Empty(from.to_string(), to.to_string()));
        }
        Ok(Self { span: Span { from, to }, zone })
    }

    /// The zone of a name such as `Europe/Berlin`.
    ///
    /// # Errors
    /// [`WindowError::Zone`] where the IANA database has none of that name.
    pub fn zone(name: &str) -> Result<TimeZone, WindowError> {
        TimeZone::get(name).map_err(|_| WindowError::Zone(name.to_owned()))
    }

    /// Reads an instant (`2026-11-01T00:00:00Z`) or a date, which stands for its first instant in the zone.
    ///
    /// # Errors
    /// [`WindowError::Date`] where the text is neither.
    pub fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, WindowError> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(at);
        }
        let refused = || WindowError::Date(text.to_owned());
        let date: Date = text.parse().map_err(|_| refused())?;
        Ok(date.to_zoned(zone.clone()).map_err(|_| refused())?.timestamp())
    }

    /// The calendar month of the zone that holds the instant.
    ///
    /// # Errors
    /// [`WindowError::Date`] at the end of the supported calendar (years -9999 to 9999).
    pub fn month_of(at: Timestamp, zone: &TimeZone) -> Result<Self, WindowError> {
        let refused = || WindowError::Date(at.to_string());
        let first = at.to_zoned(zone.clone()).date().first_of_month();
        let next = first.checked_add(1.month()).map_err(|_| refused())?;
        let start = |date: Date| date.to_zoned(zone.clone()).map(|zoned| zoned.timestamp()).map_err(|_| refused());
        Self::new(start(first)?, start(next)?, zone.clone())
    }

    /// The calendar months of the zone that end at or before the end of this window's last month, oldest first.
    #[must_use]
    pub fn months_back(at: Timestamp, zone: &TimeZone, count: usize) -> Vec<Self> {
        let mut out = Vec::with_capacity(count);
        let mut cursor = at;
        for _ in 0..count {
            let Ok(month) = Self::month_of(cursor, zone) else { break };
            let Ok(before) = month.span.from.checked_sub(1.second()) else { break };
            cursor = before;
            out.push(month);
        }
        out.reverse();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_cut_by_the_zone_that_counts_it() {
        let berlin = Window::zone("Europe/Berlin").unwrap();
        let march = Window::month_of(at("2026-03-31T21:59:59Z"), &berlin).unwrap();
        // The clock went forward on 29 March, so this March has 743 hours.
        assert_eq!(march.span.from, at("2026-02-28T23:00:00Z"));
        assert_eq!(march.span.to, at("2026-03-31T22:00:00Z"));
        assert_eq!(march.span.seconds(), 743 * 3600);
    }

    #[test]
    fn spans_are_half_open_and_their_union_counts_nothing_twice() {
        let span = |from, to| Span { from: at(from), to: at(to) };
        let (a, b) = (
            span("2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z"),
            span("2026-01-01T01:00:00Z", "2026-01-01T03:00:00Z"),
        );
        assert!(a.contains(a.from) && !a.contains(a.to));
        let total: i64 = Span::union(vec![b, a]).iter().map(Span::seconds).sum();
        assert_eq!(total, 3 * 3600);
        assert_eq!(a.overlap(&b).unwrap().seconds(), 3600);
    }

    #[test]
    fn months_back_are_in_order_and_touch() {
        let months = Window::months_back(at("2026-03-10T00:00:00Z"), &TimeZone::UTC, 3);
        assert_eq!(months.len(), 3);
        assert_eq!(months[0].span.from, at("2026-01-01T00:00:00Z"));
        assert!(months.windows(2).all(|pair| pair[0].span.to == pair[1].span.from));
    }

    #[test]
    fn a_date_stands_for_its_first_instant_in_the_zone() {
        let berlin = Window::zone("Europe/Berlin").unwrap();
        assert_eq!(Window::instant("2026-07-01", &berlin).unwrap(), at("2026-06-30T22:00:00Z"));
        assert!(Window::instant("01.07.2026", &berlin).is_err());
        assert!(Window::zone("Europe/Nowhere").is_err());
    }
}
