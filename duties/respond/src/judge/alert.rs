//! An alert as an escalation sees it. Alerts are another duty's; what is known of them here comes from their facts.

use jiff::Timestamp;
use mainstay_kit::event_order;
use mainstay_model::facts::{
    AlertAcknowledged, AlertFired, AlertResolved, AlertSilenced, EscalationBegun, EscalationPolicy,
    MaintenanceAnnounced, MaintenanceCancelled,
};
use mainstay_model::{FactData, Recorded, Subject};
use std::collections::BTreeMap;

/// Annotations that say what to do, in the order in which they are looked for.
const RUNBOOKS: [&str; 3] = ["runbook_url", "runbook", "runbookURL"];

/// An alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// What fired, in its newest form.
    pub fired: AlertFired,
    /// When it began to fire.
    pub since: Timestamp,
    /// When it was over.
    pub resolved: Option<Timestamp>,
    /// When nobody is to be told of it.
    pub silences: Vec<(Timestamp, Timestamp)>,
    /// Who has seen it, and the fact that says so: of others than ourselves.
    pub seen: Vec<(Timestamp, String, String)>,
}

impl Alert {
    /// The alert that facts of one subject make; nothing where it never fired.
    #[must_use]
    pub fn of(mut facts: Vec<Recorded>, ours: &str) -> Option<Self> {
        event_order(&mut facts);
        let (since, fired) = facts.iter().find_map(|r| Some((r.fact.time, AlertFired::read(&r.fact)?)))?;
        let mut out = Self { fired, since, resolved: None, silences: Vec::new(), seen: Vec::new() };
        for Recorded { fact, .. } in &facts {
            if let Some(fired) = AlertFired::read(fact) {
                out.fired = fired;
            } else if AlertResolved::read(fact).is_some() {
                out.resolved = Some(fact.time);
            } else if let Some(silenced) = AlertSilenced::read(fact) {
                out.silences.push((fact.time, silenced.until));
            } else if let Some(seen) = AlertAcknowledged::read(fact)
                && fact.source != ours
            {
                out.seen.push((fact.time, seen.by.to_string(), format!("{}#{}", fact.source, fact.id)));
            }
        }
        Some(out)
    }

    /// Whether somebody may want to be told of it.
    #[must_use]
    pub fn is_real(&self) -> bool {
        !self.fired.watchdog && !self.fired.test
    }

    /// What policies and schedules answer for: its labels, and what was made of them.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        let fired = &self.fired;
        let mut labels = BTreeMap::from([("rule".to_owned(), fired.rule.clone())]);
        let mut add = |name: &str, value: Option<&str>| {
            labels.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        };
        add("severity", fired.severity.map(mainstay_model::Severity::as_str));
        add("service", fired.service.as_ref().map(Subject::name));
        add("team", fired.team.as_ref().map(Subject::name));
        labels.extend(fired.labels.clone());
        labels
    }

    /// What it says, in a line.
    #[must_use]
    pub fn title(&self) -> String {
        let fired = &self.fired;
        let says = ["summary", "message", "description"].iter().find_map(|name| fired.annotations.get(*name));
        let title = says.map_or_else(|| fired.rule.clone(), |says| format!("{}: {says}", fired.rule));
        title.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
    }

    /// What begins when a policy answers for it.
    #[must_use]
    pub fn begun(&self, alert: &Subject, policy: EscalationPolicy, digest: String) -> EscalationBegun {
        let fired = &self.fired;
        let runbook = RUNBOOKS.iter().find_map(|name| fired.annotations.get(*name)).cloned();
        EscalationBegun {
            alert: alert.clone(),
            title: self.title(),
            severity: fired.severity,
            service: fired.service.clone(),
            team: fired.team.clone(),
            link: runbook.or_else(|| fired.link.clone()),
            policy,
            digest,
        }
    }
}

/// The maintenances that were announced before they began, each with its services.
#[must_use]
pub fn maintenances(facts: Vec<Recorded>) -> Vec<MaintenanceAnnounced> {
    let mut facts = facts;
    event_order(&mut facts);
    let mut known: BTreeMap<Subject, MaintenanceAnnounced> = BTreeMap::new();
    for Recorded { fact, .. } in &facts {
        let Some(subject) = &fact.subject else { continue };
        if let Some(said) = MaintenanceAnnounced::read(fact) {
            if fact.time < said.from {
                known.insert(subject.clone(), said);
            }
        } else if MaintenanceCancelled::read(fact).is_some() {
            known.remove(subject);
        }
    }
    known.into_values().collect()
}

/// When nobody is to be told of an alert of a service: in announced maintenance of it, and while it is silenced.
#[must_use]
pub fn mute(
    service: Option<&Subject>,
    maintenances: &[MaintenanceAnnounced],
    silences: &[(Timestamp, Timestamp)],
) -> Vec<(Timestamp, Timestamp)> {
    let of_service = maintenances.iter().filter(|one| service.is_some_and(|service| one.services.contains(service)));
    of_service.map(|one| (one.from, one.until)).chain(silences.iter().copied()).collect()
}
