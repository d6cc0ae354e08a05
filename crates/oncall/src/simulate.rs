//! Who would have been paged: recorded alerts, given to those who would have been on duty or escalated until somebody did
//! something, and what that makes of each one's load.

use crate::escalation::{Escalation, Event, Output, Policy, Surroundings};
use crate::hours::{Hours, Stretch, Weekdays, joined, stretches};
use crate::{Change, Expansion, People, PersonAt, Roster, Schedule, Skipped, expand};
use jiff::civil::{Date, Time, Weekday, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When work begins and ends where people live, on working days; all other time is off hours.
const WORK: (Time, Time) = (time(9, 0, 0, 0), time(18, 0, 0, 0));

/// When a night begins and ends. A page in it costs sleep.
const NIGHT: (Time, Time) = (time(22, 0, 0, 0), time(6, 0, 0, 0));

/// An alert that somebody was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its id.
    pub id: String,
    /// When somebody was told.
    pub at: Timestamp,
    /// When somebody had it in hand, or it was over: from then on nobody else is told.
    pub handled: Option<Timestamp>,
    /// What it is about, and of whom.
    pub labels: BTreeMap<String, String>,
}

/// An alarm as a schedule answers it, or one step of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The number of the alarm.
    pub alarm: usize,
    /// When.
    pub at: Timestamp,
    /// What answers for it; nothing where nothing does.
    pub answer: Option<Answer>,
    /// Who would have been paged; empty where nobody was on duty.
    pub people: People,
}

/// What answers for an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A schedule, by its number.
    Schedule(usize),
    /// A step of a policy, by their numbers.
    Step {
        /// The policy.
        policy: usize,
        /// The step; the first one where no step had anybody.
        step: usize,
    },
}

/// What somebody would have had.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Who.
    pub person: PersonAt,
    /// Pages.
    pub pages: u32,
    /// Pages outside of working hours where they live.
    pub off_hours: u32,
    /// Nights with a page.
    pub nights: u32,
    /// How long they would have been on duty.
    pub on_duty: SignedDuration,
    /// How much of that outside of working hours.
    pub on_duty_off_hours: SignedDuration,
}

/// What would have been.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Simulation {
    /// Each alarm with who would have been paged, by time.
    pub pages: Vec<Page>,
    /// Everybody who might have been on duty, those without a page as well.
    pub loads: Vec<Load>,
}

/// Whether any of some sets of labels is that of an alarm.
fn holds(sets: &[Vec<(String, String)>], labels: &BTreeMap<String, String>) -> bool {
    sets.iter().any(|set| set.iter().all(|(name, value)| labels.get(name) == Some(value)))
}

impl Policy {
    /// Whether it answers for an alarm.
    #[must_use]
    pub fn answers(&self, labels: &BTreeMap<String, String>) -> bool {
        holds(&self.answers, labels)
    }
}

impl Schedule {
    /// Whether it answers for an alarm.
    #[must_use]
    pub fn answers(&self, labels: &BTreeMap<String, String>) -> bool {
        self.answers.is_empty() || holds(&self.answers, labels)
    }

    /// Whether somebody may be on duty in it.
    fn names(&self, who: PersonAt) -> bool {
        let in_layers = self.layers.iter().flat_map(|layer| &layer.rotation.turns).any(|turn| turn.contains(&who));
        let in_temporary = self.temporary.iter().flat_map(|one| &one.shifts).any(|shift| shift.people.contains(&who));
        let in_overrides = self.overrides.iter().any(|one| match &one.change {
            Change::Everybody(people) | Change::InsteadOf(_, people) | Change::Add(people) => people.contains(&who),
            Change::Remove(_) => false,
        });
        in_layers || in_temporary || in_overrides || self.swaps.iter().any(|swap| swap.taken_by == Some(who))
    }
}

/// Gives alarms between two times to the policies that answer for them, or else to those on duty.
#[must_use]
pub fn simulate(roster: &Roster, alarms: &[Alarm], from: Timestamp, to: Timestamp) -> Simulation {
    let expansions: Vec<Expansion> =
        roster.schedules.iter().map(|schedule| expand(roster, schedule, from, to)).collect();
    let policies: Vec<Arc<Policy>> = roster.policies.iter().cloned().map(Arc::new).collect();
    let mut pages = Vec::new();
    for alarm in (0..alarms.len()).filter(|at| from <= alarms[*at].at && alarms[*at].at < to) {
        let before = pages.len();
        let Alarm { at, labels, .. } = &alarms[alarm];
        for (number, policy) in policies.iter().enumerate().filter(|(_, policy)| policy.answers(labels)) {
            pages.extend(escalated(roster, policy, number, alarm, &alarms[alarm], to));
        }
        if pages.len() == before {
            let answering = roster.schedules.iter().enumerate().filter(|(_, schedule)| schedule.answers(labels));
            for (number, _) in answering {
                let people = expansions[number].on_duty(*at).into();
                pages.push(Page { alarm, at: *at, answer: Some(Answer::Schedule(number)), people });
            }
        }
        if pages.len() == before {
            pages.push(Page { alarm, at: *at, answer: None, people: People::from([]) });
        }
    }
    pages.sort_by_key(|page| page.at);
    let everybody = (0..u32::try_from(roster.people.len()).unwrap_or(u32::MAX)).map(PersonAt);
    let takes_part = |who: &PersonAt| {
        let is_paged = || pages.iter().any(|page| page.people.contains(who));
        roster.person(*who).is_there(from)
            && (roster.schedules.iter().any(|schedule| schedule.names(*who)) || is_paged())
    };
    let loads = everybody.filter(takes_part).map(|who| load(roster, &pages, &expansions, who, from, to)).collect();
    Simulation { loads, pages }
}

/// The steps that a policy would have taken for an alarm until somebody had it in hand. One of nobody says that nobody was
/// told at all.
fn escalated(
    roster: &Roster,
    policy: &Arc<Policy>,
    number: usize,
    alarm: usize,
    what: &Alarm,
    to: Timestamp,
) -> Vec<Page> {
    let end = what.handled.map_or(to, |handled| handled.min(to));
    let mut escalation = Escalation::begin(what.id.as_str(), Arc::clone(policy), what.at);
    let around = Surroundings { roster, maintenance: &[] };
    let mut pages: Vec<Page> = Vec::new();
    // The first step is taken in any case: somebody was told, so that it was not in hand.
    while let Some(at) = escalation.due().filter(|due| *due == what.at || *due < end) {
        let mut told: BTreeMap<usize, Vec<PersonAt>> = BTreeMap::new();
        for output in escalation.apply(&Event::Tick, at, around) {
            if let Output::Notify { person, step, .. } = output {
                told.entry(step).or_default().push(person);
            }
        }
        let page = |(step, people): (usize, Vec<PersonAt>)| {
            let answer = Some(Answer::Step { policy: number, step });
            Page { alarm, at, answer, people: people.into() }
        };
        pages.extend(told.into_iter().map(page));
    }
    if pages.is_empty() {
        let answer = Some(Answer::Step { policy: number, step: 0 });
        pages.push(Page { alarm, at: what.at, answer, people: People::from([]) });
    }
    pages
}

fn load(
    roster: &Roster,
    pages: &[Page],
    expansions: &[Expansion],
    who: PersonAt,
    from: Timestamp,
    to: Timestamp,
) -> Load {
    let first = |expansion: &&Expansion| expansion.shifts.iter().any(|shift| shift.people.contains(&who));
    let home = expansions.iter().position(|expansion| first(&expansion)).unwrap_or(0);
    let zone = roster.person(who).zone.clone().or_else(|| roster.schedules.get(home).map(|one| one.zone.clone()));
    let zone = zone.unwrap_or(TimeZone::UTC);
    // Whoever is on duty in two schedules that answer for one alarm is paged once, and on duty once.
    let mut seen = BTreeSet::new();
    let mut nights: BTreeSet<Date> = BTreeSet::new();
    let mut off_hours = 0;
    for page in pages.iter().filter(|page| page.people.contains(&who)) {
        if seen.insert((page.alarm, page.at)) {
            off_hours += u32::from(!is_work(page.at, &zone));
            nights.extend(night(page.at, &zone));
        }
    }
    let shifts = expansions.iter().flat_map(|expansion| &expansion.shifts);
    let on_duty =
        joined(shifts.filter(|shift| shift.people.contains(&who)).map(|shift| (shift.start, shift.end)).collect());
    let work = stretches(&[work_hours()], &zone, Skipped::Shifted, from, to);
    let total = on_duty.iter().map(|(start, end)| end.duration_since(*start)).sum();
    Load {
        person: who,
        pages: u32::try_from(seen.len()).unwrap_or(u32::MAX),
        off_hours,
        nights: u32::try_from(nights.len()).unwrap_or(u32::MAX),
        on_duty: total,
        on_duty_off_hours: total - shared(&on_duty, &work),
    }
}

fn work_hours() -> Hours {
    let days = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
    let days = days.into_iter().fold(Weekdays::default(), Weekdays::with);
    Hours { days, from: WORK.0, to: WORK.1, days_later: 0 }
}

fn is_work(at: Timestamp, zone: &TimeZone) -> bool {
    let local = at.to_zoned(zone.clone());
    work_hours().days.has(local.weekday()) && (WORK.0..WORK.1).contains(&local.time())
}

/// The day on whose evening a night began, where it is night.
fn night(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let local = at.to_zoned(zone.clone());
    match local.time() {
        evening if evening >= NIGHT.0 => Some(local.date()),
        morning if morning < NIGHT.1 => local.date().yesterday().ok(),
        _ => None,
    }
}

/// How much time two lists of stretches, each in order, have in common.
fn shared(one: &[Stretch], other: &[Stretch]) -> SignedDuration {
    let mut total = SignedDuration::ZERO;
    let mut first = 0;
    for (start, end) in one {
        while other.get(first).is_some_and(|stretch| stretch.1 <= *start) {
            first += 1;
        }
        for (from, to) in other[first..].iter().take_while(|stretch| stretch.0 < *end) {
            total += (*end).min(*to).duration_since((*start).max(*from));
        }
    }
    total
}

/// The share of a load that would have to go to others for everybody to have the same: 0 is fair, and of two people of whom
/// one has everything it is a half. Nothing where there is no load, or nobody to share it with.
#[must_use]
pub fn unfairness(loads: &[f64]) -> Option<f64> {
    let total: f64 = loads.iter().sum();
    if loads.len() < 2 || total <= 0.0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "people are few")]
    let mean = total / loads.len() as f64;
    Some(loads.iter().map(|load| (load - mean).max(0.0)).sum::<f64>() / total)
}
