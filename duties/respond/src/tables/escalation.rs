//! What facts about escalations, and the files that they go by, fold into.

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{
    DeliveryOutcome, EscalationAdvanced, EscalationBegun, EscalationDelivered, EscalationEvent, EscalationSaid,
    EscalationStand, EscalationState, EscalationWay, OncallDeclared, OncallWithdrawn,
};
use mainstay_model::{FactData, Recorded};
use mainstay_oncall::course;
use serde::{Deserialize, Serialize};

/// How long after its end an escalation is still looked at: those who keep alerts of their own are told that it is over.
const AFTERMATH: SignedDuration = SignedDuration::from_mins(15);

/// A file of on-call schedules, people and policies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OncallFile {
    /// Its newest text; `None` where it is no longer there.
    pub declared: Option<OncallDeclared>,
    /// Since when.
    pub since: Timestamp,
}

impl Entity for OncallFile {
    const TABLE: &'static str = "oncall_file";
    const TYPES: &'static [&'static str] = &[OncallDeclared::TYPE, OncallWithdrawn::TYPE];
    const COLUMNS: &'static [(&'static str, Kind)] = &[("state", Kind::Text), ("since", Kind::Time)];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let last = &facts.last()?.fact;
        Some(Self { declared: OncallDeclared::read(last), since: last.time })
    }

    fn cells(&self) -> Vec<Cell> {
        vec![if self.declared.is_some() { "declared" } else { "withdrawn" }.into(), Cell::Time(self.since)]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.since, None)
    }
}

/// An alert that is told to people step by step, until somebody has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Escalation {
    /// What began it.
    pub begun: EscalationBegun,
    /// When.
    pub at: Timestamp,
    /// What was decided since, by number and without a gap.
    pub course: Vec<(Timestamp, EscalationAdvanced)>,
    /// What became of each message.
    pub receipts: Vec<(Timestamp, EscalationDelivered)>,
}

/// Whether an escalation reached anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Messages are under way.
    Pending,
    /// A message was taken, or somebody acknowledged.
    Somebody(Timestamp),
    /// There was nobody to tell, or no way to them.
    Nobody(Timestamp),
}

impl Reach {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Somebody(_) => "somebody",
            Self::Nobody(_) => "nobody",
        }
    }
}

/// Somebody to be told, by a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Notice<'a> {
    /// When it was decided.
    pub at: Timestamp,
    /// The key of the notification.
    pub key: &'a str,
    /// Who.
    pub person: &'a str,
    /// The step, from 1.
    pub step: u32,
    /// The round, from 1.
    pub round: u32,
    /// The ways.
    pub ways: &'a [EscalationWay],
}

impl Escalation {
    /// Where it stands.
    #[must_use]
    pub fn stands(&self) -> EscalationStand {
        self.course.last().map_or_else(|| course::first_stand(self.at), |(_, step)| step.stands.clone())
    }

    /// The number of the newest decision; 0 where none was made.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.course.last().map_or(0, |(_, step)| step.number)
    }

    /// Everybody who was to be told, in order.
    pub fn notices(&self) -> impl Iterator<Item = Notice<'_>> {
        self.course.iter().flat_map(|(at, step)| {
            step.said.iter().filter_map(move |said| match said {
                EscalationSaid::Notify { key, person, step, round, ways, .. } => {
                    Some(Notice { at: *at, key, person, step: *step, round: *round, ways })
                }
                _ => None,
            })
        })
    }

    /// Whether it reached anybody.
    #[must_use]
    pub fn reach(&self) -> Reach {
        let sent = self.receipts.iter().find(|(_, one)| one.outcome == DeliveryOutcome::Sent).map(|(at, _)| *at);
        let seen = self.course.iter().find(|(_, step)| step.event == EscalationEvent::Acknowledged).map(|(at, _)| *at);
        if let Some(at) = [sent, seen].into_iter().flatten().min() {
            return Reach::Somebody(at);
        }
        let is_lost = |key: &str, way: &EscalationWay| {
            let mut receipts = self.receipts.iter().filter(|(_, one)| one.is_of(key, way));
            receipts.any(|(_, one)| one.outcome.is_final())
        };
        if self.notices().any(|notice| notice.ways.iter().any(|way| !is_lost(notice.key, way))) {
            return Reach::Pending;
        }
        let gave_up = |said: &EscalationSaid| matches!(said, EscalationSaid::Nobody | EscalationSaid::Exhausted);
        let decided = self.course.iter().find(|(_, step)| step.said.iter().any(gave_up)).map(|(at, _)| *at);
        let lost = self.receipts.last().map(|(at, _)| *at);
        let no_way = self.notices().next().map(|notice| notice.at);
        lost.or(decided).or(no_way).map_or(Reach::Pending, Reach::Nobody)
    }
}

/// Whether a receipt is one of a way.
pub trait OfWay {
    /// Whether it is one of this way of a notification.
    fn is_of(&self, key: &str, way: &EscalationWay) -> bool;
}

impl OfWay for EscalationDelivered {
    fn is_of(&self, key: &str, way: &EscalationWay) -> bool {
        self.key == key && self.channel == way.channel && self.to == way.to
    }
}

impl Entity for Escalation {
    const TABLE: &'static str = "escalation";

    const TYPES: &'static [&'static str] =
        &[EscalationBegun::TYPE, EscalationAdvanced::TYPE, EscalationDelivered::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("reached", Kind::Text),
        ("severity", Kind::Text),
        ("policy", Kind::Text),
        ("service", Kind::Text),
        ("team", Kind::Text),
        ("title", Kind::Text),
        ("alert", Kind::Text),
        ("told", Kind::Text),
        ("begun", Kind::Time),
        ("due", Kind::Time),
    ];

    const INDEXED: &'static [&'static str] = &["alert"];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let (at, begun) = facts.iter().find_map(|r| Some((r.fact.time, EscalationBegun::read(&r.fact)?)))?;
        let mut all: Vec<(Timestamp, EscalationAdvanced)> =
            facts.iter().filter_map(|r| Some((r.fact.time, EscalationAdvanced::read(&r.fact)?))).collect();
        all.sort_by_key(|(_, step)| step.number);
        let mut course: Vec<(Timestamp, EscalationAdvanced)> = Vec::new();
        for (at, step) in all {
            // A decision whose predecessor has not arrived yet does not count yet.
            if step.number == course.last().map_or(0, |(_, last)| last.number) + 1 {
                course.push((at, step));
            }
        }
        let receipts = facts.iter().filter_map(|r| Some((r.fact.time, EscalationDelivered::read(&r.fact)?))).collect();
        Some(Self { begun, at, course, receipts })
    }

    fn cells(&self) -> Vec<Cell> {
        let text =
            |subject: &Option<mainstay_model::Subject>| subject.as_ref().map_or(Cell::Null, |s| s.as_str().into());
        let stands = self.stands();
        let mut told: Vec<&str> = Vec::new();
        for notice in self.notices() {
            if !told.contains(&notice.person) {
                told.push(notice.person);
            }
        }
        vec![
            stands.state.as_str().into(),
            self.reach().as_str().into(),
            self.begun.severity.map_or(Cell::Null, |severity| severity.as_str().into()),
            self.begun.policy.id.as_str().into(),
            text(&self.begun.service),
            text(&self.begun.team),
            self.begun.title.as_str().into(),
            self.begun.alert.as_str().into(),
            told.join(" ").as_str().into(),
            Cell::Time(self.at),
            stands.due.into(),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let over = self.course.last().filter(|(_, step)| step.stands.state == EscalationState::Resolved);
        (self.at, over.and_then(|(at, _)| at.checked_add(AFTERMATH).ok()))
    }
}
