//! Which rules are not worth what they cost: judged from episodes alone, each judgement with the episodes behind it.

pub mod brief;
pub mod budget;
pub mod documents;

use self::brief::Brief;
use crate::AlertClass;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mainstay_model::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Fewer told episodes than this say nothing of a rule.
pub const EPISODES_MIN: usize = 5;
/// An alert that fires again so soon after it resolved flaps.
const FLAPS_WITHIN: SignedDuration = SignedDuration::from_mins(30);
/// Alerts that begin so near each other began together.
const TOGETHER_WITHIN: SignedDuration = SignedDuration::from_mins(5);
/// A silence so long is for ever.
const FOR_EVER: SignedDuration = SignedDuration::from_hours(24 * 90);
/// The share from which on something is the rule and no exception.
const MOST: f64 = 0.8;
/// The share from which on something happens too often.
const OFTEN: f64 = 0.5;
/// What people first did so long after the page could have waited for the day.
const UNHURRIED: SignedDuration = SignedDuration::from_hours(4);

/// What to do about a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Advice {
    /// Nobody ever acted on it, or it is silenced for ever.
    Delete,
    /// It tells what another rule, or the same one for another instance, tells at the same time.
    Merge,
    /// It comes and goes: its window, or its `for:`, is too short.
    Widen,
    /// It fires although nothing is to be done: its threshold is too low.
    Raise,
    /// It needs action, but not at once.
    Ticket,
}

impl Advice {
    /// The words for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Merge => "merge",
            Self::Widen => "widen",
            Self::Raise => "raise",
            Self::Ticket => "route to ticket",
        }
    }
}

/// A rule and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleQuality {
    /// The rule.
    pub rule: String,
    /// Its episodes in the window, watchdogs and tests apart.
    pub episodes: usize,
    /// Those that somebody was told of.
    pub told: usize,
    /// Messages: one an episode and receiver.
    pub pages: usize,
    /// Those on which somebody acted.
    pub actionable: usize,
    /// Those that needed nothing.
    pub noise: usize,
    /// Those that fired again within half an hour after they had resolved.
    pub flapping: usize,
    /// Those that had resolved before anyone looked.
    pub unseen: usize,
    /// Those that began together with one of another instance of the same rule.
    pub duplicates: usize,
    /// Pages outside of working hours.
    pub off_hours: usize,
    /// What to do.
    pub advice: Option<Suggestion>,
}

/// What to do about a rule, why, and what it is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// What.
    pub advice: Advice,
    /// Why, in figures.
    pub why: String,
    /// The episodes that show it.
    pub episodes: Vec<String>,
    /// Pages a week that these episodes cost.
    pub pages_a_week: f64,
}

/// What one person or receiver was burdened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Who: the person who acknowledged, or the receiver where nobody did.
    pub who: String,
    /// Pages.
    pub pages: usize,
    /// Those outside of working hours.
    pub off_hours: usize,
}

/// The hours in which people work.
#[derive(Debug, Clone)]
pub struct WorkingHours {
    /// Their time zone.
    pub zone: TimeZone,
    /// First and last hour of a working day, Monday to Friday; the last one is no longer part of it.
    pub hours: (i8, i8),
}

impl WorkingHours {
    fn contain(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.zone.clone());
        local.weekday().to_monday_zero_offset() < 5 && (self.hours.0..self.hours.1).contains(&local.hour())
    }
}

/// Judges the rules of episodes, which are sorted by when they began in the window; dearest advice first.
#[must_use]
pub fn quality(all: &[&Brief], window: Span, hours: &WorkingHours) -> (Vec<RuleQuality>, Vec<Load>) {
    let mut by_rule: BTreeMap<&str, Vec<&Brief>> = BTreeMap::new();
    for &episode in all {
        by_rule.entry(&episode.rule).or_default().push(episode);
    }
    let weeks = (window.to.duration_since(window.from).as_secs_f64() / 604_800.0).max(1.0 / 7.0);
    let judged = |(rule, episodes): (&&str, &Vec<&Brief>)| Judged { rule, episodes, all, hours }.quality(weeks);
    let mut rules: Vec<RuleQuality> = by_rule.iter().map(judged).collect();
    let price = |rule: &RuleQuality| rule.advice.as_ref().map_or(-1.0, |advice| advice.pages_a_week);
    rules.sort_by(|a, b| {
        price(b).total_cmp(&price(a)).then_with(|| b.pages.cmp(&a.pages)).then_with(|| a.rule.cmp(&b.rule))
    });
    (rules, loads(all, hours))
}

fn loads(all: &[&Brief], hours: &WorkingHours) -> Vec<Load> {
    let mut by: BTreeMap<&str, Load> = BTreeMap::new();
    for episode in all {
        for (at, receiver) in &episode.pages {
            let who = episode.seen_by.as_ref().unwrap_or(receiver);
            let load = by.entry(who).or_insert_with(|| Load { who: who.to_string(), pages: 0, off_hours: 0 });
            load.pages += 1;
            load.off_hours += usize::from(!hours.contain(*at));
        }
    }
    let mut loads: Vec<Load> = by.into_values().collect();
    loads.sort_by(|a, b| {
        b.off_hours.cmp(&a.off_hours).then_with(|| b.pages.cmp(&a.pages)).then_with(|| a.who.cmp(&b.who))
    });
    loads
}

/// A rule that is being judged.
struct Judged<'e> {
    rule: &'e str,
    episodes: &'e [&'e Brief],
    all: &'e [&'e Brief],
    hours: &'e WorkingHours,
}

impl Judged<'_> {
    fn quality(&self, weeks: f64) -> RuleQuality {
        let of = |test: &dyn Fn(&Brief) -> bool| -> Vec<&Brief> {
            self.episodes.iter().copied().filter(|episode| test(episode)).collect()
        };
        let told = of(&|episode| !episode.pages.is_empty());
        let noise = of(&|episode| episode.class == AlertClass::Noise);
        let actionable = of(&|episode| episode.class == AlertClass::Actionable);
        let (flapping, unseen) = (self.flapping(), of(&|episode| episode.is_unseen));
        let duplicates = self.together(&|other| other == self.rule);
        let pages = || self.episodes.iter().flat_map(|episode| &episode.pages);
        let shares = Shares {
            told: &told,
            noise: &noise,
            actionable: &actionable,
            flapping: &flapping,
            duplicates: &duplicates,
        };
        let advice = self.advice(&shares).map(|(advice, why, episodes)| {
            let cost: usize = episodes.iter().map(|episode| episode.pages.len()).sum();
            let episodes = episodes.iter().map(|episode| episode.key.to_string()).collect();
            Suggestion { advice, why, episodes, pages_a_week: cost as f64 / weeks }
        });
        RuleQuality {
            rule: self.rule.to_owned(),
            episodes: self.episodes.len(),
            told: told.len(),
            pages: pages().count(),
            actionable: actionable.len(),
            noise: noise.len(),
            flapping: flapping.len(),
            unseen: unseen.len(),
            duplicates: duplicates.len(),
            off_hours: pages().filter(|(at, _)| !self.hours.contain(*at)).count(),
            advice,
        }
    }

    /// The first advice that holds, from the one that saves most to the one that saves least.
    fn advice<'e>(&'e self, of: &Shares<'e>) -> Option<(Advice, String, Vec<&'e Brief>)> {
        let for_ever: Vec<&Brief> = self.episodes.iter().copied().filter(|e| e.is_silenced_for_ever).collect();
        if share(for_ever.len(), self.episodes.len()) >= MOST && for_ever.len() >= 2 {
            let why = format!(
                "{} of {} episodes were silenced for three months or longer",
                for_ever.len(),
                self.episodes.len()
            );
            return Some((Advice::Delete, why, for_ever));
        }
        let told = of.told.len();
        if told < EPISODES_MIN {
            return None;
        }
        if of.actionable.is_empty() && share(of.noise.len(), told) >= MOST {
            let why = format!(
                "nobody acted on any of {told} episodes, and {} went away unseen or were called noise",
                of.noise.len()
            );
            return Some((Advice::Delete, why, of.told.to_vec()));
        }
        if let Some((other, together)) = self.companion(told) {
            let why = format!("{} of {told} episodes began within five minutes of one of {other}", together.len());
            return Some((Advice::Merge, why, together));
        }
        if share(of.duplicates.len(), told) >= OFTEN {
            let why = format!(
                "{} of {told} episodes began together with another instance of the same rule and service",
                of.duplicates.len()
            );
            return Some((Advice::Merge, why, of.duplicates.to_vec()));
        }
        if share(of.flapping.len(), told) >= OFTEN / 2.0 {
            let why = format!("{} of {told} episodes came back within half an hour", of.flapping.len());
            return Some((Advice::Widen, why, of.flapping.to_vec()));
        }
        if share(of.noise.len(), told) >= OFTEN {
            let why = format!("{} of {told} episodes needed nothing", of.noise.len());
            return Some((Advice::Raise, why, of.noise.to_vec()));
        }
        let unhurried: Vec<&Brief> = of.actionable.iter().copied().filter(|e| e.is_unhurried).collect();
        if share(unhurried.len(), told) >= OFTEN {
            let why = format!(
                "of {told} episodes {} became a ticket or were first acted on after four hours",
                unhurried.len()
            );
            return Some((Advice::Ticket, why, of.told.to_vec()));
        }
        None
    }

    fn flapping(&self) -> Vec<&Brief> {
        let mut ended: BTreeMap<&str, Timestamp> = BTreeMap::new();
        let mut out = Vec::new();
        for episode in self.episodes {
            let print = &*episode.fingerprint;
            if ended.get(print).is_some_and(|end| episode.fired.duration_since(*end) <= FLAPS_WITHIN) {
                out.push(*episode);
            }
            if let Some(end) = episode.resolved {
                ended.insert(print, end);
            }
        }
        out
    }

    /// Told episodes of this rule that began together with another alert of the same service, which began first or has the
    /// smaller name, so that of two only one is called a duplicate.
    fn together(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<&Brief> {
        let with =
            |episode: &&Brief| self.before(episode.fired).any(|other| wanted(&other.rule) && is_with(episode, other));
        self.told().filter(with).collect()
    }

    fn told(&self) -> impl Iterator<Item = &Brief> {
        self.episodes.iter().copied().filter(|episode| !episode.pages.is_empty())
    }

    /// All episodes that began shortly before an instant, or at it.
    fn before(&self, at: Timestamp) -> impl Iterator<Item = &Brief> {
        let from = at.saturating_sub(TOGETHER_WITHIN).unwrap_or(at);
        let first = self.all.partition_point(|episode| episode.fired < from);
        self.all[first..].iter().copied().take_while(move |episode| episode.fired <= at)
    }

    /// Another rule that began together with most of this one's episodes, and shortly before.
    fn companion(&self, told: usize) -> Option<(&str, Vec<&Brief>)> {
        // In one pass: with many rules that fire often, each has nearly all others nearby.
        let mut found: BTreeMap<&str, Vec<&Brief>> = BTreeMap::new();
        for episode in self.told() {
            let others =
                self.before(episode.fired).filter(|other| *other.rule != *self.rule && is_with(episode, other));
            let rules: BTreeSet<&str> = others.map(|other| &*other.rule).collect();
            rules.into_iter().for_each(|rule| found.entry(rule).or_default().push(episode));
        }
        let most = found.into_iter().filter(|(_, together)| share(together.len(), told) >= MOST);
        most.max_by_key(|(_, together)| together.len())
    }
}

/// Whether an episode began together with another alert of the same service that somebody was told of.
fn is_with(episode: &Brief, other: &Brief) -> bool {
    let first = (other.fired, &other.key) < (episode.fired, &episode.key);
    first
        && episode.fingerprint != other.fingerprint
        && episode.service == other.service
        && !other.pages.is_empty()
        && episode.fired.duration_since(other.fired) <= TOGETHER_WITHIN
}

/// Episodes of a rule by what they have in common.
struct Shares<'e> {
    told: &'e [&'e Brief],
    noise: &'e [&'e Brief],
    actionable: &'e [&'e Brief],
    flapping: &'e [&'e Brief],
    duplicates: &'e [&'e Brief],
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests;
