//! `mainstay scan` and `mainstay control`: judging code without ledger or configuration.

mod compare;
mod controls;
mod gather;
mod git;
mod helm;
mod judge;
mod ledger;
mod print;
mod waivers;
mod watch;

pub use controls::{engine, show_controls, test_controls};
pub use gather::{Gathered, Listing};
pub use judge::{Judge, Judged};

use crate::Context;
use crate::arguments::{Scan, Verdicts};
use mainstay_kit::Problem;
use mainstay_model::{Diagnostic, Level, Place};
use mainstay_policy::{Wanted, is_configuration};
use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

/// Judges everything below the paths, on one thread whose stack is deep enough for what is read.
pub fn scan(context: &Context, ask: &Scan) -> Result<ExitCode, Problem> {
    mainstay_iac::terraform::on_stack(|| scan_here(context, ask)).unwrap_or_else(|error| {
        Err(Problem::ours("scan.memory", format!("there is no memory for the stack of a scan: {error}")))
    })
}

fn scan_here(context: &Context, ask: &Scan) -> Result<ExitCode, Problem> {
    let mut judge = Judge::of(context, &ask.code)?;
    judge.asked_for(&ask.paths);
    if ask.watch {
        return watch::watch(context, &judge, ask);
    }
    let mut gathered = gathered(context, &ask.paths);
    let judged = run(context, &judge, ask, &mut gathered)?;
    print::print(context, &judge, &judged);
    let code = exit(&judged);
    // The program ends: giving back a million pieces of memory one by one would take a tenth of the scan.
    std::mem::forget((gathered, judge, judged));
    Ok(code)
}

/// The files below the paths, and what Helm makes of the charts among them.
pub fn gathered(context: &Context, paths: &[PathBuf]) -> Gathered {
    let mut gathered = Listing::of(&context.outside, paths).read(&context.outside, Gathered::default());
    helm::render(&context.outside, &mut gathered);
    gathered
}

/// One scan of files that were gathered.
fn run(context: &Context, judge: &Judge, ask: &Scan, gathered: &mut Gathered) -> Result<Judged, Problem> {
    let wanted = if ask.verdicts == Verdicts::All { Wanted::All } else { Wanted::Findings };
    let mut judged = judge.judge_all(gathered, wanted);
    judged.diagnostics.extend(gathered.diagnostics.iter().cloned());
    judged.diagnostics.extend(not_code(gathered, &judged));
    if let Some(revision) = &ask.diff {
        compare::with_revision(context, judge, ask, revision, &mut judged)?;
    }
    compare::with_baselines(context, &ask.baseline, judge, &mut judged);
    if let Some(path) = &ask.write_baseline {
        compare::write_baseline(context, path, &judged)?;
    }
    let looked_at = judged.reading.files.iter().any(|path| is_configuration(path));
    if judged.judging.summary.resources == 0 && judged.diagnostics.is_empty() && !looked_at {
        let paths: Vec<_> = ask.paths.iter().map(|path| path.to_string_lossy()).collect();
        let help = "name a folder with Terraform code, a plan, a state, templates or Kubernetes manifests";
        let summary = "there is no infrastructure code to judge";
        judged.diagnostics.push(Diagnostic::note("scan.nothing", summary, Place::file(paths.join(" ")), help));
    }
    Ok(judged)
}

/// Of a file that the user named, silence would read as a pass.
fn not_code(gathered: &Gathered, judged: &Judged) -> Vec<Diagnostic> {
    let with_resources: HashSet<u32> = judged.reading.resources.iter().map(|resource| resource.at.file).collect();
    let complained: HashSet<&str> = judged.diagnostics.iter().map(|d| d.place.file.as_str()).collect();
    let files = (0u32..).zip(&judged.reading.files);
    files
        .filter(|(index, path)| gathered.named.contains(*path) && !with_resources.contains(index))
        .filter(|(_, path)| !is_terraform(path) && !is_configuration(path) && !complained.contains(path.as_str()))
        .map(|(_, path)| {
            let summary =
                "the file holds no infrastructure code that is read here, so nothing but secrets was looked for in it";
            let help = "name Terraform code, a plan (terraform show -json), a state or a manifest; \
                        docs/scan.md lists what is read";
            Diagnostic::warning("scan.not-code", summary, Place::file(path.clone()), help)
        })
        .collect()
}

/// A file of Terraform that declares no resource is code all the same.
fn is_terraform(path: &str) -> bool {
    [".tf", ".tofu", ".tf.json", ".tofu.json", ".tfvars", ".tfvars.json"].iter().any(|end| path.ends_with(end))
}

/// What the verdicts come to: 0 satisfied, 1 findings, 2 could not tell.
fn exit(judged: &Judged) -> ExitCode {
    let summary = &judged.judging.summary;
    let broken = judged.diagnostics.iter().any(|d| d.level == Level::Error);
    let nothing = summary.resources == 0 && judged.diagnostics.iter().any(|d| d.code == "scan.not-code");
    if summary.fail > 0 {
        ExitCode::from(1)
    } else if broken || nothing || summary.unknown > 0 {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}
