//! What facts about incidents and approvals fold into.

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{
    ApprovalAnswered, ApprovalRequested, IncidentClass, IncidentClassified, IncidentClosed, IncidentNoted,
    IncidentOnsetEstablished, IncidentOpened, IncidentProblemConfirmed, IncidentReopened, IncidentRestored,
};
use mainstay_model::{FactData, PrincipalId, Recorded, Span, Subject};
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
    ];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("severity", Kind::Integer),
        ("service", Kind::Text),
        ("team", Kind::Text),
        ("title", Kind::Text),
        ("detected", Kind::Time),
        ("restored", Kind::Time),
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
            }
        }
        out.detected = out.record.detected.unwrap_or(opened);
        out.impacts = impacts(out.detected, &turns);
        Some(out)
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.state().as_str().into(),
            Cell::Integer(self.record.severity.into()),
            self.record.services.first().map_or(Cell::Null, |service| service.as_str().into()),
            self.record.team.as_ref().map_or(Cell::Null, |team| team.as_str().into()),
            self.record.title.as_str().into(),
            Cell::Time(self.detected),
            self.restored().into(),
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

/// A question to a person with authority, and the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// What is asked, first statement: what is approved must not change afterwards.
    pub request: ApprovalRequested,
    /// When it was asked.
    pub requested: Timestamp,
    /// When it was answered, and how: the first answer by somebody else than the requester, in time, to this digest.
    pub answer: Option<(Timestamp, ApprovalAnswered)>,
}

/// Where a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalState {
    /// Nobody answered, and an answer still helps.
    Waiting,
    /// Yes, and still good.
    Approved,
    /// No.
    Refused,
    /// Too late, for an answer or for its use.
    Expired,
}

impl ApprovalState {
    /// The word used in lists and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

impl Approval {
    /// Where it stands at a time.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ApprovalState {
        match &self.answer {
            Some((_, answer)) if !answer.approved => ApprovalState::Refused,
            _ if self.request.expires <= now => ApprovalState::Expired,
            Some(_) => ApprovalState::Approved,
            None => ApprovalState::Waiting,
        }
    }

    /// Whether this allows doing, at a time, exactly what has this digest.
    #[must_use]
    pub fn allows(&self, digest: &str, now: Timestamp) -> bool {
        self.state(now) == ApprovalState::Approved && self.request.digest == digest
    }

    /// Who approved it.
    #[must_use]
    pub fn approved_by(&self) -> Option<&PrincipalId> {
        self.answer.as_ref().filter(|(_, answer)| answer.approved).map(|(_, answer)| &answer.by)
    }
}

impl Entity for Approval {
    const TABLE: &'static str = "approval";

    const TYPES: &'static [&'static str] = &[ApprovalRequested::TYPE, ApprovalAnswered::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("action", Kind::Text),
        ("about", Kind::Text),
        ("requested_by", Kind::Text),
        ("requested", Kind::Time),
        ("expires", Kind::Time),
        ("answer", Kind::Text),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let (requested, request) = facts.iter().find_map(|r| Some((r.fact.time, ApprovalRequested::read(&r.fact)?)))?;
        let answer = facts.iter().find_map(|r| {
            let answer = ApprovalAnswered::read(&r.fact)?;
            let at = r.fact.time;
            let valid = answer.digest == request.digest
                && answer.by != request.requested_by
                && requested <= at
                && at < request.expires;
            valid.then_some((at, answer))
        });
        Some(Self { request, requested, answer })
    }

    fn cells(&self) -> Vec<Cell> {
        let answer = self.answer.as_ref().map(|(_, answer)| if answer.approved { "yes" } else { "no" });
        vec![
            self.request.action.as_str().into(),
            self.request.about.as_str().into(),
            self.request.requested_by.as_str().into(),
            Cell::Time(self.requested),
            Cell::Time(self.request.expires),
            answer.map_or(Cell::Null, Cell::from),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.requested, Some(self.request.expires.max(self.requested)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{fold_all, history};

    const ASKED: &str = r#"2026-10-01T00:00:00Z approval.requested approval:1 {"action":"finding.waive","about":"finding:ab","digest":"d1","requested_by":"ann","expires":"2026-10-03T00:00:00Z"}"#;

    fn after(answers: &str) -> Approval {
        fold_all::<Approval>(&history(&format!("{ASKED}\n{answers}")).unwrap()).remove(0).entity
    }

    fn answered(time: &str, by: &str, approved: bool, digest: &str) -> String {
        format!(
            "{time} approval.answered approval:1 {{\"by\":\"{by}\",\"approved\":{approved},\"digest\":\"{digest}\"}}\n"
        )
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_yes_allows_exactly_what_was_asked_until_it_expires() {
        let approval = after(&answered("2026-10-01T10:00:00Z", "ben", true, "d1"));
        assert!(approval.allows("d1", at("2026-10-02T23:59:59Z")));
        assert!(!approval.allows("d2", at("2026-10-02T00:00:00Z")));
        assert!(!approval.allows("d1", at("2026-10-03T00:00:00Z")));
        assert_eq!(approval.approved_by().unwrap().as_str(), "ben");
    }

    #[test]
    fn the_requester_another_digest_or_a_late_answer_approves_nothing() {
        for answer in [
            answered("2026-10-01T10:00:00Z", "ann", true, "d1"),
            answered("2026-10-01T10:00:00Z", "ben", true, "d2"),
            answered("2026-10-03T00:00:00Z", "ben", true, "d1"),
        ] {
            assert_eq!(after(&answer).state(at("2026-10-02T00:00:00Z")), ApprovalState::Waiting, "{answer}");
        }
    }

    #[test]
    fn the_first_valid_answer_stands() {
        let no_then_yes =
            answered("2026-10-01T10:00:00Z", "ben", false, "d1") + &answered("2026-10-01T11:00:00Z", "cat", true, "d1");
        assert_eq!(after(&no_then_yes).state(at("2026-10-01T12:00:00Z")), ApprovalState::Refused);
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
        let seconds: Vec<_> = incident.spans(at("2026-10-05T11:30:00Z")).iter().map(Span::seconds).collect();
        assert_eq!(seconds, [1200, 1800]);
    }
}
