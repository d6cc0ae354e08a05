//! From a schedule to who is on duty when.
//!
//! Every time at which anything begins or ends cuts the line of time; between two cuts nothing changes, so that each piece is
//! decided once: layers or a temporary schedule, then overrides, then swaps.

use crate::hours::{Stretch, joined, stretches};
use crate::{Change, Layer, People, PersonAt, Roster, Schedule};
use jiff::Timestamp;
use std::sync::Arc;

/// Somebody is on duty without a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// From when.
    pub start: Timestamp,
    /// The first instant behind it.
    pub end: Timestamp,
    /// Who: those whose turn it is together. Of an empty shift, who should have been there.
    pub people: People,
    /// What puts them there.
    pub source: Source,
    /// Whether somebody is there for another, after a swap.
    pub is_swapped: bool,
}

/// What puts people on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A turn of a layer.
    Layer {
        /// The number of the layer.
        layer: usize,
        /// The number of the turn.
        turn: i64,
    },
    /// A shift of a temporary schedule.
    Temporary {
        /// The number of the temporary schedule.
        schedule: usize,
        /// The number of the shift.
        shift: usize,
    },
    /// An override, by its number.
    Override(usize),
}

/// Nobody is on duty although somebody should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// From when.
    pub start: Timestamp,
    /// The first instant behind it.
    pub end: Timestamp,
}

/// Who is on duty when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Shifts with somebody, by their start. Those at the edges are cut to the time that was asked for.
    pub shifts: Vec<Shift>,
    /// Shifts of which nobody is there: gone, never known, or nobody was named.
    pub empty: Vec<Shift>,
    /// When nobody is on duty although somebody should be.
    pub gaps: Vec<Gap>,
    /// When people of several sources are on duty at once, which may be meant.
    pub doubles: Vec<Gap>,
}

/// What a source says for a while.
#[derive(Debug, Clone)]
struct Piece {
    start: Timestamp,
    end: Timestamp,
    people: People,
    source: Source,
}

/// Pieces of one source that do not overlap, walked along.
struct Lane {
    pieces: Vec<Piece>,
    at: usize,
    priority: i64,
}

impl Lane {
    fn now(&mut self, at: Timestamp) -> Option<&Piece> {
        while self.pieces.get(self.at).is_some_and(|piece| piece.end <= at) {
            self.at += 1;
        }
        self.pieces.get(self.at).filter(|piece| piece.start <= at)
    }
}

/// Who is on duty between two times.
#[must_use]
pub fn expand(roster: &Roster, schedule: &Schedule, from: Timestamp, to: Timestamp) -> Expansion {
    let mut out = Expansion::default();
    if from >= to {
        return out;
    }
    let lane = |(at, layer): (usize, &Layer)| lane_of(schedule, at, layer, from, to);
    let mut lanes: Vec<Lane> = schedule.layers.iter().enumerate().map(lane).collect();
    let mut required = required(schedule, from, to).into_iter().peekable();
    let cuts = cuts(roster, schedule, &lanes, required.clone(), from, to);
    let mut walk = Walk { roster, out: &mut out, open: Vec::new(), open_empty: Vec::new() };
    let singular = !schedule.temporary.is_empty() || !schedule.overrides.is_empty() || !schedule.swaps.is_empty();
    for pair in cuts.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let mut on_duty = walk.of_lanes(&mut lanes, start, end);
        if singular {
            on_duty = walk.changed(schedule, on_duty, start, end);
        }
        while required.peek().is_some_and(|stretch| stretch.1 <= start) {
            required.next();
        }
        let is_required = required.peek().is_some_and(|stretch| stretch.0 <= start);
        walk.close(on_duty, start, end, is_required);
    }
    out.shifts.sort_by_key(|shift| shift.start);
    out.empty.sort_by_key(|shift| shift.start);
    out
}

fn required(schedule: &Schedule, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
    match schedule.covers.is_empty() {
        true => vec![(from, to)],
        false => stretches(&schedule.covers, &schedule.zone, schedule.skipped, from, to),
    }
}

/// What a layer says, whoever else is on duty.
fn lane_of(schedule: &Schedule, at: usize, layer: &Layer, from: Timestamp, to: Timestamp) -> Lane {
    let (from, to) = (from.max(layer.from), layer.until.map_or(to, |until| to.min(until)));
    let turns = layer.rotation.turns(&layer.zone, schedule.skipped, from, to);
    let whole = vec![(from, to)];
    let within = match layer.hours.is_empty() {
        true => whole,
        false => stretches(&layer.hours, &layer.zone, schedule.skipped, from, to),
    };
    let mut pieces = Vec::with_capacity(turns.len().max(within.len()));
    let mut first = 0;
    for turn in turns {
        let Some(people) = layer.rotation.people(turn.number) else { continue };
        while within.get(first).is_some_and(|stretch| stretch.1 <= turn.start) {
            first += 1;
        }
        for stretch in within[first..].iter().take_while(|stretch| stretch.0 < turn.end) {
            let (start, end) = (stretch.0.max(turn.start).max(from), stretch.1.min(turn.end).min(to));
            if start < end {
                let source = Source::Layer { layer: at, turn: turn.number };
                pieces.push(Piece { start, end, people: Arc::clone(people), source });
            }
        }
    }
    Lane { pieces, at: 0, priority: layer.priority }
}

/// All times at which something may change, with both edges.
fn cuts(
    roster: &Roster,
    schedule: &Schedule,
    lanes: &[Lane],
    required: impl Iterator<Item = Stretch>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Timestamp> {
    let mut cuts = vec![from, to];
    for piece in lanes.iter().flat_map(|lane| &lane.pieces) {
        // Pieces of a lane mostly meet, and a cut is needed once.
        if cuts.last() != Some(&piece.start) {
            cuts.push(piece.start);
        }
        cuts.push(piece.end);
    }
    let temporary = schedule.temporary.iter();
    cuts.extend(temporary.clone().flat_map(|one| [one.from, one.to]));
    cuts.extend(temporary.flat_map(|one| &one.shifts).flat_map(|shift| [shift.from, shift.to]));
    cuts.extend(schedule.overrides.iter().flat_map(|one| [one.from, one.to]));
    cuts.extend(schedule.swaps.iter().flat_map(|one| [one.from, one.to]));
    cuts.extend(roster.people.iter().filter_map(|person| person.until));
    cuts.extend(required.flat_map(|(start, end)| [start, end]));
    cuts.retain(|at| (from..=to).contains(at));
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Somebody on duty in one piece.
#[derive(Clone)]
struct Duty {
    people: People,
    source: Source,
    is_swapped: bool,
}

/// What is on its way to the result: shifts that the next piece may lengthen.
struct Walk<'a> {
    roster: &'a Roster,
    out: &'a mut Expansion,
    open: Vec<usize>,
    open_empty: Vec<usize>,
}

impl Walk<'_> {
    /// Those of the layers that count: of the ones with somebody, the highest priority.
    fn of_lanes(&mut self, lanes: &mut [Lane], start: Timestamp, end: Timestamp) -> Vec<Duty> {
        let mut out: Vec<Duty> = Vec::new();
        let mut empty = Vec::new();
        let mut highest = i64::MIN;
        for lane in lanes {
            let priority = lane.priority;
            let Some(piece) = lane.now(start) else { continue };
            match self.there(&piece.people, start) {
                Some(_) if priority < highest => {}
                Some(people) => {
                    if priority > highest {
                        out.clear();
                        highest = priority;
                    }
                    out.push(Duty { people, source: piece.source, is_swapped: false });
                }
                None => empty.push(Duty { people: Arc::clone(&piece.people), source: piece.source, is_swapped: false }),
            }
        }
        extend(&mut self.out.empty, &mut self.open_empty, empty, start, end);
        out
    }

    /// Those of some people who are there; nothing where none is.
    fn there(&self, people: &People, at: Timestamp) -> Option<People> {
        let is_there = |person: &PersonAt| self.roster.person(*person).is_there(at);
        if people.iter().all(is_there) {
            return (!people.is_empty()).then(|| Arc::clone(people));
        }
        let there: People = people.iter().copied().filter(is_there).collect();
        (!there.is_empty()).then_some(there)
    }

    /// What temporary schedules, overrides and swaps make of it.
    fn changed(&self, schedule: &Schedule, mut on_duty: Vec<Duty>, start: Timestamp, end: Timestamp) -> Vec<Duty> {
        let within = |from: Timestamp, to: Timestamp| from <= start && end <= to;
        let temporary: Vec<_> =
            schedule.temporary.iter().enumerate().filter(|(_, one)| within(one.from, one.to)).collect();
        if !temporary.is_empty() {
            on_duty.clear();
            for (number, one) in temporary {
                for (shift, fixed) in one.shifts.iter().enumerate().filter(|(_, fixed)| within(fixed.from, fixed.to)) {
                    let source = Source::Temporary { schedule: number, shift };
                    on_duty.extend(self.duty(&fixed.people, source, start));
                }
            }
        }
        let active: Vec<_> =
            schedule.overrides.iter().enumerate().filter(|(_, one)| within(one.from, one.to)).collect();
        if !active.is_empty() {
            on_duty = self.overridden(&active, on_duty, start);
        }
        let swaps: Vec<(PersonAt, PersonAt)> = schedule
            .swaps
            .iter()
            .filter(|one| within(one.from, one.to))
            .filter_map(|one| Some((one.of, one.taken_by?)))
            .filter(|(_, taker)| self.roster.person(*taker).is_there(start))
            .collect();
        if !swaps.is_empty() {
            on_duty.iter_mut().for_each(|duty| swap(duty, &swaps));
        }
        on_duty
    }

    fn duty(&self, people: &People, source: Source, at: Timestamp) -> Option<Duty> {
        self.there(people, at).map(|people| Duty { people, source, is_swapped: false })
    }

    fn overridden(&self, active: &[(usize, &crate::Override)], on_duty: Vec<Duty>, start: Timestamp) -> Vec<Duty> {
        let mut out = on_duty;
        // An override whose people are not there changes nothing: better the one who was to be relieved than nobody.
        let instead = |people: &People, number: usize| self.duty(people, Source::Override(number), start);
        let everybody: Vec<(i64, Duty)> = active
            .iter()
            .filter_map(|(number, one)| match &one.change {
                Change::Everybody(people) => Some((one.priority, instead(people, *number)?)),
                _ => None,
            })
            .collect();
        if let Some(highest) = everybody.iter().map(|(priority, _)| *priority).max() {
            let counts = everybody.into_iter().filter(|(priority, _)| *priority == highest);
            out = counts.map(|(_, duty)| duty).collect();
        }
        // Looked up among those who were there before, so that two who stand in for each other do not end as one.
        let before = out.clone();
        let was_there = |who: PersonAt| before.iter().any(|duty| duty.people.contains(&who));
        let mut added = Vec::new();
        for (number, one) in active {
            match &one.change {
                Change::Everybody(_) => {}
                Change::Add(people) => added.extend(instead(people, *number)),
                Change::Remove(people) => remove(&mut out, people),
                Change::InsteadOf(who, people) => {
                    if let Some(duty) = instead(people, *number).filter(|_| was_there(*who)) {
                        remove(&mut out, &[*who]);
                        added.push(duty);
                    }
                }
            }
        }
        out.extend(added);
        out
    }

    /// Puts a piece behind those before it.
    fn close(&mut self, on_duty: Vec<Duty>, start: Timestamp, end: Timestamp, is_required: bool) {
        if on_duty.is_empty() && is_required {
            lengthen(&mut self.out.gaps, start, end);
        }
        if on_duty.len() > 1 {
            lengthen(&mut self.out.doubles, start, end);
        }
        extend(&mut self.out.shifts, &mut self.open, on_duty, start, end);
    }
}

fn remove(from: &mut Vec<Duty>, people: &[PersonAt]) {
    for duty in from.iter_mut().filter(|duty| duty.people.iter().any(|who| people.contains(who))) {
        duty.people = duty.people.iter().copied().filter(|who| !people.contains(who)).collect();
    }
    from.retain(|duty| !duty.people.is_empty());
}

/// Each who gave a shift away is replaced once: takers do not pass on what they took.
fn swap(duty: &mut Duty, swaps: &[(PersonAt, PersonAt)]) {
    let taker = |who: PersonAt| swaps.iter().find(|(of, _)| *of == who).map(|(_, taker)| *taker);
    if duty.people.iter().all(|who| taker(*who).is_none()) {
        return;
    }
    let mut people: Vec<PersonAt> = Vec::with_capacity(duty.people.len());
    for who in duty.people.iter().map(|who| taker(*who).unwrap_or(*who)) {
        if !people.contains(&who) {
            people.push(who);
        }
    }
    duty.people = people.into();
    duty.is_swapped = true;
}

fn lengthen(gaps: &mut Vec<Gap>, start: Timestamp, end: Timestamp) {
    match gaps.last_mut() {
        Some(last) if last.end == start => last.end = end,
        _ => gaps.push(Gap { start, end }),
    }
}

/// Lengthens those shifts that go on in the next piece, and begins the others.
fn extend(shifts: &mut Vec<Shift>, open: &mut Vec<usize>, duties: Vec<Duty>, start: Timestamp, end: Timestamp) {
    if duties.is_empty() {
        open.clear();
        return;
    }
    let before = open.len();
    for Duty { people, source, is_swapped } in duties {
        let goes_on = |at: &&usize| {
            let shift: &Shift = &shifts[**at];
            shift.end == start && shift.source == source && shift.is_swapped == is_swapped && shift.people == people
        };
        match open[..before].iter().find(goes_on).copied() {
            Some(at) => {
                shifts[at].end = end;
                open.push(at);
            }
            None => {
                open.push(shifts.len());
                shifts.push(Shift { start, end, people, source, is_swapped });
            }
        }
    }
    open.drain(..before);
}

impl Expansion {
    /// When somebody is on duty, joined.
    #[must_use]
    pub fn covered(&self) -> Vec<(Timestamp, Timestamp)> {
        joined(self.shifts.iter().map(|shift| (shift.start, shift.end)).collect())
    }

    /// The people on duty at an instant, without repetition.
    #[must_use]
    pub fn on_duty(&self, at: Timestamp) -> Vec<PersonAt> {
        let mut out: Vec<PersonAt> = Vec::new();
        let before = self.shifts.partition_point(|shift| shift.start <= at);
        for who in self.shifts[..before].iter().filter(|shift| at < shift.end).flat_map(|shift| shift.people.iter()) {
            if !out.contains(who) {
                out.push(*who);
            }
        }
        out
    }
}
