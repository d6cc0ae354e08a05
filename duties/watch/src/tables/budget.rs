//! What facts about objectives and their budgets fold into.

use jiff::Timestamp;
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{
    BudgetMeasured, BudgetPolicyDeclared, BudgetPolicyWithdrawn, BudgetState, MaintenanceAnnounced,
    MaintenanceCancelled, PromiseMade, PromiseWithdrawn,
};
use mainstay_model::{FactData, Promise, PromiseKind, Recorded};
use serde::{Deserialize, Serialize};

/// A service level objective, as it stood over time, with what was measured of its budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The promise from each time on; `None` from where it was withdrawn.
    pub history: Vec<(Timestamp, Option<Promise>)>,
    /// What was measured last, and until when.
    pub last: Option<BudgetMeasured>,
    /// Where it stood and what was left, at each measurement, oldest first.
    pub course: Vec<(Timestamp, BudgetState, Option<f64>)>,
}

impl Objective {
    /// The promise as it stands, unless it is withdrawn.
    #[must_use]
    pub fn current(&self) -> Option<&Promise> {
        self.history.last()?.1.as_ref()
    }

    /// The promise as it stands or stood last.
    #[must_use]
    pub fn newest(&self) -> Option<&Promise> {
        self.history.iter().rev().find_map(|(_, promise)| promise.as_ref())
    }

    /// The word for where it stands, used in lists and addresses.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (&self.last, self.current()) {
            (_, None) => "withdrawn",
            (None, _) => "not measured",
            (Some(last), _) => last.state.as_str(),
        }
    }
}

impl Entity for Objective {
    const TABLE: &'static str = "objective";

    const TYPES: &'static [&'static str] = &[PromiseMade::TYPE, PromiseWithdrawn::TYPE, BudgetMeasured::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("service", Kind::Text),
        ("name", Kind::Text),
        ("percent", Kind::Real),
        ("window", Kind::Text),
        ("good", Kind::Real),
        ("left", Kind::Real),
        ("gone_in_s", Kind::Integer),
        ("covered", Kind::Real),
        ("measured", Kind::Time),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let mut out = Self { history: Vec::new(), last: None, course: Vec::new() };
        for Recorded { fact, .. } in facts {
            if let Some(made) = PromiseMade::read(fact) {
                let ours = matches!(made.promise.kind, PromiseKind::ServiceLevel { .. });
                out.history.push((fact.time, ours.then_some(made.promise)));
            } else if PromiseWithdrawn::read(fact).is_some() {
                out.history.push((fact.time, None));
            } else if let Some(measured) = BudgetMeasured::read(fact) {
                out.course.push((fact.time, measured.state, measured.left));
                out.last = Some(measured);
            }
        }
        out.newest().is_some().then_some(out)
    }

    fn cells(&self) -> Vec<Cell> {
        let mut cells = vec![Cell::from(self.word())];
        if let Some(promise) = self.newest()
            && let PromiseKind::ServiceLevel { name, percent, window, .. } = &promise.kind
        {
            let service = promise.subject.as_str();
            cells.extend([service.into(), name.as_str().into(), Cell::Real(*percent), window.as_str().into()]);
        }
        if let Some(last) = &self.last {
            let real = |number: Option<f64>| number.map_or(Cell::Null, Cell::Real);
            let gone = last.gone_in_s.map_or(Cell::Null, |s| Cell::Integer(i64::try_from(s).unwrap_or(i64::MAX)));
            cells.extend([real(last.good), real(last.left), gone, Cell::Real(last.covered), Cell::Time(last.until)]);
        }
        cells.resize(Self::COLUMNS.len(), Cell::Null);
        cells
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let first = self.history.first().map_or(Timestamp::MIN, |(at, _)| *at);
        (first, self.history.last().filter(|(_, promise)| promise.is_none()).map(|(at, _)| *at))
    }
}

/// Planned work, as it was announced before it began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedWork {
    /// The newest announcement that was made in time, and when; nothing where there is none, or it was called off.
    pub announced: Option<(Timestamp, MaintenanceAnnounced)>,
    /// The newest announcement of all: one that was made after the work had begun excuses nothing.
    pub newest: MaintenanceAnnounced,
    /// When it was called off.
    pub cancelled: Option<Timestamp>,
}

impl PlannedWork {
    /// The word for it, used in lists and addresses.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match (&self.announced, &self.cancelled) {
            (Some(_), _) => "announced",
            (None, Some(_)) => "cancelled",
            (None, None) => "announced too late",
        }
    }
}

impl Entity for PlannedWork {
    const TABLE: &'static str = "planned_work";

    const TYPES: &'static [&'static str] = &[MaintenanceAnnounced::TYPE, MaintenanceCancelled::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("title", Kind::Text),
        ("services", Kind::Text),
        ("announced", Kind::Time),
        ("from", Kind::Time),
        ("until", Kind::Time),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let mut announced = None;
        let mut newest = None;
        let mut cancelled = None;
        for Recorded { fact, .. } in facts {
            if let Some(said) = MaintenanceAnnounced::read(fact) {
                if fact.time < said.from {
                    announced = Some((fact.time, said.clone()));
                    cancelled = None;
                }
                newest = Some(said);
            } else if MaintenanceCancelled::read(fact).is_some() {
                announced = None;
                cancelled = Some(fact.time);
            }
        }
        Some(Self { announced, newest: newest?, cancelled })
    }

    fn cells(&self) -> Vec<Cell> {
        let said = self.announced.as_ref().map_or(&self.newest, |(_, said)| said);
        let services: Vec<&str> = said.services.iter().map(mainstay_model::Subject::as_str).collect();
        vec![
            self.word().into(),
            said.title.as_str().into(),
            services.join(" ").as_str().into(),
            self.announced.as_ref().map(|(at, _)| *at).into(),
            Cell::Time(said.from),
            Cell::Time(said.until),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let said = self.announced.as_ref().map_or(&self.newest, |(_, said)| said);
        (said.from, Some(said.until))
    }
}

/// What is to happen when error budgets run out, as it was declared over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetPolicy {
    /// The policy from each time on; `None` from where it was withdrawn.
    pub history: Vec<(Timestamp, Option<BudgetPolicyDeclared>)>,
}

impl Entity for BudgetPolicy {
    const TABLE: &'static str = "budget_policy";

    const TYPES: &'static [&'static str] = &[BudgetPolicyDeclared::TYPE, BudgetPolicyWithdrawn::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[("state", Kind::Text), ("steps", Kind::Integer)];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let mut history = Vec::new();
        for Recorded { fact, .. } in facts {
            if let Some(said) = BudgetPolicyDeclared::read(fact) {
                history.push((fact.time, Some(said)));
            } else if BudgetPolicyWithdrawn::read(fact).is_some() {
                history.push((fact.time, None));
            }
        }
        history.iter().any(|(_, said)| said.is_some()).then_some(Self { history })
    }

    fn cells(&self) -> Vec<Cell> {
        let current = self.history.last().and_then(|(_, said)| said.as_ref());
        let steps = current.map_or(0, |said| i64::try_from(said.steps.len()).unwrap_or(i64::MAX));
        vec![if current.is_some() { "declared" } else { "withdrawn" }.into(), Cell::Integer(steps)]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.history.first().map_or(Timestamp::MIN, |(at, _)| *at), None)
    }
}
