//! On-call schedules as code: read, expanded to who is on duty when, and checked for gaps.
//!
//! Times are those of a wall in a zone, and every one becomes an instant in one place ([`civil::instant`]), so that hand-offs,
//! restrictions and overrides that are written alike meet exactly, whatever clocks do. Shifts are half-open: who hands over
//! at nine is not on duty at nine.
//!
//! Pure: texts and times in; shifts, gaps and diagnostics out. No clock, file or network.

pub mod civil;
pub mod course;
pub mod escalation;
mod expand;
mod hours;
pub mod ical;
pub mod read;
mod rotation;
mod simulate;

pub use civil::Skipped;
pub use expand::{Expansion, Gap, Shift, Source, expand};
pub use hours::{Hours, Weekdays};
pub use read::{Reading, read};
pub use rotation::{Length, Rotation, Turn};
pub use simulate::{Alarm, Answer, Load, Page, Simulation, simulate, unfairness};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_model::Place;
use std::sync::Arc;

/// A person by their number in [`Roster::people`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonAt(pub u32);

/// People who are on duty together.
pub type People = Arc<[PersonAt]>;

/// Everything that some files say.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// The people, those included that a schedule names and no file knows.
    pub people: Vec<Person>,
    /// The schedules, in the order of the files.
    pub schedules: Vec<Schedule>,
    /// How alerts are escalated.
    pub policies: Vec<escalation::Policy>,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// What they are called; the id where nothing is said.
    pub name: String,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// Where they live; the schedule's zone where nothing is said.
    pub zone: Option<TimeZone>,
    /// From when on they are no longer there.
    pub until: Option<Timestamp>,
    /// How they want to be told, in order; by mail where nothing is said and an address is known.
    pub contact: Vec<Contact>,
    /// When they are told of nothing that can wait, where they live.
    pub quiet: Vec<Hours>,
    /// Whether anybody of this id is known. Who is not known can be on duty for nobody.
    pub is_known: bool,
}

/// One way in which somebody wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The channel's id, as `mainstay.toml` names it.
    pub channel: String,
    /// Their address in it.
    pub to: Option<String>,
    /// How long after the step, if nobody has acknowledged by then.
    pub after: jiff::SignedDuration,
}

/// Who is on duty for something.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its id.
    pub id: String,
    /// The zone of its times.
    pub zone: TimeZone,
    /// What becomes of hand-offs that clocks jump over.
    pub skipped: Skipped,
    /// When somebody must be on duty, in its zone; always where nothing is said.
    pub covers: Vec<Hours>,
    /// Its layers: of those with somebody on duty, the ones of the highest priority count, together.
    pub layers: Vec<Layer>,
    /// Schedules that stand in the place of the layers for a while.
    pub temporary: Vec<Temporary>,
    /// Changes of single hours.
    pub overrides: Vec<Override>,
    /// Shifts that people gave away.
    pub swaps: Vec<Swap>,
    /// Labels of the alerts that it answers for: any of the sets, each of whose labels must be there. All where empty.
    pub answers: Vec<Vec<(String, String)>>,
    /// Where it stands.
    pub place: Place,
}

/// A rotation with its hours.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// The higher one counts.
    pub priority: i64,
    /// The zone of its hand-offs and hours.
    pub zone: TimeZone,
    /// Whose turn it is.
    pub rotation: Rotation,
    /// From when on it counts: the rotation's start where nothing is said.
    pub from: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// When it has somebody on duty; always where empty.
    pub hours: Vec<Hours>,
    /// Where it stands.
    pub place: Place,
}

/// People on duty for once.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Who.
    pub people: People,
}

/// A schedule that stands in the place of the layers for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Temporary {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Who is on duty in it; shifts are cut to it.
    pub shifts: Vec<Fixed>,
}

/// A change of some hours.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Of overrides of everybody, only those of the highest priority count.
    pub priority: i64,
    /// What it does.
    pub change: Change,
}

/// What an override does.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// These instead of everybody.
    Everybody(People),
    /// These instead of somebody, where that one is on duty.
    InsteadOf(PersonAt, People),
    /// These as well.
    Add(People),
    /// Not these.
    Remove(People),
}

/// A shift that somebody gives away. It counts once somebody took it.
#[derive(Debug, Clone, PartialEq)]
pub struct Swap {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Who gives it away.
    pub of: PersonAt,
    /// Who took it, where somebody did.
    pub taken_by: Option<PersonAt>,
    /// Where it stands.
    pub place: Place,
}

impl Roster {
    /// Somebody by their number.
    #[must_use]
    pub fn person(&self, at: PersonAt) -> &Person {
        &self.people[at.0 as usize]
    }

    /// The number of somebody by their id. Who is not known gets one, and is not there.
    pub fn number_of(&mut self, id: &str) -> PersonAt {
        let known = self.people.iter().position(|person| person.id == id);
        let at = known.unwrap_or_else(|| {
            self.people.push(Person::unknown(id));
            self.people.len() - 1
        });
        PersonAt(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// The ids of some people.
    #[must_use]
    pub fn ids(&self, people: &[PersonAt]) -> Vec<&str> {
        people.iter().map(|at| self.person(*at).id.as_str()).collect()
    }
}

impl Person {
    /// Somebody of whom nothing but the id is known.
    #[must_use]
    pub fn unknown(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            email: None,
            zone: None,
            until: None,
            contact: Vec::new(),
            quiet: Vec::new(),
            is_known: false,
        }
    }

    /// The end of the quiet hours that hold at a time.
    #[must_use]
    pub fn quiet_until(&self, at: Timestamp) -> Option<Timestamp> {
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let behind = at.checked_add(jiff::SignedDuration::from_secs(1)).ok()?;
        let all = hours::stretches(&self.quiet, &zone, Skipped::Shifted, at, behind);
        all.into_iter().find(|(from, to)| *from <= at && at < *to).map(|(_, to)| to)
    }

    /// Whether they can be on duty at a time.
    #[must_use]
    pub fn is_there(&self, at: Timestamp) -> bool {
        self.is_known && self.until.is_none_or(|until| at < until)
    }
}
