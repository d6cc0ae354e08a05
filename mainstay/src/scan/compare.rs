//! What is new: compared with a revision of git, or with a baseline.

use super::gather::shown;
use super::{Judge, Judged, git};
use crate::Context;
use crate::arguments::Scan;
use mainstay_kit::Problem;
use mainstay_model::{Diagnostic, Verdict};
use mainstay_outside::{FILE_BYTES_MAX, files};
use mainstay_policy::Wanted;
use mainstay_policy::suppress::baseline::{self, Baseline};
use mainstay_policy::suppress::identity::{Identity, matched};
use mainstay_policy::suppress::{self, Today};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Leaves what the revision does not have: findings that the change introduced, and what could not be read because of it.
pub fn with_revision(
    context: &Context,
    judge: &Judge,
    ask: &Scan,
    revision: &str,
    judged: &mut Judged,
) -> Result<(), Problem> {
    let (mut sources, wrong) = git::files_of(&context.outside, &ask.paths, revision)
        .map_err(|d| Problem::malformed(&d.code, format!("{}; {}", d.summary, d.help)))?;
    let base = judge.judge(&mut sources, Wanted::Findings);
    let open = |verdict| matches!(verdict, Verdict::Fail | Verdict::Unknown);
    let known: Vec<Identity> = base.judging.judgements.iter().filter(|j| open(j.verdict)).map(Identity::of).collect();
    let present: HashSet<&str> = judged.reading.files.iter().map(String::as_str).collect();
    let candidates: Vec<_> = judged.judging.judgements.iter().filter(|j| open(j.verdict)).collect();
    let mut found = matched(&candidates, &known, &present).into_iter();
    let summary = &mut judged.judging.summary;
    judged.judging.judgements.retain(|judgement| {
        if !open(judgement.verdict) || found.next().flatten().is_none() {
            return true;
        }
        match judgement.verdict {
            Verdict::Fail => summary.fail -= 1,
            _ => summary.unknown -= 1,
        }
        summary.before += 1;
        false
    });
    // Lines move; what is said of a file stays the same.
    let before: HashSet<_> = base.diagnostics.iter().map(same).collect();
    judged.diagnostics.retain(|diagnostic| !before.contains(&same(diagnostic)));
    judged.diagnostics.extend(wrong);
    Ok(())
}

fn same(diagnostic: &Diagnostic) -> (&str, &str, &str) {
    (&diagnostic.code, &diagnostic.place.file, &diagnostic.summary)
}

/// Waives what baselines know.
pub fn with_baselines(context: &Context, paths: &[PathBuf], judge: &Judge, judged: &mut Judged) {
    for path in paths {
        let shown = shown(path);
        let text = match context.outside.read(path, FILE_BYTES_MAX) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                judged.diagnostics.push(super::gather::unreadable(path, &error.to_string()));
                continue;
            }
        };
        match baseline::read(&text, &shown) {
            Err(wrong) => judged.diagnostics.push(*wrong),
            Ok(Baseline::Ours(known)) => {
                let said = baseline::apply(&mut judged.judging, &known, &shown, &judged.reading.files);
                judged.diagnostics.extend(said);
            }
            Ok(Baseline::Checkov(known)) => {
                let today = Today { day: "", workspace: "" };
                let said = suppress::apply(&mut judged.judging, &judged.reading, &judge.engine, &known, today);
                judged.diagnostics.extend(summed(said, &shown));
            }
        }
    }
}

/// A baseline holds thousands of entries; what is wrong with them is said once for each kind.
fn summed(said: Vec<Diagnostic>, path: &str) -> Vec<Diagnostic> {
    let of = |code: &str| said.iter().filter(|d| d.code == code).collect::<Vec<_>>();
    let mut out = Vec::new();
    let unused = of("suppress.unused").len();
    let place = || mainstay_model::Place::file(path);
    if unused > 0 {
        let summary = format!("{unused} kinds of entries of the baseline waive nothing any more");
        out.push(Diagnostic::note("baseline.mended", summary, place(), "write the baseline anew"));
    }
    let unknown = of("suppress.unknown-id");
    if let Some(first) = unknown.first() {
        let summary =
            format!("{} ids of the baseline are known by no control; the first: {}", unknown.len(), first.summary);
        out.push(Diagnostic::note("suppress.unknown-id", summary, place(), first.help.clone()));
    }
    out
}

/// Writes what is found now as a baseline.
pub fn write_baseline(context: &Context, path: &Path, judged: &Judged) -> Result<(), Problem> {
    let text = baseline::write(&judged.judging);
    files::write_atomic(path, text.as_bytes()).map_err(|error| Problem::ours("baseline.write", error.to_string()))?;
    let summary = judged.judging.summary;
    context.view.note(&format!("{}: {} findings", shown(path), summary.fail + summary.unknown));
    Ok(())
}
