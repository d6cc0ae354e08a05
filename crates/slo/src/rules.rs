//! Rules of Prometheus for objectives.
//!
//! For each objective: its share of errors over every window of its alerts, what its budget is and how fast it burns, and
//! two alerts, each on a fast and on a slow burn. Two things go beyond Sloth's rules, and [`Style::Sloth`] leaves them away:
//! the share of errors of the whole period is weighted by events where events are counted (a mean of five-minute shares lets a
//! quiet night outweigh a busy noon), and no alert fires on so few events that a single bad one would be enough.

use crate::query::{self, Counts};
use crate::windows::{AlertWindows, BurnWindow, Duration, Windows};
use crate::{Alert, Resource, Slo};
use std::collections::BTreeMap;
use std::fmt::Write as _;

mod yaml;

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// With periods weighted by events, and a guard where there are few.
    Mainstay,
    /// Exactly what Sloth would write.
    Sloth,
}

/// What rules are wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// The period of objectives that say none.
    pub period: Duration,
    /// Windows that somebody chose; for other periods the usual ones.
    pub windows: Vec<AlertWindows>,
    /// Whose rules.
    pub style: Style,
    /// Labels that every recorded series gets.
    pub labels: BTreeMap<String, String>,
    /// Whether alerts are wanted.
    pub alerts: bool,
    /// Whether recordings are wanted.
    pub recordings: bool,
}

/// Rules that are evaluated together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
    /// The resource of Kubernetes that the objective stands in.
    pub resource: Option<Resource>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it makes.
    pub makes: Makes,
    /// The expression.
    pub expr: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// What a rule makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Makes {
    /// A series.
    Record(String),
    /// An alert.
    Alert(String),
}

/// The groups of all objectives, in order.
#[must_use]
pub fn groups(slos: &[Slo], options: &Options) -> Vec<Group> {
    slos.iter().flat_map(|slo| Writer::of(slo, options).groups()).filter(|group| !group.rules.is_empty()).collect()
}

/// The groups as a file of rules, or as `PrometheusRule` resources where the objectives stand in resources.
#[must_use]
pub fn to_yaml(groups: &[Group]) -> String {
    yaml::write(groups)
}

/// The windows that the alerts of an objective have.
pub(crate) fn windows_of(slo: &Slo, options: &Options) -> AlertWindows {
    let period = slo.period.unwrap_or(options.period);
    let chosen = options.windows.iter().find(|windows| windows.period == period).copied();
    chosen.unwrap_or_else(|| AlertWindows::usual(period))
}

/// More events than this must be in a window for an alert on it: with as many or fewer, one bad event alone is a share above the
/// threshold.
pub(crate) fn events_needed(factor: f64, budget: f64) -> f64 {
    if factor * budget > 0.0 { (1.0 / (factor * budget)).floor() } else { 0.0 }
}

struct Writer<'a> {
    slo: &'a Slo,
    options: &'a Options,
    windows: AlertWindows,
}

impl<'a> Writer<'a> {
    fn of(slo: &'a Slo, options: &'a Options) -> Self {
        Self { slo, options, windows: windows_of(slo, options) }
    }

    fn groups(&self) -> Vec<Group> {
        let group = |what: &str, rules: Vec<Rule>| Group {
            name: format!("sloth-slo-{what}-{}", self.slo.id()),
            rules,
            resource: self.slo.resource.clone(),
        };
        let recordings = self.options.recordings;
        let alerts =
            self.options.alerts && !(self.options.style == Style::Sloth && self.slo.spec.starts_with("openslo"));
        vec![
            group("sli-recordings", if recordings { self.indicator() } else { Vec::new() }),
            group("meta-recordings", if recordings { self.meta() } else { Vec::new() }),
            group("alerts", if alerts { self.alerts() } else { Vec::new() }),
        ]
    }

    /// Labels of every recorded series of the objective.
    fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.options.labels.clone();
        labels.extend(self.slo.labels.clone());
        labels.insert("sloth_id".to_owned(), self.slo.id());
        labels.insert("sloth_service".to_owned(), self.slo.service.clone());
        labels.insert("sloth_slo".to_owned(), self.slo.name.clone());
        labels
    }

    fn record(&self, name: impl Into<String>, expr: String, more: &[(&str, String)]) -> Rule {
        let mut labels = self.labels();
        labels.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Rule { makes: Makes::Record(name.into()), expr, labels, annotations: BTreeMap::new() }
    }

    /// The selector of the objective's own series.
    fn own(&self) -> String {
        let Slo { service, name, .. } = self.slo;
        format!("{{sloth_id=\"{}\", sloth_service=\"{service}\", sloth_slo=\"{name}\"}}", self.slo.id())
    }

    fn shortest(&self) -> Duration {
        self.windows.all()[0]
    }

    /// Whether bad and all events are recorded for weighting.
    fn weighted(&self) -> bool {
        self.options.style == Style::Mainstay && self.slo.indicator.events.is_some()
    }

    fn indicator(&self) -> Vec<Rule> {
        let window_label = |window: Duration| ("sloth_window", window.to_string());
        let ratio = |window: Duration| {
            let expr = query::over(&self.slo.indicator.error_ratio, window);
            self.record(format!("slo:sli_error:ratio_rate{window}"), expr, &[window_label(window)])
        };
        let mut rules: Vec<Rule> = self.windows.all().into_iter().map(ratio).collect();
        let (short, own, period) = (self.shortest(), self.own(), self.windows.period);
        if let Some(events) = self.slo.indicator.events.as_ref().filter(|_| self.weighted()) {
            for (what, query) in [("errors", &events.errors), ("total", &events.total)] {
                let name = format!("slo:sli_{what}:events{short}");
                rules.push(self.record(name, query::over(query, short), &[window_label(short)]));
            }
        }
        let expr = if self.weighted() {
            let sum = |what: &str| format!("sum_over_time(slo:sli_{what}:events{short}{own}[{period}])");
            format!("{}\n/ ignoring (sloth_window)\n{}", sum("errors"), sum("total"))
        } else {
            let over = |function: &str| format!("{function}(slo:sli_error:ratio_rate{short}{own}[{period}])");
            format!("{}\n/ ignoring (sloth_window)\n{}", over("sum_over_time"), over("count_over_time"))
        };
        rules.push(self.record(format!("slo:sli_error:ratio_rate{period}"), expr, &[window_label(period)]));
        rules
    }

    fn meta(&self) -> Vec<Rule> {
        let Slo { objective, spec, .. } = self.slo;
        let (short, own, period) = (self.shortest(), self.own(), self.windows.period);
        let ratio = objective / 100.0;
        let burn = |window: Duration| {
            format!(
                "slo:sli_error:ratio_rate{window}{own}\n/ on(sloth_id, sloth_slo, sloth_service) group_left\nslo:error_budget:ratio{own}"
            )
        };
        let mode = match spec.as_str() {
            "sloth.slok.dev/v1" => "cli-gen-k8s",
            other if other.starts_with("openslo") => "cli-gen-openslo",
            _ => "cli-gen-prom",
        };
        let version = format!("mainstay-{}", env!("CARGO_PKG_VERSION"));
        let info = [
            ("sloth_mode", mode.to_owned()),
            ("sloth_objective", objective.to_string()),
            ("sloth_spec", spec.clone()),
            ("sloth_version", version),
        ];
        vec![
            self.record("slo:objective:ratio", format!("vector({ratio})"), &[]),
            self.record("slo:error_budget:ratio", format!("vector(1-{ratio})"), &[]),
            self.record("slo:time_period:days", format!("vector({})", period.in_days()), &[]),
            self.record("slo:current_burn_rate:ratio", burn(short), &[]),
            self.record("slo:period_burn_rate:ratio", burn(period), &[]),
            self.record("slo:period_error_budget_remaining:ratio", format!("1 - slo:period_burn_rate:ratio{own}"), &[]),
            self.record("sloth_slo_info", "vector(1)".to_owned(), &info),
        ]
    }

    fn alerts(&self) -> Vec<Rule> {
        let alerting = &self.slo.alerting;
        let page = alerting.page.as_ref().map(|alert| self.alert("page", alert, self.windows.page));
        let ticket = alerting.ticket.as_ref().map(|alert| self.alert("ticket", alert, self.windows.ticket));
        page.into_iter().chain(ticket).collect()
    }

    fn alert(&self, severity: &str, alert: &Alert, windows: Windows) -> Rule {
        let alerting = &self.slo.alerting;
        let mut labels = alerting.labels.clone();
        labels.extend(alert.labels.clone());
        labels.insert("sloth_severity".to_owned(), severity.to_owned());
        let who = "{{$labels.sloth_service}} {{$labels.sloth_slo}}";
        let mut annotations = BTreeMap::from([
            ("summary".to_owned(), format!("{who} SLO error budget burn rate is over expected.")),
            ("title".to_owned(), format!("({severity}) {who} SLO error budget burn rate is too fast.")),
        ]);
        annotations.extend(self.guard(windows).map(|guard| ("guard".to_owned(), guard)));
        annotations.extend(alerting.annotations.clone());
        annotations.extend(alert.annotations.clone());
        let expr = format!("(\n{})\nor\n(\n{})", self.burns(windows.quick), self.burns(windows.slow));
        Rule { makes: Makes::Alert(alerting.name.clone()), expr, labels, annotations }
    }

    /// Burnt over the long window and still burning over the short one; with few events only where more than one is bad.
    fn burns(&self, window: BurnWindow) -> String {
        let (factor, budget, own) = (self.windows.factor(window), self.slo.budget(), self.own());
        let over = |window: Duration| {
            format!("    max(slo:sli_error:ratio_rate{window}{own} > ({factor} * {budget})) without (sloth_window)\n")
        };
        let mut out = format!("{}    and\n{}", over(window.short), over(window.long));
        if let Some(events) = self.events_over(window.long) {
            let enough = events_needed(factor, budget);
            // Writing to a text cannot fail.
            let _ = writeln!(out, "    and on (sloth_id, sloth_service, sloth_slo)\n    ({events} > {enough})");
        }
        out
    }

    /// What the alert says of its guard, for whoever wonders why it did not fire.
    fn guard(&self, windows: Windows) -> Option<String> {
        self.events_over(windows.quick.long)?;
        let needed = |window: BurnWindow| events_needed(self.windows.factor(window), self.slo.budget());
        Some(format!(
            "Needs more than {} events in {} or {} in {}, as with fewer a single bad one would be enough.",
            needed(windows.quick),
            windows.quick.long,
            needed(windows.slow),
            windows.slow.long
        ))
    }

    /// How many events there were in a window, from what is recorded; nothing where queries do not tell.
    fn events_over(&self, window: Duration) -> Option<String> {
        let counts = query::counts(&self.slo.indicator.events.as_ref().filter(|_| self.weighted())?.total)?;
        let short = self.shortest();
        let times = match counts {
            Counts::ASecond => window.as_f64(),
            Counts::AWindow => window.as_f64() / short.as_f64(),
        };
        let own = self.own();
        Some(format!(
            "sum without (sloth_window) (avg_over_time(slo:sli_total:events{short}{own}[{window}])) * {times}"
        ))
    }
}
