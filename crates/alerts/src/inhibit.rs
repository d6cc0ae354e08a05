//! Which alerts keep which others quiet.
//!
//! Alertmanager 0.25 asks every source of a rule for every target. Here the sources of a rule stand in buckets by the values
//! of the labels that must be equal, and in a bucket by their ends, so that a target asks one bucket for its last end.

use crate::config::InhibitRule;
use jiff::Timestamp;
use mainstay_promql::Labels;
use std::collections::{BTreeSet, HashMap};

/// The sources of all rules.
#[derive(Debug)]
pub struct Inhibitor<'c> {
    rules: Vec<Rule<'c>>,
}

#[derive(Debug)]
struct Rule<'c> {
    rule: &'c InhibitRule,
    buckets: HashMap<String, Bucket>,
    /// Where a source stands, by its fingerprint.
    places: HashMap<u64, Source>,
}

/// Sources with the same values, by end. Those that are targets of their own rule keep no other such alert quiet.
#[derive(Debug, Default)]
struct Bucket {
    sources_only: BTreeSet<(Timestamp, u64)>,
    both_sides: BTreeSet<(Timestamp, u64)>,
}

#[derive(Debug)]
struct Source {
    bucket: String,
    is_target: bool,
    ends: Timestamp,
}

impl<'c> Inhibitor<'c> {
    /// No alert yet.
    pub fn new(rules: &'c [InhibitRule]) -> Self {
        let rule = |rule| Rule { rule, buckets: HashMap::new(), places: HashMap::new() };
        Self { rules: rules.iter().map(rule).collect() }
    }

    /// An alert was posted, or its end has moved.
    pub fn update(&mut self, fingerprint: u64, labels: &Labels, ends: Timestamp, now: Timestamp) {
        for rule in &mut self.rules {
            rule.update(fingerprint, labels, ends, now);
        }
    }

    /// An alert that keeps these labels quiet, where there is one.
    pub fn inhibitor_of(&self, labels: &Labels, now: Timestamp) -> Option<u64> {
        self.rules.iter().find_map(|rule| rule.inhibitor_of(labels, now))
    }
}

impl Rule<'_> {
    fn update(&mut self, fingerprint: u64, labels: &Labels, ends: Timestamp, now: Timestamp) {
        let (bucket, is_target) = match self.places.get(&fingerprint) {
            Some(source) => (source.bucket.clone(), source.is_target),
            None if self.rule.sources.iter().all(|matcher| matcher.matches(labels)) => {
                (self.key(labels), self.rule.targets.iter().all(|matcher| matcher.matches(labels)))
            }
            None => return,
        };
        let found = self.buckets.entry(bucket.clone()).or_default();
        let set = if is_target { &mut found.both_sides } else { &mut found.sources_only };
        if let Some(before) = self.places.get(&fingerprint) {
            set.remove(&(before.ends, fingerprint));
        }
        // What has ended inhibits nothing until it is posted again.
        while let Some((_, ended)) = set.first().copied().filter(|(ends, _)| *ends <= now) {
            set.pop_first();
            self.places.remove(&ended);
        }
        if ends > now {
            set.insert((ends, fingerprint));
            self.places.insert(fingerprint, Source { bucket, is_target, ends });
        } else {
            let is_empty = found.sources_only.is_empty() && found.both_sides.is_empty();
            self.places.remove(&fingerprint);
            if is_empty {
                self.buckets.remove(&bucket);
            }
        }
    }

    fn inhibitor_of(&self, labels: &Labels, now: Timestamp) -> Option<u64> {
        if !self.rule.targets.iter().all(|matcher| matcher.matches(labels)) {
            return None;
        }
        let bucket = self.buckets.get(&self.key(labels))?;
        let last = |set: &BTreeSet<(Timestamp, u64)>| set.last().filter(|(ends, _)| *ends > now).map(|(_, at)| *at);
        let is_source = || self.rule.sources.iter().all(|matcher| matcher.matches(labels));
        last(&bucket.sources_only).or_else(|| last(&bucket.both_sides).filter(|_| !is_source()))
    }

    /// The values that must be equal, each ended by a byte that no text of UTF-8 has alone.
    fn key(&self, labels: &Labels) -> String {
        self.rule.equal.iter().fold(String::new(), |key, name| key + labels.get(name) + "\u{0}\u{1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::fingerprint;

    const RULE: &str = "route: {receiver: a}\nreceivers: [{name: a}]\ninhibit_rules:\n\
        - {source_matchers: ['sev=~\"page|both\"'], target_matchers: ['sev=~\"warn|both\"'], equal: [host, zone]}\n";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn labels(severity: &str, host: &str) -> Labels {
        Labels::new([("sev", severity), ("host", host)])
    }

    #[test]
    fn a_source_inhibits_equal_targets_until_it_ends_and_never_its_own_kind() {
        let config = crate::read(RULE, "a.yml").config.unwrap();
        let mut inhibitor = Inhibitor::new(&config.inhibit_rules);
        let page = labels("page", "a");
        inhibitor.update(fingerprint(&page), &page, at(100), at(0));
        assert_eq!(inhibitor.inhibitor_of(&labels("warn", "a"), at(99)), Some(fingerprint(&page)));
        assert_eq!(inhibitor.inhibitor_of(&labels("warn", "a"), at(100)), None);
        assert_eq!(inhibitor.inhibitor_of(&labels("warn", "b"), at(1)), None);
        assert_eq!(inhibitor.inhibitor_of(&page, at(1)), None);
        // A label that both lack is equal; one that only one has is not.
        let zoned = Labels::new([("sev", "warn"), ("host", "a"), ("zone", "z")]);
        assert_eq!(inhibitor.inhibitor_of(&zoned, at(1)), None);
        // Its end moves, and it is posted as ended.
        inhibitor.update(fingerprint(&page), &page, at(200), at(50));
        assert!(inhibitor.inhibitor_of(&labels("warn", "a"), at(150)).is_some());
        inhibitor.update(fingerprint(&page), &page, at(120), at(150));
        assert!(inhibitor.inhibitor_of(&labels("warn", "a"), at(150)).is_none());

        // An alert on both sides inhibits what is only a target, and no other alert on both sides.
        let (both, other) = (labels("both", "c"), Labels::new([("sev", "both"), ("host", "c"), ("x", "y")]));
        inhibitor.update(fingerprint(&both), &both, at(900), at(150));
        assert!(inhibitor.inhibitor_of(&labels("warn", "c"), at(151)).is_some());
        assert!(inhibitor.inhibitor_of(&other, at(151)).is_none());
        let page = labels("page", "c");
        inhibitor.update(fingerprint(&page), &page, at(900), at(151));
        assert!(inhibitor.inhibitor_of(&other, at(152)).is_some());
    }
}
