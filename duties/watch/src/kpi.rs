//! KPI 5, actionable alerts; its complement is known as the alert noise ratio.

mod availability;

pub use availability::availability;

use crate::tables::{AlertClass, AlertEpisode};
use mainstay_kit::{Contribution, Folded, Query, Standing};

/// KPI 5: the share of notified alert episodes on which somebody demonstrably acted, by the time they began to fire.
///
/// An episode counts once, however often it was sent. That somebody acknowledged it shows that they saw it, not that
/// there was anything to do: such an episode stays unclassified, in the denominator and for everybody to see.
#[must_use]
pub fn actionable_alerts(episodes: &[Folded<AlertEpisode>], query: &Query) -> Vec<Contribution> {
    let in_window = episodes.iter().filter(|episode| query.window.contains(episode.entity.fired));
    in_window
        .map(|episode| {
            let entity = &episode.entity;
            let class = entity.class();
            let numerator = if class == AlertClass::Actionable { 1.0 } else { 0.0 };
            let counted = Contribution::counted(&episode.key, entity.fired, numerator, 1.0, episode.facts.clone());
            let standing = match class {
                AlertClass::Actionable | AlertClass::Noise => Standing::Counted,
                AlertClass::Unclassified => Standing::Unknown("unclassified"),
                out => Standing::Excluded(out.as_str()),
            };
            Contribution {
                standing,
                service: entity.alert.service.as_ref().map(ToString::to_string),
                team: entity.alert.team.as_ref().map(ToString::to_string),
                slice: Some(("rule", entity.alert.rule.clone())),
                ..counted
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
