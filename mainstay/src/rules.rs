//! `mainstay rules`: rules files of Prometheus and their tests, judged without ledger, configuration or Prometheus.

mod files;
mod junit;

use crate::Context;
use crate::arguments::{Format, Rules};
use files::Loaded;
use mainstay_model::{Diagnostic, Level};
use mainstay_promql::Options;
use mainstay_promql::rules::unit::{self, Outcome};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the command.
pub fn run(context: &Context, ask: &Rules) -> ExitCode {
    match ask {
        Rules::Check { files } => check(context, files),
        Rules::Test { files, prometheus_2 } => test(context, files, *prometheus_2),
    }
}

/// Exit 2 where something could not be read at all, 1 where something is wrong with what was read.
fn exit(diagnostics: &[Diagnostic], failed: bool, unknown: bool) -> ExitCode {
    if unknown || diagnostics.iter().any(|d| d.code == files::UNREADABLE) {
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(failed || diagnostics.iter().any(|d| d.level == Level::Error)))
}

fn check(context: &Context, paths: &[PathBuf]) -> ExitCode {
    let mut loaded = Loaded::default();
    let mut rows = Vec::new();
    for path in files::matching(context, paths, &mut loaded.diagnostics) {
        let (groups, rules) = loaded.rules(context, &path);
        rows.push(json!({"file": path.to_string_lossy(), "groups": groups, "rules": rules}));
    }
    match context.view.format {
        Format::Json => context.view.json(&json!({"files": rows, "diagnostics": loaded.diagnostics})),
        Format::Junit => {
            let files: Vec<String> = rows.iter().filter_map(|row| row["file"].as_str().map(str::to_owned)).collect();
            context.view.print(&junit::of_diagnostics(&files, &loaded.diagnostics));
        }
        _ => {
            loaded.diagnostics.iter().for_each(|diagnostic| context.view.print(&diagnostic.to_string()));
            let rules: u64 = rows.iter().filter_map(|row| row["rules"].as_u64()).sum();
            let wrong = loaded.diagnostics.len();
            context.view.print(&format!("{rules} rules in {} files, {wrong} mistakes", rows.len()));
        }
    }
    exit(&loaded.diagnostics, false, false)
}

/// One test file and what became of it.
struct Tested {
    file: String,
    outcomes: Vec<Outcome>,
}

fn test(context: &Context, paths: &[PathBuf], prometheus_2: bool) -> ExitCode {
    let options = Options { as_version_2: prometheus_2, ..Options::default() };
    let mut diagnostics = Vec::new();
    let mut tested = Vec::new();
    for path in files::matching(context, paths, &mut diagnostics) {
        let name = path.to_string_lossy().into_owned();
        context.view.progress(&format!("testing {name}"));
        let before = diagnostics.len();
        let outcomes = test_file(context, &path, &options, &mut diagnostics);
        // A file with mistakes would test less than it says, so it is not run.
        let outcomes = if diagnostics.len() == before { outcomes } else { Vec::new() };
        tested.push(Tested { file: name, outcomes });
    }
    context.view.clear();
    print(context, &tested, &diagnostics);
    let failures = || tested.iter().flat_map(|one| &one.outcomes).flat_map(|outcome| &outcome.failures);
    exit(&diagnostics, failures().next().is_some(), failures().any(|failure| failure.is_unknown))
}

fn test_file(context: &Context, path: &Path, options: &Options, diagnostics: &mut Vec<Diagnostic>) -> Vec<Outcome> {
    let Some(text) = files::text(context, path, diagnostics) else { return Vec::new() };
    let (file, wrong) = unit::read(&text, &path.to_string_lossy());
    diagnostics.extend(wrong);
    let mut loaded = Loaded::default();
    let folder = path.parent().unwrap_or(Path::new(""));
    for (written, place) in &file.rule_files {
        let found = files::matching(context, &[folder.join(written)], diagnostics);
        if found.is_empty() {
            let summary = format!("no rules file fits {written:?}");
            let help = "name it relative to the test file";
            diagnostics.push(Diagnostic::error(files::UNREADABLE, summary, place.clone(), help));
        }
        for rules in found {
            loaded.rules(context, &rules);
        }
    }
    let has_mistakes = !loaded.diagnostics.is_empty() || !diagnostics.is_empty();
    diagnostics.append(&mut loaded.diagnostics);
    if has_mistakes { Vec::new() } else { unit::run(&file, &loaded.groups, options) }
}

fn print(context: &Context, tested: &[Tested], diagnostics: &[Diagnostic]) {
    let view = &context.view;
    let outcomes = || tested.iter().flat_map(|one| &one.outcomes);
    match view.format {
        Format::Junit => view.print(&junit::of_tests(tested, diagnostics)),
        Format::Json => {
            let failure = |failure: &unit::Failure| json!({"place": failure.place, "message": failure.message, "unknown": failure.is_unknown});
            let outcome = |outcome: &Outcome| {
                let failures: Vec<_> = outcome.failures.iter().map(failure).collect();
                json!({"name": outcome.name, "place": outcome.place, "checks": outcome.checks, "failures": failures})
            };
            let file =
                |one: &Tested| json!({"file": one.file, "tests": one.outcomes.iter().map(outcome).collect::<Vec<_>>()});
            view.json(&json!({"files": tested.iter().map(file).collect::<Vec<_>>(), "diagnostics": diagnostics}));
        }
        _ => {
            diagnostics.iter().for_each(|diagnostic| view.print(&diagnostic.to_string()));
            for outcome in outcomes() {
                for failure in &outcome.failures {
                    let what = if failure.is_unknown { "unknown" } else { "failed" };
                    view.print(&format!("{}: {what}: {}: {}", failure.place, outcome.name, failure.message));
                }
            }
            let failed = outcomes().filter(|outcome| !outcome.failures.is_empty()).count();
            let checks: usize = outcomes().map(|outcome| outcome.checks).sum();
            view.print(&format!(
                "{} tests with {checks} checks in {} files, {failed} failed, {} mistakes",
                outcomes().count(),
                tested.len(),
                diagnostics.len()
            ));
        }
    }
}
