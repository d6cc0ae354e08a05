//! Redeployments of an older commit: likely rollbacks of what was deployed in between.

use crate::{At, Reading};
use jiff::Timestamp;
use mainstay_model::Subject;
use mainstay_model::facts::{ChangeFailureLinked, Confidence, FailureKind};
use std::collections::BTreeMap;

/// A deployment that succeeded, as far as finding rollbacks needs it.
#[derive(Debug, Clone)]
pub(super) struct Deployed {
    /// Repository and environment: what one deployment replaces another in.
    pub place: String,
    /// The fact source of the repository.
    pub source: String,
    /// The change.
    pub change: Subject,
    /// Its commit.
    pub sha: String,
    /// When it succeeded.
    pub at: Timestamp,
}

/// Says of each deployment whose commit had been deployed before, with another one since, that it is suspected to have
/// rolled back the one that it replaced. A machine only suspects.
pub(super) fn suspect(mut deployed: Vec<Deployed>, path: &str, now: Timestamp, reading: &mut Reading) {
    deployed.sort_by(|a, b| (&a.place, a.at, &a.change).cmp(&(&b.place, b.at, &b.change)));
    let mut history: BTreeMap<String, Vec<Deployed>> = BTreeMap::new();
    for next in deployed {
        let before = history.entry(next.place.clone()).or_default();
        let replaced = before.last().filter(|last| last.sha != next.sha).cloned();
        let seen = before.iter().any(|earlier| earlier.sha == next.sha);
        if let (Some(replaced), true) = (replaced, seen) {
            let link = ChangeFailureLinked {
                failure: next.change.clone(),
                kind: FailureKind::Rollback,
                confidence: Confidence::Suspected,
                by: None,
            };
            let id = format!("{}/suspected-rollback/{}", replaced.change.name(), next.change.name());
            let at = At { now, path, line: 0, column: 0 };
            reading.say(&link, &next.source, &id, replaced.change, next.at, &at);
        }
        before.push(next);
    }
}
