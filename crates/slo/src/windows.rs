//! Periods and windows: how fast a budget may burn, and over what it is looked at.

use std::fmt;

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
const WEEK: u64 = 7 * DAY;
/// Periods from here on are watched by shares of their budget; shorter ones by the burn rates of thirty days, as the
/// same shares of a week would be burnt by what is allowed.
const SHARES_FROM: Duration = Duration(28 * DAY);
const THIRTY_DAYS: Duration = Duration(30 * DAY);

/// A length of time in whole seconds, written as Prometheus writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

impl Duration {
    /// Reads `30d`, `1h30m`, `90m`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut seconds, mut number, mut any) = (0_u64, None::<u64>, false);
        for c in text.chars() {
            if let Some(digit) = c.to_digit(10) {
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?);
                continue;
            }
            let unit = match c {
                's' => SECOND,
                'm' => MINUTE,
                'h' => HOUR,
                'd' => DAY,
                'w' => WEEK,
                'y' => 365 * DAY,
                _ => return None,
            };
            seconds = seconds.checked_add(number.take()?.checked_mul(unit)?)?;
            any = true;
        }
        (any && number.is_none() && seconds > 0).then_some(Self(seconds))
    }

    /// Of days.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self(days * DAY)
    }

    #[expect(clippy::cast_precision_loss, reason = "periods are far below 2^53 seconds")]
    pub(crate) const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// In milliseconds, in which series have their times.
    #[must_use]
    pub fn as_ms(self) -> i64 {
        i64::try_from(self.0.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }

    pub(crate) fn in_days(self) -> f64 {
        self.as_f64() / Self(DAY).as_f64()
    }
}

impl fmt::Display for Duration {
    /// The largest unit that divides it: `4w`, `30d`, `36h`, `90m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(WEEK, 'w'), (DAY, 'd'), (HOUR, 'h'), (MINUTE, 'm'), (SECOND, 's')];
        // Zero cannot be made, and every number is a number of seconds.
        let (unit, letter) = units.into_iter().find(|(unit, _)| self.0.is_multiple_of(*unit)).unwrap_or((SECOND, 's'));
        let compound = unit < DAY && self.0 > DAY && unit != HOUR;
        if compound { write!(f, "{}s", self.0) } else { write!(f, "{}{letter}", self.0 / unit) }
    }
}

/// One condition of an alert: burnt over a long window, and still burning over a short one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnWindow {
    /// The short window, which makes the alert end soon.
    pub short: Duration,
    /// The long window, which makes it mean something.
    pub long: Duration,
    /// The share of the period's budget that is gone when it fires, in percent.
    pub budget_percent: f64,
}

/// The two conditions of an alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Windows {
    /// A fast burn.
    pub quick: BurnWindow,
    /// A slower one over longer.
    pub slow: BurnWindow,
}

/// The conditions of both alerts for a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlertWindows {
    /// The period that they are for.
    pub period: Duration,
    /// Of the alert that wakes somebody.
    pub page: Windows,
    /// Of the one that can wait.
    pub ticket: Windows,
    /// Whether shares are of this period, or of thirty days.
    by_rate: bool,
}

impl AlertWindows {
    /// Those that somebody chose for a period.
    #[must_use]
    pub const fn new(period: Duration, page: Windows, ticket: Windows) -> Self {
        Self { period, page, ticket, by_rate: false }
    }

    /// The usual ones (The Site Reliability Workbook, chapter 5): 2 % of the budget in an hour and 5 % in six wake somebody,
    /// 10 % in one day or in three can wait. For a period below 28 days the same burn rates: 14.4, 6, 3 and 1.
    #[must_use]
    pub fn usual(period: Duration) -> Self {
        let window =
            |short, long, budget_percent| BurnWindow { short: Duration(short), long: Duration(long), budget_percent };
        Self {
            period,
            page: Windows { quick: window(5 * MINUTE, HOUR, 2.0), slow: window(30 * MINUTE, 6 * HOUR, 5.0) },
            ticket: Windows { quick: window(2 * HOUR, DAY, 10.0), slow: window(6 * HOUR, 3 * DAY, 10.0) },
            by_rate: period < SHARES_FROM,
        }
    }

    /// How many times faster than allowed the budget burns when the condition holds.
    #[must_use]
    pub fn factor(&self, window: BurnWindow) -> f64 {
        let period = if self.by_rate { THIRTY_DAYS } else { self.period };
        (window.budget_percent / 100.0) * (period.as_f64() / window.long.as_f64())
    }

    /// Every window, each once, shortest first.
    #[must_use]
    pub fn all(&self) -> Vec<Duration> {
        let windows = [self.page.quick, self.page.slow, self.ticket.quick, self.ticket.slow];
        let mut all: Vec<Duration> = windows.iter().flat_map(|window| [window.short, window.long]).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_as_prometheus_does() {
        let check = |text: &str, seconds: u64, shown: &str| {
            let read = Duration::parse(text);
            assert_eq!(read, Some(Duration(seconds)), "{text}");
            assert_eq!(read.unwrap().to_string(), shown, "{text}");
        };
        check("5m", 300, "5m");
        check("1h30m", 5_400, "90m");
        check("30d", 30 * 86_400, "30d");
        check("28d", 28 * 86_400, "4w");
        check("36h", 129_600, "36h");
        for wrong in ["", "5", "m", "5x", "0d", "1d2", "99999999999999999999d"] {
            assert_eq!(Duration::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn burn_rates_are_those_of_the_workbook() {
        let of = |days| {
            let windows = AlertWindows::usual(Duration::days(days));
            [windows.page.quick, windows.page.slow, windows.ticket.quick, windows.ticket.slow]
                .map(|w| windows.factor(w))
        };
        let near = |found: [f64; 4], expected: [f64; 4]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
        };
        near(of(30), [14.4, 6.0, 3.0, 1.0]);
        near(of(28), [13.44, 5.6, 2.8, 28.0 / 30.0]);
        near(of(7), [14.4, 6.0, 3.0, 1.0]);
    }
}
