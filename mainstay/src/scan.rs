//! `mainstay scan` and `mainstay control`: judging code without ledger or configuration.

mod controls;
mod gather;

pub use controls::{engine, show_controls, test_controls};

use crate::arguments::{Format, Verdicts};
use crate::view::View;
use gather::{gather, unreadable};
use mainstay_iac::SourceFile;
use mainstay_model::{Diagnostic, Level, Place};
use mainstay_outside::{FILE_BYTES_MAX, Outside};
use mainstay_policy::Wanted;
use mainstay_policy::report::{self, Report};
use std::path::PathBuf;
use std::process::ExitCode;

/// What a scan is asked for.
pub struct Scan<'a> {
    /// Files or folders.
    pub paths: &'a [PathBuf],
    /// Which verdicts are listed.
    pub verdicts: Verdicts,
    /// Further folders with controls.
    pub controls: &'a [PathBuf],
    /// Files with values of Terraform variables.
    pub var_files: &'a [PathBuf],
}

/// Judges everything below the paths.
pub fn scan(outside: &Outside, view: &View, ask: &Scan<'_>) -> ExitCode {
    let (engine, mut diagnostics) = engine(outside, ask.controls);
    let mut sources = Vec::new();
    for path in ask.paths {
        gather(outside, path, &mut sources, &mut diagnostics);
    }
    let mut options = mainstay_iac::terraform::Options::default();
    for path in ask.var_files {
        let shown = path.to_string_lossy().replace('\\', "/");
        if !sources.iter().any(|file| file.path == shown) {
            match outside.read(path, FILE_BYTES_MAX) {
                Ok(bytes) => sources.push(SourceFile { path: shown.clone(), bytes }),
                Err(error) => diagnostics.push(unreadable(path, &error.to_string())),
            }
        }
        options.var_files.push(shown);
    }
    let reading = mainstay_iac::read(&sources, &options);
    let wanted = if ask.verdicts == Verdicts::All { Wanted::All } else { Wanted::Findings };
    let judging = engine.judge_wanted(&reading, wanted);
    diagnostics.extend(reading.diagnostics);
    if judging.summary.resources == 0 && diagnostics.is_empty() {
        let paths: Vec<_> = ask.paths.iter().map(|path| path.to_string_lossy()).collect();
        let help = "name a folder with Terraform code, a plan, a state or Kubernetes manifests";
        let summary = "there is no infrastructure code to judge";
        diagnostics.push(Diagnostic::note("scan.nothing", summary, Place::file(paths.join(" ")), help));
    }
    let report =
        Report { judging: &judging, diagnostics: &diagnostics, engine: &engine, version: env!("CARGO_PKG_VERSION") };
    view.print(&match view.format {
        Format::Json => report::json(&report),
        Format::Sarif => report::sarif(&report),
        Format::Junit => report::junit(&report),
        Format::Markdown => report::markdown(&report),
        Format::Csv => csv(&judging.judgements),
        Format::Table => report::table(&report, view.colour),
    });
    let broken = diagnostics.iter().any(|d| d.level == Level::Error);
    if judging.summary.fail > 0 {
        ExitCode::from(1)
    } else if broken || judging.summary.unknown > 0 {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

fn csv(judgements: &[mainstay_policy::Judgement]) -> String {
    let rows: Vec<serde_json::Value> = judgements.iter().filter_map(|j| serde_json::to_value(j).ok()).collect();
    mainstay_kit::answer::csv(&["verdict", "severity", "control", "resource", "file", "line", "why"], &rows)
}
