//! `mainstay scan` and `mainstay control`: judging code without ledger or configuration.

use crate::arguments::{Format, Verdicts};
use crate::view::View;
use mainstay_iac::SourceFile;
use mainstay_model::{Diagnostic, Level, Place};
use mainstay_outside::{FILE_BYTES_MAX, Outside, files};
use mainstay_policy::report::{self, Report};
use mainstay_policy::{ControlFile, Engine, Wanted};
use std::path::{Path, PathBuf};
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

/// The built-in controls and those of the folders.
pub fn engine(outside: &Outside, folders: &[PathBuf]) -> (Engine, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    // Of two with one id the first counts, so that a team can put its own version of a control in the place of ours.
    let mut controls = control_files(outside, folders, &mut diagnostics);
    controls.extend(mainstay_policy::built_in());
    let (engine, wrong) = Engine::load(&controls);
    let ours = |d: &Diagnostic| d.code == "control.duplicate-id" && !folders.is_empty();
    diagnostics.extend(wrong.into_iter().filter(|d| !ours(d)));
    (engine, diagnostics)
}

fn control_files(outside: &Outside, folders: &[PathBuf], diagnostics: &mut Vec<Diagnostic>) -> Vec<ControlFile> {
    let mut found = Vec::new();
    for folder in folders {
        let mut sources = Vec::new();
        gather(outside, folder, &mut sources, diagnostics);
        for file in sources.into_iter().filter(|file| file.path.ends_with(".md")) {
            match String::from_utf8(file.bytes) {
                Ok(text) => found.push(ControlFile { path: file.path, text }),
                Err(_) => diagnostics.push(unreadable(Path::new(&file.path), "the file is not UTF-8")),
            }
        }
    }
    found
}

/// Reads a file, or all files below a folder that can matter, with paths as the user would write them.
fn gather(outside: &Outside, path: &Path, sources: &mut Vec<SourceFile>, diagnostics: &mut Vec<Diagnostic>) {
    let paths = if files::is_folder(path) {
        match outside.walk(path) {
            Ok(walk) => {
                diagnostics.extend(walk.problems.iter().map(|problem| unreadable(path, problem)));
                walk.files.into_iter().filter(|file| matters(file)).collect()
            }
            Err(error) => {
                diagnostics.push(unreadable(path, &error.to_string()));
                Vec::new()
            }
        }
    } else {
        vec![path.to_owned()]
    };
    for file in paths {
        match outside.read(&file, FILE_BYTES_MAX) {
            Ok(bytes) => {
                let shown = file.strip_prefix(".").unwrap_or(&file).to_string_lossy().replace('\\', "/");
                sources.push(SourceFile { path: shown, bytes });
            }
            Err(error) => diagnostics.push(unreadable(&file, &error.to_string())),
        }
    }
}

/// Files that hold infrastructure code, variables, or text that the code reads; pictures and archives do not matter.
fn matters(path: &Path) -> bool {
    let name = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    !matches!(
        name.as_str(),
        "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "ico"
            | "zip"
            | "gz"
            | "tgz"
            | "jar"
            | "pdf"
            | "exe"
            | "so"
            | "woff"
            | "woff2"
            | "rs"
            | "go"
            | "py"
            | "java"
    )
}

fn unreadable(path: &Path, why: &str) -> Diagnostic {
    let place = Place::file(path.to_string_lossy());
    Diagnostic::error(
        "scan.unreadable",
        why.to_owned(),
        place,
        "check the path and its permissions; the rest was scanned",
    )
}

/// Runs the examples of controls.
pub fn test_controls(outside: &Outside, view: &View, paths: &[PathBuf]) -> ExitCode {
    let mut diagnostics = Vec::new();
    let files =
        if paths.is_empty() { mainstay_policy::built_in() } else { control_files(outside, paths, &mut diagnostics) };
    let (engine, wrong) = Engine::load(&files);
    diagnostics.extend(wrong);
    let read = |files: &[SourceFile]| mainstay_iac::read(files, &mainstay_iac::terraform::Options::default());
    let mut examples = 0;
    for control in engine.controls() {
        examples += control.examples.len();
        diagnostics.extend(engine.test(control, &read));
    }
    match view.format {
        Format::Json => view.json(&serde_json::json!({
            "controls": engine.controls().len(), "examples": examples, "diagnostics": diagnostics,
        })),
        _ => {
            diagnostics.iter().for_each(|d| view.complain(d));
            view.print(&format!(
                "{} controls, {examples} examples, {} wrong\n",
                engine.controls().len(),
                diagnostics.len()
            ));
        }
    }
    if engine.controls().is_empty() {
        view.note("no control was found");
        return ExitCode::from(2);
    }
    if diagnostics.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Lists the controls, or shows one.
pub fn show_controls(outside: &Outside, view: &View, folders: &[PathBuf], id: Option<&str>) -> ExitCode {
    let (engine, diagnostics) = engine(outside, folders);
    diagnostics.iter().for_each(|d| view.complain(d));
    let row = |c: &mainstay_policy::Control| {
        serde_json::json!({
            "id": &*c.id, "title": &*c.title, "severity": c.severity, "key": c.key,
            "types": c.types.iter().map(|t| t.to_string()).collect::<Vec<_>>(), "aliases": c.aliases.to_vec(),
        })
    };
    match id {
        None => {
            let rows: Vec<_> = engine.controls().iter().map(row).collect();
            view.rows(&["id", "severity", "title", "aliases"], &serde_json::json!({ "controls": rows }));
            ExitCode::SUCCESS
        }
        Some(id) => match engine.control(id) {
            Some(control) if view.format == Format::Table => {
                view.print(&page(control));
                ExitCode::SUCCESS
            }
            Some(control) => {
                view.json(&row(control));
                ExitCode::SUCCESS
            }
            None => {
                view.note(&format!("there is no control {id:?}; `mainstay control list` names them"));
                ExitCode::from(2)
            }
        },
    }
}

/// A control for eyes.
fn page(control: &mainstay_policy::Control) -> String {
    let types: Vec<&str> = control.types.iter().map(|name| &**name).collect();
    let mut out = format!("{}\n{}\n\n", control.id, control.title);
    out += &format!("severity  {}\ntypes     {}\n", control.severity, types.join(", "));
    if !control.aliases.is_empty() {
        out += &format!("also      {}\n", control.aliases.join(", "));
    }
    for (framework, ids) in &control.frameworks {
        out += &format!("{framework:<9} {}\n", ids.join(", "));
    }
    out + &format!("\nWhy\n{}\n\nFix\n{}\n", control.why.trim(), control.fix.trim())
}
