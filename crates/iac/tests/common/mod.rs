//! What several tests need: the real inputs beside the repository.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests stop at what is wrong and say what is skipped"
)]

use mainstay_iac::SourceFile;
use std::path::{Path, PathBuf};

/// A folder of the shared data, or `None` after saying loudly that the test is skipped.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIPPED: {} is not here", path.display());
    None
}

/// All files below a folder for whose path `wanted` holds, with paths relative to it, in order.
#[expect(clippy::disallowed_methods, reason = "a test reads real inputs from the disk")]
pub fn files_below(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            if wanted(&relative) {
                files.push(SourceFile { path: relative, bytes: std::fs::read(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}
