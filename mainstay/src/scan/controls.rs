//! The controls that judge, and `mainstay control`.

use super::gather::{gather, unreadable};
use crate::arguments::Format;
use crate::view::View;
use mainstay_iac::SourceFile;
use mainstay_model::Diagnostic;
use mainstay_outside::{FILE_BYTES_MAX, Outside};
use mainstay_policy::{ControlFile, Engine, Suite, can_hold_policy};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The built-in controls and those of the folders: a team can put its own version of a control in the place of ours.
pub fn engine(outside: &Outside, folders: &[PathBuf]) -> (Engine, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let controls = control_files(outside, folders, &mut diagnostics);
    let (engine, wrong) = Engine::with_built_in(&controls);
    // Folders may be layered: of two with one id the first counts.
    diagnostics.extend(wrong.into_iter().filter(|d| d.code != "control.duplicate-id"));
    (engine, diagnostics)
}

fn control_files(outside: &Outside, folders: &[PathBuf], diagnostics: &mut Vec<Diagnostic>) -> Vec<ControlFile> {
    let mut found = Vec::new();
    for folder in folders {
        let mut sources = Vec::new();
        gather(outside, folder, &mut sources, diagnostics);
        for file in sources.into_iter().filter(|file| can_hold_policy(&file.path)) {
            match String::from_utf8(file.bytes) {
                Ok(text) => found.push(ControlFile { path: file.path, text }),
                Err(_) => diagnostics.push(unreadable(Path::new(&file.path), "the file is not UTF-8")),
            }
        }
    }
    found
}

/// Runs the examples of controls.
pub fn test_controls(outside: &Outside, view: &View, paths: &[PathBuf]) -> ExitCode {
    let mut diagnostics = Vec::new();
    let files =
        if paths.is_empty() { mainstay_policy::built_in() } else { control_files(outside, paths, &mut diagnostics) };
    let (engine, wrong) = Engine::load(&files);
    diagnostics.extend(wrong);
    let read = |files: &[SourceFile]| mainstay_iac::read(files, &mainstay_iac::terraform::Options::default());
    let (mut examples, mut assertions) = (0, 0);
    for file in files.iter().filter(|file| Suite::is_suite(&file.text)) {
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new("")).to_owned();
        let text = |name: &str| String::from_utf8(outside.read(folder.join(name), FILE_BYTES_MAX).ok()?).ok();
        let report = Suite { path: &file.path, text: &file.text }.run(&text);
        assertions += report.assertions;
        diagnostics.extend(report.diagnostics);
    }
    for control in engine.controls() {
        examples += control.examples.len();
        diagnostics.extend(engine.test(control, &read));
    }
    match view.format {
        Format::Json => view.json(&serde_json::json!({
            "controls": engine.controls().len(), "examples": examples, "assertions": assertions,
            "diagnostics": diagnostics,
        })),
        _ => {
            diagnostics.iter().for_each(|d| view.complain(d));
            view.print(&format!(
                "{} controls, {examples} examples, {}{} wrong\n",
                engine.controls().len(),
                if assertions > 0 { format!("{assertions} assertions of suites, ") } else { String::new() },
                diagnostics.len()
            ));
        }
    }
    if engine.controls().is_empty() && assertions == 0 {
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
            let rows: Vec<_> = engine.controls().into_iter().map(row).collect();
            view.rows(&["id", "severity", "title", "aliases"], &serde_json::json!({ "controls": rows }));
            ExitCode::SUCCESS
        }
        Some(id) => match engine.control(id) {
            Some(control) if view.format == Format::Table => {
                view.print(&page(control));
                ExitCode::SUCCESS
            }
            Some(control) => {
                let mut whole = row(control);
                whole["why"] = control.why.trim().into();
                whole["fix"] = control.fix.trim().into();
                whole["frameworks"] =
                    serde_json::json!(control.frameworks.iter().cloned().collect::<std::collections::BTreeMap<_, _>>());
                view.json(&whole);
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
