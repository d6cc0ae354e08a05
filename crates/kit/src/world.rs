//! The world: the ledger, the door to the outside, and all that the duties declare. One value that the server, the
//! command line and the jobs share.

use crate::duty::{Duty, Job, Kpi};
use crate::http_guard::Rates;
use crate::rights::Rights;
use crate::{Form, Hook, KpiSpec, Operation, Page, Principal, Problem, Reader};
use jiff::tz::TimeZone;
use mainstay_ledger::{AppendReport, Ledger};
use mainstay_model::facts::OperationDenied;
use mainstay_model::{Fact, FactData, Subject, Timestamp, Window};
use mainstay_notify::Channel;
use mainstay_outside::Outside;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What a server or a command is set to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The zone in which days and months are counted.
    pub zone: TimeZone,
    /// Whether whoever reaches us may do everything without signing in: only on loopback and while no user exists.
    pub open_on_loopback: bool,
    /// Whether that ends as soon as somebody was admitted; a command on the local ledger asks nobody.
    pub until_admitted: bool,
    /// Who that is.
    pub local: Principal,
    /// Decision rights.
    pub rights: Rights,
    /// The day that the scorecard is for, where that is not today: an example or an archive whose history has ended.
    pub today: Option<Timestamp>,
}

/// Everything that an operation may use.
pub struct World {
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// The door to the outside.
    pub outside: Outside,
    /// Settings.
    pub settings: Settings,
    /// All operations.
    pub operations: Vec<Operation>,
    /// All pages.
    pub pages: Vec<Page>,
    /// All forms on them.
    pub forms: Vec<Form>,
    /// All KPIs, by number.
    pub kpis: Vec<Kpi>,
    /// All jobs.
    pub jobs: Vec<Job>,
    pub(crate) rates: Rates,
    pub(crate) form_key: OnceLock<String>,
    pub(crate) values: crate::scorecard::Values,
    pub(crate) moves: crate::moves::Moves,
    pub(crate) digests: crate::digest::Digests,
    /// Where outside systems deliver.
    pub hooks: Vec<Hook>,
    /// The ways to people.
    pub channels: Vec<Channel>,
    /// Where people reach the pages, for links in messages.
    pub url: Option<String>,
    pub(crate) hints: Mutex<BTreeMap<&'static str, Value>>,
    /// Counters for `/metrics`.
    pub metrics: crate::metrics::Metrics,
}

impl World {
    /// Puts the duties together. `specs` are the KPI definitions of the catalog; one that no duty computes has no data.
    #[must_use]
    pub fn new(
        ledger: Arc<Ledger>,
        outside: Outside,
        settings: Settings,
        duties: &[Box<dyn Duty>],
        specs: Vec<KpiSpec>,
    ) -> Self {
        let computed: Vec<_> = duties.iter().flat_map(|duty| duty.kpis()).collect();
        let by_entity: Vec<_> = duties.iter().flat_map(|duty| duty.by_entity()).collect();
        let mut kpis: Vec<Kpi> = specs
            .into_iter()
            .map(|spec| {
                let contributions = computed.iter().find(|(id, _)| *id == spec.id).map(|(_, run)| *run);
                let by_entity = by_entity.iter().find(|(id, _)| *id == spec.id).map(|(_, kinds)| kinds.clone());
                Kpi { spec, contributions, by_entity: by_entity.unwrap_or_default() }
            })
            .collect();
        kpis.sort_by_key(|kpi| kpi.spec.number);
        Self {
            ledger,
            outside,
            settings,
            operations: duties.iter().flat_map(|duty| duty.operations()).collect(),
            pages: duties.iter().flat_map(|duty| duty.pages()).collect(),
            forms: duties.iter().flat_map(|duty| duty.forms()).collect(),
            form_key: OnceLock::new(),
            kpis,
            jobs: duties.iter().flat_map(|duty| duty.jobs()).collect(),
            rates: Rates::default(),
            values: crate::scorecard::Values::default(),
            moves: crate::moves::Moves::watching(duties.iter().flat_map(|duty| duty.entities()).collect()),
            digests: crate::digest::Digests::default(),
            hooks: Vec::new(),
            channels: Vec::new(),
            url: None,
            hints: Mutex::default(),
            metrics: crate::metrics::Metrics::default(),
        }
    }

    /// The time by the world's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.outside.clock().now()
    }

    /// What a job found out in an earlier run and need not find out again. It is lost with the process and another replica has
    /// its own, so that nothing may rest on it.
    #[must_use]
    pub fn hint(&self, job: &str) -> Option<Value> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner).get(job).cloned()
    }

    /// Keeps a hint for the job's next run.
    pub fn set_hint(&self, job: &'static str, hint: Value) {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner).insert(job, hint);
    }

    /// The operation of an id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }
}

/// One use of an operation or a page: who asks, and when.
pub struct Call<'a> {
    /// The world.
    pub world: &'a World,
    /// Who asks.
    pub principal: &'a Principal,
    /// When.
    pub now: Timestamp,
}

impl<'a> Call<'a> {
    /// A call at this moment.
    #[must_use]
    pub fn new(world: &'a World, principal: &'a Principal) -> Self {
        Self { world, principal, now: world.now() }
    }

    /// "Now" for judging history: the configured day, else the clock.
    #[must_use]
    pub fn today(&self) -> Timestamp {
        self.world.settings.today.unwrap_or(self.now)
    }

    /// A reader of what is known, or was known at a date, a time, or an entry count.
    ///
    /// # Errors
    /// The text is none of these.
    pub fn reader(&self, as_of: Option<&str>) -> Result<Reader<'a>, Problem> {
        let Some(text) = as_of.filter(|text| !text.is_empty()) else {
            return Ok(Reader::new(&self.world.ledger, None));
        };
        if let Ok(count) = text.parse::<u64>() {
            return Ok(Reader::new(&self.world.ledger, Some(count)));
        }
        let at =
            Window::instant(text, &self.world.settings.zone).map_err(|e| Problem::malformed("as-of", e.to_string()))?;
        Ok(Reader::new(&self.world.ledger, Some(self.world.ledger.seq_as_of(at)?)))
    }

    /// Appends facts to the ledger.
    ///
    /// # Errors
    /// The ledger fails; a single fact that is refused is in the report.
    pub fn append(&self, facts: Vec<Fact>) -> Result<AppendReport, Problem> {
        let report = self.world.ledger.append(facts, self.now)?;
        self.world.metrics.facts_new.inc_by(report.new);
        Ok(report)
    }

    /// Writes a denial down and gives the problem to answer with.
    #[must_use]
    pub fn deny(&self, operation: &str, reason: String) -> Problem {
        self.record_denial(operation, &reason);
        Problem::forbidden(reason)
    }

    /// Writes down that the principal tried what it may not. The same denial within a minute is one fact, so that a
    /// program in a loop does not fill the ledger.
    pub(crate) fn record_denial(&self, operation: &str, reason: &str) {
        let denied = OperationDenied {
            principal: self.principal.id.clone(),
            operation: operation.to_owned(),
            reason: reason.to_owned(),
            about: None,
        };
        let id = format!("denied/{}/{operation}/{}", self.principal.id, self.now.as_second() / 60);
        let subject = Subject::of("principal", self.principal.id.as_str());
        let outcome = denied.fact("mainstay:access", &id, subject, self.now).map(|fact| self.append(vec![fact]));
        if !matches!(outcome, Ok(Ok(_))) {
            tracing::error!(operation, principal = %self.principal.id, "a denial could not be written down");
        }
    }
}
