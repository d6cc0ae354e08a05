//! What alerts on objectives would have done over recorded history, beside other ways to alert on them.
//!
//! The rules are those that [`crate::rules`] writes, run by the evaluator over the recorded series: what they record is computed at
//! each evaluation of the whole time, and then their alerts are stepped through it. Pure: series and incidents in, firings out.

use crate::Slo;
use crate::rules::{self, Group, Makes, Options, Rule, Style};
use mainstay_promql::rules::{self as promql, Kind, State, Timeline};
use mainstay_promql::tree::{Expr, Kind as Part};
use mainstay_promql::{Grid, NAME, Output, STALE, Store};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// How long the plain threshold must be passed: the first alert that The Site Reliability Workbook (chapter 5) discusses.
const THRESHOLD_FOR_MS: i64 = 600_000;

/// A disruption that alerts are meant to tell of. Times in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// How it is called.
    pub id: String,
    /// When it began.
    pub from: i64,
    /// When it was over.
    pub until: i64,
    /// The service that it disrupted; any where none is named.
    pub service: Option<String>,
}

/// A time in which an alert fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// When it began to fire.
    pub from: i64,
    /// When it ended; `None` where it still fired at the end of the history.
    pub until: Option<i64>,
}

impl Firing {
    fn meets(&self, incident: &Incident) -> bool {
        self.from < incident.until && self.until.is_none_or(|until| until > incident.from)
    }
}

/// What one alert on one objective would have done.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The way to alert.
    pub approach: &'static str,
    /// The objective.
    pub slo: String,
    /// `page` or `ticket`.
    pub severity: String,
    /// When it fired.
    pub firings: Vec<Firing>,
    /// Of those how many met an incident of the service.
    pub precise: usize,
    /// The incidents that it told of, and the others.
    pub found: Vec<Found>,
    /// Incidents of the service in which it did not fire.
    pub missed: Vec<String>,
}

/// An incident that an alert told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The incident.
    pub incident: String,
    /// From its beginning to the alert, in milliseconds; 0 where the alert fired already.
    pub detection_ms: i64,
    /// From its end to that of the alert; `None` where that fired to the end of the history.
    pub reset_ms: Option<i64>,
}

/// What a backtest gives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// By objective, then by severity and approach.
    pub outcomes: Vec<Outcome>,
    /// What could not be evaluated, each once: there the outcome is unknown.
    pub problems: BTreeSet<String>,
}

/// When rules are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first evaluation.
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// From one evaluation to the next.
    pub every_ms: i64,
}

/// The selectors of the series that the indicators of objectives read, as in a query, each once.
#[must_use]
pub fn selectors(slos: &[Slo]) -> BTreeSet<String> {
    let mut selectors = BTreeSet::new();
    for slo in slos {
        let events = slo.indicator.events.iter().flat_map(|events| [&events.errors, &events.total]);
        for query in events.chain([&slo.indicator.error_ratio]) {
            let Ok(expr) = mainstay_promql::parse(&crate::query::over(query, crate::Duration(300))) else { continue };
            expr.visit(&mut |part| {
                if let Part::Vector(selector) | Part::Range(selector, _) = &part.kind {
                    let matchers: Vec<String> = selector.matchers.iter().map(ToString::to_string).collect();
                    selectors.insert(format!("{{{}}}", matchers.join(",")));
                }
            });
        }
    }
    selectors
}

/// The longest window that alerts on objectives look back over.
#[must_use]
pub fn longest_window(slos: &[Slo], options: &Options) -> crate::Duration {
    let windows = slos.iter().filter_map(|slo| rules::windows_of(slo, options).all().into_iter().next_back());
    windows.max().unwrap_or(crate::Duration(300))
}

/// Runs the alerts of all objectives, and those of other approaches, over the series of a store.
#[must_use]
pub fn run(store: &Store, slos: &[Slo], options: &Options, span: Span, incidents: &[Incident]) -> Report {
    let mut report = Report::default();
    let grid = match Grid::range(span.from, span.until, span.every_ms) {
        Ok(grid) => grid,
        Err(error) => {
            report.problems.insert(error.message);
            return report;
        }
    };
    for (approach, groups) in approaches(slos, options) {
        let timeline = play(store, groups, grid, &mut report.problems);
        let firings = firings(&timeline);
        for slo in slos {
            for severity in ["page", "ticket"].into_iter().filter(|severity| is_asked(slo, approach, severity)) {
                let own = firings.get(&(slo.id(), severity.to_owned())).cloned().unwrap_or_default();
                report.outcomes.push(judged(approach, slo, severity, own, incidents, grid.end()));
            }
        }
    }
    report.outcomes.sort_by(|a, b| (&a.slo, &a.severity).cmp(&(&b.slo, &b.severity)));
    report
}

fn is_asked(slo: &Slo, approach: &str, severity: &str) -> bool {
    match severity {
        "page" => slo.alerting.page.is_some(),
        _ => slo.alerting.ticket.is_some() && approach != THRESHOLD,
    }
}

const THRESHOLD: &str = "threshold";

/// The ways to alert, each with its rules.
fn approaches(slos: &[Slo], options: &Options) -> Vec<(&'static str, Vec<Group>)> {
    let like = |style: Style| {
        let options = Options { style, alerts: true, recordings: true, ..options.clone() };
        rules::groups(slos, &options)
    };
    let ours = like(Style::Mainstay);
    let plain = slos.iter().filter(|slo| slo.alerting.page.is_some()).flat_map(|slo| threshold(slo, &ours)).collect();
    vec![("mainstay", ours), ("sloth", like(Style::Sloth)), (THRESHOLD, plain)]
}

/// The alert that people write first: more errors than the budget allows, for ten minutes.
fn threshold(slo: &Slo, ours: &[Group]) -> Vec<Group> {
    let own = |rule: &&Rule| rule.labels.get("sloth_id") == Some(&slo.id());
    let is_short =
        |rule: &&Rule| matches!(&rule.makes, Makes::Record(name) if name.starts_with("slo:sli_error:ratio_rate"));
    let Some(short) = ours.iter().flat_map(|group| &group.rules).filter(own).find(is_short) else { return Vec::new() };
    let Makes::Record(name) = &short.makes else { return Vec::new() };
    let labels = BTreeMap::from([("sloth_severity".to_owned(), "page".to_owned())]);
    let expr = format!("max without (sloth_window) ({name}{{sloth_id=\"{}\"}}) > {}", slo.id(), slo.budget());
    let alert = Rule { makes: Makes::Alert("Threshold".to_owned()), expr, labels, annotations: BTreeMap::new() };
    vec![Group { name: format!("threshold-{}", slo.id()), rules: vec![short.clone(), alert], resource: None }]
}

/// Runs groups: first all that alerts need recorded, then the alerts.
fn play(store: &Store, groups: Vec<Group>, grid: Grid, problems: &mut BTreeSet<String>) -> Timeline {
    // Groups of resources of Kubernetes are the same groups.
    let groups: Vec<Group> = groups.into_iter().map(|group| Group { resource: None, ..group }).collect();
    let is_threshold = groups.first().is_some_and(|group| group.name.starts_with(THRESHOLD));
    let read = promql::read(&rules::to_yaml(&groups), "rules");
    problems.extend(read.diagnostics.iter().map(|diagnostic| diagnostic.summary.clone()));
    let mut groups = read.groups;
    let needed: HashSet<String> = groups
        .iter()
        .flat_map(|group| &group.rules)
        .filter(|rule| !matches!(rule.kind, Kind::Record))
        .flat_map(|rule| names(&rule.expr))
        .collect();
    let mut store = store.clone();
    for group in &mut groups {
        let (recording, alerting) =
            std::mem::take(&mut group.rules).into_iter().partition(|rule| matches!(rule.kind, Kind::Record));
        group.rules = alerting;
        let recording: Vec<promql::Rule> = recording;
        for rule in recording.iter().filter(|rule| needed.contains(&rule.name)) {
            if let Err(why) = record(&mut store, rule, grid) {
                problems.insert(format!("{}: {why}", rule.name));
            }
        }
        for rule in group.rules.iter_mut().filter(|_| is_threshold) {
            if let Kind::Alert { hold_ms, .. } = &mut rule.kind {
                *hold_ms = THRESHOLD_FOR_MS;
            }
        }
    }
    groups.retain(|group| !group.rules.is_empty());
    let timeline =
        promql::backtest(&mut store, &groups, grid.start, grid.end(), grid.step, &mainstay_promql::Options::default());
    problems.extend(timeline.problems.iter().map(|problem| format!("{}: {}", problem.rule, problem.message)));
    timeline
}

/// The names of series that an expression reads.
pub(crate) fn names(expr: &Expr) -> Vec<String> {
    let mut names = Vec::new();
    expr.visit(&mut |part| {
        if let Part::Vector(selector) | Part::Range(selector, _) = &part.kind {
            names.extend(selector.name().map(str::to_owned));
        }
    });
    names
}

/// Evaluates a recording rule at every moment, and puts what it gives into the store as Prometheus would: a series that has
/// nothing at a moment ends there.
fn record(store: &mut Store, rule: &promql::Rule, grid: Grid) -> Result<(), String> {
    let answer = mainstay_promql::range(store, &rule.expr, grid, &mainstay_promql::Options::default());
    let Output::Matrix(series) = answer.map_err(|error| error.message)?.output else { return Ok(()) };
    for points in series {
        let mut labels = points.labels.builder();
        labels.set(NAME, rule.name.as_str());
        for (label, template) in &rule.labels {
            labels.set(label.as_str(), template.source());
        }
        let labels = labels.finish();
        let mut add = |time: i64, value: f64| store.add(&labels, time, value).map_err(|why| format!("{labels}: {why}"));
        let mut before: Option<i64> = None;
        for sample in points.samples {
            if let Some(gap) = before.map(|before| before + grid.step).filter(|gap| *gap < sample.time) {
                add(gap, STALE)?;
            }
            add(sample.time, sample.value)?;
            before = Some(sample.time);
        }
        if let Some(gap) = before.map(|before| before + grid.step).filter(|gap| *gap <= grid.end()) {
            add(gap, STALE)?;
        }
    }
    Ok(())
}

/// When alerts fired, by objective and severity. Of several series of one alert the first wakes somebody; the others add nothing
/// while it fires.
fn firings(timeline: &Timeline) -> BTreeMap<(String, String), Vec<Firing>> {
    let mut out: BTreeMap<(String, String), Vec<Firing>> = BTreeMap::new();
    let mut open: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut fires = HashSet::new();
    for transition in &timeline.transitions {
        let labels = &transition.labels;
        let key = (labels.get("sloth_id").to_owned(), labels.get("sloth_severity").to_owned());
        match transition.state {
            State::Firing if fires.insert((transition.rule.clone(), labels.clone())) => {
                let count = open.entry(key.clone()).or_default();
                *count += 1;
                if *count == 1 {
                    out.entry(key).or_default().push(Firing { from: transition.time, until: None });
                }
            }
            // What was only pending told nobody.
            State::Resolved if fires.remove(&(transition.rule.clone(), labels.clone())) => {
                let count = open.entry(key.clone()).or_default();
                *count = count.saturating_sub(1);
                if *count == 0
                    && let Some(last) = out.get_mut(&key).and_then(|firings| firings.last_mut())
                {
                    last.until = Some(transition.time);
                }
            }
            _ => {}
        }
    }
    out
}

fn judged(
    approach: &'static str,
    slo: &Slo,
    severity: &str,
    firings: Vec<Firing>,
    incidents: &[Incident],
    end: i64,
) -> Outcome {
    let own = |incident: &&Incident| incident.service.as_ref().is_none_or(|service| *service == slo.service);
    let own: Vec<&Incident> = incidents.iter().filter(own).filter(|incident| incident.from <= end).collect();
    let precise = firings.iter().filter(|firing| own.iter().any(|incident| firing.meets(incident))).count();
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    for incident in own {
        let mut meeting = firings.iter().filter(|firing| firing.meets(incident));
        match (meeting.next(), meeting.next_back()) {
            (None, _) => missed.push(incident.id.clone()),
            (Some(first), last) => found.push(Found {
                incident: incident.id.clone(),
                detection_ms: (first.from - incident.from).max(0),
                reset_ms: last.unwrap_or(first).until.map(|until| (until - incident.until).max(0)),
            }),
        }
    }
    Outcome { approach, slo: slo.id(), severity: severity.to_owned(), firings, precise, found, missed }
}
