//! Pages and incidents, as they were and as they would have been.

use super::Episode;
use super::change::Change;
use super::transform::{Proposed, transform};
use crate::alert::Posted;
use crate::config::Config;
use crate::matcher::{Compare, Matcher};
use crate::sent::Cause;
use crate::silence::Silence;
use crate::simulation::{Options, Simulation};
use jiff::{SignedDuration, Timestamp};
use mainstay_promql::Labels;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What would have been.
#[derive(Debug, Default)]
pub struct Replay {
    /// Episodes that were looked at.
    pub episodes: usize,
    /// How many pages somebody got by what is recorded: one an episode and receiver.
    pub pages_recorded: usize,
    /// How many pages there were.
    pub pages_now: usize,
    /// How many pages there would have been, where that can be said.
    pub pages_proposed: Option<usize>,
    /// At least so many.
    pub pages_proposed_min: usize,
    /// By rule, those whose pages change first.
    pub rules: Vec<RuleOutcome>,
    /// Incidents that an alert is linked to.
    pub incidents: Vec<IncidentOutcome>,
    /// What cannot be said.
    pub unknown: Vec<Unknown>,
}

/// What a change does to a rule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleOutcome {
    /// The rule.
    pub rule: String,
    /// Its recorded episodes.
    pub episodes: usize,
    /// Messages in which it fires.
    pub pages_now: usize,
    /// At least so many there would have been.
    pub pages_proposed: usize,
    /// Whether there could have been more.
    pub is_unknown: bool,
    /// Episodes that somebody was told of and would not have been.
    pub dropped: Vec<String>,
    /// Episodes that somebody would have been told of at another time.
    pub delayed: Vec<Delay>,
    /// Episodes that nobody was told of and somebody would have been; those that are not recorded have no id.
    pub added: Vec<Option<String>>,
}

/// An episode that would have been told at another time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delay {
    /// The episode.
    pub episode: String,
    /// By how much later, or earlier.
    pub by: SignedDuration,
}

/// What a change does to the finding of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentOutcome {
    /// The incident.
    pub incident: String,
    /// The episodes that it was declared on.
    pub episodes: Vec<String>,
    /// When the first of them told somebody.
    pub found_now: Option<Timestamp>,
    /// When the first of them would have.
    pub found_proposed: Option<Timestamp>,
    /// What that means.
    pub verdict: Verdict,
}

/// What a change means for an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// No alert would have told of it.
    Missed,
    /// It would have been found later.
    Later,
    /// It cannot be said.
    Unknown,
    /// It would have been found earlier.
    Earlier,
    /// Nothing changes.
    Same,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Later => "later",
            Self::Unknown => "unknown",
            Self::Earlier => "earlier",
            Self::Same => "same",
        }
    }
}

/// Something that cannot be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The rule.
    pub rule: String,
    /// How many recorded episodes it concerns; none where it is about what was not recorded.
    pub episodes: Option<usize>,
    /// Why.
    pub why: String,
}

/// Pages of one world: when each episode was told of, and each message by the rules that fire in it.
#[derive(Debug, Default)]
struct Pages {
    count: usize,
    by_rule: BTreeMap<String, usize>,
    first: Vec<Option<Timestamp>>,
}

/// Replays a change over recorded episodes; the record ends at an instant.
#[must_use]
pub fn replay(episodes: &[Episode], mut change: Change, recorded_to: Timestamp) -> Replay {
    let changed = transform(episodes, &mut change.rules, recorded_to);
    let recorded: Vec<Proposed> = (0..episodes.len())
        .map(|of| Proposed {
            of: vec![of],
            labels: episodes[of].labels.clone(),
            fired: episodes[of].fired,
            resolved: episodes[of].resolved,
        })
        .collect();
    let mut unknown = changed.reasons;
    let untold: BTreeSet<usize> = changed.unknown.into_iter().collect();
    let (now, proposed) = match &change.now {
        Some(config) => {
            let after = change.proposed.as_ref().unwrap_or(config);
            let world =
                |config: &Config, list: &[Proposed]| simulated(config, list, episodes, &change.receivers, recorded_to);
            (world(config, &recorded), world(after, &changed.proposed))
        }
        None => {
            let world =
                |list: &[Proposed], unknown: &mut Vec<Unknown>| told(list, episodes, &change.receivers, unknown);
            let now = world(&recorded, &mut Vec::new());
            (now, world(&changed.proposed, &mut unknown))
        }
    };
    let mut rules = by_rule(episodes, &changed.proposed, &untold, (&now, &proposed));
    for rule in &mut rules {
        rule.is_unknown = unknown.iter().any(|unknown| unknown.rule == rule.rule);
    }
    rules.sort_by_key(|rule| {
        let moves = rule.pages_now.abs_diff(rule.pages_proposed);
        (std::cmp::Reverse(moves), std::cmp::Reverse(rule.delayed.len()), rule.rule.clone())
    });
    let incidents = incidents(episodes, &changed.proposed, &untold, (&now, &proposed));
    Replay {
        episodes: episodes.len(),
        pages_recorded: episodes.iter().map(|episode| receivers(episode, &change.receivers).count()).sum(),
        pages_now: now.count,
        pages_proposed: unknown.is_empty().then_some(proposed.count),
        pages_proposed_min: proposed.count,
        rules,
        incidents,
        unknown,
    }
}

/// Who was told of an episode, each once and at first, as far as it wakes them.
fn receivers<'e>(episode: &'e Episode, wanted: &'e [String]) -> impl Iterator<Item = (Timestamp, &'e str)> {
    let mut first: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (at, receiver) in &episode.told {
        if wanted.is_empty() || wanted.contains(receiver) {
            let at_first = first.entry(receiver).or_insert(*at);
            *at_first = (*at_first).min(*at);
        }
    }
    first.into_iter().map(|(receiver, at)| (at, receiver))
}

/// Pages without Alertmanager's configuration: whoever was told is told, as much later as the alert fires later.
fn told(list: &[Proposed], episodes: &[Episode], wanted: &[String], unknown: &mut Vec<Unknown>) -> Pages {
    let mut pages = Pages::default();
    let mut unrouted: BTreeMap<&str, usize> = BTreeMap::new();
    for proposed in list {
        let rule = proposed.labels.get("alertname");
        let recorded = proposed.of.first().map(|of| &episodes[*of]);
        let same = recorded.filter(|episode| episode.labels == proposed.labels);
        let Some(episode) = same else {
            // Other labels, or an alert that is not recorded: who would be told is Alertmanager's to say.
            *unrouted.entry(rule).or_default() += 1;
            pages.first.push(None);
            continue;
        };
        let by = proposed.fired.duration_since(episode.fired);
        let told: Vec<Timestamp> = receivers(episode, wanted).map(|(at, _)| crate::sent::sum(at, by)).collect();
        pages.count += told.len();
        *pages.by_rule.entry(rule.to_owned()).or_default() += told.len();
        pages.first.push(told.into_iter().min());
    }
    for (rule, count) in unrouted {
        let why = format!(
            "who would be told of {count} alerts with other labels, or that are not recorded, is for Alertmanager's configuration to say: give `alertmanager: {{now: FILE}}`"
        );
        unknown.push(Unknown { rule: rule.to_owned(), episodes: Some(count), why });
    }
    pages
}

/// Pages of Alertmanager's configuration: its messages to those whom they wake, in which something fires.
fn simulated(
    config: &Config,
    list: &[Proposed],
    episodes: &[Episode],
    wanted: &[String],
    recorded_to: Timestamp,
) -> Pages {
    let mut events: Vec<(Timestamp, u8, usize)> = Vec::new();
    let mut silences: BTreeSet<(Timestamp, Timestamp, &Labels)> = BTreeSet::new();
    for (number, proposed) in list.iter().enumerate() {
        events.push((proposed.fired, 2, number));
        events.extend(proposed.resolved.map(|at| (at, 1, number)));
        let of = proposed.of.iter().map(|of| &episodes[*of]);
        silences.extend(of.flat_map(|e| e.silences.iter().map(|(from, to)| (*from, *to, &proposed.labels))));
    }
    let silences: Vec<_> = silences.into_iter().collect();
    events.extend(silences.iter().enumerate().map(|(number, (from, ..))| (*from, 0, number)));
    events.sort_unstable();
    let started = events.first().map_or(recorded_to, |(at, ..)| *at);
    let mut simulation = Simulation::new(config, Options::started(started));
    for (at, kind, number) in events {
        if kind == 0 {
            let (from, to, labels) = &silences[number];
            let equal = |(name, value)| Matcher::new(name, Compare::Equal, value).ok();
            let matchers = labels.iter().filter_map(equal).collect();
            simulation.silence(at, Silence { id: number.to_string(), matchers, starts_at: *from, ends_at: *to });
            continue;
        }
        let proposed = &list[number];
        // It fires until it is said to have resolved, so no timeout may end it before.
        let ends_at = if kind == 1 { at } else { Timestamp::MAX };
        let posted =
            Posted { labels: proposed.labels.clone(), starts_at: Some(proposed.fired), ends_at: Some(ends_at) };
        simulation.post(at, [posted]);
    }
    simulation.run(recorded_to);
    let mut pages = Pages { first: vec![None; list.len()], ..Pages::default() };
    let mut numbers: HashMap<(&Labels, Timestamp), Vec<usize>> = HashMap::new();
    for (number, proposed) in list.iter().enumerate() {
        numbers.entry((&proposed.labels, proposed.fired)).or_default().push(number);
    }
    for sent in simulation.take_sent() {
        let wakes = wanted.is_empty() || wanted.contains(&sent.receiver);
        if !wakes || sent.cause == Cause::Resolved || !sent.is_firing() {
            continue;
        }
        pages.count += 1;
        let firing = || sent.alerts.iter().filter(|alert| alert.ended.is_none());
        let rules: BTreeSet<&str> = firing().map(|alert| alert.labels.get("alertname")).collect();
        for rule in rules {
            *pages.by_rule.entry(rule.to_owned()).or_default() += 1;
        }
        for alert in firing() {
            for number in numbers.get(&(&alert.labels, alert.starts_at)).into_iter().flatten() {
                pages.first[*number].get_or_insert(sent.at);
            }
        }
    }
    pages
}

/// When each recorded episode would first have been told of.
fn first_of(episodes: usize, list: &[Proposed], pages: &Pages) -> Vec<Option<Timestamp>> {
    let mut out: Vec<Option<Timestamp>> = vec![None; episodes];
    for (proposed, first) in list.iter().zip(&pages.first) {
        for of in first.iter().flat_map(|_| &proposed.of) {
            out[*of] = out[*of].min(*first).or(*first);
        }
    }
    out
}

fn by_rule(
    episodes: &[Episode],
    list: &[Proposed],
    unknown: &BTreeSet<usize>,
    (now, proposed): (&Pages, &Pages),
) -> Vec<RuleOutcome> {
    let mut out: BTreeMap<&str, RuleOutcome> = BTreeMap::new();
    let after = first_of(episodes.len(), list, proposed);
    for (number, episode) in episodes.iter().enumerate() {
        let rule = out.entry(episode.rule()).or_default();
        rule.episodes += 1;
        if unknown.contains(&number) {
            continue;
        }
        match (now.first[number], after[number]) {
            (Some(_), None) => rule.dropped.push(episode.id.clone()),
            (None, Some(_)) => rule.added.push(Some(episode.id.clone())),
            (Some(before), Some(after)) if before != after => {
                rule.delayed.push(Delay { episode: episode.id.clone(), by: after.duration_since(before) });
            }
            _ => {}
        }
    }
    for (one, first) in list.iter().zip(&proposed.first) {
        if one.of.is_empty() && first.is_some() {
            out.entry(one.labels.get("alertname")).or_default().added.push(None);
        }
    }
    let count = |pages: &Pages, rule: &str| pages.by_rule.get(rule).copied().unwrap_or(0);
    out.into_iter()
        .map(|(name, rule)| RuleOutcome {
            rule: name.to_owned(),
            pages_now: count(now, name),
            pages_proposed: count(proposed, name),
            ..rule
        })
        .collect()
}

fn incidents(
    episodes: &[Episode],
    list: &[Proposed],
    unknown: &BTreeSet<usize>,
    (now, proposed): (&Pages, &Pages),
) -> Vec<IncidentOutcome> {
    let after = first_of(episodes.len(), list, proposed);
    let mut linked: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, episode) in episodes.iter().enumerate() {
        episode.incidents.iter().for_each(|incident| linked.entry(incident).or_default().push(number));
    }
    let mut out: Vec<IncidentOutcome> = linked
        .into_iter()
        .map(|(incident, numbers)| {
            let found_now = numbers.iter().filter_map(|number| now.first[*number]).min();
            let found_proposed = numbers.iter().filter_map(|number| after[*number]).min();
            let is_known = !numbers.iter().any(|number| unknown.contains(number));
            let verdict = match (found_now, found_proposed) {
                (Some(now), Some(then)) if then < now => Verdict::Earlier,
                (Some(now), Some(then)) if then == now => Verdict::Same,
                _ if !is_known => Verdict::Unknown,
                (Some(_), Some(_)) => Verdict::Later,
                (Some(_), None) => Verdict::Missed,
                (None, Some(_)) => Verdict::Earlier,
                // By these alerts nobody was told of it, now as then.
                (None, None) => Verdict::Same,
            };
            let episodes = numbers.iter().map(|number| episodes[*number].id.clone()).collect();
            IncidentOutcome { incident: incident.to_owned(), episodes, found_now, found_proposed, verdict }
        })
        .collect();
    out.sort_by(|a, b| a.verdict.cmp(&b.verdict).then_with(|| a.incident.cmp(&b.incident)));
    out
}
