//! What facts about incidents fold into.

mod escalation;

pub use escalation::{Escalation, Notice, OfWay, OncallFile, Reach};

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{
    IncidentClass, IncidentClassified, IncidentClosed, IncidentNoted, IncidentOnsetEstablished, IncidentOpened,
    IncidentProblemConfirmed, IncidentProgressed, IncidentReopened, IncidentRestored, IncidentRole, IncidentRoleGiven,
    IncidentSeverityChanged, IncidentStage,
};
use mainstay_model::{FactData, Recorded, Span, Subject};
use serde::{Deserialize, Serialize};

/// Hours after a restoration within which a reopening continues the incident.
pub const REOPENED_WITHIN_HOURS: i64 = 24;

/// Days after a restoration within which an incident of the same problem is a recurrence of it.
pub const RECURRENCE_DAYS: i64 = 90;

/// An unplanned disruption.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// What its record says, in its newest form.
    pub record: IncidentOpened,
    /// When the record was made; neither onset nor detection.
    pub opened: Timestamp,
    /// When it was detected: as the record says, else when the record was made.
    pub detected: Timestamp,
    /// When users or systems began to suffer; `None` where nobody established it.
    pub onset: Option<Timestamp>,
    /// When service was lost and came back, from detection on: the last one has no end where it is not back yet.
    pub impacts: Vec<Impact>,
    /// When the record was closed, which restores nothing.
    pub closed: Option<Timestamp>,
    /// What kind of record it is after all.
    pub class: IncidentClass,
    /// The incident that it repeats or is part of.
    pub of: Option<Subject>,
    /// The problem behind it, where a person confirmed one.
    pub problem: Option<Subject>,
    /// Its timeline.
    pub notes: Vec<(Timestamp, IncidentNoted)>,
    /// 1 (worst) to 4, as it was last said.
    pub severity: u8,
    /// How far the work had come, over time.
    pub stages: Vec<(Timestamp, IncidentProgressed)>,
    /// Who took and left roles.
    pub roles: Vec<(Timestamp, IncidentRoleGiven)>,
    /// What it was taken for after it was opened.
    pub severities: Vec<(Timestamp, IncidentSeverityChanged)>,
}

/// How far an incident has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// It is known.
    Detected,
    /// It came back after service was restored.
    Reopened,
    /// Somebody has it.
    Acknowledged,
    /// The cause is being looked for.
    Investigating,
    /// The cause is known.
    Identified,
    /// The harm is contained.
    Mitigated,
    /// Service is back.
    Restored,
    /// It was looked back upon.
    Reviewed,
    /// The record is closed.
    Closed,
}

impl Progress {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Reopened => "reopened",
            Self::Acknowledged => "acknowledged",
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Mitigated => "mitigated",
            Self::Restored => "restored",
            Self::Reviewed => "reviewed",
            Self::Closed => "closed",
        }
    }

    /// What a stage of the work makes of it.
    #[must_use]
    pub const fn of(stage: IncidentStage) -> Self {
        match stage {
            IncidentStage::Acknowledged => Self::Acknowledged,
            IncidentStage::Investigating => Self::Investigating,
            IncidentStage::Identified => Self::Identified,
            IncidentStage::Mitigated => Self::Mitigated,
            IncidentStage::Reviewed => Self::Reviewed,
        }
    }
}

/// One stretch of lost service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// When it was detected, or came back.
    pub from: Timestamp,
    /// When service was back.
    pub to: Option<Timestamp>,
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentState {
    /// Service is not back.
    Open,
    /// Service is back, the record is not closed.
    Restored,
    /// The record is closed.
    Closed,
}

impl IncidentState {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Restored => "restored",
            Self::Closed => "closed",
        }
    }
}

impl Incident {
    /// When service was back for good; `None` while it is not.
    #[must_use]
    pub fn restored(&self) -> Option<Timestamp> {
        self.impacts.last().and_then(|impact| impact.to)
    }

    /// Seconds without service from detection on, once service is back; `None` where the statements contradict each
    /// other (restored before it was detected).
    #[must_use]
    pub fn impacted_seconds(&self) -> Option<f64> {
        self.impacts.iter().try_fold(0.0, |sum, impact| {
            let to = impact.to.filter(|to| *to >= impact.from)?;
            Some(sum + to.duration_since(impact.from).as_secs_f64())
        })
    }

    /// The impact as spans up to `now`, for drawing.
    #[must_use]
    pub fn spans(&self, now: Timestamp) -> Vec<Span> {
        self.impacts.iter().map(|impact| Span { from: impact.from, to: impact.to.unwrap_or(now) }).collect()
    }

    /// How far it has come, by all that is known: of facts that came in any order the newest count.
    #[must_use]
    pub fn progress(&self) -> Progress {
        // Before it came back the work had come to another end.
        let since = self.impacts.last().filter(|_| self.impacts.len() > 1).map_or(Timestamp::MIN, |impact| impact.from);
        let stage = |since: Timestamp, is_review: bool| {
            let mut stages = self.stages.iter().rev().filter(move |(at, _)| *at >= since);
            stages.find(|(_, one)| (one.stage == IncidentStage::Reviewed) == is_review).map(|(_, one)| one.stage)
        };
        match (self.closed, self.restored()) {
            (Some(_), _) => Progress::Closed,
            (None, Some(restored)) => stage(restored, true).map_or(Progress::Restored, Progress::of),
            (None, None) => stage(since, false).map_or_else(
                || if self.impacts.len() > 1 { Progress::Reopened } else { Progress::Detected },
                Progress::of,
            ),
        }
    }

    /// Who has which role now; of the experts there may be several.
    #[must_use]
    pub fn roles_held(&self) -> Vec<(IncidentRole, &str)> {
        let mut held: Vec<(IncidentRole, &str)> = Vec::new();
        for (_, given) in &self.roles {
            let one = (given.role, given.person.as_str());
            held.retain(|other| {
                *other != one && (given.leaves || given.role == IncidentRole::Expert || other.0 != given.role)
            });
            if !given.leaves {
                held.push(one);
            }
        }
        held.sort_by_key(|(role, _)| *role);
        held
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> IncidentState {
        match (self.closed, self.restored()) {
            (Some(_), _) => IncidentState::Closed,
            (None, Some(_)) => IncidentState::Restored,
            (None, None) => IncidentState::Open,
        }
    }
}

impl Entity for Incident {
    const TABLE: &'static str = "incident";

    const TYPES: &'static [&'static str] = &[
        IncidentOpened::TYPE,
        IncidentOnsetEstablished::TYPE,
        IncidentRestored::TYPE,
        IncidentReopened::TYPE,
        IncidentClosed::TYPE,
        IncidentClassified::TYPE,
        IncidentProblemConfirmed::TYPE,
        IncidentNoted::TYPE,
        IncidentProgressed::TYPE,
        IncidentRoleGiven::TYPE,
        IncidentSeverityChanged::TYPE,
    ];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("severity", Kind::Integer),
        ("service", Kind::Text),
        ("team", Kind::Text),
        ("title", Kind::Text),
        ("detected", Kind::Time),
        ("restored", Kind::Time),
        ("impact_s", Kind::Integer),
        ("progress", Kind::Text),
        ("commander", Kind::Text),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let (opened, record) = facts.iter().find_map(|r| Some((r.fact.time, IncidentOpened::read(&r.fact)?)))?;
        let mut out = Self {
            record,
            opened,
            detected: opened,
            onset: None,
            impacts: Vec::new(),
            closed: None,
            class: IncidentClass::Real,
            of: None,
            problem: None,
            notes: Vec::new(),
            severity: 0,
            stages: Vec::new(),
            roles: Vec::new(),
            severities: Vec::new(),
        };
        let mut turns = Vec::new();
        for Recorded { fact, .. } in facts {
            if let Some(data) = IncidentOpened::read(fact) {
                out.record = data;
            } else if let Some(data) = IncidentOnsetEstablished::read(fact) {
                out.onset = data.onset;
            } else if IncidentRestored::read(fact).is_some() {
                turns.push(Turn::Restored(fact.time));
            } else if IncidentReopened::read(fact).is_some() {
                turns.push(Turn::Reopened(fact.time));
                out.closed = None;
            } else if IncidentClosed::read(fact).is_some() {
                out.closed = Some(fact.time);
            } else if let Some(data) = IncidentClassified::read(fact) {
                (out.class, out.of) = (data.class, data.of);
            } else if let Some(data) = IncidentProblemConfirmed::read(fact) {
                out.problem = Some(data.problem);
            } else if let Some(data) = IncidentNoted::read(fact) {
                out.notes.push((fact.time, data));
            } else if let Some(data) = IncidentProgressed::read(fact) {
                out.stages.push((fact.time, data));
            } else if let Some(data) = IncidentRoleGiven::read(fact) {
                out.roles.push((fact.time, data));
            } else if let Some(data) = IncidentSeverityChanged::read(fact) {
                out.severities.push((fact.time, data));
            }
        }
        out.severity = out.severities.last().map_or(out.record.severity, |(_, changed)| changed.severity);
        out.detected = out.record.detected.unwrap_or(opened);
        out.impacts = impacts(out.detected, &turns);
        Some(out)
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.state().as_str().into(),
            Cell::Integer(self.severity.into()),
            self.record.services.first().map_or(Cell::Null, |service| service.as_str().into()),
            self.record.team.as_ref().map_or(Cell::Null, |team| team.as_str().into()),
            self.record.title.as_str().into(),
            Cell::Time(self.detected),
            self.restored().into(),
            self.impacted_seconds().map_or(Cell::Null, |seconds| Cell::Integer(seconds as i64)),
            self.progress().as_str().into(),
            self.roles_held()
                .iter()
                .find(|(role, _)| *role == IncidentRole::Commander)
                .map_or(Cell::Null, |(_, person)| (*person).into()),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let first = self.onset.map_or(self.detected, |onset| onset.min(self.detected)).min(self.opened);
        // One whose problem is known stays in view for as long as another can be its recurrence.
        let days = if self.problem.is_some() { RECURRENCE_DAYS } else { 0 };
        let tail = SignedDuration::from_hours(24 * days) + SignedDuration::from_micros(1);
        let last = self.restored().map(|restored| restored.max(self.opened).max(self.detected));
        (first, last.and_then(|last| last.checked_add(tail).ok()))
    }
}

enum Turn {
    Restored(Timestamp),
    Reopened(Timestamp),
}

/// The stretches without service. The first restoration ends one, whatever is said again later; a reopening begins the
/// next one where it is near enough, and is otherwise another incident.
fn impacts(detected: Timestamp, turns: &[Turn]) -> Vec<Impact> {
    let mut out = vec![Impact { from: detected, to: None }];
    for turn in turns {
        let Some(last) = out.last_mut() else { break };
        match (turn, last.to) {
            (Turn::Restored(at), None) => last.to = Some(*at),
            (Turn::Reopened(at), Some(restored))
                if at.duration_since(restored) <= SignedDuration::from_hours(REOPENED_WITHIN_HOURS) =>
            {
                out.push(Impact { from: *at, to: None });
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{fold_all, history};

    #[test]
    fn the_work_begins_anew_when_it_came_back_and_late_facts_stand_where_they_belong() {
        let facts = r#"
            2026-10-05T10:00:00Z incident.opened incident:1 {"title":"t","severity":1}
            2026-10-05T10:05:00Z incident.progressed incident:1 {"stage":"identified"}
            2026-10-05T10:20:00Z incident.restored incident:1
            2026-10-05T11:00:00Z incident.reopened incident:1
            2026-10-05T09:50:00Z incident.progressed incident:1 {"stage":"acknowledged"}
            2026-10-05T10:06:00Z incident.role-given incident:1 {"role":"commander","person":"ada"}
            2026-10-05T10:01:00Z incident.role-given incident:1 {"role":"commander","person":"ben"}
            2026-10-05T10:02:00Z incident.role-given incident:1 {"role":"expert","person":"eri"}
            2026-10-05T10:03:00Z incident.role-given incident:1 {"role":"expert","person":"dan"}
            2026-10-05T10:04:00Z incident.role-given incident:1 {"role":"expert","person":"eri","leaves":true}
            2026-10-05T10:08:00Z incident.severity-changed incident:1 {"severity":2}
        "#;
        let at = |lines: usize| {
            let known: Vec<&str> = facts.trim().lines().take(lines).collect();
            fold_all::<Incident>(&history(&known.join("\n")).unwrap()).remove(0).entity
        };
        let progress = |lines: usize| at(lines).progress().as_str();
        assert_eq!([1, 2, 3, 4, 5].map(progress), ["detected", "identified", "restored", "reopened", "reopened"]);
        let incident = at(11);
        assert_eq!(incident.roles_held(), [(IncidentRole::Commander, "ada"), (IncidentRole::Expert, "dan")]);
        assert_eq!((incident.record.severity, incident.severity), (1, 2));
    }

    #[test]
    fn a_timeline_and_its_impact_are_kept_for_drawing() {
        let facts = r#"
            2026-10-05T10:00:00Z incident.opened incident:1 {"title":"t","severity":1}
            2026-10-05T10:10:00Z incident.noted incident:1 {"text":"rolled back"}
            2026-10-05T10:20:00Z incident.restored incident:1
            2026-10-05T11:00:00Z incident.reopened incident:1
        "#;
        let incident = fold_all::<Incident>(&history(facts).unwrap()).remove(0).entity;
        assert_eq!((incident.notes.len(), incident.state()), (1, IncidentState::Open));
        let seconds: Vec<_> =
            incident.spans("2026-10-05T11:30:00Z".parse().unwrap()).iter().map(Span::seconds).collect();
        assert_eq!(seconds, [1200, 1800]);
    }
}
