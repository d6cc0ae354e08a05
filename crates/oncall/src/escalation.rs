//! Whom an alert reaches, step by step, until somebody acknowledges it.
//!
//! A state machine without clock: an event and its time go in, what is to be done and said comes out. Whoever runs it writes
//! that down before anything is sent, so that after a crash the same notifications go out under the same keys. It is asked
//! again at [`Escalation::due`]; asked late, it does what is due then and gives people their whole time to react.

use crate::{PersonAt, Roster, expand};
use jiff::{SignedDuration, Timestamp};
use mainstay_model::Place;
use std::sync::Arc;

/// How soon a round that reached nobody is tried again: a gap in a schedule ends without anybody telling us.
pub const NOBODY_RETRY: SignedDuration = SignedDuration::from_mins(5);

/// How often that is tried: for a day.
const NOBODY_TRIES_MAX: u32 = 288;

/// The steps by which an alert is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// How often all steps are taken again where nobody acknowledges.
    pub repeat: u32,
    /// Labels of the alerts that it is for, as of a schedule. None where empty: then schedules are paged by themselves.
    pub answers: Vec<Vec<(String, String)>>,
    /// How long an acknowledgement holds; for ever where nothing is said.
    pub acknowledge_timeout: Option<SignedDuration>,
    /// Where it stands.
    pub place: Place,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Whom it tells.
    pub targets: Vec<Target>,
    /// How long it leaves them before the next one.
    pub wait: SignedDuration,
}

/// Whom a step tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Whoever is on duty, by the schedule's id.
    Schedule(String),
    /// Somebody.
    Person(PersonAt),
}

/// What happens to an escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Time passed.
    Tick,
    /// Somebody has seen the alert.
    Acknowledge(PersonAt),
    /// Somebody wants the next step at once.
    Escalate(PersonAt),
    /// The alert is over.
    Resolve,
}

/// What is to be done, and what is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Tell somebody. Two with the same key are one.
    Notify {
        /// The key: of the escalation, its run, round and step, and the person.
        key: String,
        /// Who.
        person: PersonAt,
        /// The step, from 0.
        step: usize,
        /// The round, from 0.
        round: u32,
    },
    /// A step had nobody and was passed over at once.
    Skipped {
        /// The step, from 0.
        step: usize,
        /// The round, from 0.
        round: u32,
    },
    /// A step names somebody who is no longer there.
    Gone {
        /// The step, from 0.
        step: usize,
        /// Who.
        person: PersonAt,
    },
    /// A step names a schedule that there is not.
    NoSchedule {
        /// The step, from 0.
        step: usize,
        /// The schedule's id.
        schedule: String,
    },
    /// No step of the round had anybody. It is tried again.
    Nobody,
    /// What is due waits for the end of a maintenance.
    Muted {
        /// When that is.
        until: Timestamp,
    },
    /// Somebody wanted the next step.
    Forced(PersonAt),
    /// Somebody acknowledged it.
    Acknowledged(PersonAt),
    /// The acknowledgement ran out: the steps begin anew.
    TimedOut(PersonAt),
    /// All was done, and nobody acknowledged.
    Exhausted,
    /// It is over.
    Resolved,
}

/// Where an escalation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The next step is due at a time.
    Running {
        /// When.
        due: Timestamp,
    },
    /// Somebody has it.
    Acknowledged {
        /// Who.
        by: PersonAt,
        /// When that runs out.
        until: Option<Timestamp>,
    },
    /// Nothing more is done by itself.
    Exhausted,
    /// It is over.
    Resolved,
}

/// What steps are decided by: who is on duty, and when nobody is to be told.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// People and schedules, as they are now.
    pub roster: &'a Roster,
    /// Maintenances: from, and the first instant behind.
    pub maintenance: &'a [(Timestamp, Timestamp)],
}

/// One escalation of one alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Escalation {
    /// The alert's id.
    pub id: String,
    /// Where it stands.
    pub state: State,
    policy: Arc<Policy>,
    at: Progress,
}

/// How far an escalation has come. With its state and its policy it is all that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// How often the steps have begun anew after somebody had it.
    pub run: u32,
    /// The round, from 0.
    pub round: u32,
    /// The next step, from 0.
    pub step: usize,
    /// Whether somebody was told in this round.
    pub is_told: bool,
    /// Rounds in a row that reached nobody.
    pub tries: u32,
    /// Until when it was said that it is muted.
    pub muted: Option<Timestamp>,
    /// The newest time that it knows of.
    pub seen: Timestamp,
}

impl Escalation {
    /// Begins one, whose first step is due at once. It keeps the policy: who edits that edits what begins later.
    #[must_use]
    pub fn begin(id: impl Into<String>, policy: Arc<Policy>, at: Timestamp) -> Self {
        Self {
            id: id.into(),
            state: State::Running { due: at },
            policy,
            at: Progress { run: 0, round: 0, step: 0, is_told: false, tries: 0, muted: None, seen: at },
        }
    }

    /// Goes on with one where it stood.
    #[must_use]
    pub fn resume(id: impl Into<String>, policy: Arc<Policy>, state: State, at: Progress) -> Self {
        Self { id: id.into(), state, policy, at }
    }

    /// How far it has come.
    #[must_use]
    pub const fn progress(&self) -> &Progress {
        &self.at
    }

    /// When it wants to be asked again; never where nothing is to come by itself.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.state {
            State::Running { due } => Some(due),
            State::Acknowledged { until, .. } => until,
            State::Exhausted | State::Resolved => None,
        }
    }

    /// Takes in an event. What comes late counts as of the newest time that is known, as nothing is undone.
    pub fn apply(&mut self, event: &Event, at: Timestamp, around: Surroundings<'_>) -> Vec<Output> {
        let mut out = Vec::new();
        self.at.seen = self.at.seen.max(at);
        let now = self.at.seen;
        match (self.state, event) {
            (State::Resolved, _) => {}
            (_, Event::Resolve) => {
                self.state = State::Resolved;
                out.push(Output::Resolved);
            }
            (_, Event::Acknowledge(by)) => {
                let until = self.policy.acknowledge_timeout.map(|timeout| later(now, timeout));
                self.state = State::Acknowledged { by: *by, until };
                out.push(Output::Acknowledged(*by));
            }
            (state, Event::Escalate(by)) => {
                out.push(Output::Forced(*by));
                if state == State::Exhausted || self.is_at_end() {
                    self.begin_anew(now);
                }
                // Whoever asks for it means it: a maintenance does not hold it.
                self.go_on(now, around, &mut out);
            }
            (State::Acknowledged { by, until: Some(until) }, Event::Tick) if until <= now => {
                out.push(Output::TimedOut(by));
                self.begin_anew(now);
                self.tick(now, around, &mut out);
            }
            (State::Running { .. }, Event::Tick) => self.tick(now, around, &mut out),
            (State::Acknowledged { .. } | State::Exhausted, Event::Tick) => {}
        }
        out
    }

    fn tick(&mut self, now: Timestamp, around: Surroundings<'_>, out: &mut Vec<Output>) {
        let State::Running { due } = self.state else { return };
        if now < due {
            return;
        }
        match around.muted_until(now) {
            None => self.go_on(now, around, out),
            Some(until) => {
                if self.at.muted != Some(until) {
                    out.push(Output::Muted { until });
                    self.at.muted = Some(until);
                }
                self.state = State::Running { due: until };
            }
        }
    }

    /// Whether no step is left in any round.
    fn is_at_end(&self) -> bool {
        self.at.step >= self.policy.steps.len() && self.at.round >= self.policy.repeat
    }

    /// The steps from the first, under keys of their own.
    fn begin_anew(&mut self, now: Timestamp) {
        self.at.run += 1;
        (self.at.round, self.at.step, self.at.is_told, self.at.tries) = (0, 0, false, 0);
        self.state = State::Running { due: now };
    }

    /// Takes the next step that has somebody. Those without are passed over, of one round at most.
    fn go_on(&mut self, now: Timestamp, around: Surroundings<'_>, out: &mut Vec<Output>) {
        let policy = Arc::clone(&self.policy);
        loop {
            if self.at.step >= policy.steps.len() {
                if !self.at.is_told && !policy.steps.is_empty() && self.at.tries < NOBODY_TRIES_MAX {
                    if self.at.tries == 0 {
                        out.push(Output::Nobody);
                    }
                    self.at.tries += 1;
                    self.at.step = 0;
                    self.state = State::Running { due: later(now, NOBODY_RETRY) };
                    return;
                }
                if self.at.round >= policy.repeat || !self.at.is_told {
                    self.state = State::Exhausted;
                    out.push(Output::Exhausted);
                    return;
                }
                (self.at.round, self.at.step, self.at.is_told) = (self.at.round + 1, 0, false);
            }
            let step = self.at.step;
            self.at.step += 1;
            // What was said of a round that is tried again is not said again.
            let mut said = Vec::new();
            let people = around.reach(&policy.steps[step], step, now, &mut said);
            if self.at.tries == 0 {
                out.append(&mut said);
            }
            if people.is_empty() {
                if self.at.tries == 0 {
                    out.push(Output::Skipped { step, round: self.at.round });
                }
                continue;
            }
            for person in people {
                let who = &around.roster.person(person).id;
                let key = format!("{}/{}.{}.{}/{who}", self.id, self.at.run, self.at.round, step);
                out.push(Output::Notify { key, person, step, round: self.at.round });
            }
            (self.at.is_told, self.at.tries, self.at.muted) = (true, 0, None);
            self.state = State::Running { due: later(now, policy.steps[step].wait) };
            return;
        }
    }
}

impl Surroundings<'_> {
    /// The end of the maintenances that hold at a time, one behind the other.
    fn muted_until(&self, at: Timestamp) -> Option<Timestamp> {
        let end =
            |at: Timestamp| self.maintenance.iter().filter(|(from, to)| *from <= at && at < *to).map(|m| m.1).max();
        let mut until = end(at)?;
        while let Some(further) = end(until) {
            until = further;
        }
        Some(until)
    }

    /// The people of a step, each once.
    fn reach(&self, step: &Step, number: usize, at: Timestamp, out: &mut Vec<Output>) -> Vec<PersonAt> {
        let mut people: Vec<PersonAt> = Vec::new();
        for target in &step.targets {
            let found = match target {
                Target::Person(person) if self.roster.person(*person).is_there(at) => vec![*person],
                Target::Person(person) => {
                    out.push(Output::Gone { step: number, person: *person });
                    Vec::new()
                }
                Target::Schedule(id) => match self.roster.schedules.iter().find(|schedule| schedule.id == *id) {
                    Some(schedule) => {
                        let tick = later(at, SignedDuration::from_secs(1));
                        expand(self.roster, schedule, at, tick).on_duty(at)
                    }
                    None => {
                        out.push(Output::NoSchedule { step: number, schedule: id.clone() });
                        Vec::new()
                    }
                },
            };
            for person in found {
                if !people.contains(&person) {
                    people.push(person);
                }
            }
        }
        people
    }
}

/// A time and so much more; the last one there is where that is beyond it.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
