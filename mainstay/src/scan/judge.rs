//! From the text of files to verdicts, with what users suppressed and what their waivers accept.

use super::gather::{shown, unreadable};
use super::{ledger, waivers};
use crate::Context;
use crate::arguments::Code;
use mainstay_iac::terraform::Options;
use mainstay_iac::{Reading, SourceFile};
use mainstay_kit::Problem;
use mainstay_model::Diagnostic;
use mainstay_outside::{FILE_BYTES_MAX, files};
use mainstay_policy::suppress::{self, Suppression, Today};
use mainstay_policy::{Engine, Judging, Wanted};
use std::path::PathBuf;

/// What judges code: controls, values of variables, waivers.
pub struct Judge {
    /// The controls.
    pub engine: Engine,
    /// What is not in the files.
    pub options: Options,
    /// What is wrong with controls, waivers and files of values.
    pub diagnostics: Vec<Diagnostic>,
    /// Files of values, which may lie outside of what is scanned.
    var_files: Vec<SourceFile>,
    waivers: Vec<Suppression>,
    ledger: Vec<ledger::Accepted>,
    day: String,
}

/// The values of variables that Terraform takes from the environment: `TF_VAR_name`, in the order of their names.
fn environment() -> Vec<(String, String)> {
    let named = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.to_str()?.strip_prefix("TF_VAR_")?.to_owned(), value.into_string().ok()?))
    };
    let mut found: Vec<(String, String)> = std::env::vars_os().filter_map(named).collect();
    found.sort();
    found
}

/// What was read, and what the controls say of it.
pub struct Judged {
    /// The resources.
    pub reading: Reading,
    /// The verdicts.
    pub judging: Judging,
    /// What could not be read or does not count.
    pub diagnostics: Vec<Diagnostic>,
}

impl Judge {
    /// What the arguments name.
    ///
    /// # Errors
    /// The ledger was asked for waivers and gives none.
    pub fn of(context: &Context, code: &Code) -> Result<Self, Problem> {
        let outside = &context.outside;
        let (engine, mut diagnostics) = super::engine(outside, &code.controls);
        let mut options = Options { variables: environment(), ..Options::default() };
        let mut var_files = Vec::new();
        for path in &code.var_file {
            let name = shown(path);
            match outside.read(path, FILE_BYTES_MAX) {
                Ok(bytes) => var_files.push(SourceFile { path: name.clone(), bytes }),
                Err(error) => diagnostics.push(unreadable(path, &error.to_string())),
            }
            options.var_files.push(name);
        }
        let waivers = waivers::read_all(outside, &code.waivers, &mut diagnostics);
        let ledger = if code.ledger_waivers { ledger::accepted(context)? } else { Vec::new() };
        let day = outside.clock().now().to_string().chars().take(10).collect();
        Ok(Self { engine, options, diagnostics, var_files, waivers, ledger, day })
    }

    /// Has resources named from the folder that was asked for, where it is one.
    pub fn asked_for(&mut self, paths: &[PathBuf]) {
        self.options.folder = match paths {
            [folder] if files::is_folder(folder) => Some(shown(folder)),
            _ => None,
        };
    }

    /// Adds the files of values that are not among the files.
    pub fn add_var_files(&self, sources: &mut Vec<SourceFile>) {
        for file in &self.var_files {
            if !sources.iter().any(|known| known.path == file.path) {
                sources.push(file.clone());
            }
        }
    }

    /// Judges files.
    pub fn judge(&self, sources: &mut Vec<SourceFile>, wanted: Wanted) -> Judged {
        // They are read with the rest for their places in diagnostics, and are no part of what was asked for.
        let before = sources.len();
        self.add_var_files(sources);
        let mut reading = mainstay_iac::read(sources, &self.options);
        sources.truncate(before);
        let mut judging = self.engine.judge_wanted(&reading, wanted);
        let mut suppressions = suppress::in_code(&reading);
        suppressions.extend(self.waivers.iter().cloned());
        suppressions.extend(ledger::of_judgements(&self.ledger, &judging.judgements));
        let today = Today { day: &self.day, workspace: &self.options.workspace };
        let mut diagnostics = self.diagnostics.clone();
        diagnostics.append(&mut reading.diagnostics);
        diagnostics.extend(suppress::apply(&mut judging, &reading, &self.engine, &suppressions, today));
        Judged { reading, judging, diagnostics }
    }
}
