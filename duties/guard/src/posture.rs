//! How well the controls are kept: as a whole, and by service, team, control or framework; now and over time. Pure.
//!
//! Shares of resources are KPI 8's own contributions, so that the page, the scorecard and every slice agree. A control or
//! framework counts verdicts instead, because a resource breaks one control and keeps another. Over time these show the
//! findings that stood open, which the ledger knows for every instant.

use crate::kpi::policy_compliance;
use crate::tables::{EstateResource, FindingRow};
use jiff::Timestamp;
use mainstay_estate::Catalog;
use mainstay_kit::{Contribution, Folded, Measure, Query, summarise};
use mainstay_model::{FindingState, Severity, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The slice of what has no service, team or framework.
pub const NONE: &str = "(none)";

/// What the rows are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Services.
    #[default]
    Service,
    /// Teams.
    Team,
    /// Controls.
    Control,
    /// Frameworks that controls belong to.
    Framework,
}

impl By {
    /// All of them, in the order of a page.
    pub const ALL: [Self; 4] = [Self::Service, Self::Team, Self::Control, Self::Framework];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Team => "team",
            Self::Control => "control",
            Self::Framework => "framework",
        }
    }
}

/// What is known of a control besides verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownControl {
    /// What it demands.
    pub title: String,
    /// How bad a break is.
    pub severity: Severity,
    /// Names of frameworks that ask for it.
    pub frameworks: Vec<String>,
}

/// What a posture is made of.
pub struct Ask<'a> {
    /// The rows wanted.
    pub by: By,
    /// Resources with their judgements.
    pub resources: &'a [Folded<EstateResource>],
    /// Findings; only those of controls count.
    pub findings: &'a [Folded<FindingRow>],
    /// Who answers for what.
    pub catalog: &'a Catalog,
    /// Controls by id.
    pub controls: &'a BTreeMap<String, KnownControl>,
    /// KPI 8's question at each time, oldest first; the last one is now.
    pub queries: &'a [Query],
}

/// How well the controls are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Posture {
    /// What the rows are.
    pub by: By,
    /// The instants that the figures over time are for, oldest first.
    pub times: Vec<Timestamp>,
    /// KPI 8 at each of them; absent where nothing was in scope.
    pub share: Vec<Option<f64>>,
    /// Findings of controls that stood open.
    pub open: Vec<u64>,
    /// Findings of controls that stood waived.
    pub waived: Vec<u64>,
    /// The rows, the most open findings first.
    pub items: Vec<Row>,
}

/// One service, team, control or framework.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// `service:checkout`, a control's id, a framework's name, or `(none)`.
    pub slice: String,
    /// A control's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A control's severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Resources in scope, or for a control or framework verdicts.
    pub counted: u64,
    /// Those of them that are kept: a resource that complies, a verdict that is a pass.
    pub kept: u64,
    /// Those that could not be told; they are not kept.
    pub unknown: u64,
    /// The share that is kept; absent where nothing counts.
    pub share: Option<f64>,
    /// The share at each time, for services and teams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub share_over_time: Vec<Option<f64>>,
    /// Findings that are open now.
    pub open: u64,
    /// Open findings at each time.
    pub open_over_time: Vec<u64>,
    /// Findings that are waived now.
    pub waived: u64,
    /// For a framework: how many of its controls were judged, and how many of these are broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controls: Option<(u64, u64)>,
}

/// Sums up how well the controls are kept.
#[must_use]
pub fn posture(ask: &Ask<'_>) -> Posture {
    let times: Vec<Timestamp> = ask.queries.iter().map(|query| query.last_instant().unwrap_or(query.as_of)).collect();
    let contributions: Vec<Vec<Contribution>> = ask
        .queries
        .iter()
        .map(|query| {
            let mut found = policy_compliance(ask.resources, query);
            ask.catalog.fill(&mut found);
            found
        })
        .collect();
    let share = |of: &[Contribution]| summarise(Measure::Proportion, of).value;
    let mut out = Posture {
        by: ask.by,
        share: contributions.iter().map(|of| share(of)).collect(),
        open: vec![0; times.len()],
        waived: vec![0; times.len()],
        items: Vec::new(),
        times,
    };
    let mut rows = match ask.by {
        By::Service => by_contribution(&contributions, |one| one.service.clone()),
        By::Team => by_contribution(&contributions, |one| one.team.clone()),
        By::Control => by_verdict(ask, |control| vec![control.to_owned()]),
        By::Framework => by_verdict(ask, |control| frameworks(ask, control)),
    };
    add_findings(ask, &mut out, &mut rows);
    if ask.by == By::Control {
        for row in rows.values_mut() {
            let known = ask.controls.get(&row.slice);
            row.title = known.map(|control| control.title.clone());
            row.severity = known.map(|control| control.severity);
        }
    }
    out.items = rows.into_values().collect();
    out.items.sort_by(|a, b| {
        let broken = |row: &Row| row.counted - row.kept;
        (b.open, broken(b), &a.slice).cmp(&(a.open, broken(a), &b.slice))
    });
    out
}

type Rows = BTreeMap<String, Row>;

fn named(slice: &str) -> Row {
    Row { slice: slice.to_owned(), ..Row::default() }
}

fn by_contribution(points: &[Vec<Contribution>], slice: impl Fn(&Contribution) -> Option<String>) -> Rows {
    let name = |one: &Contribution| slice(one).unwrap_or_else(|| NONE.to_owned());
    let mut rows = Rows::new();
    for (at, contributions) in points.iter().enumerate() {
        let mut groups: BTreeMap<String, Vec<Contribution>> = BTreeMap::new();
        for one in contributions {
            groups.entry(name(one)).or_default().push(one.clone());
        }
        for (slice, group) in groups {
            let value = summarise(Measure::Proportion, &group);
            let row = rows.entry(slice).or_insert_with_key(|slice| named(slice));
            row.share_over_time.resize(points.len(), None);
            row.share_over_time[at] = value.value;
            if at + 1 == points.len() {
                row.counted = whole(value.denominator);
                row.kept = whole(value.numerator);
                row.unknown = value.unknown.values().sum();
                row.share = value.value;
            }
        }
    }
    // What never was in scope says nothing.
    rows.retain(|_, row| row.share_over_time.iter().any(Option::is_some));
    rows
}

/// Counts of whole things come as sums of ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of ones is a whole number")]
fn whole(sum: f64) -> u64 {
    sum.round().max(0.0) as u64
}

fn frameworks(ask: &Ask<'_>, control: &str) -> Vec<String> {
    match ask.controls.get(control) {
        Some(known) if !known.frameworks.is_empty() => known.frameworks.clone(),
        _ => vec![NONE.to_owned()],
    }
}

/// Counts the verdicts that stand now, of the live side of a resource where that was judged, else of the declared one.
fn by_verdict(ask: &Ask<'_>, slices: impl Fn(&str) -> Vec<String>) -> Rows {
    let mut rows = Rows::new();
    let mut judged: BTreeMap<String, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for resource in ask.resources {
        let entity = &resource.entity;
        if entity.live.is_none() && entity.declared.is_none() {
            continue;
        }
        for (control, verdict) in entity.judgement().into_iter().flat_map(|judged| &judged.verdicts) {
            for slice in slices(control) {
                let (all, broken) = judged.entry(slice.clone()).or_default();
                all.insert(control);
                if *verdict == Verdict::Fail {
                    broken.insert(control);
                }
                let row = rows.entry(slice).or_insert_with_key(|slice| named(slice));
                row.counted += 1;
                row.kept += u64::from(*verdict == Verdict::Pass);
                row.unknown += u64::from(*verdict == Verdict::Unknown);
            }
        }
    }
    for row in rows.values_mut() {
        row.share = (row.counted > 0).then(|| row.kept as f64 / row.counted as f64);
        if ask.by == By::Framework {
            let count = |of: &BTreeSet<&str>| u64::try_from(of.len()).unwrap_or(u64::MAX);
            row.controls = judged.get(&row.slice).map(|(all, broken)| (count(all), count(broken)));
        }
    }
    rows
}

/// Counts the findings of controls at each time.
fn add_findings(ask: &Ask<'_>, out: &mut Posture, rows: &mut Rows) {
    let resources: HashMap<&str, &EstateResource> =
        ask.resources.iter().map(|one| (one.key.as_str(), &one.entity)).collect();
    let judged: BTreeSet<&str> = ask
        .resources
        .iter()
        .filter_map(|one| one.entity.judgement())
        .flat_map(|judged| judged.verdicts.keys().map(String::as_str))
        .collect();
    for found in ask.findings {
        let finding = &found.entity.finding;
        if !ask.controls.contains_key(&finding.rule) && !judged.contains(finding.rule.as_str()) {
            continue;
        }
        let stood: Vec<Option<FindingState>> = out.times.iter().map(|at| found.entity.stood_at(*at)).collect();
        if stood.iter().all(|state| matches!(state, None | Some(FindingState::Resolved))) {
            continue;
        }
        let service = || {
            let resource = resources.get(finding.subject.as_str())?;
            resource.best().service.as_ref().map(ToString::to_string)
        };
        let team = || {
            let owner = finding.owner.as_ref().filter(|owner| owner.kind() == "team").map(ToString::to_string);
            owner.or_else(|| ask.catalog.owner_of(&service()?).team.map(|team| team.to_string()))
        };
        let slices = match ask.by {
            By::Service => vec![service().unwrap_or_else(|| NONE.to_owned())],
            By::Team => vec![team().unwrap_or_else(|| NONE.to_owned())],
            By::Control => vec![finding.rule.clone()],
            By::Framework => frameworks(ask, &finding.rule),
        };
        count(&stood, &mut out.open, &mut out.waived);
        for slice in slices {
            let row = rows.entry(slice).or_insert_with_key(|slice| named(slice));
            let mut waived = vec![0; stood.len()];
            row.open_over_time.resize(stood.len(), 0);
            count(&stood, &mut row.open_over_time, &mut waived);
            row.waived += waived.last().copied().unwrap_or(0);
        }
    }
    for row in rows.values_mut() {
        row.open_over_time.resize(out.times.len(), 0);
        row.open = row.open_over_time.last().copied().unwrap_or(0);
    }
}

fn count(stood: &[Option<FindingState>], open: &mut [u64], waived: &mut [u64]) {
    for (at, state) in stood.iter().enumerate() {
        open[at] += u64::from(*state == Some(FindingState::Open));
        waived[at] += u64::from(*state == Some(FindingState::Waived));
    }
}

#[cfg(test)]
mod tests;
