//! Service level objectives as code: read from the formats that teams have, checked, and turned into Prometheus rules.
//!
//! Read are Sloth's `prometheus/v1` and its Kubernetes resource, OpenSLO (`v1alpha` and `v1`) and Pyrra's resource. All
//! become [`Slo`]. [`rules`] writes the recording rules of the indicator over every window that an alert needs, and alerts
//! on several windows and burn rates at once (Google, The Site Reliability Workbook, chapter 5, table 5-8). Names of rules and labels are
//! those of Sloth, so that dashboards made for it go on working. [`status`] says what is left of budgets. Beside objectives,
//! files can announce maintenance and say what is to happen when budgets run out, in formats of our own.
//!
//! Pure: texts in, objectives, rules and diagnostics out.

pub mod backtest;
mod calendar;
pub mod maintenance;
mod openslo;
pub mod policy;
mod pyrra;
mod query;
mod read;
pub mod rules;
mod sloth;
pub mod status;
mod windows;

pub use calendar::{Calendar, Unit};
pub use maintenance::Maintenance;
pub use policy::Policy;
pub use query::WINDOW;
pub use read::{Reading, read};
pub use windows::{AlertWindows, BurnWindow, Duration, Windows};

use mainstay_model::{Place, Subject};
use std::collections::BTreeMap;

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// The service that makes it.
    pub service: String,
    /// Its name within the service.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The share of good events or time, in percent: 99.9.
    pub objective: f64,
    /// Labels of its rules.
    pub labels: BTreeMap<String, String>,
    /// How long a budget lasts; what the caller gives where the specification leaves it open.
    pub period: Option<Duration>,
    /// When the budget begins anew, where it does so on a day of the calendar instead of rolling.
    pub calendar: Option<Calendar>,
    /// How it is measured.
    pub indicator: Indicator,
    /// The alerts on it.
    pub alerting: Alerting,
    /// The format it was written in: `prometheus/v1`.
    pub spec: String,
    /// The resource of Kubernetes that it stands in, where it does.
    pub resource: Option<Resource>,
    /// Where it stands.
    pub place: Place,
}

impl Slo {
    /// Names it among all.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}", self.service, self.name)
    }

    /// The service as the estate knows it.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject::of("service", &self.service)
    }

    /// How long its budget lasts, for people; the given period where it says none.
    #[must_use]
    pub fn window(&self, period: Duration) -> String {
        match &self.calendar {
            Some(calendar) => calendar.shown(),
            None => self.period.unwrap_or(period).to_string(),
        }
    }

    /// The share of bad events that is allowed, 0 to 1.
    #[must_use]
    pub fn budget(&self) -> f64 {
        (100.0 - self.objective) / 100.0
    }
}

/// A resource of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its namespace, where one is given.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// How an objective is measured: queries in which [`WINDOW`] stands for a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// The share of what is bad, 0 to 1.
    pub error_ratio: String,
    /// Bad and all events, where events are counted; then a long window can be weighted by them.
    pub events: Option<Events>,
    /// The slices of time that are counted, where it is they: a window must hold whole ones.
    pub slice: Option<Duration>,
}

/// Events, as rates or counts over [`WINDOW`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// Bad ones.
    pub errors: String,
    /// Good ones, where it is they that are measured, and bad ones are what is left of all.
    pub good: Option<String>,
    /// All.
    pub total: String,
}

/// The alerts on an objective.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alerting {
    /// Their name.
    pub name: String,
    /// Labels of both.
    pub labels: BTreeMap<String, String>,
    /// Annotations of both.
    pub annotations: BTreeMap<String, String>,
    /// The one that wakes somebody, where it is wanted.
    pub page: Option<Alert>,
    /// The one that can wait for the day, where it is wanted.
    pub ticket: Option<Alert>,
}

/// What one alert has of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alert {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}
