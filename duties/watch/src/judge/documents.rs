//! Rules whose alerts name nobody who answers for them, or no page that says what to do.

use crate::{AlertClass, AlertEpisode};
use jiff::Timestamp;
use mainstay_kit::Folded;
use mainstay_model::Subject;
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
    pub owner: Option<Subject>,
}

/// What of an episode says how its rule is documented: a small part, so that those of a year can be held.
#[derive(Debug, Clone)]
pub struct Seen {
    fired: Timestamp,
    key: String,
    rule: String,
    team: Option<Subject>,
    service: Option<Subject>,
    has_runbook: bool,
}

impl Seen {
    /// That of an episode; watchdogs and tests need neither owner nor runbook.
    #[must_use]
    pub fn of(episode: &Folded<AlertEpisode>) -> Option<Self> {
        if matches!(episode.entity.class(), AlertClass::Watchdog | AlertClass::Test) {
            return None;
        }
        let alert = &episode.entity.alert;
        let has_runbook = RUNBOOKS.iter().any(|name| alert.annotations.get(*name).is_some_and(|link| !link.is_empty()));
        Some(Self {
            fired: episode.entity.fired,
            key: episode.key.clone(),
            rule: alert.rule.clone(),
            team: alert.team.clone(),
            service: alert.service.clone(),
            has_runbook,
        })
    }
}

/// The rules that lack something, or did before their newest episodes. The newest episode of a rule decides; who answers for a
/// service, the catalog says where the alert does not.
#[must_use]
pub fn undocumented(mut all: Vec<Seen>, owner_of: &dyn Fn(&Subject) -> Option<Subject>) -> Vec<Undocumented> {
    all.sort_by(|a, b| a.fired.cmp(&b.fired).then_with(|| a.key.cmp(&b.key)));
    let mut found: BTreeMap<(&str, Lack), Undocumented> = BTreeMap::new();
    for seen in &all {
        let at = seen.fired;
        let owner = seen.team.clone().or_else(|| seen.service.as_ref().and_then(owner_of));
        for (lack, has) in [(Lack::Owner, owner.is_some()), (Lack::Runbook, seen.has_runbook)] {
            let key = (seen.rule.as_str(), lack);
            match (has, found.get_mut(&key)) {
                (true, Some(one)) => _ = one.until.get_or_insert(at),
                (true, None) => {}
                (false, Some(one)) if one.until.is_none() => one.owner.clone_from(&owner),
                (false, _) => {
                    let one =
                        Undocumented { rule: seen.rule.clone(), lack, since: at, until: None, owner: owner.clone() };
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

    fn seen(facts: &str) -> Vec<Seen> {
        fold_all(&history(facts).unwrap()).iter().filter_map(Seen::of).collect()
    }

    fn found(facts: &str) -> Vec<(Lack, u32, Option<u32>)> {
        let day = |at: Timestamp| at.strftime("%d").to_string().parse().unwrap();
        let none = |_: &Subject| None;
        let all = undocumented(seen(facts), &none);
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
        let owner = |service: &Subject| (service.as_str() == "service:shop").then(|| Subject::of("team", "shop"));
        assert_eq!(undocumented(seen(&facts), &owner), []);
    }

    #[test]
    fn watchdogs_and_tests_need_neither() {
        assert_eq!(found(&fired(1, 1, ",\"watchdog\":true")), []);
        assert_eq!(found(&fired(1, 1, ",\"test\":true")), []);
    }
}
