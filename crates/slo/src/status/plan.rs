//! What is to be asked to know how an objective stands.

use super::{Answered, SLOT, Status};
use crate::rules::{self, Options};
use crate::windows::{AlertWindows, Duration};
use crate::{Slo, query};
use jiff::Timestamp;
use mainstay_model::Span;
use mainstay_promql::Grid;

/// A query, and when it is to be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The query.
    pub query: String,
    /// The moments.
    pub grid: Grid,
}

/// A part of the time that counts: a whole slot, or what maintenance leaves of one. In milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub from: i64,
    pub to: i64,
    pub whole: bool,
}

impl Piece {
    pub fn ms(&self) -> i64 {
        self.to - self.from
    }
}

/// What is to be asked of one objective, and what its answers are about.
#[derive(Debug, Clone)]
pub struct Plan<'s> {
    pub(super) slo: &'s Slo,
    pub(super) windows: AlertWindows,
    /// The window so far.
    pub(super) from: i64,
    pub(super) until: i64,
    /// When the window ends, where that is a day of the calendar.
    pub(super) end: Option<i64>,
    /// What counts, from the longest window of a burn rate or the budget's on.
    pub(super) pieces: Vec<Piece>,
    slot: Duration,
    grid: Option<Grid>,
}

impl<'s> Plan<'s> {
    /// The plan for an objective at a moment. `out` is time that does not count, such as maintenance.
    #[must_use]
    pub fn of(slo: &'s Slo, options: &Options, now: Timestamp, out: &[Span]) -> Self {
        let windows = rules::windows_of(slo, options);
        let slot = slot_of(slo, windows.period);
        let slot_ms = slot.as_ms();
        let now = now.as_millisecond();
        let calendar = slo.calendar.as_ref().and_then(|calendar| calendar.window(at(now)));
        let (from, until, end) = if let Some(window) = calendar {
            let from = window.from.as_millisecond();
            (from, from + (now - from).div_euclid(slot_ms) * slot_ms, Some(window.to.as_millisecond()))
        } else {
            let until = now.div_euclid(slot_ms) * slot_ms;
            (until - (windows.period.as_ms() / slot_ms) * slot_ms, until, None)
        };
        let longest = burn_windows(&windows).map(Duration::as_ms).into_iter().max().unwrap_or_default();
        let back = longest.div_euclid(slot_ms) + i64::from(longest % slot_ms > 0);
        let first = from.min(until - back * slot_ms);
        let pieces = pieces((first, until), slot_ms, out);
        let grid = Grid::range(first + slot_ms, until, slot_ms).ok();
        Self { slo, windows, from, until, end, pieces, slot, grid }
    }

    /// What is to be asked, in the order in which [`Plan::judge`] wants the answers.
    #[must_use]
    pub fn asks(&self) -> Vec<Ask> {
        let mut asks = Vec::new();
        for template in self.templates() {
            asks.extend(self.grid.map(|grid| Ask { query: query::over(template, self.slot), grid }));
            for piece in self.edges() {
                // Ranges are whole seconds; maintenance that begins within one is rounded to it when it is read.
                let length = Duration(u64::try_from(piece.ms() / 1_000).unwrap_or(1).max(1));
                asks.push(Ask { query: query::over(template, length), grid: Grid::instant(piece.to) });
            }
        }
        asks
    }

    /// How the objective stands by the answers: one status for each series that the indicator has.
    #[must_use]
    pub fn judge(&self, answers: &[Answered]) -> Vec<Status> {
        let each = answers.len().checked_div(self.templates().len()).unwrap_or_default().max(1);
        super::judge::judge(self, &answers.chunks(each).collect::<Vec<_>>())
    }

    /// The queries of the indicator: bad or good events and all of them, or a share.
    fn templates(&self) -> Vec<&'s str> {
        match &self.slo.indicator.events {
            Some(events) => vec![events.good.as_ref().unwrap_or(&events.errors), &events.total],
            None => vec![&self.slo.indicator.error_ratio],
        }
    }

    /// What maintenance leaves of slots.
    pub(super) fn edges(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(|piece| !piece.whole)
    }

    /// The windows over which the burn is told.
    pub(super) fn burn_windows(&self) -> [Duration; 3] {
        burn_windows(&self.windows)
    }
}

/// The long windows of the alerts: an hour, six hours and three days where nobody chose others. That of one day is left out,
/// which says little that six hours and three days do not.
fn burn_windows(windows: &AlertWindows) -> [Duration; 3] {
    [windows.page.quick.long, windows.page.slow.long, windows.ticket.slow.long]
}

/// Slots hold whole slices of time, where an objective counts those.
fn slot_of(slo: &Slo, period: Duration) -> Duration {
    let slot = match slo.indicator.slice {
        Some(slice) => Duration(SLOT.0.div_ceil(slice.0.max(1)) * slice.0.max(1)),
        None => SLOT,
    };
    Duration(slot.0.min(period.0.max(1)))
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MIN)
}

/// The slots between two moments without what does not count.
fn pieces((first, until): (i64, i64), slot_ms: i64, out: &[Span]) -> Vec<Piece> {
    // Whole seconds, outwards: a range of PromQL has no smaller part.
    let second = |at: Timestamp, up: bool| (at.as_millisecond() + if up { 999 } else { 0 }).div_euclid(1_000) * 1_000;
    let out: Vec<(i64, i64)> = Span::union(out.to_vec())
        .into_iter()
        .map(|span| (second(span.from, false), second(span.to, true)))
        .filter(|(from, to)| *from < until && *to > first)
        .collect();
    let mut pieces = Vec::new();
    let mut from = first;
    let mut next = 0;
    while from < until {
        let to = from + slot_ms;
        while out.get(next).is_some_and(|(_, end)| *end <= from) {
            next += 1;
        }
        let mut begin = from;
        for (cut, end) in out[next..].iter().take_while(|(cut, _)| *cut < to) {
            if *cut > begin {
                pieces.push(Piece { from: begin, to: *cut, whole: false });
            }
            begin = begin.max(*end);
        }
        if begin < to {
            pieces.push(Piece { from: begin, to, whole: begin == from && !touches(&out[next..], from, to) });
        }
        from = to;
    }
    pieces
}

fn touches(out: &[(i64, i64)], from: i64, to: i64) -> bool {
    out.first().is_some_and(|(cut, end)| *cut < to && *end > from)
}
