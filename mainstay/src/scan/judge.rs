//! From the text of files to verdicts, with what users suppressed and what their waivers accept.

use super::gather::{Gathered, shown, unreadable};
use super::{ledger, waivers};
use crate::Context;
use crate::arguments::Code;
use mainstay_iac::terraform::Options;
use mainstay_iac::{Reading, SourceFile, encrypted};
use mainstay_kit::Problem;
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::{FILE_BYTES_MAX, Outside, Secret, SecretRef, files};
use mainstay_policy::suppress::{self, Suppression, Today};
use mainstay_policy::{Engine, Judging, Masks, SecretsJudged, Wanted};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

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
    /// What opens encrypted states.
    passphrases: Vec<Secret>,
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

/// The passphrases that are given by reference; their values are in no message.
fn passphrases(outside: &Outside, references: &[String]) -> Result<Vec<Secret>, Problem> {
    let fetch = |text: &String| {
        let secret = SecretRef::parse(text).and_then(|reference| outside.secret(&reference));
        secret.map_err(|error| Problem::malformed("scan.passphrase", format!("--passphrase: {error}")))
    };
    references.iter().map(fetch).collect()
}

/// What was read, and what the controls say of it.
pub struct Judged {
    /// The resources.
    pub reading: Reading,
    /// The verdicts.
    pub judging: Judging,
    /// What could not be read or does not count.
    pub diagnostics: Vec<Diagnostic>,
    /// Hides the secrets that were found, in what is made of the files later.
    pub masks: Masks,
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
        let passphrases = passphrases(outside, &code.passphrase)?;
        let waivers = waivers::read_all(outside, &code.waivers, &mut diagnostics);
        let ledger = if code.ledger_waivers { ledger::accepted(context)? } else { Vec::new() };
        let day = outside.clock().now().to_string().chars().take(10).collect();
        Ok(Self { engine, options, diagnostics, var_files, passphrases, waivers, ledger, day })
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

    /// Opens what OpenTofu encrypted, in place. Gives the bytes that stood there, so that nothing open is kept, and what
    /// could not be opened.
    fn open(&self, sources: &mut [SourceFile]) -> (Vec<(usize, Vec<u8>)>, Vec<Diagnostic>) {
        let (mut closed, mut wrong) = (Vec::new(), Vec::new());
        let passphrases: Vec<&str> = self.passphrases.iter().map(Secret::expose).collect();
        for (at, file) in sources.iter_mut().enumerate().filter(|(_, file)| encrypted::is_encrypted(&file.bytes)) {
            match encrypted::open(&file.bytes, &file.path, &passphrases) {
                Ok(text) if text.starts_with(b"PK") => {
                    let summary = "the file is a plan in OpenTofu's own form, which is not read";
                    let help = "scan what `tofu show -json PLAN` prints";
                    wrong.push(Diagnostic::error("encrypted.plan", summary, Place::file(&file.path), help));
                }
                Ok(text) => closed.push((at, std::mem::replace(&mut file.bytes, text))),
                Err(diagnostic) => wrong.push(*diagnostic),
            }
        }
        (closed, wrong)
    }

    /// Judges what was gathered, with what Helm made of it.
    pub fn judge_all(&self, gathered: &mut Gathered, wanted: Wanted) -> Judged {
        let own = gathered.sources.len();
        gathered.sources.extend(gathered.rendered.iter().cloned());
        let judged = self.judge(&mut gathered.sources, wanted);
        gathered.sources.truncate(own);
        judged
    }

    /// Judges files.
    pub fn judge(&self, sources: &mut Vec<SourceFile>, wanted: Wanted) -> Judged {
        // They are read with the rest for their places in diagnostics, and are no part of what was asked for.
        let before = sources.len();
        self.add_var_files(sources);
        let (closed, wrong) = self.open(sources);
        let mut reading = mainstay_iac::read(sources, &self.options);
        for (at, bytes) in closed {
            sources[at].bytes = bytes;
        }
        sources.truncate(before);
        // What stands in the way of a state is known better than that it is encrypted.
        let known = |d: &Diagnostic| d.code == "state.encrypted" && wrong.iter().any(|w| w.place.file == d.place.file);
        reading.diagnostics.retain(|diagnostic| !known(diagnostic));
        reading.diagnostics.extend(wrong);
        let mut judging = self.engine.judge_wanted(&reading, wanted);
        let SecretsJudged { judgements, summary, allowed, masks } = self.engine.judge_secrets(sources, wanted);
        judging.judgements.extend(judgements);
        judging.summary.add(&summary);
        // What stands beside a secret comes first, so that the same words, read as a comment, are known to have done something.
        let mut suppressions = allowed;
        suppressions.extend(suppress::in_code(&reading));
        suppressions.extend(self.waivers.iter().cloned());
        suppressions.extend(ledger::of_judgements(&self.ledger, &judging.judgements));
        let today = Today { day: &self.day, workspace: &self.options.workspace };
        let mut diagnostics = self.diagnostics.clone();
        diagnostics.append(&mut reading.diagnostics);
        diagnostics.extend(suppress::apply(&mut judging, &reading, &self.engine, &suppressions, today));
        hide(&masks, &mut judging, &mut diagnostics);
        Judged { reading, judging, diagnostics, masks }
    }
}

/// A secret may stand in any attribute, so that what other controls and readers say may hold it too.
fn hide(masks: &Masks, judging: &mut Judging, diagnostics: &mut [Diagnostic]) {
    if masks.is_empty() {
        return;
    }
    let text = |text: &mut String| {
        if let Cow::Owned(hidden) = masks.hide(text) {
            *text = hidden;
        }
    };
    let shared = |text: &mut Arc<str>| {
        if let Cow::Owned(hidden) = masks.hide(text) {
            *text = hidden.into();
        }
    };
    for judgement in &mut judging.judgements {
        text(&mut judgement.why);
        shared(&mut judgement.resource);
        shared(&mut judgement.name);
        judgement.causes.iter_mut().for_each(|cause| text(&mut cause.attribute));
        if let Some(waiver) = &mut judgement.waiver {
            text(&mut waiver.reason);
        }
    }
    for diagnostic in diagnostics {
        text(&mut diagnostic.summary);
        text(&mut diagnostic.help);
    }
}
