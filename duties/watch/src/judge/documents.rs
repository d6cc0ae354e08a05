//! Rules whose alerts name nobody who answers for them, or no page that says what to do.

use super::Episode;
use crate::AlertClass;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Annotations that link to what is to be done.
const RUNBOOKS: [&str; 3] = ["runbook_url", "runbook", "documentation"];

/// What an alert's rule can lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// Nobody answers for it.
    Owner,
    /// Nothing says what to do.
    Runbook,
}

impl Lack {
    /// The id of the finding's rule.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Owner => "watch.alert-without-owner",
            Self::Runbook => "watch.alert-without-runbook",
        }
    }
}

/// A rule that lacks something, from one of its episodes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undocumented {
    /// The alert's rule.
    pub rule: String,
    /// What it lacks.
    pub lack: Lack,
    /// Since when: the first of its newest episodes in a row that lack it.
    pub since: Timestamp,
    /// When an alert of it had it again.
    pub until: Option<Timestamp>,
    /// Who answers for it, where that is known.
    pub owner: Option<mainstay_model::Subject>,
}

/// The rules that lack something, or did before their newest episodes. The newest episode of a rule decides; who answers for a
/// service, the catalog says where the alert does not.
#[must_use]
pub fn undocumented(
    episodes: &[Episode],
    owner_of: &dyn Fn(&mainstay_model::Subject) -> Option<mainstay_model::Subject>,
) -> Vec<Undocumented> {
    let mut all: Vec<&Episode> = episodes
        .iter()
        .filter(|episode| !matches!(episode.entity.class(), AlertClass::Watchdog | AlertClass::Test))
        .collect();
    all.sort_by(|a, b| a.entity.fired.cmp(&b.entity.fired).then_with(|| a.key.cmp(&b.key)));
    let mut found: BTreeMap<(&str, Lack), Undocumented> = BTreeMap::new();
    for episode in all {
        let (alert, at) = (&episode.entity.alert, episode.entity.fired);
        let owner = alert.team.clone().or_else(|| alert.service.as_ref().and_then(owner_of));
        let has_runbook = RUNBOOKS.iter().any(|name| alert.annotations.get(*name).is_some_and(|link| !link.is_empty()));
        for (lack, has) in [(Lack::Owner, owner.is_some()), (Lack::Runbook, has_runbook)] {
            let key = (alert.rule.as_str(), lack);
            match (has, found.get_mut(&key)) {
                (true, Some(one)) => _ = one.until.get_or_insert(at),
                (true, None) => {}
                (false, Some(one)) if one.until.is_none() => one.owner.clone_from(&owner),
                (false, _) => {
                    let one =
                        Undocumented { rule: alert.rule.clone(), lack, since: at, until: None, owner: owner.clone() };
                    found.insert(key, one);
                }
            }
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{fold_all, history};

    fn fired(id: u32, day: u32, more: &str) -> String {
        format!(
            "2026-10-{day:02}T10:00:00Z alert.fired alert:{id} {{\"rule\":\"Disk\",\"fingerprint\":\"f\",\"labels\":{{}}{more}}}\n"
        )
    }

    fn found(facts: &str) -> Vec<(Lack, u32, Option<u32>)> {
        let day = |at: Timestamp| at.strftime("%d").to_string().parse().unwrap();
        let none = |_: &mainstay_model::Subject| None;
        let all = undocumented(&fold_all(&history(facts).unwrap()), &none);
        all.into_iter().map(|one| (one.lack, day(one.since), one.until.map(day))).collect()
    }

    const RUNBOOK: &str = ",\"annotations\":{\"runbook_url\":\"https://wiki\"}";
    const TEAM: &str = ",\"team\":\"team:shop\"";

    #[test]
    fn the_newest_episodes_decide_from_the_first_of_them() {
        assert_eq!(found(&fired(1, 1, "")), [(Lack::Owner, 1, None), (Lack::Runbook, 1, None)]);
        assert_eq!(found(&fired(1, 1, &format!("{TEAM}{RUNBOOK}"))), []);
        // It got a runbook on the third, and lost it on the fifth.
        let mended = fired(1, 1, TEAM) + &fired(2, 2, TEAM) + &fired(3, 3, &format!("{TEAM}{RUNBOOK}"));
        assert_eq!(found(&mended), [(Lack::Runbook, 1, Some(3))]);
        assert_eq!(found(&(mended + &fired(5, 5, TEAM))), [(Lack::Runbook, 5, None)]);
    }

    #[test]
    fn the_catalog_says_who_answers_where_the_alert_does_not() {
        let facts = fired(1, 1, &format!(",\"service\":\"service:shop\"{RUNBOOK}"));
        let owner = |service: &mainstay_model::Subject| {
            (service.as_str() == "service:shop").then(|| mainstay_model::Subject::of("team", "shop"))
        };
        assert_eq!(undocumented(&fold_all(&history(&facts).unwrap()), &owner), []);
    }

    #[test]
    fn watchdogs_and_tests_need_neither() {
        assert_eq!(found(&fired(1, 1, ",\"watchdog\":true")), []);
        assert_eq!(found(&fired(1, 1, ",\"test\":true")), []);
    }
}
