//! Approvals: what somebody asked for, and what somebody else answered.

use jiff::Timestamp;
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{ApprovalAnswered, ApprovalRequested};
use mainstay_model::{FactData, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The newest request under one id, and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalRow {
    /// What was asked.
    pub request: ApprovalRequested,
    /// When.
    pub asked: Timestamp,
    /// The answer to it, and when it was given.
    pub answer: Option<(Timestamp, ApprovalAnswered)>,
}

impl ApprovalRow {
    /// `waiting`, `expired`, `approved` or `rejected` at a time.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> &'static str {
        match &self.answer {
            None if now >= self.request.expires => "expired",
            _ => self.answered(),
        }
    }

    /// The requester's reason, and until when it would hold; requests carry both as one text.
    #[must_use]
    pub fn terms(&self) -> (String, Option<Timestamp>) {
        let told: Value = serde_json::from_str(&self.request.reason).unwrap_or_default();
        let reason = told["reason"].as_str().unwrap_or(&self.request.reason).to_owned();
        (reason, told["until"].as_str().and_then(|text| text.parse().ok()))
    }

    fn answered(&self) -> &'static str {
        match &self.answer {
            None => "waiting",
            Some((_, said)) if said.approved => "approved",
            Some(_) => "rejected",
        }
    }
}

impl Entity for ApprovalRow {
    const TABLE: &'static str = "approval";

    const TYPES: &'static [&'static str] = &[ApprovalRequested::TYPE, ApprovalAnswered::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("action", Kind::Text),
        ("about", Kind::Text),
        ("requested_by", Kind::Text),
        ("asked", Kind::Time),
        ("expires", Kind::Time),
        ("answered_by", Kind::Text),
    ];

    /// What is asked must not change while it waits; asking again once it is answered or has expired waits anew. The first
    /// answer stands that somebody else than the requester gives, in time, to what was asked.
    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let mut row: Option<Self> = None;
        for Recorded { fact, .. } in facts {
            if let Some(request) = ApprovalRequested::read(fact) {
                if row.as_ref().is_none_or(|row| row.state_at(fact.time) != "waiting") {
                    row = Some(Self { request, asked: fact.time, answer: None });
                }
            } else if let (Some(said), Some(row)) = (ApprovalAnswered::read(fact), row.as_mut()) {
                let request = &row.request;
                let valid = said.digest == request.digest && said.by != request.requested_by;
                if valid && row.state_at(fact.time) == "waiting" {
                    row.answer = Some((fact.time, said));
                }
            }
        }
        row
    }

    fn cells(&self) -> Vec<Cell> {
        let by = self.answer.as_ref().map(|(_, said)| said.by.to_string());
        vec![
            self.answered().into(),
            self.request.action.as_str().into(),
            self.request.about.as_str().into(),
            self.request.requested_by.as_str().into(),
            Cell::Time(self.asked),
            Cell::Time(self.request.expires),
            by.into(),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.asked, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{fold_all, history};

    const ASKED: &str = r#"approval.requested approval:ab {"action":"finding.waive","about":"finding:1","digest":"d","requested_by":"ada","expires":"2026-10-04T00:00:00Z","reason":"{\"reason\":\"known and accepted\",\"until\":\"2026-12-01T00:00:00Z\"}"}"#;
    const REFUSED: &str = r#"approval.answered approval:ab {"by":"grace","approved":false,"digest":"d","reason":"no"}"#;

    fn row(facts: &str) -> ApprovalRow {
        fold_all::<ApprovalRow>(&history(facts).unwrap()).remove(0).entity
    }

    #[test]
    fn a_request_waits_until_it_is_answered_or_expires() {
        let waiting = row(&format!("2026-10-01T00:00:00Z {ASKED}"));
        assert_eq!(waiting.state_at("2026-10-03T23:59:59Z".parse().unwrap()), "waiting");
        assert_eq!(waiting.state_at("2026-10-04T00:00:00Z".parse().unwrap()), "expired");
        let until = Some("2026-12-01T00:00:00Z".parse().unwrap());
        assert_eq!(waiting.terms(), ("known and accepted".to_owned(), until));
        let refused = row(&format!("2026-10-01T00:00:00Z {ASKED}\n2026-10-02T00:00:00Z {REFUSED}"));
        assert_eq!(refused.state_at("2026-12-04T00:00:00Z".parse().unwrap()), "rejected");
    }

    #[test]
    fn the_requester_another_digest_or_a_late_answer_answers_nothing() {
        let answer = |time: &str, by: &str, digest: &str| {
            format!(
                "{time} approval.answered approval:ab {{\"by\":\"{by}\",\"approved\":true,\"digest\":\"{digest}\"}}"
            )
        };
        for wrong in [
            answer("2026-10-01T10:00:00Z", "ada", "d"),
            answer("2026-10-01T10:00:00Z", "grace", "e"),
            answer("2026-10-04T00:00:00Z", "grace", "d"),
        ] {
            let row = row(&format!("2026-10-01T00:00:00Z {ASKED}\n{wrong}"));
            assert_eq!(row.state_at("2026-10-02T00:00:00Z".parse().unwrap()), "waiting", "{wrong}");
        }
    }

    #[test]
    fn the_first_valid_answer_stands() {
        let yes = r#"approval.answered approval:ab {"by":"grace","approved":true,"digest":"d"}"#;
        let row =
            row(&format!("2026-10-01T00:00:00Z {ASKED}\n2026-10-02T00:00:00Z {REFUSED}\n2026-10-02T01:00:00Z {yes}"));
        assert_eq!(row.state_at("2026-10-03T00:00:00Z".parse().unwrap()), "rejected");
    }

    #[test]
    fn asking_again_after_an_answer_waits_for_a_new_one() {
        let again =
            row(&format!("2026-10-01T00:00:00Z {ASKED}\n2026-10-02T00:00:00Z {REFUSED}\n2026-10-03T00:00:00Z {ASKED}"));
        assert_eq!(again.state_at("2026-10-03T12:00:00Z".parse().unwrap()), "waiting");
    }
}
