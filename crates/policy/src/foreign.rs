//! Policies in the languages of other programs, beside our controls: read once, judged over the same resources.

use crate::checkov::{self, Saying, Vertices};
use crate::control::{Control, ControlFile};
use crate::judge::Relations;
use mainstay_iac::Reading;
use mainstay_model::Diagnostic;
use std::collections::BTreeMap;

/// A policy that is no control of ours.
#[derive(Debug)]
pub(crate) enum Policy {
    /// A custom policy of Checkov.
    Checkov(checkov::Policy),
}

/// All of them, each with the position of its control.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    checkov: Vec<(u32, checkov::Policy)>,
}

/// Whether a file may hold a control or a policy, by its name.
#[must_use]
pub fn can_hold_policy(path: &str) -> bool {
    [".md", ".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

/// Reads the policies among files; a file that holds none is passed over.
pub(crate) fn read(files: &[&ControlFile], wrong: &mut Vec<Diagnostic>) -> Vec<(Control, Policy)> {
    let mut found = Vec::new();
    for file in files {
        let (documents, mut diagnostics) = checkov::documents(file);
        wrong.append(&mut diagnostics);
        for document in documents.iter().filter(|document| checkov::is_policy(document)) {
            match checkov::read(&file.path, document) {
                Ok((control, policy)) => found.push((control, Policy::Checkov(policy))),
                Err(mut diagnostics) => wrong.append(&mut diagnostics),
            }
        }
    }
    found
}

impl Foreign {
    pub(crate) fn of(policies: impl Iterator<Item = (u32, Policy)>) -> Self {
        let mut out = Self::default();
        for (at, policy) in policies {
            match policy {
                Policy::Checkov(policy) => out.checkov.push((at, policy)),
            }
        }
        out
    }

    /// What the policies say, by the position of the resource; each with the position of the control.
    pub(crate) fn judge(&self, reading: &Reading, relations: &Relations<'_>) -> BTreeMap<usize, Vec<(u32, Saying)>> {
        let mut said: BTreeMap<usize, Vec<(u32, Saying)>> = BTreeMap::new();
        if !self.checkov.is_empty() {
            let vertices = Vertices::of(reading, relations);
            for (control, policy) in &self.checkov {
                for (at, saying) in policy.judge(&vertices) {
                    said.entry(at).or_default().push((*control, saying));
                }
            }
        }
        said
    }
}
