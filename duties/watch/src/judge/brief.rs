//! What of an episode judges its rule: a small part, so that those of a quarter can be held at once.

use super::{FOR_EVER, UNHURRIED};
use crate::{AlertClass, AlertEpisode};
use jiff::Timestamp;
use mainstay_kit::{Digest, Folded};
use mainstay_model::Span;
use mainstay_model::facts::AlertEvidence;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// That of one episode.
#[derive(Debug, Clone)]
pub struct Brief {
    pub(super) key: Arc<str>,
    pub(super) rule: Arc<str>,
    pub(super) fingerprint: Box<str>,
    pub(super) service: Option<Arc<str>>,
    pub(super) fired: Timestamp,
    pub(super) resolved: Option<Timestamp>,
    pub(super) class: AlertClass,
    /// Pages: each receiver once, at first.
    pub(super) pages: Box<[(Timestamp, Arc<str>)]>,
    /// Who first said that they saw it.
    pub(super) seen_by: Option<Arc<str>>,
    /// Somebody was told, and it had resolved before anybody looked.
    pub(super) is_unseen: bool,
    pub(super) is_silenced_for_ever: bool,
    /// Only a ticket came of it, or the first deed was hours away.
    pub(super) is_unhurried: bool,
}

/// The parts of many episodes. Names stand in it once: rules, services and people are few, and episodes many.
#[derive(Debug, Default)]
pub struct Briefs {
    names: BTreeSet<Arc<str>>,
    by_key: BTreeMap<Arc<str>, Brief>,
}

impl Briefs {
    /// Those of episodes that began in a window, in the order in which they did.
    #[must_use]
    pub fn within(&self, window: Span) -> Vec<&Brief> {
        let mut all: Vec<&Brief> = self.by_key.values().filter(|brief| window.contains(brief.fired)).collect();
        // By their keys they are sorted already, and that order stays among those that began together.
        all.sort_by_key(|brief| brief.fired);
        all
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.names.insert(Arc::clone(&new));
        new
    }

    fn pages(&mut self, episode: &AlertEpisode) -> Box<[(Timestamp, Arc<str>)]> {
        let mut pages: Vec<(Timestamp, Arc<str>)> = Vec::with_capacity(episode.notified.len());
        for (at, told) in &episode.notified {
            if pages.iter().all(|(_, receiver)| **receiver != told.receiver) {
                pages.push((*at, self.name(&told.receiver)));
            }
        }
        pages.into()
    }
}

impl Digest<AlertEpisode> for Briefs {
    /// Watchdogs and tests are no pages that anybody wants fewer of.
    fn put(&mut self, episode: &Folded<AlertEpisode>) {
        let entity = &episode.entity;
        let class = entity.class();
        if matches!(class, AlertClass::Watchdog | AlertClass::Test) {
            return self.remove(&episode.key);
        }
        let alert = &entity.alert;
        let brief = Brief {
            key: episode.key.as_str().into(),
            rule: self.name(&alert.rule),
            fingerprint: alert.fingerprint.as_str().into(),
            service: alert.service.as_ref().map(|service| self.name(service.as_str())),
            fired: entity.fired,
            resolved: entity.resolved,
            class,
            pages: self.pages(entity),
            seen_by: entity.acknowledged.first().map(|(_, seen)| self.name(seen.by.as_str())),
            is_unseen: is_unseen(entity),
            is_silenced_for_ever: is_silenced_for_ever(entity),
            is_unhurried: is_unhurried(entity),
        };
        self.by_key.insert(brief.key.clone(), brief);
    }

    fn remove(&mut self, key: &str) {
        self.by_key.remove(key);
    }
}

fn is_unseen(episode: &AlertEpisode) -> bool {
    let looked = episode.acknowledged.iter().map(|(at, _)| *at).chain(episode.acted.iter().map(|(at, _)| *at)).min();
    !episode.notified.is_empty() && episode.resolved.is_some_and(|end| looked.is_none_or(|looked| looked > end))
}

fn is_silenced_for_ever(episode: &AlertEpisode) -> bool {
    episode.silences.iter().any(|(from, silence)| silence.until.duration_since(*from) >= FOR_EVER)
}

fn is_unhurried(episode: &AlertEpisode) -> bool {
    let told = episode.notified.first().map_or(episode.fired, |(at, _)| *at);
    let is_deed = |evidence| !matches!(evidence, AlertEvidence::Useful | AlertEvidence::Noise);
    let deeds = || episode.acted.iter().filter(|(_, acted)| is_deed(acted.evidence));
    let Some(first) = deeds().map(|(at, _)| *at).min() else { return false };
    deeds().all(|(_, acted)| acted.evidence == AlertEvidence::Ticket) || first.duration_since(told) >= UNHURRIED
}
