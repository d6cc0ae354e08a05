//! From what is found in files to judgements, beside those of resources.

use super::{FILE_TYPE, Found, Masks};
use crate::engine::Summary;
use crate::suppress::{Scope, Suppression};
use crate::{Cause, Control, Engine, Judgement, Wanted};
use mainstay_iac::{SourceFile, helm};
use mainstay_model::Verdict;
use std::collections::HashMap;
use std::sync::Arc;

/// What the controls of secrets say of files.
#[derive(Debug, Default)]
pub struct SecretsJudged {
    /// The verdicts that were wanted, in the order of files and lines.
    pub judgements: Vec<Judgement>,
    /// How many of every verdict, wanted or not.
    pub summary: Summary,
    /// What words on the lines around allow.
    pub allowed: Vec<Suppression>,
    /// Hides what was found.
    pub masks: Masks,
}

impl Engine {
    /// Judges the texts of files by the controls that have a `secret` block.
    #[must_use]
    pub fn judge_secrets(&self, files: &[SourceFile], wanted: Wanted) -> SecretsJudged {
        let mut out = SecretsJudged::default();
        let mut values: Vec<Vec<u8>> = Vec::new();
        // What Helm rendered came from values, which are looked through themselves.
        let own = || files.iter().filter(|file| !helm::is_rendered(file));
        self.secrets().prepare(own().map(|file| file.bytes.len()).sum());
        for file in own() {
            let mut seen: HashMap<(u32, String), u32> = HashMap::new();
            let path: Arc<str> = file.path.as_str().into();
            for found in self.secrets().judge(self.held(), file) {
                out.summary.count(found.verdict);
                if found.verdict == Verdict::Pass && wanted == Wanted::Findings {
                    continue;
                }
                let base = format!("{}:{}", found.name, found.digest);
                let nth = seen.entry((found.control, base.clone())).or_default();
                *nth += 1;
                let resource = if *nth == 1 { base } else { format!("{base}/{nth}") };
                let control = self.held().at(found.control);
                let scope = Scope::Named { resource: resource.clone(), root: None, files: vec![file.path.clone()] };
                out.allowed.extend(found.allowed.iter().map(|one| Suppression { scope: scope.clone(), ..one.clone() }));
                out.judgements.push(judgement(control, &path, &resource, &found));
                if found.verdict != Verdict::Pass {
                    values.push(found.value);
                }
            }
        }
        out.masks = Masks::of(values.iter().map(Vec::as_slice));
        out
    }
}

/// No line is part of the resource's name: a finding stays the same when the file grows above it.
fn judgement(control: &Control, path: &Arc<str>, resource: &str, found: &Found) -> Judgement {
    let cause = Cause { attribute: found.name.clone(), file: path.clone(), line: found.line, column: found.column };
    Judgement {
        control: control.id.clone(),
        title: control.title.clone(),
        aliases: control.aliases.clone(),
        resource: resource.into(),
        root: Arc::from(""),
        resource_type: FILE_TYPE.into(),
        name: found.name.as_str().into(),
        namespace: None,
        kind: None,
        file: path.clone(),
        line: found.line,
        line_end: found.line_end,
        severity: control.severity,
        key: control.key,
        verdict: found.verdict,
        why: found.why.clone(),
        causes: vec![cause],
        waiver: None,
        fix: control.fix.clone(),
    }
}
