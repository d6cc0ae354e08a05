//! From paths to the text of files: listed first, so that a watch sees what changed, then read.

use mainstay_iac::SourceFile;
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::files::{self, Stamp};
use mainstay_outside::{FILE_BYTES_MAX, Outside};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Files that can matter, with what tells whether they changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    files: Vec<Listed>,
    /// What could not be listed.
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    path: PathBuf,
    shown: String,
    stamp: Option<Stamp>,
    /// The user named the file itself and no folder of it.
    named: bool,
}

/// The text of files.
#[derive(Debug, Default)]
pub struct Gathered {
    /// In the order of what was named, and within a folder of paths.
    pub sources: Vec<SourceFile>,
    /// What Helm made of charts among them.
    pub rendered: Vec<SourceFile>,
    /// Those that the user named themselves and no folder of them.
    pub named: HashSet<String>,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
    stamps: HashMap<String, Option<Stamp>>,
}

impl Listing {
    /// The files, and all files below the folders that can matter, each once.
    pub fn of(outside: &Outside, paths: &[PathBuf]) -> Self {
        let mut out = Self::default();
        let mut seen = HashSet::new();
        for path in paths {
            let named = !files::is_folder(path);
            for file in below(outside, path, &mut out.diagnostics) {
                let shown = shown(&file);
                if seen.insert(shown.clone()) {
                    out.files.push(Listed { stamp: files::stamp(&file), path: file, shown, named });
                }
            }
        }
        out
    }

    /// Reads the files; those that did not change are taken from what was read before.
    pub fn read(&self, outside: &Outside, before: Gathered) -> Gathered {
        let mut kept: HashMap<String, SourceFile> =
            before.sources.into_iter().map(|file| (file.path.clone(), file)).collect();
        let mut out = Gathered { diagnostics: self.diagnostics.clone(), ..Gathered::default() };
        for file in &self.files {
            let same = file.stamp.is_some() && before.stamps.get(&file.shown) == Some(&file.stamp);
            let source = match kept.remove(&file.shown).filter(|_| same) {
                Some(source) => source,
                None => match outside.read(&file.path, FILE_BYTES_MAX) {
                    Ok(bytes) => SourceFile { path: file.shown.clone(), bytes },
                    Err(error) => {
                        out.diagnostics.push(unreadable(&file.path, &error.to_string()));
                        continue;
                    }
                },
            };
            out.stamps.insert(file.shown.clone(), file.stamp);
            if file.named {
                out.named.insert(file.shown.clone());
            }
            out.sources.push(source);
        }
        out
    }
}

/// Reads a file, or all files below a folder that can matter, with paths as the user would write them.
pub fn gather(outside: &Outside, path: &Path, sources: &mut Vec<SourceFile>, diagnostics: &mut Vec<Diagnostic>) {
    let gathered = Listing::of(outside, &[path.to_owned()]).read(outside, Gathered::default());
    sources.extend(gathered.sources);
    diagnostics.extend(gathered.diagnostics);
}

fn below(outside: &Outside, path: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    if !files::is_folder(path) {
        return vec![path.to_owned()];
    }
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
}

/// A path as the user would write it.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Files that hold infrastructure code, variables, text that the code reads, or secrets; pictures, archives and what compilers
/// wrote do not matter.
pub fn matters(path: &Path) -> bool {
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
            | "ttf"
            | "mp4"
            | "class"
            | "pyc"
            | "rlib"
            | "o"
            | "a"
            | "dll"
            | "wasm"
            | "parquet"
    )
}

/// A file that cannot be read.
pub fn unreadable(path: &Path, why: &str) -> Diagnostic {
    let place = Place::file(path.to_string_lossy());
    Diagnostic::error(
        "scan.unreadable",
        why.to_owned(),
        place,
        "check the path and its permissions; the rest was scanned",
    )
}
