//! What makes a finding the same one in two readings of the code: control, resource and root; no line, and the file only
//! where that tells two apart. So a finding stays itself when lines move above it, when its block moves to another file,
//! and when its folder is renamed.

use crate::Judgement;
use mainstay_model::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// A finding as it is known elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The control's id.
    pub control: String,
    /// Address of the resource.
    pub resource: String,
    /// The root module's folder, empty outside of Terraform.
    #[serde(default)]
    pub root: String,
    /// The file.
    pub file: String,
    /// `fail` or `unknown`.
    pub verdict: Verdict,
}

impl Identity {
    /// That of a judgement.
    #[must_use]
    pub fn of(judgement: &Judgement) -> Self {
        Self {
            control: judgement.control.to_string(),
            resource: judgement.resource.to_string(),
            root: judgement.root.to_string(),
            file: judgement.file.to_string(),
            verdict: judgement.verdict,
        }
    }

    /// Whether what is known covers a verdict: what failed may become unknown, and not the other way round.
    fn covers(&self, verdict: Verdict) -> bool {
        verdict == self.verdict || (self.verdict == Verdict::Fail && verdict == Verdict::Unknown)
    }
}

/// For each judgement the known finding that it is, by its index. A known one counts once.
///
/// `present` are the files that are read now: what was known of a file that is gone may have moved with its folder.
#[must_use]
pub fn matched(judgements: &[&Judgement], known: &[Identity], present: &HashSet<&str>) -> Vec<Option<usize>> {
    let mut out = vec![None; judgements.len()];
    let mut free = vec![true; known.len()];
    let anywhere = |identity: &Identity| !present.contains(identity.file.as_str());
    let all = |_: &Identity| true;
    let rounds: [(Key, Counts<'_>); 3] = [
        (|i| [i.control, i.resource, i.root, i.file], &all),
        (|i| [i.control, i.resource, i.root, ""], &all),
        (|i| [i.control, i.resource, "", ""], &anywhere),
    ];
    for (key, counts) in rounds {
        let mut by_key: HashMap<[&str; 4], Vec<usize>> = HashMap::new();
        for (at, identity) in known.iter().enumerate().filter(|(at, identity)| free[*at] && counts(identity)) {
            by_key.entry(key(Parts::of(identity))).or_default().push(at);
        }
        for (judgement, found) in judgements.iter().zip(&mut out).filter(|(_, found)| found.is_none()) {
            let Some(candidates) = by_key.get_mut(&key(Parts::from(judgement))) else { continue };
            let fitting = candidates.iter().position(|at| known[*at].covers(judgement.verdict));
            if let Some(at) = fitting.map(|position| candidates.swap_remove(position)) {
                free[at] = false;
                *found = Some(at);
            }
        }
    }
    out
}

/// Which known findings count in a round.
type Counts<'c> = &'c dyn Fn(&Identity) -> bool;

type Key = for<'p> fn(Parts<'p>) -> [&'p str; 4];

struct Parts<'p> {
    control: &'p str,
    resource: &'p str,
    root: &'p str,
    file: &'p str,
}

impl<'p> Parts<'p> {
    fn of(identity: &'p Identity) -> Self {
        Self { control: &identity.control, resource: &identity.resource, root: &identity.root, file: &identity.file }
    }

    fn from(judgement: &'p Judgement) -> Self {
        Self {
            control: &judgement.control,
            resource: &judgement.resource,
            root: &judgement.root,
            file: &judgement.file,
        }
    }
}
