//! From paths to the text of files.

use mainstay_iac::SourceFile;
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::{FILE_BYTES_MAX, Outside, files};
use std::path::Path;

/// Reads a file, or all files below a folder that can matter, with paths as the user would write them.
pub fn gather(outside: &Outside, path: &Path, sources: &mut Vec<SourceFile>, diagnostics: &mut Vec<Diagnostic>) {
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
