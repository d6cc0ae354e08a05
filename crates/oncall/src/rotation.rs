//! Whose turn it is: hand-offs at times on a wall, counted from the first one.

use crate::civil::{Skipped, instant, is_skipped};
use crate::{People, Weekdays};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A length of time on a wall: months, then minutes. A day has 24 hours here, whatever the clocks do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Length {
    /// Months, which are as long as the calendar says; a day that a month does not have is its last.
    pub months: i32,
    /// Minutes.
    pub minutes: i32,
}

/// Minutes of a day on a wall.
pub(crate) const MINUTES_OF_DAY: i32 = 24 * 60;

/// How far a rotation is looked at for hand-offs within one gap of a zone: none jumps over more than a day, and no turn is
/// shorter than an hour.
const GAP_HANDOFFS_MAX: i64 = 25;

/// Turns in a fixed order. Pure arithmetic: any turn is found without those before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation {
    /// When the first turn begins, on a wall of the layer's zone.
    pub start: DateTime,
    /// How long turns are: one length for all, or several that follow each other in a circle.
    pub every: Vec<Length>,
    /// How long of its turn somebody is on duty; all of it where nothing is said.
    pub lasts: Option<Length>,
    /// The days on which there is duty at all: turns are made of such days only, and pass only on them.
    pub on: Option<Weekdays>,
    /// Whose turns they are, in order: several people may have one together.
    pub turns: Vec<People>,
}

/// A stretch of somebody's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Which turn: 0 is the first of the rotation.
    pub number: i64,
    /// From when.
    pub start: Timestamp,
    /// The first instant behind it.
    pub end: Timestamp,
}

impl Rotation {
    /// Who has a turn.
    #[must_use]
    pub fn people(&self, number: i64) -> Option<&People> {
        let count = i64::try_from(self.turns.len()).ok().filter(|count| *count > 0)?;
        self.turns.get(usize::try_from(number.rem_euclid(count)).ok()?)
    }

    /// The turns that touch a time, in order, none before the other ends. A turn that lies in a gap of the zone's clocks is
    /// left out.
    #[must_use]
    pub fn turns(&self, zone: &TimeZone, skipped: Skipped, from: Timestamp, to: Timestamp) -> Vec<Turn> {
        if self.turns.is_empty() || from >= to || !self.is_advancing() {
            return Vec::new();
        }
        match &self.on {
            Some(days) => self.turns_of_days(*days, zone, skipped, from, to),
            None => self.turns_in_circle(zone, skipped, from, to),
        }
    }

    fn is_advancing(&self) -> bool {
        !self.every.is_empty() && self.every.iter().all(|length| length.months > 0 || length.minutes > 0)
    }

    fn turns_in_circle(&self, zone: &TimeZone, skipped: Skipped, from: Timestamp, to: Timestamp) -> Vec<Turn> {
        let walls = Walls { rotation: self, zone, skipped };
        let mut out = Vec::new();
        let mut number = walls.before(from.to_zoned(zone.clone()).datetime());
        let mut start = walls.handoff(number);
        while start < to {
            let next = walls.handoff(number + 1);
            let end = match self.lasts {
                None => next,
                Some(lasts) => next.min(instant(add(walls.wall(number), lasts), zone, skipped)),
            };
            if start < end && end > from {
                out.push(Turn { number, start, end });
            }
            if next <= start && next == Timestamp::MAX {
                break;
            }
            (number, start) = (number + 1, next);
        }
        out
    }

    /// Turns of so many days each, counting only days on which there is duty. A day lasts from the hand-off on it to the one
    /// on the day that follows.
    fn turns_of_days(
        &self,
        days: Weekdays,
        zone: &TimeZone,
        skipped: Skipped,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<Turn> {
        let first = self.start.date();
        let length = i64::from(self.every[0].minutes / MINUTES_OF_DAY).max(1);
        let mut out: Vec<Turn> = Vec::new();
        let reach = Span::new().days(3);
        let mut date = from.to_zoned(zone.clone()).date().saturating_sub(reach);
        let last = to.to_zoned(zone.clone()).date().saturating_add(reach);
        while date < last {
            let Ok(next) = date.tomorrow() else { break };
            if days.has(date.weekday()) {
                let number = days.between(first, date).div_euclid(length);
                let at = |date: Date| instant(date.to_datetime(self.start.time()), zone, skipped);
                let end = match self.lasts {
                    None => at(next),
                    Some(lasts) => {
                        at(next).min(instant(add(date.to_datetime(self.start.time()), lasts), zone, skipped))
                    }
                };
                let start = at(date);
                if start < end && start < to && end > from {
                    out.push(Turn { number, start, end });
                }
            }
            date = next;
        }
        out
    }
}

/// Hand-offs of a rotation on the walls of a zone.
struct Walls<'r> {
    rotation: &'r Rotation,
    zone: &'r TimeZone,
    skipped: Skipped,
}

impl Walls<'_> {
    /// When a turn begins. Counted from the first, so that a month of 28 days does not shorten the one behind it.
    fn wall(&self, number: i64) -> DateTime {
        let every = &self.rotation.every;
        let count = i64::try_from(every.len()).unwrap_or(1);
        let (circles, within) = (number.div_euclid(count), usize::try_from(number.rem_euclid(count)).unwrap_or(0));
        let sum = |of: fn(&Length) -> i32, lengths: &[Length]| lengths.iter().map(of).map(i64::from).sum::<i64>();
        let total = |of: fn(&Length) -> i32| circles * sum(of, every) + sum(of, &every[..within]);
        add_wide(self.rotation.start, total(|length| length.months), total(|length| length.minutes))
    }

    /// The instant at which a turn begins. Where a zone's clocks jump over the hand-off, a later one that comes before it
    /// goes first: no turn begins before the one ahead of it.
    fn handoff(&self, number: i64) -> Timestamp {
        let wall = self.wall(number);
        let own = instant(wall, self.zone, self.skipped);
        if !is_skipped(wall, self.zone) {
            return own;
        }
        let later = (1..=GAP_HANDOFFS_MAX).map(|ahead| instant(self.wall(number + ahead), self.zone, self.skipped));
        later.fold(own, Timestamp::min)
    }

    /// A turn that begins before a time on a wall, and not far before.
    fn before(&self, at: DateTime) -> i64 {
        let every = &self.rotation.every;
        let of_month = MINUTES_OF_DAY * 365 / 12;
        let circle =
            every.iter().map(|length| i64::from(length.months) * i64::from(of_month) + i64::from(length.minutes));
        let circle = circle.sum::<i64>().max(1);
        let count = i64::try_from(every.len()).unwrap_or(1);
        let ahead = at.duration_since(self.rotation.start).as_mins();
        let mut number = ahead.div_euclid(circle) * count;
        // A zone's clocks never move by more than a day, so that two days are before whatever is meant.
        let ample = at.saturating_sub(Span::new().days(2));
        while self.wall(number) > ample {
            number -= 1;
        }
        while self.wall(number + 1) <= ample {
            number += 1;
        }
        number
    }
}

fn add(at: DateTime, length: Length) -> DateTime {
    add_wide(at, i64::from(length.months), i64::from(length.minutes))
}

/// A time on a wall and so much more; the end of the calendar where it is behind that.
fn add_wide(at: DateTime, months: i64, minutes: i64) -> DateTime {
    let span = Span::new().try_months(months).and_then(|span| span.try_minutes(minutes));
    let edge = if months < 0 || minutes < 0 { DateTime::MIN } else { DateTime::MAX };
    span.map_or(edge, |span| at.saturating_add(span))
}
