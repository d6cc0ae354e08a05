//! What is asked about the worth of alerts: their quality, and what a change of them would have done.

use crate::judge::brief::Briefs;
use crate::judge::{RuleQuality, WorkingHours, quality};
use crate::{AlertClass, AlertEpisode};
use jiff::{SignedDuration, Timestamp};
use mainstay_alerts::Labels;
use mainstay_alerts::replay::{Episode, Files, Replay, RuleOutcome, read_change, replay};
use mainstay_kit::operation::Method;
use mainstay_kit::{Call, Folded, Operation, Problem};
use mainstay_model::facts::{AlertEvidence, Role};
use mainstay_model::{Diagnostic, Span, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far back is looked where nothing else is said.
const DAYS: i64 = 90;
/// Working hours, in the configured zone.
const HOURS: (i8, i8) = (8, 18);

pub(crate) fn operations() -> Vec<Operation> {
    let columns = &["advice", "rule", "pages_a_week", "episodes", "told", "actionable", "noise", "flapping", "why"];
    let path = (Method::Get, "/v1/alert-quality");
    let change = (Method::Post, "/v1/alert-replay");
    vec![
        Operation::new("alert.quality", path, Role::Viewer, "Alert rules by what they cost for nothing", ask_quality)
            .with_columns(columns),
        Operation::new("alert.replay", change, Role::Viewer, "What a change of alerts would have done", ask_replay),
    ]
}

/// Which time is looked at.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QualityAsk {
    /// First day or instant; 90 days back where absent.
    #[serde(default)]
    from: Option<String>,
    /// First day or instant behind; now where absent.
    #[serde(default)]
    to: Option<String>,
    /// What was known then: a date, a time, or an entry count.
    #[serde(default)]
    as_of: Option<String>,
}

/// Rules by what they cost for nothing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct QualityAnswer {
    /// The window's start.
    pub from: Timestamp,
    /// The window's end.
    pub to: Timestamp,
    /// The rules, dearest advice first.
    pub rules: Vec<RuleRow>,
    /// Who was told how often, and how often outside of working hours.
    pub workload: Vec<LoadRow>,
}

/// A rule.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct RuleRow {
    /// The rule.
    pub rule: String,
    /// What to do: delete, merge, widen, raise, route to ticket; nothing where it is worth its pages, or too little is known.
    pub advice: Option<String>,
    /// Why, in figures.
    pub why: Option<String>,
    /// Pages a week that the cited episodes cost.
    pub pages_a_week: Option<f64>,
    /// Its episodes.
    pub episodes: usize,
    /// Those that somebody was told of.
    pub told: usize,
    /// Pages: one an episode and receiver.
    pub pages: usize,
    /// Episodes on which somebody acted.
    pub actionable: usize,
    /// Episodes that needed nothing.
    pub noise: usize,
    /// Episodes that came back within half an hour.
    pub flapping: usize,
    /// Episodes that had resolved before anyone looked.
    pub unseen: usize,
    /// Episodes that began together with another instance of the same rule.
    pub duplicates: usize,
    /// Pages outside of working hours.
    pub off_hours: usize,
    /// The episodes that the advice rests on.
    pub cited: Vec<String>,
}

/// The pages of a person, or of a receiver where nobody said that they saw them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct LoadRow {
    /// Who.
    pub who: String,
    /// Pages.
    pub pages: usize,
    /// Those outside of working hours.
    pub off_hours: usize,
}

fn span(call: &Call<'_>, from: Option<&str>, to: Option<&str>) -> Result<Span, Problem> {
    let instant = |text: &str| {
        Window::instant(text, &call.world.settings.zone).map_err(|e| Problem::malformed("alert.window", e.to_string()))
    };
    let to = to.map(instant).transpose()?.unwrap_or_else(|| call.today());
    let back = || to.saturating_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(to);
    let from = from.map(instant).transpose()?.unwrap_or_else(back);
    if from >= to {
        return Err(Problem::malformed("alert.window", format!("the window from {from} to {to} holds nothing")));
    }
    Ok(Span { from, to })
}

pub(crate) fn ask_quality(call: &Call<'_>, ask: QualityAsk) -> Result<QualityAnswer, Problem> {
    let window = span(call, ask.from.as_deref(), ask.to.as_deref())?;
    let hours = WorkingHours { zone: call.world.settings.zone.clone(), hours: HOURS };
    let judge = |briefs: &Briefs| quality(&briefs.within(window), window, &hours);
    let (rules, loads) = call.digest::<AlertEpisode, Briefs, _>(window, ask.as_of.as_deref(), judge)?;
    let workload =
        loads.into_iter().map(|load| LoadRow { who: load.who, pages: load.pages, off_hours: load.off_hours });
    Ok(QualityAnswer {
        from: window.from,
        to: window.to,
        rules: rules.into_iter().map(rule_row).collect(),
        workload: workload.collect(),
    })
}

fn rule_row(of: RuleQuality) -> RuleRow {
    let advice = of.advice.as_ref();
    RuleRow {
        advice: advice.map(|advice| advice.advice.as_str().to_owned()),
        why: advice.map(|advice| advice.why.clone()),
        pages_a_week: advice.map(|advice| (advice.pages_a_week * 100.0).round() / 100.0),
        cited: of.advice.map(|advice| advice.episodes).unwrap_or_default(),
        rule: of.rule,
        episodes: of.episodes,
        told: of.told,
        pages: of.pages,
        actionable: of.actionable,
        noise: of.noise,
        flapping: of.flapping,
        unseen: of.unseen,
        duplicates: of.duplicates,
        off_hours: of.off_hours,
    }
}

/// A change, and the time over which it is replayed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayAsk {
    /// The text of the change's file.
    change: String,
    /// Its name, for what is said about it.
    #[serde(default)]
    name: Option<String>,
    /// The texts of the files that it names, by the names that it has for them.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// First day or instant; 90 days back where absent.
    #[serde(default)]
    from: Option<String>,
    /// First day or instant behind; now where absent.
    #[serde(default)]
    to: Option<String>,
    /// What was known then: a date, a time, or an entry count.
    #[serde(default)]
    as_of: Option<String>,
}

/// What a change would have done.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(crate) struct ReplayAnswer {
    /// What is wrong with the change; nothing else is said then.
    pub diagnostics: Vec<Diagnostic>,
    /// In a sentence.
    pub summary: String,
    /// Episodes that were looked at.
    pub episodes: usize,
    /// Pages by what is recorded: one an episode and receiver.
    pub pages_recorded: usize,
    /// Pages as things are.
    pub pages_now: usize,
    /// Pages as they would have been; nothing where that cannot be said.
    pub pages_proposed: Option<usize>,
    /// At least so many.
    pub pages_proposed_min: usize,
    /// Rules whose pages would have changed.
    pub rules: Vec<ReplayedRule>,
    /// Incidents that an alert is linked to.
    pub incidents: Vec<ReplayedIncident>,
    /// What cannot be said.
    pub unknown: Vec<ReplayedUnknown>,
}

/// A rule as it would have been.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ReplayedRule {
    /// The rule.
    pub rule: String,
    /// Its recorded episodes.
    pub episodes: usize,
    /// Pages in which it fires.
    pub pages_now: usize,
    /// As they would have been; nothing where that cannot be said.
    pub pages_proposed: Option<usize>,
    /// How many pages fewer; less than nothing for more.
    pub fewer: Option<i64>,
    /// Episodes that nobody would have been told of.
    pub dropped: Vec<String>,
    /// Episodes that somebody would have been told of later or earlier.
    pub delayed: Vec<ReplayedDelay>,
    /// Episodes that somebody would have been told of besides.
    pub added: usize,
}

/// An episode that would have been told at another time.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ReplayedDelay {
    /// The episode.
    pub episode: String,
    /// Seconds later; less than 0 for earlier.
    pub later_s: i64,
}

/// An incident as it would have been found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ReplayedIncident {
    /// The incident.
    pub incident: String,
    /// missed, later, unknown, earlier or same.
    pub verdict: String,
    /// When the first alert told of it.
    pub found_now: Option<Timestamp>,
    /// When the first alert would have.
    pub found_proposed: Option<Timestamp>,
    /// Seconds later.
    pub later_s: Option<i64>,
    /// The episodes that it was declared on.
    pub episodes: Vec<String>,
}

/// What cannot be said.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ReplayedUnknown {
    /// The rule.
    pub rule: String,
    /// How many recorded episodes it concerns; nothing where it is about what was not recorded.
    pub episodes: Option<usize>,
    /// Why.
    pub why: String,
}

fn ask_replay(call: &Call<'_>, ask: ReplayAsk) -> Result<ReplayAnswer, Problem> {
    let name = ask.name.as_deref().unwrap_or("change");
    let files: Files = ask.files;
    let reading = read_change(&ask.change, name, &files);
    let Some(change) = reading.change else {
        let summary = "the change cannot be read".to_owned();
        return Ok(ReplayAnswer { diagnostics: reading.diagnostics, summary, ..ReplayAnswer::default() });
    };
    let window = span(call, ask.from.as_deref(), ask.to.as_deref())?;
    let found = call.reader(ask.as_of.as_deref())?.all::<AlertEpisode>(Some(window))?;
    let episodes: Vec<Episode> = found.iter().filter(|folded| is_real(folded, window)).map(episode).collect();
    Ok(answer(replay(&episodes, change, window.to)))
}

/// Watchdogs and tests are no pages that anybody wants fewer of.
fn is_real(folded: &Folded<AlertEpisode>, window: Span) -> bool {
    let class = folded.entity.class();
    window.contains(folded.entity.fired) && class != AlertClass::Watchdog && class != AlertClass::Test
}

fn episode(folded: &Folded<AlertEpisode>) -> Episode {
    let entity = &folded.entity;
    let mut labels =
        Labels::new(entity.alert.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()))).builder();
    labels.set("alertname", entity.alert.rule.as_str());
    let incident = |(_, acted): &(Timestamp, mainstay_model::facts::AlertActedOn)| {
        let is_incident = acted.evidence == AlertEvidence::Incident;
        acted.reference.as_ref().filter(|_| is_incident).map(ToString::to_string)
    };
    let mut incidents: Vec<String> = entity.acted.iter().filter_map(incident).collect();
    incidents.dedup();
    Episode {
        id: folded.key.clone(),
        labels: labels.finish(),
        fired: entity.fired,
        resolved: entity.resolved.map(|at| at.max(entity.fired)),
        told: entity.notified.iter().map(|(at, told)| (*at, told.receiver.clone())).collect(),
        silences: entity.silences.iter().map(|(from, silence)| (*from, silence.until)).collect(),
        incidents,
    }
}

fn answer(replay: Replay) -> ReplayAnswer {
    let summary = summary(&replay);
    let moves = |rule: &&RuleOutcome| {
        rule.is_unknown
            || rule.pages_now != rule.pages_proposed
            || !(rule.dropped.is_empty() && rule.delayed.is_empty() && rule.added.is_empty())
    };
    let rules = replay.rules.iter().filter(moves).map(|rule| {
        let proposed = Some(rule.pages_proposed).filter(|_| !rule.is_unknown);
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        ReplayedRule {
            rule: rule.rule.clone(),
            episodes: rule.episodes,
            pages_now: rule.pages_now,
            pages_proposed: proposed,
            fewer: proposed.map(|proposed| count(rule.pages_now) - count(proposed)),
            dropped: rule.dropped.clone(),
            delayed: rule
                .delayed
                .iter()
                .map(|delay| ReplayedDelay { episode: delay.episode.clone(), later_s: delay.by.as_secs() })
                .collect(),
            added: rule.added.len(),
        }
    });
    let incidents = replay.incidents.iter().map(|incident| ReplayedIncident {
        incident: incident.incident.clone(),
        verdict: incident.verdict.as_str().to_owned(),
        found_now: incident.found_now,
        found_proposed: incident.found_proposed,
        later_s: incident.found_now.zip(incident.found_proposed).map(|(now, then)| then.duration_since(now).as_secs()),
        episodes: incident.episodes.clone(),
    });
    let unknown = replay.unknown.iter().map(|unknown| ReplayedUnknown {
        rule: unknown.rule.clone(),
        episodes: unknown.episodes,
        why: unknown.why.clone(),
    });
    ReplayAnswer {
        diagnostics: Vec::new(),
        summary,
        episodes: replay.episodes,
        pages_recorded: replay.pages_recorded,
        pages_now: replay.pages_now,
        pages_proposed: replay.pages_proposed,
        pages_proposed_min: replay.pages_proposed_min,
        rules: rules.collect(),
        incidents: incidents.collect(),
        unknown: unknown.collect(),
    }
}

/// What would have been, in a sentence.
fn summary(replay: &Replay) -> String {
    use mainstay_alerts::replay::Verdict;
    let pages = match replay.pages_proposed {
        Some(proposed) if proposed <= replay.pages_now => format!("{} fewer pages", replay.pages_now - proposed),
        Some(proposed) => format!("{} more pages", proposed - replay.pages_now),
        None => format!("unknown how many pages, {} at least", replay.pages_proposed_min),
    };
    let count = |verdict: Verdict| replay.incidents.iter().filter(|incident| incident.verdict == verdict).count();
    let mut parts = vec![
        format!("{pages} of {}", replay.pages_now),
        format!("{} incidents found later", count(Verdict::Later)),
        format!("{} missed", count(Verdict::Missed)),
    ];
    for (verdict, words) in [(Verdict::Earlier, "found earlier"), (Verdict::Unknown, "unknown")] {
        if count(verdict) > 0 {
            parts.push(format!("{} {words}", count(verdict)));
        }
    }
    parts.join(", ")
}
