//! What follows from what was counted.

use super::COVERED_LEAST;
use super::count::{self, Course, seconds};
use super::plan::Plan;
use crate::query;
use crate::windows::{BurnWindow, Duration};
use mainstay_promql::Labels;

/// Where an objective stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing is left of the budget.
    Exhausted,
    /// Something is left, and it burns so fast that an alert's long window says so.
    Burning,
    /// Too little of the window was seen, or no events.
    Unknown,
    /// Something is left.
    Kept,
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Burning => "burning",
            Self::Unknown => "unknown",
            Self::Kept => "kept",
        }
    }
}

/// When the budget will be gone, if it goes on burning as it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Exhaustion {
    /// It is gone.
    Gone,
    /// In so many seconds.
    In(f64),
    /// It will last.
    Lasts,
    /// How fast it burns is not known.
    Unknown,
}

/// How fast a budget burns over a window that ends now.
#[derive(Debug, Clone, PartialEq)]
pub struct Burn {
    /// The window.
    pub window: Duration,
    /// How many times faster than allowed; nothing where too little was seen, or no events.
    pub rate: Option<f64>,
    /// From which rate on an alert fires.
    pub threshold: f64,
    /// The events in it, where they are counted.
    pub events: Option<f64>,
    /// An alert looks at the window only where it holds more events than this: with fewer, a single bad one would be enough.
    pub needed: Option<f64>,
    /// The share of it that was seen.
    pub covered: f64,
}

impl Burn {
    /// Whether it holds enough events to mean something; whoever counts time has no such question.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        match (self.events, self.needed) {
            (Some(events), Some(needed)) => events > needed,
            _ => true,
        }
    }
}

/// A time of which nothing is recorded. In milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Its beginning.
    pub from: i64,
    /// Its end.
    pub until: i64,
}

/// How one series of an objective stands. Times in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// What tells the series from the others of the objective; empty where there is one.
    pub series: Labels,
    /// When the budget's window began.
    pub from: i64,
    /// Until when it was looked at.
    pub until: i64,
    /// When the window ends, where it does not roll.
    pub end: Option<i64>,
    /// Where the objective stands.
    pub state: State,
    /// The share that was good, of what was seen; nothing where nothing was.
    pub good: Option<f64>,
    /// Bad and all of what was seen: events, or seconds where `counts_events` is false.
    pub seen: (f64, f64),
    /// Whether what was seen are events. Where queries do not tell how many, only their shares are known.
    pub counts_events: bool,
    /// Whether numbers of them mean something by themselves.
    pub countable: bool,
    /// The share of the budget that is left; below 0 where more was burnt than there was.
    pub left: Option<f64>,
    /// The same in events or seconds.
    pub left_count: Option<f64>,
    /// How fast it burns, shortest window first.
    pub burns: Vec<Burn>,
    /// When it will be gone.
    pub exhaustion: Exhaustion,
    /// The window whose burn says so: the shortest that holds enough.
    pub present: Option<Duration>,
    /// The share of the window that was seen, of what counts.
    pub covered: f64,
    /// What was not.
    pub gaps: Vec<Gap>,
    /// How many seconds of the window do not count.
    pub excluded_s: f64,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// What was seen between two moments.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    bad: f64,
    total: f64,
    seen_s: f64,
    gap_s: f64,
}

impl Sum {
    fn of(plan: &Plan<'_>, course: &Course, from: i64, until: i64) -> Self {
        let mut sum = Self::default();
        let within = plan.pieces.iter().zip(course).filter(|(piece, _)| piece.from >= from && piece.to <= until);
        for (piece, seen) in within {
            match seen {
                Some(seen) => {
                    sum.bad += seen.bad;
                    sum.total += seen.total;
                    sum.seen_s += seconds(piece);
                }
                None => sum.gap_s += seconds(piece),
            }
        }
        sum
    }

    /// The share that was seen; 0 of no time.
    fn covered(&self) -> f64 {
        let all = self.seen_s + self.gap_s;
        if all > 0.0 { self.seen_s / all } else { 0.0 }
    }

    fn share(&self) -> Option<f64> {
        (self.total > 0.0).then(|| self.bad / self.total)
    }
}

pub(super) fn judge(plan: &Plan<'_>, answers: &[&[super::Answered]]) -> Vec<Status> {
    let mut counted = count::count(plan, answers);
    if counted.courses.is_empty() {
        if counted.notes.is_empty() {
            counted.notes.insert("nothing is recorded of its indicator".to_owned());
        }
        counted.courses.insert(Labels::default(), vec![None; plan.pieces.len()]);
    }
    let notes: Vec<String> = counted.notes.into_iter().collect();
    counted.courses.into_iter().map(|(series, course)| one(plan, series, &course, notes.clone())).collect()
}

fn one(plan: &Plan<'_>, series: Labels, course: &Course, notes: Vec<String>) -> Status {
    let events = plan.slo.indicator.events.as_ref();
    let countable = events.is_none_or(|events| query::counts(&events.total).is_some());
    let sum = Sum::of(plan, course, plan.from, plan.until);
    let budget = plan.slo.budget();
    let allowed = allowed(plan, &sum);
    let left = left(sum.bad, allowed, budget).filter(|_| sum.seen_s > 0.0);
    let burns: Vec<Burn> = burns(plan, course, countable && events.is_some());
    let mut status = Status {
        series,
        from: plan.from,
        until: plan.until,
        end: plan.end,
        state: State::Unknown,
        good: sum.share().map(|bad| 1.0 - bad),
        seen: (sum.bad, sum.total),
        counts_events: events.is_some(),
        countable,
        left,
        left_count: left.map(|_| allowed - sum.bad).filter(|_| countable),
        exhaustion: Exhaustion::Unknown,
        present: None,
        covered: sum.covered(),
        gaps: gaps(plan, course),
        excluded_s: (seconds_between(plan.from, plan.until) - sum.seen_s - sum.gap_s).max(0.0),
        burns,
        notes,
    };
    status.state = state(&status, &sum, budget);
    (status.exhaustion, status.present) = exhaustion(plan, course, &status, allowed - sum.bad);
    status.notes.extend(low_traffic(&status));
    status
}

/// How much may be bad: of the events so far, or of all the time that the window has or, where it ends, will have had.
fn allowed(plan: &Plan<'_>, sum: &Sum) -> f64 {
    let ahead = match plan.end {
        Some(end) if plan.slo.indicator.events.is_none() => seconds_between(plan.until, end).max(0.0),
        _ => 0.0,
    };
    plan.slo.budget() * (sum.total + ahead)
}

/// The share of a budget that is left. Of none, all is left until something is bad.
fn left(bad: f64, allowed: f64, budget: f64) -> Option<f64> {
    if allowed > 0.0 {
        return Some(1.0 - bad / allowed);
    }
    let some = budget <= 0.0 || bad <= 0.0;
    some.then_some(if bad > 0.0 { 0.0 } else { 1.0 })
}

fn state(status: &Status, sum: &Sum, budget: f64) -> State {
    let Some(left) = status.left.filter(|_| sum.total > 0.0) else { return State::Unknown };
    if status.covered < COVERED_LEAST {
        // As many good ones as were seen in as long a time would not mend it: that is known whatever the gaps held.
        let most = budget * sum.total / status.covered.max(f64::MIN_POSITIVE);
        return if left <= 0.0 && sum.bad > most { State::Exhausted } else { State::Unknown };
    }
    let burns = |burn: &Burn| burn.is_enough() && burn.rate.is_some_and(|rate| rate > burn.threshold);
    match left {
        left if left <= 0.0 => State::Exhausted,
        _ if status.burns.iter().any(burns) => State::Burning,
        _ => State::Kept,
    }
}

fn burns(plan: &Plan<'_>, course: &Course, counted: bool) -> Vec<Burn> {
    let windows = [plan.windows.page.quick, plan.windows.page.slow, plan.windows.ticket.slow];
    let burn = |(window, length): (BurnWindow, Duration)| {
        let sum = Sum::of(plan, course, plan.until - length.as_ms(), plan.until);
        let budget = plan.slo.budget();
        let threshold = plan.windows.factor(window);
        let rate = sum.share().filter(|_| sum.covered() >= COVERED_LEAST).map(|bad| bad / budget);
        Burn {
            window: length,
            rate: rate.filter(|rate| rate.is_finite()),
            threshold,
            events: counted.then_some(sum.total),
            needed: counted.then(|| crate::rules::events_needed(threshold, budget)),
            covered: sum.covered(),
        }
    };
    windows.into_iter().zip(plan.burn_windows()).map(burn).collect()
}

/// When the budget will be gone at the burn of the shortest window that holds enough.
fn exhaustion(plan: &Plan<'_>, course: &Course, status: &Status, rest: f64) -> (Exhaustion, Option<Duration>) {
    match status.state {
        State::Exhausted => return (Exhaustion::Gone, None),
        State::Unknown => return (Exhaustion::Unknown, None),
        State::Burning | State::Kept => {}
    }
    let present = status.burns.iter().find(|burn| burn.rate.is_some() && burn.is_enough());
    let Some(present) = present else { return (Exhaustion::Unknown, None) };
    let sum = Sum::of(plan, course, plan.until - present.window.as_ms(), plan.until);
    let (bad, all) = (sum.bad / sum.seen_s, sum.total / sum.seen_s);
    // The budget of events grows with them until the window ends; that of a rolling window is as large as it was.
    let grows = if plan.end.is_some() && plan.slo.indicator.events.is_some() { plan.slo.budget() * all } else { 0.0 };
    let seconds = rest / (bad - grows);
    // Of a rolling window, what burns no faster than allowed is given back as fast.
    let lasts = match plan.end {
        Some(end) => bad <= grows || seconds >= seconds_between(plan.until, end),
        None => present.rate.is_none_or(|rate| rate <= 1.0),
    };
    (if lasts { Exhaustion::Lasts } else { Exhaustion::In(seconds) }, Some(present.window))
}

/// What the guard for few events means for an objective now.
fn low_traffic(status: &Status) -> Option<String> {
    let seen = || status.burns.iter().filter(|burn| burn.covered >= COVERED_LEAST);
    let few = seen().find(|burn| !burn.is_enough())?;
    let (events, needed) = (few.events?, few.needed?);
    let instead = seen().find(|burn| burn.is_enough());
    let instead = instead.map_or_else(
        || "no window of its alerts holds enough".to_owned(),
        |burn| format!("alerts go by the window of {}", burn.window),
    );
    Some(format!(
        "few events: {events:.0} in {}, of which an alert needs more than {needed:.0}, as fewer would make a single bad one enough; {instead}",
        few.window
    ))
}

fn gaps(plan: &Plan<'_>, course: &Course) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for (piece, seen) in plan.pieces.iter().zip(course).filter(|(piece, _)| piece.from >= plan.from) {
        match (seen, gaps.last_mut()) {
            (Some(_), _) => {}
            (None, Some(last)) if last.until == piece.from => last.until = piece.to,
            (None, _) => gaps.push(Gap { from: piece.from, until: piece.to }),
        }
    }
    gaps
}

#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53 milliseconds")]
fn seconds_between(from: i64, to: i64) -> f64 {
    (to - from) as f64 / 1_000.0
}
