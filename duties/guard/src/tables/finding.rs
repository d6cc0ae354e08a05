//! Findings: failed controls and broken promises.

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{FindingOpened, FindingResolved, FindingWaived};
use mainstay_model::{FactData, Finding, FindingState, Recorded, Severity};
use serde::{Deserialize, Serialize};

/// A finding with what was said about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    /// The finding. Whether a waiver still holds depends on the time of asking: see [`FindingRow::state_at`].
    pub finding: Finding,
    /// The newest waiver, and when it was given.
    pub waiver: Option<(Timestamp, FindingWaived)>,
    /// Why it was resolved.
    pub reason: Option<String>,
    /// How it stood from each time on, oldest first.
    pub course: Vec<Stood>,
}

/// How a finding stood from a time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    /// From when on.
    pub from: Timestamp,
    /// How.
    pub state: FindingState,
    /// For a waiver the time from which on it is open again.
    pub until: Option<Timestamp>,
}

impl FindingRow {
    /// Where it stands at a time: a waiver that ran out leaves it open.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> FindingState {
        if self.finding.resolved.is_some() {
            return FindingState::Resolved;
        }
        let waived = self.finding.waived_until.is_some_and(|until| now < until);
        if waived { FindingState::Waived } else { FindingState::Open }
    }

    /// Where it stood at a time of the past; `None` before it was first seen. Unlike [`FindingRow::state_at`] it knows of
    /// resolutions and waivers that later facts ended.
    #[must_use]
    pub fn stood_at(&self, at: Timestamp) -> Option<FindingState> {
        let behind = self.course.partition_point(|stood| stood.from <= at);
        let stood = self.course[..behind].last()?;
        Some(if stood.until.is_some_and(|until| until <= at) { FindingState::Open } else { stood.state })
    }
}

impl Entity for FindingRow {
    const TABLE: &'static str = "finding";

    const TYPES: &'static [&'static str] = &[FindingOpened::TYPE, FindingResolved::TYPE, FindingWaived::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("severity", Kind::Text),
        ("rule", Kind::Text),
        ("subject", Kind::Text),
        ("owner", Kind::Text),
        ("opened", Kind::Time),
        ("due", Kind::Time),
        ("waived_until", Kind::Time),
    ];

    fn fold(key: &str, facts: &[Recorded]) -> Option<Self> {
        let (opened, first) = facts.iter().find_map(|r| Some((r.fact.time, FindingOpened::read(&r.fact)?)))?;
        let mut row = Self {
            finding: Finding {
                id: key.strip_prefix("finding:").unwrap_or(key).to_owned(),
                rule: first.rule,
                subject: first.about,
                summary: first.summary,
                severity: first.severity,
                owner: first.owner,
                state: FindingState::Open,
                opened,
                due: first.due,
                waived_until: None,
                resolved: None,
                place: first.place,
            },
            waiver: None,
            reason: None,
            course: Vec::new(),
        };
        for Recorded { fact, .. } in facts {
            if let Some(data) = FindingOpened::read(fact) {
                row.open_again(data, fact.time);
            } else if let Some(data) = FindingResolved::read(fact) {
                row.finding.resolved = Some(fact.time);
                row.reason = Some(data.reason);
                row.stands(fact.time, FindingState::Resolved);
            } else if let Some(data) = FindingWaived::read(fact) {
                row.finding.waived_until = Some(data.until);
                row.waiver = Some((fact.time, data));
                if row.finding.resolved.is_none() {
                    row.stands(fact.time, FindingState::Waived);
                }
            }
        }
        row.finding.due = row.finding.due.or_else(|| due(row.finding.severity, row.finding.opened));
        row.finding.state = match (row.finding.resolved, row.finding.waived_until) {
            (Some(_), _) => FindingState::Resolved,
            (None, Some(_)) => FindingState::Waived,
            (None, None) => FindingState::Open,
        };
        Some(row)
    }

    fn cells(&self) -> Vec<Cell> {
        let finding = &self.finding;
        let state = match finding.state {
            FindingState::Open => "open",
            FindingState::Waived => "waived",
            FindingState::Resolved => "resolved",
        };
        vec![
            state.into(),
            finding.severity.as_str().into(),
            finding.rule.as_str().into(),
            finding.subject.as_str().into(),
            finding.owner.as_ref().map_or(Cell::Null, |owner| owner.as_str().into()),
            Cell::Time(finding.opened),
            finding.due.into(),
            finding.waived_until.into(),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let end = self.finding.resolved.and_then(|at| at.checked_add(SignedDuration::from_micros(1)).ok());
        (self.finding.opened, end)
    }
}

impl FindingRow {
    /// Takes the newest wording; when it was first seen, and a waiver, outlive a resolution.
    fn open_again(&mut self, data: FindingOpened, at: Timestamp) {
        let finding = &mut self.finding;
        finding.rule = data.rule;
        finding.subject = data.about;
        finding.summary = data.summary;
        finding.severity = data.severity;
        finding.owner = data.owner;
        finding.due = data.due;
        // A waiver that has run out by then is over; the finding is open as any other.
        finding.waived_until = finding.waived_until.filter(|until| at < *until);
        finding.place = data.place;
        finding.resolved = None;
        self.reason = None;
        let state = if finding.waived_until.is_some() { FindingState::Waived } else { FindingState::Open };
        self.stands(at, state);
    }

    /// Notes how it stands from a time on; what stays as it was says nothing new.
    fn stands(&mut self, from: Timestamp, state: FindingState) {
        let until = self.finding.waived_until.filter(|_| state == FindingState::Waived);
        if self.course.last().is_none_or(|last| (last.state, last.until) != (state, until)) {
            self.course.push(Stood { from, state, until });
        }
    }
}

/// Days in which a finding of a severity is to be mended, where nothing else is said: those of the patch and vulnerability
/// promises (critical 14, high 30), and what most policies give the lesser ones. What is only worth knowing has no date.
const fn days_to_mend(severity: Severity) -> Option<i64> {
    match severity {
        Severity::Critical => Some(14),
        Severity::High => Some(30),
        Severity::Medium => Some(90),
        Severity::Low => Some(180),
        Severity::Info => None,
    }
}

fn due(severity: Severity, opened: Timestamp) -> Option<Timestamp> {
    opened.checked_add(SignedDuration::from_hours(24 * days_to_mend(severity)?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{fold_all, history};

    const OPENED: &str = r#"finding.opened finding:ab {"rule":"r","about":"aws:s3:bucket/logs","summary":"is public","severity":"high"}"#;

    fn row(facts: &str) -> FindingRow {
        fold_all::<FindingRow>(&history(facts).unwrap()).remove(0).entity
    }

    #[test]
    fn a_finding_that_comes_back_keeps_when_it_was_first_seen() {
        let row = row(&format!(
            "2026-10-01T00:00:00Z {OPENED}\n2026-10-02T00:00:00Z finding.resolved finding:ab {{\"reason\":\"mended\"}}\n2026-10-03T00:00:00Z {OPENED}"
        ));
        assert_eq!((row.finding.state, row.finding.id.as_str()), (FindingState::Open, "ab"));
        assert_eq!(row.finding.opened.to_string(), "2026-10-01T00:00:00Z");
    }

    #[test]
    fn a_waiver_that_ran_out_leaves_the_finding_open() {
        let row = row(&format!(
            "2026-10-01T00:00:00Z {OPENED}\n2026-10-02T00:00:00Z finding.waived finding:ab {{\"by\":\"a\",\"requested_by\":\"b\",\"reason\":\"r\",\"until\":\"2026-11-01T00:00:00Z\"}}"
        ));
        assert_eq!(row.state_at("2026-10-31T00:00:00Z".parse().unwrap()), FindingState::Waived);
        assert_eq!(row.state_at("2026-11-01T00:00:00Z".parse().unwrap()), FindingState::Open);
    }

    #[test]
    fn how_it_stood_is_known_for_every_time() {
        let row = row(&format!(
            "2026-10-02T00:00:00Z {OPENED}\n2026-10-05T00:00:00Z finding.resolved finding:ab {{\"reason\":\"mended\"}}\n2026-10-08T00:00:00Z {OPENED}\n2026-10-10T00:00:00Z finding.waived finding:ab {{\"by\":\"a\",\"requested_by\":\"b\",\"reason\":\"r\",\"until\":\"2026-10-20T00:00:00Z\"}}"
        ));
        let stood = |day: &str| row.stood_at(format!("2026-10-{day}T12:00:00Z").parse().unwrap());
        assert_eq!(stood("01"), None);
        assert_eq!(stood("03"), Some(FindingState::Open));
        assert_eq!(stood("06"), Some(FindingState::Resolved));
        assert_eq!(stood("09"), Some(FindingState::Open));
        assert_eq!(stood("15"), Some(FindingState::Waived));
        assert_eq!(stood("25"), Some(FindingState::Open));
    }

    #[test]
    fn a_finding_without_a_date_of_its_own_is_due_by_its_severity() {
        let row = row(&format!("2026-10-01T00:00:00Z {OPENED}"));
        assert_eq!(row.finding.due, Some("2026-10-31T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_finding_opened_again_after_its_waiver_ran_out_is_open() {
        let waived = r#"finding.waived finding:ab {"by":"grace","requested_by":"ada","reason":"known","until":"2026-10-05T00:00:00Z"}"#;
        let row = row(&format!(
            "2026-10-01T00:00:00Z {OPENED}\n2026-10-02T00:00:00Z {waived}\n2026-10-05T00:00:00Z {OPENED}"
        ));
        assert_eq!(
            (row.finding.state, row.finding.opened),
            (FindingState::Open, "2026-10-01T00:00:00Z".parse().unwrap())
        );
    }
}
