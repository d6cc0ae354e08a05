//! KPI 10, vulnerability SLA (with the due dates of CISA BOD 22-01 for what is known to be exploited).

use crate::tables::{Exploited, SlaPromise, VulnerablePair};
use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Contribution, Folded, Query};
use mainstay_model::{PromiseKind, Severity};
use std::collections::HashMap;

/// KPI 10: the share of the pairs of vulnerability and asset due in the window that a scan verified fixed by their due
/// date.
///
/// The cohort is all that fell due, open ones included; a cohort of what was closed would leave out the worst. What is
/// not due yet at `as_of` is pending, and what a person accepted for a time that covers the due date is shown apart.
#[must_use]
pub fn vulnerability_sla(
    pairs: &[Folded<VulnerablePair>],
    exploited: &[Folded<Exploited>],
    promises: &[Folded<SlaPromise>],
    query: &Query,
) -> Vec<Contribution> {
    let deadlines = Deadlines::new(exploited, promises);
    pairs.iter().filter_map(|pair| due_in_window(pair, &deadlines, query)).collect()
}

fn due_in_window(pair: &Folded<VulnerablePair>, deadlines: &Deadlines<'_>, query: &Query) -> Option<Contribution> {
    let entity = &pair.entity;
    let left_out = |at, why| Contribution::excluded(&pair.key, at, why, pair.facts.clone());
    let mut contribution = match deadlines.due(entity) {
        None if query.window.contains(entity.first_seen) => left_out(entity.first_seen, "informational"),
        Some((due, _)) if query.window.contains(due) => {
            if entity.is_accepted(due) {
                left_out(due, "accepted")
            } else if due > query.as_of {
                left_out(due, "pending")
            } else {
                let met = entity.fixed.is_some_and(|fixed| fixed <= due);
                Contribution::counted(&pair.key, due, f64::from(u8::from(met)), 1.0, pair.facts.clone())
            }
        }
        _ => return None,
    };
    contribution.slice = Some(("severity", entity.found.severity.as_str().to_owned()));
    if let Some((_, because)) = deadlines.due(entity) {
        contribution.facts.extend_from_slice(because);
        contribution.facts.sort_unstable();
        contribution.facts.dedup();
    }
    contribution.service = (entity.found.asset.kind() == "service").then(|| entity.found.asset.to_string());
    Some(contribution)
}

/// What sets due dates: known-exploited dates, promises, and the defaults.
pub struct Deadlines<'a> {
    exploited: HashMap<&'a str, (Timestamp, &'a [u64])>,
    promises: Vec<&'a Folded<SlaPromise>>,
}

impl<'a> Deadlines<'a> {
    /// Indexes what sets due dates.
    #[must_use]
    pub fn new(exploited: &'a [Folded<Exploited>], promises: &'a [Folded<SlaPromise>]) -> Self {
        let by_name = exploited.iter().map(|known| {
            let statement = &known.entity.statement;
            (statement.vulnerability.as_str(), (statement.due, known.facts.as_slice()))
        });
        Self { exploited: by_name.collect(), promises: promises.iter().collect() }
    }

    /// When the pair must be fixed, with the facts that set another date than the default; `None` for what is only
    /// informational.
    ///
    /// A known-exploited date takes the place of all others. Where it lies before the pair was first seen, the pair is
    /// due at once: it cannot have been due before anybody knew of it, and must not vanish into an old window.
    #[must_use]
    pub fn due(&self, pair: &VulnerablePair) -> Option<(Timestamp, &'a [u64])> {
        if let Some((due, facts)) = self.exploited.get(pair.found.vulnerability.as_str()) {
            return Some(((*due).max(pair.first_seen), facts));
        }
        let (days, facts) = match self.promised_days(pair) {
            Some((days, facts)) => (i64::from(days), facts),
            None => (default_days(pair.found.severity)?, &[][..]),
        };
        let due = pair.first_seen.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX);
        Some((due, facts))
    }

    /// Days of the promise that was in force when the pair was first seen: one about the asset itself before one about
    /// everything (a team or an organisation), the strictest of several. A promise about another thing does not apply.
    fn promised_days(&self, pair: &VulnerablePair) -> Option<(u32, &'a [u64])> {
        let in_force = self.promises.iter().filter_map(|folded| {
            let promise = folded.entity.at(pair.first_seen)?;
            let PromiseKind::VulnerabilitySla { severity, days } = promise.kind else { return None };
            let is_general = matches!(promise.subject.kind(), "team" | "organisation" | "estate");
            let applies = severity == pair.found.severity && (is_general || promise.subject == pair.found.asset);
            applies.then_some(((is_general, days), folded.facts.as_slice()))
        });
        in_force.min_by_key(|(rank, _)| *rank).map(|((_, days), facts)| (days, facts))
    }
}

/// Days from first seen to fixed where nobody promised otherwise. `None` where nothing has to be fixed.
#[must_use]
pub const fn default_days(severity: Severity) -> Option<i64> {
    match severity {
        Severity::Critical => Some(14),
        Severity::High => Some(30),
        Severity::Medium => Some(90),
        Severity::Low => Some(180),
        Severity::Info => None,
    }
}

#[cfg(test)]
mod tests;
